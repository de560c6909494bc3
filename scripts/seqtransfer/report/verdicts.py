"""Estimates task by task -> verdicts: of each task, and of the claim over all of them.

Tasks are judged first, those that pass the claim's checks. A task supports a claim if its effect
lies above the line (0, or minus the margin) by a test at the claim's level, Holm-adjusted for the
tasks that are read side by side, and contradicts it if it lies below. Absence of evidence is
"undecided". What the checks do not let a task say is "not testable here".
"""

import math
from collections.abc import Mapping

from seqtransfer.report import estimates
from seqtransfer.report.estimates import Estimate

SUPPORTED, CONTRADICTED, UNDECIDED = "supported", "contradicted", "undecided"
MIXED, NOT_TESTABLE, NOT_TESTED = "mixed", "not testable here", "not tested"


def of_tasks(
    found: Mapping[str, Estimate], failed: Mapping[str, str], level: float, line: float
) -> list[dict]:
    """One record a task: mean, low, high, seeds, p_value (adjusted), verdict, reason, sources, and
    what the study could have seen.

    found: task -> estimate; failed: task -> why it cannot be tested; level: of the intervals;
    line: what the effect is compared with. `sources`: source -> share of the variance. `smallest`:
    the least distance from the line that would be seen in 80 % of such studies; `seeds_needed` for
    the distance that was observed, infinite if what is not seeds leaves too much to chance; both
    only where nothing is decided. Numbers that are not defined are None.
    """
    testable = [task for task in found if task not in failed]
    above = [found[task].p_greater(line) for task in testable]
    p_values = dict(zip(testable, estimates.holm([2 * min(p, 1 - p) for p in above]), strict=True))
    records = []
    for task, one in found.items():
        p_value = p_values.get(task, math.nan)
        if task in failed:
            verdict = NOT_TESTABLE
        elif not p_value <= 1 - level:  # also where it is not defined
            verdict = UNDECIDED
        else:
            verdict = SUPPORTED if one.mean > line else CONTRADICTED
        open_ended = verdict == UNDECIDED
        smallest = one.smallest_effect(level) if open_ended else math.nan
        needed = one.seeds_needed(one.mean - line, level) if open_ended else math.nan
        records.append(
            {"task": task, "seeds": one.seeds, "verdict": verdict, "reason": failed.get(task)}
            | interval(one, level)
            | {"p_value": number(p_value), "sources": sources(one)}
            | {"smallest": number(smallest)}
            | {"seeds_needed": None if math.isnan(needed) else needed}
        )
    return records


def overall(
    found: Mapping[str, Estimate], records: list[dict], level: float, line: float, every: bool
) -> tuple[str, dict]:
    """The verdict of the claim and its numbers: mean over the testable tasks with its interval,
    degrees, heterogeneity, and how many tasks point each way.

    every: the claim holds task by task (intersection-union): it is supported only if each testable
    task lies above the line, at the claim's level without adjustment. Otherwise the mean decides,
    unless a task contradicts it: then the claim is mixed.
    """
    tested = {r["task"]: found[r["task"]] for r in records if r["verdict"] != NOT_TESTABLE}
    counts = {
        word: sum(record["verdict"] == word for record in records)
        for word in (SUPPORTED, CONTRADICTED, UNDECIDED, NOT_TESTABLE)
    }
    shown = tested or found
    mean = estimates.mean_over_tasks(list(shown.values()))
    numbers = interval(mean, level) | {"degrees": number(mean.degrees), "tasks": len(shown)}
    numbers |= {"heterogeneity": number(estimates.heterogeneity(list(shown.values())))}
    numbers |= {"counts": counts}
    if not tested:
        return NOT_TESTABLE, numbers
    low, high = mean.interval(level)
    if every:
        alpha = (1 - level) / 2
        holds = all(one.p_greater(line) <= alpha for one in tested.values())
        return SUPPORTED if holds else CONTRADICTED if high < line else UNDECIDED, numbers
    if counts[SUPPORTED] and counts[CONTRADICTED]:
        return MIXED, numbers
    if low > line:
        return (UNDECIDED if counts[CONTRADICTED] else SUPPORTED), numbers
    if high < line:
        return (UNDECIDED if counts[SUPPORTED] else CONTRADICTED), numbers
    return UNDECIDED, numbers


def interval(one: Estimate, level: float) -> dict:
    """mean, low and high; None where they are not defined."""
    low, high = one.interval(level)
    return {"mean": number(one.mean), "low": number(low), "high": number(high)}


def sources(one: Estimate) -> dict[str, float]:
    """Each source's share of the variance of the mean; empty where the error is not known."""
    if math.isnan(one.error):
        return {}
    return {name: variance / one.error**2 for name, (variance, _) in one.parts.items()}


def number(value: float) -> float | None:
    """For JSON: None for NaN."""
    return None if math.isnan(value) else float(value)
