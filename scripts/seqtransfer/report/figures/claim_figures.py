"""Claims -> their figures: a forest of paired differences, and the whole study in one image."""

import textwrap
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from seqtransfer.report import names
from seqtransfer.report.claims import readings
from seqtransfer.report.claims.verdicts import DECIDED, MIXED, NOT_TESTABLE, UNDECIDED
from seqtransfer.report.figures import panels, style
from seqtransfer.report.figures.panels import Tables
from seqtransfer.report.figures.run_figures import FITTED, GREY, headline, tell_score
from seqtransfer.report.statistics import stratified_mean_interval
from seqtransfer.report.tables.gain_tables import ALL_TASKS
from seqtransfer.report.tables.run_tables import score_unit

LEAST_EMS, SPACIOUS_EMS = 10.5, 16  # width of a panel of a forest: at least, and for long labels
NAMES_EMS = 7  # of the tasks' names, before the first panel
LEAST_RANGE = 0.001  # of a panel: scores are read to three decimals
NO_BREAK = "\N{NO-BREAK SPACE}"
STROKE = {"marker": "|", "markersize": 6, "linewidth": 0, "zorder": 0}  # the best baseline
OVERALL = {"color": "0.1", "marker": "D", "linewidth": 1.6}
OF_TASK = {"color": "0.4", "marker": "o", "linewidth": 1.0}
OPEN = {"markerfacecolor": "white"}  # of what is not decided, wherever its interval lies
UNTESTED = {"color": "0.58"}
ADJUSTED = " (adjusted for number of tasks)"  # the verdict of a task among several
MARGIN = {"linestyle": (0, (4, 2)), "linewidth": 0.9}


def claims(tables: Tables, claims: Sequence[dict]) -> Figure:
    """A panel per claim: per-task effects, overall effect, zero and margin lines."""
    tested = [record for record in claims if record["overall"]]
    tested.sort(key=lambda record: not record["headline"])
    figure, axes = _forest_grid(len(tested), panels.tasks(tables), SPACIOUS_EMS)
    for axis, record in zip(axes, tested, strict=False):
        _forest(axis, record, panels.tasks(tables))
    _make_room(figure, axes)
    panels.legend(figure, _effects(tested, panels.tasks(tables)))
    style.title(figure, "Claims as paired differences", lowest=_lowest(tables))
    return figure


def summary(tables: Tables, claims: Sequence[dict]) -> Figure:
    """The study in one image: test scores per task, and beside them the paper's claims.

    Of (d) the second question is shown, by the measure that was named for it.
    """
    paper = [record for record in claims if record["paper"] and record["overall"]]
    shown = [one for one in paper if one["headline"] and not one["id"].startswith("d1")]
    figure, axes = _forest_grid(1 + len(shown), panels.tasks(tables), LEAST_EMS)
    arms = [arm for arm in panels.arms(tables) if _concerned(arm, shown)] or panels.arms(tables)
    _scores(axes[0], tables, arms)
    for axis, record in zip(axes[1:], shown, strict=False):
        _forest(axis, record, panels.tasks(tables))
    _make_room(figure, axes)
    panels.legend(
        figure, [*_arms_and_baseline(tables, arms), *_effects(shown, panels.tasks(tables))]
    )
    style.title(
        figure,
        f"Test scores, and the claims as paired differences; {panels.examples(tables)}",
        lowest=_lowest(tables),
    )
    return figure


def _forest_grid(count: int, tasks: Sequence[str], ems: float) -> tuple[Figure, np.ndarray]:
    """A figure and `count` panels (at least one) of the width `ems` or more, with the rows of
    `_rows`; the first panel of a row of panels names them."""
    places = _rows(tasks)
    columns = max(1, min(count, int((style.ems() - NAMES_EMS) // ems)))
    rows = max(1, -(-count // columns))
    figure = style.figure(rows, 0.45 + 0.25 * len(places))
    axes = figure.subplots(rows, columns, squeeze=False).flatten()
    for axis in axes[max(count, 1) :]:
        axis.remove()
    axes = axes[: max(count, 1)]
    for axis in axes:
        axis.set_yticks(range(len(places)), places if panels.first_of_row(axis) else [])
        axis.set_ylim(len(places) - 0.4, -0.6)
        if ALL_TASKS in places:
            axis.axhline(0.5, color="0.85", linewidth=0.8)
    return figure, axes


def _rows(tasks: Sequence[str]) -> list[str]:
    """What has a row of a forest: all tasks, if there are several, and each."""
    return [ALL_TASKS, *tasks] if len(tasks) > 1 else list(tasks)


def _lowest(tables: Tables) -> float:
    """Height of a forest at least, in sizes of the type."""
    return style.LINE * len(_rows(panels.tasks(tables)))


def _forest(axis: Axes, record: dict, tasks: Sequence[str]) -> None:
    """One claim: the overall effect on top, a row per task below, also those without a number."""
    places = _rows(tasks)
    marks = [_overall(record)] * (ALL_TASKS in places) + record["effects"]
    for effect in marks:
        of = OVERALL if effect["task"] == ALL_TASKS else OF_TASK
        _effect(axis, places.index(effect["task"]), effect, record, _look(of, effect["verdict"]))
    axis.axvline(0, color="0.5", linewidth=0.8, zorder=0)
    if record["margin"]:
        line = axis.axvline(-record["margin"], color=GREY, zorder=0, **MARGIN)
        style.tell(line, _margin(record["margin"]))
    axis.locator_params(axis="x", nbins=3)
    low, high = axis.get_xlim()
    if high - low < LEAST_RANGE:  # else differences of rounding fill the panel, in powers of ten
        axis.set_xlim(-LEAST_RANGE, LEAST_RANGE)
    question, _, measure = record["id"].partition("-")
    title = f"({question}) {record['short']}"
    if question in ("d1", "d2"):
        title += f", {names.measure(measure)}"
    if not record["headline"]:
        title = f"beside: {title}"
    known = any(one["low"] is not None for one in (record["overall"], *record["effects"]))
    of = [f"{100 * record['level']:.0f} % interval" if known else "no interval"]
    if record["effects"]:
        of.append(panels.counted([effect["seeds"] for effect in record["effects"]]))
    of = [text.replace(" ", NO_BREAK) for text in of]
    _texts(
        axis, [title, f"{record['verdict']} {record['qualifier']}".strip()],
        [names.contrast(record["contrast"]), f"({'; '.join([record['unit'], *of])})"],
        bold=record["headline"],
    )  # fmt: skip


def _overall(record: dict) -> dict:
    """The effect over all tasks, with its name and the claim's verdict."""
    return record["overall"] | {"task": ALL_TASKS, "verdict": record["verdict"]}


def _look(of: dict, verdict: str) -> dict:
    """A mark: filled where the verdict decides, pale where none is possible."""
    if verdict in DECIDED:
        return dict(of)
    return of | OPEN | (UNTESTED if verdict == NOT_TESTABLE else {})


def _kinds(of: str, look: dict, effects: Iterable[dict], adjusted: str = "") -> dict[str, dict]:
    """Label -> look of each kind of mark that effects of all tasks or of a task have."""
    shown = {effect["verdict"] for effect in effects if effect["mean"] is not None}
    unsettled = [verdict for verdict in (UNDECIDED, MIXED) if verdict in shown]
    kinds = {
        "supported or contradicted": shown.intersection(DECIDED),
        " or ".join(unsettled) + adjusted: unsettled,
        "not testable": shown.intersection([NOT_TESTABLE]),
    }
    return {f"{of}: {said}": _look(look, min(found)) for said, found in kinds.items() if found}


def _effect(axis: Axes, place: int, effect: dict, record: dict, look: dict) -> None:
    """A mark at the mean of an effect, and a line along its interval, if it has them."""
    if effect["mean"] is None:
        return
    if effect["low"] is not None:
        ends = (effect["low"], effect["high"])
        axis.hlines(place, *ends, color=look["color"], lw=look["linewidth"])
    [mark] = axis.plot(effect["mean"], place, **look)
    said = readings.interval(effect, record)
    style.tell(mark, f"{effect['task']}: {said} {record['unit']}, {effect['verdict']}")


def _scores(axis: Axes, tables: Tables, arms: Sequence[str]) -> None:
    """Test scores, a row per task and one for their mean: arms with intervals, and the best of the
    fitted baselines; those that answer all alike would take half of the axis."""
    table, colours, marks = (
        panels.spread(tables["scores"]),
        style.colours(arms),
        style.markers(arms),
    )
    drawn = []
    places = _rows(panels.tasks(tables))
    shifts = np.linspace(-0.22, 0.22, len(arms)) if len(arms) > 1 else [0.0]
    for arm, shift in zip(arms, shifts, strict=True):
        rows = [headline(table, task, arm, "test") for task in panels.tasks(tables)]
        means = [(row["mean"], row["low"], row["high"]) for row in rows]
        bounds = [panels.spread_name(table.loc[[row.name]]) for row in rows]
        drawn += [row.name for row in rows]
        if ALL_TASKS in places:
            means.insert(0, _mean_over_tasks(tables["runs"], arm))
            bounds.insert(0, panels.INTERVAL)
        for place, ((mean, low, high), of) in enumerate(zip(means, bounds, strict=True)):
            axis.hlines(place + shift, low, high, color=colours[arm], lw=1.0)
            [mark] = axis.plot(mean, place + shift, marks[arm], color=colours[arm], ms=3)
            tell_score(mark, arm, mean, low, high, of)
    for task in panels.tasks(tables):
        found = {name: headline(table, task, name, "test") for name in FITTED}
        scored = {name: row["mean"] for name, row in found.items() if row is not None}
        fitted = {name: mean for name, mean in scored.items() if np.isfinite(mean)}
        if fitted:
            best = max(fitted, key=fitted.get)
            [mark] = axis.plot(fitted[best], places.index(task), color=GREY, **STROKE)
            tell_score(mark, best, fitted[best])
    axis.locator_params(axis="x", nbins=3)
    bounds = [
        f"(of a task: {of})" if of == panels.BOTH else f"({of})"
        for of in panels.bounds_said(table.loc[drawn])
    ]
    _texts(
        axis, ["test score", f"mean of {panels.seeds(tables)}"],
        [score_unit(tables["runs"]), *bounds], bold=False,
    )  # fmt: skip


def _mean_over_tasks(run: pd.DataFrame, arm: str) -> tuple[float, float, float]:
    """Mean and interval of the tasks' means; NaN where a run has no score or metrics differ."""
    mine = run[run["initialization"] == arm]
    if mine["test_score"].isna().any() or run["metric"].nunique() > 1:
        return np.nan, np.nan, np.nan
    groups = {task: part.to_numpy() for task, part in mine.groupby("task")["test_score"]}
    return stratified_mean_interval(groups)[:3]


def _concerned(arm: str, records: Sequence[dict]) -> bool:
    """Whether a claim compares the arm's scores."""
    return any(arm in record["contrast"].split(" - ") for record in records)


def _arms_and_baseline(tables: Tables, arms: Sequence[str]) -> list[Artist]:
    colours, marks = style.colours(arms), style.markers(arms)
    handles = [
        panels.line(names.arm(arm), colours[arm], marker=marks[arm], ms=3, lw=1.0) for arm in arms
    ]
    known = [name for name in FITTED if name in set(tables["scores"]["initialization"])]
    named = names.arm(known[0]) if len(known) == 1 else "best baseline on test"
    return handles + [panels.line(named, GREY, **STROKE)] * bool(known)


def _effects(records: Sequence[dict], tasks: Sequence[str]) -> list[Artist]:
    """The legend of the marks that the forests of these claims have."""
    looks, adjusted = {}, ""
    if ALL_TASKS in _rows(tasks):
        looks, adjusted = _kinds(ALL_TASKS, OVERALL, map(_overall, records)), ADJUSTED
    of_tasks = (effect for record in records for effect in record["effects"])
    looks |= _kinds("a task", OF_TASK, of_tasks, adjusted)
    handles = [Line2D([], [], label=label, **look) for label, look in looks.items()]
    margins = dict.fromkeys(record["margin"] for record in records if record["margin"])
    return handles + [panels.line(_margin(margin), GREY, **MARGIN) for margin in margins]


def _margin(margin: float) -> str:
    return names.minus(f"margin of -{margin:g}")


def _texts(axis: Axes, title: Sequence[str], xlabel: Sequence[str], *, bold: bool) -> None:
    """Title and label of a panel, in lines that fit its column."""
    columns = axis.get_subplotspec().get_gridspec().ncols
    letters = int((style.ems() - NAMES_EMS) / columns / style.LETTER_EMS)

    def wrapped(lines: Sequence[str], room: float) -> str:
        fills = (textwrap.fill(line, int(room), break_on_hyphens=False) for line in lines)
        return "\n".join(fills)

    axis.set_title(wrapped(title, 0.8 * letters), fontweight="bold" if bold else "normal")
    axis.set_xlabel(wrapped(xlabel, 0.9 * letters))


def _make_room(figure: Figure, axes: Iterable[Axes]) -> None:
    """Make the figure higher by the texts above and below its panels, row by row of these."""
    lines: dict[int, list[int]] = {}
    for axis in axes:
        texts = (axis.get_title(), axis.get_xlabel())
        counts = [text.count("\n") + 1 for text in texts if text]
        lines.setdefault(axis.get_subplotspec().rowspan.start, []).append(sum(counts))
    style.add_lines(figure, sum(map(max, lines.values())))
