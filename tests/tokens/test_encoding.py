"""The parts of a task: nothing shared, nothing of dev or test in pretraining, all counted."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import encode
from seqtransfer.corpora.examples import Example
from seqtransfer.corpora.fasta import write_fasta
from seqtransfer.tokens import encoding, views
from seqtransfer.tokens.vocabulary import CLS, SEP

SETTINGS = views.Settings(
    classes=("a", "b"),
    split="stratified",
    truncate="head",
    max_length=7,
    sizes={"train": 60, "dev": 20, "test": 20},
    split_seed=0,
)
PARTS = ("train", "dev", "test")


def corpus(seed: int, *, n: int = 240, groups: int = 0, given: bool = False) -> list[Example]:
    """Random sequences of 3 to 9 letters, many equal up to the cut; a third of a third class."""
    rng = np.random.default_rng(seed)
    heads = ["".join(rng.choice(list("ACGT"), 5)) for _ in range(2 * n)]
    examples = []
    for i in range(n):
        head = heads[rng.integers(2 * n)]
        tail = "".join(rng.choice(list("ACGT"), rng.integers(0, 5)))
        label = "abc"[i % 3]
        group = f"{label}{rng.integers(groups)}" if groups else None
        part = ("train", "train", "dev", "test")[i // 3 % 4] if given else None
        symbols = tuple(head[: rng.integers(3, 6)] if not tail else head + tail)
        if groups:  # of its own symbols: a sequence in two groups would make them one unit
            symbols = tuple(symbol + group for symbol in symbols)
        examples.append(Example(f"e{i}", symbols, label, group, part))
    return examples


def decoded(arrays, vocabulary) -> dict[str, list[tuple[str, ...]]]:
    """The symbols of every sequence of every part, without [CLS] and [SEP]."""
    return {
        part: [
            tuple(vocabulary.symbols[i - 5] for i in ragged[k][1:-1]) for k in range(len(ragged))
        ]
        for part, ragged in arrays.items()
    }


def first_of_clean(examples) -> list[str]:
    """Ids that stay when sequences are cut to their first five symbols: the slow, plain way."""
    stay = []
    for number, example in enumerate(examples):
        equals = [i for i, e in enumerate(examples) if e.symbols[:5] == example.symbols[:5]]
        if equals[0] == number and len({examples[i].label for i in equals}) == 1:
            stay.append(example.id)
    return stay


seeds = st.integers(0, 2**32)
splits_of_a_corpus = st.sampled_from(["stratified", "grouped", "given"])


@settings(max_examples=30)
@given(seeds, splits_of_a_corpus, st.sampled_from(["head", "centre", "tail", "ends"]))
def test_no_two_parts_share_a_sequence_even_up_to_the_cut(seed, split, truncate):
    examples = corpus(seed, groups=12 * (split == "grouped"), given=split == "given")
    arrays, vocabulary, _ = encoding.build(
        examples, replace(SETTINGS, split=split, truncate=truncate, split_seed=seed)
    )
    parts = decoded(arrays, vocabulary)
    once = Counter(s for part in PARTS for s in parts[part])
    assert set(once.values()) == {1}
    assert len(set(parts["pretrain"])) == len(parts["pretrain"])
    assert not set(parts["pretrain"]) & {*parts["dev"], *parts["test"]}


@settings(max_examples=30)
@given(seeds)
def test_pretraining_sees_no_group_of_dev_or_test_and_all_else(seed):
    examples = corpus(seed, groups=12)
    # A third class shares groups with the others: its groups too are held out.
    examples = [replace(e, group=e.group.replace("c", "a")) for e in examples]
    sizes = {"train": 10, "dev": 6, "test": 6}  # far fewer than there are: most are left out
    arrays, _, _ = encoding.build(examples, replace(SETTINGS, split="grouped", sizes=sizes))
    group = {e.id: e.group for e in examples}
    homes = {part: {group[name] for name in ragged.names} for part, ragged in arrays.items()}
    assert not homes["pretrain"] & (homes["dev"] | homes["test"])
    assert homes["train"] <= homes["pretrain"]
    assert {*arrays["train"].names} <= {*arrays["pretrain"].names}
    label = {e.id: e.label for e in examples}
    assert "c" in {label[name] for name in arrays["pretrain"].names}


@settings(max_examples=30)
@given(seeds)
def test_pretraining_sees_nothing_that_the_corpus_gives_to_dev_or_test(seed):
    examples = corpus(seed, given=True)
    sizes = {"train": 20, "dev": 6, "test": 6}
    part = {e.id: e.split for e in examples}
    arrays, _, _ = encoding.build(examples, replace(SETTINGS, split="given", sizes=sizes))
    for name in PARTS:
        assert {part[i] for i in arrays[name].names} == {name}
    assert {part[i] for i in arrays["pretrain"].names} == {"train"}
    clean = first_of_clean(examples)
    assert arrays["pretrain"].names.tolist() == [i for i in clean if part[i] == "train"]


def test_examples_left_over_from_dev_and_test_do_not_go_to_pretraining():
    examples = [Example(f"e{i}", tuple(f"{i:03d}"), "ab"[i % 2], None, None) for i in range(200)]
    sizes = {"train": 4, "dev": 4, "test": 4}
    _, _, facts = encoding.build(examples, replace(SETTINGS, sizes=sizes))
    counts = facts["counts"]
    assert [counts[part] for part in PARTS] == [4, 4, 4]
    # A third each goes to dev and test before they are thinned out; both stay unseen.
    assert abs(counts["pretrain"] - 200 / 3) <= 2


@settings(max_examples=30)
@given(seeds, splits_of_a_corpus)
def test_counts_add_up_and_the_vocabulary_covers_all_parts(seed, split):
    examples = corpus(seed, groups=12 * (split == "grouped"), given=split == "given")
    arrays, vocabulary, facts = encoding.build(examples, replace(SETTINGS, split=split))
    counts, cut = facts["counts"], facts["cut"]
    clean, heads = first_of_clean(examples), [e.symbols[:5] for e in examples]
    kept = Counter(e.symbols[:5] for e in examples if e.id in clean)
    assert counts["repeats_dropped"] == sum(head in kept for head in heads) - len(clean)
    assert counts["conflicts_dropped"] == sum(head not in kept for head in heads)
    length = {e.id: len(e.symbols) for e in examples}
    for part, ragged in arrays.items():
        assert counts[part] == len(ragged)
        n_cut = sum(length[name] > 5 for name in ragged.names)
        assert cut[part] == {"n": len(ragged), "cut": n_cut, "share": n_cut / len(ragged)}
    ids = np.concatenate([ragged.ids for ragged in arrays.values()])
    assert {*ids.tolist()} == {CLS, SEP, *range(5, len(vocabulary))}


def test_sequences_and_labels_are_those_of_the_examples_in_every_part():
    examples = corpus(3)
    arrays, vocabulary, _ = encoding.build(examples, replace(SETTINGS, truncate="tail"))
    source = {e.id: e for e in examples}
    parts = decoded(arrays, vocabulary)
    for part, ragged in arrays.items():
        for k, name in enumerate(ragged.names):
            assert (ragged[k][0], ragged[k][-1]) == (CLS, SEP)
            assert len(ragged[k]) <= SETTINGS.max_length
            assert parts[part][k] == source[name].symbols[-5:]
            expected = -1 if part == "pretrain" else SETTINGS.classes.index(source[name].label)
            assert ragged.labels[k] == expected


def test_the_vocabulary_holds_the_symbols_of_pretraining_but_not_those_of_no_part():
    words = [*("AA", "AC", "AG", "AT") * 10, *("CA", "CC", "CG", "CT") * 10]
    examples = [
        Example(f"e{i}", (*word, str(i)), "ab"[i >= 40], None, None) for i, word in enumerate(words)
    ]
    examples.append(Example("other", ("Z",), "c", None, None))
    sizes = {"train": 4, "dev": 4, "test": 4}  # most of dev and test is in no part
    arrays, vocabulary, _ = encoding.build(examples, replace(SETTINGS, sizes=sizes))
    parts = decoded(arrays, vocabulary)
    assert ("Z",) in parts["pretrain"] and "Z" in vocabulary.symbols
    assert {*vocabulary.symbols} == {
        s for part in parts.values() for sequence in part for s in sequence
    }
    assert len(vocabulary.symbols) < len({s for e in examples for s in e.symbols})


def test_the_same_seed_builds_the_same_parts_and_another_seed_others():
    def names(seed):
        arrays, _, _ = encoding.build(corpus(0), replace(SETTINGS, split_seed=seed))
        return {part: ragged.names.tolist() for part, ragged in arrays.items()}

    assert names(1) == names(1)
    assert names(1)["test"] != names(2)["test"]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [("head", "ABCD"), ("centre", "CDEF"), ("tail", "FGHI"), ("ends", "ABHI")],
)
def test_a_long_sequence_keeps_its_head_its_centre_its_tail_or_both_ends(policy, expected):
    assert "".join(views.cut(tuple("ABCDEFGHI"), 4, policy)) == expected
    assert "".join(views.cut(tuple("ABCD"), 4, policy)) == "ABCD"
    assert "".join(views.cut(tuple("AB"), 4, policy)) == "AB"


@given(st.lists(st.integers(), max_size=20).map(tuple), st.integers(1, 12))
def test_the_centre_leaves_equally_much_on_both_sides(symbols, room):
    extra = len(symbols) - len(views.cut(symbols, room, "centre"))
    left = extra // 2
    assert views.cut(symbols, room, "centre") == symbols[left : len(symbols) - (extra - left)]
    assert extra == max(0, len(symbols) - room)


@pytest.mark.parametrize(("room", "expected"), [(1, "A"), (2, "AI"), (3, "ABI"), (5, "ABCHI")])
def test_of_both_ends_the_head_takes_the_odd_one(room, expected):
    assert "".join(views.cut(tuple("ABCDEFGHI"), room, "ends")) == expected


def test_an_empty_corpus_is_refused():
    with pytest.raises(ValueError, match="holds no examples"):
        encoding.build([], SETTINGS)


def test_a_corpus_of_sequences_with_two_labels_each_is_refused():
    examples = [Example(f"{i}", "ACGT" * 9, "ab"[i % 2], None, None) for i in range(8)]
    with pytest.raises(ValueError, match=r"no example is left: .* another has with another label"):
        encoding.build(examples, SETTINGS)


def test_a_corpus_with_none_of_the_classes_is_refused_with_the_labels_it_has():
    with pytest.raises(ValueError, match=r"\['x', 'y'\].*'a', 'b', 'c'"):
        encoding.build(corpus(0), replace(SETTINGS, classes=("x", "y")))


def test_a_class_too_small_for_three_parts_is_refused_by_name():
    examples = [e for e in corpus(0) if e.label == "a"] + [
        Example("rare", tuple("ACA"), "b", None, None)
    ]
    with pytest.raises(ValueError, match="class 'b' has"):
        encoding.build(examples, SETTINGS)


def test_fasta_and_text_are_read_into_symbols(tmp_path, tokenizer_folder):
    fasta, table = tmp_path / "dna.fasta", tmp_path / "text.tsv"
    fasta.write_text(">x label=EI split=test\nACG\nT\n")
    row = {"id": "r1", "label": "pos", "text": "The film abc"}
    pd.DataFrame([row]).to_csv(table, sep="\t", index=False)
    [example] = encoding.read({"format": "fasta"}, [fasta], tokenizer_folder, SETTINGS)
    assert (example.symbols, example.label, example.split) == ("ACGT", "EI", "test")
    [example] = encoding.read({"format": "text"}, [table], tokenizer_folder, SETTINGS)
    assert example.symbols == ("the", "film", "a", "##b", "##c")
    assert (example.id, example.label, example.split) == ("r1", "pos", None)


def test_smaller_training_shares_lie_within_larger_ones_and_nothing_else_changes():
    examples = corpus(0)
    names = {}
    for fraction in (0.25, 0.5, 1.0):
        arrays, _, _ = encoding.build(examples, replace(SETTINGS, train_fraction=fraction))
        names[fraction] = {part: set(array.names.tolist()) for part, array in arrays.items()}
    assert names[0.25]["train"] < names[0.5]["train"] < names[1.0]["train"]
    assert len(names[0.5]["train"]) == round(0.5 * len(names[1.0]["train"]))
    for part in ("dev", "test", "pretrain"):
        assert names[0.25][part] == names[1.0][part]


@pytest.mark.parametrize(
    ("split", "facts", "said"),
    [
        ("given", ["train", "train", "test"], "gives no dev, .*add `dev_share: 0.1` to the layout"),
        ("given", ["train", "dev", "test"], "no example of test is left: .* are also in train"),
        ("grouped", ["g", "h", "h"], "`grouped` has 2 groups; at least 3"),
        ("stratified", ["", "", ""], "class 'a' has 1 example in train"),
    ],
)
def test_parts_that_cannot_be_are_named_with_task_and_file(tmp_path, split, facts, said):
    rows = ("AC", "a", 0), ("AG", "b", 0), ("GC", "a", 1), ("GG", "b", 1), ("AC", "a", 2)
    examples = [
        Example(
            f"e{number}",
            symbols if "dev" in facts or part < 2 else "TTA",
            label,
            facts[part] if split == "grouped" else None,
            facts[part] if split == "given" else None,
        )
        for number, (symbols, label, part) in enumerate(rows)
    ]
    write_fasta(tmp_path / "mine.fasta", examples)
    with pytest.raises(ValueError, match=rf"^task mine \(.*mine\.fasta\): .*{said}"):
        encode.main(
            task="mine",
            record={"format": "fasta"},
            corpus=[tmp_path / "mine.fasta"],
            encoder=tmp_path,
            settings=replace(SETTINGS, split=split),
            probed=None,
            folder=tmp_path,
            code="",
        )


def scan(length, places):
    """A deep mutational scan: a protein and each of its variants with one residue changed."""
    rng = np.random.default_rng(0)
    wild = "".join(rng.choice(list("ACDEFGHIKL"), length))
    variants = [f"{wild[:i]}{new}{wild[i + 1 :]}" for i in places for new in "MNPQ"]
    return [Example(f"v{i}", v, f"{i / 7:.3f}", None, None) for i, v in enumerate(variants)]


def test_variants_that_the_cut_makes_equal_are_counted_and_most_of_them_refused():
    asked = replace(SETTINGS, kind="regression", classes=(), max_length=42, split="random",
                       truncate="head", sizes={"train": 60, "dev": 10, "test": 20})  # fmt: skip
    _, _, facts = encoding.build(scan(60, range(10, 45)), asked)
    assert facts["counts"]["cut_conflicts"] == 5 * 4 == facts["counts"]["conflicts_dropped"]
    with pytest.raises(
        ValueError, match=r"^160 of 200 examples are equal .* max_length 42: .*past"
    ):
        encoding.build(scan(60, range(30, 60)) + scan(60, range(40, 60)), asked)
    _, _, facts = encoding.build(scan(40, range(10, 40)) * 2, asked)
    assert facts["counts"]["cut_conflicts"] == 0
