"""Binned series: what the bins make equal stands in one part alone, and the audit sees it."""

from dataclasses import replace

import numpy as np
import pytest
from test_encoding import SETTINGS

from seqtransfer.corpora.examples import Example
from seqtransfer.tokens import encoding

BINS = {"kind": "bins", "size": 3, "window": 4, "by": "quantile"}
PLAN = replace(SETTINGS, classes=("a", "b"), max_length=6, tokens=BINS, neighbours=None)


def series(count, length, seed=0):
    """Series of random numbers; in three bins of four points many of them are equal."""
    rng = np.random.default_rng(seed)
    return [
        Example(
            f"s{i}", tuple(f"{x:.3f}" for x in rng.normal(size=length)), "ab"[i % 2], None, None
        )
        for i in range(count)
    ]


def rows(ragged):
    return {tuple(ragged[i].tolist()) for i in range(len(ragged))}


@pytest.mark.parametrize("split", ["stratified", "random"])
def test_no_part_holds_what_a_held_out_one_does(split):
    plan = (
        replace(PLAN, split=split)
        if split == "stratified"
        else replace(PLAN, split=split, kind="regression", classes=())
    )
    examples = series(200, 16)
    if split == "random":
        examples = [replace(e, label=str(i)) for i, e in enumerate(examples)]
    arrays, _, facts = encoding.build(examples, plan)
    went = (
        "conflicts_dropped" if split == "random" else "repeats_dropped"
    )  # no two labels are equal
    assert facts["counts"][went] > 0
    for part, held in (("train", "dev"), ("train", "test"), ("dev", "test"), ("pretrain", "dev")):
        assert len(arrays[part]) and not rows(arrays[part]) & rows(arrays[held])
    assert not rows(arrays["pretrain"]) & rows(arrays["test"])
    for ragged in arrays.values():
        assert len(rows(ragged)) == len(ragged)  # once in its own part, too


def test_a_smaller_share_of_train_lies_in_the_larger_and_changes_no_other_part():
    """Copies that bins make are looked for in all of train, whatever is trained on."""
    whole, half = (
        encoding.build(series(400, 24), replace(PLAN, max_length=8, train_fraction=fraction))
        for fraction in (1.0, 0.5)
    )
    for part in ("dev", "test", "pretrain"):
        assert whole[0][part].names.tolist() == half[0][part].names.tolist()
    names = [set(arrays["train"].names) for arrays, _, _ in (whole, half)]
    assert names[1] < names[0] and len(names[1]) == pytest.approx(len(names[0]) / 2, abs=1)


def test_a_class_that_the_bins_leave_without_examples_is_named():
    # Two windows in three bins make nine sequences at most.
    with pytest.raises(ValueError, match=r"class '[ab]' has \d+ examples? in train"):
        encoding.build(series(200, 8), PLAN)


def test_repeats_stay_where_the_study_keeps_them():
    kept = replace(PLAN, duplicates="kept")
    arrays, _, facts = encoding.build(series(200, 16), kept)
    assert not any(count for name, count in facts["counts"].items() if name.endswith("dropped"))
    assert len(rows(arrays["train"])) < len(arrays["train"])


def test_a_part_that_the_bins_leave_empty_is_named():
    pairs = [(f"{i}", f"{j}") for i in range(8) for j in range(8)]  # a bin each
    told = [Example(f"t{i}", pair, str(i), None, "train") for i, pair in enumerate(pairs[8:])]
    test = [Example(f"e{i}", pair, str(i), None, "test") for i, pair in enumerate(pairs[:8])]
    held = [replace(e, id=f"d{e.id}", symbols=("0.1", e.symbols[1]), split="dev") for e in test]
    plan = replace(
        PLAN, kind="regression", classes=(), split="given",
        tokens={"kind": "bins", "size": 8, "window": 1, "by": "uniform"},
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"^nothing is left for dev: in these tokens .*`size`"):
        encoding.build([*told, *held, *test], plan)


def test_series_that_differ_past_as_many_points_as_tokens_are_no_repeats():
    start = ("1",) * 12  # more points than there may be tokens
    examples = [replace(e, symbols=start + e.symbols) for e in series(60, 24)]
    found = encoding.divided(examples, replace(PLAN, max_length=12))  # before bins make some equal
    assert found.counts["conflicts_dropped"] == 0
