"""Similarity and gain -> the figure of whether the two go together."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from seqtransfer.report.figures import panels, style
from seqtransfer.report.figures.panels import Tables
from seqtransfer.report.figures.similarity_figures import measure_name

MARKERS = "osD^vPX*"


def prediction(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Gain over random against similarity to the reference: a row per measure, a layer a column."""
    points, table = tables["predictions"], tables["association"]
    measures, layers, lefts = (
        list(dict.fromkeys(points[name])) for name in ("measure", "layer", "left")
    )
    colours = in_turn(panels.tasks(tables), list(style.COLOURS.values()))
    markers = in_turn(lefts, MARKERS)
    figure, axes = panels.grid(len(measures), len(layers), 2.6, sharey=True)
    for row, measure in zip(axes, measures, strict=False):
        for axis, layer in zip(row, layers, strict=False):
            at = points[(points["measure"] == measure) & (points["layer"] == layer)]
            for (task, left), part in at.groupby(["task", "left"], sort=False):
                axis.scatter(
                    part["similarity"], part["gain"], s=20, color=colours[task],
                    marker=markers[left],
                )  # fmt: skip
            axis.axhline(0, color="0.6", linewidth=0.8)
            axis.set(xlabel=f"{measure_name(measure)}, layer {layer}")
            axis.set_title(_association_title(table, measure, layer), fontsize=7.5)
        row[0].set_ylabel("gain over random\n(test score)")
    handles = [panels.line(task, colour, marker="o", ls="") for task, colour in colours.items()]
    handles += [panels.line(left, "0.3", marker=mark, ls="") for left, mark in markers.items()]
    panels.legend(figure, handles)
    style.title(
        figure,
        "Does similarity to the reference before fine-tuning go with the gain? A dot a task, arm"
        " and seed; rho = Spearman's, p by permutation",
    )
    return figure


def in_turn(names: Sequence[str], looks: Sequence) -> dict:
    """A colour or a marker for each name; the first again where there are too few."""
    return {name: looks[place % len(looks)] for place, name in enumerate(names)}


def _association_title(table: pd.DataFrame, measure: str, layer: int) -> str:
    rows = table[(table["measure"] == measure) & (table["layer"] == layer)]
    lines = [
        f"{row.scope} tasks: rho {row.rho:+.2f}, p {row.p_value:.2g}, {row.points} points"
        if np.isfinite(row.rho)
        else f"{row.scope} tasks: {row.points} points, no rho"
        for row in rows.itertuples()
    ]
    return "\n".join(lines)
