"""Tables of classes -> their figure."""

import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from seqtransfer.report import names
from seqtransfer.report.figures import panels, style
from seqtransfer.report.figures.panels import Tables

MATRIX_EMS = 10.5  # width of a matrix, in sizes of the type
LOWEST_EMS = 6.0  # height of a row of them at least, in the same
BESIDE_EMS = 14.0  # names of classes and of the task, and the colours' scale, in the same
ARM_LETTERS = 17  # of a line of an arm's name above its panel
ASKED = ("random", "shuffled", "text", "domain")  # arms that claims are about
MOST_ARMS = 8
CLASS_LETTERS = 12  # of a class's name beside its row; a longer one is cut
MOST_NAMED = 12  # classes whose names have room
MOST_WRITTEN = 4  # classes whose shares have room


def confusion(tables: Tables, claims: Sequence[dict]) -> Figure:
    """What examples of each class are taken for: a row of panels per task, a column per arm."""
    shares = _shares(tables["confusion"])
    arms = _most_asked(style.ordered(shares["initialization"]))
    shares = shares[shares["initialization"].isin(arms)]
    tasks = list(dict.fromkeys(shares["task"]))
    across = style.fitting(len(arms), MATRIX_EMS, BESIDE_EMS)
    rows_each = max(1, -(-len(arms) // across))
    figure, axes = panels.grid(len(tasks) * rows_each, across, 1.75)
    colours = ScalarMappable(Normalize(0, 1), "cividis")
    for (task, arm), part in shares.groupby(["task", "initialization"], sort=False):
        down, right = divmod(arms.index(arm), across)
        axis = axes[tasks.index(task) * rows_each + down, right]
        last = arms.index(arm) + across >= len(arms)
        _matrix(axis, part, colours, named=(right == 0, last))
        axis.set_title(textwrap.fill(names.arm(arm), ARM_LETTERS))
        if not right:
            axis.set_ylabel(f"{panels.task_title(tables, task)}\nclass")
    drawn = panels.without_empty(axes)
    if drawn:
        said = "share of the class's test examples"
        figure.colorbar(colours, ax=drawn, label=said, fraction=0.03, aspect=40)
    style.add_lines(figure, 3 * len(tasks))  # of classes' names below each task
    seeds = panels.seeds(tables)
    title = f"What each class (row) is predicted to be (column): mean of {seeds}"
    style.title(figure, title if tasks else "No task of this study has classes", LOWEST_EMS)
    return figure


def _most_asked(arms: Sequence[str]) -> list[str]:
    """At most MOST_ARMS of these, in their order, those that claims are about before others."""
    kept = sorted(arms, key=lambda arm: arm not in ASKED)[:MOST_ARMS]
    return [arm for arm in arms if arm in kept]


def _shares(confusion: pd.DataFrame) -> pd.DataFrame:
    """A row per task, arm, label and prediction: `share` of the label's test examples that are
    predicted so, mean over seeds; empty where a run has no counts or the label no example."""
    run = ["task", "initialization", "seed"]
    counts = confusion["count"].astype(float)
    of_label = counts.groupby([confusion[name] for name in [*run, "label"]]).transform("sum")
    cell = ["task", "initialization", "label", "prediction"]
    shares = confusion.assign(share=counts / of_label)
    return shares.groupby(cell, sort=False, as_index=False)["share"].mean(skipna=False)


def _matrix(
    axis: Axes, part: pd.DataFrame, colours: ScalarMappable, named: tuple[bool, bool]
) -> None:
    """One matrix, its first class on top; a cell is a mark of its own, which says its share.

    named: whether the classes are named beside it and below it.
    """
    classes = list(dict.fromkeys(part["label"]))
    shares = part.set_index(["label", "prediction"])["share"]
    count = len(classes)
    axis.set(xlim=(-0.5, count - 0.5), ylim=(count - 0.5, -0.5), aspect="equal")
    for (label, prediction), share in shares.items():
        x, y = classes.index(prediction), classes.index(label)
        shown = colours.to_rgba(share) if np.isfinite(share) else "0.9"
        cell = axis.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, color=shown, lw=0.3))
        style.tell(cell, f"{label} predicted as {prediction}: {share:.3f}")
        if count <= MOST_WRITTEN and np.isfinite(share):
            ink = "k" if share > 0.55 else "w"
            axis.text(x, y, f"{share:.2f}", ha="center", va="center", fontsize="small", color=ink)
    places = range(count) if count <= MOST_NAMED else []
    labels = [_cut(name) for name in classes][: len(places)]
    axis.set_yticks(places, labels if named[0] else [""] * len(labels))
    axis.set_xticks(places, labels if named[1] else [""] * len(labels), rotation=90)
    axis.spines[:].set_visible(False)


def _cut(name: str) -> str:
    return name if len(name) <= CLASS_LETTERS else f"{name[: CLASS_LETTERS - 1]}…"
