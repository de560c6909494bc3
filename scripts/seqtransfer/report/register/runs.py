"""Tables and figures of runs: scores, speed and settings."""

from collections.abc import Callable

from seqtransfer.report.register.entries import (
    Figure,
    Table,
    columns,
    compares_text_with_random_over_seeds,
    has_random_and_others,
)

OF_SCORES = {
    "initialization": "Name of the arm, control or baseline, see `kind`",
    "kind": "arm, control or baseline",
}

OF_RUNS = columns(
    "task initialization seed learning_rate warmup pooling adaptation encoder layers"
    " train_n max_tokens steps batch_size patience cooldown steps_taken plateau best_step"
    " diverged metric dev_n dev_score test_n test_score test_<metric> code",
    adaptation="Which weights trained",
    encoder="Name of the encoder of its size and shape: the text encoder, or that of the domain",
    layers="How many of its layers",
    train_n="Training sequences",
    max_tokens="Tokens of the longest of them",
    batch_size="Sequences a step",
    patience="Steps without a better dev score after which the learning rate falls",
    cooldown="Share of the steps taken in which it falls",
    steps_taken="Steps of this run",
    plateau="Whether it ended since its patience was over",
    best_step="The step of the best dev score, whose weights are kept",
    metric="The task's headline metric",
    dev_n="Dev examples",
    dev_score="Headline metric on dev at the best step",
    test_n="Test examples",
    test_score="Headline metric on test at the best step",
    **{"test_<metric>": "Each metric of the task on test"},
)

TABLES = {
    "main": Table(
        "test scores of all arms",
        "Test score of every arm, control and baseline in every task, in the task's headline"
        " metric: mean over seeds [95 % t interval]. Bold: the highest mean of the task's arms;"
        " another arm may be as good, which the claims and their intervals decide. Controls and"
        " baselines, which have no encoder, are never bold; baselines have no interval. Beside a"
        " task: the seeds of an arm and n, the examples of test.",
        columns(
            "task initialization kind metric n mean low high seeds best",
            **OF_SCORES,
            metric="The task's headline metric",
            n="Test examples",
            best="Whether it is an arm, and no other arm of the task has a higher mean",
        ),
        readable=True,
    ),
    "scores": Table(
        "scores",
        "Scores of every arm, control and baseline: mean over seeds with its 95 % t interval. MCC"
        " and correlations are -1 to 1 with 0 for a constant answer; accuracy and F1 are 0 to 1;"
        " mae is in the label's unit. Baselines are deterministic and have no interval. Dev scores"
        " picked the step, so they are optimistic: read the test rows.",
        columns(
            "task initialization kind split metric headline n mean low high seeds diverged",
            **OF_SCORES,
            headline="Whether this metric judges the task",
            diverged="How many of the arm's runs diverged; they count with their best step",
        ),
        readable=True,
    ),
    "differences": Table(
        "differences between arms",
        "Paired differences between two arms that share task and seed: mean with its 95 % t"
        " interval over seeds alone, which may be the wider one: in those of the claims, over seeds"
        " and test examples, the examples' part is known of many.",
        columns(
            "task left right quantity mean low high seeds",
            quantity="dev area: area under the dev-score curve, see `convergence`; or a test"
            " metric",
        ),
        readable=True,
    ),
    "convergence": Table(
        "convergence",
        "How fast each run learns.",
        columns(
            "task initialization seed area best relative threshold censored steps_to_threshold",
            area="Mean height of the dev-score curve over log2(step + 1); of classes in MCC, as"
            " `best` and `threshold` are, whatever the task's metric: a constant answer has 0",
            best="Highest dev score",
            relative="Mean height of the curve from the first evaluation on, as a share of best;"
            " empty where best is not above 0",
            threshold="90 % of the task's common best: the higher mean `best` of text and random;"
            " of all arms where neither has one",
            censored="Whether the run never reaches the threshold, or has no score",
            steps_to_threshold="Optimizer steps until the curve reaches the threshold; if censored,"
            " the study's last step, though such a run may have ended before, at a score that no"
            " longer improved",
        ),
        readable=True,
    ),
    "runs": Table(
        "every run",
        "Every fine-tuning run, none dropped: its settings, the step that dev picked, its dev and"
        " test scores.",
        OF_RUNS,
        readable=True,
    ),
    "histories": Table(
        "every learning curve",
        "Losses and dev scores of every run on the grid of evaluated steps. Once a run has ended or"
        " diverged, its best evaluation stands at all later steps.",
        columns(
            "task initialization seed step examples_seen train_loss dev_<metric> dev_loss"
            " dev_score",
            train_loss="Mean since the row before; empty at step 0 and after the run's end",
            dev_loss="Loss on dev",
            dev_score="Headline metric on dev",
            **{"dev_<metric>": "Each metric of the task on dev"},
        ),
    ),
    "sensitivity": Table(
        "sensitivity to the settings",
        "Every candidate of the sweep that chose the settings: means over the sweep's seeds, and"
        " beside them their lowest and highest seed, which are no interval. Empty where the study's"
        " table of settings has no sweep beside it.",
        columns(
            "task initialization learning_rate warmup pooling mean low high best relative"
            " relative_low relative_high seeds diverged chosen",
            mean="Mean dev score over the sweep's seeds",
            low="Lowest dev score of them",
            high="Highest dev score of them",
            best="Mean over them of `best` of the table `convergence`, of classes in MCC",
            relative="Mean over them of `relative` there: how soon a run is where it ends",
            relative_low="Lowest of them",
            relative_high="Highest of them",
            seeds="How many seeds, a run each",
            diverged="How many of them diverged",
            chosen="Whether this study's runs have these settings",
        ),
        readable=True,
    ),
    "generalization": Table(
        "generalization gap",
        "Loss on dev minus training loss, per evaluated step: how much an arm fits the training"
        " part beyond what carries over. The training loss is taken with dropout on, as a mean"
        " since the evaluation before, so that the gap may be below 0 while a model still learns."
        " Empty from the first step on that one of the arm's runs did not reach, because it ended"
        " or diverged.",
        columns(
            "task initialization step mean low high seeds",
            mean="Mean over seeds of dev loss minus training loss: nats, or training variances",
        ),
    ),
    "gains_over_steps": Table(
        "gain over random by training steps",
        "What a shorter training would have shown: best dev score so far minus that of `random` at"
        " the same seed and step. A run that ended or diverged has its best score at all later"
        " steps. A training planned to be shorter would also lower its learning rate earlier.",
        columns(
            "task initialization step mean low high seeds",
            step="Optimizer steps",
            mean="Mean over seeds of the gain",
        ),
        has=has_random_and_others,
    ),
    "power": Table(
        "smallest differences that would be seen",
        "For two arms and a number of seeds, the smallest difference in test score that 80 % of"
        " studies would see at the 5 % level, adjusted for the number of tasks. Spread over seeds"
        " and over test examples are taken from this study; more seeds lower only the first. In a"
        " study of one seed `smallest` is empty.",
        columns(
            "task left right seeds smallest difference study_seeds",
            seeds="How many seeds a study would have",
            smallest="The smallest difference, in the task's headline metric",
            difference="Size of the difference that this study found",
            study_seeds="How many seeds this study has",
        ),
        readable=True,
    ),
    "left_out": Table(
        "scores without groups of test units",
        "Every run's test score without each group of test units: what the intervals of differences"
        " take the chance of test examples from.",
        columns(
            "task initialization seed group score",
            group="Number of the group that is left out",
            score="Headline metric",
        ),
    ),
    "curves_left_out": Table(
        "learning curves without groups of dev units",
        "Every run's `relative` of the table `convergence`, the mean height of its curve of dev"
        " scores as a share of its best, without each group of dev units: what the intervals of (a)"
        " take the chance of dev examples from.",
        columns(
            "task initialization seed group score",
            group="Number of the group that is left out",
            score="Share of the run's best dev score without the group",
        ),
    ),
}

FIGURES = {
    "summary": Figure(
        "summary",
        "Left: test score (the task's headline metric) of the arms that the claims compare, mean"
        " over seeds with its 95 % t interval (of two seeds, both); in the row of all tasks, if"
        " there are several of one metric, the mean of the tasks. A stroke is the baseline"
        " without an encoder that is best on test, such as n-gram regression. Then the paper's"
        " claims as paired differences: a dot is a task, the diamond, where there are several, the"
        " mean over tasks, lines are intervals (95 %; in (c), if it is drawn, 90 %). Right of"
        " the line at 0 the claim's first arm is ahead; in (c) every interval must lie right of the"
        " dashed margin. Intervals of claims on test scores cover seeds and test examples, that of"
        " (a) seeds and dev examples. They are not adjusted for the number of tasks; verdicts are,"
        " so that a task whose interval lies beside 0 may be undecided: a mark is filled where the"
        " verdict is supported or contradicted, and open where it is neither. (d1) has no interval"
        " and is not drawn.",
        ("scores", "effects"),
        parts=("dev", "test"),
    ),
    "scores": Figure(
        "scores",
        "Test score (the task's headline metric: 1 is perfect, 0 a constant answer in MCC and in"
        " correlations) of each arm in each task. A grey line joins the runs of one seed, which"
        " share token map, head and batch order: where lines lean the same way, the difference of"
        " two arms is steadier than their two intervals suggest; whether it is shown, its claim"
        " says. Above the runs stand their mean and"
        " its 95 % t interval over seeds (of two seeds, both), which does not cover the choice of"
        " test examples. Upright lines are baselines without an encoder, of which the legend names"
        " those that are shown: an arm left of that of n-gram regression found less than counting"
        " neighbours does, one left of the additive model less than adding up symbols by place."
        " Below the line between rows stand controls, networks without an encoder, if the study"
        " trains some: mean and interval alone. Every panel has its own scale, which shows all of"
        " its arms: an arrow gives the mean of a control beyond it, and a baseline beyond it is not"
        " shown.",
        ("scores",),
        parts=("test",),
    ),
    "convergence": Figure(
        "convergence",
        "Dev score against optimizer steps (doublings) from the first evaluation on. Lines are"
        " means over seeds, bands, of at most four arms, 95 % t intervals over seeds (of two seeds,"
        " both), cut at the panel's edge. Level lines are dev scores of baselines without an"
        " encoder, those within the panel. A curve further left learns faster; one that ends higher"
        " scores better. Once a run has ended, its best score is drawn on, so that a mean may jump"
        " there. Claim (a) is about the area under such curves of the best score so far, of classes"
        " in MCC. Dev scores pick the step of a run, so that heights are optimistic: compare test"
        " scores instead. Every panel has its own scale.",
        ("histories", "scores"),
        parts=("dev",),
    ),
    "claims": Figure(
        "claims",
        "A panel per claim, and behind them, marked `beside` and not bold, the same by other"
        " measures or margins, which are no further verdicts: paired differences per task (dots),"
        " their mean over tasks (diamond),"
        " and intervals at the level that each panel states; (d1), a permutation test, has none."
        " The solid line is 0: no difference; a dashed one is the margin of (c). Panels (weights)"
        " and (arrangement), if the study has their arms, are no claims of the paper: what the"
        " distribution of the text weights gives, and what their arrangement adds to it; nor is"
        " (baseline): text against the baseline without an encoder that is best on dev. Every"
        " panel has its own scale. Intervals are not adjusted for the number of tasks, as verdicts"
        " are, so that a task whose interval lies beside 0 may be undecided: a mark is filled where"
        " the verdict is supported or contradicted, and open where it is neither.",
        ("effects",),
        parts=("dev", "test"),
    ),
    "gains_over_steps": Figure(
        "gain over random by training steps",
        "What a shorter training would have shown: the best dev score so far of an arm minus that"
        " of random weights, paired by seed, against optimizer steps (doublings). Lines are means"
        " over seeds, bands, of at most four arms, 95 % t intervals over seeds at each step (of two"
        " seeds, both), cut at the panel's edge. A gain that falls back to 0 is one of speed; one"
        " that stays is one of the score that is reached.",
        ("gains_over_steps",),
        parts=("dev",),
        has=has_random_and_others,
    ),
    "sensitivity": Figure(
        "sensitivity to the learning rate",
        "How much an arm's dev score depends on the learning rate (AdamW's highest; log axis), in"
        " the sweep that chose the settings: mean over the sweep's seeds, at the arm's best pooling"
        " and warm-up. The band goes from the lowest to the highest seed; it is no confidence"
        " interval. The ring marks the chosen rate. Where lines cross, one rate for all arms would"
        " have decided which arm wins.",
        ("sensitivity",),
        parts=("dev",),
        sweep=True,
    ),
    "speed_by_rate": Figure(
        "speed of learning by learning rate",
        "How soon a run is where it ends, against the learning rate, in the sweep that chose it:"
        " the mean height of the curve of the best dev score so far (over doublings of steps, from"
        " the first evaluation on), as a share of the run's own best, which is what (a) compares."
        " Mean over the sweep's seeds, at the arm's best pooling and warm-up; the band goes from"
        " the lowest to the highest seed and is no confidence interval. (a) compares the rings:"
        " where they stand at unlike rates, part of the difference may be the rate's. A rate at"
        " which an arm hardly learns says nothing: see sensitivity to the learning rate.",
        ("sensitivity",),
        parts=("dev",),
        sweep=True,
    ),
    "generalization": Figure(
        "generalization gap",
        "Loss on dev minus training loss against optimizer steps (doublings); lines are means"
        " over seeds, bands, of at most four arms, 95 % t intervals over seeds (of two, both), cut"
        " at the panel's edge. A rising line fits the training part beyond what carries over; one"
        " below 0 is of a model that still learns, since the training loss is a mean over the steps"
        " before, with dropout on. A line ends with the first of its runs that ended or diverged.",
        ("generalization",),
        parts=("train", "dev"),
    ),
    "power": Figure(
        "power",
        "The smallest difference in test score between text and random weights that 80 % of"
        " studies would tell from 0 (at the 5 % level, adjusted for the number of tasks), by their"
        " number of seeds; both axes in equal ratios, up to 2, the largest difference of two scores"
        " from -1 to 1. The dot is this study's number; the thin line is the size of the difference"
        " that it found, which studies of the seeds right of where they cross would see. Where a"
        " curve goes flat, test examples are the limit, and more seeds do not help. Spreads are"
        " estimates from this study's seeds: with few seeds, they may be half or double. A curve"
        " may rise from 3 to 4 seeds: up to 3, tasks share a spread; of more, each has its own.",
        ("power",),
        parts=("test",),
        has=compares_text_with_random_over_seeds,
    ),
}


def table_functions() -> dict[str, Callable]:
    """By table, the function from `results.Results` to its data frame."""
    from seqtransfer.report import gains_over_steps, generalization, power
    from seqtransfer.report.tables import main_table, run_tables, sensitivity

    return {
        "main": lambda found: main_table.table(found.scores),
        "scores": lambda found: found.scores,
        "differences": lambda found: run_tables.differences(found.runs, found.convergence),
        "convergence": lambda found: found.convergence,
        "runs": lambda found: found.runs,
        "histories": lambda found: found.histories,
        "sensitivity": lambda found: sensitivity.table(found.sweep, found.trained),
        "left_out": lambda found: found.left_out,
        "curves_left_out": lambda found: found.curves_left_out,
        "generalization": lambda found: generalization.table(found.histories),
        "gains_over_steps": lambda found: gains_over_steps.table(found.histories),
        "power": lambda found: power.table(found.runs, found.left_out),
    }


def figure_functions() -> dict[str, Callable]:
    """By figure, the function from its tables by name and the claims to a matplotlib Figure."""
    from seqtransfer.report import gains_over_steps, generalization, power
    from seqtransfer.report.figures import claim_figures, run_figures

    return {
        "summary": claim_figures.summary,
        "scores": run_figures.scores,
        "convergence": run_figures.convergence,
        "claims": claim_figures.claims,
        "generalization": generalization.figure,
        "power": power.figure,
        "gains_over_steps": gains_over_steps.figure,
        "sensitivity": run_figures.sensitivity,
        "speed_by_rate": run_figures.speed_by_rate,
    }
