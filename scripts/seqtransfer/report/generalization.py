"""Learning curves -> how far the loss on dev lies above the training loss, arm by arm."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import ScalarFormatter

from seqtransfer.report.figures import style
from seqtransfer.report.tables.intervals import interval_rows


def table(histories: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """One row per task, arm and evaluated step after the first: dev loss minus training loss.

    histories: the table of this name. The training loss is the mean since the evaluation before, in
    which dropout is on; losses are in nats, of a regression in units of the training variance.
    """
    taken = histories.dropna(subset="train_loss")
    gaps = taken.assign(gap=taken["dev_loss"] - taken["train_loss"])
    return interval_rows(gaps, ["task", "initialization", "step"], "gap", level)


def figure(tables: Mapping[str, pd.DataFrame], claims: Sequence[dict]) -> Figure:
    """Dev loss minus training loss against optimizer steps, a panel per task."""
    rows, tasks, arms = tables["generalization"], style.tasks(tables), style.study_arms(tables)
    colours, styles = style.colours(arms), style.line_styles(arms)
    drawn = style.figure(len(tasks), 1, 3.3)
    axes = drawn.subplots(1, len(tasks), sharey=True, squeeze=False)[0]
    for axis, task in zip(axes, tasks, strict=True):
        axis.axhline(0, color="0.6", linewidth=0.8)
        for arm in arms:
            part = rows[(rows["task"] == task) & (rows["initialization"] == arm)]
            colour = colours[arm]
            axis.fill_between(
                part["step"], part["low"], part["high"], color=colour, alpha=0.15, lw=0
            )
            axis.plot(part["step"], part["mean"], color=colour, linestyle=styles[arm], lw=1.6)
        axis.set(title=style.task_title(tables, task), xlabel="optimizer steps")
        axis.set_xscale("log", base=2)
        axis.xaxis.set_major_formatter(ScalarFormatter())
    axes[0].set_ylabel("dev loss - training loss")
    style.legend(
        drawn, [Line2D([], [], color=colours[a], linestyle=styles[a], label=a) for a in arms]
    )
    drawn.suptitle(
        f"Generalization gap while fine-tuning: mean of {style.seeds(tables)}, band = 95 % t"
        " interval over seeds",
        fontsize=10,
    )
    return drawn
