"""The documentation builds without a warning, and says what the code and the workflow say."""

import re
import sys

import pytest
import yaml

from project import PACKAGE, ROOT, run

sys.path.append(str(ROOT / "docs"))
import draw_rules
import generate

README = (ROOT / "README.md").read_text()
COMMANDS = (
    "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt"
    " && .venv/bin/snakemake --cores all",
    "python3 -m venv .venv && .venv/bin/pip install -r requirements-dev.txt && .venv/bin/pytest",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built site; a warning is an error."""
    pytest.importorskip("sphinx")
    folder = tmp_path_factory.mktemp("site")
    process = run("python", "-m", "sphinx", "-W", "-n", "--keep-going", "-q", "docs", folder)
    assert process.returncode == 0, process.stdout[-4000:]
    return folder


def test_the_site_builds_without_a_warning(site):
    assert (site / "index.html").exists() and (site / "tutorial.html").exists()


def test_every_key_of_a_study_is_on_the_page_of_the_configuration(site):
    page = (site / "reference/configuration.html").read_text()
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
    for name, known in schema["properties"].items():
        keys = [f"{name}.{key}" for key in known.get("properties", {})] or [name]
        for key in keys:
            assert f">{key}</span>" in page, key


@pytest.mark.parametrize(
    ("page", "registry"),
    [
        ("converters", generate.CONVERTERS),
        ("tokenizations", generate.TOKENIZATIONS),
        ("measures", generate.MEASURES),
    ],
)
def test_every_entry_of_a_registry_is_on_its_page(site, page, registry):
    text = (site / f"reference/{page}.html").read_text()
    assert [name for name in registry if f">{name}</span>" not in text] == []


def test_every_room_and_module_has_its_place_in_the_library_pages(site):
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    for room, modules in generate.rooms().items():
        page = (site / f"api/{room}.html").read_text()
        assert [module for module in modules if f"{module}<" not in page] == []
        rooms.discard(room)
    assert rooms == set()


def test_the_readme_is_short_and_holds_the_two_commands():
    assert len(README.splitlines()) <= 150
    for command in COMMANDS:
        assert command in README.splitlines()


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_links_to_files_of_the_project_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)#\s]+)", (ROOT / page).read_text())
    assert targets
    assert [t for t in targets if "://" not in t and not (ROOT / t).exists()] == []


def test_citation_names_the_paper():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["license"] == "MIT" and citation["references"][0]["year"] == 2021


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
