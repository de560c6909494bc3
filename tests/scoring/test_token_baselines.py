"""Classes of tokens: scores of labelled ones, tables of predictions, baselines by construction."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import matthews_corrcoef

import id_sequences
import scored_baselines
from seqtransfer.files.arrow import Ragged
from seqtransfer.scoring import left_out, task_kinds, token_baselines
from seqtransfer.scoring.task_kinds import Classification, TokenClassification

TARGET = TokenClassification(("(", ")", "."))
CLS, SEP = 2, 3


def part(bodies, labels) -> Ragged:
    """Sequences of ids, and the labels of each."""
    made = id_sequences.joined(
        [[CLS, *body, SEP] for body in bodies],
        [-1] * len(bodies),
        [f"e{i}" for i in range(len(bodies))],
    )
    tokens = np.array([x for own in labels for x in (-1, *own, -1)], dtype=np.int64)
    return Ragged(made.ids, made.offsets, made.labels, made.names, token_labels=tokens)


def drawn(n: int, seed: int, label) -> Ragged:
    """n sequences of 5 to 14 of three symbols; label: of a body, the class of each token."""
    rng = np.random.default_rng(seed)
    bodies = [rng.integers(5, 8, rng.integers(5, 15)) for _ in range(n)]
    return part(bodies, [label(body) for body in bodies])


def itself(body):
    return body - 5


def next_one(body):
    return np.append(body[1:] - 5, -1)


@pytest.fixture
def answered():
    """Twenty sequences and random answers to every id."""
    data = drawn(20, 0, next_one)
    return data, np.random.default_rng(1).dirichlet(np.ones(3), len(data.ids))


def test_a_record_makes_the_kind():
    facts = {"kind": "token_classification", "classes": ["a", "b"], "metric": "f1"}
    assert task_kinds.of(facts) == TokenClassification(("a", "b"), "f1")


def test_scores_are_those_of_all_labelled_tokens_together(answered):
    data, answers = answered
    known = data.token_labels >= 0
    found = TARGET.score(TARGET.labels(data), answers)
    expected = matthews_corrcoef(data.token_labels[known], answers[known].argmax(axis=1))
    assert found["score"] == found["mcc"] == pytest.approx(expected)
    assert found["n"] == known.sum() == sum(data.lengths - 3)
    answers[~known] = np.nan
    assert TARGET.score(data.token_labels, answers) == found


def test_a_table_of_predictions_gives_the_score_back_in_whole_sequences(answered):
    data, answers = answered
    table = TARGET.predictions(data, answers)
    assert [len(row.split(" ")) for row in table["label"]] == list(data.lengths - 2)
    assert [len(row.split(" ")) for row in table["prediction"]] == list(data.lengths - 2)
    assert all(row.endswith(" ?") and row.count("?") == 1 for row in table["label"])
    whole = TARGET.score(data.token_labels, answers)["score"]
    assert TARGET.score_written(table["label"], table["prediction"]) == pytest.approx(whole)


def test_what_is_left_out_for_an_interval_are_whole_sequences(answered):
    data, answers = answered
    groups = np.arange(20) % 4
    table = pd.DataFrame(TARGET.predictions(data, answers))
    columns = table["label"].to_numpy(), table["prediction"].to_numpy()
    found = left_out.scores(*columns, groups, TARGET.score_written)
    of_ids = task_kinds.rows(TARGET, data, groups)
    same = left_out.scores(
        data.token_labels, answers, of_ids, lambda *own: TARGET.score(*own)["score"]
    )
    assert same == pytest.approx(found) and len(found) == 4
    for group, score in enumerate(found):
        rows = np.flatnonzero(groups != group)
        own = data.take(rows).token_labels, answers[data.places(rows)]
        assert score == pytest.approx(TARGET.score(*own)["score"])


def test_a_sequence_whose_answers_are_not_finite_has_no_prediction(answered):
    data, answers = answered
    answers[data.offsets[3] + 1] = np.nan
    table = TARGET.predictions(data, answers)
    assert [row == "" for row in table["prediction"]] == [i == 3 for i in range(20)]
    assert np.isnan(TARGET.score_written(table["label"], table["prediction"]))
    labels, predictions = task_kinds.by_token(table["label"], table["prediction"])
    assert (predictions == "").sum() == data.lengths[3] - 3
    assert len(labels) == (data.token_labels >= 0).sum()


def test_written_columns_of_plain_classes_score_as_before():
    target = Classification(("0", "1"))
    columns = np.array(["0", "1", "1"]), np.array(["0", "1", "0"])
    assert target.score_written(*columns) == pytest.approx(matthews_corrcoef(*columns))


def evaluate(label) -> dict:
    parts = [drawn(n, seed, label) for seed, n in enumerate((60, 30, 30))]
    found = token_baselines.fitted(*parts, TARGET)
    records = scored_baselines.records(found, *parts[1:], TARGET)
    assert [record["baseline"] for record in records] == ["majority", "symbol", "window"]
    assert all(record["test"]["n"] == 30 for record in records)  # sequences
    return {record["baseline"]: record["test"]["mcc"] for record in records}


def test_the_symbol_tells_its_own_class_and_the_window_its_neighbours():
    own = evaluate(itself)
    assert own["majority"] == 0 and own["symbol"] == own["window"] == pytest.approx(1)
    neighbour = evaluate(next_one)
    assert abs(neighbour["symbol"]) < 0.2 and neighbour["window"] == pytest.approx(1)


def test_shares_of_a_symbol_are_its_counts_and_those_of_a_new_one_of_all():
    train = part([[5, 5, 5, 6]], [[0, 0, 1, -1]])
    shares = token_baselines.shares(train, TARGET)
    everything = pytest.approx([2 / 3, 1 / 3, 0])
    assert shares[5] == everything and shares[6] == everything and shares[-1] == everything
    other = part([[5, 9]], [[2, 2]])
    assert token_baselines.by_symbol(other, shares).shape == (4, 3)


def test_a_window_ends_where_its_sequence_ends():
    data = part([[5, 6], [7]], [[0, -1], [2]])
    found = token_baselines.windows(data, 2)
    assert found.tolist() == [[-1, CLS, 5, 6, SEP], [-1, CLS, 7, SEP, -1]]
