"""What must hold before a claim is judged: checks, task by task, each with its reason.

A check is a record: check (its name), task, passed, blocks (whether the task is not testable
without it), why.
"""

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from seqtransfer.report import names
from seqtransfer.report.claims import reference_estimates
from seqtransfer.report.claims.estimates import Estimate
from seqtransfer.similarity.measures import MEASURES

LATE = 0.75  # share of the steps after which a best step is late
BEATS_RANDOM, VALID = "the reference beats random weights", "the measure is valid here"
LEARNED = 0.5  # of the higher arm's mean score, the least that the other must have
BY_CHANCE = 2.0  # standard errors of a score of answers that know nothing
SETTLED = 0.5  # of an arm's runs, more than this share must have trained to an end


def reference_beats_random(
    found: Mapping[str, Estimate], tasks: Sequence[str], level: float, unit: str
) -> list[dict]:
    """Whether domain - random, estimated task by task, lies above 0 by its interval of `level`.

    tasks: those with an arm `domain`; one without an estimate does not pass.
    """
    records = []
    for task in tasks:
        if task not in found:
            why = "the study has no random weights, which the reference would have to beat"
            records.append(_record(BEATS_RANDOM, task, False, True, why))
            continue
        one = found[task]
        low, high = one.interval(level)
        passed = not math.isnan(low) and low > 0
        where = f"{names.typed(one.mean)} {unit}"
        where += "" if math.isnan(low) else f", {names.typed_ends(low, high)}"
        beats = "beats" if passed else "is not shown to beat"
        why = f"domain pretraining {beats} random weights ({where})"
        records.append(_record(BEATS_RANDOM, task, passed, True, why))
    return records


def trained_to_an_end(run: pd.DataFrame, arms: Sequence[str]) -> list[dict]:
    """Whether more than half of each arm's runs trained to an end.

    Those are runs that were better after some step than before the first, that did not diverge, and
    that ended since they no longer improved, or were best within the first LATE of their steps.
    """
    records = []
    mine = run[run["initialization"].isin(arms)]
    for task, rows in mine.groupby("task", sort=False):
        late = ~rows["plateau"].astype(bool) & (rows["best_step"] > LATE * rows["steps_taken"])
        open_ended = (rows["best_step"] == 0) | late | rows["diverged"].astype(bool)
        shares = open_ended.groupby(rows["initialization"], sort=False).mean()
        climbing = [
            f"{names.arm(arm)} {100 * share:.0f} %"
            for arm, share in shares.items()
            if share >= 1 - SETTLED
        ]
        ended = rows["plateau"].astype(bool).groupby(rows["initialization"]).mean().min() > SETTLED
        of = "the arm" if len(arms) == 1 else "each arm"
        why = (
            f"runs that still improved at the end of their {rows['steps'].max()} steps, never did,"
            f" or diverged: {', '.join(climbing)}"
            if climbing
            else f"most runs of {of} trained until they no longer improved"
            if ended
            else f"most runs of {of} trained until they no longer improved, or were best within"
            f" the first {100 * LATE:.0f} % of their steps"
        )
        check = f"{'the arm' if len(arms) == 1 else 'both arms'} trained to an end"
        records.append(_record(check, task, not climbing, False, why))
    return records


def learned_the_task(
    run: pd.DataFrame, arms: Sequence[str], units: Mapping[str, int] | None = None
) -> list[dict]:
    """Whether both arms learned the task, without which "sooner where it ends" says nothing: the
    best dev score so far of answers by chance is above 0 and early there.

    Each run's test score must be above what chance reaches, no run may have diverged (its curve is
    held at its best, so that it would count as soon), and the mean of the lower arm must be at
    least LEARNED of the other's. Scores are MCC of classes, whatever a task's metric, else the
    headline metric; of n answers that know nothing both have a standard error of about
    1 / sqrt(n - 1), as a correlation has (MCC of more than two classes a smaller one, so that the
    check is stricter there). units: task -> n, the test units, since examples of one unit are not
    independent; without it n is the number of examples. A run without a score has not learned it.
    """
    records = []
    mine = run[run["initialization"].isin(arms)]
    for task, rows in mine.groupby("task", sort=False):
        scores = rows["test_score"]
        if "test_mcc" in rows and rows["test_mcc"].notna().any():
            scores = rows["test_mcc"]
        by_arm = scores.groupby(rows["initialization"], sort=False)
        means = by_arm.mean(skipna=False)
        count = rows["test_n"].min() if units is None else units[task]
        chance = BY_CHANCE / math.sqrt(max(1, count - 1))
        diverged = rows["diverged"].astype(bool).groupby(rows["initialization"], sort=False).sum()
        unit = names.unit("mcc" if scores.name == "test_mcc" else rows["metric"].iloc[0])
        each = ", ".join(f"{names.arm(arm)} {mean:.3f}" for arm, mean in means.items())
        why, passed = f"mean test scores: {each} {unit}", False
        if means.isna().any():
            why = f"a run has no test score; {why}"
        elif diverged.any():
            each = ", ".join(f"{names.arm(arm)} {number}" for arm, number in diverged.items())
            why = f"runs diverged, whose curves are held at their best: {each}"
        elif not scores.min() > chance:
            each = ", ".join(f"{names.arm(arm)} {least:.3f}" for arm, least in by_arm.min().items())
            why = f"a run's test score is within chance, which reaches {chance:.3f}; least: {each}"
        elif means.min() < LEARNED * means.max():
            why = f"an arm's is less than {100 * LEARNED:.0f} % of the other's; {why}"
        else:
            passed = True
        records.append(_record("both arms learned the task", task, passed, True, why))
    return records


def has_rows(inner: pd.DataFrame, measure: str) -> list[dict]:
    """Whether no two canonical correlations are 1, among which PWCCA's weights are arbitrary; a
    single one is allowed. inner: of the arms that the claim compares, alone.

    With n rows at least p + q - (n - 1) are, of p and q directions that the measure uses, whatever
    the encoders do; so are those of a subspace that both encoders share.
    """
    if not MEASURES[measure].saturates:
        return []
    records = []
    for task, rows in inner.groupby("task", sort=False):
        used = rows["left_rank"] + rows["right_rank"]
        short, tied = (used - (rows["rows"] - 1) > 1).any(), rows["ties"].max()
        why = f"{rows['rows'].min()} rows for {used.max()} directions of both sides"
        if short:
            why += ": some canonical correlations are 1 by construction"
        elif tied > 1:
            why += f", but {tied} canonical correlations are 1: both sides share a subspace"
        records.append(
            _record("no canonical correlations of 1", task, not short and tied <= 1, True, why)
        )
    return records


def tells_apart(
    references: pd.DataFrame, tasks: Sequence[str], measure: str, level: float
) -> list[dict]:
    """Whether the reference is nearer to its own second training than random weights are: ceiling -
    floor, mean over layers 1 and up, lies above 0 by its interval of `level`.

    A reference that was trained once has halves of its own neurons for a ceiling, which are alike
    by construction: this says that the measure can see likeness, no more. A measure whose value by
    chance grows with the widths cannot pass by halves, since floor and ceiling have other widths.

    references: the table of that name; tasks: those that are judged by it; one without a floor or
    a ceiling there does not pass.
    """
    records = []
    spans = {task: rest for task, *rest in reference_estimates.spans(references, measure)}
    for task in tasks:
        if task not in spans:
            why = "the study has no floor and ceiling of domain: `compare: {reference: domain}`"
            records.append(_record(VALID, task, False, True, why))
            continue
        floor, ceiling, one = spans[task]
        low, high = one.interval(level)
        itself = reference_estimates.itself(references, task)
        comparable = reference_estimates.is_comparable(references, task, measure)
        passed = reference_estimates.is_valid(references, task, measure, one, level)
        why = f"ceiling {ceiling:.3f}, floor {floor:.3f}, difference {names.typed(one.mean)}"
        ends = "no interval" if math.isnan(low) else names.typed_ends(low, high)
        why += f", {ends}"
        if not comparable:
            why = (
                f"the reference has no second training, and {itself}, as ceiling, have other widths"
                f" than the floor, with which this measure grows by chance ({why})"
            )
        elif not passed:
            why = (
                f"by this measure domain pretraining is not shown to be nearer to {itself} than to"
                f" random weights ({why})"
            )
            if one.seeds < 2:
                why += "; list several seeds in compare.floor_seeds"
        elif itself == reference_estimates.HALVES:
            why += f"; the ceiling is {itself}, since there is no second training"
        records.append(_record(VALID, task, passed, True, why))
    return records


def _record(check: str, task: str, passed: bool, blocks: bool, why: str) -> dict:
    return {
        "check": check, "task": str(task), "passed": bool(passed), "blocks": blocks, "why": why
    }  # fmt: skip
