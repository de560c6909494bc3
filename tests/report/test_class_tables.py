"""What hides behind one score: every class's recall and precision, against scikit-learn."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn import metrics as sklearn_metrics

from seqtransfer.report.tables import class_tables, table_files

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


def test_of_an_arm_every_class_has_its_mean_recall_and_what_it_is_taken_for(tmp_path):
    labels = ["01", "01", "1", "1", "rare", "rare"]
    answers = [["01", "01", "rare", "1", "1", "1"], ["01", "1", "rare", "rare", "1", "01"]]
    runs = [RUN, RUN | {"seed": 1}]
    tables = [predicted(labels, one) for one in answers]
    found = class_tables.class_scores(class_tables.confusion(runs, tables, {"x": CLASSES}))
    assert found["class"].tolist() == list(CLASSES) and (found["n"] == 2).all()
    for row, name in zip(found.itertuples(), CLASSES, strict=True):
        each = [sklearn_metrics.recall_score(labels, one, labels=[name], average="macro")
                for one in answers]  # fmt: skip
        assert row.recall == pytest.approx(np.mean(each)) and row.seeds == 2
        if each[0] == each[1]:  # chance that does not show has no interval
            assert np.isnan([row.low, row.high]).all()
            continue
        half = stats.t.ppf(0.975, 1) * np.std(each, ddof=1) / np.sqrt(2)
        ends = [max(row.recall - half, 0), min(row.recall + half, 1)]
        assert [row.low, row.high] == pytest.approx(ends)
    assert found["taken_for"].tolist() == ["1", "rare", "1"]
    assert found["taken_share"].tolist() == pytest.approx([1 / 4, 3 / 4, 3 / 4])
    assert found["precision"].tolist()[0] == pytest.approx((1 + 1 / 2) / 2)
    assert found["precision"].tolist()[2] == 0  # what is predicted so, is of another class
    table_files.write(tmp_path / "class_scores.csv", found)
    read = table_files.read(tmp_path / "class_scores.csv")
    assert read["taken_for"].tolist() == ["1", "rare", "1"]


def test_of_an_arm_whose_run_diverged_or_errs_nowhere_nothing_is_taken_for_another(random_answers):
    right = random_answers.assign(prediction=random_answers["label"])
    diverged = random_answers.assign(prediction="")
    runs = [RUN, RUN | {"initialization": "random"}, RUN | {"initialization": "random", "seed": 1}]
    cells = class_tables.confusion(runs, [right, right, diverged], {"x": CLASSES})
    found = class_tables.class_scores(cells).set_index("initialization")
    assert (found.loc["text", "recall"] == 1).all()
    assert found["taken_for"].isna().all() and found["taken_share"].isna().all()
    assert found.loc["random", ["recall", "low", "high", "precision"]].isna().all(axis=None)
    assert found["n"].tolist() == [n for n in found.loc["text", "n"] for _ in range(2)]


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
