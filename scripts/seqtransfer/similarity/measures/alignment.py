"""Centred kernel alignment (CKA): linear biased, debiased and by minibatches, and with RBF kernels.

CKA = HSIC(K, L) / sqrt(HSIC(K, K) HSIC(L, L)) of the two Gram matrices K and L (Kornblith et al.
2019). The debiased one uses HSIC_1 of Song et al. 2012; by minibatches it is that of Nguyen et al.
2021. The debiased ones expect 0 for unrelated rows; the biased ones expect more the fewer rows
there are.
"""

from functools import partial

import numpy as np

from seqtransfer.similarity.measures.measure import RIGID, Measure
from seqtransfer.similarity.measures.pair import Pair
from seqtransfer.similarity.measures.representation import NoSimilarity, Representation

BATCH_ROWS = 256
# An HSIC up to this is only rounding: about 1e-16 of the squared leading singular value, which is
# 1 here, as cosines are.
ZERO = 1e-12


def linear_cka(pair: Pair) -> float:
    """Linear CKA, biased (Kornblith et al. 2019).

    |X^T Y|_F^2 / (|X^T X|_F |Y^T Y|_F) of centred rows, in [0, 1].
    """
    left, right = pair.of_both(_squared_norm)
    return _squared_covariance(pair) / (left * right)


def debiased_linear_cka(pair: Pair) -> float:
    """Linear CKA, debiased (Song et al. 2012).

    HSIC_1(K, L) / sqrt(HSIC_1(K, K) HSIC_1(L, L)) for K = X X^T, L = Y Y^T, in [-1, 1]. Raises
    ValueError if all rows of a representation are equally far apart up to one offset per row:
    HSIC_1(K, K) is then 0 and the ratio undefined.
    """
    left, right = pair.left, pair.right
    shared = _hsic(
        _squared_covariance(pair), left.squared_norms, pair.reordered(right.squared_norms)
    )
    return _ratio(shared, left, right, _own_hsic)


def minibatch_cka(pair: Pair) -> float:
    """Linear CKA, debiased, over batches of rows (Nguyen et al. 2021).

    The three HSIC_1 are means over batches of about 256 rows, drawn at random, the same of all
    encoders; in [-1, 1]. Batches differ by at most one row. Memory: some three times that of both
    sides' rows.
    """
    left = pair.left.cached(_scores)
    right = pair.reordered(pair.right.cached(_scores))
    shared = _batched_hsic(left, right, pair.left.cached(_batches))
    return _ratio(shared, pair.left, pair.right, _own_batched_hsic)


def rbf_cka(pair: Pair) -> float:
    """CKA with RBF kernels of median bandwidth, biased (Kornblith et al. 2019).

    The kernels are exp(-d^2 / (2 m)), m the median of a representation's squared distances d^2
    between rows; in [0, 1].
    """
    left, right = pair.of_both(_centred_rbf)
    return (left * pair.reordered_square(right)).sum()


def expected_linear(pair: Pair) -> float:
    """The mean of `linear_cka` over all permutations: tr K tr L / ((n - 1) |K|_F |L|_F)."""
    traces = pair.of_both(_trace)
    norms = pair.of_both(_squared_norm)
    return np.prod(traces) / np.prod(norms) / (len(pair.left.rows) - 1)


def expected_rbf(pair: Pair) -> float:
    """As `expected_linear`, of the centred kernels, whose norms are 1 here."""
    traces = [np.trace(kernel) for kernel in pair.of_both(_centred_rbf)]
    return np.prod(traces) / (len(pair.left.rows) - 1)


def _squared_covariance(pair: Pair) -> float:
    # In float64 whatever C is: the debiased HSIC takes the difference of large numbers.
    left, right = np.square(pair.left.singular_values), np.square(pair.right.singular_values)
    return float(left @ np.square(pair.cross_products, dtype=np.float64) @ right)


def _trace(representation: Representation) -> float:
    return np.square(representation.singular_values).sum()


def _squared_norm(representation: Representation) -> float:
    return float(np.linalg.norm(np.square(representation.singular_values)))


def _own_hsic(representation: Representation) -> float:
    norms = representation.squared_norms
    return _hsic(np.power(representation.singular_values, 4).sum(), norms, norms)


def _hsic(squared_covariance: float, left: np.ndarray, right: np.ndarray) -> float:
    """n(n - 3) HSIC_1 of the two Gram matrices, without forming them.

    left, right: the diagonals a and b of the Gram matrices. For centred rows the Gram matrix with
    its diagonal a removed has row sums -a, so the three terms tr(KL), 1'K1 1'L1 / ((n-1)(n-2)) and
    -2/(n-2) 1'KL1 need only a, b and the cross-covariance.
    """
    n = len(left)
    return float(
        squared_covariance
        + left.sum() * right.sum() / ((n - 1) * (n - 2))
        - left @ right * n / (n - 2)
    )


def _ratio(shared: float, left: Representation, right: Representation, own) -> float:
    for representation in (left, right):
        if representation.cached(own) <= ZERO:
            raise NoSimilarity(
                f"{representation.name}: its debiased HSIC with itself is 0 (its rows differ only "
                "by an offset each, as when one row differs from the rest); use more examples"
            )
    return shared / np.sqrt(left.cached(own) * right.cached(own))


def _scores(representation: Representation) -> np.ndarray:
    return representation.basis * representation.singular_values


def _own_batched_hsic(representation: Representation) -> float:
    scores = representation.cached(_scores)
    return _batched_hsic(scores, scores, representation.cached(_batches))


def _batches(representation: Representation) -> list[np.ndarray]:
    """The rows of each batch. Rows that follow each other are of one sequence, so that batches are
    drawn at random; where some rows are left out, the others stay in theirs, or the jackknife would
    take the draw for chance of the units."""
    order = np.random.default_rng(0).permutation(representation.drawn)
    batch = np.empty(representation.drawn, dtype=int)
    for number, places in enumerate(np.array_split(order, -(-len(order) // BATCH_ROWS))):
        batch[places] = number
    found = batch[representation.places]
    return [rows for rows in (np.flatnonzero(found == n) for n in range(found.max() + 1))
            if len(rows) > 3]  # fmt: skip


def _batched_hsic(left: np.ndarray, right: np.ndarray, batches: list[np.ndarray]) -> float:
    """Mean of HSIC_1 over batches of rows."""
    pairs = ((left[rows], right[rows]) for rows in batches)
    return float(np.mean([_gram_hsic(x @ x.T, y @ y.T) / len(x) / (len(x) - 3) for x, y in pairs]))


def _gram_hsic(left: np.ndarray, right: np.ndarray) -> float:
    """n(n - 3) HSIC_1 of two Gram matrices (n, n); overwrites their diagonals with 0."""
    np.fill_diagonal(left, 0)
    np.fill_diagonal(right, 0)
    n, a, b = len(left), left.sum(axis=0), right.sum(axis=0)
    offset = a.sum() * b.sum() / ((n - 1) * (n - 2))
    return (left * right).sum() + offset - 2 / (n - 2) * (a @ b)


def _centred_rbf(representation: Representation) -> np.ndarray:
    """(n, n) float64: the doubly centred kernel over its Frobenius norm."""
    squared = squared_distances(representation.rows)
    median = np.median(squared[np.triu_indices(len(squared), 1)])
    if median <= 0:
        raise NoSimilarity(
            f"{representation.name}: at least half of all pairs of rows are equal, so the kernel"
            " has no bandwidth"
        )
    kernel = np.exp(-squared / (2 * median))
    kernel -= kernel.mean(axis=0)
    kernel -= kernel.mean(axis=1, keepdims=True)
    return kernel / np.linalg.norm(kernel)


def squared_distances(rows: np.ndarray) -> np.ndarray:
    """(n, n) float64: squared Euclidean distances of rows (n, p); the diagonal is 0."""
    rows = rows - rows.mean(axis=0)
    norms = np.square(rows).sum(axis=1)
    squared = (norms[:, None] + norms - 2 * (rows @ rows.T)).clip(0)
    np.fill_diagonal(squared, 0)
    return squared


def expected_zero(pair: Pair) -> float:
    """0: what a debiased or centred score expects of randomly paired rows."""
    return 0.0


_rigid = partial(Measure, left=RIGID, right=RIGID, symmetric=True, high=1.0)

MEASURES = (
    _rigid("cka", debiased_linear_cka, low=-1.0, null=expected_zero),
    _rigid("cka_biased", linear_cka, low=0.0, null=expected_linear, depends_on_width=True),
    _rigid("cka_minibatch", minibatch_cka, low=-1.0, null=expected_zero, streams=False),
    _rigid("cka_rbf", rbf_cka, low=0.0, null=expected_rbf, pairwise=True, depends_on_width=True),
)
