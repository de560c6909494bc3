"""Measures of distances between rows: RSA, mutual nearest neighbours and CKNNA.

Sources: Kriegeskorte et al. 2008 (RSA); Huh et al. 2024, "The Platonic Representation Hypothesis"
(mutual k-nearest-neighbour, CKNNA). They read the rows as they are, not centred unless said so, and
take time and memory of n^2. Equal distances share their mean rank; of equally near neighbours the
one of the lower row number counts.
"""

import numpy as np

from seqtransfer.similarity.measures.alignment import squared_distances
from seqtransfer.similarity.measures.measure import PERMUTATION, RIGID, ROTATION, SCALING, Measure
from seqtransfer.similarity.measures.pairings import Pairing, Side

NEIGHBOURS = 10  # k of Huh et al. 2024
CONE = frozenset({PERMUTATION, ROTATION, SCALING})


def rsa_euclidean(pairing: Pairing) -> float:
    """Spearman's correlation of the sides' Euclidean distances between rows, in [-1, 1]."""
    return _rank_correlation(pairing, _euclidean_ranks)


def rsa_correlation(pairing: Pairing) -> float:
    """Spearman's correlation of the sides' 1 - Pearson distances between rows, in [-1, 1]."""
    return _rank_correlation(pairing, _correlation_ranks)


def mutual_neighbours(pairing: Pairing) -> float:
    """Mean share of a row's 10 nearest rows, by cosine, that both sides agree on, in [0, 1]."""
    left, right = (side.view(_nearest) for side in (pairing.left, pairing.right))
    return (left & pairing.beside_square(right)).sum() / (NEIGHBOURS * len(left))


def cknna(pairing: Pairing) -> float:
    """Debiased CKA of cosines over only those pairs of rows that are mutual neighbours.

    HSIC_1 of the cosines masked by `the row's 10 nearest in both sides`, over that of each side
    with itself, as in Huh et al.'s code (without the 1e-6 in its denominator). About 0 to 1; since
    the three masks differ, no bound holds in general.
    """
    left, right = (side.view(_nearest) for side in (pairing.left, pairing.right))
    mask = left & pairing.beside_square(right)
    first, second = (side.view(_cosines) for side in (pairing.left, pairing.right))
    shared = _masked_hsic(mask * first, mask * pairing.beside_square(second))
    own = pairing.left.view(_own_hsic) * pairing.right.view(_own_hsic)
    return shared / np.sqrt(own)


def expected_neighbours(pairing: Pairing) -> float:
    """k / (n - 1), exact over all pairings of the rows."""
    return NEIGHBOURS / (len(pairing.left.rows) - 1)


def _zero(_: Pairing) -> float:
    return 0.0


def _rank_correlation(pairing: Pairing, ranks) -> float:
    return (pairing.left.view(ranks) * pairing.beside_square(pairing.right.view(ranks))).sum()


def _euclidean_ranks(side: Side) -> np.ndarray:
    return _ranked(squared_distances(side.rows), side)


def _correlation_ranks(side: Side) -> np.ndarray:
    rows = side.rows - side.rows.mean(axis=1, keepdims=True)
    scale = np.abs(side.rows).max(axis=1)
    if (np.abs(rows).max(axis=1) <= 1e-12 * scale).any():
        raise ValueError(
            f"{side.name}: a row has the same value in every neuron, so it has no correlation"
        )
    return _ranked(-_cosines_of(rows, side), side)


def _ranked(distances: np.ndarray, side: Side) -> np.ndarray:
    """(n, n) float64: ranks of the pairs, centred, of unit norm, both triangles; diagonal 0."""
    from scipy.stats import rankdata  # takes longer to import than all the rest of a job

    upper = np.triu_indices(len(distances), 1)
    # Rounded, so that distances which are equal but for rounding share their rank.
    ranks = rankdata(np.round(distances[upper] / np.abs(distances).max(), 12))
    ranks -= ranks.mean()
    norm = np.sqrt(2) * np.linalg.norm(ranks)
    if norm == 0:
        raise ValueError(f"{side.name}: all rows are equally far apart, so RSA is undefined")
    matrix = np.zeros_like(distances)
    matrix[upper] = ranks / norm
    return matrix + matrix.T


def _cosines(side: Side) -> np.ndarray:
    return _cosines_of(side.rows, side)


def _cosines_of(rows: np.ndarray, side: Side) -> np.ndarray:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    if (norms == 0).any():
        raise ValueError(f"{side.name}: row {int(norms.argmin())} is zero, so it has no cosine")
    unit = rows / norms
    return unit @ unit.T


def _nearest(side: Side) -> np.ndarray:
    """(n, n) bool: whether the column's row is among the 10 nearest of this row."""
    cosines = side.view(_cosines).copy()
    if len(cosines) <= NEIGHBOURS + 1:
        raise ValueError(
            f"{side.name}: {len(cosines)} rows are too few for {NEIGHBOURS} neighbours of each"
        )
    np.fill_diagonal(cosines, -np.inf)
    nearest = np.argsort(-cosines, axis=1, kind="stable")[:, :NEIGHBOURS]
    mask = np.zeros(cosines.shape, dtype=bool)
    np.put_along_axis(mask, nearest, True, axis=1)
    return mask


def _own_hsic(side: Side) -> float:
    masked = side.view(_nearest) * side.view(_cosines)
    own = _masked_hsic(masked, masked)
    if own <= 1e-12:
        raise ValueError(f"{side.name}: its neighbours' cosines do not vary; CKNNA is undefined")
    return own


def _masked_hsic(left: np.ndarray, right: np.ndarray) -> float:
    """n(n - 3) HSIC_1 of two matrices with zero diagonals, that need not be symmetric.

    As in Huh et al.'s code: tr(K L^T), 1'K1 1'L1 and 1'K L1.
    """
    n = len(left)
    middle = left.sum(axis=0) @ right.sum(axis=1)
    offset = left.sum() * right.sum() / ((n - 1) * (n - 2))
    return (left * right).sum() + offset - 2 / (n - 2) * middle


MEASURES = (
    Measure("rsa_correlation", rsa_correlation, "RSA, Spearman of correlation distances",
            frozenset({PERMUTATION, SCALING}), frozenset({PERMUTATION, SCALING}),
            symmetric=True, low=-1.0, high=1.0, null=_zero, pairwise=True),
    Measure("rsa_euclidean", rsa_euclidean, "RSA, Spearman of Euclidean distances",
            RIGID, RIGID, symmetric=True, low=-1.0, high=1.0, null=_zero, pairwise=True),
    Measure("neighbours", mutual_neighbours, "mutual 10 nearest neighbours by cosine (Huh 2024)",
            CONE, CONE, symmetric=True, low=0.0, high=1.0, null=expected_neighbours,
            pairwise=True),
    Measure("cknna", cknna, "CKNNA, local CKA of 10 nearest neighbours (Huh 2024)",
            CONE, CONE, symmetric=False, low=-np.inf, high=np.inf, null=None, pairwise=True),
)  # fmt: skip
