"""Near-duplicates of a task stay on one side of its split, and out of pretraining's sight."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_encoding import SETTINGS

from seqtransfer.corpora.examples import Example
from seqtransfer.tokens import encoding, near_duplicates

NEAR = replace(SETTINGS, max_length=42, neighbours={"kmer": 4, "threshold": 0.5})


def families(seed: int, rule: str) -> list[Example]:
    """60 families of four sequences that differ in one symbol; a third class is not of the task."""
    rng, examples = np.random.default_rng(seed), []
    for family in range(60):
        base = rng.choice(list("ACGT"), 40)
        for member in range(4):
            copy = base.copy()
            copy[rng.integers(40)] = "N"
            part = ("train", "train", "dev", "test")[family // 5 % 4]
            part = rng.choice([part, "train", "dev", "test"], p=[0.85, 0.05, 0.05, 0.05])
            examples.append(
                Example(
                    f"e{family}-{member}", tuple(map(str, copy)), "aabbc"[family % 5],
                    *((None, str(part)) if rule == "given" else (f"g{family % 30}", None)),
                )
            )  # fmt: skip
    return examples


@settings(max_examples=10)
@given(st.integers(0, 99), st.sampled_from(["stratified", "grouped", "given"]))
def test_no_family_is_in_train_and_in_dev_or_test(seed, rule):
    examples = families(seed, rule)
    arrays, _, facts = encoding.build(examples, replace(NEAR, split=rule, split_seed=seed))
    clusters = near_duplicates.clusters([e.symbols for e in examples], **NEAR.neighbours)
    of = dict(zip([e.id for e in examples], clusters.tolist(), strict=True))
    held = {part: {of[name] for name in ragged.names} for part, ragged in arrays.items()}
    for part in ("train", "pretrain"):
        assert not held[part] & (held["dev"] | held["test"])
    if rule != "given":
        assert not held["dev"] & held["test"]
        assert facts["counts"]["neighbours_dropped"] == 0
    else:
        given = {e.id: e.split for e in examples}
        assert all(given[name] == part for part in ("train", "dev", "test")
                   for name in arrays[part].names)  # fmt: skip
        assert facts["counts"]["neighbours_dropped"] > 0


def test_without_the_key_families_are_torn_apart():
    examples = [replace(example, group=None) for example in families(0, "stratified")]
    arrays, _, facts = encoding.build(examples, replace(NEAR, neighbours=None))
    family = {part: {str(n).split("-")[0] for n in ragged.names} for part, ragged in arrays.items()}
    assert family["train"] & family["test"]
    assert facts["counts"]["neighbours_dropped"] == 0


def test_targets_are_balanced_over_quantiles():
    rng = np.random.default_rng(0)
    examples = [
        Example(f"e{i}", tuple(map(str, rng.choice(list("ACGT"), 40))), str(x), None, None)
        for i, x in enumerate(rng.exponential(size=1000))
    ]
    plan = replace(NEAR, kind="regression", classes=(), split="random", neighbours=None)
    sizes = {"train": 600, "dev": 200, "test": 200}
    arrays, _, _ = encoding.build(examples, replace(plan, sizes=sizes))
    bounds = np.quantile([float(e.label) for e in examples], np.arange(1, 10) / 10)
    counts = np.bincount(np.searchsorted(bounds, arrays["test"].labels), minlength=10)
    assert len(arrays["test"]) == 200
    assert counts.tolist() == pytest.approx([20] * 10, abs=1)
