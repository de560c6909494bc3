"""Scores against hand-worked values and the published formulas; convergence on drawn curves."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

import id_sequences
from seqtransfer.scoring.learning_curves import area_under_curve, steps_to
from seqtransfer.scoring.metrics import classification_scores, regression_scores
from seqtransfer.scoring.task_kinds import Classification, Regression


def stock(labels, predictions, size):
    """Accuracy, MCC and macro-F1 by scikit-learn."""
    f1 = metrics.f1_score(
        labels, predictions, labels=np.arange(size), average="macro", zero_division=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of labels of one class
        mcc = metrics.matthews_corrcoef(labels, predictions)
    return metrics.accuracy_score(labels, predictions), mcc, f1


def test_a_hand_worked_binary_case():
    # 3 true positives, 1 false negative, 2 false positives, 4 true negatives.
    scores = classification_scores([1] * 4 + [0] * 6, [1, 1, 1, 0, 1, 1, 0, 0, 0, 0], 2)
    assert (scores["n"], scores["accuracy"]) == (10, pytest.approx(0.7))
    assert scores["mcc"] == pytest.approx((3 * 4 - 2 * 1) / math.sqrt(5 * 4 * 6 * 5))
    assert scores["macro_f1"] == pytest.approx((6 / 9 + 8 / 11) / 2)


examples = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40)


@given(examples)
def test_scores_are_those_of_scikit_learn(pairs):
    labels, predictions = np.array(pairs).T
    scores = classification_scores(labels, predictions, 4)
    accuracy, mcc, macro_f1 = stock(labels, predictions, 4)
    assert scores["accuracy"] == pytest.approx(accuracy)
    assert scores["mcc"] == pytest.approx(mcc, abs=1e-12)
    assert scores["macro_f1"] == pytest.approx(macro_f1)


def test_answering_the_majority_class_scores_zero_mcc_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = classification_scores([0, 0, 0, 1, 2], [0] * 5, 3)
        one_class = classification_scores([0, 0], [0, 0], 3)
    assert scores["mcc"] == 0
    assert scores["accuracy"] == pytest.approx(0.6)
    assert scores["macro_f1"] == pytest.approx((2 * 3 / 8) / 3)
    assert (one_class["mcc"], one_class["accuracy"]) == (0, 1)


def test_macro_f1_divides_by_all_classes_even_those_absent():
    assert classification_scores([0, 1], [0, 1], 3)["macro_f1"] == pytest.approx(2 / 3)


def test_scores_are_plain_python_numbers():
    scores = classification_scores(np.array([0, 1, 1]), np.array([0, 1, 0]), 3)
    assert list(scores) == ["n", "accuracy", "mcc", "macro_f1"]
    assert [type(value) for value in scores.values()] == [int, float, float, float]


@pytest.mark.parametrize(
    ("labels", "predictions", "message"),
    [
        ([], [], "need"),
        ([0, 1], [0], "2.*1.*need"),
        ([0, -1], [0, 1], r"label -1 at position 1 is not an index of 3 classes \(0 to 2\)"),
        ([0, 1], [3, 1], "prediction 3 at position 0"),
    ],
)
def test_faulty_predictions_are_refused(labels, predictions, message):
    with pytest.raises(ValueError, match=message):
        classification_scores(labels, predictions, 3)


def test_the_area_is_the_mean_over_doublings():
    # log2(step + 1) is 0, 1, 2, 4: trapezoids 0.1, 0.3 and 2 * 0.6 over a width of 4.
    assert area_under_curve([0, 1, 3, 15], [0, 0.2, 0.4, 0.8]) == pytest.approx(1.6 / 4)


@given(st.floats(-1, 1), st.integers(1, 500))
def test_the_area_of_a_constant_curve_is_the_constant(score, total):
    grid = sorted({0, 1, total // 2, total})
    assert area_under_curve(grid, [score] * len(grid)) == pytest.approx(score)


def test_the_threshold_is_met_between_grid_points_at_the_interpolated_step():
    # Half-way from 0.2 at log2(step + 1) = 1 to 0.4 at 3: there it is 2, so step 3.
    assert steps_to([0, 1, 7], [0, 0.2, 0.4], 0.3) == pytest.approx(3)
    assert steps_to([0, 1, 7], [0, 0.2, 0.4], 0.4) == pytest.approx(7)


def test_a_curve_that_falls_and_rises_again_counts_its_first_crossing():
    assert steps_to([0, 1, 3, 7], [0, 0.5, 0.1, 0.9], 0.5) == pytest.approx(1)
    # From 0.1 at 2 up to 0.9 at 3: 0.7 is three quarters of the way.
    assert steps_to([0, 1, 3, 7], [0, 0.5, 0.1, 0.9], 0.7) == pytest.approx(2**2.75 - 1)


def test_a_run_that_starts_above_the_threshold_needs_no_steps():
    assert steps_to([0, 1], [0.5, 0.1], 0.5) == 0


def test_a_run_that_never_gets_there_is_censored():
    assert steps_to([0, 1, 2], [0, 0.1, 0.2], 0.21) is None


curves = st.lists(st.floats(-1, 1), min_size=2, max_size=9)


@given(curves, st.floats(-1, 1), st.floats(0, 0.5))
def test_a_higher_threshold_is_never_met_sooner(scores, threshold, rise):
    steps = list(range(len(scores)))
    sooner, later = (steps_to(steps, scores, t) for t in (threshold, threshold + rise))
    assert later is None or sooner <= later


@given(curves, st.floats(-1, 1))
def test_a_threshold_is_met_if_and_only_if_the_best_score_reaches_it(scores, threshold):
    steps = list(range(len(scores)))
    met = steps_to(steps, scores, threshold)
    assert (met is not None) == (max(scores) >= threshold)
    assert met is None or 0 <= met <= steps[-1] + 1e-9


@pytest.mark.parametrize("function", [area_under_curve, lambda s, v: steps_to(s, v, 0.5)])
@pytest.mark.parametrize(
    ("steps", "scores", "message"),
    [
        ([0, 2, 2], [0, 0, 0], "must increase"),
        ([-1, 2], [0, 0], "must increase"),
        ([0, 1], [0, float("nan")], "step 1 is not finite"),
        ([0, 1], [0], "need"),
        ([], [], "need"),
    ],
)
def test_faulty_curves_are_refused(function, steps, scores, message):
    with pytest.raises(ValueError, match=message):
        function(steps, scores)


def test_one_point_has_no_area():
    with pytest.raises(ValueError, match="one point"):
        area_under_curve([0], [0.5])


def test_correlations_follow_the_rank_and_product_moment_formulas():
    labels, predictions = np.array([1.0, 2.0, 4.0, 8.0]), np.array([3.0, 1.0, 5.0, 9.0])
    scores = regression_scores(labels, predictions)
    # Ranks 1234 against 2134: 1 - 6 * 2 / (4 * 15).
    assert scores["spearman"] == pytest.approx(1 - 12 / 60)
    x, y = labels - labels.mean(), predictions - predictions.mean()
    assert scores["pearson"] == pytest.approx(x @ y / np.sqrt(x @ x * (y @ y)))
    assert scores["mae"] == pytest.approx((2 + 1 + 1 + 1) / 4)


def test_a_constant_answer_has_correlation_zero_as_it_has_mcc_zero():
    scores = regression_scores([1.0, 2.0, 3.0], [2.0] * 3)
    assert (scores["spearman"], scores["pearson"], scores["mae"]) == (0, 0, pytest.approx(2 / 3))


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_answers_that_are_not_finite_have_no_score(broken):
    numbers = Regression(2.0, 1.0).score(np.array([1.0, 2.0]), np.array([[broken], [1.0]]))
    classes = Classification(("a", "b"))
    answers = np.array([[broken, broken], [0.1, 0.9]])
    for scores in (numbers, classes.score(np.array([0, 1]), answers)):
        assert scores.pop("n") == 2
        assert not np.isfinite(list(scores.values())).any()
    part = id_sequences.joined([[2, 5, 3]] * 2, [0, 1], ["x", "y"])
    assert classes.predictions(part, answers)["prediction"].tolist() == ["", "b"]


def test_equal_labels_leave_a_correlation_undefined():
    scores = regression_scores([1.0, 1.0], [1.0, 2.0])
    assert math.isnan(scores["spearman"]) and scores["mae"] == 0.5


def test_f1_is_that_of_class_one():
    scores = classification_scores([1] * 4 + [0] * 6, [1, 1, 1, 0, 1, 1, 0, 0, 0, 0], 2)
    assert scores["f1"] == pytest.approx(2 * 3 / (2 * 3 + 2 + 1))
    assert "f1" not in classification_scores([0, 1], [0, 1], 3)
