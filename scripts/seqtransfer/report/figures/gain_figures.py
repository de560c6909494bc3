"""Tables of gains over `random` -> their figures, each named as its table is."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import ScalarFormatter

from seqtransfer.report.figures import style
from seqtransfer.report.figures.style import Tables
from seqtransfer.report.tables.gain_tables import ALL_TASKS, SPLITS
from seqtransfer.report.tables.run_tables import score_unit


def transfer(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Heat-maps of gains over `random`, test and dev: a row per source, a column per task."""
    table, tasks = tables["transfer"], style.tasks(tables)
    sources = list(dict.fromkeys(table["source"]))
    figure = style.figure(max(len(tasks) * 0.8, 3), 1, 1.7 + 0.42 * len(sources))
    axes = figure.subplots(1, len(SPLITS), sharey=True)
    furthest = max(table["mean"].abs().max(), 0.01)
    for axis, split in zip(axes, SPLITS, strict=True):
        part = table[table["split"] == split].set_index(["source", "task"])
        grid = part["mean"].unstack().reindex(index=sources, columns=tasks)
        image = axis.imshow(
            grid.to_numpy(dtype=float), cmap="RdBu", norm=Normalize(-furthest, furthest),
            aspect="auto",
        )  # fmt: skip
        axis.set_facecolor("0.9")
        for (source, task), row in part.iterrows():
            place = (tasks.index(task), sources.index(source))
            _cell(axis, place, row, dark=abs(row["mean"]) > 0.62 * furthest, own=source == task)
        axis.set_xticks(range(len(tasks)), tasks, rotation=30, ha="right", rotation_mode="anchor")
        axis.set(title=f"{split} score", xlabel="task fine-tuned on")
        axis.tick_params(length=0)
    axes[0].set_yticks(range(len(sources)), sources)
    axes[0].set_ylabel("encoder pretrained on")
    figure.colorbar(image, ax=axes, label=f"gain over random ({score_unit(tables['runs'])})")
    figure.suptitle(
        "Transfer of pretraining: score minus that of random weights, paired by seed,"
        f" mean of {style.seeds(tables)}\n[95 % t interval over seeds]; bold: it excludes 0;"
        " frame: the task's own training sequences",
        fontsize=10,
    )
    return figure


def pretraining(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Test score against steps of pretraining on the task's own sequences, a panel per task."""
    run, tasks, arms = tables["runs"], style.tasks(tables), style.study_arms(tables)
    table = tables["pretraining"][tables["pretraining"]["split"] == "test"]
    colours = style.colours(arms)
    figure = style.figure(len(tasks), 1, 3.3)
    axes = figure.subplots(1, len(tasks), sharey=True, squeeze=False)[0]
    for axis, task in zip(axes, tasks, strict=True):
        rows = table[table["task"] == task]
        axis_rows = rows[rows["steps"].notna()]
        steps = axis_rows["steps"].to_numpy(dtype=float)
        means, lows, highs = axis_rows[["mean", "low", "high"]].to_numpy(dtype=float).T
        own = style.COLOURS["domain"]
        axis.fill_between(steps, lows, highs, color=own, alpha=0.18, lw=0)
        axis.plot(steps, means, color=own, linewidth=1.6)
        for step, arm in zip(steps, axis_rows["initialization"], strict=True):
            chosen = run[(run["task"] == task) & (run["initialization"] == arm)]["test_score"]
            axis.scatter([step] * len(chosen), chosen, s=16, color=colours[arm], lw=0, zorder=3)
        for row in rows[rows["steps"].isna()].itertuples():
            blue = style.COLOURS["text"]
            axis.axhspan(row.low, row.high, color=blue, alpha=0.10, lw=0)
            axis.axhline(row.mean, color=blue, linewidth=1.2, linestyle=(0, (4, 2)))
        _pretraining_axis(axis, steps)
        axis.set(title=style.task_title(tables, task), xlabel="pretraining steps")
    axes[0].set_ylabel(f"test {score_unit(run)}")
    style.limit(axes, pd.concat([run["test_score"], table["mean"], table["low"], table["high"]]))
    handles = [
        Line2D([], [], color=style.COLOURS["domain"], marker="o", ms=4,
               label="pretrained on the task's own sequences (0 = random weights)")
    ]  # fmt: skip
    if table["steps"].isna().any():
        handles.append(
            Line2D([], [], color=style.COLOURS["text"], linestyle=(0, (4, 2)), label="text")
        )
    handles.append(Patch(color="0.85", label="95 % t interval over seeds"))
    style.legend(figure, handles)
    figure.suptitle(
        f"Test score by steps of domain pretraining: dots = {style.seeds(tables)}, line = mean",
        fontsize=10,
    )
    return figure


def ladder(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Gains over `random` of parts of the text encoder, from scratch to full: a panel per task."""
    table = tables["ladder"]
    tasks = [name for name in (*style.tasks(tables), ALL_TASKS) if name in set(table["task"])]
    rungs = list(dict.fromkeys(table["initialization"]))
    colours = style.colours(style.study_arms(tables))
    figure = style.figure(len(tasks), 1, 1.5 + 0.28 * len(rungs))
    axes = figure.subplots(1, len(tasks), sharex=True, sharey=True, squeeze=False)[0]
    for axis, task in zip(axes, tasks, strict=True):
        axis.axvline(0, color=style.COLOURS["random"], linewidth=1.2)
        for row in table[table["task"] == task].itertuples():
            tested = row.split == "test"
            place = rungs.index(row.initialization) + (-0.14 if tested else 0.16)
            colour = colours[row.initialization]
            axis.hlines(place, row.low, row.high, color=colour, linewidth=2.0 if tested else 1.0)
            axis.plot(
                row.mean, place, "o", color=colour, ms=5 if tested else 4,
                markerfacecolor=colour if tested else "white",
            )  # fmt: skip
        title = f"mean over {len(tasks) - 1} tasks" if task == ALL_TASKS else None
        axis.set_title(title or style.task_title(tables, task))
        axis.locator_params(axis="x", nbins=5)
        axis.set_xlabel(f"gain over random ({score_unit(tables['runs'])})")
    axes[0].set_yticks(range(len(rungs)), rungs)
    axes[0].set_ylim(len(rungs) - 0.4, -0.6)
    style.legend(
        figure,
        [
            Line2D([], [], color="0.2", marker="o", ms=5, lw=2.0, label="test score"),
            Line2D([], [], color="0.2", marker="o", ms=4, lw=1.0, mfc="white", label="dev score"),
            Line2D([], [], color=style.COLOURS["random"], lw=1.2, label="random"),
        ],
    )
    figure.suptitle(
        "What of the text encoder is worth keeping: score minus that of random weights,"
        f" paired by seed,\nmean of {style.seeds(tables)} and 95 % t interval over them",
        fontsize=10,
    )
    return figure


def _cell(axis: Axes, place: tuple[int, int], row: pd.Series, *, dark: bool, own: bool) -> None:
    """One cell's mean and interval; light text on `dark`; a frame around a task's own source."""
    known, colour = pd.notna(row["low"]), "white" if dark else "black"
    sure = known and not row["low"] <= 0 <= row["high"]
    axis.annotate(
        f"{row['mean']:+.3f}", place, (0, 4 if known else 0), textcoords="offset points",
        ha="center", va="center", fontsize=7.5, color=colour,
        fontweight="bold" if sure else "normal",
    )  # fmt: skip
    if known:
        axis.annotate(
            f"[{row['low']:+.2f}, {row['high']:+.2f}]", place, (0, -5),
            textcoords="offset points", ha="center", va="center", fontsize=6.2, color=colour,
        )  # fmt: skip
    if own:
        corner = (place[0] - 0.47, place[1] - 0.46)
        axis.add_patch(Rectangle(corner, 0.94, 0.92, fill=False, edgecolor="black", linewidth=1.4))


def _pretraining_axis(axis: Axes, steps: np.ndarray) -> None:
    """Linear from 0 to the first step, doublings after it; a tick at each step, where they fit."""
    positive = steps[steps > 0]
    first, last = (positive.min(), positive.max()) if len(positive) else (1.0, 1.0)
    axis.set_xscale("symlog", base=2, linthresh=first, linscale=1.0)
    stride = -(-len(positive) // 6)
    axis.set_xticks([0, *positive[::-1][::stride]])
    axis.set_xticks([], minor=True)
    axis.xaxis.set_major_formatter(ScalarFormatter())
    axis.set_xlim(-0.12 * first, last * 1.2)
