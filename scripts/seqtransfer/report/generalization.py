"""Learning curves -> how far the loss on dev lies above the training loss, arm by arm."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter

from seqtransfer.report.figures import panels, style
from seqtransfer.report.figures.panels import Tables
from seqtransfer.report.tables.intervals import interval_rows


def table(histories: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """One row per task, arm and evaluated step after the first: dev loss minus training loss.

    histories: the table of this name. The training loss is the mean since the evaluation before, in
    which dropout is on; losses are in nats, of a regression in units of the training variance. From
    the step on at which one of an arm's runs diverged, there is no mean over them.
    """
    taken = histories[histories["step"] > 0]
    gaps = taken.assign(gap=taken["dev_loss"] - taken["train_loss"])
    return interval_rows(gaps, ["task", "initialization", "step"], "gap", level)


def figure(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Dev loss minus training loss against optimizer steps, a panel per task."""
    rows, arms = tables["generalization"], panels.arms(tables)
    colours, styles = style.colours(arms), style.line_styles(arms)
    drawn, axes = panels.grid(1, len(panels.tasks(tables)), 3.3, sharey=True)
    for axis, task in panels.by_task(tables, axes[0], "optimizer steps"):
        axis.axhline(0, color="0.6", linewidth=0.8)
        for arm in arms:
            part = rows[(rows["task"] == task) & (rows["initialization"] == arm)]
            panels.curve(axis, part["step"], part, colours[arm], 0.15,
                         linestyle=styles[arm], lw=1.6)  # fmt: skip
        axis.set_xscale("log", base=2)
        axis.xaxis.set_major_formatter(ScalarFormatter())
    axes[0, 0].set_ylabel("dev loss - training loss")
    panels.legend(drawn, [panels.line(arm, colours[arm], linestyle=styles[arm]) for arm in arms])
    style.title(
        drawn,
        f"Generalization gap while fine-tuning: mean of {panels.seeds(tables)}, {panels.BAND}",
    )
    return drawn
