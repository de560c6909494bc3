"""Claims on what text pretraining does to learning and scores: (a), (b), (c) and the controls."""

from collections.abc import Mapping, Sequence

import pandas as pd

from seqtransfer.report import names
from seqtransfer.report.claims import baseline_estimates, checks, claim_records, one_rate, readings
from seqtransfer.report.claims.arm_estimates import of_difference

MARGIN_RULE = (
    "Non-inferiority, in every task that can be tested: supported if each one's {percent:.0f} %"
    " interval lies above -{margin:g} {unit} (one of two one-sided tests at {alpha:.0f} %; all must"
    " pass, so none is adjusted), contradicted if a task lies below -{margin:g} (adjusted for the"
    " tasks, Holm)."
)
SHARE_RULE = (
    "In every task that can be tested: supported if each one's {percent:.0f} % interval lies"
    " above 0 (one-sided tests at {alpha:.0f} %; all must pass, so none is adjusted), contradicted"
    " if a task lies below (adjusted for the tasks, Holm). The difference is linear in the three"
    " scores: no ratio is taken, whose denominator may be near 0."
)
# The two arms that a claim on shuffled weights compares, and its words.
OF_SHUFFLED = (
    (
        *("shuffled", "random"),
        {
            "id": "weights",
            "short": "shuffled over random",
            "title": "Shuffled text weights score better than random weights",
            "estimand": "Paired difference, text weights shuffled minus random weights, of the test"
            " score: what the distribution of the weights gives without their arrangement.",
        },
    ),
    (
        *("text", "shuffled"),
        {
            "id": "arrangement",
            "short": "text over shuffled",
            "title": "Text weights score better than the same weights shuffled",
            "estimand": "Paired difference, text pretraining minus text weights shuffled, of the"
            " test score: what the arrangement of the weights (the knowledge) adds to their"
            " distribution.",
        },
    ),
)


def faster(
    run: pd.DataFrame,
    speed: pd.DataFrame,
    left_out: pd.DataFrame | None,
    units: Mapping[str, int] | None,
    sensitivity: pd.DataFrame | None,
    level: float,
) -> dict:
    """(a): text over random in the height of the dev-score curve. left_out: the table
    `curves_left_out`; units: task -> its number of test units; sensitivity: the table."""
    found = of_difference(speed, "relative", "text", "random", left_out)
    record = claim_records.record(
        found,
        [
            *checks.learned_the_task(run, ("text", "random"), units),
            *checks.trained_to_an_end(run, ("text", "random")),
        ],
        level,
        missing=claim_records.missing_runs(speed, "relative", "text", "random"),
        tables=["convergence", "curves_left_out", "runs", "sensitivity"], figure="convergence",
        id="a", short="text learns faster", contrast="text - random",
        title="Text pretraining converges faster than random weights",
        paper="Text-pretrained models converge faster.", unit="share of the run's best dev score",
        estimand="Paired difference, text pretraining minus random weights, of the mean height of"
        " the dev-score curve over log2(step + 1), from the first evaluation on, as a share of the"
        " run's own best: how early a run reaches its own best, however high that is. Dev scores of"
        " classes are MCC here, whatever a task's metric. The interval covers seeds and dev"
        " examples.",
    )  # fmt: skip
    record["facts"] += readings.without_examples(found, "dev")
    unlike = [] if sensitivity is None else one_rate.of_unlike_rates(run, sensitivity)
    record["facts"] += unlike
    if unlike and found:
        of_tasks = f"{len(unlike)} of {len(found)} task{'s' * (len(found) != 1)}"
        record["aside"] = (
            f"Learning rates are unlike in {of_tasks}, which alone may change how soon a score"
            " rises: see the evidence."
        )
    tested = 0
    for task, rows in speed.groupby("task", sort=False):
        arms = [arm for arm in ("text", "random") if (rows["initialization"] == arm).any()]
        if len(arms) < 2:
            continue
        parts = [rows[rows["initialization"] == arm] for arm in arms]
        medians = [
            f"{names.arm(arm)} {readings.median_steps(part)}"
            for arm, part in zip(arms, parts, strict=True)
        ]
        test = readings.log_rank(*parts)
        tested += bool(test)
        if rows["threshold"].isna().all():
            record["facts"].append(f"{task}: the mean best dev score of neither arm is above 0.")
            continue
        record["facts"].append(
            f"{task}: median steps to dev score {rows['threshold'].iloc[0]:.3f} (90 % of the better"
            f" arm's mean best): {', '.join(medians)}{test}."
        )
    if tested > 1:
        record["facts"].append("These p-values are not adjusted for the number of tasks.")
    return record


def better(common: Mapping, unit: str) -> dict:
    """(b): text over random in the test score."""
    return of_scores(
        "text", "random", **common, unit=unit,
        id="b", short="text scores better",
        title="Text pretraining scores better than random weights",
        paper="Text-pretrained models perform better.",
        estimand="Paired difference, text pretraining minus random weights, of the test score at"
        " the step of the best dev score.",
    )  # fmt: skip


def slightly_worse(common: Mapping, beaten: Sequence[dict], unit: str, margin: float) -> dict:
    """(c): text at most `margin` below domain in the test score."""
    narrow = 2 * common["level"] - 1
    return of_scores(
        "text", "domain", **{**common, "level": narrow}, unit=unit, margin=margin, blocking=beaten,
        id="c", short="nearly as good as domain",
        title="Text pretraining is only slightly worse than domain pretraining",
        paper="Only slightly worse than models with task-specific knowledge.",
        estimand="Paired difference, text pretraining minus domain pretraining, of the test score,"
        " against a margin that the study sets.",
        rule=MARGIN_RULE.format(
            percent=100 * narrow, margin=margin, alpha=100 * (1 - common["level"]), unit=unit
        ),
    )  # fmt: skip


def keeps_a_share(common: Mapping, beaten: Sequence[dict], unit: str, share: float) -> dict:
    """(c) with a margin that follows the task: a share of what domain gains over random there."""
    narrow, goal = 2 * common["level"] - 1, "part of domain"
    weights = {"domain": share, "random": 1 - share}
    run, left_out = common["run"], common["left_out"]
    trained = checks.trained_to_an_end(run, ("text", "domain", "random"))
    run = _with_mixture(run, ["task", "seed"], "test_score", weights, goal)
    if left_out is not None:
        left_out = _with_mixture(left_out, ["task", "seed", "group"], "score", weights, goal)
    return claim_records.record(
        of_difference(run, "test_score", "text", goal, left_out),
        [*beaten, *trained],
        narrow,
        margin=0.0,
        missing=claim_records.missing_runs(run, "test_score", "text", goal),
        headline=False,
        tables=["runs", "left_out"],
        figure="scores",
        id="c-share",
        short=f"keeps {100 * share:.0f} % of domain's gain",
        unit=unit,
        title=f"Text pretraining keeps {100 * share:.0f} % of what domain pretraining gains over"
        " random weights",
        paper="Only slightly worse than models with task-specific knowledge.",
        contrast=f"text - (random + {share:g} (domain - random))",
        estimand="Paired difference of the test score: text pretraining less what random weights"
        f" and the share {share:g} of domain pretraining's gain over them would score.",
        rule=SHARE_RULE.format(percent=100 * narrow, alpha=100 * (1 - common["level"])),
    )


def of_shuffled(common: Mapping, unit: str) -> list[dict]:
    """(weights) and (arrangement): what of the text encoder's weights helps, their values or their
    places."""
    return [
        of_scores(left, right, **common, unit=unit, paper="", **texts)
        for left, right, texts in OF_SHUFFLED
    ]


def above_baselines(
    common: Mapping, score: pd.DataFrame, baselines_left_out: pd.DataFrame | None, unit: str
) -> dict:
    """Text over the best baseline without an encoder, in the test score. score: the table
    `scores`."""
    chosen, run = baseline_estimates.best(score), common["run"]
    dev, test = (baseline_estimates.heights(score, split) for split in ("dev", "test"))
    tables = score, run, common["left_out"], baselines_left_out
    found = baseline_estimates.above("text", chosen, *tables)
    record = claim_records.record(
        found,
        checks.trained_to_an_end(run, ("text",)),
        common["level"],
        missing=claim_records.missing_runs(run, "test_score", "text", "text"),
        tables=["runs", "scores", "left_out", "baselines_left_out"], figure="scores",
        id="baseline", short="text over the best baseline",
        contrast=f"text - {baseline_estimates.BASELINE}",
        title="Text pretraining scores better than the best baseline without an encoder",
        paper="", unit=unit,
        estimand="Difference of the test score, text pretraining at every seed minus the baseline"
        " of the task with the highest dev score. Both are fitted to the same training examples"
        " and answer the same test examples; the interval covers seeds of text and test examples."
        " Baselines of time series read numbers, where an encoder reads tokens.",
    )  # fmt: skip
    record["facts"] += [
        f"{task}: {names.arm(name)}, {test.loc[task, name]:.3f} on test"
        f" ({dev.loc[task, name]:.3f} on dev)."
        for task, name in chosen.items()
        if task in found
    ]
    record["facts"] += readings.without_examples(found, "test")
    return record


def of_scores(
    left: str, right: str, *, run: pd.DataFrame, left_out: pd.DataFrame | None, level: float,
    margin: float | None = None, blocking: Sequence[dict] = (), headline: bool = True, **texts: str,
) -> dict:  # fmt: skip
    """The record of the difference of two arms' test scores."""
    found = of_difference(run, "test_score", left, right, left_out)
    record = claim_records.record(
        found,
        [*blocking, *checks.trained_to_an_end(run, (left, right))],
        level,
        margin,
        missing=claim_records.missing_runs(run, "test_score", left, right),
        headline=headline,
        tables=["runs", "left_out"],
        figure="scores",
        **{"contrast": f"{left} - {right}"} | texts,
    )
    record["facts"] += readings.without_examples(found, "test")
    return record


def _with_mixture(
    table: pd.DataFrame, keys: list[str], value: str, weights: Mapping[str, float], name: str
) -> pd.DataFrame:
    """The table and rows of an arm `name`, whose value is the weighted sum of other arms'."""
    wide = table.pivot(index=keys, columns="initialization", values=value)
    if not set(weights) <= set(wide):
        return table
    mixed = sum(weight * wide[arm] for arm, weight in weights.items()).rename(value)
    return pd.concat([table, mixed.reset_index().assign(initialization=name)], ignore_index=True)
