"""What hides behind one score: every class's recall and precision, against scikit-learn."""

import math

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sklearn_metrics

from seqtransfer.report.tables import class_tables

CLASSES = ("01", "1", "rare")
RUN = {"task": "x", "initialization": "text", "seed": 0}


def predicted(labels, predictions):
    return pd.DataFrame({"label": labels, "prediction": predictions}, dtype=str)


@pytest.fixture
def random_answers():
    return predicted(*np.random.default_rng(0).choice(CLASSES, p=[0.6, 0.3, 0.1], size=(2, 200)))


def test_counts_are_the_confusion_matrix_and_shares_scikit_learns(random_answers):
    cells = class_tables.confusion([RUN], [random_answers], {"x": CLASSES})
    pair = random_answers["label"], random_answers["prediction"]
    expected = sklearn_metrics.confusion_matrix(*pair, labels=list(CLASSES))
    assert cells["count"].to_numpy().reshape(3, 3).tolist() == expected.tolist()
    assert cells["label"].tolist() == [name for name in CLASSES for _ in CLASSES]
    found = class_tables.classes(cells)
    precision, recall, _, n = sklearn_metrics.precision_recall_fscore_support(
        *pair, labels=list(CLASSES)
    )
    assert found["recall"].tolist() == pytest.approx(recall)
    assert found["precision"].tolist() == pytest.approx(precision)
    assert found["n"].tolist() == n.tolist()
    assert found["predicted_share"].sum() == pytest.approx(1)


def test_a_class_that_is_never_predicted_has_recall_zero_and_no_precision():
    answers = predicted(["01", "1", "rare", "rare"], ["01", "1", "1", "1"])
    found = class_tables.classes(class_tables.confusion([RUN], [answers], {"x": CLASSES}))
    rare = found.set_index("class").loc["rare"]
    assert (rare["n"], rare["recall"], rare["predicted_share"]) == (2, 0, 0)
    assert math.isnan(rare["precision"])


def test_a_diverged_run_has_empty_cells_and_a_regression_no_rows(random_answers):
    diverged = random_answers.assign(prediction="")
    runs = [RUN, RUN | {"seed": 1}, RUN | {"task": "y"}]
    cells = class_tables.confusion(
        runs, [random_answers, diverged, predicted(["0.5"], ["0.25"])], {"x": CLASSES, "y": ()}
    )
    assert cells["task"].unique().tolist() == ["x"]
    assert cells[cells["seed"] == 1]["count"].isna().all()
    found = class_tables.classes(cells)
    columns = ["n", "recall", "precision", "predicted_share"]
    assert found.loc[found["seed"] == 1, columns].isna().all(axis=None)
    assert found.loc[found["seed"] == 0, columns].notna().all(axis=None)
    empty = class_tables.confusion(runs[2:], [predicted(["1"], ["2"])], {})
    assert list(empty) == class_tables.CONFUSION
    assert list(class_tables.classes(empty)) == class_tables.CLASSES


@pytest.mark.parametrize("column", ["label", "prediction"])
def test_a_label_that_is_no_class_is_named_with_its_run(column):
    answers = predicted(["01", "1"], ["01", "1"])
    answers.loc[1, column] = "2"
    with pytest.raises(ValueError, match=f"x text 0: {column} '2' is not one of the task's"):
        class_tables.confusion([RUN], [answers], {"x": CLASSES})


def test_of_classes_of_tokens_every_labelled_token_is_counted():
    answers = predicted(["a b ?", "b a"], ["a a b", "b b"])
    cells = class_tables.confusion([RUN], [answers], {"x": ("a", "b")}, ["x"])
    assert cells["count"].tolist() == [1, 1, 1, 1]
    diverged = predicted(["a b ?", "b a"], ["a a b", ""])
    cells = class_tables.confusion([RUN], [diverged], {"x": ("a", "b")}, ["x"])
    assert cells["count"].isna().all()
