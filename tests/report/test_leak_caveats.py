"""What test sequences near to train take from scores, in sentences."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from seqtransfer.report import leak_caveats

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


@pytest.mark.parametrize("n", [50, 1000])
def test_near_series_are_told_where_there_are_more_than_chance_explains(n):
    def told(count):
        return len(
            leak_caveats.of_leaks(leaks(("a", "test", "after", "distance_near", count / n, n)))
        )

    # The fewest that chance alone gives with a probability below 1 %.
    rare = next(k for k in range(n) if stats.binom.sf(k - 1, n, 0.01) < 0.01)
    assert (told(rare - 1), told(rare)) == (1, 2)
    assert (
        len(leak_caveats.of_leaks(leaks(("a", "test", "after", "distance_near", np.nan, n)))) == 1
    )
