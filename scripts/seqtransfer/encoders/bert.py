"""BERT (Devlin et al. 2019) for short sequences on any device, with a hand-written backward pass.

It computes what transformers' BertModel computes, with the same names of tensors: tests compare
outputs and gradients. It is faster outside the matrix products. A layer is one node of the autograd
graph: it computes in `dtype` (bfloat16 where the device multiplies matrices in it) on float32
parameters, keeps only what its backward needs, projects query, key and value in one product, and
decides dropout by the bits of machine words. benchmarks/step.py compares it with transformers.

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

KINDS = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}
aten = torch.ops.aten


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
    """A layer's parameters, by transformers' names, in the order in which `_Layer` takes them."""
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
        States at padding are arbitrary. rows: (n,) int64 positions in (batch * length), only for
        inference: then (n, width) is yielded, and the last layer computes only these states.
        """
        batch, length = ids.shape
        tables = self.embeddings
        x = _rows(tables["word_embeddings"].weight, ids)
        x = x + _rows(tables["token_type_embeddings"].weight, token_types(ids))
        x = tables["LayerNorm"](x + tables["position_embeddings"].weight[:length])
        dropout = self.dropout if self.training else None
        x = (dropout(x) if dropout else x).to(self.dtype).flatten(0, 1)
        bias = None
        if mask is not None:
            bias = torch.zeros((batch, 1, 1, length), device=ids.device, dtype=_wide(self.dtype))
            bias.masked_fill_(mask[:, None, None] == 0, -math.inf)
        yield x.view(batch, length, -1) if rows is None else x[rows]
        *_, last = self.encoder["layer"]
        for layer in self.encoder["layer"]:
            facts = (bias, (batch, length), self.config, dropout, rows if layer is last else None)
            x = _Layer.apply(x, *facts, *layer.parameters())
            if rows is None:
                yield x.view(batch, length, -1)
            else:
                yield x if layer is last else x[rows]

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
    """The dtype of softmax and of parameters' gradients: at least float32."""
    return torch.promote_types(dtype, torch.float32)


class _Layer(torch.autograd.Function):
    """x, (batch * length, width) -> the same shape; attention, then two dense layers, post-norm.

    With W for weights, b for biases, g and c for LayerNorms' gains and shifts:
        q, k, v = x Wq' + bq, ...;  p = softmax(q k' / sqrt(width of a head) + bias)
        y = norm(x + drop((p v) Wo' + bo));  out = norm(y + drop(gelu(y W1' + b1) W2' + b2))
    """

    @staticmethod
    def forward(ctx, x, bias, shape, config, dropout, rows, *parameters):
        wq, bq, wk, bk, wv, bv, wo, bo, g1, c1, w1, b1, w2, b2, g2, c2 = parameters
        dtype, width, heads = x.dtype, config.hidden_size, config.num_attention_heads
        scale = (width // heads) ** -0.5
        wqkv = torch.cat([wq, wk, wv]).to(dtype)
        wo, w1, w2 = wo.to(dtype), w1.to(dtype), w2.to(dtype)
        qkv = functional.linear(x, wqkv, torch.cat([bq, bk, bv]).to(dtype))
        q, k, v = qkv.view(*shape, 3, heads, -1).permute(2, 0, 3, 1, 4).flatten(1, 2).contiguous()
        scores = torch.bmm(q, k.transpose(1, 2)).to(_wide(dtype)).mul_(scale)
        if bias is not None:
            scores.view(shape[0], heads, *scores.shape[1:]).add_(bias)
        p = scores.softmax(-1).to(dtype)
        context = torch.bmm(p, v).view(shape[0], heads, shape[1], -1).transpose(1, 2)
        context = context.reshape(x.shape)
        if rows is not None:
            x, context = x[rows], context[rows]
        y, first = _add_norm(
            x, functional.linear(context, wo, bo.to(dtype)), dropout, g1, c1, config
        )
        inner = functional.linear(y, w1, b1.to(dtype))
        active = functional.gelu(inner)
        out, second = _add_norm(
            y, functional.linear(active, w2, b2.to(dtype)), dropout, g2, c2, config
        )
        if any(ctx.needs_input_grad):
            ctx.shape, ctx.scale, ctx.dropout = shape, scale, dropout
            ctx.save_for_backward(
                *(x, q, k, v, p, context, y, inner, active, wqkv, wo, w1, w2, g1, c1, g2, c2),
                *(*first, *second),
            )
        return out

    @staticmethod
    def backward(ctx, grad):
        x, q, k, v, p, context, y, inner, active, wqkv, wo, w1, w2, g1, c1, g2, c2, *rest = (
            ctx.saved_tensors
        )
        shape, scale = ctx.shape, ctx.scale
        dy, dz, dg2, dc2 = _add_norm_backward(grad, rest[4:], ctx.dropout, g2, c2)
        dw2, db2 = _outer(dz, active)
        du = aten.gelu_backward(dz @ w2, inner)
        dw1, db1 = _outer(du, y)
        dy = dy.addmm_(du, w1)
        dx, dz, dg1, dc1 = _add_norm_backward(dy, rest[:4], ctx.dropout, g1, c1)
        dwo, dbo = _outer(dz, context)
        dcontext = (dz @ wo).view(*shape, len(q) // shape[0], -1).transpose(1, 2)
        dcontext = dcontext.reshape(q.shape)
        ds = aten._softmax_backward_data(torch.bmm(dcontext, v.transpose(1, 2)), p, -1, p.dtype)
        ds = ds.mul_(scale)
        dqkv = torch.empty((3, *q.shape), dtype=q.dtype, device=q.device)
        torch.bmm(ds, k, out=dqkv[0])
        torch.bmm(ds.transpose(1, 2), q, out=dqkv[1])
        torch.bmm(p.transpose(1, 2), dcontext, out=dqkv[2])
        dqkv = dqkv.view(3, shape[0], -1, *q.shape[1:]).permute(1, 3, 0, 2, 4).reshape(len(x), -1)
        dwqkv, dbqkv = _outer(dqkv, x)
        dx = dx.addmm_(dqkv, wqkv)
        (dwq, dwk, dwv), (dbq, dbk, dbv) = dwqkv.chunk(3), dbqkv.chunk(3)
        gradients = (dwq, dbq, dwk, dbk, dwv, dbv, dwo, dbo, dg1, dc1)
        return dx, None, None, None, None, None, *gradients, dw1, db1, dw2, db2, dg2, dc2


def _add_norm(x, z, dropout, gain, shift, config):
    """norm(x + drop(z)), and what `_add_norm_backward` needs; z may be overwritten."""
    total, mask = dropout.add(x, z) if dropout else (x + z, x.new_empty(0))
    out, mean, deviation = torch.native_layer_norm(
        _beside(gain, total), [x.shape[-1]], gain, shift, config.layer_norm_eps
    )
    return out.to(x.dtype), (total, mask, mean, deviation)


def _add_norm_backward(grad, saved, dropout, gain, shift):
    """Gradients with respect to x, z, gain and shift."""
    total, mask, mean, deviation = saved
    wide, x = _beside(gain, grad.contiguous()), _beside(gain, total)
    dx, dgain, dshift = aten.native_layer_norm_backward(
        wide, x, [x.shape[-1]], mean, deviation, gain, shift, [True] * 3
    )
    dx = dx.to(grad.dtype)
    return dx, dropout.backward(dx, mask) if dropout else dx, dgain, dshift


def _beside(parameter, x):
    """x in a dtype that the LayerNorm takes: only the CPU's takes bfloat16 x and float32 gains."""
    return x if x.device.type == "cpu" else x.to(parameter.dtype)


def _outer(grad, x):
    """Gradients of weight and bias of a dense layer from its output's gradient and its input."""
    wide = _wide(grad.dtype)
    return (grad.T @ x).to(wide), grad.sum(0).to(wide)
