"""Duplicates kept, as in the paper's released code: rows are split whatever their sequences are."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from test_encoding import PARTS, SETTINGS, corpus, decoded

from seqtransfer.corpora.examples import Example
from seqtransfer.tokens import encoding

KEPT = replace(SETTINGS, duplicates="kept", sizes={"train": 600, "dev": 200, "test": 200})


@pytest.fixture
def twins() -> list[Example]:
    """Of 60 sequences: two copies each, one in six with two labels."""
    one = [
        tuple(np.base_repr(i + 64, 4).translate(str.maketrans("0123", "ACGT"))) for i in range(60)
    ]
    labels = ["ab"[i % 2] for i in range(60)]
    other = [label if i % 6 else "ba"[i % 2] for i, label in enumerate(labels)]
    return [
        Example(f"{copy}{i}", symbols, names[i], None, None)
        for copy, names in (("x", labels), ("y", other))
        for i, symbols in enumerate(one)
    ]


def test_every_row_is_in_one_part_and_about_a_random_share_of_test_has_its_copy_in_train(twins):
    arrays, vocabulary, facts = encoding.build(twins, KEPT)
    assert sum(facts["counts"][part] for part in PARTS) == len(twins)
    assert facts["counts"]["repeats_dropped"] == facts["counts"]["conflicts_dropped"] == 0
    names = Counter(name for part in PARTS for name in arrays[part].names)
    assert set(names) == {example.id for example in twins} and set(names.values()) == {1}
    found = decoded(arrays, vocabulary)
    leaked = sum(symbols in set(found["train"]) for symbols in found["test"])
    # 72 of the 119 other rows are in train.
    assert leaked / len(found["test"]) == pytest.approx(72 / 119, abs=0.25)
    assert (
        encoding.build(twins, replace(KEPT, duplicates="dropped"))[2]["counts"]["conflicts_dropped"]
        == 2 * 10
    )


def test_copies_are_units_of_their_own_but_a_group_stays_together(twins):
    grouped = [replace(e, group=f"g{int(e.id[1:]) // 3}{e.id[0]}") for e in twins]
    arrays, _, facts = encoding.build(grouped, replace(KEPT, split="grouped"))
    homes = {str(unit): part for part in PARTS for unit in arrays[part].units}
    for part in PARTS:
        assert {homes[str(unit)] for unit in arrays[part].units} == {part}
    assert sum(facts["units"][part] for part in PARTS) == 40
    assert sum(encoding.build(twins, KEPT)[2]["units"][part] for part in PARTS) == 120


def test_without_copies_it_is_the_same_whether_they_are_kept_or_dropped():
    examples = list({e.symbols[:5]: e for e in corpus(0)}.values())
    kept, dropped = (
        encoding.build(examples, replace(SETTINGS, duplicates=rule)) for rule in ("kept", "dropped")
    )
    for part, ragged in kept[0].items():
        assert np.array_equal(ragged.names, dropped[0][part].names)
        assert np.array_equal(ragged.ids, dropped[0][part].ids)
    assert kept[2]["counts"] == dropped[2]["counts"]
