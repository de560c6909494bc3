"""Results of the optimisation analyses -> means over seeds, and whether they go with transfer."""

import numpy as np
import pandas as pd

from seqtransfer.report.tables.association_tables import associations
from seqtransfer.report.tables.intervals import interval_rows, paired_differences
from seqtransfer.report.tables.run_tables import RUN

OUTCOMES = {"gain": "test_score", "speed": "relative"}  # columns of `runs` and `convergence`
VALUES = (
    "task initialization seed stage step analysis quantity value reference layer part size n code"
).split()
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


def points(values: pd.DataFrame, runs: pd.DataFrame, convergence: pd.DataFrame) -> pd.DataFrame:
    """One row per task, arm other than `random`, seed and headline quantity before fine-tuning.

    value, gain (of test score) and speed (mean height of the learning curve as a share of its best,
    by which claim (a) is judged): the arm's less those of `random` at the same seed; sequences or
    batches: how many the value is over.
    """
    before = values[values["stage"] == "before"]
    wide = runs[[*RUN, "test_score"]].merge(convergence[[*RUN, "relative"]], on=RUN)
    names, over = [], {}
    for name, by in HEADLINES.items():
        chosen = before[
            np.logical_and.reduce([before[key].isin(known) for key, known in by.items()])
        ]
        if chosen.empty:
            continue
        names.append(name)
        counts = chosen.groupby("task")["n"].first()
        over[name] = {OVER.get(chosen["analysis"].iloc[0], "sequences"): counts}
        means = chosen.groupby(RUN, sort=False)["value"].mean(skipna=False)
        wide = wide.merge(means.rename(name).reset_index(), on=RUN, how="left")
    rows = []
    for arm in dict.fromkeys(runs["initialization"]):
        if arm != "random":
            paired = {
                column: paired_differences(wide, column, arm, "random").set_index(["task", "seed"])
                for column in (*OUTCOMES.values(), *names)
            }
            outcomes = {name: paired[column]["difference"] for name, column in OUTCOMES.items()}
            for name in names:
                found = {"value": paired[name]["difference"], **outcomes}
                table = pd.DataFrame(found).reset_index()
                counted = {key: table["task"].map(counts) for key, counts in over[name].items()}
                rows.append(table.assign(initialization=arm, quantity=name, **counted))
    every = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()
    columns = [*RUN, "quantity", "value", *OUTCOMES, "sequences", "batches"]
    return every.reindex(columns=columns).astype({"sequences": "Int64", "batches": "Int64"})


def association(points: pd.DataFrame) -> pd.DataFrame:
    """Whether each headline quantity goes with gain and speed; see `associations`."""
    return associations(points, ["quantity"], "value", list(OUTCOMES))
