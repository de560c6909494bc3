"""A table of the report as a file: CSV to compute with, Markdown to read."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from seqtransfer.files import atomic, damage


def markdown(table: pd.DataFrame) -> str:
    """A pipe table: floats with three decimals, learning rates short, missing values empty."""
    lines = ["| " + " | ".join(table.columns) + " |", "|" + " --- |" * len(table.columns)]
    for row in table.itertuples(index=False):
        cells = (_cell(name, value) for name, value in zip(table.columns, row, strict=True))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def write(path: Path, table: pd.DataFrame) -> None:
    """Write a table as `.csv` (six significant digits) or `.md`, by the suffix of `path`."""
    writers: dict[str, Callable[[pd.DataFrame], str]] = {
        ".csv": lambda frame: frame.to_csv(index=False, float_format="%.6g", lineterminator="\n"),
        ".md": markdown,
    }
    with atomic.atomic(path) as temporary:
        temporary.write_text(writers[path.suffix](table))


def read(path: Path) -> pd.DataFrame:
    """Read a table that `write` wrote as `.csv`; only an empty cell is a missing value."""
    with damage.named(path):
        return pd.read_csv(path, keep_default_na=False, na_values=[""])


def _cell(name: str, value: object) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, float):
        digits = np.format_float_scientific(value, trim="-", exp_digits=2)
        return digits if name == "learning_rate" else f"{value:.3f}"
    return str(value).replace("|", "\\|")
