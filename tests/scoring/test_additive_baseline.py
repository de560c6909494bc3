"""The additive model on landscapes whose additive part is known by construction."""

from itertools import product

import numpy as np
import pytest

import id_sequences
import scored_baselines
from seqtransfer.scoring import additive_baseline, baselines
from seqtransfer.scoring.task_kinds import Classification, Regression
from seqtransfer.tokens.vocabulary import CLS, SEP, SPECIALS

FIRST = len(SPECIALS)
PLACES = 5
UNCUT = {
    "kind": "regression",
    "units": {"train": 2},
    "cut": {"train": {"n": 2, "cut": 0, "share": 0.0}},
}


def ragged(variants, labels):
    """Sequences of the symbols 0, 1, ... as ids between [CLS] and [SEP]."""
    rows = [[CLS, *(FIRST + symbol for symbol in variant), SEP] for variant in variants]
    return id_sequences.joined(rows, labels, [str(i) for i in range(len(rows))])


def every_variant(symbols=2, places=PLACES):
    return np.array(list(product(range(symbols), repeat=places)))


def record_of(parts, target):
    found = [additive_baseline.fitted(*parts, target)]
    [record] = scored_baselines.records(found, *parts[1:], target)
    return record


def predicted(train, others, kind="regression"):
    """Answers to `others` of the model with the weakest penalty, fitted on `train`."""
    *_, (_, model) = additive_baseline.candidates(PLACES, kind)
    return model.fit(baselines.symbols(train), train.labels).predict(baselines.symbols(others))


def test_an_additive_landscape_is_recovered_at_variants_that_training_does_not_have():
    effects = np.random.default_rng(0).normal(size=(PLACES, 4))
    variants = np.random.default_rng(1).permutation(every_variant(symbols=4))
    labels = 3 + effects[range(PLACES), variants].sum(axis=1)
    train, dev, test = (
        ragged(variants[rows], labels[rows])
        for rows in (slice(0, 300), slice(300, 400), slice(400, None))
    )
    # The penalty of 0.01 shrinks by about 0.01 / 75, where 75 sequences have a symbol at a place.
    assert predicted(train, test) == pytest.approx(test.labels, abs=2e-3)
    record = record_of((train, dev, test), Regression(labels.mean(), labels.std()))
    assert record["baseline"] == "additive" and record["detail"].startswith("5 places, C=")
    assert record["test"]["pearson"] > 0.99999 and record["test"]["mae"] < 2e-3
    assert record["provenance"] == {"code": "abc"}


def test_the_order_of_powers_of_two_is_recovered_from_the_pairs_of_mutations_alone():
    variants = every_variant()
    labels = (variants @ 2 ** np.arange(PLACES)).astype(float)
    few = variants.sum(axis=1) <= 2
    train, rest = (ragged(variants[rows], labels[rows]) for rows in (few, ~few))
    record = record_of((train, rest, rest), Regression(labels.mean(), labels.std()))
    assert record["test"]["spearman"] == pytest.approx(1)


def test_pure_epistasis_gives_no_skill_where_ngrams_see_all_of_it():
    variants = every_variant()
    labels = (variants[:, 1] ^ variants[:, 2]).astype(float)
    whole = ragged(variants, labels)  # balanced: additive functions are orthogonal to the labels
    assert predicted(whole, whole) == pytest.approx(np.full(len(variants), 0.5))
    target = Regression(0.5, 0.5)
    assert abs(record_of([whole] * 3, target)["test"]["pearson"]) < 1e-6
    marked = variants + np.arange(PLACES) * 2  # every place has symbols of its own
    own = ragged(marked, labels)
    assert abs(record_of([own] * 3, target)["test"]["pearson"]) < 1e-6
    _, ngram = scored_baselines.of_sequences(own, own, own, target)
    assert ngram["test"]["pearson"] > 0.99


def test_classes_of_pure_epistasis_are_answered_with_even_odds():
    variants = every_variant()
    whole = ragged(variants, variants[:, 1] ^ variants[:, 2])
    record = record_of([whole] * 3, Classification(("equal", "different")))
    assert record["test"]["loss"] == pytest.approx(np.log(2), abs=1e-6)


def test_classes_that_one_symbol_at_its_place_decides_are_all_right():
    variants = np.random.default_rng(2).permutation(every_variant(symbols=3))
    labels = (variants[:, 3] == 2).astype(int)
    parts = [ragged(variants[i::3], labels[i::3]) for i in range(3)]
    assert record_of(parts, Classification(("other", "two")))["test"]["mcc"] == 1


def test_equal_symbols_at_other_places_have_effects_of_their_own():
    """One 1 among 0s: how many there are says nothing, where it stands says all."""
    variants = np.repeat(np.eye(PLACES, dtype=int), 3, axis=0)
    labels = variants.argmax(axis=1).astype(float)
    part = ragged(variants, labels)
    assert predicted(part, part) == pytest.approx(labels, abs=0.02)


def test_symbols_and_places_that_training_lacks_have_no_effect():
    train = ragged(every_variant(), every_variant()[:, 0].astype(float))
    known = predicted(train, ragged([[1, 0, 0, 0, 0]], [0.0]))
    assert known == pytest.approx(predicted(train, ragged([[1, 0, 0, 0, 0, 9, 9]], [0.0])))
    (short,) = predicted(train, ragged([[1]], [0.0]))  # the others have no effect anyway
    assert short == pytest.approx(known[0], abs=0.01)
    (new,) = predicted(train, ragged([[7, 0, 0, 0, 0]], [0.0]))
    assert new == pytest.approx(0.5, abs=0.01)  # between the two symbols that are known


@pytest.mark.parametrize(
    ("rows", "facts", "aligned"),
    [
        ([[5, 6], [6, 6]], {}, True),
        ([[5, 6], [6, 6]], {"kind": "classification"}, True),
        ([[5, 6], [6, 6]], {"kind": "token_classification"}, False),
        ([[5, 6], [6, 6, 6]], {}, False),
        ([[5, 6], [6, 6]], {"cut": {"train": {"n": 2, "cut": 1, "share": 0.5}}}, False),
        ([[5, 6], [6, 6]], {"order": "shuffled"}, False),
        ([[5, 6], [6, 6]], {"units": {"train": 1}}, False),
    ],
)
def test_places_mean_the_same_where_sequences_are_whole_of_one_length_and_in_order(
    rows, facts, aligned
):
    train = id_sequences.joined([[CLS, *row, SEP] for row in rows], [0.0, 1.0], ["a", "b"])
    assert additive_baseline.aligns(train, UNCUT | facts) == aligned
