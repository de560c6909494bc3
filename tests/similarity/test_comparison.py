"""Layers meet: scores beside their nulls, and the permutation null."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtransfer.similarity import comparison
from seqtransfer.similarity.measures import MEASURES, permutation_null
from seqtransfer.similarity.measures.pairings import Pairing, prepare

FACTORED = [name for name, measure in MEASURES.items() if not measure.pairwise]


def draw(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


def null_of(sequences, draws=5, seed=7):
    sequences = np.asarray(sequences)
    generator = np.random.default_rng(seed)
    return permutation_null.draw(sequences, len(sequences), draws=draws, generator=generator)


def score_all(x, y, sequences, measures=("pwcca", "cka"), draws=19, seed=0):
    return list(
        comparison.score_all(
            {"a": x}, {"b": y}, measures, np.asarray(sequences),
            draws=draws, generator=np.random.default_rng(seed),
        )
    )  # fmt: skip


# The re-pairings.


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 70), st.integers(1, 3), st.integers(1, 30), st.booleans(), st.integers(0, 99))
def test_a_draw_permutes_whole_sequences_and_keeps_positions(count, rows, draws, interleaved, seed):
    positions = np.tile(np.arange(rows), count)
    sequences = np.repeat(np.arange(count), rows)
    if interleaved:
        sequences, positions = np.tile(np.arange(count), rows), np.repeat(np.arange(rows), count)
    null = null_of(sequences, draws, seed)
    for index in range(draws):
        order = null.order(index)
        assert sorted(order) == list(range(count * rows))
        np.testing.assert_array_equal(positions[order], positions)
        partners = {(a, b) for a, b in zip(sequences, sequences[order], strict=True)}
        assert len(partners) == count


@pytest.mark.parametrize(("count", "draws"), [(60, 19), (61, 19), (40, 39), (997, 199), (240, 10)])
def test_with_enough_sequences_the_draws_are_distinct_turns_that_leave_few_over(count, draws):
    null = null_of(np.arange(count), draws)
    orders = np.array([null.order(index) for index in range(draws)])
    turned = np.setdiff1d(np.arange(count), null.rest)
    assert len(null.rest) <= count // 20
    assert (orders[:, turned] != turned).all()
    # A group: no sequence meets the same partner in two draws.
    assert all(len(set(column)) == draws for column in orders[:, turned].T)


def test_with_few_sequences_the_draws_are_uniform_permutations():
    null = null_of(np.arange(3), draws=600)
    orders, counts = np.unique([null.order(i) for i in range(600)], axis=0, return_counts=True)
    assert len(orders) == 6
    assert (np.abs(counts - 100) < 4 * np.sqrt(100)).all()


@pytest.mark.parametrize("interleaved", [False, True])
@pytest.mark.parametrize("count", [20, 23, 4])
@pytest.mark.parametrize("condition", [1, 1e3])
def test_the_cross_products_of_all_draws_equal_scoring_each_copy_from_scratch(
    interleaved, count, condition
):
    n = 3 * count
    x, y = draw(0, n, 4), draw(1, n, 7) + np.repeat(draw(2, count, 7), 3, axis=0)
    x, y = x * np.geomspace(1, condition, 4), y * np.geomspace(condition, 1, 7)
    sequences = np.tile(np.arange(count), 3) if interleaved else np.repeat(np.arange(count), 3)
    left, right, null = prepare(x), prepare(y), null_of(sequences)
    for index, pairing in enumerate(null.pairings(left, right)):
        order = null.order(index)
        assert pairing.cross.dtype == np.float32
        np.testing.assert_allclose(pairing.cross, left.basis.T @ right.basis[order], atol=1e-6)
        for name in FACTORED:
            score = MEASURES[name].of(pairing)
            assert score == pytest.approx(MEASURES[name](x, y[order]), rel=1e-5, abs=1e-5)


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from([(400, 64, 50), (400, 20, 60), (120, 90, 50), (60, 50, 40), (40, 60, 20)]),
    st.sampled_from([1, 30, 1e3]),
    st.integers(0, 2**32 - 1),
)
def test_a_float32_draw_is_off_by_less_than_the_stated_error(shape, condition, seed):
    n, p, q = shape
    x = (draw([seed, 0], n, p) + draw([seed, 2], n, 1)) * np.geomspace(1, 1 / condition, p)
    left, right = prepare(x), prepare(draw([seed, 1], n, q) + draw([seed, 2], n, 1))
    null = null_of(np.arange(n), draws=3, seed=seed)
    for fast, exact in zip(null.pairings(left, right), null.orders(left, right), strict=True):
        for name in FACTORED:
            # Correlations that tie at 1 leave the weights of PWCCA arbitrary.
            if not (name.startswith("pwcca") and p + q > n - 1):
                error = abs(MEASURES[name].of(fast) - MEASURES[name].of(exact))
                assert error < permutation_null.DRAW_ERROR * max(1, MEASURES[name].of(exact)), name


def test_pairwise_measures_see_the_same_re_pairings():
    x, y = draw(0, 60, 4), draw(1, 60, 5)
    null = null_of(np.repeat(np.arange(20), 3))
    for index, pairing in enumerate(null.orders(prepare(x), prepare(y))):
        for name in set(MEASURES) - set(FACTORED):
            copy = MEASURES[name](x, y[null.order(index)])
            assert MEASURES[name].of(pairing) == pytest.approx(copy, abs=1e-12)


# Scores beside their nulls.


def test_a_row_reports_the_score_its_nulls_and_the_sizes():
    signal = draw(0, 200, 3)
    x, y = signal @ draw(1, 3, 6) + draw(2, 200, 6), signal @ draw(3, 3, 9) + draw(4, 200, 9)
    sequences = np.repeat(np.arange(50), 4)
    table = score_all(x, y, sequences, MEASURES, draws=39)
    assert table == score_all(x, y, sequences, MEASURES, draws=39)
    assert {row["measure"] for row in table} == set(MEASURES)
    for row in table:
        measure = MEASURES[row["measure"]]
        assert row["score"] == pytest.approx(measure(x, y), abs=1e-12)
        assert row["null_low"] <= row["null_mean"] <= row["null_high"]
        assert (row["score"] > row["null_high"]) != measure.distance
        assert row["p_value"] == 1 / 40
        if measure.null:
            assert row["analytic_null"] == measure.null(Pairing(prepare(x), prepare(y)))
        else:
            assert np.isnan(row["analytic_null"])
        sizes = "draws rows sequences left_width right_width width left_rank right_rank"
        assert [row[name] for name in sizes.split()] == [39, 200, 50, 6, 9, 9, 6, 9]
        assert row["few_rows"] is False
        assert (row["left_layer"], row["right_layer"]) == ("a", "b")


def test_every_left_layer_meets_every_right_layer_in_the_same_re_pairings():
    left = {str(i): draw([0, i], 60, 4) for i in range(2)}
    right = {str(i): draw([1, i], 60, 5) for i in range(3)}
    table = list(
        comparison.score_all(
            left, right, ["cca"], np.arange(60), draws=19, generator=np.random.default_rng(3)
        )
    )
    assert [(row["left_layer"], row["right_layer"]) for row in table] == [
        (a, b) for a in "01" for b in "012"
    ]
    (alone,) = score_all(left["1"], right["2"], np.arange(60), ["cca"], seed=3)
    names = {"left_layer": "1", "right_layer": "2"}
    assert table[-1] == alone | names


def test_pairwise_measures_see_whole_sequences_up_to_the_limit(monkeypatch):
    monkeypatch.setattr(comparison, "PAIRWISE_ROWS", 50)
    x, y, sequences = draw(0, 90, 4), draw(1, 90, 5), np.tile(np.arange(30), 3)
    knn, cca = score_all(x, y, sequences, ["neighbours", "cca"])[::-1]
    assert (knn["rows"], knn["sequences"], cca["rows"], cca["sequences"]) == (48, 16, 90, 30)
    seen = sequences < 16
    assert knn["score"] == MEASURES["neighbours"](x[seen], y[seen])


def test_few_rows_and_the_dimensions_svcca_keeps_are_reported():
    x = draw(0, 90, 10) * np.geomspace(1, 1e-3, 10)
    table = {row["measure"]: row for row in score_all(x, x, np.arange(90), ["svcca", "cca"])}
    assert table["svcca"]["left_rank"] < table["cca"]["left_rank"] == 10
    assert table["svcca"]["few_rows"] is True


# Equal rows are equally near: which of them are the 10 nearest is for the row numbers to say.
@pytest.mark.parametrize("name", sorted(set(MEASURES) - {"neighbours", "cknna"}))
def test_a_score_that_every_draw_equals_has_p_value_one(name):
    # Rows that depend on the position alone: re-pairing sequences changes nothing.
    positions = np.tile(np.arange(12), 20)
    x, y = draw(30, 12, 3)[positions], draw(31, 12, 4)[positions]
    (row,) = score_all(x, y, np.repeat(np.arange(20), 12), [name])
    assert row["p_value"] == 1
    assert row["null_mean"] == pytest.approx(row["score"], abs=1e-5)


@pytest.mark.parametrize("name", ["pwcca", "cka", "gulp", "neighbours"])
def test_p_values_of_unrelated_sides_are_uniform(name):
    values = [
        score_all(draw([s, 0], 40, 3), draw([s, 1], 40, 4), np.arange(40), [name], 9, s)[0][
            "p_value"
        ]
        for s in range(200)
    ]
    counts = np.bincount(np.rint(np.array(values) * 10).astype(int), minlength=11)[1:]
    assert counts.sum() == 200
    # Uniform on 0.1 .. 1: 20 each, standard deviation 4.2. Ties push upward only.
    assert counts[0] < 20 + 4 * 4.2
    assert np.mean(values) == pytest.approx(0.55, abs=4 * 0.287 / np.sqrt(200))


@pytest.mark.parametrize(
    ("sequences", "draws", "measures", "message"),
    [
        ([0, 0, 0, 1, 1], 5, ["cca"], "sequence 1 has 2 rows, sequence 0 has 3"),
        ([0, 0, 0, 0, 0], 5, ["cca"], "one sequence"),
        ([[0], [1], [2], [3], [4]], 5, ["cca"], r"shape \(5, 1\), but there are 5 rows"),
        ([0, 1, 2, 3], 5, ["cca"], "right layer b has 5 rows, but there are sequences of 4"),
        ([0, 1, 2, 3, 4], 0, ["cca"], "draws is 0"),
        ([0, 1, 2, 3, 4], 5, ["rtd"], "measure 'rtd' is unknown; known: pwcca"),
    ],
)
def test_faulty_requests_are_refused(sequences, draws, measures, message):
    with pytest.raises(ValueError, match=message):
        score_all(draw(0, 5, 2), draw(1, 5, 2), sequences, measures, draws)
