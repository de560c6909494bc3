"""The report's tables -> its figures: equal tables give equal bytes.

Each function of FIGURES takes the tables by name and the claim records, and returns a Figure.
An arm has the same colour everywhere; similarity and scores are unitless; a score is the
task's headline metric.
"""

from collections.abc import Sequence
from itertools import cycle

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D

from seqtransfer.report.figures import style
from seqtransfer.report.figures.style import Tables
from seqtransfer.report.statistics import t_interval
from seqtransfer.report.tables.run_tables import score_unit
from seqtransfer.report.tables.sensitivity import best

BASELINE = {"color": "0.35", "linestyle": (0, (4, 2)), "linewidth": 1.0}
MOST_ARMS = 4  # whose names fit side by side below a panel


def scores(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Test score: a panel per task, an arm per column, a dot per seed, mean and interval."""
    names = 1.0 if len(style.study_arms(tables)) > MOST_ARMS else 0.0  # upright, inches
    figure = style.figure(len(style.tasks(tables)), 1, 3.3 + names)
    _score_panels(figure, tables)
    figure.suptitle(_score_title(tables), fontsize=10)
    return figure


def convergence(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Dev score against optimizer steps: mean over seeds and its interval, per task and arm."""
    history, tasks = tables["histories"], style.tasks(tables)
    arms = style.study_arms(tables)
    colours, styles = style.colours(arms), style.line_styles(arms)
    figure = style.figure(len(tasks), 1, 3.3)
    axes = figure.subplots(1, len(tasks), sharey=True, squeeze=False)[0]
    for axis, task in zip(axes, tasks, strict=True):
        for arm in arms:
            curves = history[(history["task"] == task) & (history["initialization"] == arm)]
            bounds = np.array(
                [
                    t_interval(part.to_numpy(), 0.95)
                    for _, part in curves.groupby("step")["dev_score"]
                ]
            )
            steps = np.sort(curves["step"].unique())
            axis.fill_between(
                steps, bounds[:, 1], bounds[:, 2], color=colours[arm], lw=0,
                alpha=0.18 if len(arms) <= MOST_ARMS else 0.06,
            )  # fmt: skip
            axis.plot(
                steps, bounds[:, 0], color=colours[arm], linestyle=styles[arm], label=arm, lw=1.6
            )
        style.step_axis(axis, history["step"].max())
        _baseline_lines(axis, tables["scores"], task, "dev")
        axis.set(title=style.task_title(tables, task), xlabel="optimizer steps")
    axes[0].set_ylabel(f"dev {score_unit(tables['runs'])}")
    score = tables["scores"]
    lines = score[(score["arm"] == "ngram") & (score["split"] == "dev") & score["headline"]]
    style.limit(axes, pd.concat([history["dev_score"], lines["mean"]]))
    style.legend(
        figure,
        [Line2D([], [], color=colours[a], linestyle=styles[a], label=a) for a in arms],
    )
    figure.suptitle(
        f"Dev score while fine-tuning: mean of {style.seeds(tables)}, band = 95 % t interval"
        " over seeds",
        fontsize=10,
    )
    return figure


def sensitivity(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Dev score in the sweep against the learning rate, per task and arm, the chosen rate ringed.

    A line has its arm's best pooling and warm-up; the band spans the lowest and highest seed.
    """
    table, tasks = tables["sensitivity"], style.tasks(tables)
    arms = style.ordered({*style.study_arms(tables), *table["initialization"]})
    colours = style.colours(arms)
    marks = {arm: {"color": colours[arm], "marker": m} for arm, m in zip(arms, cycle("os^DvPX*"))}
    ring = {"marker": "o", "markersize": 10, "fillstyle": "none", "linewidth": 0}
    figure = style.figure(len(tasks), 1, 3.3)
    axes = figure.subplots(1, len(tasks), sharey=True, squeeze=False)[0]
    for axis, task in zip(axes, tasks, strict=True):
        for arm in arms:
            part = table[(table["task"] == task) & (table["initialization"] == arm)]
            if part.empty:
                continue
            line = best(part).set_index("learning_rate")
            axis.fill_between(
                line.index, line["low"], line["high"], color=colours[arm], alpha=0.18, lw=0
            )
            axis.plot(line.index, line["mean"], **marks[arm], markersize=4, linewidth=1.6)
            chosen = line.loc[line["chosen"], "mean"]
            axis.plot(chosen.index, chosen, **ring, color=colours[arm], markeredgewidth=1.5)
        axis.set(title=style.task_title(tables, task), xlabel="learning rate (AdamW's peak)")
        axis.set_xscale("log")
        rates = sorted(table["learning_rate"].unique())
        axis.set_xticks(rates, [f"{rate:g}" for rate in rates])
        axis.set_xticks([], minor=True)
    axes[0].set_ylabel(f"dev {score_unit(tables['runs'])}")
    style.limit(axes, pd.concat([table["low"], table["high"]]))
    handles = [Line2D([], [], **marks[arm], markersize=4, label=arm) for arm in arms]
    style.legend(figure, [*handles, Line2D([], [], **ring, color="0.2", label="chosen")])
    figure.suptitle(
        "Dev score by learning rate, in the sweep that chose it, at each arm's best pooling and"
        f" warm-up:\nline = mean, band = lowest to highest of {table['runs'].max()} seed(s)",
        fontsize=10,
    )
    return figure


def claims(tables: Tables, claims: Sequence[dict]) -> Figure:
    """A forest plot per claim: per-task effects, overall effect, zero and margin lines."""
    tested = [record for record in claims if record["overall"]]
    columns = min(4, max(len(tested), 1))
    rows = -(-len(tested) // columns)
    figure = style.figure(columns, max(rows, 1), 2.9)
    axes = figure.subplots(max(rows, 1), columns, squeeze=False).ravel()
    for axis in axes[len(tested) :]:
        axis.set_axis_off()
    for number, (axis, record) in enumerate(zip(axes, tested, strict=False)):
        _forest(axis, record, style.tasks(tables), named=number % columns == 0)
    figure.suptitle(_forest_title(tables), fontsize=10)
    return figure


def summary(tables: Tables, claims: Sequence[dict]) -> Figure:
    """The study in one image: test scores per task above, the paper's claims below."""
    paper = [record for record in claims if record["paper"] and record["overall"]]
    shown = [record for record in paper if not record["id"].startswith("d-")]
    shown += [record for record in paper if record["id"].startswith("d-")][:1]
    figure = style.figure(max(len(style.tasks(tables)), len(shown)), 1, 6.3)
    top, bottom = figure.subfigures(2, 1, height_ratios=(1.1, 1.0), hspace=0.03)
    _score_panels(top, tables)
    top.suptitle(_score_title(tables), fontsize=10)
    axes = bottom.subplots(1, max(len(shown), 1), squeeze=False)[0]
    for number, (axis, record) in enumerate(zip(axes, shown, strict=False)):
        _forest(axis, record, style.tasks(tables), named=number == 0)
    bottom.suptitle(_forest_title(tables), fontsize=10)
    return figure


def _score_panels(figure: Figure | SubFigure, tables: Tables) -> None:
    table, run = tables["scores"], tables["runs"]
    tasks, arms = style.tasks(tables), style.study_arms(tables)
    colours = style.colours(arms)
    axes = figure.subplots(1, len(tasks), sharey=True, squeeze=False)[0]
    for axis, task in zip(axes, tasks, strict=True):
        for place, arm in enumerate(arms):
            rows = run[(run["task"] == task) & (run["initialization"] == arm)].sort_values("seed")
            aside = place + np.linspace(0.04, 0.34, len(rows))  # seeds beside the interval
            axis.scatter(aside, rows["test_score"], s=16, color=colours[arm], alpha=0.6, lw=0)
            mean, low, high = _row(table, task, arm, "test")[["mean", "low", "high"]].astype(float)
            axis.vlines(place - 0.15, low, high, color=colours[arm], linewidth=1.8)
            axis.hlines(mean, place - 0.3, place, color=colours[arm], linewidth=2.4)
        _baseline_lines(axis, table, task, "test")
        axis.set(title=style.task_title(tables, task), xlim=(-0.6, len(arms) - 0.4))
        axis.set_xticks(range(len(arms)), arms, rotation=90 if len(arms) > MOST_ARMS else 0)
    axes[0].set_ylabel(f"test {score_unit(run)}")
    tested = table[(table["split"] == "test") & table["headline"]]
    style.limit(axes, pd.concat([run["test_score"], tested["mean"], tested["low"], tested["high"]]))


def _forest(axis: Axes, record: dict, tasks: Sequence[str], named: bool) -> None:
    """One claim: the overall effect on top, `tasks` below, also those without a number."""
    names = ["all tasks", *tasks]
    effects = [{"task": names[0]} | record["overall"], *record["effects"]]
    for effect in effects:
        place = names.index(effect["task"])
        overall = place == 0
        colour = "0.1" if overall else "0.45"
        if effect["low"] is not None:
            axis.hlines(
                place, effect["low"], effect["high"], color=colour, lw=2.6 if overall else 1.4
            )
        axis.plot(
            effect["mean"], place, "D" if overall else "o", color=colour, ms=6 if overall else 4
        )
    axis.axvline(0, color="0.5", linewidth=0.9)
    if record["margin"] is not None:
        axis.axvline(-record["margin"], **BASELINE)
        axis.text(
            -record["margin"], len(names) - 0.45, f"margin -{record['margin']:g} ",
            ha="center", va="center", fontsize=7.5, color="0.25",
            bbox={"color": "white", "pad": 0.8},
        )  # fmt: skip
    axis.set_yticks(range(len(names)), names if named else [])
    axis.set_ylim(len(names) - 0.2, -0.6)
    axis.axhline(0.5, color="0.85", linewidth=0.8)
    axis.locator_params(axis="x", nbins=5)
    axis.set_title(f"({record['id']}) {record['short']}\n{record['verdict']}", fontweight="bold")
    axis.set_xlabel(
        f"{record['contrast']}\n({record['unit']}, {100 * record['level']:.0f} % interval)"
    )


def _baseline_lines(axis: Axes, table: pd.DataFrame, task: str, split: str) -> None:
    """Horizontal lines at the baselines' scores, named inside the panel."""
    lines = (
        ("majority", "majority class", 0.99, "right"),
        ("mean", "training mean", 0.99, "right"),
        ("ngram", "n-gram", 0.02, "left"),
    )
    for name, label, place, side in lines:
        if not ((table["task"] == task) & (table["arm"] == name)).any():
            continue
        height = _row(table, task, name, split)["mean"]
        axis.axhline(height, zorder=0, **BASELINE)
        axis.annotate(
            label, (place, height), xycoords=("axes fraction", "data"), xytext=(0, 2),
            textcoords="offset points", fontsize=7, color="0.3", va="bottom", ha=side,
        )  # fmt: skip


def _row(table: pd.DataFrame, task: str, arm: str, split: str) -> pd.Series:
    chosen = (table["task"] == task) & (table["arm"] == arm) & (table["split"] == split)
    return table[chosen & table["headline"]].iloc[0]


def _score_title(tables: Tables) -> str:
    sizes = tables["runs"].groupby("task", sort=False)["test_n"].first()
    counts = ", ".join(f"{task} {size}" for task, size in sizes.items())
    return (
        f"Test score by initialization: dots = {style.seeds(tables)}, bars = mean and 95 % t"
        f" interval over seeds\ntest examples: {counts}"
    )


def _forest_title(tables: Tables) -> str:
    return (
        f"Claims as paired differences over {style.seeds(tables)}: tasks (dots), all tasks"
        " (diamond)"
    )
