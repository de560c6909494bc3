"""What a measure is: a function that scores a pair, and what is claimed of the score, as data.

tests/similarity/test_measures.py checks every claim of every measure.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from seqtransfer.similarity.measures.pair import Pair
from seqtransfer.similarity.measures.representation import NoSimilarity, Representation

# Transformations of a representation's neurons that may leave a score unchanged: reorder them,
# rotate them, multiply all by one number, add a constant to each, or map them by an invertible
# matrix. LINEAR has a limit, since directions below RELATIVE_CUTOFF of the largest are dropped: it
# holds while (largest / smallest singular value of the centred rows) x (condition number of the
# matrix) < 1 / RELATIVE_CUTOFF = 1e5. Beyond, a direction may be dropped and the score change.
PERMUTATION, ROTATION, SCALING, SHIFT, LINEAR = (
    "permutation", "rotation", "scaling", "shift", "linear",
)  # fmt: skip
EVERYTHING = frozenset({PERMUTATION, ROTATION, SCALING, SHIFT, LINEAR})
RIGID = EVERYTHING - {LINEAR}


def _rank(representation: Representation) -> int:
    return representation.rank


@dataclass(frozen=True)
class Measure:
    """A measure of similarity, unitless.

    name: as in configurations and tables.
    score: pair -> number; its docstring's first line is the measure's `title`.
    left, right: transformations of that representation which do not change the score.
    symmetric: whether exchanging the two representations does not change the score.
    low, high: the score's range.
    null: pair -> the expected score if the rows were paired at random, or None where no formula is
    known. asymptotic: whether that formula holds only for many neurons; else it is exact.
    identical: the score of a representation with itself. distance: whether a small score means
    similar; `identical` is then 0.
    pairwise: whether time and memory grow with the square of the rows; it then scores some
    sequences only, drawn at random. streams: whether it can score rows that are read from disk in
    chunks.
    correlations: pair -> the canonical correlations that the measure uses, None if it uses none.
    depends_on_width: whether its score of independent representations changes with their widths.
    dimensions: representation -> how many of its directions the measure uses.
    """

    name: str
    score: Callable[[Pair], float]
    left: frozenset[str]
    right: frozenset[str]
    symmetric: bool
    low: float
    high: float
    null: Callable[[Pair], float] | None
    asymptotic: bool = False
    identical: float = 1.0
    distance: bool = False
    pairwise: bool = False
    streams: bool = True
    correlations: Callable[[Pair], np.ndarray] | None = None
    depends_on_width: bool = False
    dimensions: Callable[[Representation], int] = _rank

    @property
    def saturates(self) -> bool:
        """Whether correlations of 1 are inevitable where its directions exceed the rows."""
        return self.correlations is not None

    @property
    def title(self) -> str:
        """What the measure is, in one line."""
        return self.score.__doc__.splitlines()[0]

    def __call__(self, x: np.ndarray, y: np.ndarray) -> float:
        """The score of two arrays (n, p) and (n, q), row i of both being the same example.

        Raises ValueError for input that has no score; see `Representation.of` and `of`.
        """
        return self.of(Pair.of(x, y))

    def of(self, pair: Pair) -> float:
        """The score of a pair, clipped to the range. Raises NoSimilarity if it is not finite."""
        score = float(pair.cached(self.score))
        if not np.isfinite(score):
            raise NoSimilarity(
                f"{self.name} of {pair.left.name} and {pair.right.name} is {score};"
                " the measure failed on this input"
            )
        return min(max(score, self.low), self.high)
