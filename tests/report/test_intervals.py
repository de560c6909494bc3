"""Differences pair two arms at equal seeds, or say which run is missing."""

import math

import pandas as pd
import pytest

from seqtransfer.report.tables import intervals


def names(task, arm, seed):
    return {"task": task, "initialization": arm, "seed": seed}


def test_paired_differences_subtract_equal_seeds_whatever_the_row_order():
    table = pd.DataFrame(
        names("x", arm, seed)
        for arm, seed in (("text", 0), ("text", 1), ("random", 1), ("random", 0))
    ).assign(mcc=[0.5, 0.9, 0.8, 0.1])
    difference = intervals.paired_differences(table, "mcc", "text", "random")
    assert dict(zip(difference["seed"], difference["difference"], strict=True)) == pytest.approx(
        {0: 0.4, 1: 0.1}
    )


def test_a_seed_with_one_arm_only_is_refused_by_name():
    table = pd.DataFrame(
        [names("x", "text", 0), names("x", "random", 0), names("x", "text", 1)]
    ).assign(mcc=0.1)
    with pytest.raises(ValueError, match=r"task 'x', seed 1: found \['text'\]"):
        intervals.paired_differences(table, "mcc", "text", "random")


def test_an_arm_that_the_study_lacks_gives_no_differences():
    table = pd.DataFrame([names("x", "text", 0)]).assign(mcc=0.1)
    assert intervals.paired_differences(table, "mcc", "text", "random").empty


def test_a_missing_key_is_a_combination_of_its_own():
    table = pd.DataFrame({"task": "x", "size": [1, 1, None, None], "v": [0.1, 0.3, 4.0, 6.0]})
    rows = intervals.interval_rows(table, ["task", "size"], "v")
    assert rows["size"].isna().tolist() == [False, True]
    assert rows["mean"].tolist() == pytest.approx([0.2, 5.0])


def test_where_a_seed_has_no_value_there_is_no_mean_and_seeds_counts_the_others():
    table = pd.DataFrame({"task": ["x", "x", "y", "y"], "v": [0.1, math.nan, 0.2, 0.4]})
    rows = intervals.interval_rows(table, ["task"], "v").set_index("task")
    assert rows.loc["x", ["mean", "low", "high"]].isna().all()
    assert rows["seeds"].to_dict() == {"x": 1, "y": 2}
    assert rows.loc["y", "mean"] == pytest.approx(0.3)
