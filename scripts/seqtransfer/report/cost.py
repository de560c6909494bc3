"""Timings and runs -> what a run of each arm costs."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from seqtransfer.report import names
from seqtransfer.report.figures import panels, style
from seqtransfer.report.figures.panels import Tables

MARK = 0.08  # inches of an arm's mark in the row of a task, in a figure as wide as a page


def figure(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Seconds, training examples and operations of a fine-tuning run, mean over seeds, the most
    memory of one and, where a machine counted it, energy: a task per row."""
    arms, tasks = panels.arms(tables), panels.tasks(tables)
    colours, marks = style.colours(arms), style.markers(arms)
    spent = tables["timings"].query("job == 'fine-tuning' and corpus != 'all'")
    spent = spent.assign(seconds=spent["seconds_total"] / spent["jobs"])
    spent = spent.assign(operations=spent["operations"] / spent["jobs"])
    spent = spent.assign(energy=spent["energy"] / spent["jobs"])
    spent = spent.pivot(index="corpus", columns="initialization")
    runs = tables["runs"]
    at_once = runs[["batch_size", "train_n"]].min(axis=1)
    runs = runs.assign(value=runs["steps_taken"] * at_once)
    examples = runs.pivot_table(index="task", columns="initialization", values="value")
    shifts = np.linspace(-0.3, 0.3, len(arms)) if len(arms) > 1 else [0.0]
    shown = [
        ("seconds a run", spent["seconds"]),
        ("training examples a run", examples),
        ("operations a run (1e12)", spent["operations"]),
        ("most memory (GiB)", spent["peak_memory"]),
    ]
    if spent["energy"].notna().any(axis=None):
        shown.append(("energy a run (Wh)", spent["energy"]))
    row = max(0.22, MARK * len(arms))
    figure, axes = panels.grid(-(-len(shown) // 2), 2, 0.7 + row * len(tasks))
    for axis in axes.flat[len(shown) :]:
        axis.remove()
    for axis, (label, values) in zip(axes.flat, shown, strict=False):
        for arm, shift in zip(arms, shifts, strict=True):
            places = np.arange(len(tasks)) + shift
            mine = values.loc[tasks, arm]
            [drawn] = axis.plot(mine, places, marks[arm], color=colours[arm], ms=3)
            each = ", ".join(f"{task} {value:.5g}" for task, value in mine.dropna().items())
            style.tell(drawn, f"{names.arm(arm)}, {label}: {each}")
        axis.set_yticks(range(len(tasks)), tasks if panels.first_of_row(axis) else [])
        axis.set_ylim(len(tasks) - 0.5, -0.5)
        costs = pd.Series(values.loc[tasks, arms].to_numpy(float).ravel())
        axis.set_xlim(0, panels.limits(costs, pd.Series([0.0]))[1])
        axis.grid(axis="y", color="0.9")
        axis.set_xlabel(label)
    panels.legend(
        figure, [panels.line(names.arm(a), colours[a], marker=marks[a], lw=0) for a in arms]
    )
    style.title(figure, f"Cost of fine-tuning: mean of {panels.seeds(tables)}")
    return figure
