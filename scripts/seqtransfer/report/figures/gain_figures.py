"""Tables of gains over `random` -> their figures, each named as its table is."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from seqtransfer.report import names
from seqtransfer.report.figures import panels, style
from seqtransfer.report.figures.panels import Tables
from seqtransfer.report.tables.gain_tables import ALL_TASKS, OTHER_TASKS, SPLITS
from seqtransfer.report.tables.run_tables import score_unit

TEXT_LINE = (0, (4, 2))  # dashes


def transfer(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Heat-maps of gains over `random`, test and dev: a row per source, a column per task."""
    table = tables["transfer"]
    columns = [name for name in (*panels.tasks(tables), OTHER_TASKS) if name in set(table["task"])]
    sources = list(dict.fromkeys(table["source"]))
    figure = style.figure(max(len(columns) // 2, 1), 1, 1.5 + 0.3 * len(sources))
    axes = figure.subplots(1, len(SPLITS), sharey=True)
    furthest = max([0.01, *table["mean"].dropna().abs()])
    for axis, split in zip(axes, SPLITS, strict=True):
        part = table[table["split"] == split].set_index(["source", "task"])
        grid = part["mean"].unstack().reindex(index=sources, columns=columns)
        image = axis.imshow(
            grid.to_numpy(dtype=float), cmap="RdBu", norm=Normalize(-furthest, furthest),
            aspect="auto",
        )  # fmt: skip
        axis.set_facecolor("0.9")
        for (source, task), row in part[part["mean"].notna()].iterrows():
            place = (columns.index(task), sources.index(source))
            _cell(axis, place, row, dark=abs(row["mean"]) > 0.62 * furthest, own=source == task)
        if OTHER_TASKS in columns:
            axis.axvline(len(columns) - 1.5, color="white", linewidth=3)
        axis.set_xticks(
            range(len(columns)), columns, rotation=30, ha="right", rotation_mode="anchor"
        )
        axis.set(title=f"{split} score", xlabel="task fine-tuned on")
        axis.tick_params(length=0)
    axes[0].set_yticks(range(len(sources)), sources)
    axes[0].set_ylabel("encoder pretrained on")
    figure.colorbar(image, ax=axes, label=f"gain over random ({score_unit(tables['runs'])})")
    style.title(
        figure,
        "Transfer of pretraining: score minus that of random weights, paired by seed,"
        f" mean of {panels.seeds(tables)}\n[95 % t interval over seeds]; bold: it excludes 0;"
        " frame: the task's own training sequences;\nlast column: mean over tasks but that one",
    )
    return figure


def pretraining(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Test score against steps of domain pretraining, a panel per task."""
    run, table = tables["runs"], tables["pretraining"]
    table = table[table["split"] == "test"]
    colours, text = style.colours(panels.arms(tables)), style.COLOURS["text"]
    figure, axes = panels.task_panels(tables, 1.9)
    for axis, task in panels.by_task(tables, axes):
        rows = table[table["task"] == task]
        with_steps = rows[rows["pretraining_steps"].notna()]
        steps = with_steps["pretraining_steps"].to_numpy(dtype=float)
        panels.curve(axis, steps, with_steps, style.COLOURS["domain"], 0.18, linewidth=1.6)
        for step, arm in zip(steps, with_steps["initialization"], strict=True):
            chosen = run[(run["task"] == task) & (run["initialization"] == arm)]["test_score"]
            axis.scatter([step] * len(chosen), chosen, s=8, color=colours[arm], lw=0, zorder=3)
        for row in rows[rows["pretraining_steps"].isna()].itertuples():
            axis.axhspan(row.low, row.high, color=text, alpha=0.10, lw=0)
            axis.axhline(row.mean, color=text, linewidth=1.2, linestyle=TEXT_LINE)
        _steps_of_pretraining(axis, steps)
    panels.label(axes, "pretraining steps", f"test {score_unit(run)}")
    named = "domain pretraining (0 = random weights)"
    handles = [panels.line(named, style.COLOURS["domain"], marker="o", ms=4)]
    if table["pretraining_steps"].isna().any():
        handles.append(panels.line(names.arm("text"), text, linestyle=TEXT_LINE))
    panels.legend(figure, [*handles, Patch(color="0.85", label="95 % t interval over seeds")])
    style.title(
        figure,
        f"Test score by steps of domain pretraining: dots = {panels.seeds(tables)}, line = mean",
    )
    return figure


def ladder(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Gains over `random` of parts of encoders, from scratch to full: a panel per task."""
    table = tables["ladder"]
    tasks = [name for name in (*panels.tasks(tables), ALL_TASKS) if name in set(table["task"])]
    rungs = list(dict.fromkeys(table["initialization"]))
    colours, random = style.colours(panels.arms(tables)), style.COLOURS["random"]
    figure, axes = panels.grid(
        1,
        len(tasks),
        1.5 + (panels.row_height(rungs) + 0.11) * len(rungs),
        sharex=True,
        sharey=True,
    )
    for axis, task in zip(axes[0], tasks, strict=True):
        axis.axvline(0, color=random, linewidth=1.2)
        for row in table[table["task"] == task].itertuples():
            _rung(axis, rungs.index(row.initialization), row, colours[row.initialization])
        title = f"mean over {len(tasks) - 1} tasks" if task == ALL_TASKS else None
        axis.set_title(title or panels.task_title(tables, task))
        axis.locator_params(axis="x", nbins=5)
        axis.set_xlabel(f"gain over random ({score_unit(tables['runs'])})")
    panels.arm_rows(axes[0, 0], rungs)
    handles = [
        panels.line("test score", marker="o", ms=5, lw=2.0),
        panels.line("dev score", marker="o", ms=4, lw=1.0, mfc="white"),
        panels.line(names.arm("random"), random, lw=1.2),
    ]
    panels.legend(figure, handles)
    style.title(
        figure,
        "What of a pretrained encoder is worth keeping: score minus that of random weights,"
        f" paired by seed,\nmean of {panels.seeds(tables)} and 95 % t interval over them",
    )
    return figure


def _cell(axis: Axes, place: tuple[int, int], row: pd.Series, *, dark: bool, own: bool) -> None:
    """One cell's mean and interval; light text on `dark`; a frame around a task's own source."""
    known, colour = pd.notna(row["low"]), "white" if dark else "black"
    sure = known and not row["low"] <= 0 <= row["high"]
    axis.annotate(
        f"{row['mean']:+.3f}", place, (0, 4 if known else 0), textcoords="offset points",
        ha="center", va="center", fontsize="small", color=colour,
        fontweight="bold" if sure else "normal",
    )  # fmt: skip
    if known:
        axis.annotate(
            f"[{row['low']:+.2f}, {row['high']:+.2f}]", place, (0, -5),
            textcoords="offset points", ha="center", va="center", fontsize="x-small", color=colour,
        )  # fmt: skip
    if own:
        corner = (place[0] - 0.47, place[1] - 0.46)
        axis.add_patch(Rectangle(corner, 0.94, 0.92, fill=False, edgecolor="black", linewidth=1.4))


def _rung(axis: Axes, place: int, row, colour: tuple) -> None:
    """One gain with its interval: test filled, and dev open below it."""
    if row.split == "test":
        height, width, size, fill = place - 0.14, 2.0, 5, colour
    else:
        height, width, size, fill = place + 0.16, 1.0, 4, "white"
    axis.hlines(height, row.low, row.high, color=colour, linewidth=width)
    axis.plot(row.mean, height, "o", color=colour, ms=size, markerfacecolor=fill)


def _steps_of_pretraining(axis: Axes, steps: np.ndarray) -> None:
    """Linear from 0 to the first step, doublings after it; a tick at each step, where they fit."""
    positive = steps[steps > 0]
    first, last = (positive.min(), positive.max()) if len(positive) else (1.0, 1.0)
    stride = -(-len(positive) // 6)
    panels.doublings(axis, first, ticks=[0, *positive[::-1][::stride]])
    axis.set_xlim(-0.12 * first, last * 1.2)
