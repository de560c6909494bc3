"""Which encoders a study compares, and which layers of two encoders: those at equal relative depth.

An encoder is an arm before or after its fine-tuning. Compared are the study's pairs of arms at both
stages, and each arm before fine-tuning with itself after it.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

STAGES = ("before", "after")  # fine-tuning
CHANGE = "change"  # in place of the stage: an arm before fine-tuning with itself after it


class Encoder(NamedTuple):
    """An arm's encoder at a stage, written "text before"."""

    arm: str
    stage: str

    def __str__(self) -> str:
        return f"{self.arm} {self.stage}"


def compared(arms: Iterable[str], pairs: Iterable[Sequence[str]]) -> list[tuple[Encoder, Encoder]]:
    """The pairs of encoders that a study compares.

    arms: all arms; pairs: left and right arm of the pairs that the study asks for.
    """
    found = [(Encoder(left, s), Encoder(right, s)) for s in STAGES for left, right in pairs]
    return found + [tuple(Encoder(arm, stage) for stage in STAGES) for arm in arms]


def row_names(left: Encoder, right: Encoder, task: str, seed: int) -> dict:
    """The columns that say what a row of results is of: task, left, right, seed, stage."""
    stage = left.stage if left.stage == right.stage else CHANGE
    return {"task": task, "left": left.arm, "right": right.arm, "seed": seed, "stage": stage}


def layer_at_equal_depth(layer: int, left_last: int, right_last: int) -> int:
    """The right encoder's layer whose relative depth is nearest to that of the left's `layer`.

    left_last, right_last: the encoders' last layers, at least 1. Layer 0, the embeddings, goes with
    layer 0, the last with the last. Of two layers that are equally near it is the lower one.
    """
    return (2 * layer * right_last + left_last - 1) // (2 * left_last)
