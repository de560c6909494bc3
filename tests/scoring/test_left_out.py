"""Scores without each group of units, and where there is none."""

import json
import math

import numpy as np
import pandas as pd

import rescore
from seqtransfer.report.claims import estimates
from seqtransfer.scoring import left_out, task_kinds
from seqtransfer.scoring.metrics import classification_scores
from seqtransfer.tokens import near_rows


def matthews(labels: np.ndarray, answers: np.ndarray) -> float:
    return classification_scores(labels, answers, 3)["mcc"]


def test_a_score_without_a_group_is_that_of_the_other_examples():
    rng = np.random.default_rng(0)
    labels, answers, groups = (rng.integers(0, n, 90) for n in (3, 3, 6))
    found = left_out.scores(labels, answers, groups, matthews)
    for group, score in enumerate(found):
        rest = groups != group
        assert score == matthews(labels[rest], answers[rest])


def test_where_one_label_is_left_the_error_is_unknown_not_0():
    """MCC of one label is 0 whatever the answers, as of two persons with a class each."""
    labels = np.repeat([0, 1], 20)
    groups = left_out.groups(np.repeat(["p", "q"], 20), "x", "left out")
    found = left_out.scores(labels, labels, groups, matthews)
    assert all(map(math.isnan, found))
    one = estimates.crossed([0.1, 0.2, 0.3], np.full((3, 2), math.nan))
    assert one.few_examples and math.isnan(one.error)
    assert not estimates.crossed([0.1], np.full((1, 2), math.nan)).few_examples
    without_one = np.array([[0.1, 0.2, math.nan]])  # a similarity that is not defined, likewise
    assert estimates.of_similarity([0.1, 0.3], without_one).few_examples
    assert not estimates.of_similarity([0.1], without_one).few_examples
    alike = left_out.scores(np.zeros(40), labels, groups, lambda y, p: float((y == p).mean()))
    assert alike == [1.0, 0.0] or alike == [0.0, 1.0]  # nothing is lost where labels never differ


def test_of_tokens_those_count_that_have_a_label():
    """Two persons with a class each, and special tokens, which have none."""
    labels = np.tile([-1, 0, 0, -1], 10)
    labels[20:] = np.tile([-1, 1, 1, -1], 5)
    groups = np.repeat([0, 1], 20)
    target = task_kinds.TokenClassification(("a", "b"), "mcc")
    answers = np.eye(2)[np.maximum(labels, 0)]
    found = left_out.scores(labels, answers, groups, lambda y, p: target.score(y, p)["score"])
    assert all(map(math.isnan, found))
    mixed = labels.copy()
    mixed[[1, 21]] = 1, 0
    found = left_out.scores(mixed, answers, groups, lambda y, p: target.score(y, p)["score"])
    assert not any(map(math.isnan, found))


def test_of_written_tokens_too(tmp_path):
    rows = {"id": [*"wxyz"], "unit": [*"ppqq"], "label": ["A A", "A ?", "B B", "B B"]}
    rows |= {"prediction": ["A B", "A A", "B B", "A B"]}
    pd.DataFrame(rows).to_csv(tmp_path / "predictions.tsv", sep="\t", index=False)
    near = {"id": [*"wxyz"], "duplicate": ["False"] * 4}
    pd.DataFrame(near | dict.fromkeys(near_rows.NUMBERS, ["0.1"] * 4)).to_csv(
        tmp_path / "nearest.tsv", sep="\t", index=False
    )
    record = {"kind": "token_classification", "metric": "mcc", "classes": ["A", "B"]}
    (tmp_path / "task.json").write_text(json.dumps(record))
    names = ("nearest", "rescored", "left_out", "baselines", "baselines_left_out")
    files = {name: tmp_path / f"{name}.tsv" for name in names}
    pd.DataFrame(rows).assign(baseline="symbol").to_csv(files["baselines"], sep="\t", index=False)
    rescore.main(
        task="x", task_record=tmp_path / "task.json", predictions=[tmp_path / "predictions.tsv"],
        initializations=["text"], seeds=[0], **files,
    )  # fmt: skip
    assert pd.read_csv(files["left_out"], sep="\t")["score"].isna().tolist() == [True, True]
