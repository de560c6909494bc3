"""Compare two finished studies: what differs in configuration, code, data and numbers.

python scripts/compare_studies.py results/one results/other comparison.html
"""

import argparse
from pathlib import Path

from seqtransfer.files import atomic
from seqtransfer.report.page import comparison
from seqtransfer.report.studies import finished_studies


def main(*, left: Path, right: Path, output: Path) -> None:
    """left, right: folders `results/{study}`; output: the page."""
    text = comparison.html(*finished_studies.read_all([left, right]))
    with atomic.atomic(output) as temporary:
        temporary.write_text(text, encoding="utf-8")
    print(output)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("left", type=Path, help="folder of results of a finished study")
    parser.add_argument("right", type=Path, help="folder of results of another one")
    parser.add_argument("output", type=Path, help="page to write, such as comparison.html")
    finished_studies.command(main, parser)
