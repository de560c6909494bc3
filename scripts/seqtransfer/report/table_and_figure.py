"""A table of several studies and its figure as files of one name, for scripts that no rule runs."""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from seqtransfer.report.figures import style
from seqtransfer.report.tables import table_files


def write(output: Path, table: pd.DataFrame, figure: Figure, title: str, caption: str) -> str:
    """The table as it is read, below its caption: the text of `<output>.md`.

    Writes `<output>.csv`, `<output>.md` and `<output>.svg`. output: without a suffix; title: of the
    figure; caption: what table and figure show.
    """
    csv, markdown, svg = (
        output.with_name(output.name + suffix) for suffix in (".csv", ".md", ".svg")
    )
    for path in (csv, markdown):
        table_files.write(path, table, title, caption)
    style.save(figure, svg, title, caption)
    return markdown.read_text(encoding="utf-8")
