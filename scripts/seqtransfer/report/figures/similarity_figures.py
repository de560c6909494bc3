"""Tables of similarity -> their figures: curves over depth, and maps of layers.

Curves: mean over seeds against depth, with a 95 % t interval over seeds. Maps: one score a cell.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from seqtransfer.report.figures import panels, style
from seqtransfer.report.figures.panels import Tables

NULL = "0.75"
FLOOR, CEILING = style.COLOURS["random"], style.COLOURS["domain"]
RELIABLE = 0.1  # q up to which a cell of a map is not marked; 19 draws reach p = 0.05 at best


def similarity(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Similarity to the reference against depth: a row per measure, a task a column."""
    table = tables["similarity"]
    pairs = list(dict.fromkeys(table.loc[table["floor"].notna(), "pair"]))
    reference = pairs[0].split("-vs-")[1] if pairs else "the reference"
    lefts = {pair: pair.split("-vs-")[0] for pair in pairs}
    colours = style.colours(lefts.values())

    def draw(axis: Axes, part: pd.DataFrame) -> None:
        before = part[part["pair"].isin(pairs) & (part["stage"] == "before")]
        _bounds(axis, before.drop_duplicates("layer").sort_values("layer"))
        for pair, left in lefts.items():
            for stage, line in panels.BEFORE_AND_AFTER.items():
                if left == "random" and stage == "before":
                    continue  # the floor shows it, with more draws
                rows = part[(part["pair"] == pair) & (part["stage"] == stage)]
                over_depth(axis, rows, colours[left], line)

    handles = [
        *(
            panels.line(f"{left} vs {reference}", colours[left])
            for left in lefts.values()
            if left != "random"
        ),
        panels.line("before fine-tuning"),
        panels.line("after", linestyle="--"),
        panels.line(f"ceiling: {reference} again, before", CEILING, linestyle=":"),
        panels.line("floor: random weights, before", FLOOR, linestyle=":"),
        panels.line("random, after", FLOOR, linestyle="--"),
        Patch(color=NULL, label="re-paired null, 95 % of draws"),
    ]
    figure = _by_measure_and_task(tables, draw)
    panels.legend(figure, handles)
    style.title(
        figure,
        f"Similarity to the {reference} arm between its floor and its ceiling:"
        f" {panels.over_seeds(tables['similarity'])}",
    )
    return figure


def change(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Similarity of each arm to itself before fine-tuning, against depth."""
    changed = set(tables["similarity"]["pair"])
    arms = [arm for arm in panels.arms(tables) if f"{arm}-vs-{arm}" in changed]
    colours = style.colours(arms)

    def draw(axis: Axes, part: pd.DataFrame) -> None:
        for arm in arms:
            over_depth(axis, part[part["pair"] == f"{arm}-vs-{arm}"], colours[arm], "-")

    figure = _by_measure_and_task(tables, draw)
    panels.legend(figure, [panels.line(arm, colours[arm]) for arm in arms])
    style.title(
        figure,
        "What fine-tuning leaves: similarity of each arm after it to itself before it,"
        f" {panels.over_seeds(tables['similarity'])}",
    )
    return figure


def maps(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Every layer of the left encoder with every layer of the right: a row per measure."""
    table = tables["maps"]
    whole = list(table.groupby(["task", "left", "right", "stage", "seed"], sort=False).groups)
    measures = list(dict.fromkeys(table["measure"]))
    figure, axes = panels.grid(len(measures), len(whole), 2.7)
    for row, measure in zip(axes, measures, strict=False):
        image = None
        for axis, (task, left, right, stage, seed) in zip(row, whole, strict=False):
            chosen = (table["task"] == task) & (table["left"] == left) & (table["right"] == right)
            chosen &= (table["stage"] == stage) & (table["measure"] == measure)
            image = _map(axis, table[chosen])
            axis.set(xlabel=f"{right}, layer", ylabel=f"{left}, layer")
            if measure == measures[0]:
                axis.set_title(
                    f"{panels.task_title(tables, task)}\n{left} and {right}, {stage}, seed {seed}"
                )
        if image:
            figure.colorbar(image, ax=row.tolist(), label=measure_name(measure), fraction=0.05)
    for axis in axes.flat[len(measures) * len(whole) :]:
        axis.set_axis_off()
    style.title(
        figure,
        "Similarity of every pair of layers (0 = embeddings)\nx = not above the re-paired null at a"
        f" false discovery rate of {RELIABLE:g} over the map",
    )
    return figure


def over_depth(axis: Axes, rows: pd.DataFrame, colour: tuple, line: str) -> None:
    """A line of means over `layer` with the band of their interval."""
    rows = rows.sort_values("layer")
    panels.curve(axis, rows["layer"], rows, colour, 0.15, linestyle=line, marker="o", ms=3, lw=1.5)


def measure_name(measure: str) -> str:
    """How figures write the name of a measure."""
    return measure.upper().replace("_", " ")


def _by_measure_and_task(tables: Tables, draw: Callable[[Axes, pd.DataFrame], None]) -> Figure:
    """A grid of panels, a row per measure and a task a column, each drawn from its rows."""
    table = tables["similarity"]
    measures = list(dict.fromkeys(table["measure"]))
    figure, axes = panels.grid(
        len(measures), len(panels.tasks(tables)), 2.6, sharex=True, sharey="row"
    )
    for row, measure in zip(axes, measures, strict=False):
        part = table[table["measure"] == measure]
        for axis, task in zip(row, panels.tasks(tables), strict=True):
            draw(axis, part[part["task"] == task])
        columns = ["null_low", "mean", "high", "ceiling", "floor_low"]
        panels.show_all(row[0], *(part[name].clip(upper=1.0) for name in columns))
        row[0].set_ylabel(f"{measure_name(measure)}\nsimilarity (unitless)")
    first = table[table["measure"].isin(measures[:1])]
    for axis, task in panels.by_task(tables, axes[0]):
        axis.set_title(axis.get_title() + _size(first[first["task"] == task]))
    for axis in axes[-1]:
        axis.set(xlabel="layer (0 = embeddings)", xticks=sorted(table["layer"].unique()))
    return figure


def _bounds(axis: Axes, rows: pd.DataFrame) -> None:
    """What a score is read against, a row a layer: the null, the floor and the ceiling."""
    layer = rows["layer"]
    axis.fill_between(layer, rows["null_low"], rows["null_high"], color=NULL, lw=1)
    axis.fill_between(layer, rows["floor_low"], rows["floor_high"], color=FLOOR, alpha=0.3, lw=0)
    axis.plot(layer, rows["floor"], ":", color=FLOOR, linewidth=1.8)
    axis.plot(layer, rows["ceiling"], ":", color=CEILING, linewidth=1.8)


def _map(axis: Axes, part: pd.DataFrame):
    """One map, the left encoder's layers upwards; numbers where there is room for them."""
    grid = part.pivot(index="left_layer", columns="right_layer", values="score")
    doubtful = part.pivot(index="left_layer", columns="right_layer", values="q") > RELIABLE
    image = axis.imshow(grid.to_numpy(), origin="lower", cmap="cividis", vmin=0, vmax=1)
    for (i, j), score in np.ndenumerate(grid.to_numpy()):
        if np.isnan(score):
            continue
        text = f"{score:.2f}" if grid.size <= 64 else ""
        text += "x" if doubtful.iloc[i, j] else ""
        axis.text(
            j, i, text, ha="center", va="center", fontsize=7, color="k" if score > 0.55 else "w"
        )
    axis.set_xticks(range(grid.shape[1]), grid.columns)
    axis.set_yticks(range(grid.shape[0]), grid.index)
    axis.spines[:].set_visible(False)
    return image


def _size(rows: pd.DataFrame) -> str:
    """Rows and width of a task's representations, below its title; `(few)` marks too few rows."""
    if rows.empty:
        return ""
    shape = rows.iloc[0]
    few = " (few)" if shape["few_rows"] else ""
    return f"\nn = {shape['rows']} rows{few}, width {shape['width']}"
