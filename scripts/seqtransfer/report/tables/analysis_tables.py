"""Results of the optimisation analyses -> means over seeds, and whether they go with transfer."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from seqtransfer.report.tables.association_tables import associations
from seqtransfer.report.tables.intervals import BOUNDS, bounds, interval_rows, paired_differences
from seqtransfer.report.tables.run_tables import RUN
from seqtransfer.report.tables.table_cells import of_any_size, with_interval

STAGES = ("before", "after")  # of fine-tuning

OUTCOMES = {"gain": "test_score", "speed": "relative"}  # columns of `runs` and `convergence`
VALUES = (
    "task initialization seed stage step analysis quantity value reference layer part size n code"
).split()
DIFFERENCE = ["difference", "difference_low", "difference_high"]
OVER = {"gradient_confusion": "batches"}  # what the `n` of an analysis counts; else sequences
# One number a model for each question, named before its values were seen: a mean over the rows of
# `analyses` that these columns choose.
HEADLINES = {
    "spread of singular values": {"quantity": ["log10_spread"], "layer": [0]},
    "minimum cosine of gradients": {"quantity": ["minimum_cosine"], "part": ["all"]},
    "change of state by 1 % noise": {"quantity": ["state_change"], "size": [0.01]},
    "LayerNorm gain": {"quantity": ["gain"], "part": ["attention", "feed-forward"]},
    "spectral norm of layers": {"quantity": ["spectral_norm"]},
    "distance by one substitution": {"quantity": ["relative_distance"], "size": [1]},
}


def table(values: pd.DataFrame, analysis: str, places: list[str]) -> pd.DataFrame:
    """One row per task, arm, stage, quantity and place: mean over seeds, t interval, reference, and
    over how many test sequences, or training batches.

    values: every result; places: which of its columns step, layer, part and size the analysis has.
    """
    chosen = values[values["analysis"] == analysis]
    keys = ["task", "initialization", "stage", "quantity", *places]
    rows = interval_rows(chosen, keys, "value")
    groups = chosen.groupby(keys, sort=False, dropna=False)
    rows["reference"] = groups["reference"].mean().to_numpy()
    over = OVER.get(analysis, "sequences")
    rows[over] = groups["n"].first().to_numpy()
    whole = {"layer": np.int64, "step": "Int64", over: np.int64}
    return rows.astype({name: whole[name] for name in (*places, over) if name in whole})


def summary(values: pd.DataFrame) -> pd.DataFrame:
    """One row per headline quantity, task, stage before or after, and arm: mean over seeds with its
    t interval, the same of the difference from `random` at equal seeds, and reference."""
    rows = []
    for name, over, runs in _headlines(values[values["stage"].isin(STAGES)]):
        for (task, stage), arms in runs.groupby(["task", "stage"], sort=False):
            for arm, own in arms.groupby("initialization", sort=False):
                less = paired_differences(arms, "value", arm, "random")["difference"]
                apart = bounds(less)[:3] if arm != "random" and len(less) else ()
                rows.append(
                    {"quantity": name, "task": task, "stage": stage, "initialization": arm}
                    | dict(zip(BOUNDS, bounds(own["value"]), strict=True))
                    | dict(zip(DIFFERENCE, apart, strict=False))
                    | {"reference": own["reference"].mean(), over: own["n"].iloc[0]}
                )
    places = ["quantity", "task", "stage", "initialization"]
    columns = [*places, *BOUNDS, *DIFFERENCE, "reference", "sequences", "batches"]
    table = pd.DataFrame(rows).reindex(columns=columns)
    return table.astype({"sequences": "Int64", "batches": "Int64"})


def wide(table: pd.DataFrame) -> pd.DataFrame:
    """The summary as it is read: a row per task, stage and arm, a column per headline quantity,
    each cell `mean [low, high]`."""
    keys = ["task", "stage", "initialization"]
    cells = [with_interval(row, lambda _, value: of_any_size(value)) for row in table.itertuples()]
    shown = table.assign(cell=cells).pivot(index=keys, columns="quantity", values="cell")
    order = list(table[keys].drop_duplicates().itertuples(index=False, name=None))
    return shown.loc[order, table["quantity"].unique()].reset_index()


def points(values: pd.DataFrame, runs: pd.DataFrame, convergence: pd.DataFrame) -> pd.DataFrame:
    """One row per task, arm other than `random`, seed and headline quantity before fine-tuning.

    value, gain (of test score) and speed (mean height of the learning curve as a share of its best,
    by which claim (a) is judged): the arm's less those of `random` at the same seed; sequences or
    batches: how many the value is over.
    """
    before = values[values["stage"] == "before"]
    wide = runs[[*RUN, "test_score"]].merge(convergence[[*RUN, "relative"]], on=RUN)
    counted = {}
    for name, over, found in _headlines(before):
        counted[name] = {over: found.groupby("task")["n"].first()}
        wide = wide.merge(
            found[[*RUN, "value"]].rename(columns={"value": name}), on=RUN, how="left"
        )
    rows = []
    for arm in dict.fromkeys(runs["initialization"]):
        if arm != "random":
            paired = {
                column: paired_differences(wide, column, arm, "random").set_index(["task", "seed"])
                for column in (*OUTCOMES.values(), *counted)
            }
            outcomes = {name: paired[column]["difference"] for name, column in OUTCOMES.items()}
            for name, counts in counted.items():
                found = {"value": paired[name]["difference"], **outcomes}
                table = pd.DataFrame(found).reset_index()
                many = {over: table["task"].map(known) for over, known in counts.items()}
                rows.append(table.assign(initialization=arm, quantity=name, **many))
    every = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()
    columns = [*RUN, "quantity", "value", *OUTCOMES, "sequences", "batches"]
    return every.reindex(columns=columns).astype({"sequences": "Int64", "batches": "Int64"})


def _headlines(values: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Of each headline quantity that there is: its name, what its `n` counts, and its value,
    reference and n in every run and stage."""
    for name, by in HEADLINES.items():
        found = np.logical_and.reduce([values[key].isin(known) for key, known in by.items()])
        if found.any():
            over = OVER.get(values.loc[found, "analysis"].iloc[0], "sequences")
            runs = values[found].groupby([*RUN, "stage"], sort=False)
            means = runs[["value", "reference"]].mean(skipna=False).assign(n=runs["n"].first())
            yield name, over, means.reset_index()


def association(points: pd.DataFrame) -> pd.DataFrame:
    """Whether each headline quantity goes with gain and speed; see `associations`."""
    return associations(points, ["quantity"], "value", list(OUTCOMES))
