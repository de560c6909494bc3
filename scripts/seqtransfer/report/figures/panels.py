"""What figures are put together from: a grid of panels, curves with bands, ranges, legends.

`tables` are the report's tables by name, as `table_files.read` gives them.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import ScalarFormatter

from seqtransfer.report.figures import style

Tables = dict[str, pd.DataFrame]
BAND = "band = 95 % t interval over seeds"
BEFORE_AND_AFTER = {"before": "-", "after": "--"}  # fine-tuning: lines of these stages


def tasks(tables: Tables) -> list[str]:
    """The study's tasks, in its order."""
    return list(dict.fromkeys(tables["runs"]["task"]))


def arms(tables: Tables) -> list[str]:
    """The study's arms, in the order of figures."""
    return style.ordered(tables["runs"]["initialization"])


def seeds(tables: Tables) -> str:
    """How many seeds an arm has, such as `3 seeds` or `2 to 3 seeds`."""
    counts = tables["runs"].groupby(["task", "initialization"])["seed"].nunique()
    low, high = counts.min(), counts.max()
    return (f"{low}" if low == high else f"{low} to {high}") + (" seed" if high == 1 else " seeds")


def over_seeds(table: pd.DataFrame) -> str:
    """What a curve of `mean` shows, by the table's column `seeds`: mean and band, or one seed."""
    most = table["seeds"].max()
    return f"mean of {most} seeds, {BAND}" if most > 1 else "1 seed"


def task_title(tables: Tables, task: str) -> str:
    """The task with its domain and, where tasks differ in it, its metric."""
    domain = tables["budget"].set_index("task").loc[task, "domain"]
    metrics = tables["runs"].drop_duplicates("task").set_index("task")["metric"]
    measured = f", {metrics[task]}" if metrics.nunique() > 1 else ""
    return f"{task} ({domain}{measured})"


def grid(rows: int, columns: int, height: float, **shared: object) -> tuple[Figure, np.ndarray]:
    """A figure and its (rows, columns) axes, at least one of each; height: of a row, in inches.

    shared: `sharex` and `sharey`, as matplotlib's `subplots` takes them.
    """
    rows, columns = max(rows, 1), max(columns, 1)
    figure = style.figure(columns, rows, height)
    return figure, figure.subplots(rows, columns, squeeze=False, **shared)


def by_task(tables: Tables, axes: Iterable[Axes], xlabel: str = "") -> Iterator[tuple[Axes, str]]:
    """Each task's panel and the task; the panel gets the task's title and the label."""
    for axis, task in zip(axes, tasks(tables), strict=True):
        axis.set(title=task_title(tables, task), xlabel=xlabel)
        yield axis, task


def curve(
    axis: Axes, x: Iterable[float], rows: pd.DataFrame, colour: tuple, alpha: float, **line: object
) -> None:
    """A line at `mean` and a band from `low` to `high` of rows; row i belongs to x[i].

    alpha: opacity of the band; line: more of matplotlib's properties of the line.
    """
    axis.fill_between(x, rows["low"], rows["high"], color=colour, alpha=alpha, lw=0)
    axis.plot(x, rows["mean"], color=colour, **line)


def steps_of_training(axis: Axes, last: int) -> None:
    """An axis of steps in doublings with step 0 visible: linear up to 1, then log2."""
    powers = [2**power for power in range(0, int(np.log2(max(last, 1))) + 1)]
    stride = 2 if len(powers) < 9 else 3
    doublings(axis, first=1, share=0.8, ticks=[0, *powers[::-stride]])
    axis.set_xlim(-0.1, last * 1.15)


def doublings(axis: Axes, first: float, share: float, ticks: list[float]) -> None:
    """An x axis linear from 0 to `first`, then in doublings; share: length of the linear part, in
    doublings."""
    axis.set_xscale("symlog", base=2, linthresh=first, linscale=share)
    axis.set_xticks(ticks)
    axis.set_xticks([], minor=True)
    axis.xaxis.set_major_formatter(ScalarFormatter())


def show_all(axis: Axes, *values: pd.Series) -> None:
    """Let the y axis of a panel (and of those that share it) show all values and 0 to 0.1."""
    every = pd.concat(values).dropna()
    low, high = min([0.0, *every]), max([0.1, *every])
    margin = 0.06 * (high - low)
    axis.set_ylim(low - margin, high + margin)


def line(label: str, colour: object = "0.2", **look: object) -> Line2D:
    """A line or mark of the legend."""
    return Line2D([], [], color=colour, label=label, **look)


def legend(figure: Figure, handles: list[Artist]) -> None:
    """One legend below all panels, in rows that fit the figure."""
    longest = max((len(handle.get_label()) for handle in handles), default=0)
    fitting = int(figure.get_figwidth() / (0.075 * longest + 0.55))  # inches of letters and mark
    most = min(max(fitting, 2), 7 if figure.get_figwidth() > 3 * style.PANEL_WIDTH else 3)
    figure.legend(
        handles=handles, loc="outside lower center", ncols=min(len(handles), most), frameon=False
    )
