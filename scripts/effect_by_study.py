"""Put one claim's effects in several finished studies of the same tasks side by side.

python scripts/effect_by_study.py results/default results/adaptation-* --output results/adaptations

Writes the table of `report.studies.effect_by_study` as `<output>.csv` and, with a caption that
names the settings in which the studies differ, `.md` and `.tex`, and draws it as `.svg`, `.pdf` and
`.png`, as wide as a `column`, a `page` or a `slide` (`--width`).
"""

from functools import partial
from pathlib import Path

from seqtransfer.report.studies import effect_by_study, finished_studies, table_and_figure


def main(*, studies: list[Path], claim: str, output: Path, width: str = "page") -> None:
    """studies: folders `results/{study}`; claim: its id, such as `b`; output: without a suffix;
    width: one of `style.WIDTHS`."""
    read = finished_studies.read_all(studies)
    found = effect_by_study.table(read, claim)
    contrast = read[0].claims[claim]["contrast"]
    settings = effect_by_study.differing(read, contrast)
    caption = effect_by_study.caption(found, settings, contrast)
    title = f"Claim ({claim}) in {len(read)} studies"
    draw = partial(effect_by_study.figure, found, contrast)
    print(table_and_figure.write(output, found, draw, title, caption, width), end="")


if __name__ == "__main__":
    finished_studies.command(main, finished_studies.parser(__doc__))
