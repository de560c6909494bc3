"""A table of the report as a file: CSV to compute with, Markdown, LaTeX and HTML to read.

Cells to read are rounded by the kind of their column, and columns without a value left out; the
CSV has every column and six significant digits.
"""

import html
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from seqtransfer.files import atomic, damage, json_tsv

READABLE = (".md", ".tex", ".html")
# Columns whose numbers are not rounded to three decimals.
FORMATS: dict[str, Callable[[float], str]] = {
    "learning_rate": lambda value: np.format_float_scientific(value, trim="-", exp_digits=2),
    "p_value": "{:.2g}".format,
    "q": "{:.2g}".format,
    "operations": "{:.1f}".format,
    "peak_memory": "{:.2f}".format,
    "peak_gpu_memory": "{:.2f}".format,
} | dict.fromkeys(
    ("steps_to_threshold", "steps_taken", "seconds_total", "seconds_training"), "{:.0f}".format
)
PAGE_ROWS = 45  # of LaTeX
LATEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"} | {
    character: "\\" + character for character in "&%$#_{}"
}
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
body {{ font-family: sans-serif; font-size: 14px; margin: 1em; }}
p {{ max-width: 50em; }}
table {{ border-collapse: collapse; }}
th, td {{ padding: 0.2em 0.6em; text-align: left; border-bottom: 1px solid #ddd; }}
thead th {{ border-bottom: 2px solid #333; position: sticky; top: 0; background: white; }}
</style></head><body>
<h1>{title}</h1>
<p>{caption}</p>
{table}</body></html>
"""


@dataclass(frozen=True)
class Bold:
    """A cell that is written in bold; no `str`, which pandas would turn into a plain one."""

    text: str


def markdown(table: pd.DataFrame) -> str:
    """A pipe table; missing values are empty."""
    return _lines(
        table, lambda cells: "| " + " | ".join(cells) + " |", "|" + " --- |" * len(table.columns),
        escape=lambda text: text.replace("|", "\\|"), bold="**{}**",
    )  # fmt: skip


def latex(table: pd.DataFrame, caption: str, label: str) -> str:
    r"""A table of LaTeX's package booktabs with its caption, for `\ref{tab:<label>}`; numbers stand
    on the right, missing values are empty.

    What a head has in brackets is a second line of heads. A table of more than PAGE_ROWS rows is
    one of the package longtable, which goes on over pages.
    """
    heads = [name.partition(" (") for name in table.columns]
    lines = [
        [first for first, _, _ in heads],
        [f"({rest}" if mark else "" for _, mark, rest in heads],
    ]
    head = "".join(
        _latex_row([_latex(text) for text in line]) + "\n" for line in lines if any(line)
    )
    body = "".join(_latex_row(row) + "\n" for row in _cells(table, _latex, r"\textbf{{{}}}"))
    columns = "".join("r" if is_number(table[name]) else "l" for name in table)
    caption, label = f"\\caption{{{_latex(caption)}}}", f"\\label{{tab:{label}}}"
    top = f"\\toprule\n{head}\\midrule\n"
    if len(table) > PAGE_ROWS:
        return (
            f"\\begin{{longtable}}{{{columns}}}\n{caption}{label} \\\\\n"
            f"{top}\\endfirsthead\n{top}\\endhead\n{body}\\bottomrule\n\\end{{longtable}}\n"
        )
    return (
        f"\\begin{{table}}\n{caption}\n{label}\n\\begin{{tabular}}{{{columns}}}\n"
        f"{top}{body}\\bottomrule\n\\end{{tabular}}\n\\end{{table}}\n"
    )


def page(table: pd.DataFrame, title: str, caption: str) -> str:
    """An HTML page of the table; missing values are empty."""
    cells = _cells(table, html.escape, "<b>{}</b>")
    head = "".join(f"<th>{html.escape(name)}</th>" for name in table.columns)
    rows = ("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n" for row in cells)
    whole = f"<table><thead><tr>{head}</tr></thead><tbody>\n{''.join(rows)}</tbody></table>\n"
    return PAGE.format(title=html.escape(title), caption=html.escape(caption), table=whole)


def write(path: Path, table: pd.DataFrame, title: str = "", caption: str = "") -> None:
    """Write a table as `.csv` or, as it is read, one of READABLE, by the suffix of `path`."""
    writers: dict[str, Callable[[pd.DataFrame], str]] = {
        ".csv": lambda frame: frame.to_csv(index=False, float_format="%.6g", lineterminator="\n"),
        ".md": markdown,
        ".tex": lambda frame: latex(frame, caption, path.stem),
        ".html": lambda frame: page(frame, title, caption),
    }
    shown = filled(table) if path.suffix in READABLE else table
    with atomic.atomic(path) as temporary:
        temporary.write_text(writers[path.suffix](shown))


def filled(table: pd.DataFrame) -> pd.DataFrame:
    """The table without columns in which no row has a value; as it is if it has no rows.

    An empty text is no value: a table that is read back has none.
    """
    return table.loc[:, (table.notna() & (table != "")).any()] if len(table) else table


def read(path: Path) -> pd.DataFrame:
    """Read a table that `write` wrote as `.csv`. Only an empty cell is a missing value; the columns
    `json_tsv.NAMES` stay as they are written."""
    names = dict.fromkeys(json_tsv.NAMES, str)
    with damage.named(path):
        return pd.read_csv(path, keep_default_na=False, na_values=[""], dtype=names)


def is_number(values: pd.Series) -> bool:
    """Whether a column holds numbers."""
    return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)


def number(column: str, value: float) -> str:
    """A number of a column as it is read; a minus that only rounding left is dropped."""
    text = FORMATS.get(column, "{:.3f}".format)(value)
    return text.removeprefix("-") if not text.strip("-0.") else text


def _lines(
    table: pd.DataFrame, join: Callable[[list[str]], str], rule: str,
    *, escape: Callable[[str], str], bold: str,
) -> str:  # fmt: skip
    head = join([escape(name) for name in table.columns])
    return "\n".join([head, rule, *map(join, _cells(table, escape, bold))]) + "\n"


def _cells(table: pd.DataFrame, escape: Callable[[str], str], bold: str) -> list[list[str]]:
    return [
        [_cell(name, value, escape, bold) for name, value in zip(table.columns, row, strict=True)]
        for row in table.itertuples(index=False)
    ]


def _cell(name: str, value: object, escape: Callable[[str], str], bold: str) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, Bold):
        return bold.format(escape(value.text))
    return escape(number(name, value) if isinstance(value, float) else str(value))


def _latex_row(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"


def _latex(text: str) -> str:
    return "".join(LATEX.get(character, character) for character in text)
