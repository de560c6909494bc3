"""Scores against the amount of training data -> their figure."""

import pandas as pd
from matplotlib.figure import Figure

from seqtransfer.report import names
from seqtransfer.report.figures import panels, style

TITLE = "test score by training examples"
CAPTION = (
    "Test score (the task's headline metric) of each arm and control against the number of training"
    " examples: mean over seeds, and a band of its 95 % t interval over seeds, or, of two seeds,"
    " between both. Every size has the same dev and test examples, and all seeds the same training"
    " examples of a size, whose choice no band covers. Controls, networks without an encoder, are"
    " grey. Every panel has its own scale."
)


def learning_curves(table: pd.DataFrame, unit: str) -> Figure:
    """Test score against the number of training examples (doublings), a panel per task.

    table: of `data_ratio.curves`; unit: what scores are called.
    """
    table = panels.spread(table)
    tasks, arms = list(dict.fromkeys(table["task"])), style.ordered(table["initialization"])
    colours, marks, dashes = style.colours(arms), style.markers(arms), style.line_styles(arms)
    looks = {arm: {"marker": marks[arm], "linestyle": dashes[arm]} for arm in arms}
    figure, axes = panels.wrapped(len(tasks), 2.1)
    for axis, task in zip(axes, tasks, strict=True):
        rows = table[table["task"] == task]
        for arm in arms:
            part = rows[rows["initialization"] == arm]
            line = panels.curve(axis, part["n"], part, colours[arm], 0.15, **looks[arm])
            panels.tell_curve(line, names.arm(arm), "training examples", part["n"], part)
        sizes = sorted(rows["n"].unique())
        axis.set_xscale("log", base=2)
        axis.set_xticks(sizes, [str(size) for size in sizes])
        axis.set_xticks([], minor=True)
        axis.set_ylim(panels.limits(rows["mean"], rows["low"].clip(-1), rows["high"].clip(upper=1)))
        axis.set_title(task)
    panels.label(axes, "training examples", f"test {unit}")
    handles = [panels.line(names.arm(arm), colours[arm], **looks[arm]) for arm in arms]
    panels.legend(figure, handles)
    style.title(figure, f"Test score by training examples: {panels.over_seeds(table)}")
    return figure
