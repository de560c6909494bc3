"""Write the captions of Snakemake's report from the register: python workflow/report/captions.py

Snakemake reads a caption from a file of its own; a test holds these files equal to the register.
"""

import sys
import textwrap
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "scripts"))

from seqtransfer.report import register  # noqa: E402
from seqtransfer.report.figures import ratio_figures  # noqa: E402
from seqtransfer.report.register import ratio  # noqa: E402
from seqtransfer.report.register.entries import Table  # noqa: E402


def marked(text: str) -> str:
    """Names in single backticks, as docstrings have them, as reStructuredText writes code."""
    return text.replace("`", "``")


def described(table: Table) -> str:
    """Caption and columns of a table."""
    columns = "\n".join(f"* ``{key}``: {marked(text)}" for key, text in table.columns.items())
    return f"{marked(textwrap.fill(table.caption, 100))}\n\n{columns}\n"


def captions() -> dict[str, str]:
    """Name of the file -> reStructuredText, for every table and the figure of several studies;
    those of one say their captions themselves, see `figure.rst`."""
    texts = {f"table-{name}.rst": described(table) for name, table in register.TABLES.items()}
    texts |= {f"ratio-{name}.rst": described(table) for name, table in ratio.TABLES.items()}
    texts["ratio-figure.rst"] = marked(textwrap.fill(ratio_figures.CAPTION, 100)) + "\n"
    return texts


if __name__ == "__main__":
    for name, text in captions().items():
        (HERE / name).write_text(text)
