"""Baselines on sequences whose best possible score is known by construction."""

import numpy as np
import pytest

import baseline as baseline_script
import id_sequences
import scored_baselines
from seqtransfer.files import arrow, json_tsv
from seqtransfer.files.arrow import Ragged
from seqtransfer.scoring import baselines
from seqtransfer.scoring.task_kinds import Classification, Regression
from seqtransfer.tokens import near_rows
from seqtransfer.tokens.vocabulary import CLS, MASK, PAD, SEP, SPECIALS

TARGET = Classification(("forward", "backward"))


def split(seed, n, sequence):
    """n labelled sequences: `sequence(generator, label)` between [CLS] and [SEP]."""
    generator = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    rows = [[CLS, *sequence(generator, label), SEP] for label in labels]
    return id_sequences.joined(rows, labels, [f"{seed}:{i}" for i in range(n)])


def splits(sequence, sizes=(80, 40, 40)):
    return [split(seed, n, sequence) for seed, n in enumerate(sizes)]


def composition(generator, label):
    """One class prefers id 5, the other id 6."""
    return generator.choice([5, 6], p=[0.9, 0.1] if label else [0.1, 0.9], size=20)


def direction(generator, label):
    """5, 6, 7 in a circle from a random start, forwards or backwards: equal counts of each id."""
    return 5 + (generator.integers(3) + np.arange(21) * (-1 if label else 1)) % 3


def noise(generator, label):
    return generator.integers(5, 9, size=20)


def evaluate(sequence):
    records = scored_baselines.of_sequences(*splits(sequence), TARGET)
    return {record["baseline"]: record for record in records}


def test_the_majority_class_is_the_most_frequent_label_and_the_first_of_equals():
    assert baselines.majority(np.array([2, 0, 2, 1])) == 2
    assert baselines.majority(np.array([1, 0, 1, 0])) == 0


def test_the_majority_of_train_is_answered_even_where_another_class_is_the_majority():
    train, dev, test = splits(noise)
    labels = np.array([1, 1, 1, 0] * 20)
    train = Ragged(train.ids, train.offsets, labels, train.names)
    majority, _ = scored_baselines.of_sequences(train, dev, test, TARGET)
    assert majority["detail"] == "always backward"
    assert majority["test"] == {
        "n": 40, "accuracy": 0.5, "mcc": 0.0, "macro_f1": pytest.approx(1 / 3), "score": 0.0,
        "f1": pytest.approx(2 / 3), "loss": pytest.approx(-np.log([0.75, 0.25]).mean()),
    }  # fmt: skip


def test_all_runs_up_to_the_order_are_counted_with_repeats():
    grams = baselines.ngrams(["7", "5", "7", "5"], 3)
    assert grams == ["7", "5", "7", "5", "7 5", "5 7", "7 5", "7 5 7", "5 7 5"]
    assert baselines.ngrams(["7"], 3) == ["7"]
    assert baselines.ngrams([], 2) == []


def test_what_frames_a_sequence_is_left_out_and_unknown_symbols_keep_their_place():
    unknown = SPECIALS.index("[UNK]")
    ids = [[CLS, 5, unknown, MASK, 17, SEP, PAD], [CLS, SEP]]
    ragged = id_sequences.joined(ids, [0, 1], ["a", "b"])
    assert baselines.symbols(ragged) == [["5", str(unknown), str(MASK), "17"], []]


def test_of_a_pair_it_matters_on_which_side_a_symbol_stands():
    rng = np.random.default_rng(0)

    def pairs(n):
        left = rng.integers(0, 2, n)
        sides = [[5, 6] if first else [6, 5] for first in left]
        noise = rng.integers(7, 12, (n, 2))
        ids = [[CLS, a, x, SEP, b, y, SEP] for (a, b), (x, y) in zip(sides, noise, strict=True)]
        return id_sequences.joined(ids, left, [f"e{i}" for i in range(n)])

    assert baselines.symbols(pairs(1))[0][2].endswith(baselines.SECOND)
    _, ngram = scored_baselines.of_sequences(pairs(60), pairs(40), pairs(40), TARGET)
    assert ngram["test"]["mcc"] == 1 and ngram["detail"].startswith("orders 1-1")


def test_single_symbols_suffice_where_the_composition_differs():
    assert evaluate(composition)["ngram"]["test"]["mcc"] > 0.95


def test_the_dev_split_chooses_pairs_where_only_the_order_of_symbols_differs():
    record = evaluate(direction)["ngram"]
    assert record["detail"] == "orders 1-2, C=1"  # the simplest of those with a perfect dev score
    assert record["dev"]["mcc"] == record["test"]["mcc"] == 1


def test_noise_scores_like_chance():
    # MCC of 40 independent guesses has standard deviation 1 / sqrt(40) = 0.16.
    assert abs(evaluate(noise)["ngram"]["test"]["mcc"]) < 0.5


def test_the_test_split_has_no_say_in_what_is_fitted():
    train, dev, test = splits(noise)
    flipped = Ragged(test.ids, test.offsets, 1 - test.labels, test.names)
    first = scored_baselines.of_sequences(train, dev, test, TARGET)[1]
    second = scored_baselines.of_sequences(train, dev, flipped, TARGET)[1]
    assert (first["detail"], first["dev"]) == (second["detail"], second["dev"])
    assert first["test"]["mcc"] == pytest.approx(-second["test"]["mcc"])


def test_symbols_unseen_in_training_and_empty_sequences_are_accepted():
    train, dev, _ = splits(composition)
    test = id_sequences.joined([[CLS, 900, 901, SEP], [CLS, SEP]], [0, 1], ["new", "empty"])
    assert scored_baselines.of_sequences(train, dev, test, TARGET)[1]["test"]["n"] == 2


def test_the_names_of_the_ids_do_not_matter():
    def renamed(generator, label):
        return 1000 - direction(generator, label)

    first, second = evaluate(direction), evaluate(renamed)
    for record in (*first.values(), *second.values()):
        for part in ("dev", "test"):  # the columns of the n-gram matrix come in another order
            record[part] = {name: pytest.approx(value) for name, value in record[part].items()}
    assert first == second


@pytest.mark.parametrize("faulty", [0, 1, 2])
def test_an_unlabelled_or_empty_split_is_refused_by_name(faulty):
    parts = splits(noise)
    name = ("train", "dev", "test")[faulty]
    for ragged in (
        id_sequences.joined([[5], [6]], [0, -1], ["a", "b"]),
        id_sequences.joined([], [], []),
    ):
        parts[faulty] = ragged
        with pytest.raises(ValueError, match=f"toy: {name} split is empty or has unlabelled"):
            baselines.fitted("toy", *parts, TARGET)


def test_the_script_writes_all_records_and_the_same_bytes_again(tmp_path):
    paths = {name: tmp_path / f"{name}.arrow" for name in ("train", "dev", "test")}
    for path, ragged in zip(paths.values(), splits(direction), strict=True):
        arrow.write_ragged(path, ragged)
    json_tsv.write_json(
        tmp_path / "task.json",
        {"kind": "classification", "classes": TARGET.classes, "metric": "mcc"}
        | {"cut": {"train": {"n": 80, "cut": 0, "share": 0.0}}, "units": {"train": 80}},
    )
    outputs = [tmp_path / "one.json", tmp_path / "two.json"]
    tables = [tmp_path / "one.tsv", tmp_path / "two.tsv"]
    for output, predictions in zip(outputs, tables, strict=True):
        baseline_script.main(
            parts=paths,
            numbers=[],
            task_record=tmp_path / "task.json",
            baselines=output,
            predictions=predictions,
            task="toy",
            code="abc",
        )
    assert outputs[0].read_bytes() == outputs[1].read_bytes()
    assert tables[0].read_bytes() == tables[1].read_bytes()
    records = json_tsv.read_json(outputs[0])
    assert [record["baseline"] for record in records] == ["majority", "ngram", "additive"]
    for record in records:
        assert sorted(record) == [
            "baseline", "detail", "dev", "metric", "provenance", "task", "test"
        ]  # fmt: skip
        assert sorted(record["test"]) == [
            "accuracy", "f1", "loss", "macro_f1", "mcc", "n", "score"
        ]  # fmt: skip
        assert record["provenance"]["code"] == "abc"
        assert "scikit-learn" in record["provenance"]["versions"]
    written = near_rows.read_strings(tables[0])
    assert list(written) == ["baseline", "id", "unit", "label", "prediction"]
    for record in records:  # what is written scores as what was scored
        rows = written[written["baseline"] == record["baseline"]]
        assert rows["id"].tolist() == list(splits(direction)[2].names)
        score = TARGET.score_written(rows["label"].to_numpy(), rows["prediction"].to_numpy())
        assert score == pytest.approx(record["test"]["score"])


def test_numbers_are_predicted_by_ridge_and_the_constant_answer_is_the_training_mean():
    parts = []
    for part in splits(composition):  # the number: how often id 5 occurs
        counts = np.array([float((part[i] == 5).sum()) for i in range(len(part))])
        parts.append(Ragged(part.ids, part.offsets, counts, part.names))
    mean, deviation = parts[0].labels.mean(), parts[0].labels.std()
    constant, ngram = scored_baselines.of_sequences(*parts, Regression(mean, deviation))
    assert (constant["baseline"], ngram["baseline"]) == ("mean", "ngram")
    assert constant["test"]["score"] == 0
    assert constant["test"]["mae"] == pytest.approx(np.abs(parts[2].labels - mean).mean())
    assert ngram["test"]["spearman"] > 0.9
