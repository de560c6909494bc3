"""One representation: a matrix (examples, neurons), checked, and its singular value decomposition.

The decomposition is computed once, however many pairs the representation is in.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

MINIMUM_ROWS = 4  # the debiased HSIC divides by n - 3

# DIFFERS: the paper's released code adds an absolute ridge (1.5e-3, 1e-3 or 1e-4 by task) to the
# covariances. A relative cut-off does not depend on the scale of a model's activations: directions
# whose singular value is below this fraction of the largest are dropped. It lies above the rounding
# of float32 activations (about 1e-7) and drops 1e-10 of the largest direction's variance.
RELATIVE_CUTOFF = 1e-5

# Limits of the decomposition by eigenvectors of the covariance. r is a singular value divided by
# the largest one.
# The basis is off from orthonormal by about 1e-16 / r^2. A second pass removes that error; it is
# not needed where every kept direction has r above PRECISE_SINGULAR.
PRECISE_SINGULAR = 1e-2
# Dropped directions leak into the kept ones by about 1e-16 r_dropped / r_kept^3. Where that exceeds
# LARGEST_LEAK, or the rank is in doubt, the SVD of the rows is computed instead.
LARGEST_LEAK = 1e-10
# Below this r an eigenvalue is only rounding, so r_dropped is taken to be at least this.
ROUNDED_SINGULAR = 1e-8


class NoSimilarity(ValueError):
    """Of states that a measure is not defined for: too few, not finite, the same in every row.

    A study has no score there, and says so; it does not end.
    """


class Representation:
    """The rows of one representation and what is derived from them, each thing once.

    rows: (n, p) float64, one row per example. With k = rank:
    centred rows = scale * basis @ diag(singular_values) @ loadings, where basis is (n, k) float64
    with orthonormal columns, singular_values (k,) float64, descending from 1 (measures that use
    them ignore the scale), and loadings (k, p) float64 with orthonormal rows. `streaming` has a
    subclass for rows that do not fit into memory.
    """

    streamed = False

    def __init__(self, rows: np.ndarray, name: str):
        """Without checks; see `of`."""
        self.rows = rows
        self.name = name
        self._cache: dict[Callable, Any] = {}

    @classmethod
    def of(cls, x: np.ndarray, name: str = "representation") -> "Representation":
        """Check x, (n, p) numbers with n >= 4, one row per example, and wrap it.

        Raises ValueError that begins with `name` if x is not two-dimensional, and NoSimilarity if
        it has fewer than 4 rows, holds NaN or infinity, or all its rows are equal. Constant and
        dependent columns are allowed: they only lower the rank.
        """
        x = np.asarray(x, dtype=np.float64)
        if x.ndim != 2 or x.shape[1] == 0:
            raise ValueError(
                f"{name}: shape {x.shape} is not (examples, neurons); flatten it first"
            )
        check_row_count(x, name)
        if not (np.isfinite(x.sum()) or np.isfinite(x).all()):  # the sum is faster
            row, column = np.argwhere(~np.isfinite(x))[0]
            raise NoSimilarity(
                f"{name}: {x[row, column]} at row {row}, column {column}; did the run diverge?"
            )
        if (x[1] == x[0]).all() and (x == x[0]).all():
            raise NoSimilarity(f"{name}: all {len(x)} rows are equal, so no similarity is defined")
        return cls(x, name)

    def cached(self, function: Callable[["Representation"], Any]) -> Any:
        """function(self), computed once: what a measure needs of one representation alone."""
        if function not in self._cache:
            self._cache[function] = function(self)
        return self._cache[function]

    @property
    def drawn(self) -> int:
        """How many rows there were before any was left out."""
        return len(self.rows)

    @property
    def places(self) -> np.ndarray:
        """(n,) int: where each row stood among these."""
        return np.arange(len(self.rows))

    @cached_property
    def _decomposition(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return decompose(self.rows - self.rows.mean(axis=0))

    @property
    def basis(self) -> np.ndarray:
        """(n, rank) float64, orthonormal columns."""
        return self._decomposition[0]

    def basis_of(self, rows: np.ndarray) -> np.ndarray:
        """(k, rank) float64: the basis at the k row numbers `rows`."""
        return self.basis[rows]

    def cross_products(
        self, other: "Representation", permutation: np.ndarray | None = None
    ) -> np.ndarray:
        """(rank, rank of the other) float64: basis^T @ the other's basis.

        permutation: (n,) int, the other's row that stands beside each row; None for its own order.
        """
        return self.basis.T @ (other.basis if permutation is None else other.basis[permutation])

    @property
    def singular_values(self) -> np.ndarray:
        """(rank,) float64, descending from 1."""
        return self._decomposition[1]

    @property
    def loadings(self) -> np.ndarray:
        """(rank, p) float64, orthonormal rows."""
        return self._decomposition[2]

    @property
    def rank(self) -> int:
        """Number of directions kept; below `width` where columns are constant or dependent."""
        return len(self.singular_values)

    @property
    def width(self) -> int:
        """Number of neurons, dependent ones included."""
        return self.rows.shape[1]

    @cached_property
    def squared_norms(self) -> np.ndarray:
        """(n,) float64: squared length of each centred row, the Gram matrix's diagonal."""
        return np.square(self.basis) @ np.square(self.singular_values)


def check_row_count(x: np.ndarray, name: str) -> None:
    """Raise NoSimilarity if x has fewer rows than every measure needs."""
    if len(x) < MINIMUM_ROWS:
        raise NoSimilarity(
            f"{name}: {len(x)} rows, but the measures need at least {MINIMUM_ROWS} examples"
        )


def decompose(centred: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truncated SVD of centred rows (n, p): basis, singular values over the largest, loadings.

    With at least twice as many rows as columns the covariance's eigenvectors give it several times
    faster, exact to rounding. Where they would not be exact (LARGEST_LEAK), and for fewer rows, it
    is LAPACK's SVD.
    """
    if len(centred) >= 2 * centred.shape[1]:
        found = _by_covariance(centred)
        if found is not None:
            return found
    basis, singular, loadings = np.linalg.svd(centred, full_matrices=False)
    rank = int(np.count_nonzero(singular > RELATIVE_CUTOFF * singular[0]))
    return basis[:, :rank], singular[:rank] / singular[0], loadings[:rank]


def _by_covariance(centred: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    covariance = centred.T @ centred
    if not 1e-200 < np.trace(covariance) < 1e200:  # squares out of range
        return None
    values, vectors = (part[..., ::-1] for part in np.linalg.eigh(covariance))
    relative = np.sqrt(values.clip(0) / values[0])
    kept = relative > RELATIVE_CUTOFF
    least, dropped = relative[kept][-1], max([ROUNDED_SINGULAR, *relative[~kept]])
    leak = 0.0 if kept.all() else np.finfo(np.float64).eps * dropped / least**3
    if leak > LARGEST_LEAK or (np.abs(relative / RELATIVE_CUTOFF - 1) < 1e-3).any():
        return None
    singular, vectors = relative[kept], vectors[:, kept]
    basis = centred @ (vectors / np.sqrt(values[kept]))
    if least < PRECISE_SINGULAR:
        # basis (I + excess)^(-1/2), the nearest orthonormal one; the next terms are below rounding.
        excess = basis.T @ basis - np.eye(len(singular))
        basis -= basis @ (excess / 2 - 3 / 8 * excess @ excess)
        singular = singular * (1 + np.diag(excess) / 2)
    return basis, singular / singular[0], vectors.T
