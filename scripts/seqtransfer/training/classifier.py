"""An initialization or control -> a classifier of a task's id sequences.

The embedding table has only the rows that the token map gives the task's symbols: rows that no
sequence uses would never get a gradient.
"""

from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from safetensors.torch import save as serialized
from torch import nn

from seqtransfer.encoders import adaptations, bert, control_networks, initializations, loading
from seqtransfer.encoders.control_networks import BagOfEmbeddings
from seqtransfer.encoders.controls import CONTROLS
from seqtransfer.encoders.loading import Facts, State
from seqtransfer.encoders.tensor_roles import DECODERS
from seqtransfer.encoders.transformers_encoder import TransformersEncoder
from seqtransfer.files import damage
from seqtransfer.files.atomic import atomic
from seqtransfer.files.json_tsv import write_json
from seqtransfer.seeds import derive
from seqtransfer.training import states

POOLINGS = ("mean", "first", "last", "max")
UNPOOLED = "none"  # of a token classification
POSITIONS = 512  # of a control at most, as many as a sequence can have
ATTENTION_DROPOUTS = ("attention_probs_dropout_prob", "attention_dropout", "attn_pdrop")
# Libraries that results depend on: transformers for other families than BERT, peft for LoRA.
LIBRARIES = ("torch", "transformers", "peft", "safetensors", "numpy")


def versions() -> dict[str, str]:
    """Of each of these libraries."""
    return {name: metadata.version(name) for name in LIBRARIES}


@dataclass(frozen=True)
class WeightSources:
    """Where an initialization takes weights from, at one task and seed.

    token_map: (vocabulary,) rows of the text encoder's table.
    """

    encoder: Path  # folder of the text-pretrained encoder
    layers: int  # how many of its layers, from the bottom
    token_map: np.ndarray
    pretrained: Path | None  # weights pretrained on sequences, for arms that start from them
    borrowed: np.ndarray | None  # (vocabulary,) rows of their table; -1: a random row
    seed: int
    task: str

    @cached_property
    def folder(self) -> Path:
        """The encoder folder of the arm's architecture: another domain's, or the text encoder's."""
        own = self.pretrained and (self.pretrained.parent / "model.safetensors").exists()
        return self.pretrained.parent if own else self.encoder

    @cached_property
    def facts(self) -> Facts:
        """The facts of the encoder in `folder`."""
        return Facts.of(self.folder)

    @cached_property
    def depth(self) -> int:
        """The number of layers. ASSUME: another domain's encoder is used with all of its layers."""
        return self.layers if self.folder == self.encoder else self.facts.layers

    def record(self) -> dict:
        """The config.json of the architecture: the encoder's, cut to layers and vocabulary.

        DIFFERS: without dropout on attention weights, which the paper has: on a CPU its random
        numbers take a quarter of a step. Dropout on hidden states is kept; T5, which has one share
        for both, keeps both. Equal in all arms.
        """
        record = loading.configuration(self.folder, self.depth, self.token_map)
        return record | {key: 0.0 for key in ATTENTION_DROPOUTS if key in record}

    def config(self) -> bert.Config:
        """The part of `record` that a BERT's computation depends on."""
        return bert.Config.of(self.record())

    def fresh(self, purpose: str = "random") -> State:
        """Random weights as the architecture initializes them, pooler included.

        purpose: which random stream of the seed they are drawn from.
        """
        seed = derive(self.seed, self.task, purpose)
        if self.facts.family == "bert":
            return bert.fresh(self.config(), torch.Generator().manual_seed(seed))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return loading.build(self.record(), pooler=True).state_dict()

    def module(self, *, pooler: bool, adapted: str = "full") -> bert.Bert | TransformersEncoder:
        """The encoder before its weights are loaded: a `Bert` if possible, else transformers'."""
        if self.facts.family == "bert" and adapted != "lora":
            return bert.Bert(self.config(), pooler=pooler)
        return TransformersEncoder(self.record(), self.facts, pooler=pooler)

    def state(self, initialization: str) -> State:
        """The encoder's weights before training; see `initializations`.

        Raises ValueError for an unknown initialization, or one that needs a file of weights if
        there is none.
        """
        arm, fresh = initializations.parse(initialization), self.fresh()
        generator = torch.Generator().manual_seed(derive(self.seed, self.task, initialization))
        rows = None
        if initializations.is_pretrained(initialization):
            pretrained = self._pretrained_elsewhere(initialization, fresh)
        elif arm.kind == "random":
            pretrained = {}
        else:
            whole = np.arange(self.facts.vocabulary)
            pretrained = loading.pretrained(self.folder, self.depth, whole)
            rows = torch.from_numpy(self.token_map)
        return initializations.initialize(
            initialization, pretrained, fresh, self.record(), generator, rows
        )

    def _pretrained_elsewhere(self, initialization: str, fresh: State) -> State:
        """Weights pretrained on sequences; ids without a row in their table get a random one."""
        if self.pretrained is None:
            raise ValueError(
                f"initialization {initialization!r} needs `pretrained`, a file of weights"
            )
        if self.folder == self.encoder:
            pretrained = read_weights(self.pretrained)
        else:
            whole = np.arange(self.facts.vocabulary)
            pretrained = loading.pretrained(self.folder, self.depth, whole)
        table, rows = self.facts.table, torch.from_numpy(self.borrowed)
        borrowed = pretrained[table][rows.clamp(min=0)]
        pretrained[table] = torch.where(rows[:, None] < 0, fresh[table], borrowed)
        return pretrained


class Classifier(nn.Module):
    """An encoder, one pooled vector per sequence, dropout, and a linear head of `outputs`.

    Pooling `first`, as in the paper: the encoder's tanh pooler on position 0. Pooling `mean`: the
    average of the last hidden states over all tokens but padding; `max`: their maximum, neuron by
    neuron; `last`: that of the last token, [SEP], which in a decoder alone has seen all. Pooling
    `none`: the head reads the last hidden state of each token, zeros at padding.
    """

    def __init__(
        self,
        encoder: bert.Bert | TransformersEncoder | BagOfEmbeddings,
        width: int,
        pooling: str,
        outputs: int,
    ):
        super().__init__()
        if pooling not in (*POOLINGS, UNPOOLED):
            raise ValueError(f"pooling {pooling!r} is not one of {(*POOLINGS, UNPOOLED)}")
        self.pooling = pooling
        self.encoder = encoder
        self.head = nn.Linear(width, outputs)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """Logits, or a standardized number: (batch, outputs) float32; of every token, padding
        included, (batch * length, outputs).

        ids: (batch, length) int64; mask: the same shape, 0 at padding, or None without padding.
        """
        pooled = self.pooled(ids, mask)
        return self.head(self.encoder.dropout(pooled) if self.training else pooled)

    def pooled(self, ids: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """The vector of each sequence that the head reads, before dropout: (batch, width); of each
        token (batch * length, width)."""
        states, wide = self.encoder(ids, mask), self.head.weight.dtype
        if self.pooling == "first":
            return self.encoder.pooled(states)
        if self.pooling == UNPOOLED:
            states = states.to(wide)
            if mask is not None:
                states = states * mask.unsqueeze(-1).to(wide)
            return states.flatten(0, 1)
        if self.pooling == "last":
            if mask is None:
                return states[:, -1].to(wide)
            last = mask.sum(dim=1) - 1
            return states[torch.arange(len(states), device=states.device), last].to(wide)
        if self.pooling == "max":
            states = states.to(wide)
            if mask is not None:
                states = states.masked_fill(mask.unsqueeze(-1) == 0, -torch.inf)
            return states.amax(dim=1)
        if mask is None:
            return states.to(wide).mean(dim=1)
        weights = mask.unsqueeze(-1).to(wide)
        return (states.to(wide) * weights).sum(dim=1) / weights.sum(dim=1)


def build(
    initialization: str,
    sources: WeightSources,
    pooling: str,
    outputs: int,
    adapted: str = "full",
    lora: dict | None = None,
) -> Classifier:
    """The classifier before training. Arms of one task and seed have the same weights of the head.

    initialization: or the name of a control, which trains every weight. adapted, lora: which
    weights of an encoder will train, as in `adaptations`. Raises ValueError for an unknown
    initialization, pooling or adaptation, and for a control with another pooling than its own
    or `none`.
    """
    if initialization in CONTROLS:
        model = _control(initialization, sources, pooling, outputs)
    else:
        model = _arm(initialization, sources, pooling, outputs, adapted, lora or {})
    generator = torch.Generator().manual_seed(derive(sources.seed, sources.task, "head"))
    nn.init.normal_(model.head.weight, std=0.02, generator=generator)
    nn.init.zeros_(model.head.bias)
    return model


def _arm(
    initialization: str,
    sources: WeightSources,
    pooling: str,
    outputs: int,
    adapted: str,
    lora: dict,
) -> Classifier:
    facts, first = sources.facts, pooling == "first"
    if first and facts.family in DECODERS:
        raise ValueError(
            f"{facts.family} is a decoder, whose position 0 sees nothing after it; use pooling mean"
            " or last"
        )
    encoder = sources.module(pooler=first, adapted=adapted)
    model = Classifier(encoder, facts.width, pooling, outputs)
    state = sources.state(initialization)
    if not first:
        state = without_pooler(state)
    encoder.load_plain_state(state)
    if isinstance(encoder, TransformersEncoder):
        encoder.adapt(adapted, seed=derive(sources.seed, sources.task, "lora"), **lora)
    else:
        chosen = adaptations.trained(adapted, state, facts.family)
        for name, parameter in encoder.named_parameters():
            parameter.requires_grad_(name in chosen)
    return model


def _control(name: str, sources: WeightSources, pooling: str, outputs: int) -> Classifier:
    if pooling not in (CONTROLS[name].pooling, UNPOOLED):
        raise ValueError(
            f"control {name!r}: pooling {pooling!r} is not its own, {CONTROLS[name].pooling!r}"
        )
    seed = derive(sources.seed, sources.task, name)
    network = control_networks.build(name, **control_sizes(sources), seed=seed)
    return Classifier(network, network.output_width, pooling, outputs)


def control_sizes(sources: WeightSources) -> dict[str, int]:
    """Vocabulary, width and positions of a control: those that the arms have, but at most 512
    positions, as a decoder may have a hundred thousand."""
    return {
        "vocabulary": len(sources.token_map),
        "width": sources.facts.width,
        "positions": min(sources.facts.positions, POSITIONS),
    }


def architecture(initialization: str, sources: WeightSources) -> dict:
    """The config.json of a model: an encoder's configuration, or a control with its sizes."""
    if initialization in CONTROLS:
        return {"control": initialization, **control_sizes(sources)}
    return sources.record()


def without_pooler(state: State) -> State:
    """The tensors without the pooler's."""
    return {name: tensor for name, tensor in state.items() if not name.startswith("pooler.")}


def plain_state(model: Classifier) -> State:
    """The classifier's weights, those of the encoder by transformers' names."""
    state = {f"encoder.{name}": tensor for name, tensor in model.encoder.plain_state().items()}
    return state | {f"head.{name}": tensor for name, tensor in model.head.state_dict().items()}


def restore(model: Classifier, path: Path) -> None:
    """Load the weights of `path`, which `save` wrote, into a model that `build` made for `full`."""
    load(model, read_weights(path))


def load(model: Classifier, state: State) -> None:
    """Give a model that `build` made for `full` the weights of a `plain_state`."""
    parts = states.parted(state)
    model.encoder.load_plain_state(parts["encoder"])
    model.head.load_state_dict(parts["head"])


def save(state: State, record: dict, folder: Path) -> None:
    """Write config.json, which is `record`, and weights.safetensors."""
    write_json(folder / "config.json", record)
    write_weights(folder / "weights.safetensors", state)


def read_weights(path: Path) -> State:
    """The state that `write_weights` wrote."""
    with damage.named(path):
        return load_file(path)


def write_weights(path: Path, state: State) -> None:
    """Write a state as safetensors."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    with atomic(path) as temporary:
        # safetensors' own writer makes files that only their owner can read.
        temporary.write_bytes(serialized(plain))
