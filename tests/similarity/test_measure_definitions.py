"""Every measure against its definition written out a second time, and hand-worked values."""

import numpy as np
import pytest
import scipy.linalg
import scipy.spatial
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from test_measures import few, related, seeds

from seqtransfer.similarity.measures import MEASURES, alignment, correlation, neighbourhood, shape
from seqtransfer.similarity.measures.pair import Pair
from seqtransfer.similarity.measures.representation import Representation

pwcca, cka = MEASURES["pwcca"], MEASURES["cka"]


# Second implementations: the definitions, with none of the package's shortcuts.


def hsic(a, b):
    """HSIC_1 of two n x n matrices, zero diagonals, term by term (Song et al. 2012)."""
    n, one = len(a), np.ones(len(a))
    return (
        np.trace(a @ b)
        + (one @ a @ one) * (one @ b @ one) / ((n - 1) * (n - 2))
        - 2 / (n - 2) * (one @ a @ b @ one)
    ) / (n * (n - 3))


def hollow(matrix):
    return matrix - np.diag(np.diag(matrix))


def ratio(measure, left, right):
    return measure(left, right) / np.sqrt(measure(left, left) * measure(right, right))


def gram_cka(x, y):
    return ratio(hsic, hollow(x @ x.T), hollow(y @ y.T))


def centred_kernel_cka(left, right):
    centring = np.eye(len(left)) - 1 / len(left)
    return ratio(lambda a, b: np.trace(a @ centring @ b @ centring), left, right)


def batched_cka(x, y):
    order = np.random.default_rng(0).permutation(len(x))
    batches = np.array_split(order, -(-len(x) // alignment.BATCH_ROWS))

    def mean(a, b):
        return np.mean([hsic(hollow(a[i] @ a[i].T), hollow(b[i] @ b[i].T)) for i in batches])

    return ratio(mean, x, y)


def rbf_kernel(x):
    squared = scipy.spatial.distance.pdist(x, "sqeuclidean")
    return np.exp(-scipy.spatial.distance.squareform(squared) / (2 * np.median(squared)))


def variates(x, y):
    """Cxy Cyy^-1 Cyx a = rho^2 Cxx a: correlations and variates X a of unit length."""
    x, y = x - x.mean(0), y - y.mean(0)
    xy = x.T @ y
    squares, directions = scipy.linalg.eigh(xy @ np.linalg.solve(y.T @ y, xy.T), x.T @ x)
    kept = np.argsort(squares)[::-1][: min(x.shape[1], y.shape[1])]
    found = x @ directions[:, kept]
    return np.sqrt(squares[kept].clip(0)), found / np.linalg.norm(found, axis=0)


def eigenproblem_pwcca(x, y):
    correlations, found = variates(x, y)
    weights = np.abs(found.T @ (x - x.mean(0))).sum(axis=1)
    return (weights * correlations).sum() / weights.sum()


def reduced(x):
    x = x - x.mean(0)
    values, vectors = np.linalg.eigh(x.T @ x)
    values, vectors = values[::-1], vectors[:, ::-1]
    kept = 1 + np.argmax(np.cumsum(values) / values.sum() >= 0.99)
    return x @ vectors[:, :kept]


def gulp_from_covariances(x, y):
    def covariance(a, b):
        return (a - a.mean(0)).T @ (b - b.mean(0))

    xx, yy, xy = covariance(x, x), covariance(y, y), covariance(x, y)
    left = np.linalg.inv(xx + shape.RIDGE * np.trace(xx) / len(xx) * np.eye(len(xx)))
    right = np.linalg.inv(yy + shape.RIDGE * np.trace(yy) / len(yy) * np.eye(len(yy)))
    own = np.trace(left @ xx @ left @ xx) + np.trace(right @ yy @ right @ yy)
    return own - 2 * np.trace(left @ xy @ right @ xy.T)


def nearest(x):
    distances = scipy.spatial.distance.squareform(scipy.spatial.distance.pdist(x, "cosine"))
    np.fill_diagonal(distances, np.inf)
    return [set(np.argsort(row)[: neighbourhood.NEIGHBOURS]) for row in distances]


def overlap(x, y):
    pairs = zip(nearest(x), nearest(y), strict=True)
    return np.mean([len(a & b) for a, b in pairs]) / neighbourhood.NEIGHBOURS


def jaccard(x, y):
    pairs = zip(nearest(x), nearest(y), strict=True)
    return np.mean([len(a & b) / len(a | b) for a, b in pairs])


def near_in_both(a, b):
    """(n, n): 1 where row j is among the nearest of row i by both."""
    mask = np.zeros((len(a), len(a)))
    for i, (one, other) in enumerate(zip(nearest(a), nearest(b), strict=True)):
        mask[i, list(one & other)] = 1
    return mask


def cosines(x):
    return 1 - scipy.spatial.distance.squareform(scipy.spatial.distance.pdist(x, "cosine"))


def masked_cknna(x, y, first_term=lambda left, right: (left * right).sum()):
    """The formula of `cknna`'s docstring, with the first term of its HSIC to choose."""

    def h(a, b):
        left, right = (near_in_both(a, b) * cosines(x) for x in (a, b))
        n, sums = len(a), left.sum() * right.sum()
        rest = sums / ((n - 1) * (n - 2)) - 2 * (left @ right).sum() / (n - 2)
        return first_term(left, right) + rest

    return ratio(h, x, y)


def rsa(metric):
    def score(x, y):
        return scipy.stats.spearmanr(
            scipy.spatial.distance.pdist(x, metric), scipy.spatial.distance.pdist(y, metric)
        ).statistic

    return score


def scipy_procrustes(x, y):
    left, right = (a - a.mean(0) for a in (x, y))
    scale = np.linalg.norm(left) * np.linalg.norm(right)
    return scipy.linalg.orthogonal_procrustes(left, right)[1] / scale


ANY_SHAPE = {
    "cka": gram_cka,
    "cka_biased": lambda x, y: centred_kernel_cka(x @ x.T, y @ y.T),
    "cka_minibatch": batched_cka,
    "cka_rbf": lambda x, y: centred_kernel_cka(rbf_kernel(x), rbf_kernel(y)),
    "neighbours": overlap,
    "neighbours_jaccard": jaccard,
    "cknna": masked_cknna,
    "rsa_euclidean": rsa("euclidean"),
    "rsa_correlation": rsa("correlation"),
}
MORE_ROWS = {
    "pwcca": eigenproblem_pwcca,
    "pwcca_right": lambda x, y: eigenproblem_pwcca(y, x),
    "pwcca_mean": lambda x, y: (eigenproblem_pwcca(x, y) + eigenproblem_pwcca(y, x)) / 2,
    "cca": lambda x, y: variates(x, y)[0].mean(),
    "cca_squared": lambda x, y: (variates(x, y)[0] ** 2).mean(),
    "svcca": lambda x, y: variates(reduced(x), reduced(y))[0].mean(),
    "gulp": gulp_from_covariances,
}


def test_every_measure_has_a_second_implementation():
    assert {*ANY_SHAPE, *MORE_ROWS, "procrustes"} == set(MEASURES)


@pytest.mark.parametrize("name", ANY_SHAPE)
@few
@given(st.sampled_from([(14, 40, 30), (16, 9, 20), (30, 30, 29), (90, 7, 12), (530, 5, 6)]), seeds)
def test_a_measure_equals_its_definition_for_wide_and_tall_shapes(name, shape, seed):
    x, y = related(seed, *shape)
    assert MEASURES[name](x, y) == pytest.approx(ANY_SHAPE[name](x, y), abs=1e-8)


@pytest.mark.parametrize("name", MORE_ROWS)
@few
@given(st.sampled_from([(50, 1, 6), (50, 6, 6), (90, 7, 12), (300, 5, 2)]), seeds)
def test_a_measure_equals_its_definition_where_covariances_have_inverses(name, shape, seed):
    x, y = related(seed, *shape)
    assert MEASURES[name](x, y) == pytest.approx(MORE_ROWS[name](x, y), abs=1e-6)


@few
@given(st.sampled_from([(14, 40), (30, 30), (90, 7)]), seeds)
def test_procrustes_equals_scipys(shape, seed):
    x, y = related(seed, *shape, shape[1])
    score = MEASURES["procrustes"](x, y)
    assert score == pytest.approx(scipy_procrustes(x, y), abs=1e-8)
    # scipy.spatial's disparity also finds the best scale: 1 - nuclear norm squared.
    assert 1 - score**2 == pytest.approx(scipy.spatial.procrustes(x, y)[2], abs=1e-8)


def test_cknna_differs_from_the_papers_released_code_in_its_first_term():
    # K * L.T keeps only pairs that are near in both directions; it also adds 1e-6 below.
    x, y = related(0, 90, 7, 12)
    released = masked_cknna(x, y, first_term=lambda left, right: (left * right.T).sum())
    assert abs(MEASURES["cknna"](x, y) - released) > 0.01


def few_directions(seed, n):
    """Few values a neuron: many rows point the same way, exactly."""
    return np.random.default_rng(seed).integers(1, 3, (n, 2)).astype(float)


def shares(x):
    """(n, n): of rows at one distance, each has an equal share of the places that are left."""
    distances = scipy.spatial.distance.squareform(scipy.spatial.distance.pdist(x, "cosine"))
    np.fill_diagonal(distances, np.inf)
    found = np.zeros(distances.shape)
    for row, distance in zip(found, distances.round(9), strict=True):
        for value in np.unique(distance):
            tied = distance == value
            row[tied] = min(1, (neighbourhood.NEIGHBOURS - row.sum()) / tied.sum())
    return found


@few
@given(st.integers(12, 40), seeds)
def test_equally_near_neighbours_share_the_places_that_are_left(n, seed):
    x, y = few_directions(seed, n), few_directions(seed + 1, n)
    np.testing.assert_allclose(neighbourhood._nearest(Representation.of(x)), shares(x), atol=1e-12)
    common = np.minimum(shares(x), shares(y)).sum(axis=1)
    assert MEASURES["neighbours"](x, y) == pytest.approx(common.mean() / 10)
    assert MEASURES["neighbours_jaccard"](x, y) == pytest.approx((common / (20 - common)).mean())
    assert MEASURES["neighbours"](x, x) == pytest.approx(1)


@few
@given(seeds)
def test_the_expected_neighbours_of_tied_rows_are_the_mean_over_permutations(seed):
    x, y = few_directions(seed, 12), few_directions(seed + 1, 12)
    left, right = shares(x), shares(y)
    # Entry (i, j) stands beside every entry (k, l), k != l, equally often.
    off = ~np.eye(12, dtype=bool)
    couples = np.minimum.outer(left[off], right[off])
    expected = couples.mean() * 11 / neighbourhood.NEIGHBOURS
    assert MEASURES["neighbours"].null(Pair.of(x, y)) == pytest.approx(expected)


# Hand-worked values: orthogonal contrasts of four examples.

A, B, C = np.array([[1, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]])


def test_pwcca_of_a_hand_worked_case():
    # Left neurons 2a and b; right neurons a and 3b + 4c: correlations 1 and 3/5 with variates a/2
    # and b/2; weights |<a/2, 2a>| = 4 and |<b/2, b>| = 2. From the right: weights 2 and 2 * 5.
    x, y = np.stack([2 * A, B], axis=1), np.stack([A, 3 * B + 4 * C], axis=1)
    left, right = (4 * 1 + 2 * 0.6) / (4 + 2), (2 * 1 + 10 * 0.6) / (2 + 10)
    assert pwcca(x, y) == MEASURES["pwcca_right"](y, x) == pytest.approx(left)
    assert MEASURES["pwcca_right"](x, y) == pwcca(y, x) == pytest.approx(right)
    assert MEASURES["pwcca_mean"](x, y) == pytest.approx((left + right) / 2)
    assert MEASURES["cca"](x, y) == pytest.approx(0.8)
    assert MEASURES["cca_squared"](x, y) == pytest.approx((1 + 0.36) / 2)


def test_duplicating_left_neurons_doubles_their_weight():
    x, y = np.stack([2 * A, B, B], axis=1), np.stack([A, 3 * B + 4 * C], axis=1)
    assert pwcca(x, y) == pytest.approx((4 * 1 + 4 * 0.6) / (4 + 4))


def test_svcca_drops_directions_with_the_last_percent_of_the_variance():
    # Variances 9900, 99 and 1: the first has 99 % exactly, the second only with rounding.
    x = np.stack([10 * np.sqrt(99) * A, np.sqrt(98) * B, C], axis=1)
    assert correlation.kept_dimensions(Representation.of(x)) == 1
    assert (
        correlation.kept_dimensions(Representation.of(np.stack([A, 0.2 * B, 0.01 * C], axis=1)))
        == 2
    )
    assert MEASURES["svcca"](x, B[:, None]) == pytest.approx(0)
    assert MEASURES["cca"](x, B[:, None]) == pytest.approx(1)


def test_debiased_cka_of_a_hand_worked_case():
    # Off the diagonal K is 1 within {0,1} and {2,3}, else -1; L within {0,2} and {1,3}. tr KL = -4,
    # row sums of both -1, so n(n-3) HSIC_1 = -4 + 16/6 - 4 = -16/3; with itself tr KK = 12, so
    # 12 + 16/6 - 4 = 32/3. Ratio -1/2.
    assert cka(A[:, None], B[:, None]) == pytest.approx(-0.5)
