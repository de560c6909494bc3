"""The leak audit finds what was planted, and what is known of the paper's released splice split."""

import random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import matthews_corrcoef

import audit
import id_sequences
import rescore
from project import SHARED
from seqtransfer.corpora import fasta
from seqtransfer.corpora.examples import Example
from seqtransfer.files import arrow, json_tsv
from seqtransfer.scoring import left_out, without_near
from seqtransfer.tokens import leak_audit
from seqtransfer.tokens.encoding import Settings

SPLICE = SHARED / "dna" / "splice.txt"


def sequences(n: int, length: int, seed: int) -> list[tuple[str, ...]]:
    drawn = np.random.default_rng(seed).choice(list("ACGT"), (n, length))
    return [tuple(map(str, row)) for row in drawn]


def changed(sequence: tuple[str, ...], position: int) -> tuple[str, ...]:
    other = "ACGT"[("ACGT".index(sequence[position]) + 1) % 4]
    return (*sequence[:position], other, *sequence[position + 1 :])


def value(table: pd.DataFrame, stage: str, measure: str, part: str = "test") -> float:
    chosen = (table.part == part) & (table.stage == stage) & (table.measure == measure)
    (row,) = table[chosen].to_dict("records")
    return row["value"]


@pytest.mark.skipif(not SPLICE.exists(), reason=f"{SPLICE} is not there")
def test_the_released_splice_split_shares_13_of_160_test_sequences_with_train():
    # PAPER: the released code shuffles all 3,190 rows with the seed 100 and takes the first 90 % as
    # train, the next 5 % as dev, the rest as test (DNA/preprocess_splice.py, DNA/finetune.py).
    rows = [line.split(",")[2].strip() for line in SPLICE.read_text().splitlines()]
    everything = [(f"row{i}", tuple(row)) for i, row in enumerate(rows)]
    random.seed(100)
    random.shuffle(everything)
    train, test = everything[: int(0.9 * 3190)], everything[int(0.95 * 3190) :]
    near = leak_audit.nearest(dict(test), dict(train), kmer=5)
    table = leak_audit.table("splice", "test", {"released": near}, {"kmer": 5})
    assert len(everything) == 3190
    assert set(table["n"]) == {160}
    assert value(table, "released", "duplicates") == 13
    assert value(table, "released", "identity_share_0.9") >= 13 / 160
    rows = near[near["duplicate"]]
    assert (rows["identity"] == 1).all() and (rows["similarity"] == 1).all()
    assert all(dict(train)[row.nearest] == dict(test)[row.id] for row in rows.itertuples())


def test_planted_neighbours_are_found_with_their_identity():
    base = sequences(30, 60, 0)
    train = {f"t{i}": s for i, s in enumerate(base)}
    test = {"copy": base[3], "mutant": changed(base[7], 30), "shorter": base[9][1:], "fresh": ()}
    test["fresh"] = sequences(1, 60, 1)[0]
    near = leak_audit.nearest(test, train, kmer=6).set_index("id")
    assert near.loc[["copy", "mutant", "shorter"], "nearest"].tolist() == ["t3", "t7", "t9"]
    # 55 six-mers; one replaced symbol spoils 6 of them, one symbol less takes away one.
    expected = [1, 49 / 61, 54 / 55]
    assert near.loc[["copy", "mutant", "shorter"], "similarity"].tolist() == pytest.approx(expected)
    expected = [1, 59 / 60, 59 / 60]
    assert near.loc[["copy", "mutant", "shorter"], "identity"].tolist() == pytest.approx(expected)
    assert near["duplicate"].tolist() == [True, False, False, False]
    assert near.loc["fresh", "similarity"] < 0.1


def test_an_equal_sequence_comes_before_one_with_equal_kmers():
    train = {"longer": tuple("ABABABAB"), "equal": tuple("ABABAB")}
    row = leak_audit.nearest({"x": tuple("ABABAB")}, train, kmer=2).iloc[0]
    assert (row["nearest"], row["similarity"], row["identity"]) == ("equal", 1, 1)
    assert row["duplicate"]


def test_a_sequence_that_shares_nothing_has_no_nearest_and_counts_as_0():
    near = leak_audit.nearest({"x": tuple("AAA"), "y": tuple("CCC")}, {"t": tuple("AAA")}, kmer=2)
    assert near["nearest"].tolist() == ["t", ""]
    assert np.isnan(near["identity"][1])
    table = leak_audit.table("toy", "test", {"after": near}, {"kmer": 2})
    assert value(table, "after", "identity_share_0.5") == 0.5
    assert value(table, "after", "similarity_q50") == 0.5
    assert list(table.columns) == leak_audit.COLUMNS


@given(st.integers(0, 30), st.integers(0, 10), st.integers(0, 10), st.integers(0, 99))
def test_a_random_split_has_the_sizes_and_no_item_twice(n, train, test, seed):
    sizes = {"train": train, "test": test}
    if train + test > n:
        with pytest.raises(ValueError, match="needs more than"):
            leak_audit.random_parts(n, sizes, np.random.default_rng(seed))
        return
    parts = leak_audit.random_parts(n, sizes, np.random.default_rng(seed))
    assert {part: len(indices) for part, indices in parts.items()} == sizes
    drawn = np.concatenate(list(parts.values())).tolist()
    assert len(set(drawn)) == len(drawn) and set(drawn) <= set(range(n))


@pytest.mark.parametrize(
    ("alphabet", "length", "expected"),
    [(4, 60, 5), (4, 500, 7), (20, 250, 3), (1000, 20, 2), (16, 256, 3)],
)
def test_kmers_are_as_long_as_the_alphabet_asks_for(alphabet, length, expected):
    # The shortest k >= 2 with alphabet ** k >= 16 * length, when all symbols are equally frequent.
    rows = [tuple((i + j) % alphabet for j in range(length)) for i in range(alphabet)]
    assert leak_audit.kmer_for(rows) == expected
    assert alphabet**expected >= 16 * length > alphabet ** (expected - 1) or expected == 2


def test_rare_symbols_hardly_shorten_kmers():
    rows = [(*("ACGT" * 15)[1:], "N")]
    assert leak_audit.kmer_for(rows) == leak_audit.kmer_for([tuple("ACGT" * 15)])


def made_up_run(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Predictions and the audit of 60 test rows; near rows are right, others mostly wrong."""
    rng = np.random.default_rng(seed)
    similarity = rng.choice([1.0, 0.95, 0.85, 0.6, 0.2], 60)
    label = rng.choice(["0", "1", "2"], 60)
    right = similarity > rng.random(60)
    wrong = np.array([{"0": "1", "1": "2", "2": "0"}[name] for name in label])
    names = [f"{i:03d}" for i in range(60)]
    predictions = pd.DataFrame(
        {"id": names, "unit": names, "label": label, "prediction": np.where(right, label, wrong)}
    )
    near = pd.DataFrame({"id": names, "nearest": "t", "similarity": similarity, "identity": 0.5})
    return predictions, near.assign(duplicate=similarity == 1).sample(frac=1, random_state=seed)


def test_scores_without_near_rows_are_those_of_the_rows_that_stay():
    predictions, near = made_up_run(0)
    table = without_near.rescored(predictions, near, matthews_corrcoef).set_index("kept")
    similarity = near.set_index("id").loc[predictions["id"], "similarity"].to_numpy()
    masks = {"all": similarity < 2, "no duplicates": similarity < 1}
    masks |= {f"similarity < {t}": similarity < t for t in (0.9, 0.8, 0.5)}
    assert table.index.tolist() == list(masks)
    for name, mask in masks.items():
        rows = predictions[mask]
        assert table.loc[name, "n"] == mask.sum()
        assert table.loc[name, "score"] == matthews_corrcoef(rows["label"], rows["prediction"])
    assert table["score"].is_monotonic_decreasing


def test_where_no_rows_stay_the_score_is_missing():
    predictions, near = made_up_run(0)
    table = without_near.rescored(predictions, near.assign(similarity=1.0), matthews_corrcoef)
    assert table["score"].isna().tolist() == [False, False, True, True, True]


def test_where_one_class_stays_of_several_the_score_is_missing():
    """The coefficient is 0 there, however right the answers are."""
    labels = list("aaabbb")
    run = pd.DataFrame({"id": list("012345"), "label": labels, "prediction": labels})
    near = pd.DataFrame({"id": run["id"], "similarity": [0.1] * 3 + [0.6] * 3})
    table = without_near.rescored(run, near.assign(duplicate=False), matthews_corrcoef)
    scores = table.set_index("kept")["score"]
    assert scores["all"] == scores["similarity < 0.8"] == 1
    assert np.isnan(scores["similarity < 0.5"])
    run["label"] = run["prediction"] = "a"  # of one class throughout: as ever
    table = without_near.rescored(run, near.assign(duplicate=False), matthews_corrcoef)
    assert table["score"].notna().all()


def test_predictions_of_other_examples_are_refused():
    predictions, near = made_up_run(0)
    with pytest.raises(ValueError, match=r"59 predictions and 60 audited .* rerun the audit"):
        without_near.rescored(predictions[1:], near, matthews_corrcoef)


def test_the_script_audits_a_corpus_full_of_repeats(tmp_path, tokenizer_folder):
    # 40 sequences, each three times: a random half of them shares most of its sequences.
    distinct = sequences(40, 30, 2)
    examples = [
        Example(f"e{i}-{copy}", s, "01"[i % 2], None, None)
        for i, s in enumerate(distinct)
        for copy in range(3)
    ]
    fasta.write_fasta(tmp_path / "toy.fasta", examples)
    parts = {"train": [f"e{i}-0" for i in range(20)], "test": [f"e{i}-0" for i in range(20, 40)]}
    parts["dev"] = ["e0-1", "e39-1"]  # one of them stands in train
    parts["pretrain"] = parts["train"]
    for part, names in parts.items():
        ragged = id_sequences.joined([[1, 2]] * len(names), [0] * len(names), names)
        arrow.write_ragged(tmp_path / part, ragged)
    record = {
        "format": "fasta",
        "classes": ["0", "1"],
        "split": "stratified",
        "kind": "classification",
        "tokens": {"kind": "symbols"},
        "truncate": "head",
        "neighbours": {"kmer": 6, "threshold": 0.5},
    }
    sizes = {"train": 20, "dev": 0, "test": 20, "split_seed": 0}
    audit.main(
        task="toy",
        record=record,
        corpus=[tmp_path / "toy.fasta"],
        encoder=tokenizer_folder,
        settings=Settings.of(record, sizes, max_length=22),
        parts={part: tmp_path / part for part in parts},
        audit=tmp_path / "audit.tsv",
        nearest=tmp_path / "nearest.tsv",
    )  # fmt: skip
    table = json_tsv.read_table(tmp_path / "audit.tsv", leak_audit.COLUMNS)
    assert value(table, "after", "duplicates") == 0
    assert value(table, "after", "duplicates", "dev") == 1
    # A test item has two copies among 119 others, 20 of them in train: about 31 % have one there.
    assert 1 <= value(table, "before", "duplicates") <= 14
    assert set(table[table.measure == "kmer"]["value"]) == {6}
    near = json_tsv.read_table(tmp_path / "nearest.tsv")
    assert near["id"].tolist() == [f"e{i}-0" for i in range(20, 40)]


def test_the_script_scores_every_run_again(tmp_path):
    (predictions, near), runs = made_up_run(1), ["text", "random"]
    json_tsv.write_table(tmp_path / "nearest.tsv", near)
    paths = [tmp_path / f"{arm}.tsv" for arm in runs]
    for path in paths:
        json_tsv.write_table(path, predictions.assign(p_0=0.5))
    record = {"kind": "classification", "classes": ["0", "1", "2"], "metric": "mcc"}
    json_tsv.write_json(tmp_path / "task.json", record)
    options = {"task": "toy", "nearest": tmp_path / "nearest.tsv", "predictions": paths}
    options |= {"task_record": tmp_path / "task.json", "rescored": tmp_path / "scores.tsv"}
    options["left_out"] = tmp_path / "left-out.tsv"
    options["baselines_left_out"] = tmp_path / "baselines-left-out.tsv"
    options["baselines"] = tmp_path / "baselines.tsv"
    majority = predictions.assign(prediction=0)
    named = {"ngram": predictions, "majority": majority}
    table = pd.concat([one.assign(baseline=name) for name, one in named.items()])
    json_tsv.write_table(options["baselines"], table)
    rescore.main(**options, initializations=runs, seeds=[0, 7])
    table = json_tsv.read_table(tmp_path / "scores.tsv")
    expected = without_near.rescored(predictions, near, matthews_corrcoef)
    for arm, seed in (("text", 0), ("random", 7)):
        rows = table[(table.initialization == arm) & (table.seed == seed)]
        assert rows["kept"].tolist() == expected["kept"].tolist()
        assert rows["score"].tolist() == pytest.approx(expected["score"].tolist(), rel=1e-5)
    without = json_tsv.read_table(tmp_path / "left-out.tsv")
    assert without.groupby(["initialization", "seed"]).size().tolist() == [left_out.GROUPS] * 2
    one_run = without[without.initialization == "text"]["score"]
    # A baseline with the answers of a run loses the same examples, group by group.
    baselines = json_tsv.read_table(options["baselines_left_out"]).set_index("baseline")["score"]
    assert baselines["ngram"].tolist() == one_run.tolist()
    assert baselines["majority"].tolist() == [0] * left_out.GROUPS
    # Leaving examples out in groups of equal size moves a score around its value on all of them.
    assert one_run.mean() == pytest.approx(expected["score"].iloc[0], abs=0.01)


def test_a_regression_is_scored_again_by_rank_correlation(rescored, tmp_path):
    names = [f"{i:02d}" for i in range(12)]
    table = pd.DataFrame({"id": names, "label": range(12), "prediction": [*range(11), -1]})
    table["unit"] = [f"{i % 4}" for i in range(12)]
    near = {"id": names, "nearest": "t", "similarity": [0.1] * 11 + [1.0], "identity": 0.1}
    moments = {"mean": 0.0, "standard_deviation": 1.0}
    record = {"kind": "regression", "metric": "spearman", "target": moments}
    found = rescored(record, pd.DataFrame(near).assign(duplicate=False), table)
    assert len(json_tsv.read_table(tmp_path / "left-out.tsv")) == 4  # units, not rows
    # One rank moves by 11, eleven by 1: rho = 1 - 6 (11 ** 2 + 11) / (12 * (12 ** 2 - 1)).
    assert found.loc["all", "score"] == pytest.approx(1 - 6 * 132 / 1716, rel=1e-5)
    assert found.loc["similarity < 0.9", "score"] == 1
    assert set(found["metric"]) == {"spearman"}
