"""Parts of tasks of every kind of tokens and labels: pairs, regression, k-mers, byte pairs."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_encoding import SETTINGS, corpus

from seqtransfer.corpora.examples import Example
from seqtransfer.tokens import encoding, splits, views
from seqtransfer.tokens.vocabulary import CLS, PAD, SEP, SPECIALS, Vocabulary

REGRESSION = replace(SETTINGS, classes=(), kind="regression", split="random")
PARTS = ("train", "dev", "test")
KMERS = {"kind": "kmers", "k": 3, "stride": 2}
BPE = {"kind": "bpe", "size": 20}
seeds = st.integers(0, 2**32)


def spelled(ragged, vocabulary) -> list[tuple[str, ...]]:
    """Every sequence of a part as names of tokens, special ones included."""
    names = [*SPECIALS, *vocabulary.symbols]
    return [tuple(names[i] for i in ragged[k]) for k in range(len(ragged))]


def plain_build(examples, plan) -> dict[str, tuple[list, list, list]]:
    """Sequences, labels and names of each part of a task of single symbols, one at a time."""
    room = plan.max_length - 2
    short = []
    for example in examples:
        extra = max(0, len(example.symbols) - room)
        start = {"head": 0, "tail": extra, "centre": extra // 2}[plan.truncate]
        stay = [s for i, s in enumerate(example.symbols) if start <= i < start + room]
        short.append(replace(example, symbols=tuple(stay)))
    copies = Counter(e.symbols for e in short)
    labels = {s: {e.label for e in short if e.symbols == s} for s in copies}
    clean, seen = [], set()
    for example in short:
        if len(labels[example.symbols]) == 1 and example.symbols not in seen:
            clean.append(example)
            seen.add(example.symbols)
    ours = [e for e in clean if e.label in plan.classes]
    rng = np.random.default_rng(plan.split_seed)
    whole = splits.split_stratified(ours, plan.sizes, rng)
    held_out = {ours[i].id for part in ("dev", "test") for i in whole[part]}
    parts = {
        part: [ours[i] for i in splits.subsample(ours, whole[part], plan.sizes[part], rng)]
        for part in PARTS
    }
    parts["pretrain"] = [e for e in clean if e.id not in held_out]
    letters = sorted({symbol for part in parts.values() for e in part for symbol in e.symbols})
    return {
        part: (
            [[CLS, *(5 + letters.index(symbol) for symbol in e.symbols), SEP] for e in chosen],
            [-1 if part == "pretrain" else plan.classes.index(e.label) for e in chosen],
            [e.id for e in chosen],
        )
        for part, chosen in parts.items()
    }


@pytest.mark.parametrize("truncate", ["head", "centre", "tail"])
@pytest.mark.parametrize("seed", range(3))
def test_single_symbols_give_the_arrays_of_the_plain_way(truncate, seed):
    plan = replace(SETTINGS, truncate=truncate, split_seed=seed)
    arrays, _, _ = encoding.build(corpus(seed), plan)
    expected = plain_build(corpus(seed), plan)
    assert set(arrays) == set(expected)
    for part, (sequences, labels, names) in expected.items():
        ragged = arrays[part]
        assert [ragged[i].tolist() for i in range(len(ragged))] == sequences
        assert ragged.labels.tolist() == labels
        assert ragged.names.tolist() == names


letters = st.text(st.sampled_from("ACGTÄ𝄞*-"), max_size=9).map(tuple)
words = st.lists(st.sampled_from(["60", "61", "the", "##e", "x", "[UNK]"]), max_size=9).map(tuple)


@given(st.lists(letters, max_size=20) | st.lists(words, max_size=20), st.integers(1, 7))
def test_encoding_is_a_look_up_of_every_token_in_chunks_of_any_size(sequences, chunk):
    vocabulary = Vocabulary.of(token for s in sequences for token in s)
    ids = vocabulary.ids()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoding, "CHUNK", chunk)
        flat, offsets = encoding.encode(sequences, vocabulary)
    assert (flat.dtype, offsets.dtype, offsets[0]) == (np.int32, np.int64, 0)
    rows = [flat[a:b].tolist() for a, b in pairwise(offsets)]
    assert rows == [[CLS, *(ids[token] for token in s), SEP] for s in sequences]
    assert offsets[-1] == len(flat)


@pytest.mark.parametrize("sequence", [("A", "Z"), ("60", "99")])
def test_a_token_outside_the_vocabulary_is_never_given_an_id(sequence):
    with pytest.raises(KeyError):
        encoding.encode([sequence], Vocabulary.of(["A", "60"]))


def longest_first(a: list, b: list, room: int) -> tuple[int, int]:
    """Lengths that are left when tokens go one by one from the longer, of equals the second."""
    n, m = len(a), len(b)
    while n + m > room:
        n, m = (n - 1, m) if n > m else (n, m - 1)
    return n, m


@given(
    st.lists(st.sampled_from("abc"), min_size=1, max_size=15),
    st.lists(st.sampled_from("xyz"), min_size=1, max_size=15),
    st.integers(5, 20),
    st.sampled_from(["head", "tail", "centre", "ends"]),
)
def test_of_a_pair_the_longer_one_is_cut_first(a, b, max_length, policy):
    plan = replace(SETTINGS, max_length=max_length, truncate=policy)
    example = Example("e", tuple(a), "a", None, None, second=tuple(b))
    shown, shorter = views.arrange(example, tuple, plan)
    n, m = longest_first(a, b, max_length - 3)
    assert shown == (
        *views.cut(tuple(a), n, policy),
        "[SEP]",
        *views.cut(tuple(b), m, policy),
    )
    assert shorter == (len(a) + len(b) > max_length - 3) == (len(shown) < len(a) + len(b) + 1)


def pairs(seed: int, n: int = 240) -> list[Example]:
    rng = np.random.default_rng(seed)

    def word() -> tuple[str, ...]:
        return tuple(rng.choice(list("ACGT"), rng.integers(1, 5)))

    return [Example(f"e{i}", word(), "ab"[i % 2], None, None, second=word()) for i in range(n)]


def test_a_pair_is_two_sequences_with_separators_and_repeats_are_those_of_both():
    examples = pairs(0, 1200)
    examples += [replace(e, id=f"swap{e.id}", symbols=e.second, second=e.symbols) for e in examples]
    arrays, vocabulary, facts = encoding.build(examples, replace(SETTINGS, max_length=12))
    by_id = {e.id: e for e in examples}
    for ragged in arrays.values():
        for name, tokens_of_it in zip(ragged.names, spelled(ragged, vocabulary), strict=True):
            a, b = by_id[name].symbols, by_id[name].second
            assert tokens_of_it == ("[CLS]", *a, "[SEP]", *b, "[SEP]")
    labels = {}
    for example in examples:
        labels.setdefault((example.symbols, example.second), []).append(example.label)
    conflicts = sum(len(v) for v in labels.values() if len(set(v)) > 1)
    repeats = sum(len(v) - 1 for v in labels.values() if len(set(v)) == 1)
    assert facts["counts"]["conflicts_dropped"] == conflicts > 0
    assert facts["counts"]["repeats_dropped"] == repeats > 0


def numbered(seed: int, n: int = 200, **fields) -> list[Example]:
    rng = np.random.default_rng(seed)
    letters = rng.choice(list("ACGT"), (n, 5))
    facts = {"group": None, "split": None, **fields}
    return [
        Example(f"e{i}", tuple(row), str(rng.normal()), **facts) for i, row in enumerate(letters)
    ]


@settings(max_examples=20)
@given(seeds)
def test_a_regression_keeps_its_targets_and_draws_parts_by_their_order_alone(seed):
    examples = numbered(seed % 97)
    plan = replace(REGRESSION, split_seed=seed, sizes={"train": 60, "dev": 20, "test": 20})
    arrays, _, facts = encoding.build(examples, plan)
    label = {e.id: float(e.label) for e in examples}
    for part in PARTS:
        assert arrays[part].labels.dtype == np.float64
        assert arrays[part].labels.tolist() == [label[name] for name in arrays[part].names]
    assert [len(arrays[part]) for part in PARTS] == [60, 20, 20]
    assert np.isnan(arrays["pretrain"].labels).all() and len(arrays["pretrain"])
    assert not {*arrays["pretrain"].names} & {*arrays["dev"].names, *arrays["test"].names}
    train = [label[name] for name in arrays["train"].names]
    assert facts["target"]["mean"] == pytest.approx(sum(train) / len(train))
    assert facts["target"]["standard_deviation"] == pytest.approx(np.std(train))
    cubes = [replace(e, label=str(float(e.label) ** 3)) for e in examples]
    other, _, _ = encoding.build(cubes, plan)
    assert all(other[p].names.tolist() == arrays[p].names.tolist() for p in arrays)


def test_a_small_part_of_a_regression_is_no_sample_of_the_smallest_targets():
    examples = [Example(f"e{i}", tuple(f"{i:04d}"), str(i / 1000), None, None) for i in range(1000)]
    arrays, _, _ = encoding.build(
        examples, replace(REGRESSION, sizes={"train": 50, "dev": 50, "test": 50})
    )
    for part in PARTS:  # uniform on 0 to 1: mean 0.5, standard error 0.04
        assert abs(arrays[part].labels.mean() - 0.5) < 0.2


def test_equal_targets_in_other_words_are_no_conflict():
    examples = numbered(0)
    repeat = replace(examples[0], id="again", label=examples[0].label + "0")
    _, _, before = encoding.build(examples, REGRESSION)
    _, _, after = encoding.build([*examples, repeat], REGRESSION)
    assert after["counts"]["repeats_dropped"] == before["counts"]["repeats_dropped"] + 1
    assert after["counts"]["conflicts_dropped"] == before["counts"]["conflicts_dropped"]


@pytest.mark.parametrize(
    "label", ["", None, "high", "nan", "inf", "-Infinity", "1e999", "1,5", "1_0", " 1", "٣", "0x1"]
)
def test_a_target_that_is_no_finite_decimal_is_refused_with_id_and_value(label):
    examples = [*numbered(0), Example("odd one", tuple("ACG"), label, None, None)]
    with pytest.raises(ValueError) as caught:
        encoding.build(examples, REGRESSION)
    assert "'odd one'" in str(caught.value) and repr(label) in str(caught.value)


@pytest.mark.parametrize("label", ["1", "-1.5", "+.5", "2.", "1e-3", "0"])
def test_decimal_numbers_are_targets(label):
    assert views.targets([Example("e", ("A",), label, None, None)]).tolist() == [float(label)]


@settings(max_examples=20)
@given(seeds, st.sampled_from([KMERS, BPE]), st.sampled_from(["head", "tail", "ends"]))
def test_no_two_parts_share_a_sequence_whatever_the_tokens(seed, kind, truncate):
    plan = replace(SETTINGS, tokens=kind, truncate=truncate, split_seed=seed)
    arrays, vocabulary, facts = encoding.build(corpus(seed), plan)
    once = Counter(s for part in PARTS for s in spelled(arrays[part], vocabulary))
    assert set(once.values()) == {1}
    unseen = {s for part in ("dev", "test") for s in spelled(arrays[part], vocabulary)}
    assert not unseen & {*spelled(arrays["pretrain"], vocabulary)}
    source = {e.id: "".join(e.symbols) for e in corpus(seed)}
    for part, ragged in arrays.items():
        assert ragged.lengths.max() <= plan.max_length
        assert facts["cut"][part]["n"] == len(ragged)
        for name, sequence in zip(ragged.names, spelled(ragged, vocabulary), strict=True):
            inner = sequence[1:-1]
            if kind == BPE and truncate == "head":
                assert source[name].startswith("".join(inner))
            if kind == BPE and truncate == "tail":
                assert source[name].endswith("".join(inner))
            assert all(token in source[name] for token in inner)


def test_byte_pairs_are_learned_from_training_sequences_only():
    examples = [
        Example(f"e{i}", tuple("ACGT"[(i >> 2 * k) & 3] for k in range(5)), "ab"[i % 2], None, part)
        for i, part in enumerate(("train", "dev", "test") * 80)
    ]
    plan = replace(SETTINGS, split="given", tokens={"kind": "bpe", "size": 12})
    _, vocabulary, _ = encoding.build(examples, plan)
    # Held-out sequences full of one pair that training never has do not make it a token.
    flooded = [
        e if e.split == "train" else replace(e, symbols=(*"NN" * 5, *e.symbols)) for e in examples
    ]
    arrays, other, _ = encoding.build(flooded, replace(plan, max_length=20))
    assert "N" in other.symbols
    assert not [token for token in other.symbols if len(token) > 1 and "N" in token]
    names = [*SPECIALS, *other.symbols]
    assert {names[i] for i in arrays["pretrain"].ids} - {*SPECIALS} <= {*vocabulary.symbols}


def test_what_byte_pairs_cannot_do_is_refused():
    with pytest.raises(ValueError, match="centre needs tokens of one width"):
        replace(SETTINGS, tokens=BPE, truncate="centre")
    with pytest.raises(ValueError, match="'e0' is a pair; tokens of kind bpe"):
        encoding.build(pairs(0), replace(SETTINGS, tokens=BPE))
    bins = {"kind": "bins", "size": 4, "window": 1, "by": "quantile"}
    with pytest.raises(ValueError, match="tokens of kind bins are for sequences"):
        views.arrange(pairs(0)[0], tuple, replace(SETTINGS, tokens=bins))


def test_symbols_that_do_not_fit_the_kind_are_refused_by_name():
    examples = [*corpus(0), Example("odd one", ("##ing",), "a", None, None)]
    with pytest.raises(ValueError, match=r"'odd one'.*'##ing'"):
        encoding.build(examples, replace(SETTINGS, tokens=KMERS))


def test_a_text_pair_is_read_and_a_special_token_in_a_text_is_only_text(tmp_path, tokenizer_folder):
    row = {"id": "r1", "label": "pos", "text": "the [SEP] film", "second": "not bad"}
    pd.DataFrame([row]).to_csv(tmp_path / "text.tsv", sep="\t", index=False)
    [example] = encoding.read(
        {"format": "text"}, [tmp_path / "text.tsv"], tokenizer_folder, SETTINGS
    )
    assert example.second == ("not", "bad")
    assert "[SEP]" not in example.symbols and example.symbols[:2] == ("the", "[")
    for form, kind in (("text", KMERS), ("fasta", {"kind": "intervals"})):
        plan = replace(SETTINGS, tokens=kind)
        with pytest.raises(ValueError, match=rf"not for the format {form}"):
            encoding.read({"format": form}, [tmp_path / "text.tsv"], tokenizer_folder, plan)


def test_no_token_of_a_part_is_padding():
    arrays, _, _ = encoding.build(corpus(0), replace(SETTINGS, tokens=KMERS))
    assert all(PAD not in ragged.ids for ragged in arrays.values())


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([2.5, 2.5, 2.5], "all 3 labels of train are 2.5; a regression needs numbers that differ"),
        ([1e308, -1e308], "labels of train, -1e.308 to 1e.308, have no standard deviation"),
        ([0.0, 1e-200], "have no standard deviation"),
    ],
)
def test_targets_that_leave_nothing_to_learn_or_to_score_are_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        encoding.moments("train", np.array(labels))
    assert encoding.moments("train", np.array([1.0, 3.0])) == {"mean": 2, "standard_deviation": 1}
