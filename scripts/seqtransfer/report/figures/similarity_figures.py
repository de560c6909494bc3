"""The report's tables on similarity -> its figures; see `plots`, whose style they have.

Curves: mean over seeds against depth, with a 95 % t interval over seeds. Maps: one score a cell.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from seqtransfer.report.figures import style
from seqtransfer.report.figures.style import COLOURS, Tables

NULL = "0.75"
FLOOR, CEILING = COLOURS["random"], COLOURS["domain"]
MARKERS = "osD^vPX*"
RELIABLE = 0.1  # q up to which a cell of a map is not marked; 19 draws reach p = 0.05 at best


def similarity(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Similarity to the reference against depth: a row per measure, a task a column."""
    table = tables["similarity"]
    pairs = list(dict.fromkeys(table.loc[table["floor"].notna(), "pair"]))
    reference = pairs[0].split("-vs-")[1] if pairs else "the reference"
    lefts = {pair: pair.split("-vs-")[0] for pair in pairs}
    colours = style.colours(lefts.values())

    def draw(axis: Axes, part: pd.DataFrame) -> None:
        read = part[part["pair"].isin(pairs) & (part["stage"] == "before")]
        at = read.drop_duplicates("layer").sort_values("layer")
        axis.fill_between(at["layer"], at["null_low"], at["null_high"], color=NULL, lw=1)
        axis.fill_between(
            at["layer"], at["floor_low"], at["floor_high"], color=FLOOR, alpha=0.3, lw=0
        )
        axis.plot(at["layer"], at["floor"], ":", color=FLOOR, linewidth=1.8)
        axis.plot(at["layer"], at["ceiling"], ":", color=CEILING, linewidth=1.8)
        for pair, left in lefts.items():
            for stage, line in (("before", "-"), ("after", "--")):
                rows = part[(part["pair"] == pair) & (part["stage"] == stage)]
                if left == "random" and stage == "before":
                    continue  # the floor shows it, with more draws
                _curve(axis, rows, colours[left], line)

    handles = [
        Line2D([], [], color=colours[left], label=f"{left} vs {reference}")
        for left in lefts.values()
        if left != "random"
    ]
    handles += [
        Line2D([], [], color="0.2", label="before fine-tuning"),
        Line2D([], [], color="0.2", linestyle="--", label="after"),
        Line2D([], [], color=CEILING, linestyle=":", label=f"ceiling: {reference} again, before"),
        Line2D([], [], color=FLOOR, linestyle=":", label="floor: random weights, before"),
        Line2D([], [], color=FLOOR, linestyle="--", label="random, after"),
        Patch(color=NULL, label="re-paired null, 95 % of draws"),
    ]
    figure = _panels(tables, draw, "similarity (unitless)", handles)
    figure.suptitle(
        f"Similarity to the {reference} arm between its floor and its ceiling: mean of"
        f" {style.seeds(tables)}, band = 95 % t interval over seeds",
        fontsize=10,
    )
    return figure


def change(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Similarity of each arm to itself before fine-tuning, against depth."""
    changed = set(tables["similarity"]["pair"])
    arms = [arm for arm in style.study_arms(tables) if f"{arm}-vs-{arm}" in changed]
    colours = style.colours(arms)

    def draw(axis: Axes, part: pd.DataFrame) -> None:
        for arm in arms:
            _curve(axis, part[part["pair"] == f"{arm}-vs-{arm}"], colours[arm], "-")

    handles = [Line2D([], [], color=colours[arm], label=arm) for arm in arms]
    figure = _panels(tables, draw, "similarity (unitless)", handles)
    figure.suptitle(
        "What fine-tuning leaves: similarity of each arm after it to itself before it, mean of"
        f" {style.seeds(tables)}, band = 95 % t interval over seeds",
        fontsize=10,
    )
    return figure


def maps(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Every layer of the left encoder with every layer of the right: a row per measure."""
    table = tables["maps"]
    whole = list(table.groupby(["task", "left", "right", "stage", "seed"], sort=False).groups)
    measures = list(dict.fromkeys(table["measure"]))
    rows, columns = max(len(measures), 1), max(len(whole), 1)
    figure = style.figure(columns, rows, 2.7)
    axes = figure.subplots(rows, columns, squeeze=False)
    for row, measure in zip(axes, measures, strict=False):
        image = None
        for axis, key in zip(row, whole, strict=False):
            task, left, right, stage, seed = key
            chosen = (table["task"] == task) & (table["left"] == left) & (table["right"] == right)
            chosen &= (table["stage"] == stage) & (table["measure"] == measure)
            image = _map(axis, table[chosen])
            axis.set(xlabel=f"{right}, layer", ylabel=f"{left}, layer")
            if measure == measures[0]:
                axis.set_title(
                    f"{style.task_title(tables, task)}\n{left} and {right}, {stage}, seed {seed}"
                )
        if image:
            figure.colorbar(image, ax=row.tolist(), label=_name(measure), fraction=0.05)
    for axis in axes.ravel()[len(measures) * len(whole) :]:
        axis.set_axis_off()
    figure.suptitle(
        "Similarity of every pair of layers (0 = embeddings)\nx = not above the re-paired null at a"
        f" false discovery rate of {RELIABLE:g} over the map",
        fontsize=10,
    )
    return figure


def prediction(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Gain over random against similarity to the reference: a row per measure, a layer a column."""
    points, table = tables["predictions"], tables["association"]
    measures, layers = (list(dict.fromkeys(points[name])) for name in ("measure", "layer"))
    tasks, lefts = style.tasks(tables), list(dict.fromkeys(points["left"]))
    colours = dict(zip(tasks, _distinct(len(tasks)), strict=True))
    rows, columns = max(len(measures), 1), max(len(layers), 1)
    figure = style.figure(columns, rows, 2.6)
    axes = figure.subplots(rows, columns, sharey=True, squeeze=False)
    for row, measure in zip(axes, measures, strict=False):
        for axis, layer in zip(row, layers, strict=False):
            at = points[(points["measure"] == measure) & (points["layer"] == layer)]
            for (task, left), part in at.groupby(["task", "left"], sort=False):
                marker = MARKERS[lefts.index(left) % len(MARKERS)]
                axis.scatter(
                    part["similarity"], part["gain"], s=20, color=colours[task], marker=marker
                )
            axis.axhline(0, color="0.6", linewidth=0.8)
            axis.set(xlabel=f"{_name(measure)}, layer {layer}")
            axis.set_title(_association_title(table, measure, layer), fontsize=7.5)
        row[0].set_ylabel("gain over random\n(test score)")
    handles = [Line2D([], [], color=colours[task], marker="o", ls="", label=task) for task in tasks]
    handles += [
        Line2D([], [], color="0.3", marker=MARKERS[i % len(MARKERS)], ls="", label=left)
        for i, left in enumerate(lefts)
    ]
    style.legend(figure, handles)
    figure.suptitle(
        "Does similarity to the reference before fine-tuning go with the gain? A dot a task, arm"
        " and seed; rho = Spearman's, p by permutation",
        fontsize=10,
    )
    return figure


def attention(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Distance of matched heads to the reference's; entropy and distance of every arm's heads."""
    table, tasks = tables["attention"], style.tasks(tables)
    ends = table["pair"].str.split("-vs-", expand=True).reindex(columns=[0, 1])
    table = table.assign(left=ends[0], right=ends[1])
    pairs = table[table["left"] != table["right"]]
    reference = pairs["right"].iloc[0] if len(pairs) else "the reference"
    read = pairs[pairs["right"] == reference]
    own = table[table["stage"] == "change"]
    colours = style.colours(style.study_arms(tables))
    stages = {"before": ("left", "-"), "after": ("right", "--")}
    labels = [
        f"matched heads' distance\nto {reference} (0 to 2)",
        "entropy (nats)",
        "distance (tokens)",
    ]
    figure = style.figure(len(tasks), len(labels), 2.4)
    axes = figure.subplots(len(labels), len(tasks), sharex=True, sharey="row", squeeze=False)
    for column, task in zip(axes.T, tasks, strict=True):
        for (left, stage), part in read[read["task"] == task].groupby(
            ["left", "stage"], sort=False
        ):
            _curve(column[0], part, colours[left], stages[stage][1])
            column[0].plot(part["layer"], part["unmatched"], ":", color=colours[left], lw=1.2)
        for arm, part in own[own["task"] == task].groupby("left", sort=False):
            for side, line in stages.values():
                for axis, name in zip(column[1:], ("entropy", "distance"), strict=True):
                    axis.plot(part["layer"], part[f"{side}_{name}"], line, color=colours[arm],
                              marker="o", ms=3, lw=1.5)  # fmt: skip
        column[0].set_title(style.task_title(tables, task))
        column[-1].set(xlabel="layer", xticks=sorted(table["layer"].unique()))
    for axis, label in zip(axes[:, 0], labels, strict=True):
        axis.set(ylabel=label, ylim=(0, 2 if axis is axes[0, 0] else None))
    handles = [Line2D([], [], color=colour, label=arm) for arm, colour in colours.items()]
    handles += [
        Line2D([], [], color="0.2", label="before fine-tuning"),
        Line2D([], [], color="0.2", linestyle="--", label="after"),
        Line2D([], [], color="0.2", linestyle=":", lw=1, label="heads paired at random"),
    ]
    style.legend(figure, handles)
    figure.suptitle(
        f"Attention heads: mean of {style.seeds(tables)}, band = 95 % t interval over seeds",
        fontsize=10,
    )
    return figure


def _panels(tables: Tables, draw: Callable, label: str, handles: list) -> Figure:
    """A grid of panels, a row per measure and a task a column, each drawn from its rows."""
    table, tasks = tables["similarity"], style.tasks(tables)
    measures = list(dict.fromkeys(table["measure"]))
    figure = style.figure(len(tasks), max(len(measures), 1), 2.6)
    axes = figure.subplots(
        max(len(measures), 1), len(tasks), sharex=True, sharey="row", squeeze=False
    )
    for row, measure in zip(axes, measures, strict=False):
        for axis, task in zip(row, tasks, strict=True):
            part = table[(table["task"] == task) & (table["measure"] == measure)]
            draw(axis, part)
            if measure == measures[0]:
                shape = part.iloc[0] if len(part) else None
                axis.set_title(style.task_title(tables, task) + _size(shape))
        part = table[table["measure"] == measure]
        columns = ["null_low", "mean", "high", "ceiling", "floor_low"]
        style.limit(row, pd.concat([part[name] for name in columns]).clip(upper=1.0))
        row[0].set_ylabel(f"{_name(measure)}\n{label}")
    for axis in axes[-1]:
        axis.set(xlabel="layer (0 = embeddings)", xticks=sorted(table["layer"].unique()))
    style.legend(figure, handles)
    return figure


def _curve(axis: Axes, rows: pd.DataFrame, colour: tuple, line: str) -> None:
    rows = rows.sort_values("layer")
    axis.plot(rows["layer"], rows["mean"], line, color=colour, marker="o", ms=3, linewidth=1.5)
    axis.fill_between(rows["layer"], rows["low"], rows["high"], color=colour, alpha=0.15, lw=0)


def _map(axis: Axes, part: pd.DataFrame):
    """One map, the left encoder's layers upwards; numbers where there is room for them."""
    grid = part.pivot(index="left_layer", columns="right_layer", values="score")
    doubtful = part.pivot(index="left_layer", columns="right_layer", values="q") > RELIABLE
    image = axis.imshow(grid.to_numpy(), origin="lower", cmap="cividis", vmin=0, vmax=1)
    for (i, j), score in np.ndenumerate(grid.to_numpy()):
        text = f"{score:.2f}" if grid.size <= 64 else ""
        text += "x" if doubtful.iloc[i, j] else ""
        axis.text(
            j, i, text, ha="center", va="center", fontsize=7, color="k" if score > 0.55 else "w"
        )
    axis.set_xticks(range(grid.shape[1]), grid.columns)
    axis.set_yticks(range(grid.shape[0]), grid.index)
    axis.spines[:].set_visible(False)
    return image


def _association_title(table: pd.DataFrame, measure: str, layer: int) -> str:
    rows = table[(table["measure"] == measure) & (table["layer"] == layer)]
    lines = [
        f"{row.scope} tasks: rho {row.rho:+.2f}, p {row.p_value:.2g}, {row.points} points"
        if np.isfinite(row.rho)
        else f"{row.scope} tasks: {row.points} points, no rho"
        for row in rows.itertuples()
    ]
    return "\n".join(lines)


def _distinct(count: int) -> list:
    colours = [colour for colour in COLOURS.values() if colour]
    return [colours[i % len(colours)] for i in range(count)]


def _size(shape: pd.Series | None) -> str:
    """Rows and width below a title; too few rows are said."""
    if shape is None:
        return ""
    few = " (few)" if shape["few_rows"] else ""
    return f"\nn = {shape['rows']} rows{few}, width {shape['width']}"


def _name(measure: str) -> str:
    return measure.upper().replace("_", " ")
