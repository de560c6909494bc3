"""Tables and figures of what one score hides: its classes, and all tasks and seeds together."""

from collections.abc import Callable

from seqtransfer.report.register.entries import Figure, Table, columns

BOOTSTRAP = "95 % stratified bootstrap interval over seeds"

TABLES = {
    "effects": Table(
        "effects of all claims",
        "The paired difference of every tested claim, task by task and over all tasks, with its"
        " interval and verdict. Intervals of test scores cover seeds and test examples."
        " `p_value_of` says what a task's p-value is of; nothing is adjusted for the number of"
        " claims. Rows that are no headline show how far a verdict depends on measure or margin.",
        columns(
            "claim statement contrast task mean low high level margin unit p_value p_value_of seeds"
            " verdict qualifier headline",
            claim="Its letter and, where it is asked by several measures, that measure's name",
            statement="The claim in a few words",
            contrast="What is subtracted from what",
            task="Name of the task; all: the mean over the tasks that can be tested, or"
            " over all of them if none can",
            mean="The effect; empty where it is not defined",
            low="Lower bound of its interval; empty where it is not defined",
            high="Upper bound of its interval; empty where it is not defined",
            level="Of the interval; 0.95 is 95 %",
            margin="The claim holds if the interval lies above minus this; empty: above 0",
            unit="Of the effect",
            p_value="Of the task's effect against the line",
            p_value_of="p (Holm): two-sided, adjusted for the tasks; p (one-sided): of one task,"
            " not adjusted; largest p (re-paired): of the permutation tests of layers and seeds",
            verdict="Of the task, or of the claim: supported, contradicted, undecided, mixed, not"
            " testable here",
            qualifier="What limits the claim's verdict",
            headline="Whether the verdict counts; others stand beside it, by another measure or"
            " margin",
        ),
        readable=True,
        judged=True,
    ),
    "classes": Table(
        "scores of every class",
        "What hides behind one score: how well every run finds each class of the test part. A class"
        " that is never predicted has recall 0 and no precision. Regressions have no rows.",
        columns(
            "task initialization seed class n recall precision predicted_share",
            **{"class": "Name of the class"},
            n="Its test examples; where tokens are classified, tokens",
            recall="Share of them that are predicted so",
            precision="Share of those predicted so that are of it; empty if none is",
            predicted_share="How many of all test examples are predicted so",
        ),
    ),
    "class_scores": Table(
        "how well every class is found, by arm",
        "What hides behind one score: the share of every class's test examples that an arm finds"
        " (recall), and what it takes most of the others for. A class that is never predicted has"
        " recall 0 and no precision. Intervals are cut at 0 and 1 and cover seeds, not test"
        " examples: a class of few has a less certain recall than its interval says. Regressions"
        " have no rows.",
        columns(
            "task class n initialization recall low high seeds precision taken_for taken_share",
            **{"class": "Name of the class"},
            n="Its test examples; where tokens are classified, tokens",
            recall="Share of them that are predicted so, mean over seeds; empty if a run has an"
            " answer that is not finite, or the class no example",
            precision="Share of those predicted so that are of it, mean over seeds; empty if a seed"
            " predicts none so",
            taken_for="The other class that most of them are predicted to be; empty if none are",
            taken_share="Share of them that are, mean over seeds",
        ),
        readable=True,
    ),
    "confusion": Table(
        "what is taken for what",
        "Test examples of every run by class and predicted class, 0 included. Empty for a run with"
        " an answer that is not finite; regressions have no rows.",
        columns(
            "task initialization seed label prediction count",
            label="The class",
            prediction="The predicted class",
            count="Test examples; where tokens are classified, tokens",
        ),
    ),
    "aggregates": Table(
        "robust summaries over tasks",
        "Test scores of all tasks and seeds in one number (Agarwal et al. 2021), headline metrics"
        " pooled as they are. The interquartile mean leaves out the lowest and the highest quarter"
        " of the runs: with few tasks these are whole tasks, the hardest and the easiest. The"
        " probability of improvement is the chance that a run of an arm scores higher than one of"
        " another, with any seeds; 0.5 is none. Intervals resample seeds within tasks. They cover"
        " neither test examples nor the choice of tasks, and with few seeds they are too short: in"
        " simulations they miss the truth in 26 to 34 % of studies of 2 seeds, in 8 to 14 % of 4."
        " One from 1 to 1 says that all runs of these seeds point one way, not that all would. They"
        " decide no claim.",
        columns(
            "quantity left right value low high tasks seeds metric",
            quantity="interquartile mean: of the scores, or of the paired differences of two arms;"
            " probability of improvement: in [0, 1], ties count half",
            left="Name of the arm",
            right="The arm that it is compared with; empty for one arm alone",
            value="Its value; empty if a run has no score",
            low=f"Lower bound of the {BOOTSTRAP}; empty for one seed",
            high=f"Upper bound of the {BOOTSTRAP}; empty for one seed",
            tasks="How many tasks",
            seeds="Seeds per task",
            metric="Headline metrics that are pooled",
        ),
        readable=True,
    ),
    "profiles": Table(
        "performance profiles",
        "Share of an arm's runs, a task and seed each, that score above a threshold.",
        columns(
            "initialization threshold mean low high tasks seeds",
            threshold="Test score, in the headline metric of each task",
            mean="Share of the runs above it; empty if a run has no score",
            low=f"Lower bound of the {BOOTSTRAP}, at this threshold alone; empty for one seed",
            high=f"Upper bound of the {BOOTSTRAP}, at this threshold alone; empty for one seed",
            tasks="How many tasks",
            seeds="Seeds per task",
        ),
    ),
}

FIGURES = {
    "profiles": Figure(
        "performance profiles",
        "Share of an arm's runs, a task and seed each, whose test score (the headline metrics,"
        " pooled as they are) lies above the threshold on the x axis. A curve further right is"
        " better; where curves cross, an arm is ahead on some tasks and behind on others. Its steps"
        " are mostly tasks, not seeds: with few tasks it shows these tasks, and no population of"
        " tasks. Bands are 95 % bootstrap intervals over seeds within tasks, at each threshold"
        " alone; with two to four seeds they are too narrow, and they do not cover test examples.",
        ("profiles",),
        parts=("test",),
        on_request=True,
    ),
    "confusion": Figure(
        "what is taken for what",
        "Confusion matrices: a row of panels per task, an arm per column, at most eight of them,"
        " those that claims are about before others. In a panel, the share of"
        " a class's test examples (row) predicted to be each class (column), mean over seeds;"
        " rows add up to 1, and the diagonal is the recall. Grey: a run has an answer that is not"
        " finite, or the class no example. Classes differ in size, so that equal"
        " shares may be very different numbers of examples: the table `confusion` has the counts."
        " Regressions have no panel; where tokens are classified, tokens are counted.",
        ("confusion",),
        on_request=True,
    ),
}


def table_functions() -> dict[str, Callable]:
    """By table, the function from `results.Results`, or from the claims, to its data frame."""
    from seqtransfer.report.tables import aggregate_tables, class_tables, effect_tables

    return {
        "effects": effect_tables.table,
        "classes": lambda found: class_tables.classes(found.confusion),
        "class_scores": lambda found: class_tables.class_scores(found.confusion),
        "confusion": lambda found: found.confusion,
        "aggregates": lambda found: aggregate_tables.table(found.runs),
        "profiles": lambda found: aggregate_tables.profiles(found.runs),
    }


def figure_functions() -> dict[str, Callable]:
    """By figure, the function from its tables by name and the claims to a matplotlib Figure."""
    from seqtransfer.report.figures import class_figures, run_figures

    return {"profiles": run_figures.profiles, "confusion": class_figures.confusion}
