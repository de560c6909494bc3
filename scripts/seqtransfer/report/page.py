"""Claims and caveats -> the page that people read, as HTML and as Markdown."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2

from seqtransfer.report import claims

TEMPLATES = Path(__file__).with_name("templates")


def render(
    kind: str, records: Sequence[dict], notes: Sequence[str], first: Sequence[str] = ()
) -> str:
    """The page of a kind, `html` or `md`, from the records of `claims.judge` and the caveats.

    first: the caveats that stand before every verdict.
    """
    template = (TEMPLATES / f"claims.{kind}.j2").read_text()
    return fill(template, records, notes, first, escape=kind == "html")


def fill(
    template: str,
    records: Sequence[dict],
    notes: Sequence[str],
    first: Sequence[str] = (),
    *,
    escape: bool,
) -> str:
    """Fill a Jinja template; `escape` for HTML. Ends in one newline."""
    environment = jinja2.Environment(
        autoescape=escape, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters |= {
        "signed": lambda number: "" if number is None else f"{number:+.3f}",
        "plain": lambda number: "" if number is None else f"{number:.3f}",
        "count": _count,
        "shares": _shares,
        "counts": _counts,
    }
    names = {"records": records, "caveats": notes, "first": first, "amended": claims.AMENDED}
    return environment.from_string(template).render(names).rstrip() + "\n"


def _count(number: float | None) -> str:
    """Seeds that would be needed; infinite where other sources leave too much to chance."""
    if number is None:
        return ""
    return "no number of seeds" if number == math.inf else f"{number:.0f} seeds"


def _shares(sources: Mapping[str, float]) -> str:
    """`seeds 80 %, examples 20 %`."""
    return ", ".join(f"{name} {100 * share:.0f} %" for name, share in sources.items())


def _counts(record: Mapping) -> str:
    """`2 supported, 2 undecided`: the verdicts of the tasks."""
    counts = record["overall"]["counts"] if record["overall"] else {}
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
