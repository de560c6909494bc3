"""A table of the report as a file: CSV to compute with, Markdown, LaTeX and HTML to read.

What is read has words for identifiers, cells rounded by the kind of their column, and no column
without a value; the CSV has every column, the identifiers and six significant digits.
"""

import html
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from seqtransfer.files import atomic, damage, json_tsv
from seqtransfer.report import names
from seqtransfer.report.tables import latex_tables, table_cells
from seqtransfer.report.tables.table_cells import Bold

READABLE = (".md", ".tex", ".html")
# Columns that are read for a value that is unlike others; where all are alike, the caption
# says it.
BOOKKEEPING = ("level", "headline", "few_rows", "diverged", "plateau", "code")
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


def markdown(table: pd.DataFrame) -> str:
    """A pipe table; missing values are empty."""

    def escape(text: str) -> str:
        return text.replace("|", "\\|")

    heads = [escape(table_cells.label(name)) for name in table.columns]
    lines = [heads, ["---"] * len(heads), *_cells(table, escape, "**{}**")]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def page(table: pd.DataFrame, title: str, caption: str) -> str:
    """An HTML page of the table; missing values are empty."""
    cells = _cells(table, html.escape, "<b>{}</b>")
    heads = map(html.escape, map(table_cells.label, table.columns))
    head = "".join(f"<th>{name}</th>" for name in heads)
    rows = ("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n" for row in cells)
    whole = f"<table><thead><tr>{head}</tr></thead><tbody>\n{''.join(rows)}</tbody></table>\n"
    said = names.coded(html.escape(caption), names.HTML_CODE)
    return PAGE.format(title=html.escape(title), caption=said, table=whole)


def write(path: Path, table: pd.DataFrame, title: str = "", caption: str = "") -> None:
    """Write a table as `.csv` or, as it is read, one of READABLE, by the suffix of `path`."""
    writers: dict[str, Callable[[pd.DataFrame, str], str]] = {
        ".csv": lambda frame, _: frame.to_csv(
            index=False, float_format="%.6g", lineterminator="\n"
        ),
        ".md": lambda frame, said: f"{said}\n\n{markdown(frame)}" if said else markdown(frame),
        ".tex": lambda frame, said: latex_tables.latex(frame, said, path.stem),
        ".html": lambda frame, said: page(frame, title, said),
    }
    shown, said = filled(table) if path.suffix in READABLE else table, caption
    if caption and path.suffix in READABLE:
        shown, said = table_cells.without_constants(shown, caption, BOOKKEEPING)
    with atomic.atomic(path) as temporary:
        temporary.write_text(writers[path.suffix](shown, said), encoding="utf-8")


def filled(table: pd.DataFrame) -> pd.DataFrame:
    """The table without columns in which no row has a value; as it is if it has no rows.

    An empty text is no value: a table that is read back has none.
    """
    return table.loc[:, (table.notna() & (table != "")).any()] if len(table) else table


def read(path: Path) -> pd.DataFrame:
    """Read a table that `write` wrote as `.csv`. Only an empty cell is a missing value; the columns
    `json_tsv.NAMES` and `taken_for`, a class, stay as they are written."""
    names = dict.fromkeys((*json_tsv.NAMES, "taken_for"), str)
    with damage.named(path):
        return pd.read_csv(path, keep_default_na=False, na_values=[""], dtype=names)


def _cells(table: pd.DataFrame, escape: Callable[[str], str], bold: str) -> list[list[str]]:
    return [
        [_cell(name, value, escape, bold) for name, value in zip(table.columns, row, strict=True)]
        for row in table.itertuples(index=False)
    ]


def _cell(name: str, value: object, escape: Callable[[str], str], bold: str) -> str:
    text = escape(table_cells.text(name, value))
    return bold.format(text) if isinstance(value, Bold) else text
