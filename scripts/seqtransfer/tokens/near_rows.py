"""The leak audit's table of near sequences -> scores without the test rows that are near to train.

Apart from the audit itself, whose libraries take longer to import than these scores to compute.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

THRESHOLDS = (0.5, 0.8, 0.9)
NUMBERS = ("similarity", "overlap", "relative_distance")  # what rows are left out by


def read_strings(path: Path) -> pd.DataFrame:
    """A TSV table, such as a run's predictions, with every cell a string: the class "0" stays what
    it is."""
    return pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)


def read_nearest(path: Path) -> pd.DataFrame:
    """The table of `leak_audit.nearest` that a task's audit wrote: NUMBERS as floats, `duplicate`
    as bool, all else as strings."""
    near = read_strings(path)
    for name in near.columns.intersection(NUMBERS):
        near[name] = pd.to_numeric(near[name])
    near["duplicate"] = near["duplicate"] == "True"
    return near


def rescored(
    predictions: pd.DataFrame,
    near: pd.DataFrame,
    score: Callable[[np.ndarray, np.ndarray], float],
    counted: Callable[[np.ndarray], np.ndarray] = np.asarray,
) -> pd.DataFrame:
    """Scores of one run on the test rows that stay when near ones are left out: kept, score, n.

    predictions: columns id, label, prediction; near: the `after` table of `leak_audit.nearest` for
    the same examples; score: of (n,) labels and (n,) predictions; counted: labels -> the (m,) that
    are scored. `kept` is `all`, `no duplicates`,
    `similarity < t` for each threshold, and of series `overlap < t` and `not near`. The score is
    missing where fewer than two rows stay, where the labels of those that stay are alike and others
    are not, since MCC is 0 there whatever the answers, or where nothing says what is near.

    Raises ValueError if the two tables are not of the same examples.
    """
    if sorted(predictions["id"]) != sorted(near["id"]):
        raise ValueError(
            f"{len(predictions)} predictions and {len(near)} audited test sequences are not of the"
            " same examples; rerun the audit"
        )
    rows = predictions.merge(near, on="id")
    kept = {"all": np.full(len(rows), True), "no duplicates": ~rows["duplicate"].to_numpy(bool)}
    for name in [name for name in ("similarity", "overlap") if name in rows]:
        for threshold in sorted(THRESHOLDS, reverse=True):
            kept[f"{name} < {threshold}"] = rows[name].to_numpy() < threshold
    if "relative_distance" in rows:
        kept["not near"] = rows["relative_distance"].to_numpy() >= 1
    records, differ = [], not _alike(counted(rows["label"].to_numpy()))
    for name, mask in kept.items():
        sides = [rows.loc[mask, column].to_numpy() for column in ("label", "prediction")]
        lost = mask.sum() < 2 or (differ and _alike(counted(sides[0])))
        value = np.nan if lost else score(*sides)
        records.append({"kept": name, "score": value, "n": int(mask.sum())})
    return pd.DataFrame(records)


def _alike(labels: np.ndarray) -> bool:
    return bool((labels == labels[:1]).all())
