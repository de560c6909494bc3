"""Tables of runs -> estimates of the difference of two arms, task by task."""

from dataclasses import replace

import pandas as pd

from seqtransfer.report.claims import estimates
from seqtransfer.report.claims.estimates import Estimate
from seqtransfer.report.tables.intervals import paired_differences


def of_difference(
    table: pd.DataFrame, value: str, left: str, right: str, left_out: pd.DataFrame | None = None
) -> dict[str, Estimate]:
    """Task -> estimate of left - right, in the study's order; empty if the study lacks an arm.

    table: a row per task, arm and seed with the column `value`; left_out: the table of this name,
    of the same scores; without it or its rows of a task, whose examples are of one unit then,
    estimates cover seeds alone. Its column `examples`, if there, names the set of examples of a
    task. The spread over few seeds is as it is: see `estimates.with_few_seeds`.
    """
    found = {}
    for task, rows in paired_differences(table, value, left, right).groupby("task", sort=False):
        without, examples = None, ""
        mine = left_out[left_out["task"] == task] if left_out is not None else ()
        if len(mine):
            wide = mine.pivot(index=["initialization", "seed"], columns="group", values="score")
            arms = (wide.loc[arm].loc[rows["seed"]].to_numpy(dtype=float) for arm in (left, right))
            first, second = arms
            without = first - second
            examples = mine["examples"].iloc[0] if "examples" in mine else ""
        found[str(task)] = replace(
            estimates.crossed(rows["difference"], without), examples=examples
        )
    return found
