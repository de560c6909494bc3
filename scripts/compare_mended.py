"""What each choice of a procedure changes: a study beside others that mend one of its choices each.

python scripts/compare_mended.py results/as-released results/mended-* --output results/mended

Writes the table of `report.mended` as `<output>.csv` and, with a caption, `<output>.md`, and draws
its scores and differences as `<output>.svg`.
"""

import argparse
from pathlib import Path

from seqtransfer.report import finished_studies, mended, table_and_figure


def main(*, released: Path, studies: list[Path], output: Path) -> None:
    """released, studies: folders of finished studies; output: of the tables, without a suffix."""
    first, *others = finished_studies.read_all([released, *studies])
    found = mended.table(first, others)
    drawn = mended.figure(found)
    print(table_and_figure.write(output, found, drawn, mended.TITLE, mended.CAPTION), end="")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("released", type=Path, help="folder of the study whose choices are mended")
    parser.add_argument("studies", type=Path, nargs="+", help="folders of those that mend one each")
    parser.add_argument("--output", type=Path, required=True, help="file without its suffix")
    finished_studies.command(main, parser)
