"""Baselines' scores -> rows beside those of arms, so that an arm can be held against one.

A baseline is fitted once and answers the very test examples of the arms. So its score is the same
at every seed, and what it scores without a group of examples is paired with what an arm does.
"""

from collections.abc import Mapping

import pandas as pd


def heights(score: pd.DataFrame, split: str) -> pd.DataFrame:
    """(tasks, baselines) headline scores on `split`, NaN where a task lacks a baseline; tasks and
    baselines in the order of the table `scores`."""
    known = score[(score["kind"] == "baseline") & (score["split"] == split) & score["headline"]]
    wide = known.pivot(index="task", columns="initialization", values="mean")
    return wide.loc[known["task"].unique(), known["initialization"].unique()]


def best(score: pd.DataFrame) -> dict[str, str]:
    """Task -> the baseline with the highest score on dev, the first of equals."""
    return heights(score, "dev").idxmax(axis=1).to_dict()


def beside(
    name: str,
    chosen: Mapping[str, str],
    height: Mapping[str, float],
    run: pd.DataFrame,
    left_out: pd.DataFrame | None,
    baselines_left_out: pd.DataFrame | None,
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """The tables `runs` and `left_out` of the tasks that have a baseline, with rows of an arm
    `name`, which has at every seed the score of the task's baseline.

    chosen: task -> baseline; height: task -> its test score. Without either of the last two tables
    there is no second one.
    """
    own = run[run["task"].isin(chosen)]
    seeds = own[["task", "seed"]].drop_duplicates().assign(initialization=name)
    scored = seeds.assign(test_score=seeds["task"].map(height))
    runs = pd.concat([own, scored], ignore_index=True)
    if left_out is None or baselines_left_out is None:
        return runs, None
    without = left_out[left_out["task"].isin(chosen)]
    mine = baselines_left_out["task"].map(chosen) == baselines_left_out["baseline"]
    groups = seeds.merge(baselines_left_out[mine].drop(columns="baseline"), on="task")
    return runs, pd.concat([without, groups], ignore_index=True)
