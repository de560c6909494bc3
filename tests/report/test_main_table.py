"""The main table has every arm and task once, marks the highest mean of the arms, and says of its
layout on the page what it is."""

import numpy as np
import pandas as pd
import pytest

from seqtransfer.report.page import reading_tables
from seqtransfer.report.tables import main_table, table_files


def row(task, name, mean, **other):
    return {
        "task": task, "initialization": name, "kind": "arm", "split": "test", "metric": "mcc",
        "headline": True, "n": 10, "mean": mean, "low": mean - 0.1, "high": mean + 0.1, "seeds": 3,
        "diverged": 0,
    } | other  # fmt: skip


BASELINE = {"kind": "baseline", "low": None, "high": None}
SCORES = pd.DataFrame(
    [
        *(row("x", "text", 0.5), row("x", "random", 0.25), row("x", "ngram", 0.75, **BASELINE)),
        *(row("y", "text", np.nan), row("y", "random", -0.25), row("y", "ngram", 0.0, **BASELINE)),
        *(row("x", "random", 0.9, split="dev"), row("x", "random", 0.9, headline=False)),
    ]
)


def test_only_an_arm_is_best_and_only_the_headline_on_test_counts():
    table = main_table.table(SCORES)
    best = set(zip(table["task"], table["initialization"], table["best"], strict=True))
    assert best == {
        ("x", "text", True), ("x", "random", False), ("x", "ngram", False),
        ("y", "text", False), ("y", "random", True), ("y", "ngram", False),
    }  # fmt: skip


def test_as_it_is_read_arms_are_rows_and_tasks_columns():
    wide = main_table.wide(main_table.table(SCORES))
    assert table_files.markdown(wide).splitlines() == [
        "| arm, control or baseline | x (MCC; seeds: 3, n = 10) | y (MCC; seeds: 3, n = 10) |",
        "| --- | --- | --- |",
        "| text pretraining | **0.500 [0.400, 0.600]** |  |",
        "| random weights | 0.250 [0.150, 0.350] | **-0.250 [-0.350, -0.150]** |",
        "| n-gram regression | 0.750 | 0.000 |",
    ]


def test_tasks_are_rows_where_they_are_more_than_arms():
    rows = SCORES[SCORES["initialization"] == "random"]
    wide = main_table.wide(main_table.table(rows))
    assert table_files.markdown(wide).splitlines() == [
        "| task | random weights |",
        "| --- | --- |",
        "| x (MCC; seeds: 3, n = 10) | **0.250 [0.150, 0.350]** |",
        "| y (MCC; seeds: 3, n = 10) | **-0.250 [-0.350, -0.150]** |",
    ]


@pytest.mark.parametrize(
    ("arms", "first", "laid_out", "named"),
    [
        (
            ["text", "random", "ngram"], "arm, control or baseline",
            "an arm, control or baseline per row, a task per column", "head",
        ),
        (
            ["random"], "task",
            "a task per row, an arm, control or baseline per column", "first column",
        ),
    ],
)  # fmt: skip
def test_the_page_says_which_of_both_layouts_it_shows(arms, first, laid_out, named):
    table = main_table.table(SCORES[SCORES["initialization"].isin(arms)])
    one = reading_tables.reading("main", table, {})
    assert one.extract == laid_out
    assert one.columns[0] == (first, "Its name", False)
    meanings = {meaning for _, meaning, _ in one.columns[1:]}
    assert len(meanings) == 1 and meanings.pop().endswith(f"in the metric that the {named} names")
    heads, rows = [head for head, _, _ in one.columns], [row[0][0] for row in one.rows]
    tasks = heads if named == "head" else rows
    assert sum("MCC" in task for task in tasks) == 2
