"""A side too long for memory: its rows stay in their file and are read in chunks, moments are kept.

`sides.Side` holds a layer's rows and basis in float64; a `StreamedSide` its means, its centred
second moments (p, p) and its rows' squared lengths (n,), and reads the rows again for every cross
product. The same measures and the same re-pairings take it; only `cka_minibatch`, which is of the
rows themselves, does not.

Accuracy. The first pass finds the means and refuses NaN, the second the moments about them (of
differences to the first row, so that large means lose nothing and constant columns stay constant).
Moments square the conditioning: singular values r of the largest, and all canonical correlations,
are then off by about 1e-16 / r^2. Where a side has directions with r between `NEGLIGIBLE` and
`PRECISE`, a third pass takes the moments in the directions found, each scaled to length 1, and so
do the cross products: their error no longer depends on r, and the rank is decided on singular
values good to 1e-10. Scores are those of the SVD of the rows within 1e-8 over all conditionings
(tests/test_streaming.py), except that squared lengths of rows include the dropped directions, 1e-10
of the leading variance each. Where correlations all but tie, PWCCA's weights within the tie are
arbitrary in either path: it then moves by some 1e-8, as the SVD's own does when columns are
permuted.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from seqtransfer.similarity.measures.pairings import RELATIVE_CUTOFF, Side

CHUNK_BYTES = 2**26  # of one side in float64
# Singular values over the largest: from the first on scores from moments are good to 1e-9 (2e-11
# measured), below the second (a tenth of the rank's cut-off, far above the rounding of moments) a
# direction cannot be kept.
PRECISE, NEGLIGIBLE = 3e-4, 1e-6


class StreamedSide(Side):
    """A side that knows no basis as a whole.

    rows: (n, p) floats of 16, 32 or 64 bits, n >= 4, of which slices and rows are asked for: an
    array, a mapped file, `states.Rows`.

    Raises ValueError, calling it `name`, as `sides.prepare` does, and where squares overflow.
    """

    streamed = True

    def __init__(self, rows: np.ndarray, name: str):
        super().__init__(rows, name)
        if len(rows.shape) != 2 or rows.dtype.kind != "f" or rows.shape[1] == 0:
            raise ValueError(
                f"{name}: {rows.dtype} of shape {rows.shape} is not floats (examples, neurons)"
            )
        if len(rows) < 4:
            raise ValueError(f"{name}: {len(rows)} rows, but the measures need at least 4 examples")
        self._turn = None
        self._mean = self._find_mean()
        norms = np.empty(len(rows))
        scales, directions = _spectrum(self._moments(norms), name)
        found = _factors(scales, directions)
        if _imprecise(scales):
            scales = np.maximum(scales, NEGLIGIBLE * scales[0])
            self._turn = directions / scales
            found = _refined(self._moments(), scales, directions)
        self._coordinates = found.coordinates
        self._factors = (None, found.singular, found.loadings)  # in place of what `Side` computes
        self.squared_norms = norms / found.scale**2

    @property
    def basis(self) -> np.ndarray:
        """None is held. Raises ValueError."""
        raise ValueError(
            f"{self.name}: this measure needs its rows in memory; raise compare.memory, or leave"
            " the measure out"
        )

    def basis_of(self, rows: np.ndarray | slice) -> np.ndarray:
        """(k, rank) float64: those rows of the basis."""
        return self._read(rows) @ self._coordinates

    def cross(self, other: Side, order: np.ndarray | None = None) -> np.ndarray:
        """As `Side.cross`, of two streamed sides, read side by side."""
        total = np.zeros((self.width, other.width))
        for part in self._parts():
            right = other._read(part if order is None else order[part])
            total += self._read(part).T @ right
        return self._coordinates.T @ total @ other._coordinates

    def _parts(self) -> Iterator[slice]:
        step = max(1, CHUNK_BYTES // (8 * self.width))
        for start in range(0, len(self.rows), step):
            yield slice(start, min(start + step, len(self.rows)))

    def _read(self, rows: np.ndarray | slice) -> np.ndarray:
        """Rows less the mean, float64, in the directions of the third pass if there is one."""
        centred = np.subtract(self.rows[rows], self._mean, dtype=np.float64)
        return centred if self._turn is None else centred @ self._turn

    def _moments(self, norms: np.ndarray | None = None) -> np.ndarray:
        """(p, p) float64 second moments of what is read; its squared lengths go into norms."""
        total = np.zeros((self.width, self.width))
        for part in self._parts():
            rows = self._read(part)
            total += rows.T @ rows
            if norms is not None:
                norms[part] = np.einsum("ij,ij->i", rows, rows)
        return total

    def _find_mean(self) -> np.ndarray:
        """(p,) float64 means, exact for constant columns; refuses what is not finite."""
        first = np.asarray(self.rows[:1], dtype=np.float64)[0]
        total = np.zeros_like(first)
        for part in self._parts():
            with np.errstate(invalid="ignore", over="ignore"):  # refused below
                total += np.subtract(self.rows[part], first, dtype=np.float64).sum(axis=0)
            if not np.isfinite(total).all():
                self._refuse(part)
        return first + total / len(self.rows)

    def _refuse(self, part: slice) -> None:
        rows = np.asarray(self.rows[part])
        faults = np.argwhere(~np.isfinite(rows))
        if not len(faults):
            raise ValueError(
                f"{self.name}: its sums leave the range of float64; divide it by its scale"
            )
        row, column = faults[0]
        raise ValueError(
            f"{self.name}: {rows[row, column]} at row {part.start + row}, column {column}; did the"
            " run diverge?"
        )


@dataclass(frozen=True)
class _Factors:
    """Truncated SVD of a side's centred rows, whose basis is (what was read) @ coordinates."""

    scale: float
    singular: np.ndarray
    loadings: np.ndarray
    coordinates: np.ndarray


def _spectrum(moments: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray]:
    """(p,) singular values of the centred rows, descending, and (p, p) directions in columns."""
    trace = np.trace(moments)
    if trace == 0:
        raise ValueError(f"{name}: all rows are equal, so no similarity is defined")
    if not 1e-200 < trace < 1e200:
        raise ValueError(f"{name}: its squares leave the range of float64; divide it by its scale")
    values, vectors = (part[..., ::-1] for part in np.linalg.eigh(moments))
    return np.sqrt(values.clip(0)), vectors


def _imprecise(scales: np.ndarray) -> bool:
    relative = scales / scales[0]
    return bool(((relative > NEGLIGIBLE) & (relative < PRECISE)).any())


def _factors(scales: np.ndarray, directions: np.ndarray) -> _Factors:
    rank = int(np.count_nonzero(scales > RELATIVE_CUTOFF * scales[0]))
    kept, coordinates = scales[:rank], directions[:, :rank] / scales[:rank]
    return _Factors(scales[0], kept / scales[0], directions[:, :rank].T, coordinates)


def _refined(moments: np.ndarray, scales: np.ndarray, directions: np.ndarray) -> _Factors:
    """From moments G of rows @ directions / scales: rows^T rows = (root G diag(scales) V^T)^2."""
    values, vectors = np.linalg.eigh(moments)
    root = np.sqrt(values.clip(0))[:, None] * vectors.T
    _, singular, turned = np.linalg.svd(root * scales)
    rank = int(np.count_nonzero(singular > RELATIVE_CUTOFF * singular[0]))
    kept, turned = singular[:rank], turned[:rank]
    coordinates = scales[:, None] * turned.T / kept
    return _Factors(singular[0], kept / singular[0], turned @ directions.T, coordinates)
