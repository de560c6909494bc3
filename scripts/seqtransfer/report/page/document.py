"""Verdicts, tables, figures and the study's record -> the page that people read."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2
import pandas as pd
from markupsafe import Markup, escape

from seqtransfer.encoders import arm_descriptions, controls, initializations
from seqtransfer.report import names, register, zero_shot
from seqtransfer.report.claims import amendments, readings
from seqtransfer.report.claims.verdicts import NO_NUMBER, NOT_TESTED
from seqtransfer.report.figures import counts
from seqtransfer.report.page import forest, inline_figures, reading_tables
from seqtransfer.report.tables import table_cells

TEMPLATES = Path(__file__).with_name("templates")
# Tables with a section of their own; the others stand together.
BUDGET, LEAKS = ("budget", "timings"), ("leaks", "rescored")
# Those that the caveats' numbers are from.
LIMITING = ("runs", "scores", "classes", "budget", "leaks", "comparisons")


def markdown(ledger: Mapping) -> str:
    """The verdicts as Markdown. ledger: as `judge.py` writes it."""
    return fill("claims.md.j2", ledger=ledger, amended=amendments.AMENDED)


def html(
    ledger: Mapping,
    record: Mapping,
    tables: Mapping[str, pd.DataFrame],
    figures: Mapping[str, str],
    files: Mapping[str, str],
) -> str:
    """The page of a study, self-contained, as HTML.

    ledger: as `judge.py` writes it; record: as `record.py` does; tables, figures: those of the
    study by name, a figure as the text of its SVG file; files: from `tables/<name>`,
    `figures/<name>`, `claims` and `record` to the path that the page links to.
    """
    domains = tables["budget"][["task", "domain"]].itertuples(index=False)
    tasks = {task: f"{task} ({domain})" for task, domain in domains}
    readings = {name: reading_tables.reading(name, table, tasks) for name, table in tables.items()}
    records = [one for one in ledger["claims"] if one["headline"]]
    tested = [one for one in records if one["verdict"] != NOT_TESTED]
    placed = _placed(tested, figures)
    return fill(
        "page.html.j2",
        ledger=ledger,
        record=record,
        study=record["configuration"],
        arms=arms(record["configuration"]),
        elsewhere=elsewhere(record["configuration"]),
        configuration=json.dumps(record["configuration"], indent=2, ensure_ascii=False),
        tasks=tasks,
        tables=readings,
        zero_shot=zero_shot.lines(tables["zero_shot"], tasks) if "zero_shot" in tables else [],
        others=[name for name in readings if name not in (*BUDGET, *LEAKS)],
        tested=tested,
        untested=[one for one in records if one["verdict"] == NOT_TESTED],
        beside=_beside(ledger["claims"]),
        gates={one["id"]: gates(one["checks"]) for one in tested},
        forests={one["id"]: forest.plot(one) for one in tested},
        glances={one["id"]: forest.plot(one, ["mean"]) for one in tested},
        figures={
            name: _figure(name, text, tables, ledger["claims"]) for name, text in figures.items()
        },
        placed=placed,
        asked={
            name: register.FIGURES[name].title
            for name in register.on_request_of(record["configuration"])
            if name not in figures
        },
        loose=[name for name in figures if name not in ("summary", "cost", *placed.values())],
        files=files,
        limiting=[name for name in LIMITING if f"tables/{name}" in files],
        amended=amendments.AMENDED,
    )


def arms(study: Mapping) -> list[dict]:
    """`name`, `pretrained` and `fresh` of every arm: which weights are pretrained, which drawn
    anew. study: its configuration."""
    found = []
    for name in study["initializations"]:
        pretrained, fresh = arm_descriptions.describe(name)
        found.append({"name": name, "pretrained": pretrained, "fresh": fresh})
        if name == "domain" and (others := elsewhere(study)):
            parts = [
                f"in {task}: everything, by others ({title})" for task, title in others.items()
            ]
            own = [f"in other tasks: {pretrained}"] * (len(others) < len(study["tasks"]))
            found[-1] |= {"pretrained": "; ".join(parts + own), "fresh": "a pooler that it lacks"}
    return found


def elsewhere(study: Mapping) -> dict[str, str]:
    """Task -> title of the encoder, pretrained elsewhere, that is its arm `domain`."""
    if not initializations.starts_from(study["initializations"], "domain"):
        return {}
    return {
        task: study["catalogue"]["encoders"][name].get("title", name)
        for task, name in study.get("domain_encoders", {}).items()
        if task in study["tasks"]
    }


def gates(checks: Sequence[Mapping]) -> list[dict]:
    """The checks of a claim, once each: `check`, how many `tasks` it is made in, in how many it
    `passed`, and `held` and `failed`, what was found in which tasks where it did and where it did
    not; `blocks` as in `checks`."""
    grouped: dict[str, list[Mapping]] = {}
    for one in checks:
        grouped.setdefault(one["check"], []).append(one)
    found = []
    for check, parts in grouped.items():
        reasons: dict[bool, dict[str, list[str]]] = {True: {}, False: {}}
        for one in parts:
            reasons[one["passed"]].setdefault(one["why"], []).append(one["task"])
        passed = sum(one["passed"] for one in parts)
        found.append({"check": check, "tasks": len(parts), "passed": passed})
        found[-1] |= {"held": reasons[True], "failed": reasons[False], "blocks": parts[0]["blocks"]}
    return found


def fill(template: str, **values: object) -> str:
    """Fill a template of the folder; escaped if it ends in `.html.j2`. It ends in a newline."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=template.endswith(".html.j2"),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {
        "signed": lambda number: "" if number is None else names.signed(number),
        "bound": _bound,
        "plain": lambda number: "" if number is None else table_cells.number("", number),
        "p_value": _p_value,
        "count": _count,
        "shares": _shares,
        "counts": _counts,
        "arm": names.arm,
        "contrast": names.contrast,
        "minus": names.minus,
        "metric": names.metric,
        "listed": names.listed,
        "sentence": lambda text: text[:1].upper() + text[1:],
        "beside": _asked_as,
        "coded": _coded,
        "tally": _tally,
        "basis": lambda name: name.partition("-")[0],
        "control": controls.CONTROLS.__getitem__,
    }
    return environment.get_template(template).render(values).rstrip() + "\n"


def _placed(records: Sequence[Mapping], figures: Mapping[str, str]) -> dict[str, str]:
    """Claim -> the figure that stands beside it; none for one whose figure stands there already."""
    placed: dict[str, str] = {}
    for one in records:
        if one["figure"] in figures and one["figure"] not in placed.values():
            placed[one["id"]] = one["figure"]
    return placed


def _asked_as(record: Mapping) -> str:
    """What sets a record beside a verdict apart from it: its measure, or its title."""
    name = record["id"].partition("-")[2]
    return names.measure(name) if record["id"].startswith("d") else record["title"]


def _tally(records: Sequence[Mapping]) -> str:
    """Verdicts and how many records have each, such as `2 supported, 1 contradicted`."""
    counts = Counter(one["verdict"] for one in records)
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.items())


def _coded(text: str) -> Markup:
    """Names in backticks as code."""
    return Markup(names.coded(str(escape(text)), names.HTML_CODE))


def _beside(records: Sequence[Mapping]) -> dict[str, list[Mapping]]:
    """Question, such as `d2` -> its records by other measures, or (c)'s by a share, that stand
    beside the verdict."""
    found: dict[str, list[Mapping]] = {}
    for one in records:
        if not one["headline"] and one["overall"]:
            found.setdefault(one["id"].partition("-")[0], []).append(one)
    return found


def _figure(
    name: str, text: str, found: Mapping[str, pd.DataFrame], claims: Sequence[Mapping]
) -> dict:
    known = register.FIGURES[name]
    counted = counts.of_figure(known, found, claims)
    described = f"{known.caption} {counted}".replace("`", "")  # read aloud
    drawn = inline_figures.inline(text, f"figure-{name}", known.title, described)
    return {
        "name": name,
        "title": known.title,
        "caption": known.caption,
        "counted": counted,
        "tables": known.tables or ("runs",),
        "svg": drawn,
        "box": inline_figures.box(drawn),
    }


def _count(number: int | str | None) -> str:
    """Seeds that would be needed, a number or `verdicts.NO_NUMBER`."""
    if number is None:
        return ""
    return f"{number} of seeds" if number == NO_NUMBER else f"{number} seeds"


def _bound(number: float | None, margin: float | None = None) -> str:
    """An interval's end, on its side of 0 or of minus the margin of a claim."""
    return "" if number is None else names.bound(number, line=-(margin or 0.0))


def _p_value(number: float | None) -> str:
    return "" if number is None else readings.p_value(number)


def _shares(sources: Mapping[str, float]) -> str:
    """`seeds 80 %, examples 20 %`; no line ends within a part."""
    return ", ".join(
        f"{name}\N{NO-BREAK SPACE}{100 * share:.0f}\N{NO-BREAK SPACE}%"
        for name, share in sources.items()
    )


def _counts(record: Mapping) -> str:
    """`2 supported, 2 undecided`: the verdicts of the tasks."""
    counts = record["overall"]["counts"] if record["overall"] else {}
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
