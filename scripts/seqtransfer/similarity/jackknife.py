"""The jackknife: scores without one group of units at a time, computed from all rows' factors.

DIFFERS: from a bootstrap. A bootstrap repeats sequences, and repeated rows raise similarity by
themselves: debiased CKA of unrelated data of width 64 with 240 sequences of 16 rows goes from 0.060
to 0.123, PWCCA from 0.23 to 0.30, so that a bootstrap interval need not contain the score. Leaving
a tenth of the sequences out repeats none and gives 0.066 and 0.245.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np

from seqtransfer.similarity.layer_comparison import Undefined, prepared, score_of
from seqtransfer.similarity.measures.measure import Measure
from seqtransfer.similarity.measures.pair import Pair
from seqtransfer.similarity.measures.representation import (
    RELATIVE_CUTOFF,
    NoSimilarity,
    Representation,
    check_row_count,
)

# A direction is dropped if the kept rows have less than this share of its variance.
VANISHED = 1e-8
# If all diagonal entries of the Cholesky factor exceed this, its inverse is accurate enough.
CLEAR = 1e-2


class ReducedRepresentation(Representation):
    """A representation without some of its rows, from the decomposition of all: exact to rounding,
    but to some millionths where the kept rows leave little of a direction's variance.

    kept: (n,) bool. Costs a few products of (rank, rank) matrices instead of passes over all rows.
    Raises NoSimilarity as `Representation.of`.
    """

    def __init__(self, whole: Representation, kept: np.ndarray):
        super().__init__(whole.rows, whole.name)
        # No measure for which this class is used reads the values: only their count and width.
        self.rows = np.broadcast_to(np.nan, (np.count_nonzero(kept), whole.width))
        check_row_count(self.rows, whole.name)
        self._whole, self._kept = whole, kept
        self._small = self._factors()

    @property
    def drawn(self) -> int:
        """How many rows there were before any was left out."""
        return self._whole.drawn

    @property
    def places(self) -> np.ndarray:
        """(n,) int: where each row stood among these."""
        return self._whole.places[self._kept]

    @cached_property
    def removed_basis(self) -> np.ndarray:
        """(rows left out, whole rank): the whole's basis at the rows left out."""
        return self._whole.basis[~self._kept]

    @cached_property
    def mean(self) -> np.ndarray:
        """(whole rank,): mean of the whole's basis over the kept rows; over all rows it is 0."""
        return -self.removed_basis.sum(axis=0) / len(self.rows)

    def _factors(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(whole rank, rank) transformation, (rank,) singular values in the whole's scale, and
        (rank, p) loadings."""
        import scipy.linalg  # here, as everywhere in the room

        rank, unit = self._whole.rank, self._whole.singular_values
        gram = np.eye(rank) - self.removed_basis.T @ self.removed_basis
        gram -= len(self.rows) * np.outer(self.mean, self.mean)
        inverse = _inverse_root(gram)
        if not inverse.shape[1]:
            raise NoSimilarity(f"{self.name}: all rows are equal without a group of units")
        scaled = (gram @ inverse).T * unit
        squares, directions = scipy.linalg.eigh(scaled @ scaled.T, driver="evd", check_finite=False)
        directions = directions[:, squares > RELATIVE_CUTOFF**2 * squares[-1]][:, ::-1]
        neurons = directions.T @ scaled @ self._whole.loadings
        singular = np.linalg.norm(neurons, axis=1)
        return inverse @ directions, singular, neurons / singular[:, None]

    @property
    def transformation(self) -> np.ndarray:
        """(whole rank, rank) T: basis = (whole basis at the kept rows - mean) @ T."""
        return self._small[0]

    @cached_property
    def basis(self) -> np.ndarray:
        """(n, rank) float64, orthonormal columns."""
        return (self._whole.basis[self._kept] - self.mean) @ self.transformation

    @property
    def singular_values(self) -> np.ndarray:
        """(rank,) float64, descending from 1."""
        return self._small[1] / self._small[1][0]

    @property
    def loadings(self) -> np.ndarray:
        """(rank, p) float64, orthonormal rows."""
        return self._small[2]

    @cached_property
    def squared_norms(self) -> np.ndarray:
        """(n,) float64: squared length of each centred row, in the scale of `singular_values`."""
        mean = self.mean * self._whole.singular_values
        along = (self._whole.basis @ (mean * self._whole.singular_values))[self._kept]
        norms = self._whole.squared_norms[self._kept] - 2 * along + np.square(mean).sum()
        return norms / self._small[1][0] ** 2


def _inverse_root(gram: np.ndarray) -> np.ndarray:
    """R (p, rank) with R^T gram R = 1, without the directions that vanished."""
    import scipy.linalg

    try:
        root = np.linalg.cholesky(gram)
    except np.linalg.LinAlgError:
        root = np.zeros((1, 1))
    if np.diag(root).min() > CLEAR:
        return scipy.linalg.lapack.dtrtri(root, lower=1)[0].T
    values, vectors = np.linalg.eigh(gram)
    kept = values > VANISHED
    return vectors[:, kept] / np.sqrt(values[kept])


def _without(whole: Representation, kept: np.ndarray) -> ReducedRepresentation | Undefined:
    if not isinstance(whole, Undefined):
        try:
            return ReducedRepresentation(whole, kept)
        except NoSimilarity as reason:
            print(f"no similarity: {reason}", flush=True)
    return Undefined(np.count_nonzero(kept), whole.width, whole.name)


def reduced_pair(
    whole: Pair,
    left: ReducedRepresentation | Undefined,
    right: ReducedRepresentation | Undefined,
) -> Pair:
    """The pair of two representations without the same rows; `whole` is the pair of all rows.

    Its cross products are float32, so scores are good to 1e-5, far below what leaving out a group
    of units changes.
    """
    if isinstance(left, Undefined) or isinstance(right, Undefined):
        return Pair(left, right)
    shared = whole.cross_products - left.removed_basis.T @ right.removed_basis
    shared = shared - len(left.rows) * np.outer(left.mean, right.mean)
    cross = left.transformation.T @ shared @ right.transformation
    return Pair(left, right, cross_products=cross.astype(np.float32))


class GroupedLayer:
    """One layer as a whole and without each group of units, ready to be scored."""

    def __init__(self, layer: np.ndarray, name: str, groups: np.ndarray, pairwise_rows: np.ndarray):
        """layer: (n, width); groups: (n,) int, from `units.groups`; pairwise_rows: (n,) bool, the
        rows that pairwise measures score."""
        self._layer, self._name, self._pairwise_rows = layer, name, pairwise_rows
        self._kept = [groups != number for number in range(groups.max() + 1)]

    @cached_property
    def _whole(self) -> Representation:
        return prepared(self._layer, slice(None), self._name)

    @cached_property
    def _reduced(self) -> list[ReducedRepresentation | Undefined]:
        return [_without(self._whole, kept) for kept in self._kept]

    @cached_property
    def _pairwise(self) -> list[Representation]:
        """The rows of pairwise measures, all of them and without each group."""
        rows = [self._pairwise_rows, *(self._pairwise_rows & kept for kept in self._kept)]
        return [prepared(self._layer, chosen, self._name) for chosen in rows]

    def scores(
        self, right: "GroupedLayer", measures: Sequence[Measure]
    ) -> Iterator[tuple[Measure, int, float]]:
        """Yield (measure, group, score): group -1 is all rows, group g all but the rows of g.

        The score is NaN where this measure is not defined for these rows; others may well be.
        Raises ValueError as `Representation.of`.
        """
        factored = [measure for measure in measures if not measure.pairwise]
        if factored:
            whole = Pair(self._whole, right._whole)
            reduced = zip(self._reduced, right._reduced, strict=True)
            # One at a time: the factors of a pair are as large as a layer.
            for number in range(-1, len(self._reduced)):
                pair = whole if number < 0 else reduced_pair(whole, *next(reduced))
                for measure in factored:
                    yield measure, number, score_of(measure, pair)
        for measure in measures:
            if measure.pairwise:
                both = zip(self._pairwise, right._pairwise, strict=True)
                for number, (left, other) in enumerate(both, start=-1):
                    yield measure, number, score_of(measure, Pair(left, other))
