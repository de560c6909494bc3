"""Predictions of runs -> what is answered for what, and how well each class is found."""

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from seqtransfer.report.tables.intervals import bounds
from seqtransfer.report.tables.run_tables import RUN
from seqtransfer.scoring.task_kinds import by_token

CONFUSION = [*RUN, "label", "prediction", "count"]
CLASSES = [*RUN, "class", "n", "recall", "precision", "predicted_share"]
CLASS_SCORES = ["task", "class", "n", "initialization", "recall", "low", "high", "seeds"]
CLASS_SCORES += ["precision", "taken_for", "taken_share"]


def confusion(
    metrics: Sequence[dict],
    predictions: Iterable[pd.DataFrame],
    classes: Mapping[str, Sequence[str]],
    tokens: Collection[str] = (),
) -> pd.DataFrame:
    """One row per run, class and predicted class: count, how many test examples, 0 included.

    predictions: of the run of each of metrics, columns label and prediction, strings; classes: task
    -> its classes; tasks without any, regressions, have no rows; tokens: the tasks that classify
    tokens, each of which is counted. A run with a prediction that is empty, since its model
    diverged, has no counts.
    Raises ValueError for a label or prediction that is no class of the task.
    """
    rows = []
    for record, table in zip(metrics, predictions, strict=True):
        names = list(classes.get(record["task"], ()))
        if not names:
            continue
        if record["task"] in tokens:
            pairs = by_token(table["label"], table["prediction"])
            table = pd.DataFrame(dict(zip(("label", "prediction"), pairs, strict=True)))
        run = [record[name] for name in RUN]
        label, prediction = (
            _places(table[column], names, run) for column in ("label", "prediction")
        )
        cells = np.bincount(label * len(names) + prediction.clip(0), minlength=len(names) ** 2)
        counts = cells if (prediction >= 0).all() else [None] * len(cells)
        pairs = [(true, answer) for true in names for answer in names]
        rows += [[*run, *pair, count] for pair, count in zip(pairs, counts, strict=True)]
    return pd.DataFrame(rows, columns=CONFUSION).astype({"count": "Int64"})


def _places(values: pd.Series, names: Sequence[str], run: Sequence) -> np.ndarray:
    """(n,) int places of the values in `names`; -1 for an empty prediction."""
    places = pd.Index(names).get_indexer(values)
    known = (places >= 0) | ((values == "") & (values.name == "prediction"))
    if not known.all():
        raise ValueError(
            f"predictions of {' '.join(map(str, run))}: {values.name} {values[~known].iloc[0]!r} is"
            f" not one of the task's classes {list(names)}; delete the file and rerun"
        )
    return places


def classes(confusion: pd.DataFrame) -> pd.DataFrame:
    """One row per run and class, from the table `confusion`.

    n: test examples of the class; recall: share of them that are predicted so; precision: share of
    those predicted so that are of it, empty for a class that is never predicted; predicted_share:
    how many of all test examples are predicted so. All are empty for a run without counts.
    """
    rows = []
    for run, cells in confusion.groupby(RUN, sort=False):
        names = cells["label"].unique()
        counts = cells["count"].to_numpy(dtype=float, na_value=np.nan)
        counts = counts.reshape(len(names), len(names))
        true, answered, right = counts.sum(axis=1), counts.sum(axis=0), counts.diagonal()
        with np.errstate(invalid="ignore"):
            columns = names, true, right / true, right / answered, answered / counts.sum()
        rows += [[*run, *values] for values in zip(*columns, strict=True)]
    return pd.DataFrame(rows, columns=CLASSES).astype({"n": "Int64"})


def class_scores(confusion: pd.DataFrame) -> pd.DataFrame:
    """One row per task, class and arm, over seeds, from the table `confusion`.

    recall, low, high, seeds: mean, 95 % t interval, cut at 0 and 1, and number of seeds of the
    share of a class's test examples that are predicted so; precision: mean of the share of those
    predicted so that are of it, empty if a seed predicts none so; taken_for: the other class that
    most of them are predicted to be, the task's first of equals, empty if none are; taken_share:
    mean of the share that is. All but n are empty where a seed has no counts.
    """
    every = classes(confusion).astype({"recall": float, "precision": float})
    counts = confusion[confusion["label"] != confusion["prediction"]]
    counts = counts.astype({"count": float}).set_index(["task", "label", "initialization"])
    rows = []
    for (task, name), of_class in every.groupby(["task", "class"], sort=False):
        n = of_class["n"].max()
        for arm, runs in of_class.groupby("initialization", sort=False):
            recall, low, high, seeds = bounds(runs["recall"])
            precision, *_ = bounds(runs["precision"])
            others = counts.loc[[(task, name, arm)]].groupby("prediction", sort=False)["count"]
            taken = others.mean() if np.isfinite(recall) else pd.Series([0.0])
            other, share = (taken.idxmax(), taken.max() / n) if taken.any() else (None, np.nan)
            ends = np.clip([low, high], 0, 1)
            rows.append([task, name, n, arm, recall, *ends, seeds, precision, other, share])
    return pd.DataFrame(rows, columns=CLASS_SCORES).astype({"n": "Int64"})
