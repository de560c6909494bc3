"""The claim ledger: each claim of Kao & Lee (2021) -> an estimand, a rule, an effect, a verdict.

The rule is fixed here, before any number: the effect is a paired difference between two arms that
share token map, head and batch order; its interval covers seeds with the tasks held fixed.
Verdicts are "supported", "contradicted", "undecided" or "not tested" (the study lacks an arm).
"""

import math

import numpy as np
import pandas as pd

from seqtransfer.report.statistics import (
    show_nothing,
    stratified_mean_interval,
    verdict_greater,
    verdict_not_worse,
)
from seqtransfer.report.tables.intervals import bounds, paired_differences
from seqtransfer.report.tables.run_tables import score_unit
from seqtransfer.report.tables.similarity_tables import LEAST_SPAN
from seqtransfer.similarity.layer_comparison import MINIMUM_ROWS_PER_WIDTH
from seqtransfer.similarity.measures import MEASURES

NOT_TESTED = "not tested"
SIGN_RULE = (
    "Supported if the {percent:.0f} % interval of the overall effect lies above 0, contradicted if"
    " it lies below 0, undecided if it includes 0."
)
MARGIN_RULE = (
    "Non-inferiority: supported if the {percent:.0f} % interval of the overall effect lies above"
    " -{margin:g} {unit} (one side of two one-sided tests at {alpha:.0f} %), contradicted if it"
    " lies below -{margin:g}, undecided if it includes -{margin:g}."
)
FLOOR_RULE = (
    SIGN_RULE[:-1] + "; to be supported, text-vs-domain must also exceed the 97.5 % point of its"
    " shuffled-rows null in every task, and it is contradicted if it exceeds it in no task."
)


def judge(
    run: pd.DataFrame,
    speed: pd.DataFrame,
    score: pd.DataFrame,
    comparisons: pd.DataFrame,
    *,
    similarity: pd.DataFrame | None = None,
    level: float = 0.95,
    margin: float = 0.05,
) -> list[dict]:
    """One record per claim, from the tables `runs`, `convergence`, `scores` and `comparisons`.

    similarity: the table of that name; with it, the facts of (d) say where between floor and
    ceiling the scores lie. level: of all intervals but that of claim (c), whose level is
    2 level - 1 so that each of its two one-sided tests has error 1 - level. margin:
    non-inferiority margin of (c).
    A record has id, short, title, paper, contrast, estimand, unit, level, margin, rule, effects
    (one per task: mean, low, high, seeds), overall, verdict, reading, facts. Numbers that a missing
    score leaves undefined are None; the claim is then undecided, and `missing` names the scores.
    """
    tested, unit = (run, "test_score"), score_unit(run)
    return [
        _faster(run, speed, level),
        _better(run, score, level),
        _slightly_worse(run, level, margin),
        *(
            _shared(comparisons, similarity, measure, level)
            for measure in comparisons["measure"].unique()
        ),
        _record(
            *tested, "shuffled", "random", level,
            id="weights", short="shuffled over random",
            title="Shuffled text weights score better than random weights",
            paper="", unit=unit,
            estimand="Paired difference shuffled - random of the test score: what the distribution"
            " of the weights gives without their arrangement.",
        ),
        _record(
            *tested, "text", "shuffled", level,
            id="arrangement", short="text over shuffled",
            title="Text weights score better than the same weights shuffled",
            paper="", unit=unit,
            estimand="Paired difference text - shuffled of the test score: what the arrangement of"
            " the weights (the knowledge) adds to their distribution.",
        ),
    ]  # fmt: skip


def _faster(run: pd.DataFrame, speed: pd.DataFrame, level: float) -> dict:
    record = _record(
        speed, "area", "text", "random", level,
        id="a", short="text learns faster",
        title="Text pretraining converges faster than random initialization",
        paper="Text-pretrained models converge faster.", unit=f"mean dev {score_unit(run)}",
        estimand="Paired difference text - random of the area under the dev-score curve over"
        " log2(step + 1), divided by the length of that axis.",
    )  # fmt: skip
    for task, rows in speed.groupby("task", sort=False):
        medians = [
            f"{arm} {_median_steps(rows[rows['initialization'] == arm])}"
            for arm in ("text", "random")
            if (rows["initialization"] == arm).any()
        ]
        record["facts"].append(
            f"{task}: median steps to dev score {rows['threshold'].iloc[0]:.3f} (90 % of the common"
            f" best): {', '.join(medians)}."
        )
    return record


def _better(run: pd.DataFrame, score: pd.DataFrame, level: float) -> dict:
    record = _record(
        run, "test_score", "text", "random", level,
        id="b", short="text scores better",
        title="Text pretraining scores better than random initialization",
        paper="Text-pretrained models perform better.", unit=score_unit(run),
        estimand="Paired difference text - random of the test score at the step of the best dev"
        " score.",
    )  # fmt: skip
    tested = score[(score["split"] == "test") & score["headline"]]
    means = tested.pivot(index="task", columns="arm", values="mean").reindex(score["task"].unique())
    if {"text", "ngram"} <= set(means.columns):
        ahead = [str(task) for task in means.index[means["ngram"] >= means["text"]]]
        if ahead:
            record["facts"].append(
                "An n-gram baseline without any encoder scores at least as well as the text arm in:"
                f" {', '.join(ahead)}."
            )
    return record


def _slightly_worse(run: pd.DataFrame, level: float, margin: float) -> dict:
    narrow = 2 * level - 1
    record = _record(
        run, "test_score", "text", "domain", narrow, margin,
        id="c", short="nearly as good as domain",
        title="Text pretraining is only slightly worse than domain pretraining",
        paper="Only slightly worse than models with task-specific knowledge.", unit=score_unit(run),
        estimand="Paired difference text - domain of the test score, against a margin fixed"
        " beforehand.",
        rule=MARGIN_RULE.format(
            percent=100 * narrow, margin=margin, alpha=100 * (1 - level), unit=score_unit(run)
        ),
    )  # fmt: skip
    gain = _overall(paired_differences(run, "test_score", "domain", "random"), level)
    if gain and gain["mean"] is not None:
        weak = gain["low"] is None or gain["low"] <= 0
        record["facts"].append(
            f"Domain - random: {_interval_text(gain, level)} {score_unit(run)}. "
            + (
                "The domain model is not shown to beat random initialization here, so being no"
                " worse than it says little about text."
                if weak
                else "The domain model beats random initialization, so the comparison has teeth."
            )
        )
    return record


def _shared(
    comparisons: pd.DataFrame, similarity: pd.DataFrame | None, measure: str, level: float
) -> dict:
    inner = comparisons[
        (comparisons["measure"] == measure)
        & (comparisons["stage"] == "before")
        & (comparisons["layer"] >= 1)
        & (comparisons["right"] == "domain")
    ]
    keys = ["task", "left", "seed"]
    means = inner.groupby(keys, sort=False)[["score", "null_high"]]
    mean = means.agg(lambda layers: layers.mean(skipna=False)).reset_index()
    mean = mean.rename(columns={"left": "initialization"})
    record = _record(
        mean, "score", "text", "random", level,
        id=f"d-{measure}", short="shared structure",
        unit=f"{measure.upper().replace('_', ' ')} similarity",
        title=f"Text- and domain-pretrained encoders share structure ({measure.upper()})",
        paper="Their representations share non-trivial similarities.",
        contrast="text-vs-domain - random-vs-domain",
        estimand=f"Before fine-tuning, mean over layers 1 and up of {measure.upper()}(text, domain)"
        f" - {measure.upper()}(random, domain), paired by seed.",
        rule=FLOOR_RULE.format(percent=100 * level),
    )  # fmt: skip
    if record["verdict"] == NOT_TESTED or record["missing"]:
        return record
    text = mean[mean["initialization"] == "text"].groupby("task", sort=False)
    means = text[["score", "null_high"]].mean()
    above = means["score"] > means["null_high"]
    if not above.any():
        record["verdict"] = "contradicted"
    elif record["verdict"] == "supported" and not above.all():
        record["verdict"] = "undecided"
    # With n rows, at least p + q - (n - 1) canonical correlations are 1 whatever the encoders do.
    saturated = inner[MEASURES[measure].saturates & (inner["rows"] - 1 < 2 * inner["width"])]
    if len(saturated):
        record["verdict"] = "undecided"
    record["reading"] = _reading(record)
    for task, row in means.iterrows():
        relation = "above" if above[task] else "not above"
        record["facts"].append(
            f"{task}: text-vs-domain {row['score']:.3f}, {relation} its shuffled-rows null (97.5 %"
            f" point {row['null_high']:.3f})."
        )
    if similarity is not None:
        record["facts"] += _calibrated(similarity, measure)
    if len(saturated):
        record["facts"].append(
            f"{saturated['rows'].min()} rows are too few for two widths of"
            f" {saturated['width'].max()}: some canonical correlations are 1 by construction, so"
            " nothing is decided."
        )
    few = inner[inner["rows"] < MINIMUM_ROWS_PER_WIDTH * inner["width"]]["task"].unique()
    if len(few):
        record["facts"].append(
            f"Fewer than {MINIMUM_ROWS_PER_WIDTH} rows per dimension in {', '.join(few)}: chance"
            " similarity is high there."
        )
    return record


def _calibrated(similarity: pd.DataFrame, measure: str) -> list[str]:
    """Where text-vs-domain lies between floor and ceiling, task by task; it decides nothing."""
    inner = similarity[
        (similarity["measure"] == measure)
        & (similarity["pair"] == "text-vs-domain")
        & (similarity["stage"] == "before")
        & (similarity["layer"] >= 1)
        & similarity["ceiling"].notna()
    ]
    lines = []
    for task, rows in inner.groupby("task", sort=False):
        mean = rows[["mean", "floor", "ceiling"]].mean(skipna=False)
        span = mean["ceiling"] - mean["floor"]
        place = (
            f"calibrated {(mean['mean'] - mean['floor']) / span:+.2f} (0 at the floor, 1 at the"
            " ceiling)"
            if span >= LEAST_SPAN
            else f"not calibrated, since the ceiling is not {LEAST_SPAN:g} above the floor: by this"
            " measure random weights are as near to the domain encoder as its own second training"
        )
        lines.append(
            f"{task}: floor {mean['floor']:.3f} (random weights), ceiling {mean['ceiling']:.3f}"
            f" (the domain encoder against itself again); text-vs-domain is {place}. This reads the"
            " score; it is no part of the rule."
        )
    return lines


def _record(
    table: pd.DataFrame, value: str, left: str, right: str, level: float,
    margin: float | None = None, **texts: str,
) -> dict:  # fmt: skip
    """The record of left - right of column `value`; a margin makes it a non-inferiority claim."""
    record = {
        "contrast": f"{left} - {right}",
        "rule": SIGN_RULE.format(percent=100 * level),
    } | texts
    record |= {"level": level, "margin": margin, "facts": []}
    difference = paired_differences(table, value, left, right)
    record["missing"] = _missing(table, value, left, right) if len(difference) else []
    record["overall"] = overall = _overall(difference, level)
    record["effects"] = []
    for task, rows in difference.groupby("task", sort=False):
        *interval, seeds = bounds(rows["difference"], level)
        record["effects"].append({"task": task, "seeds": seeds} | _bounds(*interval))
    if overall is None:
        record["verdict"] = NOT_TESTED
    elif overall["low"] is None:
        record["verdict"] = "undecided"
    elif margin is None:
        record["verdict"] = verdict_greater(overall["low"], overall["high"])
    else:
        record["verdict"] = verdict_not_worse(overall["low"], overall["high"], margin)
    record["reading"] = _reading(record)
    return record


def _overall(difference: pd.DataFrame, level: float) -> dict | None:
    """Mean over tasks of the mean over seeds, with its interval; None where there is no pair."""
    if difference.empty:
        return None
    groups = {
        str(task): rows["difference"].to_numpy()
        for task, rows in difference.groupby("task", sort=False)
    }
    interval, degrees = (math.nan, math.nan, math.nan), math.nan
    if difference["difference"].notna().all():
        *interval, degrees = stratified_mean_interval(groups, level)
    return _bounds(*interval) | {"degrees": degrees, "tasks": len(groups)}


def _missing(table: pd.DataFrame, value: str, left: str, right: str) -> list[str]:
    """The runs of two arms that have no finite `value`."""
    rows = table[table[value].isna() & table["initialization"].isin([left, right])]
    return [f"{row.task} {row.initialization} seed {row.seed}" for row in rows.itertuples()]


def _reading(record: dict) -> str:
    """The verdict in plain words, with the overall effect and the tasks that point each way."""
    overall, verdict = record["overall"], record["verdict"]
    if overall is None:
        return "Not tested: the study has no runs of one of the two arms."
    line = -(record["margin"] or 0.0)
    mark = "0" if record["margin"] is None else f"the margin {line:g}"
    if record["missing"]:
        runs = ", ".join(record["missing"])
        decision = f"There is no finite number of {runs}, so nothing is decided."
    elif overall["low"] is None:
        decision = "One seed a task gives no interval, so nothing is decided."
    elif verdict != "undecided":
        subject = "agrees with" if verdict == "supported" else "contradicts"
        decision = f"This {subject} {'the paper' if record['paper'] else 'the statement'}."
    elif show_nothing(overall["low"], overall["high"]):
        decision = "The two arms are equal in every run: these runs do not decide."
    elif overall["low"] <= line <= overall["high"]:
        decision = f"The interval includes {mark}: these runs do not decide."
    else:
        decision = "Another part of the rule stands against it: these runs do not decide."
    bounded = [effect for effect in record["effects"] if effect["low"] is not None]
    above = [effect["task"] for effect in bounded if effect["low"] > line]
    below = [effect["task"] for effect in bounded if effect["high"] < line]
    for word, tasks in (("above", above), ("below", below)):
        if tasks:
            decision += f" A task's own interval lies {word} {mark} in: {', '.join(tasks)}."
    interval = _interval_text(overall, record["level"])
    return f"{record['contrast']}: {interval} {record['unit']}. {decision}"


def _bounds(mean: float, low: float, high: float) -> dict:
    """The three numbers as JSON: an undefined one is null, not NaN."""
    return {
        name: None if math.isnan(bound) else float(bound)
        for name, bound in (("mean", mean), ("low", low), ("high", high))
    }


def _interval_text(effect: dict, level: float) -> str:
    """`+0.031 (95 % interval +0.010 to +0.052)`, or what there is of it."""
    if effect["mean"] is None:
        return "no number in"
    if effect["low"] is None:
        return f"{effect['mean']:+.3f} (no interval)"
    low, high = effect["low"], effect["high"]
    return f"{effect['mean']:+.3f} ({100 * level:.0f} % interval {low:+.3f} to {high:+.3f})"


def _median_steps(rows: pd.DataFrame) -> str:
    """Median over runs; `>` marks a lower bound, where at least half of the runs are censored."""
    bound = "> " if rows["censored"].mean() >= 0.5 else ""
    steps = np.median(rows["steps"])
    return f"{bound}{steps:.0f}" if steps >= 10 else f"{bound}{steps:.1f}"
