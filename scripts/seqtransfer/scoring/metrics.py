"""Predictions -> scores.

Every training job scores, and importing scikit-learn or SciPy takes as long as a hundred steps of a
small model: classification needs a confusion matrix alone, and ranks are asked of SciPy only where
labels are numbers. Tests compare all of it with scikit-learn.
"""

import numpy as np


def classification_scores(
    labels: np.ndarray, predictions: np.ndarray, classes: int
) -> dict[str, int | float]:
    """Score (n,) predicted class indices against (n,) true ones, both in 0 .. classes - 1.

    Returns n, accuracy in [0, 1], mcc (Matthews correlation of all classes, Gorodkin 2004) in
    [-1, 1], and macro_f1 in [0, 1]. mcc is 0 for the majority class or any other constant answer,
    and for labels of one class, where it is undefined. macro_f1 averages over ALL classes: one that
    is neither present nor predicted counts as 0, so that runs on the same data share a denominator.
    Two classes also give f1, that of class 1.

    Raises ValueError if there are no examples, the lengths differ or an index names no class.
    """
    labels, predictions = np.asarray(labels), np.asarray(predictions)
    if labels.shape != predictions.shape or labels.ndim != 1 or len(labels) == 0:
        raise ValueError(f"{labels.shape} labels, {predictions.shape} predictions; need (n,) each")
    for name, values in (("label", labels), ("prediction", predictions)):
        strange = ~np.isin(values, np.arange(classes))
        if strange.any():
            raise ValueError(
                f"{name} {values[strange][0]} at position {np.flatnonzero(strange)[0]} is not an "
                f"index of {classes} classes (0 to {classes - 1})"
            )
    confusion = np.bincount(labels * classes + predictions, minlength=classes**2)
    confusion = confusion.reshape(classes, classes).astype(np.float64)
    true, answered, right = confusion.sum(axis=1), confusion.sum(axis=0), confusion.diagonal()
    n = len(labels)
    f1 = 2 * right / np.maximum(true + answered, 1)
    # Gorodkin 2004: the covariance of labels and answers over the root of their variances.
    variances = (n**2 - answered @ answered) * (n**2 - true @ true)
    covariance = right.sum() * n - true @ answered
    return {
        "n": n,
        "accuracy": float(right.sum() / n),
        "mcc": float(covariance / np.sqrt(variances)) if variances else 0.0,
        "macro_f1": float(f1.mean()),
        **({"f1": float(f1[1])} if classes == 2 else {}),
    }


def regression_scores(labels: np.ndarray, predictions: np.ndarray) -> dict[str, int | float]:
    """Score (n,) predicted numbers against (n,) true ones.

    Returns n, spearman and pearson correlation in [-1, 1], and mae (mean absolute error, the
    label's unit). Correlations with constant predictions, which are undefined, are 0, as mcc is.
    Those with constant labels, and all scores of predictions that are not finite, are NaN.
    Raises ValueError if there are no examples or the lengths differ.
    """
    labels = np.asarray(labels, dtype=np.float64)
    predictions = np.asarray(predictions, dtype=np.float64)
    if labels.shape != predictions.shape or labels.ndim != 1 or len(labels) == 0:
        raise ValueError(f"{labels.shape} labels, {predictions.shape} predictions; need (n,) each")
    from scipy import stats

    found = {"spearman": np.nan, "pearson": np.nan, "mae": np.nan}
    if np.isfinite(predictions).all():
        found["mae"] = float(np.abs(labels - predictions).mean())
        if np.ptp(labels) > 0:
            constant = np.ptp(predictions) == 0
            for name, function in (("spearman", stats.spearmanr), ("pearson", stats.pearsonr)):
                sides = (labels, predictions)
                found[name] = 0.0 if constant else float(function(*sides).statistic)
    return {"n": len(labels), **found}
