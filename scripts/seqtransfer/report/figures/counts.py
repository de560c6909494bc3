"""Tables of a figure -> what its numbers are of, as its caption ends."""

from collections.abc import Mapping, Sequence

import pandas as pd

from seqtransfer.report import names


def of_figure(drawn_from: Sequence[str], tables: Mapping[str, pd.DataFrame]) -> str:
    """What the numbers of a figure are of: seeds of an arm and, task by task, rows of states that
    are compared, or examples of dev and test; of a sweep its seeds, and examples of dev.

    drawn_from: names of `tables`, the report's; none of them stands for `runs`.
    """
    budget = [*tables["budget"].itertuples()]
    if "sensitivity" in drawn_from:
        swept = tables["sensitivity"]["seeds"]
        said = f"Seeds of the sweep: {names.span(swept)}. " if len(swept) else ""
        return f"{said}Examples of dev: " + _each({row.task: f"{row.dev}" for row in budget})
    shown = [tables[name] for name in drawn_from or ("runs",) if name in tables]
    seeds = names.span(tables["runs"].groupby(["task", "initialization"])["seed"].nunique())
    said = f"Seeds of an arm: {seeds}."
    compared = [seed for one in shown for seed in _seeds_compared(one)]
    if compared and names.span(compared) != seeds:
        said += f" Seeds of similarities: {names.span(compared)}."
    for one in shown:
        if {"task", "rows"} <= set(one):
            parts = one.dropna(subset="rows").groupby("task", sort=False)["rows"]
            return f"{said} States compared: " + _each(
                {task: names.span(rows) for task, rows in parts}
            )
    return f"{said} Examples of dev and test: " + _each(
        {row.task: f"{row.dev} and {row.test}" for row in budget}
    )


def _seeds_compared(table: pd.DataFrame) -> list[float]:
    """Of how many seeds the table's similarities are."""
    if "seeds" not in table:
        return []
    if "claim" in table:
        return table.loc[table["claim"].str.startswith("d"), "seeds"].dropna().tolist()
    return table["seeds"].dropna().tolist() if "rows" in table else []


def _each(counts: Mapping[str, str]) -> str:
    return "; ".join(f"{task} {count}" for task, count in counts.items()) + "."
