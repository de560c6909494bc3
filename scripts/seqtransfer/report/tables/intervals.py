"""Values of several seeds -> means with intervals, and differences of two arms at equal seeds."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from seqtransfer.report.statistics import t_interval

BOUNDS = ["mean", "low", "high", "seeds"]


def bounds(values: Sequence[float]) -> tuple[float, float, float, int]:
    """Mean, low and high of one value a seed, and the number of seeds that have a value.

    If one has none (NaN), there is no mean over them, as no mean of the others would stand for all.
    """
    values = np.asarray(values, dtype=float)
    there = int(np.isfinite(values).sum())
    if there < len(values):
        return math.nan, math.nan, math.nan, there
    return *t_interval(values), there


def interval_rows(table: pd.DataFrame, keys: list[str], value: str) -> pd.DataFrame:
    """BOUNDS of column `value` for each combination of `keys`, in order; see `bounds`.

    A missing key is a combination of its own.
    """
    rows = []
    for key, group in table.groupby(keys, sort=False, dropna=False):
        rows.append([*key, *bounds(group[value])])
    return pd.DataFrame(rows, columns=[*keys, *BOUNDS])


def paired_differences(table: pd.DataFrame, value: str, left: str, right: str) -> pd.DataFrame:
    """left - right of column `value` for each task and seed: columns task, seed, difference.

    A seed fixes token map, head and batch order, so both arms of a pair share them. A difference is
    NaN where one of the two runs has no score.
    Raises ValueError where a (task, seed) has one arm but not the other; an arm that the study
    lacks altogether gives an empty table.
    """
    wide = table.pivot(index=["task", "seed"], columns="initialization", values=value)
    if left not in wide or right not in wide:
        return pd.DataFrame({"task": [], "seed": [], "difference": []})
    present = table.groupby(["task", "seed"], sort=False)["initialization"].agg(set)
    present = present[[bool(arms & {left, right}) for arms in present]]
    for (task, seed), arms in present.items():
        if not {left, right} <= arms:
            raise ValueError(
                f"task {task!r}, seed {seed}: found {sorted(arms)}, but {left} - {right} needs"
                " both; run the missing arm with this seed"
            )
    difference = (wide[left] - wide[right]).reindex(present.index)  # the study's order
    return difference.rename("difference").reset_index()
