"""Intervals against SciPy's tests and by simulation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from seqtransfer.report.statistics import (
    stratified_mean_interval,
    t_interval,
)


def draw(seed, n, scale=1.0, shift=0.0):
    return shift + scale * np.random.default_rng(seed).normal(size=n)


samples = st.lists(st.floats(-100, 100), min_size=2, max_size=12).filter(
    lambda values: np.ptp(values) > 1e-3
)


@given(samples, st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_one_group_gives_the_interval_of_scipys_one_sample_t_test(values, level):
    mean, low, high = t_interval(values, level)
    expected = stats.ttest_1samp(values, 0).confidence_interval(level)
    assert mean == pytest.approx(np.mean(values))
    assert (low, high) == (pytest.approx(expected.low), pytest.approx(expected.high))
    assert stratified_mean_interval({"a": values}, level)[3] == pytest.approx(len(values) - 1)


@given(samples, samples)
def test_two_groups_give_half_of_welchs_two_sample_interval(a, b):
    # mean(a) + mean(b) is the difference of the means of a and -b.
    welch = stats.ttest_ind(a, np.negative(b), equal_var=False)
    expected = welch.confidence_interval(0.9)
    _, low, high, degrees = stratified_mean_interval({"a": a, "b": b}, 0.9)
    assert degrees == pytest.approx(welch.df)
    assert 2 * low == pytest.approx(expected.low, abs=1e-9)
    assert 2 * high == pytest.approx(expected.high, abs=1e-9)


def test_a_hand_worked_interval_of_three_values():
    # Mean 2, standard error 1 / sqrt(3), t(0.975, 2 degrees) = 4.302653 from printed tables.
    mean, low, high = t_interval([1, 2, 3])
    assert (mean, high) == (2, pytest.approx(2 + 4.302653 / math.sqrt(3), abs=1e-6))
    assert mean - low == pytest.approx(high - mean)


def test_each_task_counts_alike_however_many_seeds_it_has():
    mean, *_ = stratified_mean_interval({"a": draw(0, 50) * 0 + 1, "b": [3, 3]})
    assert mean == 2


@given(samples, samples, st.floats(0.1, 10), st.floats(-10, 10))
def test_the_interval_follows_the_unit_and_the_origin_of_the_values(a, b, scale, shift):
    expected = np.array(stratified_mean_interval({"a": a, "b": b}))
    moved = {"b": scale * np.array(b) + shift, "a": scale * np.array(a) + shift}
    np.testing.assert_allclose(
        stratified_mean_interval(moved)[:3], scale * expected[:3] + shift, rtol=1e-6, atol=1e-6
    )


@pytest.mark.parametrize("sizes", [(3,), (5, 5, 5, 5), (3, 6, 10)])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_the_interval_covers_the_true_mean_as_often_as_its_level_says(sizes, level):
    generator = np.random.default_rng([len(sizes), int(100 * level)])
    spreads, truths = np.geomspace(1, 3, len(sizes)), np.arange(len(sizes))
    trials, covered = 2000, 0
    for _ in range(trials):
        groups = {
            str(t): generator.normal(truths[t], spreads[t], size=n) for t, n in enumerate(sizes)
        }
        _, low, high, _ = stratified_mean_interval(groups, level)
        covered += low <= truths.mean() <= high
    # Four binomial standard errors, and half a point for the approximate degrees of freedom.
    error = 4 * math.sqrt(level * (1 - level) / trials) + 0.005
    assert covered / trials == pytest.approx(level, abs=error)


def test_a_higher_level_gives_a_wider_interval():
    values = draw(1, 6)
    widths = [np.subtract(*t_interval(values, level)[:0:-1]) for level in (0.5, 0.9, 0.95, 0.99)]
    assert widths == sorted(widths) and widths[0] > 0


def test_one_value_shows_no_spread_so_its_limits_are_unknown():
    mean, low, high = t_interval([0.3])
    assert mean == 0.3 and math.isnan(low) and math.isnan(high)
    mean, *limits = stratified_mean_interval({"a": [1, 2], "b": [4]})
    assert mean == pytest.approx(2.75) and np.isnan(limits).all()


def test_no_spread_anywhere_gives_no_interval_of_width_0():
    mean, *limits = stratified_mean_interval({"a": [1, 1, 1], "b": [3, 3]})
    assert mean == 2 and np.isnan(limits).all()
    # Computed, neither the variance of the one nor the spread of the other is 0.
    for values in (3 * [0.1], [0.5 - 0.1, 0.9 - 0.5]):
        mean, *limits = t_interval(values)
        assert mean == pytest.approx(values[0]) and np.isnan(limits).all()


def test_a_group_without_spread_beside_one_with_spread_adds_no_uncertainty():
    values = draw(2, 5)
    _, low, high, degrees = stratified_mean_interval({"a": values, "b": [0.0, 0.0]})
    _, alone_low, alone_high = t_interval(values)
    assert degrees == pytest.approx(4)
    assert (low, high) == (pytest.approx(alone_low / 2), pytest.approx(alone_high / 2))


def test_tiny_spreads_do_not_break_the_degrees_of_freedom():
    values = draw(3, 5)
    expected = stratified_mean_interval({"a": values, "b": values})[3]
    tiny = stratified_mean_interval({"a": 1e-90 * values, "b": 1e-90 * values})
    assert tiny[3] == pytest.approx(expected) and tiny[1] < tiny[0] < tiny[2]


@pytest.mark.parametrize(
    ("groups", "level", "message"),
    [
        ({}, 0.95, "no groups"),
        ({"splice": []}, 0.95, "splice: shape"),
        ({"splice": [1, math.nan]}, 0.95, "splice: value 1 is not finite"),
        ({"splice": [1, 2]}, 95, "level is 95"),
    ],
)
def test_faulty_groups_are_refused_by_name(groups, level, message):
    with pytest.raises(ValueError, match=message):
        stratified_mean_interval(groups, level)
