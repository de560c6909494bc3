"""Pretrained weights and the architecture's own random draw -> the weights an arm starts from.

An initialization says which tensors take pretrained values (`takes`), and what is done to these
first (`change`). All others are `fresh`: the draw of `random`, tensor by tensor, so that an arm and
`random` differ in what the arm takes alone. The tokens' table has the role `embedding`; its rows
are picked after `change`, which sees it whole. Where table and pooler come from:

  arm                            tokens' table    pooler
  text                           pretrained       pretrained
  random                         fresh            fresh
  shuffled, moments              changed          changed
  re-embedded                    fresh            pretrained
  embeddings-only, first-k       pretrained       fresh
  layernorm-, attention-,
  feedforward-only               fresh            fresh
  domain, checkpoint-k, from-c   as in `text`, of another encoder

A pooler that the pretrained encoder lacks (masked-language modelling trains none) is fresh.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from seqtransfer.encoders import arms
from seqtransfer.encoders.arms import Arm
from seqtransfer.encoders.tensor_roles import TABLE, Part, layers, part

State = dict[str, torch.Tensor]


def unchanged(state: State, generator: torch.Generator) -> State:
    """The weights as they are."""
    return state


def shuffled(state: State, generator: torch.Generator) -> State:
    """Each tensor permuted within itself: the same values, no structure.

    Keeps every statistic of a tensor that does not ask where a value stands; destroys rows,
    columns, their correlations, and what connects one tensor with another.
    """
    changed = {}
    for name, tensor in state.items():
        order = torch.randperm(tensor.numel(), generator=generator)
        changed[name] = tensor.flatten()[order].reshape(tensor.shape)
    return changed


def moments(state: State, generator: torch.Generator) -> State:
    """Normal numbers with each tensor's mean and variance: its scale, and nothing else of it.

    The moments are met exactly (the draw is standardized, in float64), not only in expectation, so
    that `shuffled` and `moments` differ in the distribution's shape alone. Destroys outliers, too.
    A tensor of one value, or of equal values, stays as it is.
    """
    changed = {}
    for name, tensor in state.items():
        noise = torch.randn(tensor.shape, generator=generator, dtype=torch.float64)
        noise -= noise.mean()
        noise /= noise.std(correction=0).clamp(min=torch.finfo(noise.dtype).tiny)
        wide = tensor.double()
        noise *= wide.std(correction=0)
        noise += wide.mean()
        changed[name] = noise.to(tensor.dtype)
    return changed


def everything(arm: Arm, name: str, where: Part) -> bool:
    """Every tensor is pretrained."""
    return True


def nothing(arm: Arm, name: str, where: Part) -> bool:
    """No tensor is pretrained."""
    return False


def learned(arm: Arm, name: str, where: Part) -> bool:
    """All but constants: permuted rotary frequencies would be another architecture."""
    return where.role != "other"


def body(arm: Arm, name: str, where: Part) -> bool:
    """All but the tokens' table.

    PAPER: re-embedding draws new word embeddings and keeps those of positions and types
    (`rand_embed` in the released code).
    """
    return name != TABLE


def role(wanted: str) -> Callable[[Arm, str, Part], bool]:
    """The tensors of one role, in all layers and outside of them."""
    return lambda arm, name, where: where.role == wanted


def lowest(arm: Arm, name: str, where: Part) -> bool:
    """The embeddings with their LayerNorm, and `arm.number` layers from the bottom."""
    if where.layer is None:
        return where.role == "embedding" or name.startswith("embeddings.")
    return where.layer < arm.number


@dataclass(frozen=True)
class Initialization:
    """Which tensors take pretrained values, and what is done to these; both are pure functions."""

    takes: Callable[[Arm, str, Part], bool] = everything
    change: Callable[[State, torch.Generator], State] = unchanged


INITIALIZATIONS = {
    "text": Initialization(),
    "random": Initialization(takes=nothing),
    "shuffled": Initialization(takes=learned, change=shuffled),
    "moments": Initialization(takes=learned, change=moments),
    "re-embedded": Initialization(takes=body),
    "embeddings-only": Initialization(takes=role("embedding")),
    "layernorm-only": Initialization(takes=role("layernorm")),
    "attention-only": Initialization(takes=role("attention")),
    "feedforward-only": Initialization(takes=role("feedforward")),
    "first": Initialization(takes=lowest),
    "domain": Initialization(),
    "checkpoint": Initialization(),
    "from": Initialization(),
}


def initialize(
    name: str,
    pretrained: State,
    fresh: State,
    config: dict,
    generator: torch.Generator,
    rows: torch.Tensor | None = None,
) -> State:
    """The weights of the arm `name`: names, order, shapes and dtypes of `fresh`.

    pretrained: weights of the encoder that the arm draws on, its tokens' table whole; what `fresh`
        lacks (layers above a cut, an unused pooler) is left out. `random` reads nothing of it.
    fresh: the architecture's own draw, its table of the ids in use.
    config: of the encoder; its `model_type` names the family.
    rows: (ids,) int64, the row of the pretrained table that each id gets (the token map); None
        where the pretrained table has the ids' own rows.
    The tensors may be those given, not copies. Raises ValueError for an unknown name, for `first-k`
    with more layers than there are, and for pretrained weights that do not fit the architecture.
    """
    arm, family = arms.parse(name), config["model_type"]
    depth = layers(fresh, family)
    if arm.kind == "first" and arm.number > depth:
        raise ValueError(
            f"initialization {name!r}: the encoder has {depth} layers of weights, not {arm.number};"
            " lower the number, or raise encoder.layers"
        )
    chosen = INITIALIZATIONS[arm.kind]
    taken = {}
    for key in fresh:
        where = part(key, family)
        if chosen.takes(arm, key, where):
            if key in pretrained:
                taken[key] = pretrained[key]
            elif where.role != "pooler":
                raise ValueError(f"initialization {name!r}: the pretrained weights lack {key!r}")
    taken = chosen.change(taken, generator)
    if rows is not None and TABLE in taken:
        taken[TABLE] = taken[TABLE][rows]
    for key, tensor in taken.items():
        theirs, ours = (f"{list(t.shape)} {t.dtype}" for t in (tensor, fresh[key]))
        if theirs != ours:
            raise ValueError(
                f"initialization {name!r}: {key!r} is {theirs} in the pretrained weights, but"
                f" {ours} in the architecture of the study"
            )
    return {**fresh, **taken}
