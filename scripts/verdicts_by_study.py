"""Put the effects and verdicts of finished studies side by side, a panel per claim.

python scripts/verdicts_by_study.py results/default results/mine --output results/verdicts

Reads folders of results, or reports that were published as `{study}-claims.md`. Writes the table of
`report.studies.verdicts_by_study` as `<output>.csv`, `.md` and `.tex`, and draws it as `.svg`,
`.pdf` and `.png`, as wide as a `column`, a `page` or a `slide` (`--width`).
"""

from functools import partial
from pathlib import Path

from seqtransfer.report.studies import finished_studies, table_and_figure, verdicts_by_study


def main(
    *, studies: list[Path], output: Path, claims: list[str] | None = None, width: str = "page"
) -> None:
    """studies: folders `results/{study}` or files `{study}-claims.md`; output: without a suffix;
    claims: ids such as `a`, all by default; width: one of `style.WIDTHS`."""
    found = verdicts_by_study.select(verdicts_by_study.table(studies), claims)
    draw = partial(verdicts_by_study.figure, found)
    caption = verdicts_by_study.caption(found)
    title = f"Claims in {found['study'].nunique()} studies"
    print(table_and_figure.write(output, found, draw, title, caption, width), end="")


if __name__ == "__main__":
    parser = finished_studies.parser(__doc__, claim=False)
    parser.add_argument("--claims", nargs="+", help="such as a b c d2-cka; all by default")
    finished_studies.command(main, parser)
