"""The claim ledger: each claim of Kao & Lee (2021) -> an estimand, checks, a rule, a verdict.

Rules stand here, not in a study; `amendments` says when one was changed. An effect is a paired
difference between two arms that share token map, head and batch order. Checks come first: a claim
that rests on a reference or on a measure says nothing where these fail. `verdicts` judges what is
left, task by task.
"""

from collections.abc import Mapping

import pandas as pd

from seqtransfer.report.claims import checks, score_claims, similarity_claims
from seqtransfer.report.claims.arm_estimates import of_difference
from seqtransfer.report.claims.estimates import with_few_seeds
from seqtransfer.report.statistics import LEVEL
from seqtransfer.report.tables.run_tables import score_unit
from seqtransfer.report.tables.similarity_tables import REFERENCE


def judge(
    run: pd.DataFrame,
    speed: pd.DataFrame,
    comparisons: pd.DataFrame,
    *,
    left_out: pd.DataFrame | None = None,
    curves_left_out: pd.DataFrame | None = None,
    references: pd.DataFrame | None = None,
    sensitivity: pd.DataFrame | None = None,
    scores: pd.DataFrame | None = None,
    baselines_left_out: pd.DataFrame | None = None,
    units: Mapping[str, int] | None = None,
    margin: float = 0.05,
    share: float | None = None,
    measure: str | None = None,
) -> list[dict]:
    """One record per claim, from the tables `runs`, `convergence` and `comparisons`.

    left_out, curves_left_out, references: the tables of these names; without them, intervals cover
    seeds alone. sensitivity: the table, which says what (a) would be at one learning rate. scores,
    baselines_left_out: the tables; without the first, no claim is about baselines. units: task ->
    its number of test units; without it each example is one.
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
        with_few_seeds(of_difference(*tested, "domain", "random", left_out)),
        run.loc[run["initialization"] == "domain", "task"].unique(),
        LEVEL,
        unit,
    )
    return [
        score_claims.faster(run, speed, curves_left_out, units, sensitivity, LEVEL),
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
        *score_claims.of_shuffled(common, unit),
        *(
            []
            if scores is None
            else [score_claims.above_baselines(common, scores, baselines_left_out, unit)]
        ),
    ]
