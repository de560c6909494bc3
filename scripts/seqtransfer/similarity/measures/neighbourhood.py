"""Measures of distances between rows: RSA, mutual nearest neighbours and CKNNA.

Sources: Kriegeskorte et al. 2008 (RSA); Huh et al. 2024, "The Platonic Representation Hypothesis"
(mutual nearest neighbours, CKNNA). They use the rows as they are, not centred unless said so, and
take time and memory of n^2. Equal distances share their mean rank, and equally near neighbours the
places that are left among the 10, so that no score depends on the order of the rows.
"""

import numpy as np

from seqtransfer.similarity.measures.alignment import ZERO, expected_zero, squared_distances
from seqtransfer.similarity.measures.measure import PERMUTATION, RIGID, ROTATION, SCALING, Measure
from seqtransfer.similarity.measures.pair import Pair
from seqtransfer.similarity.measures.representation import NoSimilarity, Representation

NEIGHBOURS = 10  # k of Huh et al. 2024
TIE = 1e-12  # cosines that differ by no more are equal but for rounding
COSINE = frozenset({PERMUTATION, ROTATION, SCALING})  # what cosines between rows ignore


def rsa_euclidean(pair: Pair) -> float:
    """RSA: Spearman's correlation of Euclidean distances between rows (Kriegeskorte et al. 2008).

    In [-1, 1].
    """
    return _rank_correlation(pair, _euclidean_ranks)


def rsa_correlation(pair: Pair) -> float:
    """RSA: Spearman's correlation of 1 - Pearson distances of rows (Kriegeskorte et al. 2008).

    In [-1, 1].
    """
    return _rank_correlation(pair, _correlation_ranks)


def mutual_neighbours(pair: Pair) -> float:
    """Mutual nearest neighbours: the share of 10 that both agree on (Huh et al. 2024).

    Of each row's 10 nearest rows by cosine; the mean over rows, in [0, 1].
    """
    shared = pair.cached(_shared)
    return shared.sum() / (NEIGHBOURS * len(shared))


def jaccard_neighbours(pair: Pair) -> float:
    """Jaccard index of the 10 nearest neighbours in both (Wang et al. 2022).

    Of each row's 10 nearest rows by cosine, those in both sets over those in either; the mean over
    rows, in [0, 1].
    """
    shared = pair.cached(_shared).sum(axis=1)
    return (shared / (2 * NEIGHBOURS - shared)).mean()


def cknna(pair: Pair) -> float:
    """CKNNA: debiased CKA over pairs of rows that are near in both (Huh et al. 2024).

    mask_ij = 1 if row j is among the 10 nearest of row i in both representations, else 0 (of tied
    neighbours the lesser of both shares); K and L are mask x cosines of the left and of the right.
    The score is h(K, L) / sqrt(h(left with itself)
    h(right with itself)), each with its own mask, where

        h(K, L) = sum_ij K_ij L_ij + sum(K) sum(L) / ((n - 1)(n - 2)) - 2 sum(K @ L) / (n - 2).

    About 0 to 1; no bound holds in general, since the three masks differ.

    DIFFERS: the first term is that of the paper's equation, a sum over the pairs (i, j) that the
    mask keeps. The paper's released code has K_ij L_ji there (K * L.T), which keeps only pairs that
    are near in both directions. It also adds 1e-6 to the denominator.
    """
    mask = pair.cached(_shared)
    first, second = pair.of_both(_cosines)
    shared = _masked_hsic(mask * first, mask * pair.reordered_square(second))
    own = pair.left.cached(_own_hsic) * pair.right.cached(_own_hsic)
    return shared / np.sqrt(own)


def expected_neighbours(pair: Pair) -> float:
    """The mean of `mutual_neighbours` over all permutations: k / (n - 1) where no rows are tied.

    Each of the n (n - 1) entries of the left beside each of the right is equally likely. The sum of
    the lesser of two entries over all such couples is the integral over t of (entries of the left
    above t) x (entries of the right above t).
    """
    (low, above), (high, over) = pair.of_both(_entries_above)
    steps = np.union1d(low, high)
    couples = above[np.searchsorted(low, steps)] * over[np.searchsorted(high, steps)]
    total = (np.diff(steps, prepend=0.0) * couples).sum()
    rows = len(pair.left.rows)
    return float(total / (NEIGHBOURS * rows**2 * (rows - 1)))


def _rank_correlation(pair: Pair, ranks) -> float:
    left, right = pair.of_both(ranks)
    return (left * pair.reordered_square(right)).sum()


def _euclidean_ranks(representation: Representation) -> np.ndarray:
    return _ranked(squared_distances(representation.rows), representation.name)


def _correlation_ranks(representation: Representation) -> np.ndarray:
    rows, name = representation.rows, representation.name
    scale = np.abs(rows).max(axis=1)
    rows = rows - rows.mean(axis=1, keepdims=True)
    if (np.abs(rows).max(axis=1) <= 1e-12 * scale).any():
        raise NoSimilarity(f"{name}: a row has the same value in every neuron, so no correlation")
    return _ranked(-_cosines_of(rows, name), name)


def _ranked(distances: np.ndarray, name: str) -> np.ndarray:
    """(n, n) float64: ranks of the pairs, centred, of unit norm, both triangles; diagonal 0."""
    from scipy.stats import rankdata  # here: it takes longer to import than all the rest of a job

    upper = np.triu_indices(len(distances), 1)
    # Rounded, so that distances which are equal but for rounding share their rank.
    ranks = rankdata(np.round(distances[upper] / np.abs(distances).max(), 12))
    ranks -= ranks.mean()
    norm = np.sqrt(2) * np.linalg.norm(ranks)
    if norm == 0:
        raise NoSimilarity(f"{name}: all rows are equally far apart, so RSA is undefined")
    matrix = np.zeros_like(distances)
    matrix[upper] = ranks / norm
    return matrix + matrix.T


def _cosines(representation: Representation) -> np.ndarray:
    return _cosines_of(representation.rows, representation.name)


def _cosines_of(rows: np.ndarray, name: str) -> np.ndarray:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    if (norms == 0).any():
        raise NoSimilarity(f"{name}: row {int(norms.argmin())} is zero, so it has no cosine")
    unit = rows / norms
    return unit @ unit.T


def _nearest(representation: Representation) -> np.ndarray:
    """(n, n): the share of the column's row among the 10 nearest of this row; each row sums to 10.

    bool, 1 or 0, where no ties cross the tenth place. Else float64: rows tied for the last places
    have room / ties each, their chance of a place if ties were broken at random.
    """
    cosines = representation.cached(_cosines).copy()
    if len(cosines) <= NEIGHBOURS + 1:
        raise NoSimilarity(
            f"{representation.name}: {len(cosines)} rows are too few for {NEIGHBOURS} neighbours of"
            " each"
        )
    np.fill_diagonal(cosines, -np.inf)
    # Of a row's cosines only the tenth is put in its place, which is faster than sorting all.
    tenth = np.partition(cosines, -NEIGHBOURS, axis=1)[:, -NEIGHBOURS, None]
    nearer, near = cosines > tenth + TIE, cosines >= tenth - TIE
    room = NEIGHBOURS - nearer.sum(axis=1, keepdims=True)
    ties = near.sum(axis=1, keepdims=True) - (NEIGHBOURS - room)
    return near if (room == ties).all() else np.where(nearer, 1.0, near * (room / ties))


def _shared(pair: Pair) -> np.ndarray:
    """(n, n): the lesser of both shares of each neighbour; of shares 0 and 1, the common ones."""
    left, right = pair.of_both(_nearest)
    return np.minimum(left, pair.reordered_square(right))


def _entries_above(representation: Representation) -> tuple[np.ndarray, np.ndarray]:
    """(k,) shares other than 0, ascending, and how many entries reach each; after them none."""
    shares, counts = np.unique(representation.cached(_nearest), return_counts=True)
    return shares[1:].astype(float), np.append(counts[:0:-1].cumsum()[::-1], 0).astype(float)


def _own_hsic(representation: Representation) -> float:
    masked = representation.cached(_nearest) * representation.cached(_cosines)
    own = _masked_hsic(masked, masked)
    if own <= ZERO:
        raise NoSimilarity(
            f"{representation.name}: its neighbours' cosines do not vary; CKNNA is undefined"
        )
    return own


def _masked_hsic(left: np.ndarray, right: np.ndarray) -> float:
    """h(K, L) of `cknna`: two matrices with zero diagonals, not symmetric in general."""
    n = len(left)
    middle = left.sum(axis=0) @ right.sum(axis=1)
    offset = left.sum() * right.sum() / ((n - 1) * (n - 2))
    return (left * right).sum() + offset - 2 / (n - 2) * middle


MEASURES = (
    Measure("rsa_correlation", rsa_correlation,
            frozenset({PERMUTATION, SCALING}), frozenset({PERMUTATION, SCALING}),
            symmetric=True, low=-1.0, high=1.0, null=expected_zero, pairwise=True),
    Measure("rsa_euclidean", rsa_euclidean, RIGID, RIGID,
            symmetric=True, low=-1.0, high=1.0, null=expected_zero, pairwise=True),
    Measure("neighbours", mutual_neighbours, COSINE, COSINE,
            symmetric=True, low=0.0, high=1.0, null=expected_neighbours, pairwise=True),
    Measure("neighbours_jaccard", jaccard_neighbours, COSINE, COSINE,
            symmetric=True, low=0.0, high=1.0, null=None, pairwise=True),
    Measure("cknna", cknna, COSINE, COSINE,
            symmetric=False, low=-np.inf, high=np.inf, null=None, pairwise=True),
)  # fmt: skip
