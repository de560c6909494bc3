"""Robust summaries against closed forms and SciPy; how often their intervals err."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from seqtransfer.report import aggregates
from seqtransfer.report.aggregates import (
    interquartile_mean,
    probability_of_improvement,
    share_above,
    stratified_bootstrap,
)

TASKS = np.array([0.3, 0.45, 0.6, 0.75])  # mean scores
SPREAD, GAIN, SHARED = 0.05, 0.03, 0.5  # over seeds; of text; share that arms have in common

scores = arrays(float, (3, 4), elements=st.integers(-8, 8).map(lambda value: value / 8))


def draw(seed, seeds=4):
    return np.random.default_rng(seed).uniform(0.2, 0.8, size=(seeds, 4))


def test_the_interquartile_mean_leaves_out_a_quarter_at_each_end():
    runs = np.array([[0.0, 0.2, 0.3, 0.9], [-1.0, 0.4, 0.5, 1.0]])
    assert interquartile_mean(runs) == pytest.approx((0.2 + 0.3 + 0.4 + 0.5) / 4)
    assert interquartile_mean(np.stack([runs, 2 * runs])) == pytest.approx([0.35, 0.7])


@given(scores, scores)
def test_the_probability_of_improvement_is_the_mean_of_mann_and_whitneys_u(left, right):
    each = [
        stats.mannwhitneyu(x, y).statistic / len(x) / len(y)
        for x, y in zip(left.T, right.T, strict=True)
    ]
    found = probability_of_improvement(left, right)
    assert found == pytest.approx(np.mean(each))
    assert probability_of_improvement(right, left) == pytest.approx(1 - found)


def test_ahead_in_three_of_four_tasks_is_an_improvement_of_three_quarters():
    left, right = draw(0), draw(0) - [1.0, 1.0, 1.0, -1.0]
    assert probability_of_improvement(left, right) == 0.75
    assert probability_of_improvement(left, left) == 0.5


@given(scores)
def test_a_profile_falls_from_one_to_none_and_its_area_is_the_mean_score(runs):
    thresholds = np.arange(-10, 10) / 8
    profile = share_above(runs, thresholds)
    assert profile[0] == 1 and profile[-1] == 0 and (np.diff(profile) <= 0).all()
    # Scores are multiples of 1/8: a sum of steps is exact.
    assert thresholds[0] + profile.sum() / 8 == pytest.approx(runs.mean())


def test_the_interval_of_one_tasks_mean_has_the_bootstraps_error():
    runs = draw(1, seeds=50)[:, :1]
    value, low, high = stratified_bootstrap(lambda x: x.mean(axis=(-2, -1)), runs)
    half = stats.norm.ppf(0.975) * runs.std() / math.sqrt(50)
    assert value == pytest.approx(runs.mean())
    assert (value - low, high - value) == pytest.approx((half, half), rel=0.15)


def test_seeds_are_resampled_within_tasks():
    """Tasks of equal seeds leave nothing to chance, however far apart they are."""
    runs = np.tile(TASKS, (3, 1))
    value, low, high = stratified_bootstrap(interquartile_mean, runs)
    assert low == high == value == pytest.approx(TASKS[1:3].mean())


def test_both_arms_have_the_same_seeds_in_a_resample():
    """A gain that is the same at every seed leaves nothing to chance."""
    runs = draw(2)
    value, low, high = stratified_bootstrap(
        lambda x, y: (x - y).mean(axis=(-2, -1)), runs + 1, runs
    )
    assert (value, low, high) == pytest.approx((1, 1, 1))


def test_a_missing_score_or_a_single_seed_is_not_averaged_over():
    runs = draw(3)
    lost = runs.copy()
    lost[0, 0] = math.nan
    for arms in ([lost, runs], [runs, lost]):
        assert np.isnan(stratified_bootstrap(probability_of_improvement, *arms)).all()
    value, low, high = stratified_bootstrap(interquartile_mean, runs[:1])
    assert value == pytest.approx(runs[0, np.argsort(runs[0])[1:3]].mean())
    assert math.isnan(low) and math.isnan(high)


def test_the_same_scores_give_the_same_interval():
    first, second = (stratified_bootstrap(interquartile_mean, draw(4)) for _ in range(2))
    assert first == second


@pytest.mark.parametrize(("seeds", "least", "most"), [(2, 0.6, 0.82), (4, 0.8, 0.96), (20, 0.9, 1)])
def test_intervals_of_few_seeds_miss_the_truth_as_often_as_the_documentation_says(
    seeds, least, most, monkeypatch
):
    monkeypatch.setattr(aggregates, "DRAWS", 500)
    generator = np.random.default_rng(seeds)
    # The mean of the middle half of the mixture of the tasks, and P(text > random) of two seeds.
    mixture = stats.norm(TASKS[:, None], SPREAD)
    grid = np.linspace(0, 1.1, 20001)
    below = mixture.cdf(grid).mean(axis=0)
    middle = (below > 0.25) & (below < 0.75)
    density = mixture.pdf(grid).mean(axis=0) * middle
    truth = (grid * density).sum() / density.sum()
    chance = stats.norm.cdf(GAIN / (SPREAD * math.sqrt(2)))
    trials, covered = 300, np.zeros(2)
    for _ in range(trials):
        common, *own = generator.normal(0, SPREAD, size=(3, seeds, 4))
        text, random = (
            TASKS + math.sqrt(SHARED) * common + math.sqrt(1 - SHARED) * one for one in own
        )
        text = text + GAIN
        _, low, high = stratified_bootstrap(interquartile_mean, random)
        covered[0] += low <= truth <= high
        _, low, high = stratified_bootstrap(probability_of_improvement, text, random)
        covered[1] += low <= chance <= high
    assert (least < covered / trials).all() and (covered / trials < most).all()
