"""A pair of representations of the same examples: what every measure scores.

Most measures need only the two decompositions and the cross products C = basis_left^T basis_right.
The singular values of C are the canonical correlations, and
diag(singular_values_left) C diag(singular_values_right) is the cross-covariance in the two bases.
Permuting the right rows, as the null does, changes C alone. Measures of distances and neighbours
permute their n x n matrices instead (`reordered_square`).
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from seqtransfer.similarity.measures.representation import Representation

# A correlation below this share of the largest is only rounding in C C^T: the SVD of C decides.
LEAST_CORRELATION = 1e-6


class Pair:
    """Two representations, and which right row stands beside each left row.

    permutation: (n,) int, the right row beside each left row, or None where row i is beside row i.
    cross_products: C, (rank left, rank right); computed in float64 unless given. A draw of the null
    gives it in float32: canonical correlations then have the accuracy of float32.
    """

    def __init__(
        self,
        left: Representation,
        right: Representation,
        permutation: np.ndarray | None = None,
        cross_products: np.ndarray | None = None,
    ):
        self.left = left
        self.right = right
        self.permutation = permutation
        self._cross_products = cross_products
        self._cache: dict[Callable, Any] = {}

    @classmethod
    def of(cls, x: np.ndarray, y: np.ndarray) -> "Pair":
        """The pair of two arrays, (n, p) and (n, q), row i of both being the same example.

        Raises ValueError for unequal row counts, and as `Representation.of`.
        """
        if len(x) != len(y):
            raise ValueError(
                f"left has {len(x)} rows, right has {len(y)}; both must hold the same examples"
            )
        return cls(
            Representation.of(x, "left representation"),
            Representation.of(y, "right representation"),
        )

    def cached(self, function: Callable[["Pair"], Any]) -> Any:
        """function(self), computed once: what several measures share."""
        if function not in self._cache:
            self._cache[function] = function(self)
        return self._cache[function]

    def of_both(self, function: Callable[[Representation], Any]) -> tuple[Any, Any]:
        """function(left), function(right), each computed once."""
        return self.left.cached(function), self.right.cached(function)

    @property
    def cross_products(self) -> np.ndarray:
        """(rank left, rank right): C = basis_left^T basis_right of the paired rows."""
        if self._cross_products is None:
            self._cross_products = self.left.cross_products(self.right, self.permutation)
        return self._cross_products

    def reordered(self, values: np.ndarray) -> np.ndarray:
        """Values (n, ...) of the right rows, in the order in which they stand beside the left."""
        return values if self.permutation is None else values[self.permutation]

    def reordered_square(self, matrix: np.ndarray) -> np.ndarray:
        """A matrix (n, n) of the right rows, both axes in the order of the left rows."""
        if self.permutation is None:
            return matrix
        return matrix[np.ix_(self.permutation, self.permutation)]

    @cached_property
    def canonical_variates(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """SVD of C: left (rank left, k), correlations (k,) in [0, 1], right (rank right, k).

        k is the smaller rank. Columns are the canonical variates' coordinates in the two bases, in
        no particular order. Computed by the eigenvectors of C C^T (LAPACK's divide and conquer),
        the fastest of the ways that `benchmarks/similarity.py --decompositions` compares. A
        correlation is the length of C^T times its eigenvector, so that it does not lose digits to
        the square.
        """
        import scipy.linalg  # here, so that planning a study does not wait for it

        wide = self.cross_products.shape[0] <= self.cross_products.shape[1]
        cross = self.cross_products if wide else self.cross_products.T
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
    def canonical_correlations(self) -> np.ndarray:
        """(k,) in [0, 1], in no particular order; k is the smaller rank."""
        if "canonical_variates" in self.__dict__:
            return self.canonical_variates[1]
        return singular_values(self.cross_products).clip(0, 1)


def singular_values(matrix: np.ndarray) -> np.ndarray:
    """(k,) float64, all singular values of a small matrix, in no particular order.

    Those of a float32 matrix come from the eigenvalues of its square, which is faster. They are
    computed in float64, where they cost the same: a tiny one is then good to 1e-8 of the largest.
    """
    if matrix.dtype == np.float64:
        return np.linalg.svd(matrix, compute_uv=False)
    matrix = (matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T).astype(np.float64)
    return np.sqrt(np.linalg.eigvalsh(matrix @ matrix.T).clip(0))
