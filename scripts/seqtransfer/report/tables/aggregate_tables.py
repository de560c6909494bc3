"""Test scores of all runs -> robust summaries over tasks and seeds, and performance profiles."""

from functools import partial

import numpy as np
import pandas as pd

from seqtransfer.report import aggregates
from seqtransfer.report.tables.run_tables import CONTRASTS

AGGREGATES = "quantity left right value low high tasks seeds metric".split()
PROFILES = "initialization threshold mean low high tasks seeds".split()


def scores_of_arms(run: pd.DataFrame) -> dict[str, np.ndarray]:
    """Arm -> (n seeds, t tasks) test scores, from the table `runs`; NaN for a run without one."""
    wide = run.pivot(index="seed", columns=["initialization", "task"], values="test_score")
    tasks = list(run["task"].unique())
    return {arm: wide[arm][tasks].to_numpy(dtype=float) for arm in run["initialization"].unique()}


def table(run: pd.DataFrame) -> pd.DataFrame:
    """Interquartile means of every arm, and of the paired difference of two, with the probability
    of improvement of one over the other: a row each, with a bootstrap interval over seeds."""
    scores = scores_of_arms(run)
    pairs = [(left, right) for left, right in CONTRASTS if {left, right} <= set(scores)]
    mean, improvement = aggregates.interquartile_mean, aggregates.probability_of_improvement
    of_arms = [("interquartile mean", arm, None, mean, [scores[arm]]) for arm in scores]
    of_differences = [
        ("interquartile mean of the difference", left, right, mean, [scores[left] - scores[right]])
        for left, right in pairs
    ]
    of_pairs = [
        ("probability of improvement", left, right, improvement, [scores[left], scores[right]])
        for left, right in pairs
    ]
    metrics, rows = ", ".join(run["metric"].unique()), []
    for *names, statistic, sides in [*of_arms, *of_differences, *of_pairs]:
        limits = aggregates.stratified_bootstrap(statistic, *sides)
        seeds, tasks = sides[0].shape
        rows.append([*names, *map(float, limits), tasks, seeds, metrics])
    return pd.DataFrame(rows, columns=AGGREGATES)


def profiles(run: pd.DataFrame) -> pd.DataFrame:
    """Per arm and threshold, each hundredth from below the lowest score to the highest: the share
    of the arm's runs that score above it, with a bootstrap interval over seeds at each threshold.
    """
    found = run["test_score"].dropna().to_numpy()
    high = found.max(initial=-1.0)
    low = found.min(initial=high)
    thresholds = np.arange(np.floor(100 * low) - 1, np.ceil(100 * high) + 1) / 100
    share = partial(aggregates.share_above, thresholds=thresholds)
    rows = []
    for arm, scores in scores_of_arms(run).items():
        limits = aggregates.stratified_bootstrap(share, scores)
        seeds, tasks = scores.shape
        rows += [[arm, *at, tasks, seeds] for at in zip(thresholds, *limits, strict=True)]
    return pd.DataFrame(rows, columns=PROFILES)
