"""Effects of studies against the size of their encoders -> their figure."""

import textwrap
from collections.abc import Collection, Sequence
from itertools import cycle, pairwise, repeat

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator
from scipy.optimize import isotonic_regression

from seqtransfer.report.figures import panels, style
from seqtransfer.report.studies.effect_by_size import MEAN, SIZE

TITLE = "What text pretraining adds to encoders of different sizes"
HEIGHT = 3.6  # inches of a figure as wide as a page
INNER = 0.65  # of the figure's width and height that the panel takes
ABREAST = 0.75  # of the figure's width at most, for the encoders' names side by side
LEAST = float(np.log(2))  # of the axis, where encoders are of one size
ASIDE = 0.009  # of the panel's width: between two tasks' marks at one encoder
# Not those of text and random weights.
COLOURS = tuple(style.PALETTE[place] for place in (2, 3, 4, 5, 9, 7))
MARKS = "osv^PX*<>"
BESIDE = 0.62  # of a task's mark to its name, in sizes of the type
ALONE = " (one size)"  # after the name of a task that one encoder has


def effect_by_size(found: pd.DataFrame, settings: Collection[str], title: str = TITLE) -> Figure:
    """Every effect with its interval; a line joins a task's, a thick one the means. Tasks of one
    encoder alone are hollow.

    found: of `effect_by_size.table`; settings: in which the studies differ. Tasks have their
    colours and marks in the order of their names, so that figures of the same tasks agree in them.
    """
    drawn = style.figure(1, HEIGHT)
    axis = drawn.subplots()
    tasks = sorted(set(found["task"]) - {MEAN})
    sizes = found[found["effect"].notna()].groupby("task")["parameters"].count()
    found = _placed(found, [*tasks, MEAN])
    axis.set_xscale("log")
    ends = np.log([found["at"].min(), found["at"].max()])
    axis.set_xlim(*np.exp(ends + 0.06 * max(np.ptp(ends), LEAST) * np.array([-1, 1])))
    axis.set_ylim(panels.limits(found["effect"], found["low"], found["high"], pd.Series([0.0])))
    axis.axhline(0, color="0.5", lw=0.8, zorder=0)
    looks = dict(zip(tasks, zip(cycle(COLOURS), cycle(MARKS), repeat(0.8)), strict=False))
    looks[MEAN] = ("0.1", "D", 1.8)
    for task, (colour, mark, width) in looks.items():
        rows = found[(found["task"] == task) & found["effect"].notna()]
        axis.plot(rows["at"], rows["effect"], color=colour, lw=width)
        axis.vlines(rows["at"], rows["low"], rows["high"], color=colour, lw=width)
        for row in rows.itertuples():
            fill = colour if sizes[task] > 1 else "white"
            (dot,) = axis.plot(row.at, row.effect, mark, color=colour, ms=4.5, mfc=fill)
            style.tell(dot, f"{task}, {row.encoder} {row.layers} x {row.width}: {_value(row)}")
    last = found[found["effect"].notna()].groupby("task")["effect"].last()
    _name_tasks(axis, last, looks, set(sizes.index[sizes == 1]))
    _name_encoders(axis, found.drop_duplicates(SIZE))
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
    axis.xaxis.set_major_formatter(EngFormatter(sep=""))
    axis.minorticks_off()
    units = found["unit"].unique()
    axis.set_ylabel(f"text - random ({units[0] if len(units) == 1 else 'metric of the task'})")
    said = ["weights of the layers in use (12 x layers x width\N{SUPERSCRIPT TWO}), log axis"]
    if settings:
        said.append(f"Studies also differ in {', '.join(settings)}.")
    letters = int(INNER * style.ems() / style.LETTER_EMS)
    foot = [line for text in said for line in textwrap.wrap(text, letters)]
    axis.set_xlabel("\n".join(foot))
    style.add_lines(drawn, len(foot) + 3)
    style.title(drawn, f"{title}\n(text minus random weights, 95 % intervals)")
    return drawn


def apart(values: Sequence[float], gaps: Sequence[float]) -> np.ndarray:
    """The (n,) places nearest to the rising `values`, by least squares, of which each is at least
    its gap, of n - 1, from the next."""
    offsets = np.concatenate([[0.0], np.cumsum(gaps)])
    return isotonic_regression(np.asarray(values) - offsets).x + offsets


def _placed(found: pd.DataFrame, tasks: Sequence[str]) -> pd.DataFrame:
    """The rows with `centre`, their encoder's place, and `at`, their own, side by side in the order
    of `tasks`. A centre is the size, but encoders whose marks would mix are moved apart."""
    groups = found.groupby(SIZE, sort=False)
    number, counts = groups.ngroup().to_numpy(), groups.size().to_numpy()
    sizes = np.log(groups["parameters"].first().to_numpy(float))
    step = ASIDE * max(np.ptp(sizes), LEAST)
    centres = apart(sizes, [step * ((one + other) / 2 + 1) for one, other in pairwise(counts)])
    rank = found["task"].map(tasks.index).groupby(number).rank().to_numpy()
    at = centres[number] + step * (rank - (counts[number] + 1) / 2)
    return found.assign(centre=np.exp(centres[number]), at=np.exp(at))


def _name_tasks(
    axis: Axes, last: pd.Series, looks: dict[str, tuple], alone: Collection[str]
) -> None:
    """The names of tasks right of the panel, each as near as it fits to its last effect; alone:
    those of one encoder."""
    last = last.sort_values()
    low, high = axis.get_ylim()
    points = 72 * INNER * axis.figure.get_figheight()
    line = style.LINE * matplotlib.rcParams["font.size"] * (high - low) / points
    across, beside = axis.get_yaxis_transform(), 1.02 + BESIDE / (INNER * style.ems())
    for task, height in zip(last.index, apart(last, [line] * (len(last) - 1)), strict=True):
        colour, mark, _ = looks[task]
        fill = "white" if task in alone else colour
        axis.plot(
            1.02, height, mark, color=colour, ms=4.5, mfc=fill, transform=across, clip_on=False
        )
        said = task + ALONE * (task in alone)
        axis.annotate(said, (beside, height), xycoords=across, va="center", color=colour)


def _name_encoders(axis: Axes, encoders: pd.DataFrame) -> None:
    """The names of encoders above the panel, each joined to its place; upright where the figure is
    too narrow for them side by side."""
    said = [(row.encoder, f"{row.layers} x {row.width}") for row in encoders.itertuples()]
    widths = [1 + style.LETTER_EMS * max(map(len, lines)) for lines in said]
    upright = sum(widths) > ABREAST * style.ems()
    texts = [(", " if upright else "\n").join(lines) for lines in said]
    if upright:
        widths = [style.LINE] * len(said)
        longest = style.LETTER_EMS * max(map(len, texts))
        style.add_lines(axis.figure, round(longest / style.LINE))
    low, high = np.log(axis.get_xlim())
    em = (high - low) / (INNER * style.ems())
    gaps = [em * (one + other) / 2 for one, other in pairwise(widths)]
    named = np.exp(apart(np.log(encoders["centre"]), gaps))
    across, leader = axis.get_xaxis_transform(), {"arrowstyle": "-", "color": "0.6", "lw": 0.6}
    for text, centre, at in zip(texts, encoders["centre"], named, strict=True):
        axis.axvline(centre, color="0.93", lw=0.8, zorder=-1)
        axis.annotate(
            text, (centre, 1.0), (at, 1.06), xycoords=across, textcoords=across, ha="center",
            va="bottom", fontsize="small", rotation=90 * upright, arrowprops=leader,
        )  # fmt: skip


def _value(row) -> str:
    """`+0.060 (+0.016 to +0.105)`, or without an interval that is not known."""
    ends = "" if np.isnan(row.low) else f" ({row.low:+.3f} to {row.high:+.3f})"
    return f"{row.effect:+.3f}{ends}"
