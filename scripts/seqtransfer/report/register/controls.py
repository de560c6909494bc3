"""Tables of controls, the networks without an encoder that a study may train beside its arms."""

from collections.abc import Callable

from seqtransfer.report.register import runs
from seqtransfer.report.register.entries import Table, columns, has_controls

TABLES = {
    "control_runs": Table(
        "every run of a control",
        "Every run of a control, none dropped. A control is a small network without an encoder,"
        " trained by the same engine, budget and sweep as the arms.",
        {
            **runs.TABLES["runs"].columns,
            "initialization": "Name of the control",
            "pooling": "The control's own: mean or max over tokens",
            "encoder": "That of the study, whose width a control's embeddings have",
            "layers": "Those of the study's arms; a control has none of them",
        },
        has=has_controls,
    ),
    "controls": Table(
        "arms against controls",
        "Test score of an arm minus that of a control, paired by seed: mean with its 95 % t"
        " interval over seeds. Above 0 the arm finds more than the control does. No claim is about"
        " a control.",
        columns(
            "task initialization control mean low high seeds",
            control="Name of the control",
            mean="Mean difference over seeds, in the headline metric; empty if a run has no score",
        ),
        markdown=True,
        has=has_controls,
    ),
}


def table_functions() -> dict[str, Callable]:
    """By table, the function from `results.Results` to its data frame."""
    from seqtransfer.report.tables import control_tables

    return {
        "control_runs": lambda found: found.control_runs,
        "controls": lambda found: control_tables.differences(found.runs, found.control_runs),
    }
