"""Estimates task by task -> verdicts: of each task, and of the claim over all of them.

Tasks are judged first, those that pass the claim's checks. A task supports a claim if its effect
lies above the line (0, or minus the margin) by a test at the claim's level, and contradicts it if
it lies below. Holm's adjustment is for all tasks of the claim, those that fail a check included, so
that no number chooses how many are read side by side. Absence of evidence is "undecided". What the
checks do not let a task say is "not testable here".
"""

import math
from collections.abc import Mapping

from seqtransfer.report.claims import estimates
from seqtransfer.report.claims.estimates import Estimate

SUPPORTED, CONTRADICTED, UNDECIDED = "supported", "contradicted", "undecided"
MIXED, NOT_TESTABLE, NOT_TESTED = "mixed", "not testable here", "not tested"
DECIDED = (SUPPORTED, CONTRADICTED)
NO_NUMBER = "no number"  # of seeds: other sources of chance leave too much


def of_tasks(
    found: Mapping[str, Estimate],
    failed: Mapping[str, str],
    level: float,
    line: float,
    *,
    every: bool = False,
) -> list[dict]:
    """One record a task: mean, error, low, high, seeds, p_value, verdict, reason, sources,
    and what the study could have seen.

    found: task -> estimate; failed: task -> why it cannot be tested; level: of the intervals;
    line: what the effect is compared with. every: the claim holds task by task, so that a task
    supports it by its own one-sided test, without adjustment, and p_value is of that; else it is
    two-sided and adjusted. `sources`: source -> share of the variance; parts, alone, few_examples:
    as in `Estimate`; smallest and seeds_needed as `power`, where nothing is decided.
    Numbers that are not defined are None.
    """
    above = [math.nan if task in failed else one.p_greater(line) for task, one in found.items()]
    adjusted = estimates.holm([2 * min(p, 1 - p) for p in above])
    by_all = side_by_side(level, len(found))
    records = []
    for (task, one), greater, both in zip(found.items(), above, adjusted, strict=True):
        supports = greater <= (1 - level) / 2 if every else both <= 1 - level and greater < 0.5
        if task in failed:
            verdict = NOT_TESTABLE
        elif supports:
            verdict = SUPPORTED
        elif both <= 1 - level and greater > 0.5:
            verdict = CONTRADICTED
        else:  # also where p is not defined
            verdict = UNDECIDED
        records.append(
            {"task": task, "seeds": one.seeds, "verdict": verdict, "reason": failed.get(task)}
            | interval(one, level)
            | {"p_value": number(greater if every else both), "sources": sources(one)}
            | {"parts": {name: list(part) for name, part in one.parts.items()}}
            | {"alone": {name: list(part) for name, part in one.alone.items()}}
            | {"few_examples": one.few_examples}
            # Below the line a task decides by the adjusted test, whatever the claim.
            | power(one, level if every and one.mean > line else by_all, line,
                    undecided=verdict == UNDECIDED)
        )  # fmt: skip
    return records


def overall(
    found: Mapping[str, Estimate], records: list[dict], level: float, line: float, every: bool
) -> tuple[str, dict]:
    """The verdict of the claim and its numbers: mean over the testable tasks with its interval,
    degrees, heterogeneity, how many tasks point each way, and what the mean could have seen.

    every: the claim holds task by task (intersection-union): it is supported only if each testable
    task supports it, and contradicted if one does. Otherwise the mean decides, unless a task points
    the other way: then nothing is decided, or, with tasks of both kinds, the claim is mixed.
    """
    tested = {r["task"]: found[r["task"]] for r in records if r["verdict"] != NOT_TESTABLE}
    counts = {
        word: sum(record["verdict"] == word for record in records)
        for word in (SUPPORTED, CONTRADICTED, UNDECIDED, NOT_TESTABLE)
    }
    shown = list((tested or found).values())
    mean = estimates.mean_over_tasks(shown)
    verdict = _of_claim(counts, mean.interval(level), line, every) if tested else NOT_TESTABLE
    numbers = interval(mean, level) | {"degrees": number(mean.degrees), "tasks": len(shown)}
    numbers |= {"heterogeneity": number(estimates.heterogeneity(shown))}
    numbers |= {"heterogeneity_p": number(estimates.homogeneity_p(shown)), "counts": counts}
    low, high = mean.interval(level)
    # Where a task keeps a mean that is decided from a verdict, more seeds would not give one.
    numbers |= power(
        mean, level, line, undecided=verdict == UNDECIDED and not every and low <= line <= high
    )
    return verdict, numbers


def _of_claim(
    counts: Mapping[str, int], mean: tuple[float, float], line: float, every: bool
) -> str:
    supported, contradicted = counts[SUPPORTED], counts[CONTRADICTED]
    low, high = mean
    if every:
        whole = supported and not (contradicted or counts[UNDECIDED])
        return CONTRADICTED if contradicted else SUPPORTED if whole else UNDECIDED
    if supported and contradicted:
        return MIXED
    if low > line and not contradicted:
        return SUPPORTED
    if high < line and not supported:
        return CONTRADICTED
    return UNDECIDED


def side_by_side(level: float, tasks: int) -> float:
    """The level at which one of so many tasks decides, whatever the others do (Bonferroni)."""
    return 1 - (1 - level) / max(1, tasks)


def power(one: Estimate, level: float, line: float, *, undecided: bool) -> dict:
    """What such a study would see in 80 % of trials, where nothing is decided.

    smallest: the least distance from the line. seeds_needed: for the distance that was observed, a
    number or `NO_NUMBER`. None where something is decided, or where the error is not known.
    """
    smallest = one.smallest_effect(level) if undecided else math.nan
    needed = one.seeds_needed(one.mean - line, level) if undecided else math.nan
    said = NO_NUMBER if needed == math.inf else None if math.isnan(needed) else int(needed)
    return {"smallest": number(smallest), "seeds_needed": said}


def interval(one: Estimate, level: float) -> dict:
    """mean, its standard error, low and high; None where they are not defined."""
    low, high = one.interval(level)
    numbers = {"mean": one.mean, "error": one.error, "low": low, "high": high}
    return {name: number(value) for name, value in numbers.items()}


def sources(one: Estimate) -> dict[str, float]:
    """Each source's share of the variance of the mean; empty where the error is not known."""
    if math.isnan(one.error):
        return {}
    return {name: variance / one.error**2 for name, (variance, _) in one.parts.items()}


def number(value: float) -> float | None:
    """For JSON: None for NaN."""
    return None if math.isnan(value) else float(value)
