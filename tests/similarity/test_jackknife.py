"""The jackknife: scores without some rows equal those of the rest from scratch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from test_measure_definitions import hollow, hsic, ratio

from seqtransfer.report import statistics
from seqtransfer.similarity import jackknife
from seqtransfer.similarity.measures import MEASURES
from seqtransfer.similarity.measures.alignment import BATCH_ROWS
from seqtransfer.similarity.measures.pair import Pair
from seqtransfer.similarity.measures.representation import Representation
from seqtransfer.tokens import units

FACTORED = [measure for measure in MEASURES.values() if not measure.pairwise]


def draw(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


def pair_without_others(x, y, kept):
    whole = Pair(Representation.of(x), Representation.of(y))
    reduced = (jackknife.ReducedRepresentation(x, kept) for x in (whole.left, whole.right))
    return jackknife.reduced_pair(whole, *reduced)


@pytest.mark.parametrize("measure", FACTORED, ids=lambda measure: measure.name)
@pytest.mark.parametrize("shape", [(400, 5, 9), (60, 12, 4), (40, 16, 12)])
def test_scores_without_some_rows_are_those_of_the_rest_from_scratch(measure, shape):
    n, p, q = shape
    x = draw(0, n, p) * np.geomspace(1, 0.01, p) + 3
    y = np.hstack([x[:, :2] * [1, 3] + 0.3 * draw(2, n, 2), draw(1, n, q)])
    kept = np.arange(n) % 5 != 2
    if measure.name == "cka_minibatch" and n > BATCH_ROWS:
        pytest.skip("rows stay in the batches of the whole; see below")
    expected = measure(x[kept], y[kept])
    assert measure.of(pair_without_others(x, y, kept)) == pytest.approx(expected, abs=2e-5)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 999), st.integers(2, 8), st.integers(1, 3))
def test_the_factors_without_some_rows_are_a_factorization_of_the_rest(seed, width, dependent):
    x = draw(seed, 50, width)
    x = np.hstack([x, x @ draw(seed + 1, width, dependent)])
    kept = np.random.default_rng(seed).random(50) < 0.8
    reduced = jackknife.ReducedRepresentation(Representation.of(x), kept)
    assert reduced.rank == width
    np.testing.assert_allclose(reduced.basis.T @ reduced.basis, np.eye(width), atol=1e-8)
    np.testing.assert_allclose(reduced.loadings @ reduced.loadings.T, np.eye(width), atol=1e-7)
    rebuilt = reduced.basis * reduced.singular_values @ reduced.loadings
    centred = x[kept] - x[kept].mean(axis=0)
    scale = np.linalg.norm(centred, 2)
    np.testing.assert_allclose(rebuilt * scale, centred, atol=1e-8)
    norms = np.square(centred / scale).sum(axis=1)
    np.testing.assert_allclose(reduced.squared_norms, norms, atol=1e-10)


def test_a_direction_that_only_the_rows_left_out_have_is_dropped():
    x, y = draw(0, 40, 3), draw(1, 40, 4)
    x[:36, 2] = 7.0  # constant but for the last four rows
    kept = np.arange(40) < 36
    pair = pair_without_others(x, y, kept)
    assert pair.left.rank == 2
    for name in ("pwcca", "cka", "procrustes"):
        expected = MEASURES[name](x[kept], y[kept])
        assert MEASURES[name].of(pair) == pytest.approx(expected, abs=2e-5)


def test_leaving_out_whole_pieces_covers_where_sequences_of_a_piece_are_alike():
    # As below, but each row of 4 directions is drawn for a piece of 5 rows, not for a row.
    rng, cka = np.random.default_rng(0), MEASURES["cka"]
    inside = {"pieces": 0, "rows": 0}
    for _ in range(100):
        piece = np.repeat(np.arange(40), 5)
        shared = rng.normal(size=(40, 1))
        x, y = (
            np.hstack([shared, rng.normal(size=(40, 3))])[piece] + 0.01 * rng.normal(size=(200, 4))
            for _ in range(2)
        )
        for name, unit in (("pieces", piece), ("rows", np.arange(200))):
            group = units.groups(unit, 10, rng)
            scores = [cka(x[group != i], y[group != i]) for i in range(10)]
            half = stats.t.ppf(0.975, 9) * statistics.jackknife_error(scores)
            inside[name] += abs(np.mean(scores) - 0.25) <= half
    assert inside["pieces"] >= 85 > 75 >= inside["rows"]


def test_the_jackknife_error_of_a_mean_is_the_usual_one():
    values = draw(0, 12)
    without = [np.delete(values, i).mean() for i in range(12)]
    assert statistics.jackknife_error(without) == pytest.approx(stats.sem(values))


def test_the_jackknife_interval_covers():
    # One of four directions is shared: |I_1|^2 / (|I_4| |I_4|) = 1 / 4 of all rows there are.
    rng, cka, inside = np.random.default_rng(0), MEASURES["cka"], 0
    for _ in range(100):
        shared = rng.normal(size=(200, 1))
        x, y = (np.hstack([shared, rng.normal(size=(200, 3))]) for _ in range(2))
        group = units.groups(np.arange(200), 10, rng)
        scores = [cka(x[group != i], y[group != i]) for i in range(10)]
        half = stats.t.ppf(0.975, 9) * statistics.jackknife_error(scores)
        inside += abs(cka(x, y) - 0.25) <= half
    assert inside >= 88  # 95 expected, standard deviation 2.2


def test_repeating_sequences_raises_similarity_and_leaving_them_out_does_not():
    x, y, rng, cka = draw(0, 60, 20), draw(1, 60, 20), np.random.default_rng(2), MEASURES["cka"]
    repeated = [cka(x[rows], y[rows]) for rows in rng.integers(0, 60, (30, 60))]
    group = np.arange(60) % 10
    without = [cka(x[group != i], y[group != i]) for i in range(10)]
    assert np.mean(repeated) > cka(x, y) + 0.1
    assert np.mean(without) == pytest.approx(cka(x, y), abs=0.02)


def test_rows_stay_in_their_batches_where_others_are_left_out():
    """Else the draw of batches would count as chance of the units."""
    x, y = np.random.default_rng(1).normal(size=(2, 700, 5))
    x[:, :3] += y[:, :3]
    groups = np.arange(700) % 7
    layers = [jackknife.GroupedLayer(layer, "x", groups, groups >= 0) for layer in (x, y)]
    measures = [MEASURES["cka_minibatch"]]
    scores = {number: score for _, number, score in layers[0].scores(layers[1], measures)}
    order = np.random.default_rng(0).permutation(700)
    for number in range(7):
        batches = [rows[groups[rows] != number] for rows in np.array_split(order, 3)]

        def mean(left, right, batches=batches):
            return np.mean(
                [hsic(hollow(left[i] @ left[i].T), hollow(right[i] @ right[i].T)) for i in batches]
            )

        assert scores[number] == pytest.approx(ratio(mean, x, y), abs=1e-9)
