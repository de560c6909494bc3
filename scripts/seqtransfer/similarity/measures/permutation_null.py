"""The permutation null: the scores that a pair gets when the right's units are shuffled.

A draw of the null puts each left unit beside another right unit: a sequence, or all sequences of a
piece of music or of a family of near-duplicates. Rows of one unit move together, since they are
dependent. Units meet only those whose rows are at the same positions: these are a block, most
often of several (`representations.probe`). All draws of a comparison use one random arrangement:

1. Put the units of each block, in random order, into columns of `period` units, as many as fit.
   The columns of all blocks are a grid.
2. A draw shifts the right grid cyclically along its rows by s places, 0 < s < period: the unit at
   (i, j) of the left grid meets the one at (i + s, j) of the right grid. Shifts are drawn without
   replacement.
3. The few units of a block that do not fill a column are permuted at random, anew for each draw.

Shifts by 0 .. period - 1 form a group of permutations. For draws from a group, without
replacement, (1 + draws that score at least as much) / (1 + draws) is an exact p-value (Hemerik and
Goeman 2018, theorems 1 and 2). Shifts are also cheap: as a function of s the cross products
sum over i, j of basis_left[i, j]^T basis_right[i + s, j] are a circular cross-correlation, so one
Fourier transform along the grid's rows gives them for all s at the cost of about two draws.

Blocks of no more units than draws have no columns, and every draw permutes all their units.
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
CHUNK_ROWS = 2**14  # rows of a streamed representation that are in memory at a time


@dataclass(frozen=True, eq=False)
class UnitPermutations:
    """Random permutations of whole units, one per draw, as the module describes them.

    grid: (period, m) int, row numbers; m = columns x rows per unit, (0, 0) without a grid.
    shifts: (draws,) int, by how many places each draw shifts the grid.
    rest: (r, rows per unit) int, row numbers of the units outside the grid.
    rest_orders: (draws, r) int, a permutation of these r units within blocks for each draw.
    """

    grid: np.ndarray
    shifts: np.ndarray
    rest: np.ndarray
    rest_orders: np.ndarray

    @classmethod
    def draw(
        cls,
        units: np.ndarray,
        *,
        draws: int,
        generator: np.random.Generator,
        positions: np.ndarray | None = None,
    ) -> "UnitPermutations":
        """Draw permutations for the null hypothesis that two encoders share nothing but positions.

        units: (n,) int, the unit that each row belongs to, all of the same number of rows;
        positions: (n,) int, where each row stands in its sequence; None if all units have the same.
        A row keeps its position, so the null holds the similarity that positions alone give. Single
        rows, or single sequences of a unit, are not shuffled: the null would be too narrow.
        Raises ValueError for another shape, unequal units, fewer than two units, or fewer than one
        draw.
        """
        if draws < 1:
            raise ValueError(f"draws is {draws}; a null needs at least one permutation")
        rows = _rows_by_unit(np.asarray(units))
        rows = rows[generator.permutation(len(rows))]
        blocks = _blocks(rows, positions)
        period = _period([len(block) for block in blocks], draws)
        fit = [len(block) // period * period if period else 0 for block in blocks]
        columns = [b[:n].reshape(period, -1) for b, n in zip(blocks, fit, strict=True) if n]
        rests = [block[n:] for block, n in zip(blocks, fit, strict=True)]
        starts = np.cumsum([0, *map(len, rests)])
        rest_orders = [
            np.concatenate([start + generator.permutation(len(rest))
                            for start, rest in zip(starts, rests, strict=False)])
            for _ in range(draws)
        ]  # fmt: skip
        return cls(
            grid=np.concatenate(columns, axis=1) if period else np.empty((0, 0), np.intp),
            shifts=generator.permutation(np.arange(1, period))[:draws]
            if period else np.zeros(draws, dtype=np.intp),
            rest=np.concatenate(rests),
            rest_orders=np.array(rest_orders, dtype=np.intp),
        )  # fmt: skip

    @property
    def draws(self) -> int:
        """How many permutations there are."""
        return len(self.shifts)

    def permutation(self, draw: int) -> np.ndarray:
        """(n,) int: the right row that stands beside each left row in this draw."""
        permutation = np.empty(self.grid.size + self.rest.size, dtype=np.intp)
        permutation[self.grid] = np.roll(self.grid, -self.shifts[draw], axis=0)
        permutation[self.rest] = self.rest[self.rest_orders[draw]]
        return permutation

    def pairs(self, left: Representation, right: Representation) -> Iterator[Pair]:
        """Yield each draw's pair with its cross products, float32.

        Memory: `draws` to 2 `draws` times that of one matrix of cross products.
        """
        shifted = self._cross_products_of_shifts(left, right)
        for draw in range(self.draws):
            cross = shifted[self.shifts[draw]]
            if self.rest.size:
                rest, other = left.cached(self._rest_basis), right.cached(self._rest_basis)
                cross = cross + np.tensordot(
                    rest, other[self.rest_orders[draw]], axes=([0, 1], [0, 1])
                )
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

    def _rest_basis(self, representation: Representation) -> np.ndarray:
        """(r, rows per unit, rank) float32: the basis at the rows outside the grid."""
        basis = representation.basis_of(self.rest.ravel()).astype(np.float32)
        return basis.reshape(*self.rest.shape, -1)


def _transformed(representation: Representation, grid: np.ndarray) -> np.ndarray:
    basis = representation.basis_of(grid.ravel()).astype(np.float32)
    return np.fft.rfft(basis.reshape(*grid.shape, -1), axis=0)


def _blocks(rows: np.ndarray, positions: np.ndarray | None) -> list[np.ndarray]:
    """The units, each its `rows`, of every set of positions."""
    if positions is None:
        return [rows]
    block = np.unique(np.asarray(positions)[rows], axis=0, return_inverse=True)[1].ravel()
    return [rows[block == number] for number in range(block.max() + 1)]


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
