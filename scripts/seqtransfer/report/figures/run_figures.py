"""Tables of runs -> their figures: test scores, learning curves, sensitivity to the settings.

A function of a figure takes the tables by name and the claims, and returns a Figure: equal tables
give equal bytes. Scores are of the task's headline metric.
"""

import re
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from seqtransfer.report import names
from seqtransfer.report.figures import panels, style
from seqtransfer.report.figures.panels import Tables
from seqtransfer.report.tables.intervals import interval_rows
from seqtransfer.report.tables.run_tables import score_unit
from seqtransfer.report.tables.sensitivity import SCORE, SPEED, best

REGRESSIONS = ("ngram", "window")  # a task has one of them, and a look is enough for both
FITTED = dict.fromkeys(REGRESSIONS, (0, (4, 2)))  # dashes
FITTED |= {"dtw": (0, (6, 1.5, 1, 1.5)), "minirocket": (0, (8, 2)), "symbol": (0, (2, 1))}
FITTED |= {"additive": (0, (6, 1.5, 1, 1.5, 1, 1.5))}
BASELINES = FITTED | {"majority": (0, (1, 1.5)), "mean": (0, (1, 1.5))}
GREY = "0.35"
STEPS = "optimizer steps"
BORDER = {"color": "0.8", "linewidth": 0.8}  # between arms and controls
MOST_BANDS = 4  # arms whose bands can be told apart
LEAST_ROWS = 5  # that a panel of scores has room for
LEAST_RANGE = 0.05  # of a panel of scores


def scores(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Test score: a panel per task, an arm per row, a line per seed, mean and interval; controls
    below the arms, without their runs."""
    table, run, arms = panels.spread(tables["scores"]), tables["runs"], panels.arms(tables)
    rows = [*arms, *_controls(table)]
    colours, marks = style.colours(rows), style.markers(rows)
    height = panels.row_height(rows) * max(len(rows), LEAST_ROWS)
    figure, axes = panels.task_panels(tables, 0.75 + height)
    for axis, task in panels.by_task(tables, axes):
        runs_here = run[run["task"] == task]
        wide = runs_here.pivot(index="seed", columns="initialization", values="test_score")
        thin = min(0.7, 1.5 / np.sqrt(len(wide)))
        each_seed = wide[arms].to_numpy()
        lines = axis.plot(each_seed.T, range(len(arms)), color="0.8", lw=thin, zorder=0)
        for line, seed, found in zip(lines, wide.index, each_seed, strict=True):
            style.tell(line, f"seed {seed}, {each_score(map(names.arm, arms), found)}")
        for place, name in enumerate(rows):
            height = place - 0.27 if name in wide else place
            if name in wide:
                [seeds] = axis.plot(wide[name], [place] * len(wide), marks[name],
                                    color=colours[name], alpha=0.6, ms=2.5, mew=0)  # fmt: skip
                said = each_score((f"seed {seed}" for seed in wide.index), wide[name])
                style.tell(seeds, f"{names.arm(name)}, {said}")
            row = headline(table, task, name, "test")
            axis.hlines(height, row["low"], row["high"], color=colours[name])
            [mark] = axis.plot(row["mean"], height, marks[name], color=colours[name])
            said = panels.spread_name(table.loc[[row.name]])
            tell_score(mark, name, row["mean"], row["low"], row["high"], said)
        if len(rows) > len(arms):
            axis.axhline(len(arms) - 0.5, **BORDER)
        panels.arm_rows(axis, rows)
        axis.locator_params(axis="x", nbins=4)
        _score_limits(axis, table[table["task"] == task], runs_here["test_score"])
        _point_outside(axis, [headline(table, task, name, "test")["mean"] for name in rows])
    panels.label(axes, f"test {score_unit(run)}")
    lines = baseline_lines(tables, axes, "test", vertical=True)
    seed = panels.line("a seed, in all arms", "0.8", linewidth=0.7, marker="o", markersize=2.5)
    interval = panels.line(", ".join(["mean", *panels.bounds_said(table)]), "0.2", marker="o")
    panels.legend(figure, [interval, seed, *lines])
    style.title(
        figure,
        f"Test score by arm: {panels.seeds(tables)}; {panels.examples(tables)}",
        lowest=len(rows) * panels.row_ems(rows),
    )
    return figure


def convergence(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Dev score against optimizer steps: mean over seeds and its interval, per task and arm."""
    history, arms = tables["histories"], panels.arms(tables)
    history = history[history["step"] > 0]
    keys = ["task", "initialization", "step"]
    curves = panels.spread(interval_rows(history, keys, "dev_score"))
    figure, axes = over_steps(tables, curves, arms)
    for axis, task in zip(axes, panels.tasks(tables), strict=True):
        lines = [headline(tables["scores"], task, name, "dev") for name in REGRESSIONS]
        known = pd.Series([line["mean"] for line in lines if line is not None], dtype=float)
        means = curves.loc[curves["task"] == task, "mean"]
        axis.set_ylim(panels.limits(means, known, least=0.1))
    named = baseline_lines(tables, axes, "dev", vertical=False)
    panels.label(axes, STEPS, f"dev {score_unit(tables['runs'])}")
    arms_and_lines(figure, arms, named)
    style.title(figure, f"Dev score while fine-tuning: {mean_and_band(curves, arms)}")
    return figure


def sensitivity(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Dev score in the sweep against the learning rate, per task and arm, the chosen rate ringed.

    A line has its arm's best pooling and warm-up; the band spans the lowest and highest seed.
    """
    return _by_rate(tables, SCORE, f"dev {score_unit(tables['runs'])}", "Dev score")


def speed_by_rate(tables: Tables, claims: Sequence[dict]) -> Figure:
    """As `sensitivity`, of how soon a run is where it ends: what (a) compares."""
    return _by_rate(tables, SPEED, "share of own best", "How soon a run is where it ends")


def _by_rate(tables: Tables, columns: Sequence[str], label: str, subject: str) -> Figure:
    """columns: mean, low and high in the table `sensitivity`; label: of the axis."""
    table = tables["sensitivity"]
    arms = style.ordered([*panels.arms(tables), *table["initialization"]])
    rates = sorted(table["learning_rate"].unique())
    colours, marks, dashes = style.colours(arms), style.markers(arms), style.line_styles(arms)
    ring = {"marker": "o", "markersize": 9, "fillstyle": "none", "linewidth": 0, "clip_on": False}
    figure, axes = panels.task_panels(tables, 1.9)
    for axis, task in panels.by_task(tables, axes):
        for arm in arms:
            part = table[(table["task"] == task) & (table["initialization"] == arm)]
            if part.empty:
                continue
            line = best(part).set_index("learning_rate")
            chosen = line.index[line["chosen"]]
            line = line[columns].set_axis(SCORE, axis=1)
            drawn = panels.curve(axis, line.index, line, colours[arm], 0.15, marker=marks[arm],
                                 linestyle=dashes[arm])  # fmt: skip
            panels.tell_curve(drawn, names.arm(arm), "learning rate", line.index, line,
                              bounds="lowest to highest seed")  # fmt: skip
            rings = axis.plot(chosen, line.loc[chosen, "mean"], **ring, color=colours[arm],
                              markeredgewidth=1)  # fmt: skip
            panels.tell_line(rings[0], f"{names.arm(arm)}, chosen", "learning rate", chosen,
                             line.loc[chosen, "mean"])  # fmt: skip
        axis.set_xscale("log")
        axis.set_xticks(rates, [_rate(rate) for rate in rates])
        axis.set_xticks([], minor=True)
        mine = table[table["task"] == task]
        axis.set_ylim(panels.limits(*(mine[name] for name in columns[1:]), least=LEAST_RANGE))
    panels.label(axes, "learning rate", label)
    handles = [
        panels.line(names.arm(arm), colours[arm], marker=marks[arm], linestyle=dashes[arm])
        for arm in style.ordered(table["initialization"])
    ]
    panels.legend(figure, [*handles, panels.line("chosen", **ring)])
    seeds = table["seeds"].max()
    over = "1 seed" if seeds == 1 else f"mean of {seeds} seeds, band = lowest to highest"
    if table[columns[0]].isna().all():
        over = "not noted by this sweep, which older code made"
    style.title(
        figure,
        f"{subject} by learning rate, in the sweep that chose it, at each arm's best pooling and"
        f" warm-up: {over}",
    )
    return figure


def _rate(rate: float) -> str:
    """A learning rate as `3e-5`, whatever its size."""
    return re.sub("e-0*", "e-", names.minus(f"{rate:.0e}"))


def profiles(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Share of each arm's runs that score above a threshold, against the threshold."""
    table, arms = tables["profiles"], panels.arms(tables)
    colours, dashes = style.colours(arms), style.line_styles(arms)
    figure, axes = panels.grid(1, 1, 2.6)
    for arm in arms:
        rows = table[table["initialization"] == arm]
        line = panels.curve(axes[0, 0], rows["threshold"], rows, colours[arm], 0.15,
                            linestyle=dashes[arm])  # fmt: skip
        some = rows[::10]  # of its thresholds, a hundredth apart
        panels.tell_curve(line, names.arm(arm), "threshold", some["threshold"], some,
                          bounds="95 % bootstrap interval")  # fmt: skip
    unit = score_unit(tables["runs"])
    axes[0, 0].set(xlabel=f"test {unit}", ylabel="share of runs above it", ylim=(-0.03, 1.03))
    arms_and_lines(figure, arms)
    style.title(
        figure,
        f"Performance profiles: runs of {len(panels.tasks(tables))} tasks and"
        f" {panels.seeds(tables)}, band = 95 % bootstrap interval over seeds at each threshold",
    )
    return figure


def over_steps(
    tables: Tables, curves: pd.DataFrame, arms: Sequence[str]
) -> tuple[Figure, np.ndarray]:
    """Curves of arms against optimizer steps, a (tasks,) panel for each task.

    curves: columns task, initialization, step, mean, low, high.
    """
    colours, dashes = style.colours(arms), style.line_styles(arms)
    alpha = 0.18 if len(arms) <= MOST_BANDS else 0.0
    figure, axes = panels.task_panels(tables, 1.9)
    for axis, task in panels.by_task(tables, axes):
        mine = curves[curves["task"] == task]
        for arm in arms:
            rows = mine[mine["initialization"] == arm].sort_values("step")
            line = panels.curve(axis, rows["step"], rows, colours[arm], alpha,
                                linestyle=dashes[arm], label=arm)  # fmt: skip
            panels.tell_curve(line, names.arm(arm), "step", rows["step"], rows)
        panels.steps(axis, mine["step"].min(), mine["step"].max())
    return figure, axes


def arms_and_lines(figure: Figure, arms: Sequence[str], lines: Sequence[Line2D] = ()) -> None:
    """A legend of the lines of arms, and of `lines`."""
    colours, dashes = style.colours(arms), style.line_styles(arms)
    handles = [panels.line(names.arm(arm), colours[arm], linestyle=dashes[arm]) for arm in arms]
    panels.legend(figure, [*handles, *lines])


def zero_line(axes: Iterable[Axes], said: str) -> Line2D:
    """Draw a line at 0 across panels; its line of the legend, which says what it is."""
    look = {"linewidth": 0.8, "zorder": 0}
    for axis in axes:
        axis.axhline(0, color="0.5", **look)
    return panels.line(said, "0.5", **look)


def mean_and_band(curves: pd.DataFrame, arms: Sequence[str]) -> str:
    """What the curves of `over_steps` show."""
    said = panels.over_seeds if len(arms) <= MOST_BANDS else panels.mean_over_seeds
    return said(curves)


def baseline_lines(
    tables: Tables, axes: Iterable[Axes], split: str, *, vertical: bool
) -> list[Line2D]:
    """Draw the baselines' scores across panels whose limits are set; a line of the legend for each
    that is within the limits of some panel."""
    table, seen = tables["scores"], {}
    for axis, task in zip(axes, panels.tasks(tables), strict=True):
        low, high = axis.get_xlim() if vertical else axis.get_ylim()
        for name, dashes in BASELINES.items():
            row = headline(table, task, name, split)
            if row is not None and low < row["mean"] < high:
                look = {"linestyle": dashes, "linewidth": 0.9}
                draw = axis.axvline if vertical else axis.axhline
                tell_score(draw(row["mean"], color=GREY, zorder=0, **look), name, row["mean"])
                seen[name] = panels.line(names.arm(name), GREY, **look)
    return list(seen.values())


def _score_limits(axis: Axes, table: pd.DataFrame, runs: pd.Series) -> None:
    """Limits of a task's scores: all of its arms, and what of controls and fitted baselines lies
    near them; further ones would make arms look alike."""
    mine = table[(table["split"] == "test") & table["headline"]]
    low, high = panels.limits(runs, *_ends(mine[mine["kind"] == "arm"]), least=LEAST_RANGE)
    others = mine[(mine["kind"] == "control") | mine["initialization"].isin(FITTED)]
    near = others[others["mean"].between(2 * low - high, 2 * high - low)]
    axis.set_xlim(panels.limits(pd.Series([low, high]), near["mean"], *_ends(near)))


def _ends(table: pd.DataFrame) -> list[pd.Series]:
    """Ends of intervals of scores, which lie in [-1, 1]."""
    return [table[name].clip(-1, 1) for name in ("low", "high")]


def _point_outside(axis: Axes, means: Sequence[float]) -> None:
    """At the edge of a panel, an arrow to the mean of each row that lies outside, and the mean."""
    low, high = axis.get_xlim()
    look = {"textcoords": "offset points", "va": "center", "fontsize": "small"}
    for place, mean in enumerate(means):
        if mean < low:
            axis.annotate(f"\N{LEFTWARDS ARROW} {mean:.2f}", (low, place), (3, 0), **look)
        elif mean > high:
            text = f"{mean:.2f} \N{RIGHTWARDS ARROW}"
            axis.annotate(text, (high, place), (-3, 0), ha="right", **look)


def _controls(table: pd.DataFrame) -> list[str]:
    """The study's controls, from the table `scores`."""
    return style.ordered(table.loc[table["kind"] == "control", "initialization"])


def tell_score(
    mark: Line2D, name: str, mean: float, low: float = np.nan, high: float = np.nan, of: str = ""
) -> None:
    """Let a mark say the score that it stands for; name: of an arm, a control or a baseline; of:
    what low and high are."""
    ends = "" if np.isnan(low) else f" ({of} {low:.3f} to {high:.3f})"
    style.tell(mark, f"{names.arm(name)}: {mean:.3f}{ends}")


def each_score(named: Iterable[str], scores: Iterable[float]) -> str:
    """`seed 0: 0.512, seed 1: no score`."""
    return ", ".join(
        f"{name}: no score" if np.isnan(score) else f"{name}: {score:.3f}"
        for name, score in zip(named, scores, strict=True)
    )


def headline(table: pd.DataFrame, task: str, name: str, split: str) -> pd.Series | None:
    """The row of `scores` with the metric that judges the task; None where there is none.

    name: of an arm, a control or a baseline.
    """
    chosen = (table["task"] == task) & (table["initialization"] == name) & (table["split"] == split)
    rows = table[chosen & table["headline"]]
    return None if rows.empty else rows.iloc[0]
