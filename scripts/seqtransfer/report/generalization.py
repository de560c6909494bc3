"""Learning curves -> how far the loss on dev lies above the training loss, arm by arm."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from seqtransfer.report.figures import panels, run_figures, style
from seqtransfer.report.figures.panels import Tables
from seqtransfer.report.tables.intervals import interval_rows


def table(histories: pd.DataFrame) -> pd.DataFrame:
    """One row per task, arm and evaluated step after the first: dev loss minus training loss.

    histories: the table of this name. The training loss is the mean since the evaluation before, in
    which dropout is on; losses are in nats, of a regression in units of the training variance. From
    the first step on that one of an arm's runs did not reach, because it ended by its patience or
    diverged, there is no mean over them: the run has no training loss there.
    """
    taken = histories[histories["step"] > 0]
    gaps = taken.assign(gap=taken["dev_loss"] - taken["train_loss"])
    return interval_rows(gaps, ["task", "initialization", "step"], "gap")


def figure(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Dev loss minus training loss against optimizer steps, a panel per task."""
    rows, arms = panels.spread(tables["generalization"]), panels.arms(tables)
    drawn, axes = run_figures.over_steps(tables, rows, arms)
    for axis, task in zip(axes, panels.tasks(tables), strict=True):
        means = rows.loc[rows["task"] == task, "mean"]
        axis.set_ylim(panels.limits(means, pd.Series([0.0]), least=0.1))
    panels.label(axes, run_figures.STEPS, "dev loss - training loss")
    run_figures.arms_and_lines(drawn, arms, [run_figures.zero_line(axes, "no gap")])
    style.title(
        drawn,
        f"Generalization gap while fine-tuning: {run_figures.mean_and_band(rows, arms)}",
    )
    return drawn
