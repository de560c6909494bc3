"""Scores -> the main table: an arm per row, a task per column, mean and interval over seeds."""

import pandas as pd

from seqtransfer.report.tables.table_files import Bold, number

COLUMNS = "task initialization kind metric n mean low high seeds best".split()
BASELINES = {"ngram": "n-gram baseline", "majority": "majority class", "mean": "training mean"}


def table(scores: pd.DataFrame) -> pd.DataFrame:
    """One row per task and arm or baseline: its test score in the task's headline metric.

    scores: the table of this name. best: whether it is an arm, and none of the task has a higher
    mean.
    """
    rows = scores[(scores["split"] == "test") & scores["headline"]].reset_index(drop=True)
    arms = rows["mean"].where(rows["kind"] == "arm")
    return rows.assign(best=arms == arms.groupby(rows["task"]).transform("max"))[COLUMNS]


def wide(table: pd.DataFrame) -> pd.DataFrame:
    """The table as it is read: `mean [low, high]` for each arm (row) and task (column).

    The best mean of a task is bold. A task's column names its metric.
    """
    named = table["initialization"].replace(BASELINES)
    columns = table["task"] + " (" + table["metric"] + ")"
    texts = pd.Series([_cell(row) for row in table.itertuples()], table.index, dtype=object)
    cells = table.assign(cell=texts, row=named, column=columns)
    order = named[table["kind"] == "arm"].unique(), named[table["kind"] != "arm"].unique()
    grid = cells.pivot(index="row", columns="column", values="cell").fillna("")
    grid = grid.reindex(index=[*order[0], *order[1]], columns=columns.unique())
    return grid.rename_axis(index="initialization", columns=None).reset_index()


def _cell(row) -> str:
    if pd.isna(row.mean):
        return ""
    text = number("mean", row.mean)
    if pd.notna(row.low):
        text += f" [{number('low', row.low)}, {number('high', row.high)}]"
    return Bold(text) if row.best else text
