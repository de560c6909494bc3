"""Scores against the amount of training data -> their figure."""

from itertools import cycle

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from seqtransfer.report.figures import panels, style


def learning_curves(table: pd.DataFrame, unit: str) -> Figure:
    """Test score against the number of training examples (doublings), a panel per task.

    table: of `data_ratio.curves`; unit: what scores are called.
    """
    tasks, arms = list(dict.fromkeys(table["task"])), style.ordered(table["initialization"])
    colours, marks = style.colours(arms), dict(zip(arms, cycle("os^DvPX*")))
    figure, axes = panels.grid(1, len(tasks), 3.3, sharey=True)
    for axis, task in zip(axes[0], tasks, strict=True):
        rows = table[table["task"] == task]
        for arm in arms:
            part = rows[rows["initialization"] == arm]
            panels.curve(axis, part["n"], part, colours[arm], 0.18,
                         marker=marks[arm], markersize=4, linewidth=1.6)  # fmt: skip
        sizes = sorted(rows["n"].unique())
        axis.set_xscale("log", base=2)
        axis.set_xticks(sizes, [str(size) for size in sizes])
        axis.xaxis.set_minor_locator(NullLocator())
        axis.set(title=task, xlabel="training examples")
    axes[0, 0].set_ylabel(f"test {unit}")
    handles = [panels.line(arm, colours[arm], marker=marks[arm], markersize=4) for arm in arms]
    panels.legend(figure, handles)
    style.title(figure, f"Test score by training examples: {panels.over_seeds(table)}")
    return figure
