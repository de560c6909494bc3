"""The leak audit -> what test sequences near to train take from scores, in sentences."""

import numpy as np
import pandas as pd
from scipy import stats

from seqtransfer.report import names
from seqtransfer.tokens.series_neighbours import SHARE, pairs

LEAST_ROWS = 2  # that a score needs
CHANCE = 0.99  # more near series than that are seen by chance in one task of a hundred


def of_leaks(leaks: pd.DataFrame) -> list[str]:
    """How many test sequences have a near twin in train, from the table `leaks`: a sentence, and
    one more for tasks in which all have one, for series that lie nearer than chance explains, and
    for those that repeat runs of train's numbers."""
    test = leaks[(leaks["splitting"] == "after") & (leaks["split"] == "test")]
    half, overlap, near = (
        test[test["measure"] == name]
        for name in ("similarity_share_0.5", "overlap_share_0.5", "distance_near")
    )
    left = half["n"] * (1 - half["value"])  # rows below 0.5; fewer than two have no score
    without = half.loc[left.round() < LEAST_ROWS, "task"]
    overlap = overlap[overlap["value"] > 0]
    units = test[test["measure"] == "distance_limit_units"].set_index("task")["value"]
    looked_at = near["task"].map(units).astype(float)
    near = near[(near["value"] * near["n"]).round() > by_chance(near["n"], looked_at)]
    lines = [
        "Test sequences whose k-mers have a Jaccard index of 0.5 or more with those of a training"
        f" sequence: {_shares(half)}. How much they matter: the table of scores without near test"
        " rows."
    ]
    if len(without):
        lines.append(
            f"Without these nothing is left to score on {names.listed(without)}, whose sequences"
            " resemble each other throughout, as variants of one sequence do. Scores there say how"
            " well a model tells the effects of a few exchanged symbols, not how it fares on"
            " sequences unlike those of training; compare with the additive model, where the task"
            " has it."
        )
    if len(overlap):
        lines.append(
            "Test series that repeat most numbers of a training series, as windows of one recording"
            f" do: {_shares(overlap)}. Name their recording as `group`."
        )
    if len(near):
        lines.append(
            f"Test series nearer to train than {100 * (1 - SHARE):.0f} % of training series are to"
            f" one another, more than chance explains: {_shares(near)}. Look for what train and"
            " test have in common, such as a recording or a person."
        )
    return lines


def by_chance(test: pd.Series, units: pd.Series) -> np.ndarray:
    """(t,) of so many test series and training units looked at: how many near series are exceeded
    with a probability of 1 - CHANCE at most where test and train have nothing in common; NaN where
    no limit is known.

    The limit is the distance of the k-th nearest pair of training units, of which there are half as
    many as units. So the probability that a test series is nearer has a beta distribution, and the
    number of near ones a beta-binomial one.
    """
    known = pairs_of(units)
    return stats.betabinom.ppf(CHANCE, test, known, (units + 1) / 2 - known)


def pairs_of(units: pd.Series) -> pd.Series:
    """`series_neighbours.pairs` of each, NaN where there is none."""
    found = units.map(pairs, na_action="ignore").astype(float)
    return found.where(found > 0)


def _shares(rows: pd.DataFrame) -> str:
    return ", ".join(f"{row.task} {100 * row.value:.1f} %" for row in rows.itertuples())
