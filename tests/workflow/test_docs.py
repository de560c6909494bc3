"""The documentation builds without a warning, and its generated pages are those of the code."""

import re
import runpy
import subprocess
import sys

from project import ROOT


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


def test_the_readme_is_short_and_its_links_and_commands_are_there():
    text = (ROOT / "README.md").read_text()
    assert len(text.splitlines()) <= 150
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / link).exists(), link
    setup = "python3 -m venv .venv && .venv/bin/pip install -r requirements"
    assert f"{setup}.txt && .venv/bin/snakemake --cores all" in text
    assert f"{setup}-dev.txt && .venv/bin/pytest" in text
