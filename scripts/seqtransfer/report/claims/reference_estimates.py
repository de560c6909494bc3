"""The table `references` -> estimates: ceiling - floor, and an arm's similarity above the floor.

An arm, random encoders (the floor) and the reference itself (the ceiling) stand beside the
reference on the same rows, with all units of the probe and without each group of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pandas as pd

from seqtransfer.report.claims import estimates
from seqtransfer.report.claims.estimates import Estimate
from seqtransfer.similarity.measures import MEASURES

AGAIN, HALVES = "its own second training", "halves of its own neurons"


def scores(references: pd.DataFrame) -> pd.DataFrame:
    """Means over layers of the rows of one task and measure: a row each (reference, kind, left), a
    column each group of units that is left out, -1 first, for none."""
    keys = ["reference", "kind", "left", "group"]
    means = references.groupby(keys, sort=False)["score"].mean(skipna=False)
    return means.unstack().sort_index(axis=1)


def span(scored: pd.DataFrame) -> tuple[float, float, Estimate] | None:
    """Floor, ceiling, and the estimate of ceiling - floor over the floor's seeds and the units;
    None where one of the two is not in `scored`, of the function `scores`."""
    kinds = set(scored.index.get_level_values("kind"))
    if not {"floor", "ceiling"} <= kinds:
        return None
    floor, ceiling = scored.loc["first", "floor"], scored.loc["first", "ceiling"].iloc[0]
    differences = (ceiling - floor).to_numpy()
    one = estimates.crossed(differences[:, 0], differences[:, 1:])
    return float(floor[-1].mean(skipna=False)), float(ceiling[-1]), one


def itself(references: pd.DataFrame, task: str) -> str:
    """What the reference is held against for the ceiling of a task, in words."""
    rows = references[(references["task"] == task) & (references["kind"] == "ceiling")]
    return HALVES if (rows["left"] == "halves").any() else AGAIN


def is_comparable(references: pd.DataFrame, task: str, measure: str) -> bool:
    """Whether a task's ceiling and floor are of equal widths, or the measure does not grow with
    them by chance: halves of a reference are narrower than it is."""
    return itself(references, task) != HALVES or not MEASURES[measure].depends_on_width


def is_valid(
    references: pd.DataFrame, task: str, measure: str, difference: Estimate, level: float
) -> bool:
    """Whether the measure tells the reference from random weights in a task: its ceiling - floor,
    `difference`, lies above 0 by its interval of `level`, and the two are comparable."""
    above = bool(difference.interval(level)[0] > 0)
    return above and is_comparable(references, task, measure)


def spans(references: pd.DataFrame, measure: str) -> Iterator[tuple[str, float, float, Estimate]]:
    """Yield each task with its `span`, means over layers 1 and up."""
    for task, rows in _inner(references, measure).groupby("task", sort=False):
        found = span(scores(rows))
        if found:
            yield str(task), *found


def above_floor(
    differences: Sequence[float], references: pd.DataFrame, task: str, measure: str, arm: str
) -> Estimate:
    """The estimate of arm - random over layers 1 and up, by all that the study says of its chance.

    differences: (n,), one a seed. Where `references` does not hold the arm, it covers seeds alone.
    Its columns `examples` and `corpus`, if there, name what other tasks may share.
    """
    rows = _inner(references, measure)
    rows = rows[rows["task"] == task]
    if not (rows["left"] == arm).any():
        return estimates.crossed(differences)
    scored = scores(rows)
    of_arm = scored.xs(("arm", arm), level=("kind", "left"))
    floor = scored.xs("floor", level="kind").groupby("reference", sort=False)
    by_reference = of_arm - floor.mean(skipna=False)
    names = [name for name in ("first", "again") if name in by_reference.index]
    found = estimates.of_similarity(differences, by_reference.loc[names].to_numpy())
    fields = {"examples": "examples", "reference": "corpus"}
    known = {field: rows[column].iloc[0] for field, column in fields.items() if column in rows}
    return replace(found, **known)


def _inner(references: pd.DataFrame, measure: str) -> pd.DataFrame:
    return references[(references["measure"] == measure) & (references["layer"] >= 1)]
