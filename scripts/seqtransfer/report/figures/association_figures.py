"""Similarity and gain -> the figure of whether the two go together."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from seqtransfer.report import names
from seqtransfer.report.claims import claim_records
from seqtransfer.report.figures import panels, style
from seqtransfer.report.figures.panels import Tables
from seqtransfer.report.figures.similarity_figures import measure_name
from seqtransfer.report.tables.run_tables import score_unit


def similarity_gain(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Gain over random against similarity to the reference, a panel per layer.

    By the measure that (d) is judged by; the table `association` has the others, and p-values.
    """
    measure = claim_records.judged_by(tables["similarity_gain"], claims)
    points, table = (
        tables[name][tables[name]["measure"] == measure]
        for name in ("similarity_gain", "association")
    )
    layers = sorted(points["layer"].unique())
    arms = panels.arms(tables)
    colours, marks, fills = style.colours(arms), style.markers(arms), panels.task_fills(tables)
    figure, axes = panels.wrapped(len(layers), 1.9)
    for axis, layer in zip(axes, layers, strict=False):  # without layers an empty panel is left
        at = points[points["layer"] == layer]
        for (task, arm), part in at.groupby(["task", "initialization"], sort=False):
            look = (colours[arm], marks[arm], fills[task])
            mark = panels.dot(axis, part["similarity"], part["gain"], *look)
            each = "; ".join(
                f"seed {row.seed}: similarity {row.similarity:.3f}, gain {names.signed(row.gain)}"
                for row in part.dropna(subset=["similarity", "gain"]).itertuples()
            )
            style.tell(mark, f"{names.arm(arm)} in {task}, {each}")
        axis.axhline(0, color="0.6", linewidth=0.8, zorder=0)
        axis.locator_params(nbins=4)
        axis.set_title(f"layer {layer}" + found(table[table["layer"] == layer]))
    unit = score_unit(tables["runs"])
    panels.label(axes, measure_name(measure), f"gain over random\n(test {unit})")
    panels.legend(figure, panels.arms_and_tasks(set(points["initialization"]), tables))
    style.title(
        figure,
        "Does similarity to the reference before fine-tuning go with the gain? A dot a task, arm"
        f" and seed; rho: Spearman's, {scopes(table)}",
    )
    return figure


def scopes(table: pd.DataFrame) -> str:
    """What the rhos of panels are between, for a title."""
    said = {"between": "between tasks", "within": "of arms within tasks"}
    shown = [
        said[scope] for scope in said if scope in set(table.loc[table["rho"].notna(), "scope"])
    ]
    return " and ".join(shown) or "none for so few tasks and arms"


def found(rows: pd.DataFrame) -> str:
    """For a panel's title: rho of each scope that has one, a line each."""
    return "".join(
        f"\n{row.scope}: rho {names.signed(row.rho, 2)}" for row in rows.itertuples()
        if np.isfinite(row.rho)
    )  # fmt: skip
