"""Similarity before fine-tuning and gains over `random` -> whether the two go together."""

import itertools
import math

import numpy as np
import pandas as pd
from scipy import stats

from seqtransfer.report.tables.intervals import paired_differences

COLUMNS = "measure layer scope points rho p_value".split()
SHUFFLES = 999


def similarity_gain(run: pd.DataFrame, scored: pd.DataFrame, reference: str) -> pd.DataFrame:
    """Points of "does similarity to the reference before fine-tuning go with the gain over random?"

    One row per task, arm other than random and the reference, seed, layer (left) and measure:
    similarity, and gain = test score - that of random, same seed.
    """
    near = scored[(scored["right"] == reference) & (scored["stage"] == "before")]
    near = near.dropna(subset="layer")
    parts = [
        paired_differences(run, "test_score", arm, "random").assign(initialization=arm)
        for arm in near["left"].unique()
        if arm != "random"
    ]
    parts = [part for part in parts if len(part)]
    names = ["task", "initialization", "seed", "layer", "measure", "score"]
    if not parts:
        return pd.DataFrame(columns=[*names[:-1], "similarity", "gain"])
    gains = pd.concat(parts, ignore_index=True).rename(columns={"difference": "gain"})
    near = near.rename(columns={"left": "initialization"})
    table = near[names].rename(columns={"score": "similarity"}).astype({"layer": int})
    return table.merge(gains, on=["task", "initialization", "seed"], validate="many_to_one")


def association(points: pd.DataFrame) -> pd.DataFrame:
    """Spearman's rho of similarity and gain per measure and layer, with a permutation p-value.

    scope `between`: one point a task and arm, means over seeds, p by permuting the gains of all
    points; `within`: one point a task, arm and seed, both columns less their task's mean, p by
    permuting gains within tasks. An arm of a task of which a run has no score is left out. p_value:
    share of permutations, the identity included, with |rho| at least as large; all of them, or 999
    and the identity where there are more. Empty for fewer than 4 points, or where a column does not
    vary.
    """
    rows = []
    for (measure, layer), part in points.groupby(["measure", "layer"], sort=False):
        columns = ["similarity", "gain"]
        kept = part.groupby(["task", "initialization"], sort=False)[columns].transform(_all_there)
        part = part[kept.all(axis=1).astype(bool)]
        mean = part.groupby(["task", "initialization"], sort=False)[columns].mean()
        mean = mean.reset_index()
        centred = part[columns] - part.groupby("task", sort=False)[columns].transform("mean")
        for scope, table, strata in (
            ("between", mean, np.zeros(len(mean), dtype=int)),
            ("within", centred, pd.factorize(part["task"])[0]),
        ):
            rho, p_value = spearman(*table[columns].to_numpy(dtype=float).T, strata)
            rows.append([measure, layer, scope, len(table), rho, p_value])
    return pd.DataFrame(rows, columns=COLUMNS)


def spearman(x: np.ndarray, y: np.ndarray, strata: np.ndarray) -> tuple[float, float]:
    """Spearman's rho of (n,) x and y, and the p-value by permuting y within strata (n,) int.

    nan for fewer than 4 points or a column without variation.
    """
    x, y = (stats.rankdata(np.round(column, 12)) for column in (x, y))
    if len(x) < 4 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return np.nan, np.nan
    x, y = ((column - column.mean()) / np.linalg.norm(column - column.mean()) for column in (x, y))
    rho = float(x @ y)
    drawn = np.array([x @ y[order] for order in _orders(strata)])
    return rho, float(np.mean(np.abs(drawn) >= abs(rho) - 1e-9))


def _all_there(values: pd.Series) -> bool:
    return bool(values.notna().all())


def _orders(strata: np.ndarray) -> list[np.ndarray]:
    """Permutations within strata: all, the identity first, or it and 999 random ones."""
    members = [np.flatnonzero(strata == name) for name in np.unique(strata)]
    count = np.prod([float(math.factorial(len(rows))) for rows in members])
    if count <= SHUFFLES + 1:
        choices = itertools.product(*(itertools.permutations(rows) for rows in members))
        moved = [[np.array(rows) for rows in choice] for choice in choices]
    else:
        generator = np.random.default_rng(0)
        moved = [members]
        moved += [[generator.permutation(rows) for rows in members] for _ in range(SHUFFLES)]
    orders = []
    for choice in moved:
        order = np.arange(len(strata))
        for rows, other in zip(members, choice, strict=True):
            order[rows] = other
        orders.append(order)
    return orders
