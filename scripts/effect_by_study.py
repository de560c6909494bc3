"""Put one claim's effects in several finished studies of the same tasks side by side.

python scripts/effect_by_study.py results/default results/adaptation-* --output results/adaptations

Writes the table of `report.effect_by_study` as `<output>.csv` and, with a caption that names the
settings in which the studies differ, `<output>.md`, and draws it as `<output>.svg`.
"""

from pathlib import Path

from seqtransfer.report import effect_by_study, finished_studies, table_and_figure


def main(*, studies: list[Path], claim: str, output: Path) -> None:
    """studies: folders `results/{study}`; claim: its id, such as `b`; output: without a suffix."""
    read = finished_studies.read_all(studies)
    found = effect_by_study.table(read, claim)
    contrast = read[0].claims[claim]["contrast"]
    settings = effect_by_study.differing(read, contrast)
    caption = effect_by_study.caption(found, settings, contrast)
    drawn = effect_by_study.figure(found, contrast)
    title = f"Claim ({claim}) in {len(read)} studies"
    print(table_and_figure.write(output, found, drawn, title, caption), end="")


if __name__ == "__main__":
    finished_studies.command(main, finished_studies.parser(__doc__))
