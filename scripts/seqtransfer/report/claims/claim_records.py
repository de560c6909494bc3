"""Estimates of a claim, its checks and its texts -> the claim's record in the ledger."""

from collections.abc import Mapping, Sequence

import pandas as pd

from seqtransfer.report import names
from seqtransfer.report.claims import estimates, readings, verdicts
from seqtransfer.report.claims.estimates import Estimate
from seqtransfer.report.claims.verdicts import (
    DECIDED,
    MIXED,
    NOT_TESTABLE,
    NOT_TESTED,
    UNDECIDED,
)

HOLM = "p (Holm)"
SIGN_RULE = (
    "A task supports the claim if its effect lies above 0 by a two-sided test at {alpha:.0f} %,"
    " adjusted for {tasks} (Holm), and contradicts it if it lies below. The claim is"
    " supported if the {percent:.0f} % interval of the mean lies above 0 and no task contradicts"
    " it, contradicted the other way round, mixed if tasks point both ways."
)


def record(
    found: Mapping[str, Estimate], checked: Sequence[dict], level: float,
    margin: float | None = None, *, missing: Sequence[tuple[str, str]], headline: bool = True,
    **texts: str | list[str],
) -> dict:  # fmt: skip
    """A claim's record from its estimates; a margin makes it a non-inferiority claim.

    Parts of chance that few seeds or pretrainings tell little of are at least their mean over the
    tasks that pass the checks.
    missing: (task, run) of the runs without a number; those of tasks that fail a check decide
    nothing, since the mean leaves these out.
    """
    line = -(margin or 0.0)
    failed = {one["task"]: one["why"] for one in checked if one["blocks"] and not one["passed"]}
    checked = [one for one in checked if one["task"] in found]
    passing = {task: one for task, one in found.items() if task not in failed}
    found = {**found, **estimates.with_few_seeds(estimates.at_least_mean(passing, "reference"))}
    numbers = {
        "percent": 100 * level,
        "alpha": 100 * (1 - level),
        "tasks": f"{len(found)} task{'s' * (len(found) != 1)}",
    }
    made: dict = {"rule": SIGN_RULE.format(**numbers)} | texts
    made |= {"level": level, "margin": margin, "checks": checked, "headline": headline}
    made |= {"p_value_of": HOLM if margin is None else "p (one-sided)"}
    lacking = [said for task, said in missing if task not in failed]
    named = [said for _, said in missing] if set(found) <= set(failed) else lacking
    made |= {"facts": [], "missing": named, "effects": [], "overall": None}
    made |= {"verdict": NOT_TESTED, "qualifier": ""}
    if found:
        every = margin is not None
        made["effects"] = verdicts.of_tasks(found, failed, level, line, every=every)
        made["verdict"], made["overall"] = verdicts.overall(
            found, made["effects"], level, line, every
        )
    if lacking and made["verdict"] != NOT_TESTABLE:
        made["verdict"] = UNDECIDED
    made["qualifier"] = qualifier(made)
    return made | {"reading": readings.of(made)}


def qualifier(record: Mapping) -> str:
    """What limits a verdict, in a few words; empty where nothing does."""
    verdict, limits = record["verdict"], []
    if verdict in (*DECIDED, MIXED):
        counts = record["overall"]["counts"]
        if counts[NOT_TESTABLE]:
            testable = sum(counts.values()) - counts[NOT_TESTABLE]
            limits.append(f"in {testable} testable task{'s' * (testable != 1)}")
    if verdict in DECIDED and not record["overall"]["counts"][verdict]:
        limits.append("on average")
    judged = {one["task"] for one in record["effects"] if one["verdict"] != NOT_TESTABLE}
    if verdict not in (NOT_TESTABLE, NOT_TESTED) and any(
        one["passed"] is False and not one["blocks"] and one["task"] in judged
        for one in record["checks"]
    ):
        limits.append("at this budget")
    return ", ".join(limits)


def missing_runs(table: pd.DataFrame, value: str, left: str, right: str) -> list[tuple[str, str]]:
    """(task, run) of the runs of two arms that have no finite `value`; none where the study lacks
    an arm."""
    if not {left, right} <= set(table["initialization"]):
        return []
    rows = table[table[value].isna() & table["initialization"].isin([left, right])]
    return [
        (str(row.task), names.runs(row.task, row.initialization, row.seed))
        for row in rows.itertuples()
    ]


def judged_by(table: pd.DataFrame, claims: Sequence[Mapping]) -> str:
    """The measure that claim (d) is judged by; the table's first without such a claim."""
    named = [
        one["id"].split("-", 1)[1]
        for one in claims
        if one["id"].startswith("d2-") and one["headline"]
    ]
    return next(iter([*named, *table["measure"]]), "similarity")
