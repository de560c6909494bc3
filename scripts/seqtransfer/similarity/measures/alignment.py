"""Centred kernel alignment: linear biased, debiased and by minibatches, and with an RBF kernel.

CKA = HSIC(K, L) / sqrt(HSIC(K, K) HSIC(L, L)) of the sides' Gram matrices (Kornblith et al. 2019);
debiased: HSIC_1 of Song et al. 2012; minibatches: Nguyen et al. 2021. The debiased ones expect 0
for unrelated rows; the biased ones expect more the fewer rows there are.
"""

from functools import partial

import numpy as np

from seqtransfer.similarity.measures.measure import RIGID, Measure
from seqtransfer.similarity.measures.pairings import Pairing, Side

BATCH_ROWS = 256
# Rounding leaves about 1e-16 of the squared leading singular value, which is 1.
ZERO = 1e-12


def linear_cka(pairing: Pairing) -> float:
    """Biased: |X^T Y|_F^2 / (|X^T X|_F |Y^T Y|_F), in [0, 1]."""
    shared = _squared_covariance(pairing)
    return shared / (pairing.left.view(_squared_norm) * pairing.right.view(_squared_norm))


def debiased_linear_cka(pairing: Pairing) -> float:
    """HSIC_1(K, L) / sqrt(HSIC_1(K, K) HSIC_1(L, L)) for K = X X^T, L = Y Y^T, in [-1, 1].

    Raises ValueError if a side's rows are all equally far apart up to one offset per row: then
    HSIC_1(K, K) is 0 and the ratio undefined.
    """
    left, right = pairing.left, pairing.right
    shared = _hsic(
        _squared_covariance(pairing), left.squared_norms, pairing.beside(right.squared_norms)
    )
    return _ratio(shared, left, right, _own_hsic)


def minibatch_cka(pairing: Pairing) -> float:
    """Debiased CKA whose three HSIC_1 are means over batches of about 256 rows, in [-1, 1].

    Rows are taken in their order; batches differ by at most one row. Memory does not grow with n
    beyond the rows themselves.
    """
    left = pairing.left.view(_scores)
    right = pairing.beside(pairing.right.view(_scores))
    shared = _batched_hsic(left, right)
    return _ratio(shared, pairing.left, pairing.right, _own_batched_hsic)


def rbf_cka(pairing: Pairing) -> float:
    """Biased CKA of the kernels exp(-d^2 / (2 m^2)), m the median distance of a side, in [0, 1]."""
    left, right = pairing.left.view(_centred_rbf), pairing.right.view(_centred_rbf)
    return (left * pairing.beside_square(right)).sum()


def expected_linear(pairing: Pairing) -> float:
    """tr K tr L / ((n - 1) |K|_F |L|_F): exact over all pairings of the rows."""
    traces = [np.square(side.singular).sum() for side in (pairing.left, pairing.right)]
    norms = [side.view(_squared_norm) for side in (pairing.left, pairing.right)]
    return np.prod(traces) / np.prod(norms) / (len(pairing.left.rows) - 1)


def expected_rbf(pairing: Pairing) -> float:
    """As `expected_linear`, of the centred kernels, whose norms are 1 here."""
    traces = [np.trace(side.view(_centred_rbf)) for side in (pairing.left, pairing.right)]
    return np.prod(traces) / (len(pairing.left.rows) - 1)


def _squared_covariance(pairing: Pairing) -> float:
    # In float64 whatever the cross is: the debiased HSIC takes the difference of large numbers.
    left, right = np.square(pairing.left.singular), np.square(pairing.right.singular)
    return float(left @ np.square(pairing.cross, dtype=np.float64) @ right)


def _squared_norm(side: Side) -> float:
    return float(np.linalg.norm(np.square(side.singular)))


def _own_hsic(side: Side) -> float:
    return _hsic(np.power(side.singular, 4).sum(), side.squared_norms, side.squared_norms)


def _hsic(squared_covariance: float, left: np.ndarray, right: np.ndarray) -> float:
    """n(n - 3) HSIC_1 of the two Gram matrices, without forming them.

    For centred rows the Gram matrix with its diagonal a removed has row sums -a, so the three terms
    tr(KL), 1'K1 1'L1 / ((n-1)(n-2)) and -2/(n-2) 1'KL1 need only a, b and the cross-covariance.
    """
    n = len(left)
    return float(
        squared_covariance
        + left.sum() * right.sum() / ((n - 1) * (n - 2))
        - left @ right * n / (n - 2)
    )


def _ratio(shared: float, left: Side, right: Side, own) -> float:
    for side in (left, right):
        if side.view(own) <= ZERO:
            raise ValueError(
                f"{side.name}: its debiased HSIC with itself is 0 (its rows differ only "
                "by an offset each, as when one row differs from the rest); use more examples"
            )
    return shared / np.sqrt(left.view(own) * right.view(own))


def _scores(side: Side) -> np.ndarray:
    return side.basis * side.singular


def _own_batched_hsic(side: Side) -> float:
    return _batched_hsic(side.view(_scores), side.view(_scores))


def _batched_hsic(left: np.ndarray, right: np.ndarray) -> float:
    """Mean of HSIC_1 over batches of rows."""
    batches = -(-len(left) // BATCH_ROWS)
    pairs = zip(np.array_split(left, batches), np.array_split(right, batches), strict=True)
    return float(np.mean([_gram_hsic(x @ x.T, y @ y.T) / len(x) / (len(x) - 3) for x, y in pairs]))


def _gram_hsic(left: np.ndarray, right: np.ndarray) -> float:
    """n(n - 3) HSIC_1 of two Gram matrices (n, n), whose diagonals are overwritten with 0."""
    np.fill_diagonal(left, 0)
    np.fill_diagonal(right, 0)
    n, a, b = len(left), left.sum(axis=0), right.sum(axis=0)
    offset = a.sum() * b.sum() / ((n - 1) * (n - 2))
    return (left * right).sum() + offset - 2 / (n - 2) * (a @ b)


def _centred_rbf(side: Side) -> np.ndarray:
    """(n, n) float64: the doubly centred kernel over its Frobenius norm."""
    squared = squared_distances(side.rows)
    median = np.median(squared[np.triu_indices(len(squared), 1)])
    if median <= 0:
        raise ValueError(f"{side.name}: at least half of all pairs of rows are equal; no bandwidth")
    kernel = np.exp(-squared / (2 * median))
    kernel -= kernel.mean(axis=0)
    kernel -= kernel.mean(axis=1, keepdims=True)
    return kernel / np.linalg.norm(kernel)


def squared_distances(rows: np.ndarray) -> np.ndarray:
    """(n, n) float64 squared Euclidean distances of rows (n, p); the diagonal is 0."""
    rows = rows - rows.mean(axis=0)
    norms = np.square(rows).sum(axis=1)
    squared = (norms[:, None] + norms - 2 * (rows @ rows.T)).clip(0)
    np.fill_diagonal(squared, 0)
    return squared


def _zero(_: Pairing) -> float:
    return 0.0


_rigid = partial(Measure, left=RIGID, right=RIGID, symmetric=True, high=1.0)

MEASURES = (
    _rigid("cka", debiased_linear_cka, "linear CKA, debiased (Song 2012)", low=-1.0, null=_zero),
    _rigid("cka_biased", linear_cka, "linear CKA (Kornblith 2019)", low=0.0, null=expected_linear),
    _rigid("cka_minibatch", minibatch_cka,
           "linear CKA, debiased, over batches of rows (Nguyen 2021)", low=-1.0, null=_zero),
    _rigid("cka_rbf", rbf_cka, "RBF CKA, median bandwidth (Kornblith 2019)",
           low=0.0, null=expected_rbf, pairwise=True),
)  # fmt: skip
