"""Parts are disjoint and complete, stratified or whole by group, and decided by the seed alone."""

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from seqtransfer.corpora.examples import SPLITS, Example
from seqtransfer.tokens import splits, units


def examples_of(labels, *, groups=None, parts=None) -> list[Example]:
    """Examples of distinct sequences with these labels."""
    groups, parts = groups or [None] * len(labels), parts or [None] * len(labels)
    return [
        Example(f"e{i}", (str(i),), label, group, part)
        for i, (label, group, part) in enumerate(zip(labels, groups, parts, strict=True))
    ]


def alone(items) -> np.ndarray:
    """Units of one item each."""
    return np.array([item.id for item in items], dtype=str)


labels = st.lists(st.sampled_from("abc"), min_size=1, max_size=60)
sizes = st.fixed_dictionaries(dict.fromkeys(SPLITS, st.integers(1, 50)))
seeds = st.integers(0, 2**32)


def assert_partition(parts: dict[str, np.ndarray], n: int) -> None:
    assert tuple(parts) == SPLITS or set(parts) == set(SPLITS)
    assert sorted(np.concatenate(list(parts.values())).tolist()) == list(range(n))


@given(st.lists(st.tuples(st.text("AC", max_size=3), st.sampled_from("xy")), max_size=40))
def test_of_repeats_the_first_stays_and_conflicts_go_whole(pairs):
    items = [
        Example(str(i), tuple(s), label, None, "train" if i % 3 else "test")
        for i, (s, label) in enumerate(pairs)
    ]
    kept, counts = splits.drop_repeats(items)
    clean = {s for s, _ in pairs if len({label for t, label in pairs if t == s}) == 1}
    first = [
        i for i, (s, _) in enumerate(pairs) if s in clean and s not in [p[0] for p in pairs[:i]]
    ]
    assert kept.tolist() == first
    assert counts["conflicts_dropped"] == sum(s not in clean for s, _ in pairs)
    assert len(kept) + counts["repeats_dropped"] + counts["conflicts_dropped"] == len(pairs)
    dropped = set(range(len(pairs))) - set(first)
    assert counts["given_test_dropped"] == sum(i % 3 == 0 for i in dropped)


@given(labels, sizes, seeds)
def test_stratified_parts_are_a_partition_with_class_shares_within_one(labels, sizes, seed):
    items = examples_of(labels)
    parts = splits.split_stratified(items, sizes, np.random.default_rng(seed))
    assert_partition(parts, len(items))
    for label, n in Counter(labels).items():
        for part, indices in parts.items():
            exact = n * Fraction(sizes[part], sum(sizes.values()))
            assert abs(sum(labels[i] == label for i in indices) - exact) <= 1


@given(labels, seeds)
def test_the_same_seed_splits_the_same_way(labels, seed):
    items = examples_of(labels, groups=[f"{label}{i % 7}" for i, label in enumerate(labels)])
    sizes = {"train": 6, "dev": 2, "test": 2}
    for unit in (alone(items), units.of(items)):
        first, second = (
            splits.split(items, "stratified", sizes, np.random.default_rng(seed), unit)[0]
            for _ in range(2)
        )
        assert all(np.array_equal(first[part], second[part]) for part in SPLITS)


def test_another_seed_alone_splits_and_draws_another_way():
    items = examples_of(list("ab") * 50, groups=[f"{'ab'[i % 2]}{i % 20}" for i in range(100)])
    sizes = {"train": 60, "dev": 20, "test": 20}
    for unit in (alone(items), units.of(items)):
        drawn = [
            splits.split(items, "stratified", sizes, np.random.default_rng(seed), unit)[0]
            for seed in range(5)
        ]
        assert len({tuple(parts["test"]) for parts in drawn}) == 5
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


targets = st.lists(st.floats(-1e6, 1e6).map(lambda x: round(x, 2)), min_size=1, max_size=80)


@given(targets, sizes, seeds, st.randoms())
def test_a_random_split_of_targets_is_a_partition_balanced_over_quantiles(
    values, sizes, seed, random
):
    items = examples_of(list(map(str, values)))
    parts, _ = splits.split(items, "random", sizes, np.random.default_rng(seed), alone(items))
    assert_partition(parts, len(items))
    for stratum in np.unique(splits.quantiles(items)):
        inside = splits.quantiles(items) == stratum
        for part, indices in parts.items():
            exact = int(inside.sum()) * Fraction(sizes[part], sum(sizes.values()))
            assert abs(int(inside[indices].sum()) - exact) <= 1
    shuffled = random.sample(items, len(items))
    unit = alone(shuffled)
    again, _ = splits.split(shuffled, "random", sizes, np.random.default_rng(seed), unit)
    for part in SPLITS:
        assert {shuffled[i].id for i in again[part]} == {items[i].id for i in parts[part]}


@given(targets)
def test_quantiles_are_in_order_of_the_target_and_of_equal_size_within_ties(values):
    strata = splits.quantiles(examples_of(list(map(str, values))))
    order = np.argsort(values, kind="stable")
    assert (np.diff(strata[order]) >= 0).all()
    assert all(strata[i] == strata[j] for i in range(len(values)) for j in range(len(values))
               if values[i] == values[j])  # fmt: skip
    if len(set(values)) == len(values):
        assert np.bincount(strata).max() <= -(-len(values) // splits.QUANTILES) + 1


@pytest.mark.parametrize("label", ["high", "nan", "inf", None])
def test_a_random_split_refuses_a_label_that_is_no_number(label):
    with pytest.raises(ValueError, match=rf"'e1': label {label!r} is no finite number"):
        items = examples_of(["1.5", label])
        splits.split(items, "random", {}, np.random.default_rng(0), alone(items))


def test_an_unknown_rule_is_refused():
    with pytest.raises(ValueError, match="'holdout' is unknown; use stratified, random"):
        items = examples_of("ab")
        splits.split(items, "holdout", {}, np.random.default_rng(0), alone(items))


def test_under_a_given_split_neighbours_of_dev_and_test_leave_train_and_nothing_moves():
    places = ["train", "train", "dev", "test", "train", "test", "train"]
    items = examples_of("abababa", parts=places)
    unit = units.of(items, np.array([0, 1, 1, 2, 3, 2, 2]))
    parts, counts = splits.split(items, "given", {}, np.random.default_rng(0), unit)
    assert {part: indices.tolist() for part, indices in parts.items()} == {
        "train": [0, 4], "dev": [2], "test": [3, 5]
    }  # fmt: skip
    assert counts == {"neighbours_dropped": 2}


def test_pairs_are_repeats_only_if_both_texts_are_equal():
    items = [Example(str(i), ("a",), "x", None, None, second) for i, second in
             enumerate([("b",), ("c",), ("b",), ()])]  # fmt: skip
    kept, counts = splits.drop_repeats(items)
    assert (kept.tolist(), counts["repeats_dropped"]) == ([0, 1, 3], 1)


fractions = st.lists(st.floats(0.05, 1), min_size=1, max_size=6)


@given(labels, fractions, seeds)
def test_training_subsets_are_nested_and_apportioned_by_divisors(labels, fractions, seed):
    strata = ["other", *labels]
    indices = np.arange(1, len(strata))
    assume(round(min(fractions) * len(indices)) > 0)
    unit = np.arange(len(strata)).astype(str)
    subsets = splits.nested(indices, fractions, np.random.default_rng(seed), strata, unit)
    ordered = [set(subsets[f].tolist()) for f in sorted(fractions)]
    assert all(small <= large for small, large in pairwise([*ordered, set(indices.tolist())]))
    for fraction, subset in subsets.items():
        assert len(subset) == len(set(subset.tolist())) == round(fraction * len(indices))
        # Webster's criterion: one divisor rounds every stratum's size to its seats.
        seats = Counter(strata[i] for i in subset)
        n = Counter(labels)
        low = max(Fraction(2 * seats[c] - 1, n[c]) for c in n)
        assert low <= min(Fraction(2 * seats[c] + 1, n[c]) for c in n)


def test_another_seed_nests_other_subsets_and_the_same_seed_the_same():
    strata, indices = list("ab") * 50, np.arange(100)

    def draw(seed):
        generator, unit = np.random.default_rng(seed), np.arange(len(strata)).astype(str)
        return splits.nested(indices, [0.2], generator, strata, unit)[0.2].tolist()

    assert draw(0) == draw(0)
    assert len({tuple(draw(seed)) for seed in range(5)}) == 5


@pytest.mark.parametrize("fraction", [0, -0.5, 1.1, 0.01])
def test_a_fraction_outside_0_to_1_or_without_examples_is_refused(fraction):
    with pytest.raises(ValueError, match=f"fraction {fraction} of 20 training examples"):
        generator, unit = np.random.default_rng(0), np.arange(20).astype(str)
        splits.nested(np.arange(20), [fraction], generator, ["a"] * 20, unit)


def test_a_smaller_share_holds_fewer_units_and_not_less_of_each():
    strata = ["a", "b"] * 60
    unit = np.array([f"g{i // 2 % 12}" for i in range(120)])
    for seed in range(10):
        subsets = splits.nested(
            np.arange(120), [0.25, 0.5], np.random.default_rng(seed), strata, unit
        )
        # 10 items a unit, half of each label: 30 items are 3 units, 60 are 6.
        for fraction, subset in subsets.items():
            assert len(set(unit[subset])) == 12 * fraction
        assert set(unit[subsets[0.25]]) < set(unit[subsets[0.5]])


def test_a_given_split_that_tears_a_group_apart_is_refused_by_name():
    items = examples_of("abab", groups=["g", "h", "g", None], parts=["train", "dev", "test", "dev"])
    with pytest.raises(ValueError, match=r"tears group 'g' apart: 'e0' is in train, 'e2' in test"):
        splits.split_given(items)


def test_a_test_part_of_one_unit_is_refused_with_its_group():
    unit = np.array(["a", "b", "c", "d", "e", "e"])
    with pytest.raises(ValueError, match=r"test has 2 examples.*unit \['e'\]; it needs 2 units"):
        splits.check_units(np.array([4, 5]), unit)
    splits.check_units(np.array([3, 4]), unit)


def test_a_given_part_that_is_missing_is_named_with_the_key_that_makes_it():
    for lacking, said in (("dev", "add `dev_share: 0.1`"), ("test", "bring a test")):
        parts = [part for part in SPLITS if part != lacking] * 2
        with pytest.raises(ValueError, match=f"split `given` gives no {lacking}, .*; {said}"):
            splits.split_given(examples_of("abab", parts=parts))


def test_a_test_part_that_is_also_in_train_is_said_to_be_so():
    items = examples_of("abcdab", parts=["train", "train", "dev", "dev", "test", "test"])
    items[4:] = [replace(items[4], symbols=("0",)), replace(items[5], symbols=("1",))]
    kept, _ = splits.drop_repeats(items)
    said = "no example of test is left: its 2 sequences, .* are also in train. Give parts"
    with pytest.raises(ValueError, match=said):
        splits.check_given(items, kept)
    items[5] = replace(items[5], symbols=("5",))
    splits.check_given(items, splits.drop_repeats(items)[0])


def test_a_part_whose_sequences_all_carry_two_labels_is_said_to():
    items = examples_of("abcd", parts=["train", "dev", "test", "test"])
    items[3] = replace(items[3], symbols=items[2].symbols)
    said = "no example of test is left: its 1 sequence, .* carry two labels"
    with pytest.raises(ValueError, match=said):
        splits.check_given(items, splits.drop_repeats(items)[0])


def test_too_few_groups_are_counted():
    with pytest.raises(ValueError, match="`grouped` has 2 groups; at least 3 are needed"):
        splits.check_groups(np.array(["g", "h", "g"]))
    with pytest.raises(ValueError, match="has 1 group;"):
        splits.check_groups(np.array(["g"]))
    splits.check_groups(np.array(["g", "h", "i"]))


def test_a_class_with_too_few_examples_is_named_with_the_part_and_both_counts():
    items = [{name} for name in "aaaaaabbbb"]
    parts = {
        "train": np.array([0, 1, 6, 7]),
        "dev": np.array([2, 3, 8]),
        "test": np.array([4, 5, 9]),
    }
    with pytest.raises(ValueError, match=r"class 'b' has 1 example in dev \(4 in all"):
        splits.check_classes(items, parts, ["a", "b"])
    splits.check_classes(items, parts, ["a"])
    with pytest.raises(ValueError, match=r"class 'c' has 0 examples in train .* out of `classes`"):
        splits.check_classes(items, parts, ["a", "c"])


def test_a_class_of_too_few_groups_is_named_with_their_number():
    items = [{name} for name in "aaaaaabbbbbb"]
    parts = {"train": np.r_[0:2, 6:9], "dev": np.r_[2:4, 6:6], "test": np.r_[4:6, 9:12]}
    unit = np.array([*"uvwxyz", *"ggghhh"])
    said = (
        r"'b' has 0 examples in dev \(6 in all .*, of 2 groups or near-.*, which stay whole\); .*"
    )
    with pytest.raises(ValueError, match=said + "make groups smaller, bring more of them, or take"):
        splits.check_classes(items, parts, ["a", "b"], unit)
    with pytest.raises(ValueError, match=r"dropped\); .* or bring more data"):
        splits.check_classes(items, parts, ["b"])
    with pytest.raises(ValueError, match=r"dropped\); .* or bring more data"):
        splits.check_classes(items, parts, ["b"], np.arange(12).astype(str))
    splits.check_classes(items, parts, ["a"], unit)
