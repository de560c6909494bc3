"""What figures are put together from: a grid of panels, curves with bands, ranges, legends.

`tables` are the report's tables by name, as `table_files.read` gives them.
"""

import textwrap
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import cycle

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, ScalarFormatter
from scipy.special import stdtrit

from seqtransfer.report import names
from seqtransfer.report.figures import style
from seqtransfer.report.statistics import LEVEL

Tables = dict[str, pd.DataFrame]
ARM_LETTERS = 22  # of a line of an arm's name beside its row
LABEL_EMS = 4.0  # width of a y label of several lines
FEW_SEEDS = 2  # whose t interval is so wide that it hides all else
INTERVAL, BOTH = "95 % t interval over seeds", "both seeds"
FILLS = ("full", "none", "tint", "left", "top", "right", "bottom")  # of marks: tasks
TINT = 0.35  # share of the colour in the face of such a mark, the rest is white
HANDLE_EMS = 3.0  # length of a line of the legend: the dashes of ten arms fit once
BEFORE_AND_AFTER = {"before": "-", "after": "--"}  # fine-tuning: lines of these stages


def tasks(tables: Tables) -> list[str]:
    """The study's tasks, in its order."""
    return list(dict.fromkeys(tables["runs"]["task"]))


def arms(tables: Tables) -> list[str]:
    """The study's arms, in the order of figures."""
    return style.ordered(tables["runs"]["initialization"])


def arm_rows(axis: Axes, arms: Sequence[str]) -> None:
    """A row per arm, from above; its name stands beside the first panel of a row of panels."""
    named = first_of_row(axis)
    axis.set_yticks(range(len(arms)), arm_labels(arms) if named else [])
    axis.set_ylim(len(arms) - 0.5, -0.7)


def arm_labels(arms: Iterable[str]) -> list[str]:
    """The arms in words, each in lines of at most ARM_LETTERS letters."""
    return [textwrap.fill(names.arm(arm), ARM_LETTERS) for arm in arms]


def row_height(arms: Iterable[str]) -> float:
    """Of a row for each arm beside its label, in inches of a figure as wide as a page."""
    lines = max(label.count("\n") for label in arm_labels(arms))
    return 0.17 + 0.09 * lines


def row_ems(arms: Iterable[str]) -> float:
    """Of such a row at least, in sizes of the type: its label touches no other."""
    return 1.1 * max(1 + label.count("\n") for label in arm_labels(arms))


def task_fills(tables: Tables) -> dict[str, str]:
    """Each task's filling of marks, where colours and shapes are arms; all full where tasks are
    more than can be told apart."""
    found = tasks(tables)
    return dict(zip(found, FILLS if len(found) <= len(FILLS) else cycle(["full"]), strict=False))


def dot(axis: Axes, x: float, y: float, colour: tuple, marker: str, fill: str) -> Line2D:
    """A mark of an arm (colour and marker) in a task (fill), which is returned."""
    return axis.plot(x, y, marker, color=colour, **_filled(colour, fill))[0]


def _filled(colour: tuple | str, fill: str) -> dict[str, object]:
    """matplotlib's properties of a mark that is filled so."""
    if fill != "tint":
        return {"fillstyle": fill, "mfcalt": "white"}
    return {"mfc": tuple(1 - TINT * (1 - part) for part in to_rgb(colour))}


def arms_and_tasks(shown: Collection[str], tables: Tables) -> list[Line2D]:
    """Handles of the legend for the marks of `dot`: arms that are shown and, where they are told
    apart, tasks."""
    known, fills = arms(tables), task_fills(tables)
    colours, marks = style.colours(known), style.markers(known)
    handles = [
        line(names.arm(arm), colours[arm], marker=marks[arm], ls="")
        for arm in known
        if arm in shown
    ]
    if len(fills) > len(FILLS):
        return handles
    look, grey = {"marker": "o", "ls": ""}, "0.3"
    return handles + [
        line(task, grey, **look, **_filled(grey, fill)) for task, fill in fills.items()
    ]


def seeds(tables: Tables) -> str:
    """How many seeds an arm has, such as `3 seeds` or `2 to 3 seeds`."""
    return counted(tables["runs"].groupby(["task", "initialization"])["seed"].nunique())


def counted(seeds: Collection[int]) -> str:
    """Numbers of seeds, at least one of them, as `3 seeds` or `2 to 3 seeds`."""
    return f"{names.span(seeds)} seed{'s' * (max(seeds) != 1)}"


def examples(tables: Tables) -> str:
    """`test examples: sentiment 1000, splice 300`, for few tasks."""
    counts = tables["runs"].groupby("task", sort=False)["test_n"].first()
    said = ", ".join(f"{task} {count}" for task, count in counts.items())
    if len(counts) > 6:
        said = f"{names.span(counts)} a task"
    return f"test examples: {said}"


def mean_over_seeds(table: pd.DataFrame) -> str:
    """What a column `mean` is of, by the table's column `seeds`: `mean of 4 seeds`, or `1 seed`."""
    seeds = _bounded_seeds(table)
    return f"mean of {counted(seeds)}" if seeds.max() > 1 else "1 seed"


def over_seeds(table: pd.DataFrame, shown: str = "band") -> str:
    """What marks or curves of `mean` are of, and what is `shown` around them; or one seed."""
    said = mean_over_seeds(table)
    return f"{said}, {shown} = {spread_name(table)}" if table["seeds"].max() > 1 else said


def spread_name(table: pd.DataFrame) -> str:
    """What `low` and `high` of `spread` are; both kinds where rows of few and of more seeds have
    them."""
    few = _bounded_seeds(table) <= FEW_SEEDS
    if few.all():
        return BOTH
    return f"{INTERVAL}, of two seeds both" if few.any() else INTERVAL


def bounds_said(table: pd.DataFrame) -> list[str]:
    """`spread_name` alone in a list; nothing where no row has bounds."""
    return [spread_name(table)] if table["low"].notna().any() else []


def spread(table: pd.DataFrame) -> pd.DataFrame:
    """The table with bounds that can be drawn: of two seeds the seeds themselves in place of their
    t interval, which reaches 13 times as far."""
    few = table["seeds"] <= FEW_SEEDS
    half = (table["high"] - table["low"]) / 2 / stdtrit(1, (1 + LEVEL) / 2)
    low = table["low"].mask(few, table["mean"] - half)
    return table.assign(low=low, high=table["high"].mask(few, table["mean"] + half))


def _bounded_seeds(table: pd.DataFrame) -> pd.Series:
    """`seeds` of the rows that have bounds, since others have none around a mean; of all rows where
    none has."""
    bounded = table["low"].notna()
    return table.loc[bounded | ~bounded.any(), "seeds"]


def task_title(tables: Tables, task: str) -> str:
    """The task with its domain and, where tasks differ in it, its metric."""
    domain = tables["budget"].set_index("task").loc[task, "domain"]
    metrics = tables["runs"].drop_duplicates("task").set_index("task")["metric"]
    measured = f", {names.unit(metrics[task])}" if metrics.nunique() > 1 else ""
    return f"{task} ({domain}{measured})"


def grid(rows: int, columns: int, height: float, **shared: object) -> tuple[Figure, np.ndarray]:
    """A figure and its (rows, columns) axes, at least one of each.

    height: of a row, in inches of a figure as wide as a page; shared: `sharex` and `sharey`, as
    matplotlib's `subplots` takes them.
    """
    rows, columns = max(rows, 1), max(columns, 1)
    figure = style.figure(rows, height)
    return figure, figure.subplots(rows, columns, squeeze=False, **shared)


def task_panels(tables: Tables, height: float) -> tuple[Figure, np.ndarray]:
    """A figure and its (tasks,) panels, as `wrapped` gives them."""
    return wrapped(len(tasks(tables)), height)


def wrapped(count: int, height: float, ems: float = style.PANEL_EMS) -> tuple[Figure, np.ndarray]:
    """A figure and its (count,) panels, in rows that fit its width.

    height: as in `grid`; ems: least width of a panel, in sizes of the type.
    """
    count = max(count, 1)
    columns = style.fitting(count, ems)
    figure, axes = grid(-(-count // columns), columns, height)
    for axis in axes.flat[count:]:
        axis.remove()
    return figure, axes.flatten()[:count]


def folded(
    rows: int, columns: int, height: float, *, ems: float = style.PANEL_EMS, beside: float = 0.0,
    sharey: str = "row",
) -> tuple[Figure, np.ndarray]:  # fmt: skip
    """A figure and its (rows, columns) panels, which share the x axis. Columns of `ems` or more
    that do not fit its width less `beside` follow below the others, all their rows together; the
    rows of a single column stand side by side.

    height: as in `grid`; sharey: `row`, or `all`.
    """
    if columns == 1:
        figure, axes = wrapped(rows, height, ems + LABEL_EMS)
        axes = axes[:, None]
    else:
        across = style.fitting(columns, ems, beside)
        figure, places = grid(-(-columns // across) * rows, across, height)
        axes = places.reshape(-1, max(rows, 1), across).swapaxes(0, 1).reshape(max(rows, 1), -1)
        for axis in axes[:, columns:].flat:
            axis.remove()
        axes = axes[:, :columns]
    for (row, column), axis in np.ndenumerate(axes):
        if row or column:
            axis.sharex(axes[0, 0])
        if column:
            axis.sharey(axes[row, 0])
        elif row and sharey == "all":
            axis.sharey(axes[0, 0])
        if columns > 1:
            axis.tick_params(labelbottom=row == rows - 1, labelleft=first_of_row(axis))
    return figure, axes


def label_folded(axes: np.ndarray, xlabel: str, ylabels: Sequence[str]) -> None:
    """Label the (rows, columns) panels of `folded`: a y label for each row; those of a single
    column, which stand side by side, all have the title of the first."""
    single = axes.shape[1] == 1
    for axis in axes.flat if single else axes[-1]:
        axis.set_xlabel(xlabel)
    for row, text in zip(axes, ylabels, strict=False):
        for axis in row:
            axis.set_ylabel(text if single or first_of_row(axis) else "")
            if single:
                axis.set_title(axes[0, 0].get_title())


def by_task(tables: Tables, axes: Iterable[Axes]) -> Iterator[tuple[Axes, str]]:
    """Each task's panel and the task; the panel gets the task's title, in lines that fit."""
    for axis, task in zip(axes, tasks(tables), strict=True):
        letters = int(style.ems() / axis.get_gridspec().ncols / style.LETTER_EMS)
        axis.set_title(textwrap.fill(task_title(tables, task), letters - 1))
        yield axis, task


def label(axes: Iterable[Axes], xlabel: str, ylabel: str = "") -> None:
    """Label the x axis below the last panel of each column, the y axis beside the first of each
    row."""
    last = {axis.get_subplotspec().colspan.start: axis for axis in axes}  # rows from the top
    for axis in last.values():
        axis.set_xlabel(xlabel)
    for axis in filter(first_of_row, axes):
        axis.set_ylabel(ylabel or axis.get_ylabel())


def without_empty(axes: np.ndarray) -> list[Axes]:
    """The panels that something is drawn in; the others are taken from their figure."""
    for axis in axes.flat:
        if not axis.has_data():
            axis.remove()
    return [axis for axis in axes.flat if axis.figure is not None]


def first_of_row(axis: Axes) -> bool:
    """Whether the panel is the first of its row."""
    return axis.get_subplotspec().is_first_col()


def curve(
    axis: Axes, x: Iterable[float], rows: pd.DataFrame, colour: tuple, alpha: float, **line: object
) -> Line2D:
    """A line, which is returned, at `mean` and a band from `low` to `high`; row i belongs to x[i].

    alpha: opacity of the band; line: more of matplotlib's properties of the line.
    """
    # Limits are found when all is drawn: at every band they took most of a large figure's time.
    axis.set_autoscale_on(False)
    axis.fill_between(x, rows["low"], rows["high"], color=colour, alpha=alpha, lw=0)
    axis.set_autoscale_on(True)
    return axis.plot(x, rows["mean"], color=colour, **line)[0]


def tell_curve(
    line: Line2D, said: str, along: str, x: Iterable[float], rows: pd.DataFrame, bounds: str = "",
    number: Callable[[float], str] = "{:.3f}".format,
) -> None:  # fmt: skip
    """Let a curve say its means and their bounds, if it has any, where a pointer rests on it.

    said: what the curve is of; along: what x counts; rows: as in `curve`, of `spread` or, if
    `bounds` says what these are, any; number: how a value is written.
    """
    values = [
        f"{place:g}: {value(row, number)}" for place, row in zip(x, rows.itertuples(), strict=True)
    ]
    ends = f" ({bounds or spread_name(rows)})" if rows["low"].notna().any() else ""
    style.tell(line, f"{said}{ends}, {along} {', '.join(values)}")


def tell_line(
    line: Line2D, said: str, along: str, x: Iterable[float], values: Iterable[float],
    number: Callable[[float], str] = "{:.3f}".format,
) -> None:  # fmt: skip
    """As `tell_curve`, of a line that has numbers without bounds."""
    rows = pd.DataFrame({"mean": [*values], "low": np.nan, "high": np.nan})
    tell_curve(line, said, along, x, rows, number=number)


def value(row: tuple, number: Callable[[float], str]) -> str:
    """`0.512`, or `0.512 (0.480 to 0.544)`; row: with `mean`, `low` and `high`."""
    if np.isnan(row.mean):
        return "no number"
    ends = "" if np.isnan(row.low) else f" ({number(row.low)} to {number(row.high)})"
    return number(row.mean) + ends


def steps(axis: Axes, first: float, last: float) -> None:
    """An x axis of steps or seeds from `first` to `last` in doublings, with at most five ticks."""
    powers = np.arange(np.ceil(np.log2(first)), np.floor(np.log2(last)) + 1)
    ticks = 2.0 ** powers[:: -(-len(powers) // 5)]
    axis.set_xscale("log", base=2)
    axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.set_xticks([], minor=True)
    axis.set_xlim(first / 1.1, last * 1.1)


def magnitudes(axis: Axes) -> None:
    """A y axis of positive numbers, if any were drawn, in equal ratios: its ticks are 1, 2 and 5 of
    each power of ten."""
    if not np.isfinite(axis.dataLim.minposy):
        return
    axis.set_yscale("log")
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.minorticks_off()


def doublings(axis: Axes, first: float, ticks: list[float]) -> None:
    """An x axis linear from 0 to `first`, then in doublings, each as long as the linear part."""
    axis.set_xscale("symlog", base=2, linthresh=first, linscale=1.0)
    axis.set_xticks(ticks)
    axis.set_xticks([], minor=True)
    axis.xaxis.set_major_formatter(ScalarFormatter())


def limits(*values: pd.Series, least: float = 0.0) -> tuple[float, float]:
    """From below the lowest finite value to above the highest, at least `least` apart; (0, 1)
    where there is none."""
    every = pd.concat(values).astype(float).dropna()
    low, high = (every.min(), every.max()) if len(every) else (0.0, 1.0)
    margin = max(0.06 * (high - low), (least - (high - low)) / 2, 1e-6)
    return low - margin, high + margin


def line(label: str, colour: object = "0.2", **look: object) -> Line2D:
    """A line or mark of the legend."""
    return Line2D([], [], color=colour, label=label, **look)


def legend(figure: Figure, handles: list[Artist]) -> None:
    """One legend below all panels, in columns that fit the figure, which grows by its lines."""
    longest = max((len(handle.get_label()) for handle in handles), default=0)
    fitting = int(style.ems() // (style.LETTER_EMS * longest + HANDLE_EMS + 2.5))
    columns = max(1, min(len(handles), fitting))
    figure.legend(
        handles=handles, loc="outside lower center", frameon=False, ncols=columns,
        handlelength=HANDLE_EMS,
    )  # fmt: skip
    style.add_lines(figure, -(-len(handles) // columns))
