"""The claim ledger: each claim of Kao & Lee (2021) -> an estimand, checks, a rule, a verdict.

Rules are fixed here, before any number; AMENDED says when one was changed. An effect is a paired
difference between two arms that share token map, head and batch order. Checks come first: a claim
that rests on a reference or on a measure says nothing where these fail. `verdicts` judges what is
left, task by task.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from seqtransfer.report import checks, estimates, names, readings, reference_estimates, verdicts
from seqtransfer.report.estimates import Estimate
from seqtransfer.report.tables.intervals import paired_differences
from seqtransfer.report.tables.run_tables import score_unit
from seqtransfer.report.tables.similarity_tables import REFERENCE
from seqtransfer.report.verdicts import NOT_TESTED, SUPPORTED, UNDECIDED
from seqtransfer.similarity.layer_comparison import MINIMUM_ROWS_PER_WIDTH

ALPHA = 0.05  # of a task's permutation test
AMENDED = (
    ("2026-11-25", "equal differences and a similarity without a number leave a claim undecided"),
    (
        "2026-11-26",
        "checks come before verdicts; tasks are judged first, with Holm's adjustment; intervals"
        " cover test examples, too; (c) must hold in every task; (d) is two questions, of one"
        " measure",
    ),
    (
        "2026-11-26",
        "the interval of (d2) covers the probe's units and the reference's pretraining, too; a"
        " measure is valid if its ceiling lies above the floor by its interval, not by 0.02",
    ),
    (
        "2026-11-26",
        "runs that ended for want of a better dev score have trained to an end; the curves of (a)"
        " are those of the best score so far",
    ),
)
SIGN_RULE = (
    "A task supports the claim if its effect lies above 0 by a two-sided test at {alpha:.0f} %,"
    " adjusted for {tasks} tasks (Holm), and contradicts it if it lies below. The claim is"
    " supported if the {percent:.0f} % interval of the mean lies above 0 and no task contradicts"
    " it, contradicted the other way round, mixed if tasks point both ways."
)
MARGIN_RULE = (
    "Non-inferiority, in every task: supported if each task's {percent:.0f} % interval lies above"
    " -{margin:g} {unit} (one of two one-sided tests at {alpha:.0f} %; all must pass, so none is"
    " adjusted), contradicted if that of the mean lies below -{margin:g}."
)
NULL_RULE = (
    "Supported if text-vs-domain exceeds what whole units re-paired at random give (p <="
    f" {ALPHA:g}, the least that 19 draws can show) at every layer and seed of every task, else"
    " undecided: similarity that is not seen is not shown to be absent."
)


def judge(
    run: pd.DataFrame,
    speed: pd.DataFrame,
    comparisons: pd.DataFrame,
    *,
    left_out: pd.DataFrame | None = None,
    references: pd.DataFrame | None = None,
    level: float = 0.95,
    margin: float = 0.05,
    measure: str | None = None,
) -> list[dict]:
    """One record per claim, from the tables `runs`, `convergence` and `comparisons`.

    left_out, references: the tables of these names; without them, intervals cover seeds alone.
    level: of all intervals but that of claim (c), whose level
    is 2 level - 1 so that each of its two one-sided tests has error 1 - level. margin:
    non-inferiority margin of (c). measure: the one that (d) is judged by, the first when absent.
    A record has id, short, title, paper, contrast, estimand, unit, level, margin, rule, checks,
    effects (one per task, of `verdicts.of_tasks`), overall, verdict, qualifier, headline (False for
    a measure that stands beside the one of (d)), reading, facts, missing, and for the page tables
    (those that its numbers are from) and figure (the one that shows it). Numbers that are not
    defined are None.
    """
    tested, unit = (run, "test_score"), score_unit(run)
    measures = list(comparisons["measure"].unique())
    headline = measure if measure in measures else next(iter(measures), None)
    ordered = sorted(measures, key=lambda name: name != headline)
    mine = pd.DataFrame(columns=["right", *REFERENCE]) if references is None else references
    mine = mine[mine["right"] == "domain"]
    common = {"run": run, "left_out": left_out, "level": level}
    beaten = checks.reference_beats_random(
        _estimates(*tested, "domain", "random", left_out), level, unit
    )
    return [
        _faster(run, speed, level),
        _better(common, unit),
        _slightly_worse(common, beaten, unit, margin),
        *(_above_null(comparisons, name, name == headline, beaten) for name in ordered),
        *(
            _above_floor(comparisons, mine, name, name == headline, beaten, level)
            for name in ordered
        ),
        _of_scores(
            "shuffled", "random", **common, unit=unit,
            id="weights", short="shuffled over random",
            title="Shuffled text weights score better than random weights", paper="",
            estimand="Paired difference shuffled - random of the test score: what the distribution"
            " of the weights gives without their arrangement.",
        ),
        _of_scores(
            "text", "shuffled", **common, unit=unit,
            id="arrangement", short="text over shuffled",
            title="Text weights score better than the same weights shuffled", paper="",
            estimand="Paired difference text - shuffled of the test score: what the arrangement of"
            " the weights (the knowledge) adds to their distribution.",
        ),
    ]  # fmt: skip


def _faster(run: pd.DataFrame, speed: pd.DataFrame, level: float) -> dict:
    found = _estimates(speed, "relative", "text", "random")
    record = _record(
        found, checks.trained_to_an_end(run, ("text", "random")), level,
        missing=_missing(speed, "relative", "text", "random"),
        tables=["convergence"], figure="convergence",
        id="a", short="text learns faster", contrast="text - random",
        title="Text pretraining converges faster than random initialization",
        paper="Text-pretrained models converge faster.", unit="share of the run's best dev score",
        estimand="Paired difference text - random of the mean height of the dev-score curve over"
        " log2(step + 1), from the first evaluation on, as a share of the run's own best: how soon"
        " a run is where it ends, whatever that is worth. Its interval covers seeds alone.",
    )  # fmt: skip
    for task, rows in speed.groupby("task", sort=False):
        arms = [arm for arm in ("text", "random") if (rows["initialization"] == arm).any()]
        parts = [rows[rows["initialization"] == arm] for arm in arms]
        medians = [
            f"{arm} {readings.median_steps(part)}" for arm, part in zip(arms, parts, strict=True)
        ]
        test = readings.log_rank(*parts) if len(parts) == 2 else ""
        record["facts"].append(
            f"{task}: median steps to dev score {rows['threshold'].iloc[0]:.3f} (90 % of the common"
            f" best): {', '.join(medians)}{test}."
        )
    return record


def _better(common: Mapping, unit: str) -> dict:
    return _of_scores(
        "text", "random", **common, unit=unit,
        id="b", short="text scores better",
        title="Text pretraining scores better than random initialization",
        paper="Text-pretrained models perform better.",
        estimand="Paired difference text - random of the test score at the step of the best dev"
        " score.",
    )  # fmt: skip


def _slightly_worse(common: Mapping, beaten: Sequence[dict], unit: str, margin: float) -> dict:
    narrow = 2 * common["level"] - 1
    return _of_scores(
        "text", "domain", **{**common, "level": narrow}, unit=unit, margin=margin, blocking=beaten,
        id="c", short="nearly as good as domain",
        title="Text pretraining is only slightly worse than domain pretraining",
        paper="Only slightly worse than models with task-specific knowledge.",
        estimand="Paired difference text - domain of the test score, against a margin fixed"
        " beforehand.",
        rule=MARGIN_RULE.format(
            percent=100 * narrow, margin=margin, alpha=100 * (1 - common["level"]), unit=unit
        ),
    )  # fmt: skip


def _of_scores(
    left: str, right: str, *, run: pd.DataFrame, left_out: pd.DataFrame | None, level: float,
    margin: float | None = None, blocking: Sequence[dict] = (), **texts: str,
) -> dict:  # fmt: skip
    """The record of the difference of two arms' test scores."""
    return _record(
        _estimates(run, "test_score", left, right, left_out),
        [*blocking, *checks.trained_to_an_end(run, (left, right))],
        level, margin, missing=_missing(run, "test_score", left, right),
        contrast=f"{left} - {right}", tables=["runs", "left_out"], figure="scores", **texts,
    )  # fmt: skip


def _above_null(
    comparisons: pd.DataFrame, measure: str, headline: bool, beaten: Sequence[dict]
) -> dict:
    """(d1): text-vs-domain against the null of re-paired units; numbers without intervals."""
    inner = _before(comparisons, measure)
    text = inner[inner["left"] == "text"]
    name = names.measure(measure)
    failed = {check["task"]: check["why"] for check in beaten if check["passed"] is False}
    effects = []
    for task, rows in text.groupby("task", sort=False):
        worst, lost = rows["p_value"].max(), rows["p_value"].isna().any()
        above = not lost and worst <= ALPHA
        verdict = verdicts.NOT_TESTABLE if task in failed else SUPPORTED if above else UNDECIDED
        mean = (rows["score"] - rows["null_mean"]).mean(skipna=False)
        effects.append(
            {"task": task, "seeds": rows["seed"].nunique(), "verdict": verdict}
            | {"reason": failed.get(task), "mean": verdicts.number(mean), "low": None, "high": None}
            | {"p_value": verdicts.number(worst), "sources": {}, "smallest": None}
            | {"seeds_needed": None}
        )
    testable = [one for one in effects if one["verdict"] != verdicts.NOT_TESTABLE]
    verdict, overall = NOT_TESTED, None
    if effects:
        means = [one["mean"] for one in testable or effects]
        mean = None if None in means else float(np.mean(means))
        overall = {"mean": mean, "low": None, "high": None, "degrees": None}
        overall |= {"tasks": len(means), "heterogeneity": None}
        overall["counts"] = {
            word: sum(one["verdict"] == word for one in effects)
            for word in (SUPPORTED, verdicts.CONTRADICTED, UNDECIDED, verdicts.NOT_TESTABLE)
        }
        every = all(one["verdict"] == SUPPORTED for one in testable)
        verdict = verdicts.NOT_TESTABLE if not testable else SUPPORTED if every else UNDECIDED
    record = {
        "id": f"d1-{measure}", "short": "shared structure",
        "title": f"Text- and domain-pretrained encoders are more alike than chance ({name})",
        "paper": "Their representations share non-trivial similarities.",
        "contrast": "text-vs-domain - re-paired", "unit": "similarity",
        "estimand": f"Similarity ({name}) of text and domain before fine-tuning, at layers 1 and"
        " up, less its mean when whole units of one side are re-paired.",
        "rule": NULL_RULE, "level": 1 - ALPHA, "margin": None, "checks": list(beaten),
        "effects": effects, "overall": overall, "verdict": verdict, "qualifier": "",
        "headline": headline, "facts": [], "missing": [],
        "tables": ["comparisons"], "figure": "similarity",
    }  # fmt: skip
    random = inner[inner["left"] == "random"].groupby("task", sort=False)["p_value"].max()
    if len(random) and (random <= ALPHA).any():
        record["facts"].append(
            "Random weights exceed this null, too, in:"
            f" {', '.join(map(str, random.index[random <= ALPHA]))}. There, being above it says"
            " nothing of pretraining; (d2) asks that."
        )
    few = inner[inner["rows"] < MINIMUM_ROWS_PER_WIDTH * inner["width"]]["task"].unique()
    if len(few):
        record["facts"].append(
            f"Fewer than {MINIMUM_ROWS_PER_WIDTH} rows per dimension in {', '.join(few)}: chance"
            " similarity is high there."
        )
    return record | {"reading": readings.of(record)}


def _above_floor(
    comparisons: pd.DataFrame, references: pd.DataFrame, measure: str, headline: bool,
    beaten: Sequence[dict], level: float,
) -> dict:  # fmt: skip
    """(d2): text-vs-domain against random-vs-domain."""
    inner = _before(comparisons, measure)
    means = inner.groupby(["task", "left", "seed"], sort=False)["score"]
    mean = means.agg(lambda layers: layers.mean(skipna=False)).reset_index()
    mean = mean.rename(columns={"left": "initialization"})
    pairs = paired_differences(mean, "score", "text", "random").groupby("task", sort=False)
    found = {
        str(task): reference_estimates.above_floor(
            rows["difference"], references, task, measure, "text"
        )
        for task, rows in pairs
    }
    name = names.measure(measure)
    valid = [*checks.has_rows(inner, measure), *checks.tells_apart(references, measure, level)]
    record = _record(
        estimates.at_least_mean(found, "reference"), [*beaten, *valid], level,
        missing=_missing(mean, "score", "text", "random"), headline=headline,
        tables=["comparisons", "references"], figure="similarity",
        id=f"d2-{measure}", short="nearer than random",
        unit="similarity", contrast="text-vs-domain - random-vs-domain",
        title=f"Text weights are nearer to domain-pretrained ones than random weights are ({name})",
        paper="Their representations share non-trivial similarities.",
        estimand=f"Similarity ({name}) of text and domain less that of random and domain, before"
        " fine-tuning: mean over layers 1 and up, paired by seed, and over the domain encoder's"
        " pretrainings, one or two. Its interval covers seeds, units of the probe and these"
        " pretrainings.",
    )  # fmt: skip
    record["facts"] += readings.taken_as_given(found)
    text = mean[mean["initialization"] == "text"].groupby("task")["score"]
    record["facts"] += readings.calibrated(
        text.agg(lambda seeds: seeds.mean(skipna=False)), references, measure, level
    )
    return record


def _before(comparisons: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Similarities to domain before fine-tuning, layers 1 and up."""
    return comparisons[
        (comparisons["measure"] == measure)
        & (comparisons["stage"] == "before")
        & (comparisons["layer"] >= 1)
        & (comparisons["right"] == "domain")
    ]


def _record(
    found: Mapping[str, Estimate], checked: Sequence[dict], level: float,
    margin: float | None = None, *, missing: Sequence[str], headline: bool = True,
    **texts: str | list[str],
) -> dict:  # fmt: skip
    """A claim's record from its estimates; a margin makes it a non-inferiority claim."""
    line = -(margin or 0.0)
    failed = {one["task"]: one["why"] for one in checked if one["blocks"] and not one["passed"]}
    checked = [one for one in checked if one["task"] in found]
    numbers = {"percent": 100 * level, "alpha": 100 * (1 - level), "tasks": len(found)}
    record = {"rule": SIGN_RULE.format(**numbers)} | texts
    record |= {"level": level, "margin": margin, "checks": checked, "headline": headline}
    record |= {"facts": [], "missing": list(missing), "effects": [], "overall": None}
    record |= {"verdict": NOT_TESTED, "qualifier": ""}
    if found:
        record["effects"] = verdicts.of_tasks(found, failed, level, line)
        record["verdict"], record["overall"] = verdicts.overall(
            found, record["effects"], level, line, every=margin is not None
        )
    if missing and record["verdict"] != verdicts.NOT_TESTABLE:
        record["verdict"] = UNDECIDED
    unsettled = any(one["passed"] is False and not one["blocks"] for one in checked)
    if unsettled and record["verdict"] != verdicts.NOT_TESTABLE:
        record["qualifier"] = "at this budget"
    return record | {"reading": readings.of(record)}


def _estimates(
    table: pd.DataFrame, value: str, left: str, right: str, left_out: pd.DataFrame | None = None
) -> dict[str, Estimate]:
    """Task -> estimate of left - right, in the study's order; empty if the study lacks an arm."""
    found = {}
    for task, rows in paired_differences(table, value, left, right).groupby("task", sort=False):
        without = None
        if left_out is not None:
            mine = left_out[left_out["task"] == task]
            wide = mine.pivot(index=["initialization", "seed"], columns="group", values="score")
            arms = (wide.loc[arm].loc[rows["seed"]].to_numpy(dtype=float) for arm in (left, right))
            first, second = arms
            without = first - second
        found[str(task)] = estimates.crossed(rows["difference"], without)
    return found


def _missing(table: pd.DataFrame, value: str, left: str, right: str) -> list[str]:
    """The runs of two arms that have no finite `value`; none where the study lacks an arm."""
    if not {left, right} <= set(table["initialization"]):
        return []
    rows = table[table[value].isna() & table["initialization"].isin([left, right])]
    return [f"{row.task} {row.initialization} seed {row.seed}" for row in rows.itertuples()]
