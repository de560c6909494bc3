"""The claim ledger: each claim of Kao & Lee (2021) -> an estimand, checks, a rule, a verdict.

Rules stand here, not in a study; AMENDED says when one was changed, so that a reader can tell
whether it was after a study's numbers were known. An effect is a paired difference between two arms
that share token map, head and batch order. Checks come first: a claim that rests on a reference or
on a measure says nothing where these fail. `verdicts` judges what is left, task by task.
"""

from collections.abc import Mapping

import pandas as pd

from seqtransfer.report import checks, score_claims, similarity_claims
from seqtransfer.report.arm_estimates import of_difference
from seqtransfer.report.statistics import LEVEL
from seqtransfer.report.tables.run_tables import score_unit
from seqtransfer.report.tables.similarity_tables import REFERENCE

AMENDED = (
    (
        "2026-11-22",
        "canonical correlations of 1 by construction leave (d) undecided, first by PWCCA, then by"
        " every measure that has them",
    ),
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
    (
        "2026-11-26",
        "the ceiling of a deeper reference is of the layers that stand beside the floor's",
    ),
    (
        "2026-11-26",
        "(c) is contradicted if a task is, not if the mean is; Holm's adjustment counts tasks that"
        " fail a check; runs that diverged have not trained to an end; (d1) needs a valid measure,"
        " too; halves of neurons make no ceiling for canonical correlations; tasks differ by"
        " Welch's test, not by an I2 above 0.5",
    ),
    (
        "2026-11-27",
        "a reference that has no random arm to beat, and a measure without floor and ceiling, do"
        " not pass their check; examples that several tasks read in other tokens are one source of"
        " chance of the mean; what a study could have seen is by the noncentral t distribution,"
        " with more degrees of freedom for more seeds, and p of the log-rank test by permuting"
        " runs",
    ),
    (
        "2026-11-28",
        "(a) reads classes by MCC, whatever a task's metric; halves of neurons make no ceiling for"
        " any measure whose chance depends on the width; equal differences leave a claim undecided"
        " where test examples are known, too; intervals of (a) cover dev examples; of an"
        " arm more than half of the runs must train to an end, not half; tasks of two or three"
        " seeds have at least the mean spread over seeds of all tasks; pretrainings that several"
        " tasks are held against are one source of chance of the mean",
    ),
    (
        "2026-11-28",
        "units are re-paired with those that are probed at the same positions, so that the null of"
        " (d1) keeps what positions share; measures of neighbours see units drawn at random, not"
        " those whose names come first",
    ),
    (
        "2026-11-29",
        "(a) needs two arms that learned the task: mean test scores above chance, the lower one at"
        " least half of the other; runs without a number in a task that fails a check leave the"
        " other tasks' verdict alone; a score that is not defined without a group of examples"
        " leaves the error unknown",
    ),
    (
        "2026-11-29",
        "chance in the check of (a) is that of test units, not examples, and a run without a score"
        " fails it; a mean over tasks of two or three seeds has no more degrees of freedom than by"
        " the tasks' own seeds; measures with canonical correlations of 1, SVCCA among them, are"
        " not judged where there are several",
    ),
)


def judge(
    run: pd.DataFrame,
    speed: pd.DataFrame,
    comparisons: pd.DataFrame,
    *,
    left_out: pd.DataFrame | None = None,
    curves_left_out: pd.DataFrame | None = None,
    references: pd.DataFrame | None = None,
    units: Mapping[str, int] | None = None,
    margin: float = 0.05,
    share: float | None = None,
    measure: str | None = None,
) -> list[dict]:
    """One record per claim, from the tables `runs`, `convergence` and `comparisons`.

    left_out, curves_left_out, references: the tables of these names; without them, intervals cover
    seeds alone. units: task -> its number of test units; without it each example is one.
    Intervals have LEVEL but for those of (c) and (c-share), which have 2 LEVEL - 1, so that each of
    their one-sided tests has error 1 - LEVEL. margin: non-inferiority margin of (c). share: of
    domain's gain over random that text must keep in (c-share), which is not judged when absent.
    measure: the one that (d) is judged by, the first when absent.
    A record has id, short, title, paper, contrast, estimand, unit, level, margin, rule, checks,
    effects (one per task, of `verdicts.of_tasks`), overall, verdict, qualifier, headline (False for
    what stands beside (c) or the measure of (d)), reading, facts, missing, and for the page tables
    (those that its numbers are from) and figure (the one that shows it). Numbers that are not
    defined are None.
    """
    tested, unit = (run, "test_score"), score_unit(run)
    measures = list(comparisons["measure"].unique())
    headline = measure if measure in measures else next(iter(measures), None)
    ordered = sorted(measures, key=lambda name: name != headline)
    mine = pd.DataFrame(columns=["right", *REFERENCE]) if references is None else references
    mine = mine[mine["right"] == "domain"]
    of_domain = comparisons.loc[comparisons["right"] == "domain", "task"].unique()
    similar = (comparisons, mine, [] if references is None else of_domain)
    common = {"run": run, "left_out": left_out, "level": LEVEL}
    beaten = checks.reference_beats_random(
        of_difference(*tested, "domain", "random", left_out),
        run.loc[run["initialization"] == "domain", "task"].unique(),
        LEVEL,
        unit,
    )
    return [
        score_claims.faster(run, speed, curves_left_out, units, LEVEL),
        score_claims.better(common, unit),
        score_claims.slightly_worse(common, beaten, unit, margin),
        *([score_claims.keeps_a_share(common, beaten, unit, share)] if share else []),
        *(
            similarity_claims.above_null(*similar, name, name == headline, beaten, LEVEL)
            for name in ordered
        ),
        *(
            similarity_claims.above_floor(*similar, name, name == headline, beaten, LEVEL)
            for name in ordered
        ),
        score_claims.of_scores(
            "shuffled", "random", **common, unit=unit,
            id="weights", short="shuffled over random",
            title="Shuffled text weights score better than random weights", paper="",
            estimand="Paired difference, text weights shuffled minus random weights, of the test"
            " score: what the distribution of the weights gives without their arrangement.",
        ),
        score_claims.of_scores(
            "text", "shuffled", **common, unit=unit,
            id="arrangement", short="text over shuffled",
            title="Text weights score better than the same weights shuffled", paper="",
            estimand="Paired difference, text pretraining minus text weights shuffled, of the test"
            " score: what the arrangement of the weights (the knowledge) adds to their"
            " distribution.",
        ),
    ]  # fmt: skip
