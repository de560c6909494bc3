"""The log-rank test of steps to the threshold, where steps can tell two arms apart."""

import warnings

import pandas as pd
import pytest
from scipy import stats

from seqtransfer.report import readings


def runs(*steps, censored=()):
    """Runs that end at `steps`; `censored`: which of them do not reach the threshold there."""
    ends = [step in censored for step in steps]
    return pd.DataFrame({"steps_to_threshold": [float(step) for step in steps], "censored": ends})


def test_log_rank_is_scipys_with_censored_runs():
    found = readings.log_rank(runs(2, 4, 8, 16), runs(8, 16, 32, 64, censored=(64,)))
    sides = stats.CensoredData([2, 4, 8, 16]), stats.CensoredData([8, 16, 32], right=[64])
    assert found == f" (log-rank p {stats.logrank(*sides).pvalue:.2f})"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (runs(4, 4, 4), runs(4, 4, 4)),
        (runs(64, 64, censored=(64,)), runs(64, 64, censored=(64,))),
        (runs(2, 2, censored=(2,)), runs(4, 8)),
        (runs(2, float("nan")), runs(4, 8)),
    ],
    ids=["all at one step", "none gets there", "one arm is not seen so long", "no number"],
)
def test_steps_that_cannot_tell_arms_apart_have_no_log_rank(left, right):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert readings.log_rank(left, right) == readings.log_rank(right, left) == ""
