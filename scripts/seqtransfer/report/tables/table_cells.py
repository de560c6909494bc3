"""A value of a table -> its text, rounded by the kind of its column."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

# Columns whose numbers are not rounded to three decimals.
FORMATS: dict[str, Callable[[float], str]] = {
    "learning_rate": lambda value: np.format_float_scientific(value, trim="-", exp_digits=2),
    "p_value": "{:.2g}".format,
    "size": "{:g}".format,
    "q": "{:.2g}".format,
    "operations": "{:.1f}".format,
    "energy": "{:.2f}".format,
    "peak_memory": "{:.2f}".format,
    "peak_gpu_memory": "{:.2f}".format,
} | dict.fromkeys(
    ("steps_to_threshold", "steps_taken", "seconds_total", "seconds_training"), "{:.0f}".format
)

SMALL = 0.1  # number whose three decimals are fewer than three significant digits


@dataclass(frozen=True)
class Bold:
    """A cell that is written in bold; no `str`, which pandas would turn into a plain one."""

    text: str


def is_number(values: pd.Series) -> bool:
    """Whether a column holds numbers."""
    return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)


def number(column: str, value: float) -> str:
    """A number of a column as it is read; a minus that only rounding left is dropped."""
    text = FORMATS.get(column, "{:.3f}".format)(value)
    return text.removeprefix("-") if not text.strip("-0.") else text


def of_any_size(value: float) -> str:
    """A number with three decimals, a small one with three significant digits: `1.00e-05`."""
    return f"{value:#.3g}" if 0 < abs(value) < SMALL else number("", value)


def text(column: str, value: object) -> str:
    """A value of a column as it is read; a missing one is empty, a bold one its text."""
    if isinstance(value, Bold):
        return value.text
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ""
    return number(column, value) if isinstance(value, float) else str(value)
