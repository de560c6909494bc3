"""The documentation site: sphinx-build -W -n --keep-going docs docs/_build."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "scripts")]
import generate  # noqa: E402

project = "seqtransfer"
author = "The seqtransfer maintainers"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build", "reference/_generated"]
html_theme = "furo"
html_title = "seqtransfer"
myst_heading_anchors = 3
default_role = "code"
autodoc_typehints = "none"  # signatures name arrays and states; docstrings say their shapes


def setup(app):
    generate.write(Path(app.srcdir))
    app.connect("autodoc-process-docstring", generate.literal)
