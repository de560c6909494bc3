"""Test scores -> which differences of two arms a study of so many seeds would see."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from seqtransfer.report import names
from seqtransfer.report.claims import estimates, verdicts
from seqtransfer.report.claims.arm_estimates import of_difference
from seqtransfer.report.figures import panels, style
from seqtransfer.report.figures.panels import Tables
from seqtransfer.report.statistics import LEVEL
from seqtransfer.report.tables.run_tables import CONTRASTS, score_unit

SEEDS = (2, 3, 4, 6, 8, 12, 16, 24, 32)
MOST = 2.0  # difference of two scores in [-1, 1]
FOUND = {"linestyle": (0, (4, 2)), "linewidth": 1.0}
COLUMNS = "task left right seeds smallest difference study_seeds".split()


def table(run: pd.DataFrame, left_out: pd.DataFrame) -> pd.DataFrame:
    """One row per task, two arms and number of seeds, SEEDS and the study's: the smallest
    difference in test score that 80 % of such studies would see, as one of all tasks side by side
    (Bonferroni).

    run, left_out: the tables of these names. The spread over seeds and that over test examples are
    taken from this study, the test part as it is: more seeds lower the first alone. `smallest` is
    empty for a study of one seed. difference: the size of the one that this study of `study_seeds`
    found.
    """
    rows = []
    for left, right in CONTRASTS:
        found = of_difference(run, "test_score", left, right, left_out)
        found = estimates.with_few_seeds(found)
        side_by_side = verdicts.side_by_side(LEVEL, len(found))
        counts = {*SEEDS, *(max(one.seeds, 2) for one in found.values())}
        planned = {seeds: estimates.with_seeds(found, seeds) for seeds in counts}
        for task, one in found.items():
            least = np.nan  # with more than few seeds: more see no less, since some can be left out
            for seeds in sorted({*SEEDS, max(one.seeds, 2)}):
                smallest = planned[seeds][task].smallest_effect(side_by_side)
                if seeds > estimates.FEW_SEEDS and seeds != one.seeds:
                    smallest = least = np.fmin(smallest, least)
                rows.append([task, left, right, seeds, smallest, abs(one.mean), one.seeds])
    return pd.DataFrame(rows, columns=COLUMNS)


def figure(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Smallest difference of text and random weights that is seen against the number of seeds, a
    panel per task. Others are in the table: (c) asks for no difference from 0."""
    rows = tables["power"]
    rows = rows[(rows["left"] == "text") & (rows["right"] == "random")]
    colour = style.COLOURS["text"]
    drawn, axes = panels.task_panels(tables, 1.9)
    for axis, task in panels.by_task(tables, axes):
        part = rows[rows["task"] == task]
        [curve] = axis.plot(part["seeds"], part["smallest"], color=colour)
        said = "smallest difference seen"
        panels.tell_line(curve, said, "seeds", part["seeds"], part["smallest"])
        if not part.empty:
            found = part["difference"].iloc[0]
            line = axis.axhline(found, color=colour, **FOUND)
            style.tell(line, f"size of the difference found here: {found:.3f}")
        here = part[part["seeds"] == part["study_seeds"]]
        [mark] = axis.plot(here["seeds"], here["smallest"], "o", color=colour)
        said = [f"{row.seeds} seeds: {row.smallest:.3f}" for row in here.itertuples()]
        style.tell(mark, f"this study, {', '.join(said)}")
        panels.steps(axis, rows["seeds"].min(), rows["seeds"].max())
        panels.magnitudes(axis)
        axis.set_ylim(top=min(axis.get_ylim()[1], MOST))
    panels.label(axes, "seeds", f"difference\n(test {score_unit(tables['runs'])})")
    handles = [
        panels.line(names.contrast("text - random"), colour),
        panels.line("size of the difference found here", colour, **FOUND),
        panels.line("this study's seeds", colour, marker="o", lw=0),
    ]
    panels.legend(drawn, handles)
    style.title(
        drawn, "Smallest difference that 80 % of studies would see, by their number of seeds"
    )
    return drawn
