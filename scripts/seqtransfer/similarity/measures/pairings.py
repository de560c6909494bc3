"""One representation, checked and factored once, and the pairing of two of them row by row.

Every measure reads a `Pairing`. Measures of subspaces and covariances need only an orthonormal
basis U, the singular values s and the neurons' loadings of each side, and C = U_left^T U_right: its
singular values are the canonical correlations, diag(s_left) C diag(s_right) is the
cross-covariance. Another pairing of the same rows changes C alone. Measures of single rows
(distances, neighbours) keep what they need of a side by `Side.view`, and re-pair that.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import scipy.linalg

# DIFFERS: the paper's released code adds an absolute ridge (1.5e-3, 1e-3 or 1e-4 by task) to the
# covariances. A relative cut-off does not depend on the scale of a model's activations: directions
# whose singular value is below this fraction of the largest are dropped. It lies above the rounding
# of float32 activations (about 1e-7) and drops 1e-10 of the largest direction's variance.
RELATIVE_CUTOFF = 1e-5

# Of directions found as eigenvectors of a covariance, in shares r of the largest singular value: a
# basis of them is off from orthonormal by some 1e-16 / r^2, of which a second pass leaves nothing
# and is spared above the first bound; dropped directions leak into the kept ones' span by
# 1e-16 r_dropped / r_kept^3, where r_dropped is known down to the second bound only. Where that
# exceeds the third, or the rank is not clear, the SVD of the rows decides.
PRECISE_SINGULAR, ROUNDED_SINGULAR, LEAK = 1e-2, 1e-8, 1e-10

# A correlation below this share of the largest is only rounding in C C^T: the SVD of C decides.
LEAST_CORRELATION = 1e-6


class Side:
    """One representation: rows (n, p) float64, and everything derived from them once.

    basis: (n, rank) float64, orthonormal columns; singular: (rank,) float64, descending from 1
    (every measure that uses it ignores one common scale); loadings: (rank, p) float64, orthonormal
    rows: centred rows = scale * basis @ diag(singular) @ loadings. `streaming` has another kind,
    for rows that do not fit into memory.
    """

    streamed = False

    def __init__(self, rows: np.ndarray, name: str):
        self.rows = rows
        self.name = name
        self._views: dict[Callable, Any] = {}

    def view(self, function: Callable[["Side"], Any]) -> Any:
        """function(self), computed once: what a family of measures needs of a side alone."""
        if function not in self._views:
            self._views[function] = function(self)
        return self._views[function]

    @cached_property
    def _factors(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return factor(self.rows - self.rows.mean(axis=0))

    @property
    def basis(self) -> np.ndarray:
        """(n, rank) float64, orthonormal columns."""
        return self._factors[0]

    def basis_of(self, rows: np.ndarray) -> np.ndarray:
        """(k, rank) float64: those rows of the basis."""
        return self.basis[rows]

    def cross(self, other: "Side", order: np.ndarray | None = None) -> np.ndarray:
        """(rank, rank of the other) float64: U^T U_other; order: the other's row beside each."""
        return self.basis.T @ (other.basis if order is None else other.basis[order])

    @property
    def singular(self) -> np.ndarray:
        """(rank,) float64, descending from 1."""
        return self._factors[1]

    @property
    def loadings(self) -> np.ndarray:
        """(rank, p) float64, orthonormal rows."""
        return self._factors[2]

    @property
    def rank(self) -> int:
        """Directions kept; below `width` where columns are constant, repeated or dependent."""
        return len(self.singular)

    @property
    def width(self) -> int:
        """Neurons, dependent ones included."""
        return self.rows.shape[1]

    @cached_property
    def squared_norms(self) -> np.ndarray:
        """(n,) float64: squared length of each centred row, the Gram matrix's diagonal."""
        return np.square(self.basis) @ np.square(self.singular)


class Pairing:
    """Two sides and which row of the right stands beside each row of the left.

    order: (n,) int, the right side's row beside each left row, or None for row beside row. cross:
    (rank left, rank right), computed here in float64 unless given; where it is given in float32 (a
    draw of a null) the decomposition is of float32's accuracy.
    """

    def __init__(
        self,
        left: Side,
        right: Side,
        order: np.ndarray | None = None,
        cross: np.ndarray | None = None,
    ):
        self.left = left
        self.right = right
        self.order = order
        self._cross = cross
        self._views: dict[Callable, Any] = {}

    def view(self, function: Callable[["Pairing"], Any]) -> Any:
        """function(self), computed once: what several measures share."""
        if function not in self._views:
            self._views[function] = function(self)
        return self._views[function]

    @property
    def cross(self) -> np.ndarray:
        """C = U_left^T U_right of the paired rows."""
        if self._cross is None:
            self._cross = self.left.cross(self.right, self.order)
        return self._cross

    def beside(self, rows: np.ndarray) -> np.ndarray:
        """Something (n, ...) of the right side's rows, in the left side's order."""
        return rows if self.order is None else rows[self.order]

    def beside_square(self, matrix: np.ndarray) -> np.ndarray:
        """Something (n, n) of pairs of the right side's rows, in the left side's order."""
        return matrix if self.order is None else matrix[np.ix_(self.order, self.order)]

    @cached_property
    def decomposition(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """SVD of `cross`: left (rank left, k), correlations (k,) in [0, 1], right (rank right, k).

        k = min of the ranks; the columns are the canonical variates' coordinates in both bases, in
        no particular order. By eigenvectors of C C^T, found by divide and conquer: the fastest of
        LAPACK's ways (docs/explanation/performance.md). A correlation is the length of C^T times
        its vector, which loses nothing to the squares.
        """
        wide = self.cross.shape[0] <= self.cross.shape[1]
        cross = self.cross if wide else self.cross.T
        _, near = scipy.linalg.eigh(
            cross @ cross.T, driver="evd", overwrite_a=True, check_finite=False
        )
        far = cross.T @ near
        correlations = np.linalg.norm(far, axis=0)
        single = cross.dtype == np.float32
        if not single and correlations.min() <= LEAST_CORRELATION * correlations.max():
            near, correlations, far = np.linalg.svd(cross, full_matrices=False)
            far = far.T
        else:
            far /= np.maximum(correlations, np.finfo(far.dtype).tiny)
        left, right = (near, far) if wide else (far, near)
        return left, correlations.clip(0, 1), right

    @cached_property
    def correlations(self) -> np.ndarray:
        """(k,) canonical correlations in [0, 1], in no particular order."""
        if "decomposition" in self.__dict__:
            return self.decomposition[1]
        return singular_values(self.cross).clip(0, 1)


def prepare(x: np.ndarray, name: str = "representation") -> Side:
    """Check x: (n, p) floats, one row per example, n >= 4, and make it a side.

    Raises ValueError, calling the array `name`, if it is not two-dimensional, has fewer than 4 rows
    (the debiased HSIC divides by n - 3), holds NaN or infinity, or all its rows are equal. Constant
    and dependent columns are no error: they add no direction.
    """
    x = np.asarray(x, dtype=np.float64)
    if x.ndim != 2 or x.shape[1] == 0:
        raise ValueError(f"{name}: shape {x.shape} is not (examples, neurons); flatten it first")
    if len(x) < 4:
        raise ValueError(f"{name}: {len(x)} rows, but the measures need at least 4 examples")
    if not (np.isfinite(x.sum()) or np.isfinite(x).all()):  # the sum is faster
        row, column = np.argwhere(~np.isfinite(x))[0]
        raise ValueError(
            f"{name}: {x[row, column]} at row {row}, column {column}; did the run diverge?"
        )
    if (x[1] == x[0]).all() and (x == x[0]).all():
        raise ValueError(f"{name}: all {len(x)} rows are equal, so no similarity is defined")
    return Side(x, name)


def pair(x: np.ndarray, y: np.ndarray) -> Pairing:
    """The pairing of two arrays, row beside row; ValueError as `prepare`, or for other lengths."""
    if len(x) != len(y):
        raise ValueError(
            f"left has {len(x)} rows, right has {len(y)}; both sides must hold the same examples"
        )
    return Pairing(prepare(x, "left representation"), prepare(y, "right representation"))


def factor(centred: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truncated SVD of (n, p) centred rows: basis, singular values over the largest, loadings.

    With many more rows than columns it is several times faster by the covariance's eigenvectors
    and a second pass that restores orthogonality, exact to rounding (SAFE_SINGULAR says when not,
    and then, as for few rows, it is LAPACK's SVD).
    """
    if len(centred) >= 2 * centred.shape[1]:
        found = _by_covariance(centred)
        if found is not None:
            return found
    basis, singular, loadings = np.linalg.svd(centred, full_matrices=False)
    rank = int(np.count_nonzero(singular > RELATIVE_CUTOFF * singular[0]))
    return basis[:, :rank], singular[:rank] / singular[0], loadings[:rank]


def singular_values(matrix: np.ndarray) -> np.ndarray:
    """(k,) float64, all singular values of a small matrix; float32 ones by the faster eigenvalues.

    Those are found in float64, where they cost the same: the root of a tiny one is then good to
    1e-8 of the largest.
    """
    if matrix.dtype == np.float64:
        return np.linalg.svd(matrix, compute_uv=False)
    matrix = (matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T).astype(np.float64)
    return np.sqrt(np.linalg.eigvalsh(matrix @ matrix.T).clip(0))


def _by_covariance(centred: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    covariance = centred.T @ centred
    if not 1e-200 < np.trace(covariance) < 1e200:  # squares out of range
        return None
    values, vectors = (part[..., ::-1] for part in np.linalg.eigh(covariance))
    relative = np.sqrt(values.clip(0) / values[0])
    kept = relative > RELATIVE_CUTOFF
    least, dropped = relative[kept][-1], max([ROUNDED_SINGULAR, *relative[~kept]])
    leak = 0.0 if kept.all() else np.finfo(np.float64).eps * dropped / least**3
    if leak > LEAK or (np.abs(relative / RELATIVE_CUTOFF - 1) < 1e-3).any():
        return None
    singular, vectors = relative[kept], vectors[:, kept]
    basis = centred @ (vectors / np.sqrt(values[kept]))
    if least < PRECISE_SINGULAR:
        # basis (I + excess)^(-1/2), the nearest orthonormal one; the next terms are below rounding.
        excess = basis.T @ basis - np.eye(len(singular))
        basis -= basis @ (excess / 2 - 3 / 8 * excess @ excess)
        singular = singular * (1 + np.diag(excess) / 2)
    return basis, singular / singular[0], vectors.T
