"""Scores -> the main table: arms by tasks, mean and interval over seeds."""

from typing import NamedTuple

import pandas as pd

from seqtransfer.report import names
from seqtransfer.report.tables.table_cells import Bold, number, with_interval

COLUMNS = "task initialization kind metric n mean low high seeds best".split()


def table(scores: pd.DataFrame) -> pd.DataFrame:
    """One row per task and arm, control or baseline: its test score in the task's headline metric.

    scores: the table of this name. best: whether it is an arm, and none of the task has a higher
    mean.
    """
    rows = scores[(scores["split"] == "test") & scores["headline"]].reset_index(drop=True)
    arms = rows["mean"].where(rows["kind"] == "arm")
    return rows.assign(best=arms == arms.groupby(rows["task"]).transform("max"))[COLUMNS]


def wide(table: pd.DataFrame) -> pd.DataFrame:
    """The table as it is read: `mean [low, high]` for each arm (row) and task (column), in words;
    where tasks are more, they are the rows, and the first column is `task`.

    Arms, controls, baselines and metrics are in words; a task's name says how many seeds an arm has
    and how many examples of test. The best mean of a task is bold.
    """
    tasks = dict(list(table.groupby("task", sort=False)))
    cells = {(row.initialization, row.task): _cell(row) for row in table.itertuples()}
    rows = [
        [names.arm(name), *(cells.get((name, task), "") for task in tasks)]
        for name in dict.fromkeys(table["initialization"])
    ]
    heads = ["arm, control or baseline", *(_head(task, rows) for task, rows in tasks.items())]
    if len(tasks) <= len(rows):
        return pd.DataFrame(rows, columns=heads)
    first, *columns = zip(heads, *rows, strict=True)
    return pd.DataFrame(columns, columns=["task", *first[1:]])


def _head(task: str, rows: pd.DataFrame) -> str:
    """`splice (MCC; seeds: 8, n = 1000)`."""
    arms = rows[rows["kind"] == "arm"]
    seeds, n = names.span(arms["seeds"]), names.span(arms["n"])
    return f"{task} ({names.metric(rows['metric'].iloc[0])}; seeds: {seeds}, n = {n})"


def _cell(row: NamedTuple) -> str | Bold:
    text = with_interval(row, number)
    return Bold(text) if text and row.best else text
