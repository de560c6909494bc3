"""Values of several seeds -> means with intervals, and differences of two arms at equal seeds."""

import pandas as pd

from seqtransfer.report.statistics import t_interval


def interval_rows(table: pd.DataFrame, keys: list[str], value: str, level: float) -> pd.DataFrame:
    """Mean, low, high and seeds of column `value` for each combination of `keys`, in order."""
    rows = []
    for key, group in table.groupby(keys, sort=False):
        mean, low, high = t_interval(group[value].to_numpy(dtype=float), level)
        rows.append([*key, mean, low, high, len(group)])
    return pd.DataFrame(rows, columns=[*keys, "mean", "low", "high", "seeds"])


def paired_differences(table: pd.DataFrame, value: str, left: str, right: str) -> pd.DataFrame:
    """left - right of column `value` for each task and seed: columns task, seed, difference.

    A seed fixes token map, head and batch order, so both arms of a pair share them.
    Raises ValueError where a (task, seed) has one arm but not the other; an arm that the study
    lacks altogether gives an empty table.
    """
    wide = table.pivot(index=["task", "seed"], columns="initialization", values=value)
    if left not in wide or right not in wide:
        return pd.DataFrame({"task": [], "seed": [], "difference": []})
    present = table.groupby(["task", "seed"], sort=False)["initialization"].agg(set)
    for (task, seed), arms in present.items():
        if len(arms & {left, right}) == 1:
            raise ValueError(
                f"task {task!r}, seed {seed}: found {sorted(arms)}, but {left} - {right} needs"
                " both; run the missing arm with this seed"
            )
    difference = (wide[left] - wide[right]).reindex(present.index)  # the study's order
    return difference.rename("difference").reset_index()
