"""Scores without one group of sequences at a time, from the factors of all rows: the jackknife.

DIFFERS: from a bootstrap. That repeats sequences, and repeated rows raise similarity by themselves:
debiased CKA of unrelated data of width 64 with 240 sequences of 16 rows goes from 0.060 to 0.123,
PWCCA from 0.23 to 0.30, so that a bootstrap interval need not hold the score. Leaving sequences out
repeats none (0.066 and 0.245 with a tenth left out).
"""

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
import scipy.linalg

from seqtransfer.similarity.measures.measure import Measure
from seqtransfer.similarity.measures.pairings import RELATIVE_CUTOFF, Pairing, Side, prepare

VANISHED = 1e-8  # share of a direction's variance in the kept rows, below which it is gone
CLEAR = 1e-2  # where no direction of the kept rows is shorter, Cholesky's root serves


class Without(Side):
    """A side without some rows, factored from the whole side's factors: exact to rounding.

    kept: (n,) bool. Costs a few products of rank x rank instead of passes over all rows.
    """

    def __init__(self, whole: Side, kept: np.ndarray):
        super().__init__(whole.rows, whole.name)
        # Nothing reads them, but how many there are and how wide.
        self.rows = np.broadcast_to(np.nan, (np.count_nonzero(kept), whole.width))
        self._whole, self._kept = whole, kept

    @cached_property
    def out(self) -> np.ndarray:
        """(rows left out, whole rank): of the whole's basis."""
        return self._whole.basis[~self._kept]

    @cached_property
    def mean(self) -> np.ndarray:
        """(whole rank,): mean of the whole's basis over the kept rows; over all rows it is 0."""
        return -self.out.sum(axis=0) / len(self.rows)

    @cached_property
    def _small(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(whole rank, rank) turn, (rank,) singular in the whole's scale, (rank, p) loadings."""
        rank, unit = self._whole.rank, self._whole.singular
        gram = np.eye(rank) - self.out.T @ self.out
        gram -= len(self.rows) * np.outer(self.mean, self.mean)
        inverse = _inverse_root(gram)
        scaled = (gram @ inverse).T * unit
        squares, directions = scipy.linalg.eigh(scaled @ scaled.T, driver="evd", check_finite=False)
        directions = directions[:, squares > RELATIVE_CUTOFF**2 * squares[-1]][:, ::-1]
        neurons = directions.T @ scaled @ self._whole.loadings
        singular = np.linalg.norm(neurons, axis=1)
        return inverse @ directions, singular, neurons / singular[:, None]

    @property
    def turn(self) -> np.ndarray:
        """(whole rank, rank): basis = (whole basis of the kept rows - mean) @ turn."""
        return self._small[0]

    @cached_property
    def basis(self) -> np.ndarray:
        """(n, rank) float64, orthonormal columns."""
        return (self._whole.basis[self._kept] - self.mean) @ self.turn

    @property
    def singular(self) -> np.ndarray:
        """(rank,) float64, descending from 1."""
        return self._small[1] / self._small[1][0]

    @property
    def loadings(self) -> np.ndarray:
        """(rank, p) float64, orthonormal rows."""
        return self._small[2]

    @cached_property
    def squared_norms(self) -> np.ndarray:
        """(n,) float64: squared length of each centred row, in the scale of `singular`."""
        mean = self.mean * self._whole.singular
        along = (self._whole.basis @ (mean * self._whole.singular))[self._kept]
        norms = self._whole.squared_norms[self._kept] - 2 * along + np.square(mean).sum()
        return norms / self._small[1][0] ** 2


def _inverse_root(gram: np.ndarray) -> np.ndarray:
    """R (p, rank) with R^T gram R = 1, without directions that vanished."""
    try:
        root = np.linalg.cholesky(gram)
    except np.linalg.LinAlgError:
        root = np.zeros((1, 1))
    if np.diag(root).min() > CLEAR:
        return scipy.linalg.lapack.dtrtri(root, lower=1)[0].T
    values, vectors = np.linalg.eigh(gram)
    kept = values > VANISHED
    return vectors[:, kept] / np.sqrt(values[kept])


def pair_without(whole: Pairing, left: Without, right: Without) -> Pairing:
    """The pairing of two sides without the same rows; `whole` is that of all rows.

    Its C is float32, so scores are good to 1e-5, far below what a group of sequences changes.
    """
    shared = whole.cross - left.out.T @ right.out
    shared = shared - len(left.rows) * np.outer(left.mean, right.mean)
    return Pairing(left, right, cross=(left.turn.T @ shared @ right.turn).astype(np.float32))


def groups(sequences: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
    """(n,) int: which of `count` groups, equal up to one sequence, the row's sequence is in.

    Raises ValueError for fewer sequences than groups.
    """
    names, places = np.unique(sequences, return_inverse=True)
    if len(names) < count:
        raise ValueError(f"compare.groups is {count}, but there are {len(names)} sequences")
    return (generator.permutation(len(names)) % count)[places]


class Sample:
    """One layer, whole and without each group, for measures that see `rows` (n,) bool of it."""

    def __init__(self, x: np.ndarray, name: str, group: np.ndarray, seen: np.ndarray):
        """group: (n,) as `groups` gives it; seen: (n,) bool, rows that pairwise measures see."""
        self._whole = prepare(x, name)
        masks = [group != number for number in range(group.max() + 1)]
        self._without = [Without(self._whole, kept) for kept in masks]
        self._x, self._seen, self._masks = x, seen, masks

    @cached_property
    def _pairwise(self) -> list[Side]:
        """The first sequences, whole and without each group."""
        masks = [self._seen, *(self._seen & kept for kept in self._masks)]
        return [prepare(self._x[mask], self._whole.name) for mask in masks]

    def scores(self, right: "Sample", measures: Sequence[Measure]) -> Iterator[tuple]:
        """Yield (measure, group, score): group -1 is all rows, 0 .. are without that group."""
        factored = [measure for measure in measures if not measure.pairwise]
        if factored:
            whole = Pairing(self._whole, right._whole)
            parts = zip(self._without, right._without, strict=True)
            # One at a time: the factors of a pairing are as large as a layer.
            for number in range(-1, len(self._without)):
                pairing = whole if number < 0 else pair_without(whole, *next(parts))
                for measure in factored:
                    yield measure, number, measure.of(pairing)
        for measure in measures:
            if measure.pairwise:
                sides = zip(self._pairwise, right._pairwise, strict=True)
                for number, (left, other) in enumerate(sides, start=-1):
                    yield measure, number, measure.of(Pairing(left, other))
