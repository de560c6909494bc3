"""Names of initializations ("arms"): which there are, and what a name with a number or corpus says.

What each does to the weights stands in initializations.py; this imports nothing, so that a study is
checked without torch.
"""

import re
from dataclasses import dataclass

# Initializations that are a word; what is made of the text encoder unless said otherwise.
PLAIN = (
    "text",
    "random",  # of no encoder: the architecture's own draw
    "shuffled",
    "moments",
    "re-embedded",
    "embeddings-only",
    "layernorm-only",
    "attention-only",
    "feedforward-only",
    "domain",  # of the encoder pretrained on the task's own domain
)
NUMBERED = {
    "first": "first-<layers>",
    "checkpoint": "checkpoint-<steps>",  # of the encoder that `domain` has, at that step
}
FROM = "from-<corpus>"  # of the encoder pretrained on that corpus
_NAME = re.compile(r"(first|checkpoint)-([1-9][0-9]*)|from-([A-Za-z0-9][A-Za-z0-9_-]*)")


@dataclass(frozen=True)
class Arm:
    """A parsed name. `kind`: a name of PLAIN, `first`, `checkpoint` or `from`."""

    kind: str
    number: int | None = None  # of `first`: layers; of `checkpoint`: pretraining steps; at least 1
    corpus: str | None = None  # of `from`


def parse(name: str) -> Arm:
    """The arm that `name` says. Raises ValueError listing what is known."""
    if name in PLAIN:
        return Arm(name)
    match = _NAME.fullmatch(name)
    if not match:
        known = ", ".join([*PLAIN, *NUMBERED.values(), FROM])
        raise ValueError(f"initialization {name!r} is unknown; known: {known}")
    kind, number, corpus = match.groups()
    return Arm("from", corpus=corpus) if corpus else Arm(kind, number=int(number))


def is_pretrained(name: str) -> bool:
    """Whether the arm starts from weights pretrained on sequences, not from the text encoder."""
    return parse(name).kind in ("domain", "checkpoint", "from")
