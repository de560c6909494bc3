"""Merge finished studies: every task's effect in one table, with its mean over tasks.

python scripts/merge_studies.py results/default results/beyond --output results/merged

Writes the effects of a claim, and below them their mean and the interval for one more task, as
`<output>.csv` and, with a caption, `.md` and `.tex`, and draws them as `.svg`, `.pdf` and `.png`,
as wide as a `column`, a `page` or a `slide` (`--width`).
"""

from functools import partial
from pathlib import Path

from seqtransfer.report.studies import finished_studies, meta_analysis, table_and_figure


def main(*, studies: list[Path], claim: str, output: Path, width: str = "page") -> None:
    """studies: folders `results/{study}`; claim: its id, such as `b`; output: without a suffix;
    width: one of `style.WIDTHS`."""
    found = finished_studies.read_all(studies)
    table = meta_analysis.effects(found, claim)
    mean = meta_analysis.pooled(table)
    contrast = found[0].claims[claim]["contrast"]
    said = (
        f"{contrast}, {mean['tasks']} tasks: mean {mean['mean']:+.3f}, 95 % interval"
        f" {mean['low']:+.3f} to {mean['high']:+.3f}; tasks vary by {mean['tau']:.3f} (tau), one"
        f" more such task would lie between {mean['next_low']:+.3f} and {mean['next_high']:+.3f}."
    )
    title = f"Claim ({claim}) in {len(found)} studies"
    written = meta_analysis.with_mean(table, mean)
    draw = partial(meta_analysis.figure, table, mean, contrast)
    print(table_and_figure.write(output, written, draw, title, said, width), end="")


if __name__ == "__main__":
    finished_studies.command(main, finished_studies.parser(__doc__))
