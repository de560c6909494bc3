"""Units: what shares a group or a cluster stays together wherever examples are drawn or divided."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_encoding import SETTINGS

from seqtransfer.corpora.examples import Example
from seqtransfer.tokens import encoding, near_duplicates, units

links = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=14)


def grouped(groups) -> list[Example]:
    return [Example(f"e{i}", (str(i),), "a", group, None) for i, group in enumerate(groups)]


def connected(keys: list[set]) -> list[set[int]]:
    """The items that each item reaches through shared keys, by walking from one to the next."""
    of_key: dict = {}
    for i, own in enumerate(keys):
        for key in own:
            of_key.setdefault(key, set()).add(i)
    unit: list[set[int] | None] = [None] * len(keys)
    for start in range(len(keys)):
        if unit[start] is None:
            found, open_ends = {start}, [start]
            while open_ends:
                for key in keys[open_ends.pop()]:
                    open_ends += of_key[key] - found
                    found |= of_key[key]
            for i in found:
                unit[i] = found
    return unit


@given(links)
def test_a_unit_is_what_groups_and_clusters_connect(pairs):
    items = grouped([f"g{g}" for g, _ in pairs])
    names = units.of(items, np.array([c for _, c in pairs])).tolist()
    for i, unit in enumerate(connected([{f"g{g}", c} for g, c in pairs])):
        assert {j for j, name in enumerate(names) if name == names[i]} == unit
        assert names[i] == min(items[j].group for j in unit)


def test_a_repeat_joins_the_groups_of_its_copies():
    twins = [replace(e, symbols=("x",)) for e in grouped(["g", "h"])]
    assert units.of([*grouped(["g", "h"]), *twins]).tolist() == ["g"] * 4
    apart = units.of([*grouped(["g", "h"]), *twins], join_copies=False).tolist()
    assert apart == ["g", "h", "g", "h"]


def test_items_without_a_group_share_with_nobody_and_units_bear_the_first_group_or_id():
    assert units.of(grouped([None] * 3)).tolist() == ["e0", "e1", "e2"]
    assert units.of(grouped([None, "g", None, "g"])).tolist() == ["e0", "g", "e2", "g"]
    clusters = np.array([7, 3, 7, 3, 7])
    assert units.of(grouped([None] * 5), clusters).tolist() == ["e0", "e1", "e0", "e1", "e0"]


unit_names = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=40).map(np.array)


@given(unit_names, st.integers(0, 99))
def test_whole_units_come_where_their_first_item_stands_and_lead_up_to_a_bound(unit, seed):
    order = np.random.default_rng(seed).permutation(len(unit))
    turn = units.unit_by_unit(order, unit)
    assert sorted(turn) == sorted(order)
    names = list(dict.fromkeys(unit[order]))
    assert "".join(unit[turn]) == "".join(n * int((unit == n).sum()) for n in names)
    for name in names:  # within a unit the order stays
        kept = order[unit[order] == name]
        assert turn[unit[turn] == name].tolist() == kept.tolist()
    for least in (1, 1 + len(unit) // 2, len(unit)):
        count = units.leading(turn, unit, least)
        inside, outside = set(unit[turn[:count]]), set(unit[turn[count:]])
        if len(names) == 1:
            assert count == least
        else:
            assert not inside & outside and inside and outside
            assert sum((unit == name).sum() for name in names[: len(inside) - 1]) < least


@given(unit_names, st.integers(0, 99), st.integers(1, 40))
def test_what_is_held_out_is_whole_units_of_at_most_twice_as_many(unit, seed, least):
    least = min(least, len(unit))
    order = np.random.default_rng(seed).permutation(len(unit))
    held, rest = units.held_out(order, unit, least)
    assert sorted([*held, *rest]) == sorted(order) and len(held)
    inside = set(unit[held])
    if not inside & set(unit[rest]):
        single = len(inside) == 1 and len(held) == (unit == unit[held[0]]).sum()
        assert len(held) <= 2 * least or (single and len(held) == least)
    else:  # no unit is small enough, or there is but one: a part of the first
        assert inside == {unit[order][0]} and len(held) == least
        assert len(set(unit)) == 1 or min((unit == name).sum() for name in unit) > 2 * least


def test_a_chromosome_among_plasmids_is_trained_on():
    unit = np.array(["chromosome"] * 950 + [f"plasmid {k // 10}" for k in range(50)])
    for seed in range(5):
        held, rest = units.held_out(np.random.default_rng(seed).permutation(1000), unit, 50)
        assert 0 < len(held) <= 50 and "chromosome" not in unit[held]
        assert (unit[rest] == "chromosome").sum() == 950
    alone = np.array(["chromosome"] * 950 + ["other"] * 950)
    held, _ = units.held_out(np.arange(1900), alone, 95)
    assert held.tolist() == list(range(95))


@given(unit_names, st.integers(1, 50), st.integers(0, 99))
def test_a_balanced_choice_takes_equally_many_of_each_unit_and_nearly_as_many_as_can_be(
    unit, most, seed
):
    order = np.random.default_rng(seed).permutation(len(unit))
    chosen = units.balanced(order, unit, most)
    _, counts = np.unique(unit[chosen], return_counts=True)
    assert len(set(counts)) == 1 and len(chosen) <= most and (np.diff(chosen) > 0).all()
    sizes = np.unique(unit, return_counts=True)[1]
    best = max(min((sizes >= m).sum(), most // m) * m for m in range(1, most + 1))
    assert len(chosen) >= 0.9 * best


def test_units_of_one_are_drawn_in_order():
    order = np.array([4, 2, 0, 3, 1])
    alone = np.arange(5).astype(str)
    assert units.balanced(order, alone, 3).tolist() == [0, 2, 4]
    assert units.leading(order, alone, 2) == 2


def test_groups_keep_units_whole_and_differ_by_one_unit_at_most():
    unit = np.repeat(np.arange(23), 3)
    group = units.groups(unit, 5, np.random.default_rng(0))
    assert all(len(set(group[unit == name])) == 1 for name in range(23))
    counts = np.bincount(group) // 3
    assert counts.max() - counts.min() <= 1 and len(counts) == 5


def test_where_there_are_fewer_units_than_groups_each_is_a_group():
    group = units.groups(np.repeat(np.arange(4), 2), 5, np.random.default_rng(0))
    assert sorted(np.bincount(group)) == [2, 2, 2, 2]
    with pytest.raises(ValueError, match="needs at least two units"):
        units.groups(np.zeros(4), 5, np.random.default_rng(0))


def families(seed: int, kind: str, rule: str) -> list[Example]:
    """300 sequences in groups of 1 to 8, a fifth without a group; near-duplicates across groups."""
    rng, examples = np.random.default_rng(seed), []
    bases = ["".join(rng.choice(list("ACGT"), 40)) for _ in range(100)]
    while len(examples) < 300:
        group, part = f"g{len(examples)}", str(rng.choice(["train", "train", "dev", "test"]))
        for _ in range(rng.integers(1, 9)):
            base = list(bases[rng.integers(100)] if rng.random() < 0.1 else
                        rng.choice(list("ACGT"), 40))  # fmt: skip
            base[rng.integers(40)] = "N"
            label = str(round(rng.normal(), 3)) if kind == "regression" else "abc"[rng.integers(3)]
            alone = rng.random() < 0.2 and rule != "grouped"
            examples.append(
                Example(
                    f"e{len(examples)}", "".join(base), label, None if alone else group,
                    part if rule == "given" else None,
                )
            )  # fmt: skip
    return examples


RULES = [("classification", r) for r in ("stratified", "grouped", "given")]
RULES += [("regression", r) for r in ("random", "grouped", "given")]


@pytest.mark.parametrize(("kind", "rule"), RULES)
@pytest.mark.parametrize("neighbours", [None, {"kmer": 4, "threshold": 0.5}])
@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10**6), fraction=st.sampled_from([1.0, 0.3]))
def test_no_unit_crosses_parts_whatever_the_split(kind, rule, neighbours, seed, fraction):
    examples = families(seed, kind, rule)
    plan = replace(
        SETTINGS, kind=kind, classes=("a", "b") if kind == "classification" else (), split=rule,
        max_length=42, neighbours=neighbours, train_fraction=fraction, split_seed=seed,
        sizes={"train": 100, "dev": 40, "test": 40},
    )  # fmt: skip
    arrays, _, facts = encoding.build(examples, plan)
    keys = [{e.group, e.symbols} - {None} for e in examples]
    if neighbours:
        found = near_duplicates.clusters([tuple(e.symbols) for e in examples], **neighbours)
        keys = [own | {int(cluster)} for own, cluster in zip(keys, found, strict=True)]
    unit = {e.id: min(group) for e, group in zip(examples, connected(keys), strict=True)}
    held = {part: {unit[name] for name in ragged.names} for part, ragged in arrays.items()}
    for part in ("train", "pretrain"):
        assert not held[part] & (held["dev"] | held["test"])
    if rule != "given":  # there a repeat may join one of dev and one of test
        assert not held["dev"] & held["test"]
    for part, ragged in arrays.items():  # the file says what is one unit
        named = zip(ragged.units.tolist(), (unit[name] for name in ragged.names), strict=True)
        pairs = set(named)
        assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})
        assert facts["units"][part] == len(held[part])
