"""What each choice of a procedure changes: a study beside others that mend one of its choices each.

python scripts/compare_mended.py results/as-released results/mended-* --output results/mended

Writes the table of `report.studies.mended` as `<output>.csv` and, with a caption, `.md` and `.tex`,
and draws its scores and differences as `.svg`, `.pdf` and `.png`, as wide as a `column`, a `page`
or a `slide` (`--width`).
"""

import argparse
from functools import partial
from pathlib import Path

from seqtransfer.report.studies import finished_studies, mended, table_and_figure


def main(*, released: Path, studies: list[Path], output: Path, width: str = "page") -> None:
    """released, studies: folders of finished studies; output: of the tables, without a suffix;
    width: one of `style.WIDTHS`."""
    first, *others = finished_studies.read_all([released, *studies])
    found = mended.table(first, others)
    draw = partial(mended.figure, found)
    said = mended.TITLE, mended.CAPTION
    print(table_and_figure.write(output, found, draw, *said, width), end="")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("released", type=Path, help="folder of the study whose choices are mended")
    parser.add_argument("studies", type=Path, nargs="+", help="folders of those that mend one each")
    finished_studies.add_outputs(parser)
    finished_studies.command(main, parser)
