"""BERT (Devlin et al. 2019) for short sequences on any device.

It computes what transformers' BertModel computes, with the same names of tensors: tests compare
outputs and gradients. It is faster outside the matrix products. It multiplies matrices in `dtype`
(bfloat16 where the device can) on float32 parameters, projects query, key and value in one product,
keeps the weights of attention for the gradient in `dtype` alone, and decides dropout by the bits of
machine words. benchmarks/step.py compares it with transformers.

This file does not import transformers, which takes longer to import than a short run to train.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields

import torch
from torch import nn
from torch.nn import functional

from seqtransfer.encoders.dropout import Dropout
from seqtransfer.tokens.vocabulary import PAD, SEP

KINDS = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"} | {
    "is_decoder": False
}


@dataclass(frozen=True)
class Config:
    """The keys of a BERT's config.json that its computation depends on."""

    vocab_size: int
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    intermediate_size: int
    max_position_embeddings: int = 512
    type_vocab_size: int = 2
    layer_norm_eps: float = 1e-12
    hidden_dropout_prob: float = 0.1
    initializer_range: float = 0.02

    @staticmethod
    def of(record: dict) -> "Config":
        """From a config.json. Raises ValueError, naming the key, if it is not of such a BERT."""
        for key, value in KINDS.items():
            if record.get(key, value) != value:
                raise ValueError(f"{key} is {record[key]!r}; bert.py computes only {value!r}")
        return Config(**{f.name: record[f.name] for f in fields(Config) if f.name in record})


def _norm(config: Config) -> nn.LayerNorm:
    return nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)


def _layer(config: Config) -> nn.ModuleDict:
    """A layer's parameters, by transformers' names."""
    width, inner = config.hidden_size, config.intermediate_size
    projections = {name: nn.Linear(width, width) for name in ("query", "key", "value")}
    mixed = {"dense": nn.Linear(width, width), "LayerNorm": _norm(config)}
    attention = {"self": nn.ModuleDict(projections), "output": nn.ModuleDict(mixed)}
    return nn.ModuleDict(
        {
            "attention": nn.ModuleDict(attention),
            "intermediate": nn.ModuleDict({"dense": nn.Linear(width, inner)}),
            "output": nn.ModuleDict({"dense": nn.Linear(inner, width), "LayerNorm": _norm(config)}),
        }
    )


class Bert(nn.Module):
    """An encoder of `config`; its parameters are float32 and have transformers' names.

    dtype: in which matrices are multiplied; dropout: with the random stream of training.
    """

    recordable = True  # see `steps`

    def __init__(self, config: Config, *, pooler: bool):
        super().__init__()
        self.config = config
        self.dtype = torch.float32
        self.dropout = Dropout(config.hidden_dropout_prob)
        width = config.hidden_size
        self.embeddings = nn.ModuleDict(
            {
                "word_embeddings": nn.Embedding(config.vocab_size, width),
                "position_embeddings": nn.Embedding(config.max_position_embeddings, width),
                "token_type_embeddings": nn.Embedding(config.type_vocab_size, width),
                "LayerNorm": _norm(config),
            }
        )
        layers = [_layer(config) for _ in range(config.num_hidden_layers)]
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(layers)})
        if pooler:
            self.pooler = nn.ModuleDict({"dense": nn.Linear(width, width)})

    def hidden_states(
        self, ids: torch.Tensor, mask: torch.Tensor | None, rows: torch.Tensor | None = None
    ) -> Iterator[torch.Tensor]:
        """Yield the embeddings and then each layer's output: (batch, length, width) of `dtype`.

        ids: (batch, length) int64; mask: the same shape, 0 at padding, or None without padding.
        States at padding are arbitrary. Each layer reads the tensor that was yielded before, so
        that autograd gives the derivatives of its states by that tensor. rows: (n,) int64 positions
        in (batch * length), at which alone the last layer then computes its states: (n, width).
        """
        batch, length = ids.shape
        tables = self.embeddings
        x = _rows(tables["word_embeddings"].weight, ids)
        types = token_types(ids) if self.config.type_vocab_size > 1 else torch.zeros_like(ids)
        x = x + _rows(tables["token_type_embeddings"].weight, types)
        x = tables["LayerNorm"](x + tables["position_embeddings"].weight[:length])
        dropout = self.dropout if self.training else None
        x = (dropout(x) if dropout else x).to(self.dtype)
        bias = None
        if mask is not None:
            bias = torch.zeros((batch, 1, 1, length), device=ids.device, dtype=_wide(self.dtype))
            bias.masked_fill_(mask[:, None, None] == 0, -math.inf)
        yield x
        *_, last = self.encoder["layer"]
        for layer in self.encoder["layer"]:
            wanted = rows if layer is last else None
            x = x.flatten(0, 1)
            x = _layer_output(
                x, layer, bias, batch, self.config.num_attention_heads, dropout, wanted
            )
            x = x.view(batch, length, -1) if wanted is None else x
            yield x

    def forward(self, ids: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """The last of `hidden_states`."""
        for state in self.hidden_states(ids, mask):  # noqa: B007
            pass
        return state

    @property
    def table(self) -> nn.Parameter:
        """(vocabulary, width): the embedding of each id."""
        return self.embeddings["word_embeddings"].weight

    def plain_state(self) -> dict[str, torch.Tensor]:
        """The state, by transformers' names."""
        return self.state_dict()

    def load_plain_state(self, state: dict[str, torch.Tensor]) -> None:
        """The inverse of `plain_state`."""
        self.load_state_dict(state)

    def pooled(self, state: torch.Tensor) -> torch.Tensor:
        """(batch, width): tanh of a dense layer on position 0 of the last hidden state."""
        dense = self.pooler["dense"]
        return torch.tanh(dense(state[:, 0].to(dense.weight.dtype)))


def token_types(ids: torch.Tensor) -> torch.Tensor:
    """(batch, length) int64: 1 on the second text of a pair and on its [SEP], else 0.

    ids: (batch, length), `[CLS] a [SEP]` or `[CLS] a [SEP] b [SEP]`, then padding.
    """
    separators = ids == SEP
    before = separators.cumsum(dim=1) - separators.long()
    return before.clamp(max=1) * (ids != PAD)


def fresh(config: Config, generator: torch.Generator) -> dict[str, torch.Tensor]:
    """Random weights of an encoder and its pooler, as BERT initializes them.

    Matrices are N(0, initializer_range), biases 0, LayerNorm gains 1; the padding row is 0.
    """
    with torch.random.fork_rng(devices=[]):  # torch draws weights here, which are replaced below
        state = Bert(config, pooler=True).state_dict()
    for name, tensor in state.items():
        if tensor.ndim > 1:
            tensor.normal_(0.0, config.initializer_range, generator=generator)
        else:
            tensor.fill_(1.0 if name.endswith("LayerNorm.weight") else 0.0)
    state["embeddings.word_embeddings.weight"][PAD] = 0.0
    return state


def _rows(table: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    """The rows of `table` at `ids`.

    In training on an NVIDIA device, a product with a one-hot matrix: the gradient of indexing sorts
    the ids, which a CUDA graph cannot record.
    """
    if not (table.is_cuda and table.requires_grad and torch.is_grad_enabled()):
        return functional.embedding(ids, table)
    return (ids[..., None] == torch.arange(len(table), device=ids.device)).to(table.dtype) @ table


def _wide(dtype: torch.dtype) -> torch.dtype:
    """The dtype of softmax: at least float32."""
    return torch.promote_types(dtype, torch.float32)


def _layer_output(x, weights, bias, batch, heads, dropout, rows):
    """x, (batch * length, width) -> the same shape; attention, then two dense layers, post-norm.

    With W for weights and b for biases:
        q, k, v = x Wq' + bq, ...;  p = softmax(q k' / sqrt(width of a head) + bias)
        y = norm(x + drop((p v) Wo' + bo));  out = norm(y + drop(gelu(y W1' + b1) W2' + b2))
    """
    attention, inner = weights["attention"], weights["intermediate"]["dense"]
    maps = attention["self"].values()
    qkv = _linear(x, torch.cat([m.weight for m in maps]), torch.cat([m.bias for m in maps]))
    shape = (batch, len(x) // batch, 3, heads, -1)
    q, k, v = qkv.view(shape).permute(2, 0, 3, 1, 4).flatten(1, 2).contiguous()
    p = _Softmax.apply(torch.bmm(q, k.transpose(1, 2)), bias, q.shape[-1] ** -0.5)
    context = torch.bmm(p, v).unflatten(0, (batch, heads)).transpose(1, 2).reshape(x.shape)
    if rows is not None:
        x, context = x[rows], context[rows]
    y = _add_norm(x, context, weights["attention"]["output"], dropout)
    active = functional.gelu(_linear(y, inner.weight, inner.bias))
    return _add_norm(y, active, weights["output"], dropout)


def _linear(x, weight, bias):
    """x W' + b in the dtype of x."""
    return functional.linear(x, weight.to(x.dtype), bias.to(x.dtype))


def _add_norm(x, z, weights, dropout):
    """norm(x + drop(z W' + b))."""
    dense, norm = weights["dense"], weights["LayerNorm"]
    z = _linear(z, dense.weight, dense.bias)
    total = dropout.add(x, z) if dropout else x + z
    # Only the CPU's LayerNorm takes bfloat16 states beside float32 gains.
    return norm(total if total.is_cpu else total.to(norm.weight.dtype)).to(x.dtype)


class _Softmax(torch.autograd.Function):
    """softmax(scale * scores + bias) over the last axis, in the dtype of the scores.

    It computes in float32 at least. Autograd over its steps would keep a float32 result, too: half
    as much memory again at 256 tokens.
    scores: (batch * heads, length, length); bias: (batch, 1, 1, length) or None, a constant.
    """

    @staticmethod
    def forward(ctx, scores, bias, scale):
        wide = scores.to(_wide(scores.dtype), copy=True).mul_(scale)
        if bias is not None:
            wide.unflatten(0, (len(bias), -1)).add_(bias)
        p = wide.softmax(-1).to(scores.dtype)
        ctx.save_for_backward(p)
        ctx.scale = scale
        return p

    @staticmethod
    def backward(ctx, grad):
        (p,) = ctx.saved_tensors
        grad = torch.ops.aten._softmax_backward_data(grad, p, -1, p.dtype)
        return grad.mul_(ctx.scale), None, None
