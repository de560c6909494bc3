"""Similarity measures against identities, second implementations and closed-form nulls."""

import numpy as np
import pandas as pd
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

import compare as compare_script
from seqtransfer import formats, similarity
from seqtransfer.similarity import canonical_correlations, debiased_linear_cka, prepare, pwcca

MEASURES = [pwcca, debiased_linear_cka]


def draw(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


def rotation(seed, p):
    return np.linalg.qr(draw(seed, p, p))[0]


@pytest.fixture
def pair():
    """Two related representations of 200 examples: (200, 6) and (200, 9)."""
    x = draw(0, 200, 6) @ np.diag([5, 3, 2, 1, 1, 0.5])
    return x, x @ draw(1, 6, 9) + 3 * draw(2, 200, 9)


# Second implementations: the definitions, with none of the module's shortcuts.


def gram_cka(x, y):
    """Debiased CKA from n x n Gram matrices: the formula of HSIC_1 term by term, not centred."""
    n = len(x)
    one = np.ones(n)

    def hsic(a, b):
        return (
            np.trace(a @ b)
            + (one @ a @ one) * (one @ b @ one) / ((n - 1) * (n - 2))
            - 2 / (n - 2) * (one @ a @ b @ one)
        ) / (n * (n - 3))

    left, right = x @ x.T, y @ y.T
    np.fill_diagonal(left, 0)
    np.fill_diagonal(right, 0)
    return hsic(left, right) / np.sqrt(hsic(left, left) * hsic(right, right))


def eigenproblem_pwcca(x, y):
    """PWCCA from covariances: Cxy Cyy^-1 Cyx a = rho^2 Cxx a, variates X a of unit length."""
    x, y = x - x.mean(0), y - y.mean(0)
    xx, yy, xy = x.T @ x, y.T @ y, x.T @ y
    squares, directions = scipy.linalg.eigh(xy @ np.linalg.solve(yy, xy.T), xx)
    kept = np.argsort(squares)[::-1][: min(x.shape[1], y.shape[1])]
    variates = x @ directions[:, kept]
    variates /= np.linalg.norm(variates, axis=0)
    weights = np.abs(variates.T @ x).sum(axis=1)
    return (weights * np.sqrt(squares[kept])).sum() / weights.sum()


@settings(max_examples=60, deadline=None)
@given(st.integers(5, 40), st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_cka_equals_the_gram_matrix_formula_for_wide_and_tall_shapes(n, p, q, seed):
    x, y = draw([seed, 0], n, p) + 3, draw([seed, 1], n, q)
    assert debiased_linear_cka(x, y) == pytest.approx(gram_cka(x, y), abs=1e-8)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_pwcca_equals_the_generalised_eigenproblem(p, q, seed):
    x = draw([seed, 0], 50, p) + 3
    y = draw([seed, 1], 50, q) + x[:, :1]
    assert pwcca(x, y) == pytest.approx(eigenproblem_pwcca(x, y), abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.integers(4, 30), st.integers(1, 10), st.integers(1, 10), st.integers(0, 2**32 - 1))
def test_scores_stay_in_their_ranges(n, p, q, seed):
    x, y = draw([seed, 0], n, p), draw([seed, 1], n, q)
    assert 0 <= pwcca(x, y) <= 1
    assert -1 <= debiased_linear_cka(x, y) <= 1


# Identities and hand-worked values.


@pytest.mark.parametrize("measure", MEASURES)
def test_a_representation_has_similarity_one_with_itself(measure, pair):
    assert measure(pair[0], pair[0]) == pytest.approx(1)
    assert measure(pair[1], pair[1]) == pytest.approx(1)


def test_pwcca_of_a_hand_worked_case():
    # Orthogonal contrasts of four examples. Left neurons 2a and b; right neurons a and 3b + 4c.
    # Correlations 1 and 3/5 with variates a/2 and b/2; weights |<a/2, 2a>| = 4 and |<b/2, b>| = 2.
    a, b, c = np.array([[1, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]])
    x, y = np.stack([2 * a, b], axis=1), np.stack([a, 3 * b + 4 * c], axis=1)
    assert pwcca(x, y) == pytest.approx((4 * 1 + 2 * 0.6) / (4 + 2))
    # From the right: weights 2 and 2 * 5.
    assert pwcca(y, x) == pytest.approx((2 * 1 + 10 * 0.6) / (2 + 10))


def test_debiased_cka_of_a_hand_worked_case():
    # One neuron each, 1,1,-1,-1 and 1,-1,1,-1: off the diagonal K is 1 within {0,1} and {2,3}, else
    # -1; L within {0,2} and {1,3}. tr KL = -4, row sums of both -1, so n(n-3) HSIC_1 =
    # -4 + 16/6 - 4 = -16/3; with itself tr KK = 12, so 12 + 16/6 - 4 = 32/3. Ratio -1/2.
    x, y = np.array([[1.0], [1], [-1], [-1]]), np.array([[1.0], [-1], [1], [-1]])
    assert debiased_linear_cka(x, y) == pytest.approx(-0.5)


# Invariances, and the transformations that must change a score.


@pytest.mark.parametrize("measure", MEASURES)
def test_both_measures_ignore_the_order_the_scale_and_the_origin_of_neurons(measure, pair):
    x, y = pair
    expected = measure(x, y)
    order = np.random.default_rng(3).permutation(6)
    assert measure(x[:, order], y) == pytest.approx(expected)
    assert measure(x, y[:, ::-1]) == pytest.approx(expected)
    assert measure(1e-6 * x, 1e6 * y) == pytest.approx(expected)
    assert measure(x + draw(4, 6), y - 100) == pytest.approx(expected)
    assert measure(x, y @ rotation(5, 9)) == pytest.approx(expected)


@pytest.mark.parametrize("measure", MEASURES)
def test_both_measures_ignore_the_order_of_examples_if_it_is_shared(measure, pair):
    x, y = pair
    order = np.random.default_rng(6).permutation(200)
    assert measure(x[order], y[order]) == pytest.approx(measure(x, y))
    assert measure(x[order], y) < measure(x, y) - 0.1


def test_pwcca_ignores_linear_maps_of_the_right_side_but_not_a_rotation_of_the_left(pair):
    x, y = pair
    assert pwcca(x, y @ draw(7, 9, 9)) == pytest.approx(pwcca(x, y))
    assert abs(pwcca(x @ rotation(8, 6), y) - pwcca(x, y)) > 1e-3
    assert abs(pwcca(y, x) - pwcca(x, y)) > 1e-3


def test_cka_is_symmetric_and_ignores_rotations_but_not_a_stretch(pair):
    x, y = pair
    assert debiased_linear_cka(y, x) == pytest.approx(debiased_linear_cka(x, y))
    assert debiased_linear_cka(x @ rotation(9, 6), y) == pytest.approx(debiased_linear_cka(x, y))
    assert debiased_linear_cka(x, x @ np.diag(np.geomspace(1, 100, 6))) < 0.8


def test_more_shared_signal_scores_higher():
    signal, noise = draw(10, 500, 4), draw(11, 500, 4)
    mixtures = [signal * share + noise * (1 - share) for share in (0, 0.25, 0.5, 0.75, 1)]
    for measure in MEASURES:
        scores = [measure(signal, mixture) for mixture in mixtures]
        assert scores == sorted(scores)


# What chance gives.


@pytest.mark.parametrize(("n", "p", "q"), [(1000, 64, 64), (500, 32, 96), (300, 20, 5)])
def test_mean_squared_correlation_by_chance_is_the_larger_width_over_n_minus_1(n, p, q):
    means = [np.mean(canonical_correlations(draw([s, 0], n, p), draw([s, 1], n, q)) ** 2)
             for s in range(8)]  # fmt: skip
    assert np.mean(means) == pytest.approx(max(p, q) / (n - 1), rel=0.05)


@settings(max_examples=30, deadline=None)
@given(st.integers(6, 25), st.integers(1, 24), st.integers(1, 24), st.integers(0, 2**32 - 1))
def test_correlations_of_one_are_forced_when_the_widths_exceed_the_rows(n, p, q, seed):
    correlations = canonical_correlations(draw([seed, 0], n, p), draw([seed, 1], n, q))
    # Subspaces of dimension p and q (at most n - 1) in the n - 1 dimensions of centred columns.
    forced = max(0, min(p, n - 1) + min(q, n - 1) - (n - 1))
    assert np.count_nonzero(correlations > 1 - 1e-9) >= forced


def test_debiased_cka_of_independent_data_is_zero_on_average_where_the_biased_one_is_not():
    n, p = 40, 60
    scores = [debiased_linear_cka(draw([s, 0], n, p), draw([s, 1], n, p)) for s in range(200)]
    assert abs(np.mean(scores)) < 4 * np.std(scores) / np.sqrt(200)
    assert np.abs(scores).max() < 0.3 < p / (n + p)  # the biased measure's mean by chance


# Degenerate and faulty inputs.


def test_duplicated_constant_and_dependent_columns_lower_the_rank_and_keep_the_score_finite(pair):
    x, y = pair
    padded = np.hstack([x, np.full((200, 2), 0.1), x[:, :3], x[:, :1] - x[:, 1:2]])
    assert (prepare(padded).rank, prepare(padded).width) == (6, 12)
    assert pwcca(y, padded) == pytest.approx(pwcca(y, x))
    assert pwcca(padded, padded) == pytest.approx(1)
    assert debiased_linear_cka(padded, y) == pytest.approx(gram_cka(padded, y))
    constant = np.hstack([x, np.full((200, 2), 0.1)])
    assert pwcca(constant, y) == pytest.approx(pwcca(x, y))


def test_duplicating_left_neurons_doubles_their_weight():
    a, b, c = np.array([[1, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]])
    x, y = np.stack([2 * a, b, b], axis=1), np.stack([a, 3 * b + 4 * c], axis=1)
    assert pwcca(x, y) == pytest.approx((4 * 1 + 4 * 0.6) / (4 + 4))


@pytest.mark.parametrize("measure", MEASURES)
def test_repeated_examples_are_accepted(measure, pair):
    x, y = (np.repeat(side, 2, axis=0) for side in pair)
    assert np.isfinite(measure(x, y))


@pytest.mark.parametrize("measure", MEASURES)
def test_float32_input_gives_the_float64_score(measure, pair):
    x, y = pair
    deficient = np.hstack([x, x @ draw(12, 6, 4)]) + 20
    for left, right in ((x, y), (deficient, y), (y, deficient)):
        low = measure(left.astype(np.float32), right.astype(np.float32))
        assert low == pytest.approx(measure(left, right), abs=1e-4)


@pytest.mark.parametrize("measure", MEASURES)
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


def test_cka_refuses_rows_that_are_all_equally_far_apart():
    with pytest.raises(ValueError, match="left representation: its debiased HSIC"):
        debiased_linear_cka(np.eye(12), draw(0, 12, 3))


# The null: whole sequences re-paired.


@pytest.mark.parametrize("interleaved", [False, True])
def test_the_null_equals_scoring_each_re_paired_copy_from_scratch(interleaved):
    x, y = draw(0, 60, 4), draw(1, 60, 5) + np.repeat(draw(2, 20, 5), 3, axis=0)
    sequences = np.tile(np.arange(20), 3) if interleaved else np.repeat(np.arange(20), 3)
    null = similarity.shuffled_null(
        prepare(x), prepare(y), sequences, draws=5, generator=np.random.default_rng(7)
    )
    generator = np.random.default_rng(7)
    for index in range(5):
        partner = generator.permutation(20)
        shuffled = np.empty_like(y)
        for sequence in range(20):
            shuffled[sequences == sequence] = y[sequences == partner[sequence]]
        assert null["pwcca"][index] == pytest.approx(pwcca(x, shuffled))
        assert null["cka"][index] == pytest.approx(gram_cka(x, shuffled), abs=1e-9)


def test_compare_reports_both_scores_with_the_null_and_the_sizes(pair):
    x, y = pair
    sequences = np.repeat(np.arange(50), 4)
    table = similarity.compare(
        prepare(x), prepare(y), sequences, draws=40, generator=np.random.default_rng(0)
    )
    again = similarity.compare(
        prepare(x), prepare(y), sequences, draws=40, generator=np.random.default_rng(0)
    )
    assert table == again
    by_measure = {row["measure"]: row for row in table}
    assert by_measure["pwcca"]["score"] == pytest.approx(pwcca(x, y))
    assert by_measure["cka"]["score"] == pytest.approx(gram_cka(x, y))
    for row in table:
        assert row["null_low"] <= row["null_mean"] <= row["null_high"] < row["score"]
        sizes = [row[name] for name in ("draws", "rows", "sequences", "width")]
        assert sizes == [40, 200, 50, 9]


def test_the_null_of_unrelated_sides_covers_their_score():
    x, y, inside = draw(20, 300, 8), draw(21, 300, 8), []
    for start in range(0, 300, 60):
        rows = slice(start, start + 60)
        for row in similarity.compare(
            prepare(x[rows]),
            prepare(y[rows]),
            np.arange(60),
            draws=99,
            generator=np.random.default_rng(start),
        ):
            inside.append(row["null_low"] <= row["score"] <= row["null_high"])
    assert np.mean(inside) >= 0.7  # 10 intervals of 95 %


def test_the_null_keeps_what_position_alone_makes_similar():
    # Rows that depend on the position only: re-pairing sequences changes nothing but the noise.
    positions = np.tile(np.arange(5), 40)
    x, y = draw(30, 5, 6)[positions] + 0.1 * draw(31, 200, 6), draw(30, 5, 6)[positions]
    rows = similarity.compare(
        prepare(x), prepare(y), np.repeat(np.arange(40), 5), draws=20,
        generator=np.random.default_rng(0),
    )  # fmt: skip
    assert all(row["null_mean"] > 0.9 for row in rows)


@pytest.mark.parametrize(
    ("sequences", "draws", "message"),
    [
        ([0, 0, 0, 1, 1], 5, "sequence 1 has 2 rows, sequence 0 has 3"),
        ([0, 0, 0, 0, 0], 5, "one sequence"),
        ([0, 1, 2, 3], 5, r"shape \(4,\), but there are 5 rows"),
        ([0, 1, 2, 3, 4], 0, "draws is 0"),
    ],
)
def test_faulty_sequences_are_refused(sequences, draws, message):
    with pytest.raises(ValueError, match=message):
        similarity.compare(
            prepare(draw(0, 5, 2)), prepare(draw(1, 5, 2)), np.array(sequences), draws=draws,
            generator=np.random.default_rng(0),
        )  # fmt: skip


# The script: files in, one table out.


def write_representation(path, seed, ids=None, layers=(0, 1, 10)):
    arrays = {f"layer_{i}": draw([seed, i], 12, 3).astype(np.float32) for i in layers}
    arrays["sequences"] = np.repeat(np.arange(4, dtype=np.int32), 3)
    arrays["ids"] = np.array(ids or [f"example:{i}" for i in range(12)])
    np.savez(path, **arrays)
    return path


def run_script(tmp_path, **arms):
    compare_script.main(
        files={"before": arms, "after": arms}, reference="random",
        similarities=tmp_path / "s.tsv", task="splice", seed=3, draws=4, code="abc",
    )  # fmt: skip
    return formats.read_table(tmp_path / "s.tsv")


def test_every_arm_is_scored_against_the_reference_as_it_would_be_alone(tmp_path):
    files = {
        name: write_representation(tmp_path / f"{name}.npz", i) for i, name in enumerate("xyz")
    }
    both = run_script(tmp_path, x=files["x"], random=files["y"], z=files["z"])
    assert set(zip(both.left, both.right, strict=True)) == {("x", "random"), ("z", "random")}
    for arm in "xz":
        alone = run_script(tmp_path, **{arm: files[arm]}, random=files["y"])
        pd.testing.assert_frame_equal(both[both.left == arm].reset_index(drop=True), alone)


def test_the_script_writes_one_row_per_stage_layer_and_measure(tmp_path):
    left = write_representation(tmp_path / "a.npz", 0)
    right = write_representation(tmp_path / "b.npz", 1)
    table = run_script(tmp_path, text=left, random=right)
    assert (
        list(table.columns)
        == (
            "task left right seed stage layer measure score null_mean null_low null_high"
            " draws rows sequences width code"
        ).split()
    )
    assert list(table.layer) == [0, 0, 1, 1, 10, 10] * 2
    expected = pwcca(draw([0, 10], 12, 3), draw([1, 10], 12, 3))
    row = table.query("stage == 'after' and layer == 10 and measure == 'pwcca'").iloc[0]
    assert row.score == pytest.approx(expected, abs=1e-4)
    assert set(zip(table.left, table.right, table.seed, table.code, strict=True)) == {
        ("text", "random", 3, "abc")
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ids": [f"example:{i}" for i in range(11, -1, -1)]}, "random and text differ in ids"),
        ({"layers": (0, 1)}, r"random holds layers \[0, 1\], text \[0, 1, 10\]"),
    ],
)
def test_the_script_refuses_files_that_do_not_match_and_writes_nothing(tmp_path, change, message):
    left = write_representation(tmp_path / "a.npz", 0)
    right = write_representation(tmp_path / "b.npz", 1, **change)
    with pytest.raises(ValueError, match=message):
        run_script(tmp_path, text=left, random=right)
    assert not (tmp_path / "s.tsv").exists()
