"""Claims and caveats -> the page that people read, as HTML and as Markdown."""

from collections.abc import Sequence
from pathlib import Path

import jinja2

TEMPLATES = Path(__file__).with_name("templates")


def render(kind: str, records: Sequence[dict], notes: Sequence[str]) -> str:
    """The page of a kind, `html` or `md`, from the records of `claims.judge` and the caveats."""
    return fill(
        (TEMPLATES / f"claims.{kind}.j2").read_text(), records, notes, escape=kind == "html"
    )


def fill(template: str, records: Sequence[dict], notes: Sequence[str], *, escape: bool) -> str:
    """Fill a Jinja template; `escape` for HTML. Ends in one newline."""
    environment = jinja2.Environment(
        autoescape=escape, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["signed"] = lambda number: "" if number is None else f"{number:+.3f}"
    return environment.from_string(template).render(records=records, caveats=notes).rstrip() + "\n"
