"""The log-rank test of steps to the threshold, where steps can tell two arms apart; and whether a
verdict is said to differ between tasks."""

import warnings

import pandas as pd
import pytest
from scipy import stats

from seqtransfer.report.claims import readings


def runs(*steps, censored=()):
    """Runs that end at `steps`; `censored`: which of them do not reach the threshold there."""
    ends = [step in censored for step in steps]
    return pd.DataFrame({"steps_to_threshold": [float(step) for step in steps], "censored": ends})


def test_log_rank_scores_sum_to_arrivals_less_those_expected():
    left, right = runs(2, 4, 8, 16), runs(8, 16, 32, 64, censored=(64,))
    both = pd.concat([left, right])
    steps, censored = both["steps_to_threshold"].to_numpy(), both["censored"].to_numpy()
    expected = variance = 0.0
    for end in sorted(set(steps[~censored])):
        risk, arrived = steps >= end, ((steps == end) & ~censored).sum()
        share = risk[:4].sum() / risk.sum()
        expected += arrived * share
        if risk.sum() > 1:
            variance += arrived * share * (1 - share) * (risk.sum() - arrived) / (risk.sum() - 1)
    surplus = readings.log_rank_scores(steps, censored)[:4].sum()
    assert surplus == pytest.approx(4 - expected)
    sides = stats.CensoredData([2, 4, 8, 16]), stats.CensoredData([8, 16, 32], right=[64])
    assert abs(stats.logrank(*sides).statistic) == pytest.approx(surplus / variance**0.5)


@pytest.mark.parametrize(("count", "p"), [(2, 2 / 6), (3, 2 / 20), (4, 2 / 70)])
def test_arms_that_do_not_overlap_have_the_least_p_that_so_few_runs_allow(count, p):
    slow = runs(*range(20, 20 + count), censored=(20 + count - 1,))
    assert readings.log_rank(runs(*range(count)), slow) == f" (log-rank p {p:.3f})"


def test_no_p_value_is_zero():
    assert [readings.p_value(p) for p in (0.0, 0.00099, 0.0014)] == ["< 0.001", "< 0.001", "0.001"]


def test_a_run_without_a_number_leaves_the_median_without_one():
    assert readings.median_steps(runs(2, float("nan"))) == "no number"


def test_the_median_of_half_censored_runs_is_no_number_between_two_runs():
    """Of runs in 100 and 200 steps and two that never got there, no half took up to 612."""
    assert readings.median_steps(runs(100, 200, 1024, censored=(1024,))) == "200"
    half = runs(100, 200, 1024, 1024, censored=(1024,))
    assert readings.median_steps(half) == "200 in half of its runs"
    assert readings.median_steps(runs(100, 1024, 1024, censored=(1024,))) == "not in 1024"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (runs(4, 4, 4), runs(4, 4, 4)),
        (runs(64, 64, censored=(64,)), runs(64, 64, censored=(64,))),
        (runs(2, float("nan")), runs(4, 8)),
        (runs(2), runs(4)),
    ],
    ids=["all at one step", "none gets there", "no number", "one run each"],
)
def test_steps_that_cannot_tell_arms_apart_have_no_log_rank(left, right):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert readings.log_rank(left, right) == readings.log_rank(right, left) == ""


@pytest.mark.parametrize(("p", "told"), [(0.01, True), (0.049, True), (0.06, False), (0.1, False)])
def test_tasks_are_said_to_differ_where_chance_explains_it_in_less_than_a_twentieth(p, told):
    overall = {"mean": 0.2, "low": 0.1, "high": 0.3, "counts": {"supported": 2}}
    overall |= {"heterogeneity_p": p, "heterogeneity": 0.6}
    record = {"overall": overall, "verdict": "supported", "contrast": "text - random"}
    record |= {"margin": None, "level": 0.95, "unit": "MCC", "paper": "", "missing": []}
    assert ("Tasks differ more than chance explains" in readings.of(record)) == told
