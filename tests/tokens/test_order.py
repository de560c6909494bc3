"""Shuffled tokens are the same tokens in another order, and nothing else of a task changes."""

from dataclasses import replace

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from test_encoding import SETTINGS, corpus

import scored_baselines
from project import ROOT
from seqtransfer.corpora.examples import Example
from seqtransfer.files.arrow import Ragged
from seqtransfer.scoring import baselines
from seqtransfer.scoring.task_kinds import Classification
from seqtransfer.tokens import encoding, order, views
from seqtransfer.tokens.vocabulary import CLS, SEP


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.sampled_from(["stratified", "grouped", "given"]))
def test_a_shuffled_task_has_the_same_examples_in_the_same_parts(seed, split):
    examples = corpus(seed, groups=12 * (split == "grouped"), given=split == "given")
    plain = replace(SETTINGS, split=split, split_seed=seed)
    before, known, facts = encoding.build(examples, plain)
    after, vocabulary, others = encoding.build(examples, replace(plain, shuffled=True))
    assert vocabulary == known
    assert facts.pop("manifest").equals(others.pop("manifest")) and facts == others
    moved = 0
    for part, ragged in before.items():
        mine = after[part]
        for column in ("offsets", "labels", "names", "units"):
            assert np.array_equal(
                np.asarray(getattr(mine, column)), np.asarray(getattr(ragged, column))
            )
        for i in range(len(ragged)):
            assert sorted(mine[i]) == sorted(ragged[i])
            assert (mine[i][0], mine[i][-1]) == (CLS, SEP)
            moved += not np.array_equal(mine[i], ragged[i])
    assert moved > sum(map(len, before.values())) / 3


def test_an_example_has_one_order_of_its_own_in_every_part_and_other_seeds_give_others():
    n, length = 40, 30
    ids = np.concatenate([[CLS, *range(5, 5 + length), SEP] for _ in range(n)]).astype(np.int32)
    offsets = np.arange(n + 1) * (length + 2)
    names = np.array([f"e{i}" for i in range(n)])
    ragged = Ragged(ids, offsets, np.zeros(n, dtype=np.int64), names)
    mine = order.shuffled(ragged, 0)
    assert len({tuple(mine[i]) for i in range(n)}) == n
    few = Ragged(ids[: 2 * (length + 2)], offsets[:3], ragged.labels[:2], names[[7, 3]])
    again = order.shuffled(few, 0)
    assert np.array_equal(again[0], mine[7]) and np.array_equal(again[1], mine[3])
    assert not np.array_equal(order.shuffled(ragged, 1).ids, mine.ids)
    # Every token is as often in every place: 40 x 30 draws, in thirds of the sequence.
    thirds = [
        np.mean([mine[i][1 + 10 * k : 11 + 10 * k].mean() for i in range(n)]) for k in range(3)
    ]
    error = np.sqrt((length**2 - 1) / 12 / 10 * (20 / 29) / n)
    assert np.abs(np.array(thirds) - (5 + (length - 1) / 2)).max() < 4 * error


def test_no_token_of_a_pair_changes_sides():
    example = Example("p", tuple("AAAABBBB"), "a", None, None, tuple("CCCCDDDD"))
    other = Example("q", tuple("ABAB"), "b", None, None, tuple("CDCD"))
    pairs = [replace(e, id=f"{e.id}{i}", symbols=(*e.symbols, str(i))) for e in (example, other)
             for i in range(9)]  # fmt: skip
    task = replace(SETTINGS, max_length=32, shuffled=True)
    arrays, vocabulary, _ = encoding.build(pairs, task)
    for part, ragged in arrays.items():
        for i in range(len(ragged)):
            assert (ragged[i] == SEP).sum() == 2, part
            first, second = np.split(ragged[i][1:-1], np.flatnonzero(ragged[i][1:-1] == SEP))
            letters = [{vocabulary.symbols[t - 5] for t in side if t > SEP + 1}
                       for side in (first, second)]  # fmt: skip
            assert letters[0] - set("0123456789") == set("AB") and letters[1] == set("CD")


def test_ngrams_fall_to_the_level_of_unigrams_where_order_alone_has_the_label():
    """Class a is ABAB..., class b AABB..., as often; both among noise of equal counts."""
    rng = np.random.default_rng(0)
    examples = []
    for i in range(600):
        noise = rng.choice(list("CDEF"), 8).tolist()
        motif = list("ABABABAB" if i % 2 else "AABBAABB")
        start = rng.integers(9)
        symbols = (*noise[:start], *motif, *noise[start:])
        examples.append(Example(f"e{i}", symbols, "ab"[i % 2], None, None))
    task = replace(SETTINGS, max_length=18, sizes={"train": 300, "dev": 100, "test": 200})
    scores = {}
    for shuffled in (False, True):
        arrays, _, _ = encoding.build(examples, replace(task, shuffled=shuffled))
        target = Classification(("a", "b"))
        parts = [arrays[part] for part in ("train", "dev", "test")]
        _, ngram = scored_baselines.of_sequences(*parts, target)
        unigram = baselines.ngram_model(1, 1.0, "classification")
        unigram.fit(baselines.symbols(parts[0]), parts[0].labels)
        answers = baselines.answer(unigram, parts[2], target)
        scores[shuffled] = ngram["test"]["mcc"], target.score(parts[2].labels, answers)["mcc"]
    assert scores[False][0] > 0.95
    # Counts are the same in both classes: MCC of 200 examples by chance is 0 +- 0.07.
    assert max(abs(score) for score in (scores[False][1], *scores[True])) < 0.28


def test_every_setting_of_a_task_is_taken_from_its_record_and_the_study():
    record = {
        "kind": "regression", "split": "grouped", "truncate": "ends", "order": "shuffled",
        "tokens": {"kind": "kmers", "k": 3}, "neighbours": {"kmer": 5, "threshold": 0.5},
    }  # fmt: skip
    examples = {"train": 7, "dev": 8, "test": 9, "split_seed": 6}
    examples |= {"train_fraction": 0.25, "duplicates": "kept"}
    assert views.Settings.of(record, examples, 42) == views.Settings(
        classes=(), split="grouped", truncate="ends", max_length=42,
        sizes={"train": 7, "dev": 8, "test": 9}, split_seed=6, kind="regression",
        tokens={"kind": "kmers", "k": 3}, train_fraction=0.25,
        neighbours={"kmer": 5, "threshold": 0.5}, shuffled=True, duplicates="kept",
    )  # fmt: skip
    plain = {"kind": "classification", "classes": ["a", "b"], "split": "random"}
    tokens = {"truncate": "tail", "tokens": {"kind": "symbols"}}
    found = views.Settings.of(plain | tokens, examples, 42)
    assert (found.classes, found.shuffled, found.neighbours) == (("a", "b"), False, None)


@pytest.mark.parametrize("name", ["sentiment", "localization", "splice", "composer"])
def test_the_catalogues_shuffled_tasks_are_their_tasks_but_for_order_and_title(name):
    catalogue = yaml.safe_load((ROOT / "workflow/catalogue.yaml").read_text())["catalogue"]
    tasks = catalogue["tasks"]
    mine = dict(tasks[f"{name}-shuffled"])
    assert mine.pop("order") == "shuffled" and mine.pop("title") != tasks[name]["title"]
    default = yaml.safe_load((ROOT / "config.yaml").read_text())["max_length"]
    assert mine.pop("max_length") == default[name]
    assert mine == {key: value for key, value in tasks[name].items() if key != "title"}
    completed = {"kind": "classification", "tokens": {"kind": "symbols"}, **tasks[name]}
    sizes = {"train": 9, "dev": 9, "test": 9, "split_seed": 0}
    plain = views.Settings.of(completed, sizes, 64)
    assert views.Settings.of(completed | {"order": "shuffled"}, sizes, 64) == replace(
        plain, shuffled=True
    )
