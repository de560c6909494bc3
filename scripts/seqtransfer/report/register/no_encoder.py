"""Tables of what has no encoder, controls and baselines, beside the arms."""

from collections.abc import Callable

from seqtransfer.report.register.entries import Table, columns, has_controls
from seqtransfer.report.register.runs import OF_RUNS

TABLES = {
    "without_encoder": Table(
        "arms against what has no encoder",
        "Test score of an arm minus that of a baseline, which is fitted once, or of a control, a"
        " small network that is trained as the arms are: mean over seeds, with a control paired by"
        " seed, with its 95 % interval over seeds and test examples, not adjusted for the number of"
        " rows. The claim (baseline) is about text and the task's best baseline on dev, adjusted"
        " for the tasks; no claim is about a control.",
        columns(
            "task initialization against kind mean low high seeds",
            against="Name of the control or baseline",
            kind="control or baseline",
            mean="Mean difference over seeds, in the headline metric; empty if a run has no score",
            low="Lower bound of its 95 % interval over seeds and test examples",
            high="Upper bound of its 95 % interval over seeds and test examples",
        ),
        readable=True,
    ),
    "control_runs": Table(
        "every run of a control",
        "Every run of a control, none dropped: by the same engine, budget and sweep as the arms'.",
        {
            **OF_RUNS,
            "initialization": "Name of the control",
            "pooling": "Mean or max over tokens, the control's own; none to classify tokens",
            "encoder": "That of the study, whose width a control's embeddings have",
            "layers": "Those of the study's arms; a control has none of them",
        },
        has=has_controls,
    ),
    "baselines_left_out": Table(
        "baselines without groups of test units",
        "Every baseline's test score without each group of test units, the groups of the table"
        " `left_out`: an arm's difference from a baseline takes the chance of test examples from"
        " both.",
        columns(
            "task baseline group score",
            baseline="Name of the baseline",
            group="Number of the group that is left out",
            score="Headline metric",
        ),
    ),
}


def table_functions() -> dict[str, Callable]:
    """By table, the function from `results.Results` to its data frame."""
    from seqtransfer.report.tables import without_encoder

    return {
        "without_encoder": lambda found: without_encoder.differences(
            found.runs, found.control_runs, found.scores, found.left_out, found.baselines_left_out
        ),
        "control_runs": lambda found: found.control_runs,
        "baselines_left_out": lambda found: found.baselines_left_out,
    }
