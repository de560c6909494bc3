"""Tables of a figure -> what its numbers are of, as its caption ends."""

from collections.abc import Mapping, Sequence

import pandas as pd

from seqtransfer.report import names
from seqtransfer.report.claims import claim_records
from seqtransfer.report.register.entries import Figure

# Columns that say how many of these the numbers of a table are over.
COUNTED = {
    "rows": "States compared",
    "sequences": "Test sequences",
    "batches": "Training batches",
}
ARM = ["task", "initialization"]


def of_figure(figure: Figure, tables: Mapping[str, pd.DataFrame], claims: Sequence[Mapping]) -> str:
    """What the numbers of a figure are of: seeds; task by task what its tables count; examples of
    the parts of the data that it is of.

    tables: the report's by name, with `runs` and `budget`; claims: of the ledger.
    """
    shown = [tables[name] for name in figure.tables if name in tables]
    if figure.one_measure:
        shown = [one[one["measure"] == claim_records.judged_by(one, claims)] for one in shown]
    said = _seeds(figure, shown, tables["runs"])
    for column, what in COUNTED.items():
        said += _each(what, column, [table for table in shown if column in table])
    for table in shown:
        if "count" in table:  # of answers, by class
            answers = table.groupby([*ARM, "seed"], sort=False)["count"].sum(min_count=1)
            said += _each("Test examples or labelled tokens", "count", [answers.reset_index()])
    if figure.parts:
        counts = [
            f"{row.task} {names.listed(str(getattr(row, part)) for part in figure.parts)}"
            for row in tables["budget"].itertuples()
        ]
        said.append(f"Examples of {names.listed(figure.parts)}: {'; '.join(counts)}.")
    return " ".join(said)


def _seeds(figure: Figure, shown: Sequence[pd.DataFrame], run: pd.DataFrame) -> list[str]:
    """Of the sweep; of what is counted, which may be of fewer seeds than there are runs of an arm;
    or of an arm and, where they are others, of the similarities that claims are about."""
    if figure.sweep:
        return _span("Seeds of the sweep", shown[0]["seeds"])
    counted = [table for table in shown if not COUNTED.keys().isdisjoint(table)]
    if counted:
        return _span("Seeds", pd.concat(map(_of_each_arm, counted)))
    of_arms = _of_each_arm(run)
    said = _span("Seeds of an arm", of_arms)
    for table in shown:
        if "claim" in table:
            compared = table.loc[table["claim"].str.startswith("d"), "seeds"].dropna()
            if set(compared) != set(of_arms):
                said += _span("Seeds of similarities", compared)
    return said


def _of_each_arm(table: pd.DataFrame) -> pd.Series:
    """How many seeds the numbers of each task and arm, or pair of arms, are of."""
    arms = table.groupby([name for name in (*ARM, "left", "right") if name in table], sort=False)
    return arms["seed"].nunique() if "seed" in table else arms["seeds"].max()


def _span(what: str, numbers: pd.Series) -> list[str]:
    known = numbers.dropna()
    return [f"{what}: {names.span(known)}."] if len(known) else []


def _each(what: str, column: str, tables: Sequence[pd.DataFrame]) -> list[str]:
    """A sentence on the numbers of a column, task by task, if there are any."""
    known = [table[["task", column]].dropna() for table in tables if len(table)]
    if not known:
        return []
    parts = pd.concat(known).groupby("task", sort=False)[column]
    each = [f"{task} {names.span(numbers)}" for task, numbers in parts]
    return [f"{what}: {'; '.join(each)}."] * bool(each)
