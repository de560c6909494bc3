"""The documentation builds without a warning, and its generated pages are those of the code."""

import io
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from docutils.core import publish_string
from jinja2 import Environment
from snakemake.cli import get_argument_parser

from project import ROOT

sys.path.append(str(ROOT / "docs"))
import draw_rules

DOCS = sorted(path for path in (ROOT / "docs").rglob("*.md") if path.name != "changelog.md")
RULES = [ROOT / "workflow/Snakefile", *(ROOT / "workflow/rules").glob("*.smk")]
OWN = ("mine.yaml", "one.yaml", "two.yaml", "h3.yaml")  # study files of the reader


def test_the_site_builds_strictly(tmp_path):
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-n", "--keep-going"]
    done = subprocess.run(
        [*command, str(ROOT / "docs"), str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "reference" / "api.html").exists()


def test_generated_pages_are_those_of_the_code(tmp_path):
    pages = runpy.run_path(str(ROOT / "docs/reference_pages.py"))["pages"](ROOT)
    for name, text in pages.items():
        assert (ROOT / "docs" / name).read_text() == text, "run python docs/reference_pages.py"


def test_the_readme_is_short_and_holds_the_two_commands():
    lines = (ROOT / "README.md").read_text().splitlines()
    assert len(lines) <= 150
    setup = "python3 -m venv .venv && .venv/bin/pip install -r requirements"
    assert f"{setup}.txt && .venv/bin/snakemake --cores all" in lines
    assert f"{setup}-dev.txt && .venv/bin/pytest" in lines


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_links_to_files_of_the_project_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text())
    assert links and [link for link in links if not (ROOT / link).exists()] == []


def commands(page: Path) -> list[str]:
    """Arguments of every `snakemake` that a page or a study's comment shows in full."""
    text = page.read_text().replace("\\\n", " ")
    blocks = re.findall(r"```sh\n(.*?)```", text, re.S)
    spans = re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.S))
    lines = [line for block in blocks for line in block.splitlines()] + spans
    lines += re.findall(r"^# +(snakemake .*)$", text, re.M) if page.suffix == ".yaml" else []
    shown = (re.match(r"(?:.*[ /]|)snakemake (.+)", " ".join(line.split())) for line in lines)
    return [found[1] for found in shown if found]


PAGES = [ROOT / "README.md", *DOCS, *(ROOT / "workflow/studies").glob("*.yaml")]


@pytest.mark.parametrize("page", [p for p in PAGES if commands(p)], ids=lambda p: p.name)
def test_every_command_that_a_page_shows_names_study_files_and_targets_that_there_are(page):
    """`--configfile` swallows a target that follows it, and Snakemake ends in a traceback."""
    rules = set(re.findall(r"rule (\w+):", "".join(p.read_text() for p in RULES)))
    for command in commands(page):
        given = get_argument_parser().parse_args(shlex.split(command, comments=True))
        for study in map(str, given.configfile or []):
            assert study.startswith("$") or study in OWN or (ROOT / study).exists(), command
        for target in given.targets:
            assert target in rules or target.startswith(("results/", "<")), command


def test_every_caption_of_the_report_is_sound_restructuredtext():
    texts = runpy.run_path(str(ROOT / "workflow/report/captions.py"))["captions"]()
    for name, text in texts.items():
        said = io.StringIO()
        rendered = Environment().from_string(text).render()
        publish_string(rendered, settings_overrides={"warning_stream": said})
        assert rendered.strip() and not said.getvalue(), name


def test_no_description_of_a_schema_is_cut_at_a_comma():
    """In YAML, `{description: Of sequences, at most}` has a key `at most` without a value."""

    def empty(part):
        for key, value in part.items() if isinstance(part, dict) else enumerate(part):
            if isinstance(value, dict | list):
                yield from empty(value)
            elif value is None:
                yield key

    for path in (ROOT / "workflow/schemas").glob("*.yaml"):
        assert list(empty(yaml.safe_load(path.read_text()))) == [], path


def test_the_drawing_of_the_rules_shows_what_snakemake_says():
    """Otherwise: python docs/draw_rules.py."""
    drawn = (ROOT / "docs/images/rules.txt").read_text().splitlines()
    assert drawn == [f"{a} -> {b}" for a, b in draw_rules.rule_graph()]


def test_the_drawing_puts_no_box_over_another():
    edges = draw_rules.parse(
        '0[label = "all"]\n1[label = "a"]\n2[label = "b"]\n3[label = "c"]\n'
        "1 -> 0\n2 -> 0\n3 -> 1\n3 -> 2\n3 -> 0\n"
    )
    assert draw_rules.layers(edges) == {"c": 0, "a": 1, "b": 1, "all": 2}
    assert draw_rules.needed(edges) == set(edges) - {("c", "all")}
    x, _ = draw_rules.positions(edges)
    assert abs(x["a"] - x["b"]) >= draw_rules.WIDTH
