"""The documentation site, built strictly: sphinx-build -W -n --keep-going docs docs/_build"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

project = "seqtransfer"
author = "the authors"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "Does text pretraining transfer?"
default_role = "code"
exclude_patterns = ["_build"]
autodoc_member_order = "bysource"
autodoc_typehints = "none"
nitpicky = True


def as_written(app, what, name, obj, options, lines):
    """Show docstrings as they are written: their layout is plain text, not reStructuredText."""
    lines[:] = ["::", "", *(f"    {line}" for line in lines), ""] if any(lines) else lines


def setup(app):
    """Connect `as_written`."""
    app.connect("autodoc-process-docstring", as_written)
