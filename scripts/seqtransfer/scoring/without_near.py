"""Predictions and the leak audit's table -> scores without the test rows that are near to train."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from seqtransfer.scoring.left_out import alike
from seqtransfer.tokens.near_rows import THRESHOLDS


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
    records, differ = [], not alike(counted(rows["label"].to_numpy()))
    for name, mask in kept.items():
        sides = [rows.loc[mask, column].to_numpy() for column in ("label", "prediction")]
        lost = mask.sum() < 2 or (differ and alike(counted(sides[0])))
        value = np.nan if lost else score(*sides)
        records.append({"kept": name, "score": value, "n": int(mask.sum())})
    return pd.DataFrame(records)
