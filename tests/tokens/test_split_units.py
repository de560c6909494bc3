"""Groups and near-duplicates stay whole, and parts come as near to their shares as they can."""

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold
from test_splits import assert_partition, examples_of, labels, seeds, sizes

from seqtransfer.corpora.examples import SPLITS, Example
from seqtransfer.tokens import splits, units


def split(items, rule, sizes, generator, clusters=None) -> dict[str, np.ndarray]:
    return splits.split(items, rule, sizes, generator, units.of(items, clusters))[0]


group_sizes = st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 6)), min_size=1, max_size=20)


@given(group_sizes, sizes, seeds)
def test_groups_of_one_label_stay_whole_and_fill_the_shares_up_to_a_group(spec, sizes, seed):
    pairs = [(label, f"g{g}") for g, (label, n) in enumerate(spec) for _ in range(n)]
    labels, groups = [label for label, _ in pairs], [group for _, group in pairs]
    items = examples_of(labels, groups=groups)
    parts = split(items, "grouped", sizes, np.random.default_rng(seed))
    assert_partition(parts, len(items))
    homes = {
        group: part for part, indices in parts.items() for group in {groups[i] for i in indices}
    }
    assert sum(len({groups[i] for i in indices}) for indices in parts.values()) == len(homes)
    for label, n in Counter(labels).items():
        wanted = {p: round(n * sizes[p] / sum(sizes.values())) for p in ("test", "dev")}
        size = {f"g{g}": m for g, (name, m) in enumerate(spec) if name == label}
        for part, share in wanted.items():
            inside = [m for group, m in size.items() if homes[group] == part]
            # No more than the share but for the last group; more than all shares only when alone.
            assert sum(inside) - max(inside, default=0) < max(share, 1)
            assert len(inside) <= 1 or max(inside) <= max(wanted.values())
            # What stayed in train was not needed, or is too large for a part that has others.
            for group, m in size.items():
                too_large = m > max(wanted.values()) and inside
                # Or else train would have none, and it would overshoot by more than is lacking.
                spared = inside and m >= 2 * (share - sum(inside))
                assert homes[group] != "train" or sum(inside) >= share or too_large or spared


mixed = st.lists(
    st.fixed_dictionaries({"a": st.integers(1, 5), "b": st.integers(1, 5), "c": st.integers(0, 5)}),
    min_size=1,
    max_size=12,
)


@given(mixed, sizes, seeds)
def test_no_single_move_of_a_group_of_many_labels_would_bring_the_parts_nearer(spec, sizes, seed):
    rows = [
        (c, f"g{g:02d}") for g, own in enumerate(spec) for c, n in own.items() for _ in range(n)
    ]
    labels, groups = [label for label, _ in rows], [group for _, group in rows]
    parts = split(examples_of(labels, groups=groups), "grouped", sizes, np.random.default_rng(seed))
    assert_partition(parts, len(rows))
    home = {groups[i]: part for part, indices in parts.items() for i in indices}
    assert sum(len({groups[i] for i in indices}) for indices in parts.values()) == len(home)
    n = Counter(labels)
    wanted = {p: {c: round(n[c] * sizes[p] / sum(sizes.values())) for c in n} for p in sizes}
    wanted["train"] = {c: n[c] - wanted["dev"][c] - wanted["test"][c] for c in n}

    def distance(home: dict[str, str]) -> Fraction:
        have = Counter((home[group], label) for label, group in rows)
        return sum(
            Fraction(have[part, c] - wanted[part][c], n[c]) ** 2 for part in wanted for c in n
        )

    inside = Counter(home.values())
    for group in home:
        for part in SPLITS:
            # The only unit of a part may be there so that this is not empty.
            nearer = distance(home) > distance(home | {group: part}) + 1e-9
            assert not nearer or inside[home[group]] == 1
    assert len(home) < 3 or all(inside[part] for part in SPLITS)


def test_mixed_groups_keep_class_shares_about_as_well_as_scikit_learn():
    rng, ours, theirs = np.random.default_rng(0), [], []
    for seed in range(20):
        leaning = rng.dirichlet([1, 1, 1], size=120)  # each group leans to classes of its own
        groups = rng.integers(0, 120, 1200)
        labels = np.array([rng.choice(3, p=leaning[g]) for g in groups])
        items = examples_of([str(c) for c in labels], groups=[f"g{g:03d}" for g in groups])
        sizes = {"train": 60, "dev": 20, "test": 20}
        parts = split(items, "grouped", sizes, np.random.default_rng(seed))
        folds = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
        _, fold = next(iter(folds.split(labels, labels, groups)))
        whole = np.bincount(labels, minlength=3)
        for kept, found in ((parts["test"], ours), (fold, theirs)):
            found.append(np.abs(np.bincount(labels[kept], minlength=3) / whole - 0.2).max())
    assert np.mean(ours) < max(1.5 * np.mean(theirs), 0.03)


@pytest.mark.parametrize("persons", [10, 12, 20, 30, 60])
def test_persons_of_one_target_each_fill_all_parts_near_their_shares(persons):
    shares = {"train": 1600, "dev": 400, "test": 1000}
    items = [
        Example(f"{p}-{i}", (f"s{p}-{i}",), str(20 + p), f"p{p}", None)
        for p in range(persons)
        for i in range(40)
    ]
    unit = units.of(items)
    count = splits.most_strata(unit, shares)
    strata = splits.quantiles(items, count)
    parts = splits.split(items, "grouped", shares, np.random.default_rng(0), unit, strata)[0]
    splits.check_filled(parts, unit)
    for part, share in shares.items():
        assert abs(len(parts[part]) / len(items) - share / 3000) <= 2 * count / persons
    assert splits.most_strata(np.array([str(i) for i in range(3000)]), shares) == splits.QUANTILES


@pytest.mark.parametrize("persons", [3, 4, 5, 6, 7, 8, 10])
@pytest.mark.parametrize("classes", ["ab", "a"])
def test_few_persons_fill_all_parts_whether_each_has_all_classes_or_one(persons, classes):
    """3 of them suffice, as the refusal of fewer says."""
    shares = {"train": 1600, "dev": 200, "test": 1000}
    for seed in range(3):
        items = [
            Example(f"{p}-{i}", (f"s{p}-{i}",), classes[i % len(classes)], f"p{p}", None)
            for p in range(persons)
            for i in range(40)
        ]
        parts = split(items, "grouped", shares, np.random.default_rng(seed))
        assert all(len(indices) for indices in parts.values())
        people = {part: {items[i].group for i in rows} for part, rows in parts.items()}
        assert len(people["train"]) >= max(1, round(persons * 0.35))


def test_a_part_that_nothing_is_left_for_is_named():
    parts = {"train": np.array([], int), "dev": np.array([0]), "test": np.array([1, 2])}
    with pytest.raises(ValueError, match=r"nothing is left for train: .* are of 2 groups or near-"):
        splits.check_filled(parts, np.array(["a", "b", "b"]))


def test_a_grouped_split_needs_a_group_for_every_example():
    sizes, generator = {"train": 1, "dev": 1, "test": 1}, np.random.default_rng(0)
    with pytest.raises(ValueError, match="needs a group for every example; 'e1' has none"):
        split(examples_of("ab", groups=["g", None]), "grouped", sizes, generator)


def test_one_huge_group_stays_in_train_and_three_go_one_to_a_part():
    sizes = {"train": 80, "dev": 10, "test": 10}
    for seed in range(10):
        groups = ["huge"] * 90 + [f"g{i}" for i in range(110)]
        items = examples_of("a" * 200, groups=groups)
        parts = split(items, "grouped", sizes, np.random.default_rng(seed))
        assert {part: len(indices) for part, indices in parts.items()} == {
            "train": 160, "dev": 20, "test": 20
        }  # fmt: skip
        assert set(range(90)) <= set(parts["train"].tolist())
        items = examples_of("a" * 90, groups=[f"g{i % 3}" for i in range(90)])
        parts = split(items, "grouped", sizes, np.random.default_rng(seed))
        assert [len(indices) for indices in parts.values()] == [30, 30, 30]


rules = st.sampled_from(["stratified", "random", "grouped"])


@given(st.lists(st.integers(0, 12), min_size=1, max_size=60), rules, sizes, seeds, st.randoms())
def test_near_duplicates_stay_on_one_side_whatever_the_order(numbers, rule, sizes, seed, random):
    clusters, n = np.array(numbers), len(numbers)
    items = examples_of([str(i % 5) for i in range(n)], groups=[f"g{i % 17}" for i in range(n)])
    parts = split(items, rule, sizes, np.random.default_rng(seed), clusters)
    assert_partition(parts, n)
    homes = {(numbers[i], part) for part, indices in parts.items() for i in indices}
    assert len(homes) == len(set(numbers))
    homes = {(items[i].group, part) for part, indices in parts.items() for i in indices}
    assert len(homes) == len({item.group for item in items})
    order = random.sample(range(n), n)
    again = split(
        [items[i] for i in order], rule, sizes, np.random.default_rng(seed), clusters[order]
    )
    for part in SPLITS:
        assert {order[i] for i in again[part]} == {*parts[part].tolist()}


@given(labels, sizes, seeds)
def test_clusters_of_one_leave_a_stratified_split_stratified_within_one(labels, sizes, seed):
    items = examples_of(labels)
    parts = split(items, "stratified", sizes, np.random.default_rng(seed), np.arange(len(items)))
    assert_partition(parts, len(items))
    for label, n in Counter(labels).items():
        for part, indices in parts.items():
            exact = n * Fraction(sizes[part], sum(sizes.values()))
            assert abs(sum(labels[i] == label for i in indices) - exact) <= 1
