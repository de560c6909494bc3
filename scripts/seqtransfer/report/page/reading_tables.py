"""A table of the report -> as people read it: words for identifiers, rounded numbers."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial

import pandas as pd
from markupsafe import Markup

from seqtransfer.report import names, register
from seqtransfer.report.tables import table_cells, table_files

MOST_CELLS = 20_000  # of a table on the page; a longer one is opened as a file

# What the page shows of a table, by values of its columns, and how it says so.
EXTRACTS: dict[str, tuple[dict[str, object], str]] = {
    "scores": ({"split": "test", "headline": True}, "test scores in the headline metric"),
    "leaks": ({"split": "test"}, "test sequences"),
}
# Of the main table, by its first column: what rows and columns are, and where a metric is named.
LAID_OUT = {
    "arm, control or baseline": ("an arm, control or baseline per row, a task per column", "head"),
    "task": ("a task per row, an arm, control or baseline per column", "first column"),
}
IN_CELLS = "Mean over seeds [95 % t interval] of the test score, in the metric that the {} names"


@dataclass(frozen=True)
class Reading:
    """columns: (label, meaning, whether it holds numbers) of each with a value; rows: cells (shown,
    in full) each, empty for a missing value; total: rows of the file; extract: what of them is
    shown, or empty. Where there are more cells than MOST_CELLS, there are no rows."""

    name: str
    title: str
    caption: str
    columns: list[tuple[str, str, bool]]
    rows: list[list[tuple[str, str]]]
    total: int
    extract: str


def reading(name: str, table: pd.DataFrame, tasks: Mapping[str, str]) -> Reading:
    """The table `name` of the register as it is read. tasks: what each task is called."""
    known = register.TABLES[name]
    if name in register.layouts():
        return _laid_out(name, table)
    values, extract = EXTRACTS.get(name, ({}, ""))
    shown = table[(table[list(values)] == pd.Series(values)).all(axis=1)].drop(columns=values)
    shown = table_files.filled(shown)
    columns = [
        (
            table_cells.label(column),
            meaning(column, known.columns),
            table_cells.is_number(table[column]),
        )
        for column in shown
    ]
    words = {**table_cells.WORDS, "task": lambda task: tasks.get(task, task)}
    cells = [_cells(column, shown[column], words, known.any_size) for column in shown]
    rows = [list(row) for row in zip(*cells, strict=True)] if shown.size <= MOST_CELLS else []
    return Reading(name, known.title, known.caption, columns, rows, len(table), extract)


def _laid_out(name: str, table: pd.DataFrame) -> Reading:
    """A table that is read in another layout than that of its file."""
    known, laid = register.TABLES[name], register.layouts()[name](table)
    rows = [[_laid_cell(value) for value in row] for row in laid.itertuples(index=False)]
    first, *others = laid
    extract, named = LAID_OUT[first]
    cells = IN_CELLS.format(named)
    columns = [(first, "Its name", False), *((other, cells, True) for other in others)]
    return Reading(name, known.title, known.caption, columns, rows, len(rows), extract)


def _laid_cell(value: str | table_cells.Bold) -> tuple[str, str]:
    if isinstance(value, table_cells.Bold):
        shown = Markup("<strong>{}</strong>").format(names.minus(value.text))
        return shown, shown
    return names.minus(value), names.minus(value)


def meaning(column: str, columns: Mapping[str, str]) -> str:
    """What the register says of a column, whose name there may hold `<metric>`."""
    if column in columns:
        return columns[column]
    for known, text in columns.items():
        if re.fullmatch(re.escape(known).replace("<metric>", "[a-z0-9_]+"), column):
            return text
    raise ValueError(f"column {column!r} is not in the register; describe it there")


def _cells(
    column: str, values: pd.Series, words: Mapping[str, Callable], any_size: Collection[str]
) -> list[tuple[str, str]]:
    """Of a column, each value as shown and in full. any_size: as in the register."""
    said = words.get(column)
    if said:
        known = {value: said(str(value)) for value in values.dropna().unique()}
        return [("", "") if pd.isna(v) else (known[v], str(v)) for v in values]
    known = values.dropna()
    if len(known) and known.isin([True, False]).all() and known.map(type).eq(bool).all():
        texts = [("", "") if pd.isna(v) else (table_cells.text(column, v), str(v)) for v in values]
        return texts
    if pd.api.types.is_float_dtype(values) and (values.dropna() % 1 == 0).all():
        values = values.astype("Int64")  # counts, of which some are missing
    if column in any_size:
        written = table_cells.of_any_size
    else:
        written = partial(table_cells.number, column)
    return [(_rounded(value, written), _full(value)) for value in values]


def _rounded(value: object, written: Callable[[float], str]) -> str:
    if pd.isna(value) or not isinstance(value, float):
        return _full(value)
    return names.minus(written(value))


def _full(value: object) -> str:
    """All digits of the file."""
    if pd.isna(value):
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
