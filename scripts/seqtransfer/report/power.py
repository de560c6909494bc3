"""Test scores -> which differences of two arms a study of so many seeds would see."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from seqtransfer.report import names, verdicts
from seqtransfer.report.arm_estimates import of_difference
from seqtransfer.report.figures import panels, style
from seqtransfer.report.figures.panels import Tables
from seqtransfer.report.statistics import LEVEL
from seqtransfer.report.tables.run_tables import CONTRASTS, score_unit

SEEDS = (2, 3, 4, 6, 8, 12, 16, 24, 32)
COLUMNS = "task left right seeds smallest difference study_seeds".split()


def table(run: pd.DataFrame, left_out: pd.DataFrame) -> pd.DataFrame:
    """One row per task, two arms and number of seeds: the smallest difference in test score that
    80 % of such studies would see, as one of all tasks side by side (Bonferroni).

    run, left_out: the tables of these names. The spread over seeds and that over test examples are
    taken from this study, the test part as it is: more seeds lower the first alone. Empty for a
    study of one seed. difference: the size of the one that this study of `study_seeds` found.
    """
    rows = []
    for left, right in CONTRASTS:
        found = of_difference(run, "test_score", left, right, left_out)
        for task, one in found.items():
            for seeds in SEEDS:
                side_by_side = verdicts.side_by_side(LEVEL, len(found))
                smallest = one.with_seeds(seeds).smallest_effect(side_by_side)
                rows.append([task, left, right, seeds, smallest, abs(one.mean), one.seeds])
    return pd.DataFrame(rows, columns=COLUMNS)


def figure(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Smallest difference that is seen against the number of seeds, a panel per task.

    Of the text arm with the two that the paper's claims compare it with.
    """
    rows = tables["power"]
    rows = rows[(rows["left"] == "text") & rows["right"].isin(["random", "domain"])]
    others = style.ordered(rows["right"])
    colours, dashes = style.colours(others), style.line_styles(others)
    drawn, axes = panels.task_panels(tables, 1.9)
    for axis, task in panels.by_task(tables, axes):
        for other, part in rows[rows["task"] == task].groupby("right", sort=False):
            look = {"color": colours[other], "linestyle": dashes[other]}
            axis.plot(part["seeds"], part["smallest"], **look)
            axis.axhline(part["difference"].iloc[0], **look | {"linewidth": 0.6})
            here = part[part["seeds"] == part["study_seeds"]]
            axis.plot(here["seeds"], here["smallest"], "o", color=colours[other])
        panels.steps(axis, SEEDS[0], SEEDS[-1])
        panels.magnitudes(axis)
    panels.label(axes, "seeds", f"difference\n(test {score_unit(tables['runs'])})")
    handles = [
        panels.line(names.contrast(f"text - {other}"), colours[other], linestyle=dashes[other])
        for other in others
    ]
    handles += [
        panels.line("found, without its sign", lw=0.6),
        panels.line("this study's seeds", marker="o", lw=0),
    ]
    panels.legend(drawn, handles)
    style.title(
        drawn, "Smallest difference that 80 % of studies would see, by their number of seeds"
    )
    return drawn
