"""The permutation null: the scores that a pair gets when the right's units are shuffled.

A draw of the null puts each left unit beside another right unit: a sequence, or all sequences of a
piece of music or of a family of near-duplicates. Rows of one unit move together, since they are
dependent. Units meet only those of their block, whose rows are at the same positions
(`representations.probe`). All draws of a comparison use one random arrangement:

1. Put the units of each block, in random order, into columns of `period` units, as many as fit.
   The columns of all blocks are a grid.
2. A draw shifts the right grid cyclically along its rows by s places, 0 < s < period: the unit at
   (i, j) of the left grid meets the one at (i + s, j) of the right grid. Shifts are drawn without
   replacement.
3. The few units of a block that do not fill a column are permuted at random, anew for each draw;
   one of them may meet itself.

Shifts by 0 .. period - 1 form a group of permutations. For draws from a group, without
replacement, (1 + draws that score at least as much) / (1 + draws) is an exact p-value (Hemerik and
Goeman 2018, theorems 1 and 2). Shifts are also cheap: as a function of s the cross products
sum over i, j of basis_left[i, j]^T basis_right[i + s, j] are a circular cross-correlation, so one
Fourier transform along the grid's rows gives them for all s at the cost of about two draws.

Blocks of no more units than draws have no columns, and every draw permutes all their units: one of
them, on average, meets itself, so that the mean of the null is the higher the smaller blocks are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from seqtransfer.similarity.measures.pair import Pair
from seqtransfer.similarity.measures.representation import Representation

# Cross products of a draw are float32: its scores are off by at most this, relative to scores above
# 1 (tests/similarity/test_permutation_null.py measures it over shapes and conditions). A draw
# counts as reaching the score from this much below it.
DRAW_ERROR = 2e-5
BLOCK = 20  # units at least of a block, where there are as many
CHUNK_ROWS = 2**14  # rows of a streamed representation that are in memory at a time
AT_ONCE = 20  # draws whose cross products are in memory at a time, besides those of a grid


@dataclass(frozen=True, eq=False)
class UnitPermutations:
    """Random permutations of whole units, one per draw, as the module describes them.

    grid: (period, m) int, row numbers; m = columns x rows per unit, (0, 0) without a grid.
    shifts: (draws,) int, by how many places each draw shifts the grid.
    rest: of each block the units outside the grid, (r, rows per unit) int, row numbers.
    rest_orders: of each block (draws, r) int, a permutation of these r units for each draw.
    """

    grid: np.ndarray
    shifts: np.ndarray
    rest: tuple[np.ndarray, ...]
    rest_orders: tuple[np.ndarray, ...]

    @classmethod
    def draw(
        cls,
        units: np.ndarray,
        *,
        draws: int,
        generator: np.random.Generator,
        blocks: np.ndarray | None = None,
    ) -> "UnitPermutations":
        """Draw permutations for the null hypothesis that two encoders share nothing but positions.

        units: (n,) int, the unit that each row belongs to, all of the same number of rows, in the
        same order of positions; blocks: (n,) int, as the function `blocks` gives them; None for
        one. A row keeps its place among its sequence's tokens, so the null holds the similarity
        that positions alone give; of two texts not that of their sides: tokens are counted through.
        Single rows, or single sequences of a unit, are not shuffled: the null would be too narrow.
        Raises ValueError for another shape, unequal units, fewer than two units, or fewer than one
        draw.
        """
        if draws < 1:
            raise ValueError(f"draws is {draws}; a null needs at least one permutation")
        rows = _rows_by_unit(np.asarray(units))
        rows = rows[generator.permutation(len(rows))]
        block = np.zeros(len(rows), int) if blocks is None else np.asarray(blocks)[rows[:, 0]]
        each = [rows[block == number] for number in np.unique(block)]
        period = _period([len(own) for own in each], draws)
        fit = [len(own) // period * period if period else 0 for own in each]
        columns = [own[:n].reshape(period, -1) for own, n in zip(each, fit, strict=True) if n]
        rest = tuple(own[n:] for own, n in zip(each, fit, strict=True) if n < len(own))
        return cls(
            grid=np.concatenate(columns, axis=1) if period else np.empty((0, 0), np.intp),
            shifts=generator.permutation(np.arange(1, period))[:draws]
            if period else np.zeros(draws, dtype=np.intp),
            rest=rest,
            rest_orders=tuple(
                np.array([generator.permutation(len(own)) for _ in range(draws)]) for own in rest
            ),
        )  # fmt: skip

    @property
    def draws(self) -> int:
        """How many permutations there are."""
        return len(self.shifts)

    def permutation(self, draw: int) -> np.ndarray:
        """(n,) int: the right row that stands beside each left row in this draw."""
        count = self.grid.size + sum(own.size for own in self.rest)
        permutation = np.empty(count, dtype=np.intp)
        permutation[self.grid] = np.roll(self.grid, -self.shifts[draw], axis=0)
        for own, orders in zip(self.rest, self.rest_orders, strict=True):
            permutation[own] = own[orders[draw]]
        return permutation

    def pairs(self, left: Representation, right: Representation) -> Iterator[Pair]:
        """Yield each draw's pair with its cross products, float32.

        Memory: AT_ONCE matrices of cross products; with a grid two of each of its shifts, too.
        """
        shifted = self._cross_products_of_shifts(left, right)
        for start in range(0, self.draws, AT_ONCE):
            part = slice(start, start + AT_ONCE)
            crosses = shifted[self.shifts[part]]
            for own, orders in zip(self.rest, self.rest_orders, strict=True):
                rest, other = (
                    side.basis_of(own.ravel()).astype(np.float32).reshape(*own.shape, -1)
                    for side in (left, right)
                )
                for cross, order in zip(crosses, orders[part], strict=True):
                    cross += np.tensordot(rest, other[order], axes=([0, 1], [0, 1]))
            for draw, cross in enumerate(crosses, start):
                yield Pair(left, right, self.permutation(draw), cross)

    def pairs_without_cross_products(
        self, left: Representation, right: Representation
    ) -> Iterator[Pair]:
        """Yield each draw's pair without cross products, for measures that do not use them."""
        for draw in range(self.draws):
            yield Pair(left, right, self.permutation(draw))

    def _cross_products_of_shifts(self, left, right) -> np.ndarray:
        """(period, rank left, rank right) float32: the grid's cross products, for every shift."""
        if not self.grid.size:
            return np.zeros((1, left.rank, right.rank), dtype=np.float32)
        spectrum = 0
        for ours, theirs in zip(self._spectra(left), self._spectra(right), strict=True):
            spectrum = spectrum + ours.conj().transpose(0, 2, 1) @ theirs
        return np.fft.irfft(spectrum, n=len(self.grid), axis=0)

    def _spectra(self, representation: Representation) -> Iterator[np.ndarray]:
        """Yield (period // 2 + 1, m, rank) complex64: the basis, transformed along the grid's rows.

        For a streamed representation some of the m columns at a time, read anew for every pair.
        """
        if not representation.streamed:
            yield representation.cached(self._spectrum)
            return
        step = max(1, CHUNK_ROWS // len(self.grid))
        for start in range(0, self.grid.shape[1], step):
            yield _transformed(representation, self.grid[:, start : start + step])

    def _spectrum(self, representation: Representation) -> np.ndarray:
        return _transformed(representation, self.grid)


def blocks(units: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """(n,) int: the block of each row, of units whose rows are at the same positions.

    units, positions: (n,) int, of each row. Raises ValueError as `UnitPermutations.draw`.
    """
    rows = _rows_by_unit(np.asarray(units))
    found = np.empty(rows.size, dtype=np.intp)
    block = np.unique(np.asarray(positions)[rows], axis=0, return_inverse=True)[1]
    found[rows] = block.reshape(-1, 1)
    return found


def _transformed(representation: Representation, grid: np.ndarray) -> np.ndarray:
    basis = representation.basis_of(grid.ravel()).astype(np.float32)
    return np.fft.rfft(basis.reshape(*grid.shape, -1), axis=0)


def _period(units: Sequence[int], draws: int) -> int:
    """The grid's number of rows: in (draws, 2 draws + 1], leaving the fewest units outside.

    units: how many of each block. 0 where they are too few for a grid.
    """
    periods = range(draws + 1, min(2 * draws + 1, max(units)) + 1)
    return min(periods, key=lambda period: sum(one % period for one in units), default=0)


def _rows_by_unit(units: np.ndarray) -> np.ndarray:
    """(units, rows per unit) int: the row numbers of each unit, in their order."""
    if units.ndim != 1:
        raise ValueError(f"units has shape {units.shape}; give one number per row")
    names, counts = np.unique(units, return_counts=True)
    if len(names) < 2:
        raise ValueError("all rows are of one unit; the null needs at least two units")
    if (counts != counts[0]).any():
        odd = np.flatnonzero(counts != counts[0])[0]
        raise ValueError(
            f"unit {names[odd]} has {counts[odd]} rows, unit {names[0]} has {counts[0]}; "
            "take the same number of positions from each"
        )
    return np.argsort(units, kind="stable").reshape(len(names), counts[0])
