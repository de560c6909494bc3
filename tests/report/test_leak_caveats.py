"""What test sequences near to train take from scores, in sentences."""

import numpy as np
import pandas as pd
import pytest
from scipy import spatial, stats

from seqtransfer.report.caveats import leak_caveats

COLUMNS = ["task", "split", "splitting", "measure", "value", "n"]


def leaks(*rows):
    half = [("splice", "test", "after", "similarity_share_0.5", 0.2, 160)]
    return pd.DataFrame([*half, *rows], columns=COLUMNS)


def test_shares_of_kmers_are_always_told_and_of_the_test_part_in_this_split_alone():
    others = [
        ("splice", part, stage, name, 0.9, 160)
        for part, stage in (("dev", "after"), ("test", "before"))
        for name in ("similarity_share_0.5", "overlap_share_0.5", "distance_near")
    ]
    (line,) = leak_caveats.of_leaks(leaks(*others))
    assert "splice 20.0 %. How much they matter" in line


def test_tasks_without_a_test_row_that_is_not_near_are_named():
    rows = [
        ("variants", "test", "after", "similarity_share_0.5", 1.0, 1000),
        ("one-left", "test", "after", "similarity_share_0.5", 299 / 300, 300),
        ("two-left", "test", "after", "similarity_share_0.5", 298 / 300, 300),
    ]
    shares, line = leak_caveats.of_leaks(leaks(*rows))
    assert "variants 100.0 %" in shares
    assert "nothing is left to score on variants and one-left, whose" in line


def test_one_series_that_repeats_numbers_is_told():
    rows = [
        ("windows", "test", "after", "overlap_share_0.5", 1 / 500, 500),
        ("clean", "test", "after", "overlap_share_0.5", 0.0, 500),
    ]
    _, line = leak_caveats.of_leaks(leaks(*rows))
    assert "repeat most numbers of a training series" in line and "windows 0.2 %" in line
    assert "clean" not in line and "`group`" in line


@pytest.mark.parametrize("n", [30, 45, 1000])
@pytest.mark.parametrize("units", [199, 400, 1000])
def test_near_series_are_told_where_there_are_more_than_chance_explains(n, units):
    def told(share, units=units):
        # As in the file, which has six digits.
        rows = (("distance_near", float(f"{share:.6g}")), ("distance_limit_units", units))
        found = [("a", "test", "after", name, value, n) for name, value in rows]
        return len(leak_caveats.of_leaks(leaks(*found)))

    pairs = (units + 1) // 200
    chance = stats.betabinom(n, pairs, (units + 1) / 2 - pairs)
    rare = next(k for k in range(n) if chance.sf(k - 1) < 0.01)
    assert (told((rare - 1) / n), told(rare / n)) == (1, 2)
    assert told(np.nan, 150) == told(np.nan) == 1


@pytest.mark.parametrize(("units", "test"), [(199, 1000), (400, 300), (1000, 1000)])
def test_without_leaks_one_task_in_a_hundred_is_told(units, test):
    rng, alarms, tasks = np.random.default_rng(units), 0, 300
    most = leak_caveats.by_chance(pd.Series([test]), pd.Series([units]))[0]
    for _ in range(tasks):
        train, others = rng.normal(size=(units, 6)), rng.normal(size=(test, 6))
        tree = spatial.KDTree(train)
        own = np.sort(tree.query(train, k=2)[0][:, 1])
        limit = own[2 * ((units + 1) // 200) - 1]
        alarms += (tree.query(others)[0] < limit).sum() > most
    # Counts above have a probability below 0.1 % if 1 % is right; a plain binomial has 13 %.
    assert alarms <= stats.binom.ppf(0.999, tasks, 0.015)
