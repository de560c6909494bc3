"""The permutation null: whole sequences of the right side re-paired, the same way for all measures.

Most sequences are put at random on circles of equal length, and a draw turns every circle by the
same number of places. The turns are a group, drawn without replacement, so that
(1 + #null >= score) / (1 + draws) is an exact p-value (Hemerik & Goeman 2018, theorems 1 and 2);
and one Fourier transform along the circles gives the cross products C of all turns at the price of
about two of them. What is left over is permuted at random, draw by
draw; with no more sequences than draws that is all of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from seqtransfer.similarity.measures.pairings import Pairing, Side

# A draw's C is float32: scores from it are off by up to 1e-5 (tests/test_similarity.py measures it
# over shapes and conditions). A null score counts as reaching the score from this below it on.
DRAW_ERROR = 2e-5
CHUNK_ROWS = 2**14  # of a streamed side that are in memory at a time


@dataclass(frozen=True, eq=False)
class Repairings:
    """Draws of a null.

    circles: (places, m) int rows, one circle a column, empty (0, 0) if there is none; turns:
    (draws,) int, places by which a draw turns them; rest: (r, rows per sequence) int rows of the
    left-over sequences; partners: (draws, r) int, which of them each is paired with.
    """

    circles: np.ndarray
    turns: np.ndarray
    rest: np.ndarray
    partners: np.ndarray

    @property
    def draws(self) -> int:
        """How many re-pairings."""
        return len(self.turns)

    def order(self, draw: int) -> np.ndarray:
        """(n,) int: which row of the right side stands beside each row of the left."""
        order = np.empty(self.circles.size + self.rest.size, dtype=np.intp)
        order[self.circles] = np.roll(self.circles, -self.turns[draw], axis=0)
        order[self.rest] = self.rest[self.partners[draw]]
        return order

    def pairings(self, left: Side, right: Side) -> Iterator[Pairing]:
        """Every draw's pairing with its C, float32. Memory: draws to 2 draws times that of C."""
        turned = self._turned(left, right)
        for draw in range(self.draws):
            cross = turned[self.turns[draw]]
            if self.rest.size:
                rest, other = left.view(self._rest_basis), right.view(self._rest_basis)
                cross = cross + np.tensordot(
                    rest, other[self.partners[draw]], axes=([0, 1], [0, 1])
                )
            yield Pairing(left, right, self.order(draw), cross)

    def orders(self, left: Side, right: Side) -> Iterator[Pairing]:
        """Every draw's pairing without C, for measures that do not need it."""
        for draw in range(self.draws):
            yield Pairing(left, right, self.order(draw))

    def _turned(self, left: Side, right: Side) -> np.ndarray:
        """(places, rank left, rank right) float32: the circles' part of C for every turn."""
        if not self.circles.size:
            return np.zeros((1, left.rank, right.rank), dtype=np.float32)
        spectrum = 0
        for ours, theirs in zip(self._spectra(left), self._spectra(right), strict=True):
            spectrum = spectrum + ours.conj().transpose(0, 2, 1) @ theirs
        return np.fft.irfft(spectrum, n=len(self.circles), axis=0)

    def _spectra(self, side: Side) -> Iterator[np.ndarray]:
        """(places // 2 + 1, m, rank) complex64: the basis along the circles, transformed.

        Of a streamed side some circles at a time, read anew for every pairing.
        """
        if not side.streamed:
            yield side.view(self._spectrum)
            return
        step = max(1, CHUNK_ROWS // len(self.circles))
        for start in range(0, self.circles.shape[1], step):
            yield _transformed(side, self.circles[:, start : start + step])

    def _spectrum(self, side: Side) -> np.ndarray:
        return _transformed(side, self.circles)

    def _rest_basis(self, side: Side) -> np.ndarray:
        """(r, rows per sequence, rank) float32."""
        return side.basis_of(self.rest.ravel()).astype(np.float32).reshape(*self.rest.shape, -1)


def _transformed(side: Side, circles: np.ndarray) -> np.ndarray:
    basis = side.basis_of(circles.ravel()).astype(np.float32)
    return np.fft.rfft(basis.reshape(*circles.shape, -1), axis=0)


def draw(
    sequences: np.ndarray, n: int, *, draws: int, generator: np.random.Generator
) -> Repairings:
    """Draw re-pairings of whole sequences: what models that share no example would score.

    sequences: (n,) int, the sequence each row was taken from; every sequence has the same number
    of rows, in the same order of positions. Rows of one sequence stay together since they are
    dependent (shuffling single rows would make the null too low) and keep their position, so
    similarity owed to position alone is in the null.

    Raises ValueError for unequal sequences, fewer than two of them, or fewer than one draw.
    """
    if draws < 1:
        raise ValueError(f"draws is {draws}; a null needs at least one re-pairing")
    rows = _rows_by_sequence(np.asarray(sequences), n)
    rows = rows[generator.permutation(len(rows))]
    places = _places(len(rows), draws)
    on_circles = len(rows) // places * places if places else 0
    rest = rows[on_circles:]
    partners = [generator.permutation(len(rest)) for _ in range(draws)]
    return Repairings(
        circles=rows[:on_circles].reshape(places, -1) if places else np.empty((0, 0), np.intp),
        turns=generator.permutation(np.arange(1, places))[:draws]
        if places else np.zeros(draws, dtype=np.intp),
        rest=rest,
        partners=np.array(partners, dtype=np.intp).reshape(draws, len(rest)),
    )  # fmt: skip


def _places(sequences: int, draws: int) -> int:
    """The circles' length in (draws, 2 draws + 1] that leaves over the fewest sequences, or 0."""
    lengths = range(draws + 1, min(2 * draws + 1, sequences) + 1)
    return min(lengths, key=lambda length: sequences % length, default=0)


def _rows_by_sequence(sequences: np.ndarray, n: int) -> np.ndarray:
    """(sequences, rows per sequence) int: which rows belong to each sequence, in their order."""
    if sequences.shape != (n,):
        raise ValueError(f"sequences has shape {sequences.shape}, but there are {n} rows")
    names, counts = np.unique(sequences, return_counts=True)
    if len(names) < 2:
        raise ValueError("all rows are of one sequence; re-pairing needs at least two sequences")
    if (counts != counts[0]).any():
        odd = np.flatnonzero(counts != counts[0])[0]
        raise ValueError(
            f"sequence {names[odd]} has {counts[odd]} rows, sequence {names[0]} has {counts[0]}; "
            "take the same number of positions from each"
        )
    return np.argsort(sequences, kind="stable").reshape(len(names), counts[0])
