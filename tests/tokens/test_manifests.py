"""A manifest says where every example went, and refuses parts that share one."""

import hashlib
import subprocess

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtransfer.corpora.examples import Example
from seqtransfer.tokens import manifests, splits, units

PARTS = {"train": [0, 1], "dev": [2], "test": [3], "pretrain": [0, 1, 4]}


def corpus() -> list[Example]:
    return [
        Example("007", tuple("ACGT"), "0", "g", None),
        Example("nan", ("the", "##m"), "1e2", None, None),
        Example('q"uote', ("Ä",), "0", None, None),
        Example("pair", ("a", "b"), "1", "h", None, ("c",)),
        Example("rest", ("z",), "other", None, None),
    ]


UNITS = np.array(["007", "007", "q", "h", "rest"])


def test_a_manifest_reads_back_as_it_was_with_every_cell_a_string(tmp_path):
    table = manifests.manifest(corpus(), PARTS, UNITS)
    digest = manifests.write(tmp_path / "m.tsv", table)
    again = pd.read_csv(tmp_path / "m.tsv", sep="\t", dtype=str, keep_default_na=False)
    assert again.equals(table) and list(again) == manifests.COLUMNS
    assert digest == hashlib.sha256((tmp_path / "m.tsv").read_bytes()).hexdigest()
    rows = {(row["part"], row["id"]): row for row in again.to_dict("records")}
    assert len(rows) == 7
    assert rows["train", "nan"] | {"sha256": ""} == {
        "part": "train", "id": "nan", "label": "1e2", "group": "", "unit": "007", "sha256": ""
    }  # fmt: skip


def test_hashes_are_those_of_sha256sum(tmp_path):
    def sha256sum(text: str) -> str:
        run = subprocess.run(["sha256sum"], input=text.encode(), capture_output=True, check=True)
        return run.stdout.decode().split()[0]

    table = manifests.manifest(corpus(), PARTS, UNITS)
    texts = {"007": "A C G T", "nan": "the ##m", 'q"uote': "Ä", "pair": "a b\tc", "rest": "z"}
    for row in table.to_dict("records"):
        assert row["sha256"] == sha256sum(texts[row["id"]])
    digest = manifests.write(tmp_path / "m.tsv", table)
    assert digest == sha256sum((tmp_path / "m.tsv").read_text())


@settings(max_examples=15)
@given(st.randoms(use_true_random=False))
def test_the_order_of_the_corpus_does_not_show(random):
    examples = corpus()
    order = random.sample(range(5), 5)
    parts = {part: [order.index(i) for i in members] for part, members in PARTS.items()}
    shuffled = manifests.manifest([examples[i] for i in order], parts, UNITS[order])
    assert shuffled.equals(manifests.manifest(examples, PARTS, UNITS))


def test_a_pair_is_not_the_sequence_of_both(tmp_path):
    pair = Example("x", ("a", "b"), "1", None, None, ("c",))
    whole = Example("x", ("a", "b", "c"), "1", None, None)
    assert manifests.sequence_hash(pair) != manifests.sequence_hash(whole)


@pytest.mark.parametrize(
    ("parts", "unit", "message"),
    [
        ({"train": [0, 0]}, "abcde", "'007' comes twice in train"),
        ({"train": [0, 1], "test": [1]}, "abcde", "'nan' of test shares its id with .* of train"),
        ({"dev": [0], "pretrain": [0]}, "abcde", "'007' of dev shares its id with .* of pretrain"),
        ({"train": [0], "test": [1]}, "aacde", "'nan' of test shares its unit with .* of train"),
        ({"validation": [0]}, "abcde", "part 'validation' is unknown"),
    ],
)
def test_parts_that_overlap_are_refused(parts, unit, message):
    with pytest.raises(ValueError, match=message):
        manifests.manifest(corpus(), parts, np.array(list(unit)))


def test_equal_sequences_in_train_and_test_are_refused_whatever_they_are_called():
    twins = [Example(name, ("A", "C"), "1", None, None) for name in ("x", "y")]
    with pytest.raises(ValueError, match=r"'y' of test shares its sha256 with .* of train"):
        manifests.manifest(twins, {"train": [0], "test": [1]}, np.array(["x", "y"]))


def test_equal_sequences_may_be_in_both_where_copies_are_kept_but_no_example_twice():
    twins = [Example(name, ("A", "C"), "1", None, None) for name in ("x", "y")]
    parts, unit = {"train": [0], "test": [1]}, np.array(["x", "y"])
    table = manifests.manifest(twins, parts, unit, copies=True)
    assert table["sha256"].nunique() == 1
    with pytest.raises(ValueError, match=r"'x' of test shares its id with .* of train"):
        manifests.manifest(twins, {"train": [0], "test": [0]}, unit, copies=True)


def test_a_group_in_two_parts_is_refused_even_in_dev_and_test():
    pair = [Example(name, (name,), "1", "g", None) for name in ("x", "y")]
    with pytest.raises(ValueError, match=r"of dev shares its group with .* of test|of test shares"):
        manifests.manifest(pair, {"dev": [0], "test": [1]}, np.array(["g", "g"]))


def test_train_and_pretrain_may_share_anything_and_dev_and_test_no_unit():
    parts = {"train": [0], "pretrain": [0], "dev": [1], "test": [2]}
    assert len(manifests.manifest(corpus(), parts, np.array(list("abccd")))) == 4
    with pytest.raises(ValueError, match=r"shares its unit with an example of (dev|test)"):
        manifests.manifest(corpus(), parts, np.array(list("abbcd")))


@settings(max_examples=30)
@given(st.integers(0, 99), st.sampled_from(["stratified", "grouped"]))
def test_every_split_of_splits_is_a_manifest(seed, rule):
    rng = np.random.default_rng(seed)
    examples = [
        Example(f"e{i}", (str(i),), "ab"[i % 2], f"g{rng.integers(12)}", None) for i in range(40)
    ]
    unit = units.of(examples, rng.integers(0, 20, 40))
    parts, _ = splits.split(examples, rule, {"train": 3, "dev": 1, "test": 1}, rng, unit)
    table = manifests.manifest(examples, parts, unit)
    assert sorted(table["id"]) == sorted(e.id for e in examples)
