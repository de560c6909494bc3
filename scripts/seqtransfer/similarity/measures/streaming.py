"""A representation too long for memory: its rows are read from their file in chunks.

`Representation` holds a layer's rows and basis in float64. `StreamedRepresentation` holds the
means, the second moments about them (p, p) and the rows' squared lengths (n,), and reads the rows
again for every matrix of cross products. All measures and the same permutations take it, except
measures that need all rows at once (`Measure.streams`).

Accuracy. The first pass finds the means and refuses NaN. The second pass finds the moments about
the means; it subtracts the first row before it sums, so that large means cost no digits and
constant columns stay constant. Let r be a singular value divided by the largest one. Singular
values and canonical correlations from moments are off by about 1e-16 / r^2. Where a representation
has directions with r between `NEGLIGIBLE` and `PRECISE`, a third pass therefore computes the
moments in the directions found, each scaled to length 1, and so do the cross products: the error
no longer depends on r, and the rank is decided on singular values good to 1e-10. Scores agree with
those of the SVD of the rows to 1e-8 at any conditioning (tests/similarity/test_streaming.py), with
these exceptions. Squared lengths of rows include the dropped directions, 1e-10 of the leading
variance each. Where one row holds nearly all variance, debiased CKA is a ratio of small differences
of large numbers, good to 1e-7 in either way. Where correlations are nearly equal, PWCCA's weights
among them are arbitrary in both ways, so PWCCA differs by about 1e-8, as it does when columns are
permuted.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from seqtransfer.similarity.measures.representation import (
    RELATIVE_CUTOFF,
    NoSimilarity,
    Representation,
    check_row_count,
)

CHUNK_BYTES = 2**26  # of one representation's rows in float64
# Singular values divided by the largest. From PRECISE on, scores from moments are good to 1e-9
# (2e-11 measured). A direction below NEGLIGIBLE is never kept: it is a tenth of the rank's cut-off
# and far above the rounding of moments.
PRECISE, NEGLIGIBLE = 3e-4, 1e-6


class StreamedRepresentation(Representation):
    """A representation that never holds its basis as a whole.

    rows: (n, p) floats of 16, 32 or 64 bits, n >= 4, that can be indexed by slices and row numbers:
    an array, a memory-mapped file, or `representation_files.ChunkedLayer`.

    Raises ValueError that begins with `name` as `Representation.of` does, and where squares
    overflow.
    """

    streamed = True

    def __init__(self, rows: np.ndarray, name: str):
        super().__init__(rows, name)
        if len(rows.shape) != 2 or rows.dtype.kind != "f" or rows.shape[1] == 0:
            raise ValueError(
                f"{name}: {rows.dtype} of shape {rows.shape} is not floats (examples, neurons)"
            )
        check_row_count(rows, name)
        self._whitening = None
        self._mean = self._find_mean()
        norms = np.empty(len(rows))
        scales, directions = _spectrum(self._moments(norms), name)
        found = _truncated(scales, directions)
        if _imprecise(scales):
            scales = np.maximum(scales, NEGLIGIBLE * scales[0])
            self._whitening = directions / scales
            found = _refined(self._moments(), scales, directions)
        self._coordinates = found.coordinates
        # In place of what `Representation` computes; there is no basis.
        self._decomposition = (None, found.singular, found.loadings)
        self.squared_norms = norms / found.scale**2

    @property
    def basis(self) -> np.ndarray:
        """Raises ValueError: the basis as a whole is not in memory."""
        raise ValueError(
            f"{self.name}: this measure needs its rows in memory; raise compare.memory, or leave"
            " the measure out"
        )

    def basis_of(self, rows: np.ndarray | slice) -> np.ndarray:
        """(k, rank) float64: the basis at the k row numbers `rows`."""
        return self._read(rows) @ self._coordinates

    def cross_products(
        self, other: Representation, permutation: np.ndarray | None = None
    ) -> np.ndarray:
        """As `Representation.cross_products`; the other is streamed, too."""
        total = np.zeros((self.width, other.width))
        for part in self._parts():
            right = other._read(part if permutation is None else permutation[part])
            total += self._read(part).T @ right
        return self._coordinates.T @ total @ other._coordinates

    def _parts(self) -> Iterator[slice]:
        step = max(1, CHUNK_BYTES // (8 * self.width))
        for start in range(0, len(self.rows), step):
            yield slice(start, min(start + step, len(self.rows)))

    def _read(self, rows: np.ndarray | slice) -> np.ndarray:
        """Rows minus the means, float64; in the third pass's directions if there is one."""
        centred = np.subtract(self.rows[rows], self._mean, dtype=np.float64)
        return centred if self._whitening is None else centred @ self._whitening

    def _moments(self, norms: np.ndarray | None = None) -> np.ndarray:
        """(p, p) float64: second moments of what `_read` gives; fills `norms`, (n,), if given."""
        total = np.zeros((self.width, self.width))
        for part in self._parts():
            rows = self._read(part)
            total += rows.T @ rows
            if norms is not None:
                norms[part] = np.einsum("ij,ij->i", rows, rows)
        return total

    def _find_mean(self) -> np.ndarray:
        """(p,) float64: the means, exact for constant columns. Raises ValueError for NaN."""
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
                f"{self.name}: its sums exceed the range of float64; divide it by its scale"
            )
        row, column = faults[0]
        raise NoSimilarity(
            f"{self.name}: {rows[row, column]} at row {part.start + row}, column {column}; did the"
            " run diverge?"
        )


@dataclass(frozen=True)
class _Decomposition:
    """Truncated SVD of the centred rows; the basis is `_read` of the rows @ coordinates."""

    scale: float
    singular: np.ndarray
    loadings: np.ndarray
    coordinates: np.ndarray


def _spectrum(moments: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray]:
    """(p,) singular values of the centred rows, descending, and (p, p) directions as columns."""
    trace = np.trace(moments)
    if trace == 0:
        raise NoSimilarity(f"{name}: all rows are equal, so no similarity is defined")
    if not 1e-200 < trace < 1e200:
        raise ValueError(f"{name}: its squares exceed the range of float64; divide it by its scale")
    values, vectors = (part[..., ::-1] for part in np.linalg.eigh(moments))
    return np.sqrt(values.clip(0)), vectors


def _imprecise(scales: np.ndarray) -> bool:
    """Whether some directions need the third pass."""
    relative = scales / scales[0]
    return bool(((relative > NEGLIGIBLE) & (relative < PRECISE)).any())


def _truncated(scales: np.ndarray, directions: np.ndarray) -> _Decomposition:
    rank = int(np.count_nonzero(scales > RELATIVE_CUTOFF * scales[0]))
    kept, coordinates = scales[:rank], directions[:, :rank] / scales[:rank]
    return _Decomposition(scales[0], kept / scales[0], directions[:, :rank].T, coordinates)


def _refined(moments: np.ndarray, scales: np.ndarray, directions: np.ndarray) -> _Decomposition:
    """The decomposition from the third pass, whose `moments` are of rows @ directions / scales.

    With R^T R = moments, the rows' singular values and loadings are those of
    R @ diag(scales) @ directions^T.
    """
    values, vectors = np.linalg.eigh(moments)
    root = np.sqrt(values.clip(0))[:, None] * vectors.T
    _, singular, rotated = np.linalg.svd(root * scales)
    rank = int(np.count_nonzero(singular > RELATIVE_CUTOFF * singular[0]))
    kept, rotated = singular[:rank], rotated[:rank]
    coordinates = scales[:, None] * rotated.T / kept
    return _Decomposition(singular[0], kept / singular[0], rotated @ directions.T, coordinates)
