"""A table's columns and values -> as people read them: words for identifiers, rounded numbers."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from seqtransfer.report import names

# Of columns whose names do not say it.
UNITS = {
    "operations": "1e12",
    "energy": "Wh",
    "peak_memory": "GiB",
    "peak_gpu_memory": "GiB",
}
HEADS = {"initialization": "arm"}  # columns that people call otherwise
WORDS: dict[str, Callable[[str], str]] = {  # by column, what its identifiers are called
    **dict.fromkeys(("initialization", "left", "right", "against"), names.arm),
    "contrast": names.contrast,
    "measure": names.measure,
    "metric": names.metric,
    "quantity": names.quantity,
}
# Columns whose numbers are not rounded to three decimals.
FORMATS: dict[str, Callable[[float], str]] = {
    "value": lambda value: f"{value:.0f}" if float(value).is_integer() else f"{value:.3f}",
    "learning_rate": lambda value: np.format_float_scientific(value, trim="-", exp_digits=2),
    "p_value": lambda value: f"{value:.{3 if 0.045 < value < 0.055 else 2}g}",  # 0.0496, not 0.05
    "size": "{:g}".format,
    "q": "{:.2g}".format,
    "operations": "{:.1f}".format,
    "energy": "{:.2f}".format,
    "peak_memory": "{:.2f}".format,
    "peak_gpu_memory": "{:.2f}".format,
} | dict.fromkeys(
    ("steps_to_threshold", "steps_taken", "seconds_total", "seconds_training"), "{:.0f}".format
)

BOUNDS = ("low", "high")  # ends of names of columns with an interval's ends
SMALL = 0.1  # number whose three decimals are fewer than three significant digits


@dataclass(frozen=True)
class Bold:
    """A cell that is written in bold; no `str`, which pandas would turn into a plain one."""

    text: str


def is_number(values: pd.Series) -> bool:
    """Whether a column holds numbers."""
    return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)


def number(column: str, value: float) -> str:
    """A number of a column as it is read, an interval's end on its side of 0; a minus that only
    rounding left is dropped."""
    digits = names.telling_digits(value, 0.0) if column.endswith(BOUNDS) else 3
    text = FORMATS[column](value) if column in FORMATS else f"{value:.{digits}f}"
    return text.removeprefix("-") if not text.strip("-0.") else text


def with_interval(row: NamedTuple, written: Callable[[str, float], str]) -> str:
    """`mean [low, high]` of a row with these columns, without what it lacks; written: of a column
    and its number, as it is read."""
    if pd.isna(row.mean):
        return ""
    text = written("mean", row.mean)
    if pd.isna(row.low):
        return text
    return f"{text} [{written('low', row.low)}, {written('high', row.high)}]"


def of_any_size(value: float) -> str:
    """A number with three decimals, a small one with three significant digits: `1.00e-05`."""
    return f"{value:#.3g}" if 0 < abs(value) < SMALL else number("", value)


def label(column: str) -> str:
    """A column's name as its head, with the unit that the name lacks: `peak memory (GiB)`; a head
    in several words stays."""
    if " " in column:
        return column
    unit = f" ({UNITS[column]})" if column in UNITS else ""
    return HEADS.get(column, column).replace("_", " ") + unit


def text(column: str, value: object) -> str:
    """A value of a column as it is read; a missing one is empty, a bold one its text."""
    if isinstance(value, Bold):
        return value.text
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if column in WORDS:
        return WORDS[column](str(value))
    return number(column, value) if isinstance(value, float) else str(value)


def without_constants(
    table: pd.DataFrame, caption: str, columns: Iterable[str]
) -> tuple[pd.DataFrame, str]:
    """The table without those of `columns` that have one value in all rows, if it has several rows
    and would keep a column, and the caption that says these values."""
    several = [name for name in columns if name in table] if len(table) > 1 else []
    said = {name: {text(name, value) for value in table[name]} for name in several}
    said = {name: texts.pop() for name, texts in said.items() if len(texts) == 1}
    if not said or len(said) == len(table.columns):
        return table, caption
    facts = "; ".join(f"{label(name)} {text}" for name, text in said.items())
    return table.drop(columns=list(said)), f"{caption} In all rows: {facts}.".lstrip()
