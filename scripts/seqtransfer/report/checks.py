"""What must hold before a claim is judged: checks, task by task, each with its reason.

A check is a record: check (its name), task, passed, blocks (whether the task is not testable
without it), why.
"""

import math
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from seqtransfer.report.estimates import Estimate
from seqtransfer.report.tables.similarity_tables import LEAST_SPAN
from seqtransfer.similarity.measures import MEASURES

LATE = 0.75  # share of the steps after which a best step is late
SETTLED = 0.5  # share of an arm's runs whose best step must not be late


def reference_beats_random(found: Mapping[str, Estimate], level: float, unit: str) -> list[dict]:
    """Whether domain - random, estimated task by task, lies above 0 by its interval of `level`."""
    records = []
    for task, one in found.items():
        low, high = one.interval(level)
        passed = not math.isnan(low) and low > 0
        where = f"{one.mean:+.3f} {unit}"
        where += "" if math.isnan(low) else f", {low:+.3f} to {high:+.3f}"
        why = f"domain {'beats' if passed else 'is not shown to beat'} random weights ({where})"
        records.append(_record("the reference beats random weights", task, passed, True, why))
    return records


def trained_to_an_end(run: pd.DataFrame, arms: Sequence[str]) -> list[dict]:
    """Whether at least half of each arm's runs trained to an end.

    Those are runs that were better after some step than before the first, and that ended since they
    no longer improved, or were best before the last quarter of their steps.
    """
    records = []
    mine = run[run["initialization"].isin(arms)]
    for task, rows in mine.groupby("task", sort=False):
        late = ~rows["plateau"].astype(bool) & (rows["best_step"] > LATE * rows["steps_taken"])
        open_ended = (rows["best_step"] == 0) | late
        shares = open_ended.groupby(rows["initialization"], sort=False).mean()
        climbing = [f"{arm} {100 * share:.0f} %" for arm, share in shares.items()
                    if share > 1 - SETTLED]  # fmt: skip
        why = (
            f"runs that still improved at the end of their {rows['steps'].max()} steps, or never"
            f" did: {', '.join(climbing)}"
            if climbing
            else "most runs of each arm trained until they no longer improved"
        )
        records.append(_record("both arms trained to an end", task, not climbing, False, why))
    return records


def has_rows(inner: pd.DataFrame, measure: str) -> list[dict]:
    """Whether the representations have rows enough that no canonical correlation is 1 by
    construction: with n rows, at least p + q - (n - 1) are, whatever the encoders do."""
    if not MEASURES[measure].saturates:
        return []
    records = []
    for task, rows in inner.groupby("task", sort=False):
        passed = not (rows["rows"] - 1 < 2 * rows["width"]).any()
        why = f"{rows['rows'].min()} rows for two widths of {rows['width'].max()}"
        if not passed:
            why += ": some canonical correlations are 1 by construction"
        records.append(_record("enough rows for the measure", task, passed, True, why))
    return records


def tells_apart(similarity: pd.DataFrame | None, measure: str) -> list[dict]:
    """Whether the reference is nearer to its own second training than random weights are: the
    ceiling, mean over layers 1 and up, at least LEAST_SPAN above the floor."""
    records = []
    for task, _, floor, ceiling in floor_and_ceiling(similarity, measure):
        passed = bool(ceiling - floor >= LEAST_SPAN)
        why = f"ceiling {ceiling:.3f}, floor {floor:.3f}"
        if not passed:
            why = (
                f"by this measure random weights are as near to domain as its own second training"
                f" ({why})"
            )
        records.append(_record("the measure is valid here", task, passed, True, why))
    return records


def floor_and_ceiling(
    similarity: pd.DataFrame | None, measure: str
) -> Iterator[tuple[str, float, float, float]]:
    """Yield task, text-vs-domain, floor and ceiling, means over layers 1 and up before fine-tuning;
    nothing without the table `similarity`, or where there is no ceiling."""
    if similarity is None:
        return
    inner = similarity[
        (similarity["measure"] == measure)
        & (similarity["pair"] == "text-vs-domain")
        & (similarity["stage"] == "before")
        & (similarity["layer"] >= 1)
        & similarity["ceiling"].notna()
    ]
    for task, rows in inner.groupby("task", sort=False):
        yield str(task), *rows[["mean", "floor", "ceiling"]].mean(skipna=False)


def _record(check: str, task: str, passed: bool, blocks: bool, why: str) -> dict:
    return {
        "check": check, "task": str(task), "passed": bool(passed), "blocks": blocks, "why": why
    }  # fmt: skip
