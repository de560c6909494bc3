"""Scores of arms and baselines -> estimates of how far an arm is above a baseline.

A baseline is fitted once and answers the very test examples of the arms. So its score is the same
at every seed, and what it scores without a group of examples is paired with what an arm does.
"""

from collections.abc import Mapping

import pandas as pd

from seqtransfer.report.claims.arm_estimates import of_difference
from seqtransfer.report.claims.estimates import Estimate

BASELINE = "baseline"  # as an arm: that of each task which it is held against


def heights(score: pd.DataFrame, split: str) -> pd.DataFrame:
    """(tasks, baselines) headline scores on `split`, NaN where a task lacks a baseline; tasks and
    baselines in the order of the table `scores`."""
    known = score[(score["kind"] == "baseline") & (score["split"] == split) & score["headline"]]
    wide = known.pivot(index="task", columns="initialization", values="mean")
    return wide.loc[known["task"].unique(), known["initialization"].unique()]


def best(score: pd.DataFrame) -> dict[str, str]:
    """Task -> the baseline with the highest score on dev, the first of equals."""
    return heights(score, "dev").idxmax(axis=1).to_dict()


def above(
    arm: str,
    chosen: Mapping[str, str],
    score: pd.DataFrame,
    run: pd.DataFrame,
    left_out: pd.DataFrame | None,
    baselines_left_out: pd.DataFrame | None,
) -> dict[str, Estimate]:
    """Task -> estimate of the arm's test score minus that of a baseline, in the study's order.

    chosen: task -> baseline; the tables of these names, score: `scores`. Without either of the last
    two, estimates cover seeds alone. Empty if the study lacks the arm.
    """
    mine = (run["initialization"] == arm) & run["task"].isin(chosen)
    own = run.loc[mine, ["task", "initialization", "seed", "test_score"]]
    test = heights(score, "test")
    found = {task: test.loc[task, name] for task, name in chosen.items()}
    fixed = own[["task", "seed"]].assign(initialization=BASELINE, test_score=own["task"].map(found))
    without = None
    if left_out is not None and baselines_left_out is not None:
        of_chosen = baselines_left_out["task"].map(chosen) == baselines_left_out["baseline"]
        groups = baselines_left_out[of_chosen].drop(columns="baseline")
        groups = fixed[["task", "seed", "initialization"]].merge(groups, on="task")
        without = pd.concat([left_out[left_out["initialization"] == arm], groups])
    return of_difference(pd.concat([own, fixed]), "test_score", arm, BASELINE, without)
