"""Effects of finished studies whose encoders differ: each against the size of its encoder.

python scripts/effect_by_size.py results/default results/layers-* --output results/sizes

Writes the table of `report.studies.effect_by_size` as `<output>.csv` and, with a caption, `.md` and
`.tex`, and draws it as `.svg`, `.pdf` and `.png`, as wide as a `column`, a `page` or a `slide`
(`--width`). `--title` says above the figure what sets it apart from others, such as how learning
rates were chosen.
"""

from functools import partial
from pathlib import Path

from seqtransfer.report.figures import size_figures
from seqtransfer.report.studies import effect_by_size, finished_studies, table_and_figure
from seqtransfer.study import defaults

ENCODERS = Path(__file__).resolve().parents[1] / "workflow/encoders.yaml"


def main(
    *, studies: list[Path], output: Path, width: str = "page", title: str = size_figures.TITLE
) -> None:
    """studies: folders `results/{study}`; output: of table and figure, without a suffix; width: one
    of `style.WIDTHS`."""
    catalogue = defaults.read(ENCODERS)["catalogue"]["encoders"]
    read = finished_studies.read_all(studies)
    found = effect_by_size.table(read, catalogue)
    settings = effect_by_size.differing(read)
    caption = effect_by_size.caption(found, settings)
    draw = partial(size_figures.effect_by_size, found, settings, title)
    print(table_and_figure.write(output, found, draw, title, caption, width), end="")


if __name__ == "__main__":
    parser = finished_studies.parser(__doc__, claim=False)
    parser.add_argument("--title", default=size_figures.TITLE, help="of the figure")
    finished_studies.command(main, parser)
