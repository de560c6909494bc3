"""Tables of runs -> their figures: test scores, learning curves, sensitivity to the settings.

A function of a figure takes the tables by name and the claims, and returns a Figure: equal tables
give equal bytes. Scores are of the task's headline metric.
"""

from collections.abc import Sequence
from itertools import cycle

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from seqtransfer.report.figures import panels, style
from seqtransfer.report.figures.panels import Tables
from seqtransfer.report.tables.intervals import interval_rows
from seqtransfer.report.tables.run_tables import score_unit
from seqtransfer.report.tables.sensitivity import best

BASELINE = {"color": "0.35", "linestyle": (0, (4, 2)), "linewidth": 1.0}
# Baseline -> its name in a panel, at which side.
BASELINES = {
    "majority": ("majority class", 0.99, "right"),
    "mean": ("training mean", 0.99, "right"),
    "ngram": ("n-gram", 0.02, "left"),
}
BORDER = {"color": "0.8", "linewidth": 0.8}  # between arms and controls
MOST_ARMS = 4  # whose names fit side by side below a panel


def scores(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Test score: a panel per task, an arm per column, a dot per seed, mean and interval."""
    columns = len(panels.arms(tables)) + len(_controls(tables["scores"]))
    names = 1.0 if columns > MOST_ARMS else 0.0  # upright, inches
    figure = style.figure(len(panels.tasks(tables)), 1, 3.3 + names)
    score_panels(figure, tables)
    return figure


def score_panels(figure: Figure | SubFigure, tables: Tables) -> None:
    """The panels of `scores` in an empty figure, with their title."""
    table, run, arms = tables["scores"], tables["runs"], panels.arms(tables)
    columns = [*arms, *_controls(table)]
    colours = style.colours(columns)
    axes = figure.subplots(1, len(panels.tasks(tables)), sharey=True, squeeze=False)[0]
    for axis, task in panels.by_task(tables, axes):
        for place, arm in enumerate(columns):
            rows = run[(run["task"] == task) & (run["initialization"] == arm)].sort_values("seed")
            aside = place + np.linspace(0.04, 0.34, len(rows))  # seeds beside the interval
            axis.scatter(aside, rows["test_score"], s=16, color=colours[arm], alpha=0.6, lw=0)
            row = _headline(table, task, arm, "test")
            axis.vlines(place - 0.15, row["low"], row["high"], color=colours[arm], linewidth=1.8)
            axis.hlines(row["mean"], place - 0.3, place, color=colours[arm], linewidth=2.4)
        _baseline_lines(axis, table, task, "test")
        axis.set_xlim(-0.6, len(columns) - 0.4)
        axis.set_xticks(
            range(len(columns)), columns, rotation=90 if len(columns) > MOST_ARMS else 0
        )
        if len(columns) > len(arms):
            axis.axvline(len(arms) - 0.5, **BORDER)
    axes[0].set_ylabel(f"test {score_unit(run)}")
    tested = table[(table["split"] == "test") & table["headline"]]
    panels.show_all(axes[0], run["test_score"], tested["mean"], tested["low"], tested["high"])
    sizes = run.groupby("task", sort=False)["test_n"].first()
    counts = ", ".join(f"{task} {size}" for task, size in sizes.items())
    style.title(
        figure,
        f"Test score by initialization: dots = {panels.seeds(tables)}, bars = mean and 95 % t"
        f" interval over seeds\ntest examples: {counts}",
    )


def convergence(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Dev score against optimizer steps: mean over seeds and its interval, per task and arm."""
    history, table, arms = tables["histories"], tables["scores"], panels.arms(tables)
    colours, styles = style.colours(arms), style.line_styles(arms)
    alpha = 0.18 if len(arms) <= MOST_ARMS else 0.06
    figure, axes = panels.grid(1, len(panels.tasks(tables)), 3.3, sharey=True)
    for axis, task in panels.by_task(tables, axes[0], "optimizer steps"):
        for arm in arms:
            curves = history[(history["task"] == task) & (history["initialization"] == arm)]
            rows = interval_rows(curves, ["step"], "dev_score", 0.95).sort_values("step")
            panels.curve(axis, rows["step"], rows, colours[arm], alpha,
                         linestyle=styles[arm], label=arm, lw=1.6)  # fmt: skip
        panels.steps_of_training(axis, history["step"].max())
        _baseline_lines(axis, table, task, "dev")
    axes[0, 0].set_ylabel(f"dev {score_unit(tables['runs'])}")
    lines = table[(table["arm"] == "ngram") & (table["split"] == "dev") & table["headline"]]
    panels.show_all(axes[0, 0], history["dev_score"], lines["mean"])
    panels.legend(figure, [panels.line(arm, colours[arm], linestyle=styles[arm]) for arm in arms])
    style.title(
        figure, f"Dev score while fine-tuning: mean of {panels.seeds(tables)}, {panels.BAND}"
    )
    return figure


def sensitivity(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Dev score in the sweep against the learning rate, per task and arm, the chosen rate ringed.

    A line has its arm's best pooling and warm-up; the band spans the lowest and highest seed.
    """
    table = tables["sensitivity"]
    arms = style.ordered([*panels.arms(tables), *table["initialization"]])
    rates = sorted(table["learning_rate"].unique())
    colours = style.colours(arms)
    marks = dict(zip(arms, cycle("os^DvPX*")))
    ring = {"marker": "o", "markersize": 10, "fillstyle": "none", "linewidth": 0}
    figure, axes = panels.grid(1, len(panels.tasks(tables)), 3.3, sharey=True)
    for axis, task in panels.by_task(tables, axes[0], "learning rate (AdamW's peak)"):
        for arm in arms:
            part = table[(table["task"] == task) & (table["initialization"] == arm)]
            if part.empty:
                continue
            line = best(part).set_index("learning_rate")
            panels.curve(axis, line.index, line, colours[arm], 0.18,
                         marker=marks[arm], markersize=4, linewidth=1.6)  # fmt: skip
            chosen = line.loc[line["chosen"], "mean"]
            axis.plot(chosen.index, chosen, **ring, color=colours[arm], markeredgewidth=1.5)
        axis.set_xscale("log")
        axis.set_xticks(rates, [f"{rate:g}" for rate in rates])
        axis.set_xticks([], minor=True)
    axes[0, 0].set_ylabel(f"dev {score_unit(tables['runs'])}")
    panels.show_all(axes[0, 0], table["low"], table["high"])
    handles = [panels.line(arm, colours[arm], marker=marks[arm], markersize=4) for arm in arms]
    panels.legend(figure, [*handles, panels.line("chosen", **ring)])
    style.title(
        figure,
        "Dev score by learning rate, in the sweep that chose it, at each arm's best pooling and"
        f" warm-up:\nline = mean, band = lowest to highest of {table['runs'].max()} seed(s)",
    )
    return figure


def profiles(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Share of each arm's runs that score above a threshold, against the threshold."""
    table, arms = tables["profiles"], panels.arms(tables)
    colours, styles = style.colours(arms), style.line_styles(arms)
    figure, axes = panels.grid(1, 1, 3.3)
    for arm in arms:
        rows = table[table["initialization"] == arm]
        panels.curve(axes[0, 0], rows["threshold"], rows, colours[arm], 0.15,
                     linestyle=styles[arm], lw=1.6)  # fmt: skip
    unit = score_unit(tables["runs"])
    axes[0, 0].set(xlabel=f"test {unit}", ylabel="share of runs above it", ylim=(-0.03, 1.03))
    panels.legend(figure, [panels.line(arm, colours[arm], linestyle=styles[arm]) for arm in arms])
    style.title(
        figure,
        f"Performance profiles: runs of {len(panels.tasks(tables))} tasks and"
        f" {panels.seeds(tables)},\nband = 95 % bootstrap interval over seeds at each threshold",
    )
    return figure


def _baseline_lines(axis: Axes, table: pd.DataFrame, task: str, split: str) -> None:
    """Horizontal lines at the baselines' scores, named inside the panel."""
    there = set(table.loc[table["task"] == task, "arm"])
    for name, (label, place, side) in BASELINES.items():
        if name in there:
            height = _headline(table, task, name, split)["mean"]
            axis.axhline(height, zorder=0, **BASELINE)
            axis.annotate(
                label, (place, height), xycoords=("axes fraction", "data"), xytext=(0, 2),
                textcoords="offset points", fontsize=7, color="0.3", va="bottom", ha=side,
            )  # fmt: skip


def _controls(table: pd.DataFrame) -> list[str]:
    """The study's controls, from the table `scores`."""
    return style.ordered(table.loc[table["kind"] == "control", "arm"])


def _headline(table: pd.DataFrame, task: str, arm: str, split: str) -> pd.Series:
    """The row of `scores` with the metric that judges the task."""
    chosen = (table["task"] == task) & (table["arm"] == arm) & (table["split"] == split)
    return table[chosen & table["headline"]].iloc[0]
