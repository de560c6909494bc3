"""Records of claims -> sentences: what a verdict rests on, in plain words."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from seqtransfer.report import names
from seqtransfer.report.claims import reference_estimates
from seqtransfer.report.claims.estimates import Estimate
from seqtransfer.report.claims.verdicts import (
    CONTRADICTED,
    MIXED,
    NOT_TESTABLE,
    SUPPORTED,
)
from seqtransfer.report.statistics import LEVEL

ALPHA = 0.05  # of "all tasks have one mean"


def of(record: dict) -> str:
    """The verdict in plain words: the mean over tasks, how many tasks point each way, and what
    stands in the way of a decision."""
    overall, verdict = record["overall"], record["verdict"]
    if overall is None:
        return (
            "Not tested: the study has no runs of one of the arms that it compares, or leaves their"
            " comparison out." + " Studies with the arms `random` and `domain` test it, such as"
            " workflow/studies/references.yaml." * ("domain" in record["contrast"])
        )
    line = -(record["margin"] or 0.0)
    counts = overall["counts"]
    tasks = ", ".join(f"{word} in {count}" for word, count in counts.items() if count)
    total = sum(counts.values())
    compared = names.contrast(record["contrast"])
    said = f"{compared[:1].upper()}{compared[1:]}: {interval(overall, record)}"
    said += f" {record['unit']}."
    said += f" Of {total} task{'s' * (total != 1)}: {tasks}."
    differ = overall["heterogeneity_p"] is not None and overall["heterogeneity_p"] <= ALPHA
    if differ and verdict != NOT_TESTABLE:
        said += (
            f" Tasks differ more than chance explains (p {p_value(overall['heterogeneity_p'])}, I2"
            f" {100 * overall['heterogeneity']:.0f} %): read them one by one."
        )
    return f"{said} {_decision(record, verdict, line)}"


def _decision(record: dict, verdict: str, line: float) -> str:
    overall, paper = record["overall"], "the paper" if record["paper"] else "the statement"
    lacking = f"there is no finite number of {'; '.join(record['missing'])}"
    if verdict == NOT_TESTABLE:
        beside = f", and {lacking}" if record["missing"] else ""
        return f"No task passes the checks{beside}: nothing is decided."
    if record["missing"]:
        return f"{lacking[:1].upper()}{lacking[1:]}, so nothing is decided."
    if verdict == SUPPORTED:
        return f"This agrees with {paper}."
    if verdict == CONTRADICTED:
        return f"This contradicts {paper}."
    if verdict == MIXED:
        return f"Some tasks agree with {paper} and some contradict it."
    mark = f"the margin {line:g}" if record["margin"] else "0"
    if overall["low"] is None and record["id"].startswith("d1"):
        return "Not every layer and seed exceeds the null: nothing is decided."
    if overall["low"] is None and any(one["few_examples"] for one in record["effects"]):
        return (
            "A score or similarity is not defined without one of the groups of examples, such as"
            " where the others have one label: there is no interval, and nothing is decided. Bring"
            " examples of more groups."
        )
    if overall["low"] is None:
        return (
            "One seed a task, or runs that are all equal, give no interval: nothing is decided."
            " List more `seeds` and, for similarities, raise `compare: {seeds: ...}`."
        )
    if overall["low"] <= line <= overall["high"]:
        said = f"The interval includes {mark}: these runs do not decide."
        if overall["smallest"] is not None:
            said += f" A mean {overall['smallest']:.3f} from {mark} would have been seen in 80 % of"
            said += " such studies."
        return said
    return "Not every task allows it: these runs do not decide."


def interval(effect: dict, record: Mapping) -> str:
    """`+0.031 (95 % interval +0.010 to +0.052)`, or what there is of it. record: of the claim."""
    if effect["mean"] is None:
        return "no number in"
    if effect["low"] is None:
        return f"{names.typed(effect['mean'])} (no interval)"
    ends = names.typed_ends(effect["low"], effect["high"], -(record["margin"] or 0.0))
    return f"{names.typed(effect['mean'])} ({100 * record['level']:.0f} % interval {ends})"


def p_value(number: float) -> str:
    """With three decimals, more near 0.05, or `< 0.001`."""
    digits = names.telling_digits(number, 1 - LEVEL)
    return "< 0.001" if number < 0.001 else f"{number:.{digits}f}"


def without_examples(found: Mapping[str, Estimate], part: str) -> list[str]:
    """Of intervals that cover seeds alone, which tasks; tasks without an interval are silent."""
    tasks = [task for task, one in found.items() if one.parts and "examples" not in one.parts]
    if not tasks:
        return []
    return [
        f"The {part} examples of {', '.join(tasks)} are of one unit, or not scored without groups:"
        " the interval covers seeds alone there."
    ]


def taken_as_given(found: Mapping[str, Estimate]) -> list[str]:
    """Of what (d2)'s intervals do not cover, which tasks; tasks without an interval are silent."""
    lines = []
    for source, why in (
        ("units", "No scores without groups of units: the interval takes the probe as given"),
        ("reference", "One pretraining of domain: the interval takes it as given"),
    ):
        tasks = [task for task, one in found.items() if one.parts and source not in one.parts]
        if tasks:
            lines.append(f"{why} in {', '.join(tasks)}.")
    return lines


def calibrated(
    text: Mapping[str, float], references: pd.DataFrame, measure: str, level: float
) -> list[str]:
    """Where text with domain lies between floor and ceiling, task by task; it decides nothing.

    text: task -> mean score of text with domain over seeds and layers 1 and up, of the tasks that
    have one; references: the table of that name.
    """
    lines = []
    for task, floor, ceiling, one in reference_estimates.spans(references, measure):
        if task not in text:
            continue
        place = (
            f"calibrated {(text[task] - floor) / one.mean:+.2f} (0 at the floor, 1 at the ceiling)"
            if reference_estimates.is_valid(references, task, measure, one, level)
            else "not calibrated, since the measure is not valid here"
        )
        lines.append(
            f"{task}: floor {floor:.3f} (random weights), ceiling {ceiling:.3f}"
            f" (the domain encoder and {reference_estimates.itself(references, task)});"
            f" text pretraining is {place}. This reads the score; it is no part of the rule."
        )
    return lines


def median_steps(rows: pd.DataFrame) -> str:
    """Median over runs; where half of them never got there, the most that one of the others took,
    and where more did not, the steps that were not enough."""
    steps, censored = rows["steps_to_threshold"], rows["censored"]
    if steps.isna().any():
        return "no number"
    late = float(censored.mean())
    if late > 0.5:
        return f"not in {steps.max():.0f}"
    found = np.median(steps) if late < 0.5 else steps[~censored].max()
    return (f"{found:.0f}" if found >= 10 else f"{found:.1f}") + " in half of its runs" * (
        late == 0.5
    )


def log_rank(left: pd.DataFrame, right: pd.DataFrame) -> str:
    """The log-rank test of two arms' steps to the threshold, censored runs included; empty where an
    arm has one run, a run has no number, or the steps cannot tell any two runs apart.

    Its p-value is the share of the ways to deal the runs out to two arms of these sizes, all of
    them or 9,999 and the one seen, that part the arms at least as far (Peto and Peto 1972). The
    textbook's is of many runs: of 3 against 3 it errs in 10 % where it says 5 %.
    """
    from scipy import stats

    both = pd.concat([left, right])
    if both["steps_to_threshold"].isna().any() or min(len(left), len(right)) < 2:
        return ""
    scores = log_rank_scores(
        both["steps_to_threshold"].to_numpy(float), both["censored"].to_numpy(bool)
    )
    if np.ptp(scores) < 1e-12:
        return ""
    found = stats.permutation_test(
        (scores[: len(left)], scores[len(left) :]),
        lambda one, _, axis: np.abs(one.sum(axis=axis)),
        permutation_type="independent",
        vectorized=True,
        alternative="greater",
        rng=0,
    )
    return f" (log-rank p {p_value(found.pvalue)})"


def log_rank_scores(steps: np.ndarray, censored: np.ndarray) -> np.ndarray:
    """(n,) scores of runs, whose sum over an arm is the log-rank test's observed less expected
    arrivals: 1 for a run that arrived, less the hazard that all runs together had by its step."""
    ends, arrived = np.unique(steps[~censored], return_counts=True)
    at_risk = (steps >= ends[:, None]).sum(axis=1)
    hazard = (arrived / at_risk) @ (ends[:, None] <= steps) if len(ends) else 0.0
    return ~censored - hazard
