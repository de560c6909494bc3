"""Predictions -> scores without each group of test units, for intervals over test examples."""

from collections.abc import Callable

import numpy as np
import pandas as pd

GROUPS = 50  # of test units, at most


def scores(
    predictions: pd.DataFrame,
    groups: np.ndarray,
    score: Callable[[np.ndarray, np.ndarray], float],
) -> pd.DataFrame:
    """One row a group: group, score without its examples.

    predictions: columns label and prediction of n examples; groups: (n,) int, 0 .. g - 1; score: of
    labels and predictions.
    """
    labels, answers = (predictions[name].to_numpy() for name in ("label", "prediction"))
    rows = [
        {"group": group, "score": score(labels[groups != group], answers[groups != group])}
        for group in range(groups.max() + 1)
    ]
    return pd.DataFrame(rows)
