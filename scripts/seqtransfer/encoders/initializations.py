"""Initializations ("arms"): the one table of which there are, and the weights each starts from.

An initialization says which tensors take pretrained values (`takes`), and what is done to these
first (`change`). All others are `fresh`: the draw of `random`, tensor by tensor, so that an arm and
`random` differ in what the arm takes alone. The tokens' table has the role `embedding`; its rows
are picked after `change`, which sees it whole. A pooler that the pretrained encoder lacks
(masked-language modelling trains none) is fresh.

An arm pretrained on sequences may be taken in part: `from-zipf-attention-only` is to `from-zipf` as
`attention-only` is to `text`.

To add an arm, enter it in INITIALIZATIONS, of whose entries a run depends on its own arm's alone,
and in DESCRIPTIONS of `arm_descriptions`. A study is planned with this file, which imports no
torch.
"""

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seqtransfer.encoders import weight_changes
from seqtransfer.encoders.tensor_roles import Part, layers, part, table

if TYPE_CHECKING:
    import torch

    State = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Arm:
    """A parsed name. `kind`: a key of INITIALIZATIONS; `part`: one of PARTS, None for the whole."""

    kind: str
    number: int | None = None  # of `first`: layers; of `checkpoint`: pretraining steps; at least 1
    corpus: str | None = None  # of `from`
    part: str | None = None

    @property
    def whole(self) -> "Arm":
        """The arm that this one is a part of; itself if it is none."""
        return replace(self, part=None)


def parse(name: str) -> Arm:
    """The arm that `name` says. Raises ValueError listing what is known."""
    for taken in PARTS:
        arm = _whole(name.removesuffix(f"-{taken}")) if name.endswith(f"-{taken}") else None
        if arm and INITIALIZATIONS[arm.kind].on_sequences:
            return replace(arm, part=taken)
    arm = _whole(name)
    if arm is None:
        near = difflib.get_close_matches(name, map(form, INITIALIZATIONS), n=1)
        meant = f"; did you mean {near[0]!r}?" if near else ""
        known, parts = (", ".join(names) for names in (map(form, INITIALIZATIONS), PARTS))
        wholes = ", ".join(form(k) for k, one in INITIALIZATIONS.items() if one.on_sequences)
        raise ValueError(
            f"initialization {name!r} is unknown; known: {known}; and {wholes} in part, followed by"
            f" - and one of {parts}{meant}"
        )
    return arm


def _whole(name: str) -> Arm | None:
    """The arm of a name without a part, None if it is none."""
    kind, dash, value = name, "", ""
    if kind not in INITIALIZATIONS or INITIALIZATIONS[kind].parameter:
        kind, dash, value = name.partition("-")
    parameter = INITIALIZATIONS[kind].parameter if kind in INITIALIZATIONS else None
    if dash and parameter and re.fullmatch(PARAMETERS[parameter], value):
        return Arm(kind, corpus=value) if parameter == "corpus" else Arm(kind, number=int(value))
    if not dash and kind in INITIALIZATIONS and not parameter:
        return Arm(kind)
    return None


def form(kind: str) -> str:
    """How an arm of that kind is written, such as `text` or `first-<layers>`."""
    parameter = INITIALIZATIONS[kind].parameter
    return f"{kind}-<{parameter}>" if parameter else kind


def is_pretrained(name: str) -> bool:
    """Whether the arm starts from weights pretrained on sequences, not from the text encoder."""
    return INITIALIZATIONS[parse(name).kind].on_sequences


def starts_from(names: Iterable[str], kind: str) -> bool:
    """Whether an arm of `names` starts from pretrained weights of that kind, whole or in part."""
    return any(parse(name).kind == kind for name in names)


def ordered(names: Iterable[str]) -> list[str]:
    """Arms once each, in the order of INITIALIZATIONS and by number; corpora as given; the parts of
    an arm before the whole."""
    arms = {name: parse(name) for name in dict.fromkeys(names)}
    kinds, wholes = list(INITIALIZATIONS), list(dict.fromkeys(arm.whole for arm in arms.values()))

    def place(name: str) -> tuple[int, ...]:
        arm = arms[name]
        taken = len(PARTS) if arm.part is None else PARTS.index(arm.part)
        return kinds.index(arm.kind), arm.number or 0, wholes.index(arm.whole), taken

    return sorted(arms, key=place)


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
    return not where.of_tokens


def role(wanted: str) -> Callable[[Arm, str, Part], bool]:
    """The tensors of one role, in all layers and outside of them."""
    return lambda arm, name, where: where.role == wanted


def lowest(arm: Arm, name: str, where: Part) -> bool:
    """The embeddings with their LayerNorm, and `arm.number` layers from the bottom."""
    if where.layer is None:
        return where.role == "embedding" or name.startswith("embeddings.")
    return where.layer < arm.number


PARAMETERS = {  # of an arm's name -> its pattern
    "layers": r"[1-9][0-9]*",
    "steps": r"[1-9][0-9]*",
    "corpus": r"[A-Za-z0-9][A-Za-z0-9_-]*",
}


@dataclass(frozen=True)
class Initialization:
    """takes: which tensors take pretrained values; change: what is done to these first; both are
    pure functions. parameter: what follows the kind in a name, of PARAMETERS. on_sequences: whether
    the pretrained weights are of an encoder pretrained on sequences, not of the text encoder."""

    takes: Callable[[Arm, str, Part], bool] = everything
    change: Callable[["State", "torch.Generator"], "State"] = weight_changes.unchanged
    parameter: str | None = None
    on_sequences: bool = False


# From nothing to everything known beforehand.
INITIALIZATIONS = {
    "random": Initialization(takes=nothing),
    "moments": Initialization(takes=learned, change=weight_changes.moments),
    "shuffled": Initialization(takes=learned, change=weight_changes.shuffled),
    "spectrum": Initialization(takes=learned, change=weight_changes.spectrum),
    "embeddings-only": Initialization(takes=role("embedding")),
    "layernorm-only": Initialization(takes=role("layernorm")),
    "attention-only": Initialization(takes=role("attention")),
    "feedforward-only": Initialization(takes=role("feedforward")),
    "first": Initialization(takes=lowest, parameter="layers"),
    "re-embedded": Initialization(takes=body),
    "text": Initialization(),
    "from": Initialization(parameter="corpus", on_sequences=True),
    "checkpoint": Initialization(parameter="steps", on_sequences=True),
    "domain": Initialization(on_sequences=True),
}
# Of these an arm on sequences may take one alone; written after its name and a dash.
PARTS = ("embeddings-only", "layernorm-only", "attention-only", "feedforward-only")


def initialize(
    name: str,
    pretrained: "State",
    fresh: "State",
    config: dict,
    generator: "torch.Generator",
    rows: "torch.Tensor | None" = None,
) -> "State":
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
    arm, family = parse(name), config["model_type"]
    depth = layers(fresh, family)
    if arm.kind == "first" and arm.number > depth:
        raise ValueError(
            f"initialization {name!r}: the encoder has {depth} layers of weights, not {arm.number};"
            " lower the number, or raise encoder.layers"
        )
    chosen = INITIALIZATIONS[arm.part or arm.kind]
    taken = {}
    for key in fresh:
        where = part(key, family)
        if chosen.takes(arm, key, where):
            if key in pretrained:
                taken[key] = pretrained[key]
            elif where.role != "pooler":
                raise ValueError(f"initialization {name!r}: the pretrained weights lack {key!r}")
    taken = chosen.change(taken, generator)
    tokens = table(family)
    if rows is not None and tokens in taken:
        taken[tokens] = taken[tokens][rows]
    for key, tensor in taken.items():
        theirs, ours = (f"{list(t.shape)} {t.dtype}" for t in (tensor, fresh[key]))
        if theirs != ours:
            raise ValueError(
                f"initialization {name!r}: {key!r} is {theirs} in the pretrained weights, but"
                f" {ours} in the architecture of the study"
            )
    return {**fresh, **taken}
