"""Answers -> scores without each group of units, for intervals over the examples drawn."""

import math
from collections.abc import Callable

import numpy as np

from seqtransfer import seeds
from seqtransfer.tokens import units

GROUPS = 50  # of units, at most
UNLABELLED = -1  # the class of a token that is not scored


def groups(unit: np.ndarray, task: str, purpose: str) -> np.ndarray | None:
    """(n,) int: the group, 0 .. g - 1 of at most GROUPS, of each example's unit.

    unit: (n,) str. The draw depends on `task` and `purpose` alone, so that all runs of a task leave
    out the same examples. None where all examples are of one unit.
    """
    if len(np.unique(unit)) < 2:
        return None
    return units.groups(unit, GROUPS, seeds.generator(0, task, purpose))


def _labelled(labels: np.ndarray) -> np.ndarray:
    return labels[labels != UNLABELLED] if labels.dtype.kind == "i" else labels


def scores(
    labels: np.ndarray,
    answers: np.ndarray,
    groups: np.ndarray,
    score: Callable[[np.ndarray, np.ndarray], float],
    counted: Callable[[np.ndarray], np.ndarray] = _labelled,
) -> list[float]:
    """The score without each group, in the order of their numbers.

    labels, answers: (n,) and (n, ...); groups: (n,) int, 0 .. g - 1; score: of labels and answers;
    counted: labels -> the (m,) that are scored; by itself, of indices, those not UNLABELLED.
    NaN where labels that differ are alike without a group: what such a score is says nothing of
    examples, since MCC is 0 there whatever the answers.
    """
    differ = not alike(counted(labels))
    found = []
    for group in range(groups.max() + 1):
        rest = groups != group
        lost = differ and alike(counted(labels[rest]))
        found.append(math.nan if lost else score(labels[rest], answers[rest]))
    return found


def alike(labels: np.ndarray) -> bool:
    """Whether all of the (n,) labels are the same, or there is none."""
    return bool((labels == labels[:1]).all())
