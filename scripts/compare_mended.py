"""What each choice of a procedure changes: a study beside others that mend one of its choices each.

python scripts/compare_mended.py results/as-released results/mended-* --output results/mended

Writes the table of `report.mended` as `<output>.csv` and `<output>.md`, and draws its scores and
differences as `<output>.svg`.
"""

import argparse
from pathlib import Path

import matplotlib

from seqtransfer.report import finished_studies, mended
from seqtransfer.report.figures import style
from seqtransfer.report.tables import table_files


def main(*, released: Path, studies: list[Path], output: Path) -> None:
    """released, studies: folders of finished studies; output: of the tables, without a suffix."""
    first, *others = finished_studies.read_all([released, *studies])
    found = mended.table(first, others)
    for suffix in (".csv", ".md"):
        table_files.write(output.with_name(output.name + suffix), found)
    said = "; ".join(
        f"{row.study}, {row.task}: text {row.text:.3f}, random {row.random:.3f}"
        for row in found.itertuples()
    )
    with matplotlib.rc_context(style.preset("page")):
        path = output.with_name(output.name + ".svg")
        style.save(mended.figure(found), path, "What each mended choice changes", said)
    print(table_files.markdown(table_files.filled(found)), end="")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("released", type=Path, help="folder of the study whose choices are mended")
    parser.add_argument("studies", type=Path, nargs="+", help="folders of those that mend one each")
    parser.add_argument("--output", type=Path, required=True, help="file without its suffix")
    finished_studies.command(main, parser)
