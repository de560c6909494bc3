"""Parts are disjoint and complete, stratified or whole by group, and decided by the seed alone."""

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from seqtransfer import splits
from seqtransfer.corpora import Example


def examples_of(labels, *, groups=None, parts=None) -> list[Example]:
    """Examples of distinct sequences with these labels."""
    groups, parts = groups or [None] * len(labels), parts or [None] * len(labels)
    return [
        Example(f"e{i}", (str(i),), label, group, part)
        for i, (label, group, part) in enumerate(zip(labels, groups, parts, strict=True))
    ]


labels = st.lists(st.sampled_from("abc"), min_size=1, max_size=60)
sizes = st.fixed_dictionaries(dict.fromkeys(splits.PARTS, st.integers(1, 50)))
seeds = st.integers(0, 2**32)


def assert_partition(parts: dict[str, np.ndarray], n: int) -> None:
    assert tuple(parts) == splits.PARTS or set(parts) == set(splits.PARTS)
    assert sorted(np.concatenate(list(parts.values())).tolist()) == list(range(n))


@given(st.lists(st.tuples(st.text("AC", max_size=3), st.sampled_from("xy")), max_size=40))
def test_of_repeats_the_first_stays_and_conflicts_go_whole(pairs):
    items = [Example(str(i), tuple(s), label, None, None) for i, (s, label) in enumerate(pairs)]
    kept, counts = splits.drop_repeats(items)
    clean = {s for s, _ in pairs if len({label for t, label in pairs if t == s}) == 1}
    first = [
        i for i, (s, _) in enumerate(pairs) if s in clean and s not in [p[0] for p in pairs[:i]]
    ]
    assert kept.tolist() == first
    assert counts["conflicts_dropped"] == sum(s not in clean for s, _ in pairs)
    assert len(kept) + counts["repeats_dropped"] + counts["conflicts_dropped"] == len(pairs)


@given(labels, sizes, seeds)
def test_stratified_parts_are_a_partition_with_class_shares_within_one(labels, sizes, seed):
    items = examples_of(labels)
    parts = splits.split_stratified(items, sizes, np.random.default_rng(seed))
    assert_partition(parts, len(items))
    for label, n in Counter(labels).items():
        for part, indices in parts.items():
            exact = n * Fraction(sizes[part], sum(sizes.values()))
            assert abs(sum(labels[i] == label for i in indices) - exact) <= 1


group_sizes = st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 6)), min_size=1, max_size=20)


@given(group_sizes, sizes, seeds)
def test_no_group_crosses_parts_and_parts_overshoot_by_less_than_a_group(spec, sizes, seed):
    pairs = [(label, f"g{g}") for g, (label, n) in enumerate(spec) for _ in range(n)]
    labels, groups = [label for label, _ in pairs], [group for _, group in pairs]
    items = examples_of(labels, groups=groups)
    parts = splits.split_grouped(items, sizes, np.random.default_rng(seed))
    assert_partition(parts, len(items))
    homes = {(groups[i], part) for part, indices in parts.items() for i in indices}
    assert len(homes) == len(set(groups))
    for label, n in Counter(labels).items():
        largest = max(size for name, size in spec if name == label)
        left = n
        for part in ("test", "dev"):
            count = sum(labels[i] == label for i in parts[part])
            exact = n * Fraction(sizes[part], sum(sizes.values()))
            assert min(exact - Fraction(1, 2), left) <= count < exact + Fraction(1, 2) + largest
            left -= count


@given(labels, seeds)
def test_the_same_seed_splits_the_same_way(labels, seed):
    items = examples_of(labels, groups=[f"{label}{i % 7}" for i, label in enumerate(labels)])
    sizes = {"train": 6, "dev": 2, "test": 2}
    for split in (splits.split_stratified, splits.split_grouped):
        first, second = (split(items, sizes, np.random.default_rng(seed)) for _ in range(2))
        assert all(np.array_equal(first[part], second[part]) for part in splits.PARTS)


def test_another_seed_alone_splits_and_draws_another_way():
    items = examples_of(list("ab") * 50, groups=[f"{'ab'[i % 2]}{i % 20}" for i in range(100)])
    sizes = {"train": 60, "dev": 20, "test": 20}
    for split in (splits.split_stratified, splits.split_grouped):
        drawn = {
            tuple(split(items, sizes, np.random.default_rng(seed))["test"]) for seed in range(5)
        }
        assert len(drawn) == 5
    everything = np.arange(100)
    drawn = {
        tuple(splits.subsample(items, everything, 20, np.random.default_rng(s))) for s in range(5)
    }
    assert len(drawn) == 5


@given(labels, st.integers(0, 60), seeds)
def test_a_subsample_has_its_size_and_keeps_class_shares_by_largest_remainders(labels, size, seed):
    items = examples_of(["other", *labels])  # the subsample is drawn from a part, not from all
    indices = np.arange(1, len(items))
    drawn = splits.subsample(items, indices, size, np.random.default_rng(seed))
    assert len(drawn) == len(set(drawn.tolist())) == min(size, len(labels))
    assert set(drawn.tolist()) <= set(indices.tolist())
    assume(size < len(labels))
    rounded_up, rounded_down = [], []
    for label, n in Counter(labels).items():
        exact = Fraction(n * size, len(labels))
        count = sum(items[i].label == label for i in drawn)
        floor = exact.numerator // exact.denominator
        assert count in (floor, floor + 1)
        (rounded_up if count > floor else rounded_down).append(exact - floor)
    assert min(rounded_up, default=1) >= max(rounded_down, default=0)


def test_a_part_that_is_small_enough_is_kept_whole_in_its_order():
    indices = np.array([5, 2, 9])
    drawn = splits.subsample(examples_of("a" * 10), indices, 3, np.random.default_rng(0))
    assert drawn.tolist() == [5, 2, 9]


def test_every_example_is_as_likely_to_be_drawn_as_another_of_its_class():
    items, draws = examples_of(list("aaaabb") * 5), 3000
    generator = np.random.default_rng(0)
    counts = np.zeros(len(items))
    for _ in range(draws):
        counts[splits.subsample(items, np.arange(len(items)), 6, generator)] += 1
    expected, error = draws * 6 / 30, np.sqrt(draws * 0.2 * 0.8)
    assert np.abs(counts - expected).max() < 4.5 * error


def test_given_parts_are_those_of_the_corpus():
    items = examples_of(list("abab"), parts=["test", "train", "dev", "train"])
    parts = splits.split_given(items)
    assert {name: part.tolist() for name, part in parts.items()} == {
        "train": [1, 3],
        "dev": [2],
        "test": [0],
    }


@pytest.mark.parametrize("part", [None, "validation"])
def test_a_given_split_without_known_parts_is_refused_by_name(part):
    with pytest.raises(ValueError, match=rf"train\|dev\|test.*{part}"):
        splits.split_given(examples_of("ab", parts=["train", part]))


def test_a_grouped_split_needs_a_group_of_one_label_for_every_example():
    sizes, generator = {"train": 1, "dev": 1, "test": 1}, np.random.default_rng(0)
    with pytest.raises(ValueError, match="needs a group"):
        splits.split_grouped(examples_of("ab", groups=["g", None]), sizes, generator)
    with pytest.raises(ValueError, match="'g1' holds the labels 'a' and 'b'"):
        splits.split_grouped(examples_of("ab", groups=["g1", "g1"]), sizes, generator)


def test_a_class_with_too_few_examples_is_named_with_the_part_and_both_counts():
    items = examples_of("aaaaaabbbb")
    parts = {
        "train": np.array([0, 1, 6, 7]),
        "dev": np.array([2, 3, 8]),
        "test": np.array([4, 5, 9]),
    }
    with pytest.raises(ValueError, match=r"class 'b' has 1 examples in dev \(4 in all"):
        splits.check_classes(items, parts, ["a", "b"])
    splits.check_classes(items, parts, ["a"])
    with pytest.raises(ValueError, match="class 'c' has 0 examples in train"):
        splits.check_classes(items, parts, ["a", "c"])
