"""Tables and figures of gains over random weights: sources, steps, parts of pretrained encoders."""

from collections.abc import Callable

from seqtransfer.report.register.entries import (
    Figure,
    Table,
    climbs_the_ladder,
    columns,
    pretrains_in_steps,
    transfers_corpora,
)

TABLES = {
    "transfer": Table(
        "transfer of sources",
        "Gain of an encoder pretrained here on a source (or, for `text encoder`, on text) over"
        " random weights, per task that it was fine-tuned on.",
        columns(
            "source task initialization split mean low high seeds",
            source="What the encoder was pretrained on: a task, whose own arm is `domain`, or"
            " another corpus",
            task="Name of the task; `all but its own` is the mean over tasks, held fixed, other"
            " than the source",
            initialization="Name of the arm; of a mean over tasks, that in the first of them",
            mean="Mean over seeds of the score minus that of `random` at the same seed",
        ),
        readable=True,
        has=transfers_corpora,
    ),
    "pretraining": Table(
        "steps of pretraining",
        "Score against the steps of pretraining on the task's own training sequences, or on the"
        " corpus that `domain_corpora` names for it.",
        columns(
            "task initialization pretraining_steps split mean low high seeds",
            pretraining_steps="0 for `random`, empty for `text`, which stands for comparison",
        ),
        readable=True,
        has=pretrains_in_steps,
    ),
    "ladder": Table(
        "parts of pretrained encoders",
        "What of a pretrained encoder is worth keeping: score of an arm minus that of `random` at"
        " the same seed, per task and over all tasks (held fixed). Arms go from scratch to full.",
        columns("task initialization split mean low high seeds"),
        readable=True,
        has=climbs_the_ladder,
    ),
}

FIGURES = {
    "transfer": Figure(
        "transfer of sources",
        "Rows: what an encoder was pretrained on; columns: the task it was fine-tuned on; a cell:"
        " its score minus that of random weights, paired by seed, and where there is room the 95 %"
        " t interval over seeds. Blue helps, red hurts; grey was not run, or has a run without a"
        " score. Bold and in strong colour where the interval excludes 0 (not adjusted for the"
        " number of cells), pale where it includes 0; framed where a task is its own source. The"
        " last column is the mean over"
        " tasks, held fixed, but for that one. Compare a"
        " column's cells: only a source above the artificial ones transfers more than pretraining"
        " on any sequences does.",
        ("transfer",),
        parts=("dev", "test"),
        has=transfers_corpora,
    ),
    "pretraining": Figure(
        "steps of pretraining",
        "Test score against the steps of pretraining on the task's own training sequences, or on"
        " the corpus that `domain_corpora` names for it, from random weights (0 steps) on; the"
        " axis doubles after the first checkpoint. A dot is a seed of fine-tuning, the line the"
        " mean, the band its 95 % t interval (of two seeds, both). All dots of a step start from"
        " one pretraining run, so that the band does not cover another run of it. The dashed line"
        " is the text encoder, with its interval.",
        ("pretraining",),
        parts=("test",),
        has=pretrains_in_steps,
    ),
    "ladder": Figure(
        "parts of pretrained encoders",
        "Gain over random weights, paired by seed, of arms that keep only a part of the text"
        " encoder, from nothing of its arrangement (moments, shuffled) to all of it (text), and of"
        " parts of encoders pretrained on sequences, each beside the whole of it; the"
        " last panel is the mean over tasks, held fixed. Filled: test; open: dev, which picked the"
        " step and is optimistic. Lines are 95 % t intervals over seeds, not adjusted for the"
        " number of arms; of two seeds they join both.",
        ("ladder",),
        parts=("dev", "test"),
        has=climbs_the_ladder,
    ),
}


def table_functions() -> dict[str, Callable]:
    """By table, the function from `results.Results` to its data frame."""
    from seqtransfer.report.tables import gain_tables

    return {
        "transfer": lambda found: gain_tables.transfer(found.runs, found.budget),
        "pretraining": lambda found: gain_tables.pretraining(found.scores, found.budget),
        "ladder": lambda found: gain_tables.ladder(found.runs),
    }


def figure_functions() -> dict[str, Callable]:
    """By figure, the function from its tables by name and the claims to a matplotlib Figure."""
    from seqtransfer.report.figures import gain_figures

    return {
        "transfer": gain_figures.transfer,
        "pretraining": gain_figures.pretraining,
        "ladder": gain_figures.ladder,
    }
