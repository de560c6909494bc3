"""What a measure is: a function of a pairing, and what is claimed of it, as data.

The tests check every claim; `similarity` reads them to report a score beside its null.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from seqtransfer.similarity.measures.pairings import Pairing, Side, pair

# What may be done to the neurons of one side: reorder them, rotate them, multiply all by one
# number, add a constant to each, or map them by any invertible matrix.
PERMUTATION, ROTATION, SCALING, SHIFT, LINEAR = (
    "permutation", "rotation", "scaling", "shift", "linear",
)  # fmt: skip
EVERYTHING = frozenset({PERMUTATION, ROTATION, SCALING, SHIFT, LINEAR})
RIGID = EVERYTHING - {LINEAR}


def _rank(side: Side) -> int:
    return side.rank


@dataclass(frozen=True)
class Measure:
    """A measure of similarity, unitless.

    name: as in tables; score: pairing -> float; title: in words, with the source.
    left, right: what may be done to the neurons of that side without changing the score.
    symmetric: whether exchanging the sides changes nothing. low, high: the score's range.
    identical: the score of a side with itself; a distance (`distance`) is 0 there, and small means
    similar. null: pairing -> the expected score if the rows were paired at random, or None where no
    closed form is known; exact over all pairings unless `null_note` says otherwise. pairwise:
    whether time and memory grow with the square of the rows. dimensions: how many directions of a
    side it uses.
    """

    name: str
    score: Callable[[Pairing], float]
    title: str
    left: frozenset[str]
    right: frozenset[str]
    symmetric: bool
    low: float
    high: float
    null: Callable[[Pairing], float] | None
    null_note: str = ""
    identical: float = 1.0
    distance: bool = False
    pairwise: bool = False
    dimensions: Callable[[Side], int] = _rank

    def __call__(self, x: np.ndarray, y: np.ndarray) -> float:
        """The score of two arrays (n, p) and (n, q), row beside row; ValueError if undefined."""
        return self.of(pair(x, y))

    def of(self, pairing: Pairing) -> float:
        """The score of a pairing, within the range; ValueError if it is not a finite number."""
        score = float(pairing.view(self.score))
        if not np.isfinite(score):
            raise ValueError(
                f"{self.name} of {pairing.left.name} and {pairing.right.name} is {score};"
                " the measure failed on this input"
            )
        return min(max(score, self.low), self.high)
