"""Caveats on a study's data: classes, labels, cuts and few test units, in sentences."""

import math

import pandas as pd

from seqtransfer.report.caveats import data_caveats


def class_table(predicted):
    """Two seeds of two arms; predicted[arm][seed]: the classes that a run predicts at all."""
    return pd.DataFrame(
        {"task": "x", "initialization": arm, "seed": seed, "class": name, "n": n}
        | {"predicted_share": 0.25 * (name in answers) if answers is not None else math.nan}
        for arm, runs in predicted.items()
        for seed, answers in enumerate(runs)
        for name, n in (("Nucleus", 300), ("Cytoplasm", 100), ("Golgi", 20))
    )


def test_classes_that_runs_never_predict_are_named_with_their_labels_and_seeds():
    [line] = data_caveats.of_classes(
        class_table({"text": ["Nucleus Golgi", "Nucleus Golgi"], "random": ["Nucleus", "Golgi"]})
    )
    assert "which one score over all classes does not show. In x: " in line
    assert "Nucleus, 300 of 420 test labels (random weights 1 of 2 seeds)." in line
    assert "Cytoplasm, 100 of 420 test labels (all 4 runs); " in line
    assert "Golgi, 20 of 420 test labels (random weights 1 of 2 seeds); " in line


def test_classes_that_every_run_predicts_need_no_caveat_and_a_diverged_run_counts_as_none():
    every = "Nucleus Cytoplasm Golgi"
    assert data_caveats.of_classes(class_table({"text": [every, every]})) == []
    [line] = data_caveats.of_classes(
        class_table({"text": [None, "Nucleus Golgi"], "random": [every]})
    )
    assert "Cytoplasm, 100 of 420 test labels (text pretraining 1 of 1 seeds)." in line


def test_tasks_whose_sequences_are_cut_are_named_with_their_share():
    shares = {"x": 0.9551, "w": 0.02, "v": 0.01, "y": 0.009, "z": 0.004}
    budget = pd.DataFrame({"task": [*shares], "cut_share": [*shares.values()], "max_length": 64})
    [line] = data_caveats.of_cuts(budget)
    named = ", ".join(f"{text} % to 64 tokens" for text in ("x 95.5", "w 2.0", "v 1.0"))
    assert f"training part: {named}. Neither" in line
    assert data_caveats.of_cuts(budget[3:]) == []


def test_examples_of_no_class_are_counted():
    budget = pd.DataFrame({"task": ["x", "y", "z"], "other_labels": [3, 0, 4992]})
    budget = budget.assign(train=80, dev=10, test=10)
    [note] = data_caveats.of_other_labels(budget)
    assert "misspelt ones among them: x 3, z 4992. No score counts them" in note
    assert data_caveats.of_other_labels(budget[1:2]) == []


def test_examples_that_only_the_cut_makes_equal_are_told():
    budget = pd.DataFrame({"task": ["x", "y"], "cut_conflicts": [130, 0], "max_length": [64, 62]})
    [note] = data_caveats.of_cut_conflicts(budget)
    assert "x 130 at 64 tokens" in note and "y" not in note.split(":")[1]
    assert data_caveats.of_cut_conflicts(budget[1:]) == []


def test_few_test_units_are_told_and_one_which_has_no_interval_is_not():
    budget = pd.DataFrame({"task": ["a", "b", "c", "d"], "test_units": [1, 2, 9, 10]})
    [note] = data_caveats.of_few_units(budget)
    assert "groups that stay together: b 2, c 9. How far" in note and "15 %" in note
    assert data_caveats.of_few_units(budget[3:]) == data_caveats.of_few_units(budget[:1]) == []
