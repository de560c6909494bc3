"""The permutation null: whole sequences are permuted, and all draws' cross products are exact."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtransfer.similarity.measures import MEASURES, permutation_null
from seqtransfer.similarity.measures.permutation_null import UnitPermutations
from seqtransfer.similarity.measures.representation import Representation

FACTORED = [name for name, measure in MEASURES.items() if not measure.pairwise]


def draw(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


def null_of(sequences, draws=5, seed=7):
    generator = np.random.default_rng(seed)
    return UnitPermutations.draw(np.asarray(sequences), draws=draws, generator=generator)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 70), st.integers(1, 3), st.integers(1, 30), st.booleans(), st.integers(0, 99))
def test_a_draw_permutes_whole_sequences_and_keeps_positions(count, rows, draws, interleaved, seed):
    positions = np.tile(np.arange(rows), count)
    sequences = np.repeat(np.arange(count), rows)
    if interleaved:
        sequences, positions = np.tile(np.arange(count), rows), np.repeat(np.arange(rows), count)
    null = null_of(sequences, draws, seed)
    for index in range(draws):
        order = null.permutation(index)
        assert sorted(order) == list(range(count * rows))
        np.testing.assert_array_equal(positions[order], positions)
        moved = {(a, b) for a, b in zip(sequences, sequences[order], strict=True)}
        assert len(moved) == count


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(1, 50), min_size=1, max_size=5).filter(lambda sizes: sum(sizes) > 1),
    st.integers(1, 24),
    st.integers(0, 99),
)
def test_units_meet_those_of_their_own_positions_alone(sizes, draws, seed):
    generator = np.random.default_rng(seed)
    block = generator.permutation(np.repeat(np.arange(len(sizes)), sizes))
    units = np.repeat(np.arange(len(block)), 3)
    positions = (10 * np.repeat(block, 3)) + np.tile(np.arange(3), len(block))
    blocks = permutation_null.blocks(units, positions)
    np.testing.assert_array_equal(blocks, np.unique(block, return_inverse=True)[1].repeat(3))
    null = UnitPermutations.draw(units, draws=draws, generator=generator, blocks=blocks)
    moved = set()
    for index in range(draws):
        order = null.permutation(index)
        assert sorted(order) == list(range(len(units)))
        np.testing.assert_array_equal(positions[order], positions)
        moved |= set(np.flatnonzero(units[order] != units))
    if max(sizes) > 3 and draws > 5:
        assert moved
    x, y = draw(seed, len(units), 4), draw(seed + 1, len(units), 5)
    left, right = Representation.of(x), Representation.of(y)
    for index, pair in enumerate(null.pairs(left, right)):
        expected = left.basis.T @ right.basis[null.permutation(index)]
        np.testing.assert_allclose(pair.cross_products, expected, atol=1e-5)


@pytest.mark.parametrize(("count", "draws"), [(60, 19), (61, 19), (40, 39), (997, 199), (240, 10)])
def test_with_enough_sequences_draws_are_distinct_shifts_that_leave_few_outside(count, draws):
    null = null_of(np.arange(count), draws)
    orders = np.array([null.permutation(index) for index in range(draws)])
    shifted = np.setdiff1d(np.arange(count), null.rest)
    assert sum(map(len, null.rest)) <= count // 20
    assert (orders[:, shifted] != shifted).all()
    # Of a group of shifts: no sequence stands beside the same one in two draws.
    assert all(len(set(column)) == draws for column in orders[:, shifted].T)


def test_many_draws_of_small_blocks_hold_few_cross_products_at_a_time():
    """Of blocks of 20 units 199 draws have no grid: one matrix a draw would be 199 of them."""
    units = np.repeat(np.arange(240), 4)
    null = UnitPermutations.draw(
        units, draws=199, generator=np.random.default_rng(0), blocks=units // 20
    )
    left, right = (Representation.of(draw(seed, len(units), 100)) for seed in (0, 1))
    next(null.pairs(left, right))  # bases
    tracemalloc.start()
    for pair in null.pairs(left, right):
        assert pair.cross_products.shape == (100, 100)
    matrices = tracemalloc.get_traced_memory()[1] / (4 * 100 * 100)
    tracemalloc.stop()
    assert matrices < 3 * permutation_null.AT_ONCE


def test_with_few_sequences_the_draws_are_uniform_permutations():
    null = null_of(np.arange(3), draws=600)
    orders, counts = np.unique(
        [null.permutation(i) for i in range(600)], axis=0, return_counts=True
    )
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
    left, right, null = Representation.of(x), Representation.of(y), null_of(sequences)
    for index, pair in enumerate(null.pairs(left, right)):
        order = null.permutation(index)
        assert pair.cross_products.dtype == np.float32
        expected = left.basis.T @ right.basis[order]
        np.testing.assert_allclose(pair.cross_products, expected, atol=1e-6)
        for name in FACTORED:
            score = MEASURES[name].of(pair)
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
    left, right = (
        Representation.of(x),
        Representation.of(draw([seed, 1], n, q) + draw([seed, 2], n, 1)),
    )
    null = null_of(np.arange(n), draws=3, seed=seed)
    exact_pairs = null.pairs_without_cross_products(left, right)
    for fast, exact in zip(null.pairs(left, right), exact_pairs, strict=True):
        for name in FACTORED:
            # Correlations that tie at 1 leave the weights of PWCCA arbitrary.
            if not (name.startswith("pwcca") and p + q > n - 1):
                error = abs(MEASURES[name].of(fast) - MEASURES[name].of(exact))
                assert error < permutation_null.DRAW_ERROR * max(1, MEASURES[name].of(exact)), name


def test_pairwise_measures_score_the_same_permutations():
    x, y = draw(0, 60, 4), draw(1, 60, 5)
    null = null_of(np.repeat(np.arange(20), 3))
    pairs = null.pairs_without_cross_products(Representation.of(x), Representation.of(y))
    for index, pair in enumerate(pairs):
        for name in set(MEASURES) - set(FACTORED):
            copy = MEASURES[name](x, y[null.permutation(index)])
            assert MEASURES[name].of(pair) == pytest.approx(copy, abs=1e-12)


@pytest.mark.parametrize(
    ("sequences", "draws", "message"),
    [
        ([0, 0, 0, 1, 1], 5, "unit 1 has 2 rows, unit 0 has 3"),
        ([0, 0, 0, 0, 0], 5, "one unit"),
        ([[0], [1], [2], [3], [4]], 5, r"shape \(5, 1\); give one number per row"),
        ([0, 1, 2, 3, 4], 0, "draws is 0"),
    ],
)
def test_sequences_that_cannot_be_permuted_are_refused(sequences, draws, message):
    with pytest.raises(ValueError, match=message):
        null_of(sequences, draws)
