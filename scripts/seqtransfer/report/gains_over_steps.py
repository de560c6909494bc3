"""Learning curves -> what a shorter training would have shown: gains over random, step by step."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from seqtransfer.report.figures import panels, run_figures, style
from seqtransfer.report.figures.panels import Tables
from seqtransfer.report.tables.intervals import interval_rows
from seqtransfer.report.tables.run_tables import score_unit


def table(histories: pd.DataFrame) -> pd.DataFrame:
    """One row per task, arm but `random` and evaluated step: gain over `random` in dev score.

    histories: the table of this name. The score of a step is the best one up to it; the gain is
    paired by seed. A run that ended or diverged has its best score at all later steps. A run
    planned for fewer steps would lower its learning rate earlier, and might score a little better.
    Where a run has no score at all, there is no mean over its arm.
    """
    run = ["task", "initialization", "seed"]
    best = histories.groupby(run, sort=False)["dev_score"].cummax()
    scores = histories[[*run, "step"]].assign(score=best)
    is_random = scores["initialization"] == "random"
    random = scores[is_random].drop(columns="initialization")
    paired = scores[~is_random].merge(
        random,
        how="left",  # a step that random lacks leaves no mean
        on=["task", "seed", "step"],
        suffixes=("", "_random"),
        validate="many_to_one",
    )
    gains = paired.assign(gain=paired["score"] - paired["score_random"])
    return interval_rows(gains, ["task", "initialization", "step"], "gain")


def figure(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Gain over random in the best dev score so far against optimizer steps, a panel per task."""
    rows = panels.spread(tables["gains_over_steps"])
    rows = rows[rows["step"] > 0]
    arms = [arm for arm in panels.arms(tables) if arm != "random"]
    drawn, axes = run_figures.over_steps(tables, rows, arms)
    for axis, task in zip(axes, panels.tasks(tables), strict=True):
        mine = rows[rows["task"] == task]
        shown = [mine["mean"]] if len(arms) > 1 else [mine["mean"], mine["low"], mine["high"]]
        axis.set_ylim(panels.limits(*shown, pd.Series([0.0]), least=0.1))
    unit = score_unit(tables["runs"])
    panels.label(axes, run_figures.STEPS, f"gain over random\n(dev {unit})")
    run_figures.arms_and_lines(drawn, arms, [run_figures.zero_line(axes, "no gain")])
    style.title(
        drawn,
        "What a shorter training would have shown: gain over random weights in the best dev score"
        f" so far, {run_figures.mean_and_band(rows, arms)}",
    )
    return drawn
