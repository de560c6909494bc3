"""Robust summaries as tables: a row each, in the order of the study, missing where a score is."""

import numpy as np
import pandas as pd
import pytest

from seqtransfer.report.tables import aggregate_tables

SCORES = {"text": 0.1, "random": 0.0, "domain": 0.2}  # above the task's


@pytest.fixture
def runs():
    generator = np.random.default_rng(0)
    return pd.DataFrame(
        {"task": task, "initialization": arm, "seed": seed, "metric": metric}
        | {"test_score": level + gain + generator.uniform(0, 0.05)}
        for task, level, metric in (("b", 0.6, "mcc"), ("a", 0.3, "spearman"))
        for arm, gain in SCORES.items()
        for seed in (1, 0, 2)
    )


def test_every_arm_has_a_row_and_every_contrast_two(runs):
    table = aggregate_tables.table(runs)
    pairs = [("text", "random"), ("text", "domain"), ("domain", "random")]
    assert list(zip(table["left"], table["right"].fillna(""), strict=True)) == [
        *((arm, "") for arm in SCORES), *pairs, *pairs
    ]  # fmt: skip
    assert set(table["metric"]) == {"mcc, spearman"}
    assert table[["tasks", "seeds"]].to_numpy().tolist() == [[2, 3]] * 9
    improvement = table[table["quantity"] == "probability of improvement"]
    assert improvement["value"].tolist() == [1, 0, 1]
    mean = table[table["quantity"] == "interquartile mean"]
    assert (mean["low"] < mean["value"]).all() and (mean["value"] < mean["high"]).all()


def test_differences_are_paired_by_seed_and_task_whatever_the_order_of_rows(runs):
    moved = runs.assign(
        test_score=runs["seed"]
        + 10 * (runs["task"] == "a")
        + 0.25 * (runs["initialization"] == "text")
    )
    table = aggregate_tables.table(moved.sample(frac=1, random_state=0))
    row = table[table["quantity"].str.endswith("difference") & (table["right"] == "random")]
    row = row[row["left"] == "text"].iloc[0]
    assert row[["value", "low", "high"]].tolist() == [0.25] * 3


def test_a_run_without_a_score_empties_what_it_is_part_of_and_nothing_else(runs):
    lost = runs.copy()
    lost.loc[(lost["initialization"] == "domain") & (lost["seed"] == 1), "test_score"] = np.nan
    table = aggregate_tables.table(lost)
    concerned = (table["left"] == "domain") | (table["right"] == "domain")
    assert table.loc[concerned, "value"].isna().all()
    assert table.loc[~concerned, ["value", "low", "high"]].notna().all(axis=None)
    profiles = aggregate_tables.profiles(lost)
    assert profiles.groupby("initialization")["mean"].agg(lambda m: m.isna().all()).to_dict() == {
        "text": False, "random": False, "domain": True
    }  # fmt: skip


def test_profiles_go_from_all_runs_to_none_over_all_scores(runs):
    table = aggregate_tables.profiles(runs)
    for _, rows in table.groupby("initialization"):
        assert rows["mean"].iloc[0] == 1 and (rows["mean"].diff().dropna() <= 0).all()
        assert np.diff(rows["threshold"]) == pytest.approx(0.01)
        assert (rows["low"] <= rows["mean"]).all() and (rows["mean"] <= rows["high"]).all()
    assert table.loc[table["threshold"].idxmax(), "mean"] == 0
    nothing = aggregate_tables.profiles(runs.assign(test_score=np.nan))
    assert nothing["mean"].isna().all() and len(nothing)
