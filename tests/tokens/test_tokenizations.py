"""Tokens lose nothing, add nothing, and those that are learned are learned from what is given."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtransfer.study.checks.task_checks import check_tokens
from seqtransfer.tokens import tokenizations

dna = st.text("ACGTN", max_size=40).map(tuple)
corpora = st.lists(st.text("ACGT", min_size=1, max_size=30).map(tuple), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("sequence", "k", "stride", "expected"),
    [
        ("ACGTAC", 3, 1, "ACG CGT GTA TAC"),
        ("ACGTAC", 3, 3, "ACG TAC"),
        ("ACGTACGT", 3, 3, "ACG TAC GT"),  # a remainder of two
        ("ACGTACGT", 4, 3, "ACGT TACG T"),  # overlapping, and a remainder of one
        ("AC", 3, 1, "AC"),  # shorter than one window
        ("ACG", 1, 1, "A C G"),
        ("", 3, 1, ""),
    ],
)
def test_kmers_are_windows_and_a_shorter_remainder(sequence, k, stride, expected):
    assert tokenizations.kmers(tuple(sequence), k, stride) == tuple(expected.split())


@given(dna, st.integers(1, 7), st.data())
def test_kmers_cover_every_symbol_once_but_for_the_overlaps(sequence, k, data):
    stride = data.draw(st.integers(1, k))
    tokens = tokenizations.kmers(sequence, k, stride)
    assert all(len(token) == k for token in tokens[:-1])
    n_windows = max(0, (len(sequence) - k) // stride + 1)
    rebuilt = "".join(token[:stride] for token in tokens[: max(0, n_windows - 1)])
    rebuilt += "".join(tokens[max(0, n_windows - 1) :])
    assert rebuilt == "".join(sequence)
    assert [t for t in tokens if len(t) == k][:n_windows] == [
        "".join(sequence[i * stride : i * stride + k]) for i in range(n_windows)
    ]


@given(st.lists(st.integers(0, 127), max_size=30))
def test_intervals_are_the_steps_between_the_pitches_that_stay(pitches):
    tokens = tokenizations.intervals(tuple(map(str, pitches)))
    assert [int(t) for t in tokens[::2]] == pitches
    assert [int(t) for t in tokens[1::2]] == [b - a for a, b in pairwise(pitches)]
    assert all(t[0] in "+-" for t in tokens[1::2])  # never mistaken for a pitch


def test_intervals_carry_their_sign_even_where_a_note_is_repeated():
    assert tokenizations.intervals(("60", "67", "67", "64")) == (
        "60",
        "+7",
        "67",
        "+0",
        "67",
        "-3",
        "64",
    )


@given(st.integers(1, 300))
def test_as_many_notes_are_asked_for_as_fill_the_room(room):
    notes = tokenizations.notes_within({"kind": "intervals"}, room)
    lengths = [len(tokenizations.intervals(("60",) * n)) for n in (notes, notes + 1)]
    assert lengths[0] <= room < lengths[1]
    assert tokenizations.notes_within({"kind": "symbols"}, room) == room


@given(corpora, dna, st.integers(5, 40))
def test_byte_pairs_join_to_the_sequence_and_are_at_most_size(training, sequence, size):
    split = tokenizations.byte_pairs(training, "ACGTN", size)
    assert "".join(split(sequence)) == "".join(sequence)
    learned = {token for s in training for token in split(s)}
    assert len(learned | set("ACGTN")) <= size


def learn_plainly(training: list[str], size: int) -> list[tuple[str, str]]:
    """The merges of byte-pair encoding, by counting all pairs anew each time."""
    words, merges = [list(s) for s in training], []
    known = {c for s in training for c in s}
    while len(known) < size:
        pairs = Counter(pair for word in words for pair in pairwise(word))
        best = max(pairs.values(), default=0)
        if best < 2:
            break
        (chosen,) = [pair for pair, count in pairs.items() if count == best]  # no ties here
        merges.append(chosen)
        known.add("".join(chosen))
        for word in words:
            i = 0
            while i < len(word) - 1:
                if (word[i], word[i + 1]) == chosen:
                    word[i : i + 2] = ["".join(chosen)]
                i += 1
    return merges


def test_byte_pairs_are_the_most_frequent_ones_of_the_training_sequences():
    rng = np.random.default_rng(0)
    training = ["".join(rng.choice(list("ACGT"), 300, p=[0.4, 0.3, 0.2, 0.1])) for _ in range(8)]
    merges = learn_plainly(training, 16)
    assert len(merges) == 12
    split = tokenizations.byte_pairs(map(tuple, training), "ACGT", 16)
    for sequence in [*training, "TTTTAAAACACACA"]:
        assert split(tuple(sequence)) == plain_tokens(sequence, merges)


def plain_tokens(sequence: str, merges: list[tuple[str, str]]) -> tuple[str, ...]:
    word = list(sequence)
    for merge in merges:
        i = 0
        while i < len(word) - 1:
            if (word[i], word[i + 1]) == merge:
                word[i : i + 2] = ["".join(merge)]
            i += 1
    return tuple(word)


def test_byte_pairs_of_the_same_sequences_are_the_same_in_any_order():
    training = [tuple(s) for s in ("ACGTACGT", "ACACAC", "GTGTGT", "CCGGCCGG")]
    first, second = (tokenizations.byte_pairs(t, "ACGT", 12) for t in (training, training[::-1]))
    for sequence in training:
        assert first(sequence) == second(sequence)


def test_a_symbol_that_byte_pairs_were_not_given_is_refused_not_dropped():
    split = tokenizations.byte_pairs([("A", "C")], "ACGT", 8)
    with pytest.raises(ValueError, match=r"symbols \['N'\]"):
        split(("A", "N"))


def test_a_size_below_the_alphabet_is_refused_with_both_numbers():
    with pytest.raises(ValueError, match="size 3 cannot hold the 4 single symbols"):
        tokenizations.byte_pairs([("A",)], "ACGT", 3)


@pytest.mark.parametrize(
    ("tokens", "words"),
    [
        (
            {"kind": "words"},
            "x.kind: 'words' is unknown; known: bins, bpe, classes, intervals, kmers, lags, sax,"
            " shapes, symbols",
        ),
        ({"kind": "kmers", "k": 3}, "x: needs `stride:`"),
        ({"kind": "symbols", "k": 3}, "x: unknown key 'k'"),
        ({"kind": "kmers", "k": 0, "stride": 1}, "x.k: 0 is less than the minimum of 1"),
        ({"kind": "kmers", "k": True, "stride": 1}, "x.k: True is not a whole number"),
        ({"kind": "kmers", "k": 2, "stride": 3}, "x: stride 3 is longer than k 2"),
        ({"kind": "bpe", "size": "512"}, "x.size: '512' is not a whole number; drop the quotes"),
        ({"kind": "classes", "classes": ["AG", "GC"]}, "x: the symbol 'G' stands in the .* twice"),
        ({"kind": "classes", "classes": ["ag", "CT"]}, "x: the symbol 'a' .* write 'A'"),
        ({"kind": "classes", "classes": []}, "x.classes: .* has 0 of at least 1"),
        ({"kind": "intervals"}, "x: intervals are for midi tasks"),
    ],
)
def test_unknown_kinds_and_options_are_refused(tokens, words):
    with pytest.raises(ValueError, match=words):
        check_tokens("x", tokens, "fasta")


@pytest.mark.parametrize("kind", [{"kind": "kmers", "k": 2, "stride": 1}, {"kind": "intervals"}])
def test_symbols_of_another_kind_are_refused(kind):
    with pytest.raises(ValueError, match="'##ing'"):
        tokenizations.splitter(kind)(("6", "##ing"))


def test_single_symbols_stay_what_they_are():
    assert tokenizations.splitter({"kind": "symbols"})(("A", "##b", "60")) == ("A", "##b", "60")
    assert not tokenizations.is_trained({"kind": "kmers"})
    assert tokenizations.is_trained({"kind": "bpe"})


def test_symbols_of_a_class_become_its_first_and_others_stay_however_they_are_held():
    split = tokenizations.splitter({"kind": "classes", "classes": ["AG", "CTU"]})
    assert split("GATTACAN") == "AACCACAN"
    assert split(tuple("GATTACAN")) == tuple("AACCACAN")
    assert split(split("GATTACAN")) == split("GATTACAN")
    assert split("") == ""
