"""What arms are like before fine-tuning, and gains over `random` -> whether these go together."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from seqtransfer.report.tables.intervals import paired_differences

COLUMNS = "outcome scope tasks arms rho p_value permutations".split()
SHUFFLES = 999


def similarity_gain(run: pd.DataFrame, scored: pd.DataFrame, reference: str) -> pd.DataFrame:
    """Points of "does similarity to the reference before fine-tuning go with the gain over random?"

    One row per task, arm other than random and the reference, seed, layer (left) and measure:
    similarity, on so many rows of states, and gain = test score - that of random, same seed.
    """
    near = scored[(scored["right"] == reference) & (scored["stage"] == "before")]
    near = near.dropna(subset="layer")
    parts = [
        paired_differences(run, "test_score", arm, "random").assign(initialization=arm)
        for arm in near["left"].unique()
        if arm != "random"
    ]
    parts = [part for part in parts if len(part)]
    names = ["task", "initialization", "seed", "layer", "measure", "score", "rows"]
    if not parts:
        return pd.DataFrame(columns=[*names[:-2], "similarity", "rows", "gain"])
    gains = pd.concat(parts, ignore_index=True).rename(columns={"difference": "gain"})
    near = near.rename(columns={"left": "initialization"})
    table = near[names].rename(columns={"score": "similarity"}).astype({"layer": int})
    return table.merge(gains, on=["task", "initialization", "seed"], validate="many_to_one")


def association(points: pd.DataFrame) -> pd.DataFrame:
    """Whether similarity goes with gain, per measure and layer; see `associations`."""
    return associations(points, ["measure", "layer"], "similarity", ["gain"]).drop(
        columns="outcome"
    )


def associations(
    points: pd.DataFrame, by: list[str], value: str, outcomes: Sequence[str]
) -> pd.DataFrame:
    """Spearman's rho of column `value` with each of `outcomes`, for each combination of `by`.

    points: a row for each combination, task, `initialization` and seed. Seeds repeat a comparison
    and are averaged first; an arm that lacks a number in any run is left out. scope `between`: a
    point a task, the mean over its arms; p by permuting tasks. `within`: a point a task and arm,
    less the task's mean; p by permuting arms in all tasks alike, as an arm has most of its value in
    common over tasks, so that arms, and not their tasks, are what is repeated.
    """
    rows = []
    for key, part in points.groupby(by, sort=False):
        for outcome in outcomes:
            x, y = _by_task_and_arm(part, [value, outcome])
            for scope, sides in (
                ("between", [side.mean(axis=1, keepdims=True) for side in (x, y)]),
                ("within", [(side - side.mean(axis=1, keepdims=True)).T for side in (x, y)]),
            ):
                rows.append([*key, outcome, scope, *x.shape, *spearman(*sides)])
    return pd.DataFrame(rows, columns=[*by, *COLUMNS])


def spearman(x: np.ndarray, y: np.ndarray) -> tuple[float, float, int]:
    """Spearman's rho of (units, repeats) x and y, its p-value, and how many permutations it is of.

    p-value: share of the permutations of y's units, repeats kept together, with |rho| at least as
    large: of all, or of 999 and the identity where there are more. NaN for fewer than 4 numbers or
    a side without variation or with a number that is not known.
    """
    count = min(math.factorial(len(x)), SHUFFLES + 1)
    known = np.isfinite(x).all() and np.isfinite(y).all()
    if not known or x.size < 4 or min(np.ptp(np.round(side, 12)) for side in (x, y)) == 0:
        return np.nan, np.nan, count
    x, y = (_ranks(side) for side in (x, y))
    found = stats.permutation_test(
        (np.arange(len(x)),),
        lambda order, axis: np.abs((x * y[order]).sum(axis=(-2, -1))),
        permutation_type="pairings",
        vectorized=True,
        n_resamples=SHUFFLES,
        alternative="greater",
        rng=0,
    )
    return float((x * y).sum()), float(found.pvalue), count


def _by_task_and_arm(part: pd.DataFrame, columns: list[str]) -> tuple[np.ndarray, ...]:
    """Each column's (tasks, arms) means over seeds, of the arms that have all numbers."""
    numbers = part.astype(dict.fromkeys(columns, float))
    cells = numbers.groupby(["task", "initialization"], sort=False)[columns]
    wide = cells.mean(skipna=False).unstack()
    known = [wide[column].dropna(axis=1) for column in columns]
    both = known[0].columns.intersection(known[1].columns, sort=False)
    return tuple(side[both].to_numpy() for side in known)


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks over all entries, centred and of length 1, in the shape of `values`."""
    ranks = stats.rankdata(np.round(values, 12)).reshape(values.shape)
    return (ranks - ranks.mean()) / np.linalg.norm(ranks - ranks.mean())
