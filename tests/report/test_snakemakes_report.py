"""What Snakemake's report says of tables, figures and the study is true of any study."""

import io
import re
import runpy
from html import unescape
from pathlib import Path
from types import SimpleNamespace

import pytest
from docutils.core import publish_parts
from jinja2 import Environment
from matplotlib.figure import Figure

from project import ROOT
from seqtransfer.report import register
from seqtransfer.report.figures import counts, style

FOLDER = ROOT / "workflow/report"


def shown(name, **job):
    """The body of the page that Snakemake makes of a caption, which has no problem."""
    text = Environment().from_string((FOLDER / name).read_text())
    rendered, problems = text.render(snakemake=SimpleNamespace(**job)), io.StringIO()
    settings = {"warning_stream": problems}
    page = publish_parts(rendered, writer_name="html", settings_overrides=settings)["body"]
    assert not problems.getvalue()
    return page


def words(page):
    return unescape(re.sub(r"<[^>]+>", "", page)).split()


def test_captions_of_tables_are_those_of_the_register():
    texts = runpy.run_path(str(FOLDER / "captions.py"))["captions"]()
    assert {p.name for kind in ("table", "ratio") for p in FOLDER.glob(f"{kind}-*.rst")} == set(
        texts
    )
    for name, text in texts.items():
        assert (FOLDER / name).read_text() == text, "run python workflow/report/captions.py"


@pytest.mark.parametrize("name", register.FIGURES)
def test_a_figure_has_the_caption_and_the_counts_that_its_file_has(
    name, small, tmp_path, monkeypatch
):
    frames, claims = small
    figure = register.FIGURES[name]
    said = f"{figure.caption} {counts.of_figure(figure, frames, claims)}"
    monkeypatch.chdir(tmp_path)  # Snakemake's paths begin where it runs
    style.save(Figure(), Path("figure.svg"), "title", said)
    page = shown("figure.rst", output=SimpleNamespace(svg="figure.svg"))
    assert words(page) == said.replace("`", "").split()
    assert page.count("<code>") == said.count("`") / 2


@pytest.mark.parametrize("arms", [("text", "random"), ("domain", "from-zipf", "first-2")])
def test_the_study_is_told_by_its_own_arms(arms):
    config = {"tasks": ["splice", "composer"], "seeds": [0, 1, 2], "initializations": arms}
    page = shown("workflow.rst", config=config)
    assert page.count("<li>") == len(arms)
    named = re.findall(r"<li><tt[^>]*>(.*?)</tt>(:?)", page)
    known = ("text", "random", "domain")
    assert [("".join(words(arm)), said == ":") for arm, said in named] == [
        (arm, arm in known) for arm in arms
    ]
    assert "splice, composer, with 3 seed(s)" in " ".join(words(page))
    assert "between arms" in " ".join(words(shown("claims.rst")))
