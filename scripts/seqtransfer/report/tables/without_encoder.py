"""Runs of arms -> how far each arm is above what has no encoder: every control and baseline."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pandas as pd

from seqtransfer.report.claims import baseline_estimates
from seqtransfer.report.claims.arm_estimates import of_difference
from seqtransfer.report.claims.estimates import Estimate, with_few_seeds
from seqtransfer.report.statistics import LEVEL

COLUMNS = "task initialization against kind mean low high seeds".split()


def differences(
    run: pd.DataFrame,
    control_run: pd.DataFrame,
    score: pd.DataFrame,
    left_out: pd.DataFrame,
    baselines_left_out: pd.DataFrame,
) -> pd.DataFrame:
    """One row per task, arm, and control or baseline: mean difference of the test score, arm minus
    the other, over seeds, with its interval over seeds and test examples.

    The tables of these names; score: `scores`. With a control an arm is paired by seed, which fixes
    split and batch order of both; an arm's token map is drawn by it, too, and a control has none. A
    baseline has one score, which every seed is held against.
    """
    arms = run["initialization"].unique()
    found = [
        *_of_controls(arms, run, control_run, left_out),
        *_of_baselines(arms, run, score, left_out, baselines_left_out),
    ]
    rows = [
        [task, *named, one.mean, *one.interval(LEVEL), one.seeds]
        for task in run["task"].unique()
        for named, estimates in found
        for name, one in estimates.items()
        if name == task
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


Named = tuple[tuple[str, str, str], dict[str, Estimate]]  # arm, against, kind; by task


def _of_controls(
    arms: list[str], run: pd.DataFrame, control_run: pd.DataFrame, left_out: pd.DataFrame
) -> Iterator[Named]:
    controls = [] if control_run.empty else control_run["initialization"].unique()
    both = pd.concat([run, control_run], ignore_index=True)
    for arm, control in product(arms, controls):
        found = of_difference(both, "test_score", arm, control, left_out)
        yield (arm, control, "control"), with_few_seeds(found)


def _of_baselines(
    arms: list[str],
    run: pd.DataFrame,
    score: pd.DataFrame,
    left_out: pd.DataFrame,
    baselines_left_out: pd.DataFrame,
) -> Iterator[Named]:
    heights = baseline_estimates.heights(score, "test")
    tables = score, run, left_out, baselines_left_out
    for arm in arms:
        found = {
            baseline: baseline_estimates.above(
                arm, dict.fromkeys(heights.index[heights[baseline].notna()], baseline), *tables
            )
            for baseline in heights.columns
        }
        # The spread over seeds is the arm's own, whichever baselines its tasks have.
        pooled = with_few_seeds({task: one for of in found.values() for task, one in of.items()})
        for baseline, of_tasks in found.items():
            yield (
                (arm, baseline, "baseline"),
                {
                    task: replace(one, parts={**one.parts, "seeds": pooled[task].parts["seeds"]})
                    if one.parts
                    else one
                    for task, one in of_tasks.items()
                },
            )
