"""A table of several studies and its figure as files of one name, for scripts that no rule runs."""

from collections.abc import Callable
from pathlib import Path

import matplotlib
import pandas as pd
from matplotlib.figure import Figure

from seqtransfer.report.figures import style
from seqtransfer.report.tables import table_files


def write(
    output: Path,
    table: pd.DataFrame,
    draw: Callable[[], Figure],
    title: str,
    caption: str,
    width: str,
) -> str:
    """The table as it is read, below its caption: the text of `<output>.md`.

    Writes `<output>` as `.csv`, `.md` and `.tex`, and the figure as `.svg`, `.pdf` and `.png`.
    output: without a suffix; draw: makes the figure, in type and width of its place; title: of the
    figure; caption: what table and figure show; width: one of `style.WIDTHS`.
    """
    files = {
        suffix: output.with_name(output.name + suffix)
        for suffix in (".csv", ".md", ".tex", ".svg", ".pdf", ".png")
    }
    for suffix in (".csv", ".md", ".tex"):
        table_files.write(files[suffix], table, title, caption)
    with matplotlib.rc_context(style.preset(width)):
        drawn = draw()
        for suffix in (".svg", ".pdf", ".png"):
            style.save(drawn, files[suffix], title, caption)
    return files[".md"].read_text(encoding="utf-8")
