"""Every measure: what it declares, its closed-form nulls, degenerate and faulty inputs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtransfer.similarity.measures import FAMILIES, MEASURES, correlation
from seqtransfer.similarity.measures.pair import Pair
from seqtransfer.similarity.measures.representation import Representation

MEASURE = pytest.mark.parametrize("measure", MEASURES.values(), ids=MEASURES)
few = settings(max_examples=25, deadline=None)
# n much smaller than, about as large as, and much larger than the widths; n > 11 for neighbours.
shapes = st.sampled_from(
    [(14, 40, 30), (14, 9, 60), (30, 30, 29), (40, 25, 16), (90, 7, 12), (90, 12, 2)]
)
seeds = st.integers(0, 2**32 - 1)


def draw(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


def rotation(seed, p):
    return np.linalg.qr(draw(seed, p, p))[0]


def related(seed, n, p, q, condition=10.0):
    """Two representations of a shared signal, columns of lengths spread over `condition`."""
    signal = draw([seed, 0], n, 3)
    x = signal @ draw([seed, 1], 3, p) + draw([seed, 2], n, p) + 1
    y = signal @ draw([seed, 3], 3, q) + draw([seed, 4], n, q) - 1
    return x * np.geomspace(1, condition, p), y * np.geomspace(condition, 1, q)


@pytest.fixture
def matrices():
    """Two related representations of 200 examples: (200, 6) and (200, 9)."""
    return related(0, 200, 6, 9)


TRANSFORMATIONS = {
    "permutation": lambda x, seed: x[:, np.random.default_rng(seed).permutation(x.shape[1])],
    "rotation": lambda x, seed: x @ rotation([seed, 9], x.shape[1]),
    "scaling": lambda x, seed: x * 10.0 ** np.random.default_rng(seed).uniform(-6, 6),
    "shift": lambda x, seed: x + draw([seed, 8], x.shape[1]),
    # Of condition number 10: `any invertible matrix` up to what rounding lets one see.
    "linear": lambda x, seed: x @ rotation(seed, x.shape[1]) @ np.diag(
        np.geomspace(1, 10, x.shape[1])) @ rotation([seed, 7], x.shape[1]),
}  # fmt: skip


def ties(measure, n, p, q):
    """How much PWCCA may vary where correlations tie at 1: weights within a tie are arbitrary."""
    return 0.02 if n - 1 < p + q and measure.name.startswith("pwcca") else 0


# What a measure declares.


def test_every_measure_has_a_name_of_its_own_and_a_title():
    assert len(MEASURES) == sum(map(len, FAMILIES))
    for measure in MEASURES.values():
        assert measure.title.endswith("."), measure.name


@MEASURE
@few
@given(shapes, seeds)
def test_a_measure_ignores_what_it_declares_to_ignore(measure, shape, seed):
    x, y = related(seed, *shape)
    score, tolerance = measure(x, y), {"abs": ties(measure, *shape) or 1e-7, "rel": 1e-7}
    for name, change in TRANSFORMATIONS.items():
        if name in measure.left:
            assert measure(change(x, seed), y) == pytest.approx(score, **tolerance), name
        if name in measure.right:
            assert measure(x, change(y, seed)) == pytest.approx(score, **tolerance), name


@MEASURE
def test_a_measure_sees_what_it_does_not_declare_to_ignore(measure, matrices):
    x, y = matrices
    for name, change in TRANSFORMATIONS.items():
        for declared, changed in (
            (measure.left, (change(x, 3), y)), (measure.right, (x, change(y, 3)))
        ):  # fmt: skip
            if name not in declared:
                assert abs(measure(*changed) - measure(x, y)) > 1e-4, name


@MEASURE
@few
@given(shapes, seeds)
def test_a_symmetric_measure_is_the_same_in_both_orders(measure, shape, seed):
    x, y = related(seed, *shape)
    if measure.symmetric:
        tolerance = ties(measure, *shape) or 1e-9
        assert measure(y, x) == pytest.approx(measure(x, y), abs=tolerance)


@MEASURE
def test_a_measure_that_is_not_symmetric_differs_in_the_other_order(measure, matrices):
    assert measure.symmetric == (abs(measure(*matrices) - measure(*matrices[::-1])) < 1e-9)


@MEASURE
@few
@given(shapes, seeds)
def test_scores_lie_in_the_range_and_unclipped_ones_too(measure, shape, seed):
    pair = Pair.of(draw([seed, 0], *shape[:2]), draw([seed, 1], shape[0], shape[2]))
    assert measure.low - 1e-9 <= measure.score(pair) <= measure.high + 1e-9
    assert measure.low <= measure.of(pair) <= measure.high


@MEASURE
@few
@given(shapes, seeds)
def test_a_representation_with_itself_scores_what_is_declared(measure, shape, seed):
    x, _ = related(seed, *shape)
    assert measure(x, x) == pytest.approx(measure.identical, abs=1e-7)


@MEASURE
def test_more_shared_signal_is_more_similar(measure):
    signal, noise = draw(10, 500, 4), draw(11, 500, 4)
    mixtures = [signal * share + noise * (1 - share) for share in (0, 0.25, 0.5, 0.75, 1)]
    scores = [measure(signal, mixture) for mixture in mixtures]
    assert scores == sorted(scores, reverse=measure.distance)


@MEASURE
def test_the_order_of_examples_does_not_matter_if_shared(measure, matrices):
    x, y = matrices
    order = np.random.default_rng(6).permutation(200)
    shared = measure(x[order], y[order])
    assert shared == pytest.approx(measure(x, y))
    assert (measure(x[order], y) > shared + 0.02) == measure.distance


@MEASURE
@pytest.mark.parametrize("condition", [1, 1e3])
def test_float32_input_gives_the_float64_score(measure, condition):
    x, y = related(3, 300, 6, 9, condition)
    low = measure(x.astype(np.float32), y.astype(np.float32))
    assert low == pytest.approx(measure(x, y), abs=1e-4)


# Closed forms for rows paired at random.


@MEASURE
@pytest.mark.parametrize(("n", "p", "q"), [(60, 5, 8), (40, 30, 20), (20, 40, 10)])
def test_the_analytic_null_is_the_mean_over_random_pairings(measure, n, p, q):
    if measure.null is None or (measure.name == "svcca" and n == 20):
        pytest.skip("no closed form")
    x, y = related(1, n, p, q, condition=3)
    left, right = Representation.of(x), Representation.of(y)
    scores = [
        measure.of(Pair(left, right, np.random.default_rng(seed).permutation(n)))
        for seed in range(300)
    ]
    error = np.std(scores) / np.sqrt(300)
    slack = 0.02 if measure.asymptotic else 1e-9
    assert abs(np.mean(scores) - measure.null(Pair(left, right))) < 4 * error + slack


@pytest.mark.parametrize(
    ("n", "p", "q", "expected"),
    [(1000, 64, 64, 0.0643), (500, 32, 96, 0.1947)],
)
def test_mean_squared_correlation_by_chance_is_the_larger_width_over_n_minus_1(n, p, q, expected):
    scores = [MEASURES["cca_squared"](draw([s, 0], n, p), draw([s, 1], n, q)) for s in range(8)]
    assert np.mean(scores) == pytest.approx(expected, rel=0.03)
    assert expected == pytest.approx(max(p, q) / (n - 1), rel=0.02)


@pytest.mark.parametrize("name", ["cca", "pwcca", "pwcca_mean"])
def test_wachters_limit_is_a_little_too_high_for_few_neurons(name):
    # By 0.75 % at this size: standard error of 400 draws 0.2 %.
    scores = [MEASURES[name](draw([s, 0], 200, 20), draw([s, 1], 200, 20)) for s in range(400)]
    excess = correlation.expected_correlation(20, 20, 200) / np.mean(scores) - 1
    assert 0 < excess < 0.0155


def test_a_linear_map_may_change_cca_only_beyond_the_relative_cutoff():
    # The singular values of x are equal: a map of condition 1e4 drops nothing, one of 1e6 does.
    x, y = related(0, 200, 6, 9)
    x = Representation.of(x).basis
    score = MEASURES["cca"](x, y)
    for condition, same in ((1e4, True), (1e6, False)):
        stretched = x @ rotation(1, 6) @ np.diag(np.geomspace(1, condition, 6)) @ rotation(2, 6)
        assert (MEASURES["cca"](stretched, y) == pytest.approx(score, abs=1e-6)) == same


def test_pwcca_of_noise_at_the_papers_size_is_far_from_zero():
    # 1000 tokens in 768 dimensions: at least 537 correlations are 1.
    assert correlation.expected_correlation(768, 768, 1000) == pytest.approx(0.826, abs=0.002)
    assert correlation.expected_correlation(768, 768, 7680) == pytest.approx(0.271, abs=0.002)


@few
@given(st.integers(6, 25), st.integers(1, 24), st.integers(1, 24), seeds)
def test_correlations_of_one_are_forced_when_the_widths_exceed_the_rows(n, p, q, seed):
    correlations = Pair.of(draw([seed, 0], n, p), draw([seed, 1], n, q)).canonical_correlations
    # Subspaces of dimension p and q (at most n - 1) in the n - 1 dimensions of centred columns.
    forced = max(0, min(p, n - 1) + min(q, n - 1) - (n - 1))
    assert np.count_nonzero(correlations > 1 - 1e-9) >= forced


@pytest.mark.parametrize("name", ["cka", "cka_minibatch"])
def test_debiased_cka_of_independent_data_is_zero_on_average_where_the_biased_one_is_not(name):
    n, p = 40, 60
    pairs = [(draw([s, 0], n, p), draw([s, 1], n, p)) for s in range(200)]
    scores = [MEASURES[name](x, y) for x, y in pairs]
    assert abs(np.mean(scores)) < 4 * np.std(scores) / np.sqrt(200)
    biased = np.mean([MEASURES["cka_biased"](x, y) for x, y in pairs])
    assert biased == pytest.approx(p / (n + p), rel=0.05)


# Degenerate and faulty inputs.


@pytest.mark.parametrize("name", ["pwcca", "pwcca_mean", "cca", "svcca", "cka", "procrustes"])
def test_dependent_columns_lower_the_rank_and_only_what_weighs_neurons_changes(name, matrices):
    x, y = matrices
    padded = np.hstack([x, np.full((200, 2), 0.1)])
    assert (Representation.of(padded).rank, Representation.of(padded).width) == (6, 8)
    assert MEASURES[name](padded, y) == pytest.approx(MEASURES[name](x, y))
    repeated = np.hstack([padded, x[:, :3], x[:, :1] - x[:, 1:2]])
    assert Representation.of(repeated).rank == 6
    assert MEASURES[name](repeated, repeated) == pytest.approx(1)
    if name == "cca":
        assert MEASURES[name](repeated, y) == pytest.approx(MEASURES[name](x, y))


@few
@given(st.sampled_from([1, 1e2, 1e4, 1e6, 1e9]), st.booleans(), seeds)
def test_factors_rebuild_the_rows_whatever_their_condition(condition, deficient, seed):
    x = draw(seed, 120, 12) @ np.diag(np.geomspace(1, 1 / condition, 12)) @ rotation(seed, 12)
    x = np.hstack([x, x[:, :5] @ draw([seed, 1], 5, 4)]) if deficient else x
    found = Representation.of(1e5 * x)
    np.testing.assert_allclose(found.basis.T @ found.basis, np.eye(found.rank), atol=1e-12)
    np.testing.assert_allclose(found.loadings @ found.loadings.T, np.eye(found.rank), atol=1e-12)
    rebuilt = (found.basis * found.singular_values) @ found.loadings
    centred = x - x.mean(axis=0)
    exact = np.linalg.svd(centred, compute_uv=False)
    np.testing.assert_allclose(rebuilt * exact[0], centred, atol=1.1e-5 * exact[0])
    assert found.rank == np.count_nonzero(exact > 1e-5 * exact[0])
    np.testing.assert_allclose(
        found.singular_values, exact[: found.rank] / exact[0], rtol=1e-9, atol=1e-15
    )


@MEASURE
def test_repeated_examples_are_accepted(measure, matrices):
    assert np.isfinite(measure(*(np.repeat(matrix, 2, axis=0) for matrix in matrices)))


@MEASURE
@pytest.mark.parametrize(
    ("left", "right", "message"),
    [
        (draw(0, 9, 2), draw(0, 8, 2), "left has 9 rows, right has 8"),
        (np.where(np.eye(9, 3) > 0, np.nan, 1), draw(0, 9, 2), "left.*nan at row 0, column 0"),
        (draw(0, 9, 2), np.where(np.eye(9, 3, 2) > 0, np.inf, 1), "right.*inf at row 0, column 2"),
        (draw(0, 9, 2), np.full((9, 3), 0.1), "right representation: all 9 rows are equal"),
        (draw(0, 3, 2), draw(0, 3, 2), "3 rows.*at least 4"),
        (draw(0, 9), draw(0, 9, 2), "left representation: shape"),
        (draw(0, 9, 2), draw(0, 9, 0), "right representation: shape"),
    ],
)
def test_faulty_inputs_are_refused_by_name(measure, left, right, message):
    with pytest.raises(ValueError, match=message):
        measure(left, right)


@pytest.mark.parametrize(
    ("name", "left", "message"),
    [
        ("cka", np.eye(12), "left representation: its debiased HSIC"),
        ("cka_minibatch", np.eye(12), "left representation: its debiased HSIC"),
        ("rsa_euclidean", np.eye(12), "all rows are equally far apart"),
        ("rsa_correlation", np.arange(12)[:, None] * np.ones(3), "same value in every neuron"),
        ("neighbours", np.arange(12)[:, None] * np.ones(3), "row 0 is zero"),
        ("cknna", np.eye(12), "do not vary"),
        ("cka_rbf", np.eye(12, 2), "at least half of all pairs of rows are equal"),
    ],
)
def test_inputs_for_which_a_measure_is_undefined_are_refused(name, left, message):
    with pytest.raises(ValueError, match=message):
        MEASURES[name](left, draw(0, 12, 3))


@pytest.mark.parametrize("name", ["neighbours", "cknna"])
def test_too_few_rows_for_the_neighbours_are_refused(name):
    with pytest.raises(ValueError, match="11 rows are too few for 10 neighbours"):
        MEASURES[name](draw(0, 11, 3), draw(1, 11, 3))


@pytest.mark.parametrize("measure", MEASURES.values(), ids=lambda measure: measure.name)
def test_a_measure_says_whether_its_score_by_chance_changes_with_the_widths(measure):
    def by_chance(width):
        pairs = ((draw(seed, 300, width), draw(seed + 50, 300, width)) for seed in range(8))
        return np.mean([measure(*pair) for pair in pairs])

    change = by_chance(64) - by_chance(16)
    assert (abs(change) > 0.02) == measure.depends_on_width, change
