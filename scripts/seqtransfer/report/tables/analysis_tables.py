"""Results of the optimisation analyses -> means over seeds, and whether they go with transfer."""

import numpy as np
import pandas as pd

from seqtransfer.report.tables.association_tables import associations
from seqtransfer.report.tables.intervals import interval_rows, paired_differences
from seqtransfer.report.tables.run_tables import RUN

OUTCOMES = {"gain": "test_score", "speed": "relative"}  # columns of `runs` and `convergence`
VALUES = (
    "task initialization seed stage step analysis quantity value reference layer part size code"
).split()
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
    """One row per task, arm, stage, quantity and place: mean over seeds, t interval, reference.

    values: every result; places: which of its columns step, layer, part and size the analysis has.
    """
    chosen = values[values["analysis"] == analysis]
    keys = ["task", "initialization", "stage", "quantity", *places]
    rows = interval_rows(chosen, keys, "value")
    rows["reference"] = (
        chosen.groupby(keys, sort=False, dropna=False)["reference"].mean().to_numpy()
    )
    whole = {"layer": np.int64, "step": "Int64"}
    return rows.astype({place: whole[place] for place in places if place in whole})


def points(values: pd.DataFrame, runs: pd.DataFrame, convergence: pd.DataFrame) -> pd.DataFrame:
    """One row per task, arm other than `random`, seed and headline quantity before fine-tuning.

    value, gain (of test score) and speed (mean height of the learning curve as a share of its best,
    by which claim (a) is judged): the arm's less those of `random` at the same seed.
    """
    before = values[values["stage"] == "before"]
    wide = runs[[*RUN, "test_score"]].merge(convergence[[*RUN, "relative"]], on=RUN)
    names = []
    for name, by in HEADLINES.items():
        chosen = before[
            np.logical_and.reduce([before[key].isin(known) for key, known in by.items()])
        ]
        if chosen.empty:
            continue
        names.append(name)
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
                rows.append(
                    pd.DataFrame(found).reset_index().assign(initialization=arm, quantity=name)
                )
    columns = [*RUN, "quantity", "value", *OUTCOMES]
    return pd.concat(rows, ignore_index=True)[columns] if rows else pd.DataFrame(columns=columns)


def association(points: pd.DataFrame) -> pd.DataFrame:
    """Whether each headline quantity goes with gain and speed; see `associations`."""
    return associations(points, ["quantity"], "value", list(OUTCOMES))
