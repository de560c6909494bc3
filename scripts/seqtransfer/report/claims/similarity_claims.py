"""Claims on the similarity of representations to the domain encoder's: (d1) and (d2)."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from seqtransfer.report import names
from seqtransfer.report.claims import (
    checks,
    claim_records,
    readings,
    reference_estimates,
    verdicts,
)
from seqtransfer.report.claims.verdicts import (
    CONTRADICTED,
    NOT_TESTABLE,
    NOT_TESTED,
    SUPPORTED,
    UNDECIDED,
)
from seqtransfer.report.tables.intervals import paired_differences
from seqtransfer.similarity.layer_comparison import MINIMUM_ROWS_PER_WIDTH
from seqtransfer.similarity.measures import MEASURES

ALPHA = 0.05  # of a task's permutation test
# Of a permutation test.
NO_INTERVAL = dict.fromkeys(("error", "low", "high"))
NO_POWER = dict.fromkeys(("smallest", "seeds_needed"))
NULL_RULE = (
    "Supported if text and domain pretraining are more alike than whole units re-paired at random"
    f" (p <= {ALPHA:g}, which takes 19 draws or more) at every layer and seed of every task that"
    " can be tested, else undecided: similarity that is not seen is not shown to be absent."
)


def above_null(
    comparisons: pd.DataFrame, references: pd.DataFrame, tasks: Sequence[str], measure: str,
    headline: bool, beaten: Sequence[dict], level: float,
) -> dict:  # fmt: skip
    """(d1): text-vs-domain against the null of re-paired units; numbers without intervals.

    tasks: those in which a measure must be shown to be valid, by `references`.
    """
    inner = _before(comparisons, measure)
    text = inner[inner["left"] == "text"]
    name = names.measure(measure)
    checked = [*beaten, *_valid(text, references, tasks, measure, level)]
    failed = {check["task"]: check["why"] for check in checked if check["passed"] is False}
    effects = _of_tasks(text, failed)
    verdict, overall = _of_all(effects)
    record = {
        "id": f"d1-{measure}", "short": "shared structure",
        "title": f"Text- and domain-pretrained encoders are more alike than chance ({name})",
        "paper": "Their representations share non-trivial similarities.",
        "contrast": "text-vs-domain - re-paired", "unit": "similarity",
        "estimand": f"Similarity ({name}) of text and domain pretraining before fine-tuning, at"
        " layers 1 and up, less its mean when whole units of one side are re-paired.",
        "rule": NULL_RULE, "level": 1 - ALPHA, "margin": None, "checks": checked,
        "p_value_of": "largest p (re-paired)",
        "effects": effects, "overall": overall, "verdict": verdict, "qualifier": "",
        "headline": headline, "facts": [], "missing": [said for _, said in _missing(text, "text")],
        "tables": ["comparisons", "references", "runs", "left_out"], "figure": "similarities",
    }  # fmt: skip
    if above := _also_above(inner):
        tasks = inner["task"].nunique()
        record["aside"] = (
            f"In {len(above)} of {tasks} task{'s' * (tasks != 1)} random weights, too, resemble"
            " domain pretraining more than chance; (d2) asks for more."
        )
        record["facts"].append(
            f"Random weights exceed this null, too, in: {', '.join(above)}. There, being above it"
            " says nothing of pretraining; (d2) asks that."
        )
    if few := _few_rows(text, measure):
        record["facts"].append(
            f"Fewer than {MINIMUM_ROWS_PER_WIDTH} rows per dimension in {', '.join(few)}: chance"
            " similarity is high there."
        )
    record["qualifier"] = claim_records.qualifier(record)
    return record | {"reading": readings.of(record)}


def _valid(
    inner: pd.DataFrame, references: pd.DataFrame, tasks: Sequence[str], measure: str, level: float
) -> list[dict]:
    """The checks that the measure means something here."""
    told = checks.tells_apart(references, tasks, measure, level)
    return [*checks.has_rows(inner, measure), *told]


def _of_tasks(text: pd.DataFrame, failed: Mapping[str, str]) -> list[dict]:
    """(d1) task by task. text: its similarities to domain; failed: task -> why it is not judged."""
    effects = []
    for task, rows in text.groupby("task", sort=False):
        worst = rows["p_value"].max(skipna=False)
        known = rows[["score", "p_value"]].notna().all(axis=1).groupby(rows["seed"]).all()
        above = worst <= ALPHA
        verdict = NOT_TESTABLE if task in failed else SUPPORTED if above else UNDECIDED
        mean = (rows["score"] - rows["null_mean"]).mean(skipna=False)
        effects.append(
            {"task": task, "seeds": int(known.sum()), "verdict": verdict}
            | {"reason": failed.get(task), "mean": verdicts.number(mean)}
            | NO_INTERVAL
            | {"p_value": verdicts.number(worst), "sources": {}}
            | NO_POWER
        )
    return effects


def _of_all(effects: Sequence[dict]) -> tuple[str, dict | None]:
    """(d1) over tasks: its verdict, and their mean with the number of tasks of each verdict."""
    if not effects:
        return NOT_TESTED, None
    testable = [one for one in effects if one["verdict"] != NOT_TESTABLE]
    means = [one["mean"] for one in testable or effects]
    mean = None if None in means else float(np.mean(means))
    overall: dict = {"mean": mean, "degrees": None} | NO_INTERVAL
    overall |= {"tasks": len(means), "heterogeneity": None, "heterogeneity_p": None}
    overall |= NO_POWER
    overall["counts"] = {
        word: sum(one["verdict"] == word for one in effects)
        for word in (SUPPORTED, CONTRADICTED, UNDECIDED, NOT_TESTABLE)
    }
    every = all(one["verdict"] == SUPPORTED for one in testable)
    return NOT_TESTABLE if not testable else SUPPORTED if every else UNDECIDED, overall


def _also_above(inner: pd.DataFrame) -> list[str]:
    """Tasks in which random weights, too, are more like domain's than chance."""
    random = inner[inner["left"] == "random"].groupby("task", sort=False)["p_value"]
    worst = random.agg(lambda values: values.max(skipna=False))
    return [str(task) for task in worst.index[worst <= ALPHA]]


def _means(inner: pd.DataFrame) -> pd.DataFrame:
    """Mean over layers, column `score`, of every task, arm (`initialization`) and seed."""
    means = inner.groupby(["task", "left", "seed"], sort=False)["score"].mean(skipna=False)
    return means.reset_index().rename(columns={"left": "initialization"})


def _missing(inner: pd.DataFrame, *arms: str) -> list[tuple[str, str]]:
    """(task, run) of the runs of one or two arms without a finite similarity in some layer."""
    return claim_records.missing_runs(_means(inner), "score", arms[0], arms[-1])


def _few_rows(inner: pd.DataFrame, measure: str) -> list[str]:
    """Tasks with so few rows that chance makes this measure high."""
    if not MEASURES[measure].saturates:
        return []
    directions = inner[["left_rank", "right_rank"]].max(axis=1)
    few = inner[inner["rows"] < MINIMUM_ROWS_PER_WIDTH * directions]
    return [str(task) for task in few["task"].unique()]


def above_floor(
    comparisons: pd.DataFrame, references: pd.DataFrame, tasks: Sequence[str], measure: str,
    headline: bool, beaten: Sequence[dict], level: float,
) -> dict:  # fmt: skip
    """(d2): text-vs-domain against random-vs-domain; `tasks` as for (d1)."""
    inner = _before(comparisons, measure)
    both = inner[inner["left"].isin(("text", "random"))]
    mean = _means(both)
    pairs = paired_differences(mean, "score", "text", "random").groupby("task", sort=False)
    found = {
        str(task): reference_estimates.above_floor(
            rows["difference"], references, task, measure, "text"
        )
        for task, rows in pairs
    }
    name = names.measure(measure)
    valid = _valid(both, references, tasks, measure, level)
    record = claim_records.record(
        found, [*beaten, *valid], level, missing=_missing(both, "text", "random"),
        headline=headline,
        id=f"d2-{measure}", short="nearer than random",
        unit="similarity", contrast="text-vs-domain - random-vs-domain",
        title=f"Text weights are nearer to domain-pretrained ones than random weights are ({name})",
        paper="Their representations share non-trivial similarities.",
        tables=["comparisons", "references"], figure="similarity",
        estimand=f"Similarity ({name}) of text and domain pretraining less that of random weights"
        " and domain pretraining, before fine-tuning: mean over layers 1 and up, paired by seed,"
        " and over the domain encoder's pretrainings, one or two. Its interval covers seeds, units"
        " of the probe and these pretrainings.",
    )  # fmt: skip
    record["facts"] += readings.taken_as_given(found)
    text = mean[mean["initialization"] == "text"].groupby("task")["score"]
    record["facts"] += readings.calibrated(text.mean(skipna=False), references, measure, level)
    return record


def _before(comparisons: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Similarities to domain before fine-tuning, layers 1 and up."""
    return comparisons[
        (comparisons["measure"] == measure)
        & (comparisons["stage"] == "before")
        & (comparisons["layer"] >= 1)
        & (comparisons["right"] == "domain")
    ]
