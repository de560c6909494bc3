"""A table of several studies and its figure: which files, how wide, and what they say."""

import re
import sys
from pathlib import Path

import pandas as pd
import pytest

from seqtransfer.report.figures import style
from seqtransfer.report.studies import finished_studies, meta_analysis, table_and_figure

PUBLISHED = Path(__file__).parents[2] / "workflow/report/published"
TABLE = pd.DataFrame({"study": ["one", "two"], "task": "x", "mean": [0.1, -0.2]})
SUFFIXES = {".csv", ".md", ".tex", ".svg", ".pdf", ".png"}


def figure():
    drawn = style.figure(1, 2.0)
    drawn.subplots().plot([0, 1], [0, 1], "o")
    style.title(drawn, "marks")
    return drawn


@pytest.mark.parametrize("width", style.WIDTHS)
def test_table_and_figure_are_written_in_every_format_and_as_wide_as_their_place(tmp_path, width):
    text = table_and_figure.write(
        tmp_path / "some.thing", TABLE, figure, "some title", "What it shows.", width
    )
    assert {path.name.removeprefix("some.thing") for path in tmp_path.iterdir()} == SUFFIXES
    files = {suffix: (tmp_path / f"some.thing{suffix}").read_bytes() for suffix in SUFFIXES}
    assert text == files[".md"].decode() and text.startswith("What it shows.\n\n| study | task |")
    latex = files[".tex"].decode()
    assert "\\caption{What it shows.}" in latex and "\\label{tab:some.thing}" in latex
    assert "\\toprule" in latex and "two & x & -0.200 \\\\" in latex
    inches, _, points = style.WIDTHS[width]
    drawing = files[".svg"].decode()
    assert float(re.search(r'width="([0-9.]+)pt"', drawing)[1]) == pytest.approx(72 * inches)
    assert f"font-size: {points}px" in drawing and "<desc>What it shows.</desc>" in drawing
    assert files[".pdf"].startswith(b"%PDF-") and files[".png"].startswith(b"\x89PNG")
    [box] = re.findall(rb"/MediaBox \[ 0 0 ([0-9.]+) ", files[".pdf"])
    assert float(box) == pytest.approx(72 * inches)
    [_, across] = re.findall(rb"(IHDR)(.{4})", files[".png"], re.DOTALL)[0]
    assert int.from_bytes(across) == pytest.approx(200 * inches, abs=1)


def test_an_effect_stands_beside_its_own_interval_in_latex(tmp_path):
    """In LaTeX a value and the two columns after it are one cell."""
    table = meta_analysis.effects([finished_studies.read(PUBLISHED / "default")], "b")
    table_and_figure.write(tmp_path / "merged", table, figure, "title", "caption", "page")
    latex = (tmp_path / "merged.tex").read_text()
    for row in table.itertuples():
        assert f"{row.mean:.3f} [{row.low:.3f}, {row.high:.3f}]" in latex


@pytest.mark.parametrize(
    ("given", "width"), [((), "page"), (("--width", "slide"), "slide"), (("--width", "a4"), None)]
)
def test_the_command_line_takes_one_of_the_widths(given, width, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["script", "results/one", "--output", "o", *given])
    parser = finished_studies.parser("What it does.")
    if width:
        assert parser.parse_args().width == width
    else:
        with pytest.raises(SystemExit):
            parser.parse_args()
