"""When the rules of claims were changed, so that a reader can tell whether it was after a study's
numbers were known."""

# Date -> what was changed.
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
    (
        "2026-11-30",
        "in the check of (a) each run must score above chance, not each arm's mean alone, and none"
        " may have diverged; more seeds are never said to see less; canonical correlations of 1"
        " count in the arms that a claim compares, alone, and one of them is allowed, also where"
        " few rows force it; the mean spread over few seeds or pretrainings is that of tasks that"
        " pass the checks; no number of seeds is named where a task, not the mean, keeps a claim"
        " undecided",
    ),
    (
        "2026-12-01",
        "a claim is added, (baseline), which holds text against the best baseline without an"
        " encoder; the rules of the others stay",
    ),
)
