"""Examples -> train, dev and test parts that share no sequence, decided by a seed alone.

Repeats are dropped before anything is split, and a sequence that carries two labels is dropped
whole, unless a study keeps both (`examples: {duplicates: kept}`): then parts may share sequences.
What is split are units (`units`): no rule lets one cross parts. `stratified` splits by class,
`random` is for regression (balanced over the quantiles of the target) and for classes of tokens,
`grouped` is as these but every example must have a group, `given` is by the corpus.

Every part depends on the seed and on the examples. Before `subsample` takes the numbers that a
study asks for, it does not depend on the order in which the corpus lists them under `random` and
`grouped`, and wherever examples share units.
"""

from collections.abc import Collection, Hashable, Sequence

import numpy as np

from seqtransfer.corpora.examples import SPLITS, Example
from seqtransfer.tokens import units

# Counts of what `drop_repeats` drops.
DROPPED = ("repeats_dropped", "conflicts_dropped", "given_test_dropped")
MINIMUM_PER_CLASS = 2  # examples of each class in each part
MINIMUM_GROUPS = 3  # one for each part
MINIMUM_UNITS = 2  # of the test part: fewer can be neither re-paired nor left out
QUANTILES = 10  # strata of a regression's target


def split(
    items: Sequence[Example],
    rule: str,
    sizes: dict[str, int],
    generator: np.random.Generator,
    unit: np.ndarray,
    strata: Sequence[Hashable] | None = None,
) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    """Parts by one of the four rules, in shares of `sizes`, and counts of what was dropped.

    unit: (n,) str, name of each item's unit, from `units.of`. strata: (n,) what to balance over the
    parts; by default the classes, or for `random` the quantiles of the target. Returns sorted
    indices of items by part, and `neighbours_dropped`: under `given` nothing moves, and what in
    train shares a unit with items of dev or test is dropped, and what in dev with items of test.

    Raises ValueError for an unknown rule, under `grouped` for an item without a group, and as
    `split_given` and `quantiles` do.
    """
    if rule not in ("stratified", "random", "grouped", "given"):
        raise ValueError(f"split {rule!r} is unknown; use stratified, random, grouped or given")
    if rule == "given":
        return _apart(split_given(items), unit)
    lacking = next((item.id for item in items if item.group is None), None)
    if rule == "grouped" and lacking is not None:
        raise ValueError(f"split `grouped` needs a group for every example; {lacking!r} has none")
    if strata is None:
        strata = quantiles(items) if rule == "random" else labels(items)
    if rule == "stratified" and len(set(unit)) == len(items):
        parts = split_stratified(items, sizes, generator, strata)
    else:
        parts = split_units(unit, strata, sizes, generator)
    return parts, {"neighbours_dropped": 0}


def _apart(
    parts: dict[str, np.ndarray], unit: np.ndarray
) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    """The parts without what in train is of a unit of dev or test, and in dev of one of test."""
    dev = parts["dev"][~np.isin(unit[parts["dev"]], unit[parts["test"]])]
    if not len(dev):
        raise ValueError(
            "split `given`: every example of dev is near one of test, by its group, a sequence of"
            " it or `neighbours`; give another dev, or `dev_share: 0.1` of train in the layout"
        )
    held_out = np.concatenate([parts["dev"], parts["test"]])
    train = parts["train"][~np.isin(unit[parts["train"]], unit[held_out])]
    dropped = len(parts["dev"]) - len(dev) + len(parts["train"]) - len(train)
    return parts | {"dev": dev, "train": train}, {"neighbours_dropped": dropped}


def drop_repeats(items: Sequence[Example]) -> tuple[np.ndarray, dict[str, int]]:
    """Indices of the items to keep, in order, and what was dropped.

    The first of equal sequences (or pairs) stays; all copies go where their labels differ.
    Counts: `repeats_dropped` (further copies of a kept sequence), `conflicts_dropped` (items of
    sequences with two labels), `given_test_dropped` (of both, those that the corpus gives to test).
    """
    copies: dict[tuple, list[int]] = {}
    for index, item in enumerate(items):
        copies.setdefault((item.symbols, item.second), []).append(index)
    kept, repeats, conflicts = [], 0, 0
    for indices in copies.values():
        if len({items[i].label for i in indices}) > 1:
            conflicts += len(indices)
        else:
            kept.append(indices[0])
            repeats += len(indices) - 1
    tested = sum(item.split == "test" for item in items)
    tested -= sum(items[index].split == "test" for index in kept)
    counts = dict(zip(DROPPED, (repeats, conflicts, tested), strict=True))
    return np.sort(np.array(kept, dtype=np.int64)), counts


def split_stratified(
    items: Sequence[Example],
    sizes: dict[str, int],
    generator: np.random.Generator,
    strata: Sequence[Hashable] | None = None,
) -> dict[str, np.ndarray]:
    """Shares of `sizes` of each class to each part; all items are assigned, in seeded order."""
    total = sum(sizes.values())
    parts: dict[str, list[int]] = {part: [] for part in SPLITS}
    for indices in _members(labels(items) if strata is None else strata).values():
        indices = generator.permutation(indices)
        n_dev = round(len(indices) * sizes["dev"] / total)
        n_test = round(len(indices) * sizes["test"] / total)
        parts["dev"].extend(indices[:n_dev])
        parts["test"].extend(indices[n_dev : n_dev + n_test])
        parts["train"].extend(indices[n_dev + n_test :])
    return {part: np.sort(np.array(indices, dtype=np.int64)) for part, indices in parts.items()}


def split_units(
    names: Sequence[str],
    strata: Sequence[Hashable],
    sizes: dict[str, int],
    generator: np.random.Generator,
) -> dict[str, np.ndarray]:
    """As `split_stratified`, but whole units: (n,) names of each item's unit.

    Units of many strata are placed first: in seeded order, again and again, each moves to the part
    that brings all parts nearest to their shares (the sum of squared distances, each stratum's as a
    share of its items), until none moves; where all units are of many strata, no part stays empty.
    Then, stratum by stratum, units of one stratum fill test, then dev, in seeded order, up to their
    shares; the last one may exceed them. Units larger than any share come last, and only to a part
    that would otherwise have none of their stratum.
    """
    total = sum(sizes.values())
    present, unit = np.unique(np.asarray(names, dtype=str), return_inverse=True)
    members = _members(strata)
    composition = np.zeros((len(present), len(members)), dtype=np.int64)
    for column, indices in enumerate(members.values()):
        np.add.at(composition[:, column], unit[indices], 1)
    counts = composition.sum(axis=0)
    lacking = {
        part: np.array([round(int(n) * sizes[part] / total) for n in counts], dtype=np.int64)
        for part in ("test", "dev")
    }
    largest = np.maximum(lacking["test"], lacking["dev"])
    pure = (composition > 0).sum(axis=1) == 1
    homes = np.full(len(present), "train", dtype="<U5")
    order = generator.permutation(np.flatnonzero(~pure))
    weights, shares = composition[order] / counts, {p: n / counts for p, n in lacking.items()}
    homes[order] = units.even_out(weights, shares)
    if not pure.any():  # or a part may have units of one stratum alone
        homes[order] = units.none_empty(homes[order].tolist(), weights, shares)
    for part in lacking:
        lacking[part] -= composition[homes == part].sum(axis=0)
    for column in range(len(members)):
        filled = {p: (composition[(homes == p) & ~pure, column] > 0).any() for p in SPLITS}
        order = generator.permutation(np.flatnonzero(pure & (composition[:, column] > 0)))
        size, lack = composition[order, column], {p: n[column] for p, n in lacking.items()}
        found = units.placed(size, lack, filled, largest[column])
        if "train" not in found and not filled["train"]:  # of few units the last ones went too far
            found = units.placed(size, lack, filled, largest[column], nearest=True)
        homes[order] = found
    return {part: np.flatnonzero(homes[unit] == part) for part in SPLITS}


def split_given(items: Sequence[Example]) -> dict[str, np.ndarray]:
    """The parts that the corpus names.

    Raises ValueError where it names none or an unknown one, or two for the items of one group, or
    gives a part no item.
    """
    unknown = {str(item.split) for item in items} - set(SPLITS)
    if unknown:
        raise ValueError(
            f"split `given` needs split=train|dev|test on every example; found {sorted(unknown)}"
        )
    homes: dict[str, Example] = {}
    for item in items:
        other = homes.setdefault(item.group, item) if item.group else item
        if other.split != item.split:
            raise ValueError(
                f"split `given` tears group {item.group!r} apart: {other.id!r} is in {other.split},"
                f" {item.id!r} in {item.split}. Take another split, or leave `group` out of the"
                " layout if the examples of a group have nothing in common"
            )
    parts = {
        part: np.array([i for i, item in enumerate(items) if item.split == part], dtype=np.int64)
        for part in SPLITS
    }
    lacking = next((part for part in SPLITS if not len(parts[part])), None)
    if lacking:
        share = "add `dev_share: 0.1` to the layout, or a larger share"
        remedy = share if lacking == "dev" else f"bring a {lacking}"
        raise ValueError(
            f"split `given` gives no {lacking}, at least no example of it that the task can use;"
            f" {remedy}, or take another split"
        )
    return parts


def check_given(items: Sequence[Example], kept: np.ndarray) -> None:
    """Raise ValueError if a part that the corpus gives lost all its items as repeats.

    items: of the corpus; kept: indices of those that `drop_repeats` keeps.
    """
    left = {items[i].split for i in kept}
    for part in SPLITS:
        own = {(item.symbols, item.second) for item in items if item.split == part}
        if not own or part in left:
            continue
        twins = {item.split for item in items if (item.symbols, item.second) in own}
        also = [other for other in SPLITS if other != part and other in twins]
        why = f"are also in {' and '.join(also)}" if also else "carry two labels each"
        raise ValueError(
            f"no example of {part} is left: its {_counted(len(own), 'sequence')}, as the encoder"
            f" reads them, {why}. Give parts that share no sequence, or take another split"
        )


def subsample(
    items: Sequence[Example],
    indices: np.ndarray,
    size: int,
    generator: np.random.Generator,
    strata: Sequence[Hashable] | None = None,
) -> np.ndarray:
    """At most `size` of `indices`, each class (or stratum) keeping its share, by largest
    remainders. strata: (n,) of all items, not of `indices` alone."""
    if len(indices) <= size:
        return indices
    strata = labels(items) if strata is None else strata
    members = _members([strata[i] for i in indices])
    exact = np.array([len(part) * size / len(indices) for part in members.values()])
    quota = np.floor(exact).astype(int)
    short = size - quota.sum()
    quota[np.argsort(quota - exact, kind="stable")[:short]] += 1
    chosen = [
        indices[generator.permutation(part)[:n]]
        for part, n in zip(members.values(), quota, strict=True)
    ]
    return np.sort(np.concatenate(chosen))


def nested(
    indices: np.ndarray,
    fractions: Sequence[float],
    generator: np.random.Generator,
    strata: Sequence[Hashable],
    unit: np.ndarray,
) -> dict[float, np.ndarray]:
    """Training subsets for a study of data ratios: each contains all smaller ones.

    fractions: in (0, 1], of `indices`; strata, unit: (n,) of all items. Every subset apportions its
    size to the strata by Sainte-Lague's divisors, the rule nearest to equal shares under which a
    larger subset never takes an item of a stratum away. In each stratum unit after unit is used up,
    in one random order, so that a smaller share holds fewer units and not less of each. Dev and
    test are not touched: they stay the same.

    Raises ValueError if a fraction is outside (0, 1] or leaves no example.
    """
    turn = units.unit_by_unit(generator.permutation(len(indices)), unit[indices])
    members = _members([strata[indices[position]] for position in turn])
    queue = [
        ((rank + 0.5) / len(part), number, position)
        for number, part in enumerate(members.values())
        for rank, position in enumerate(turn[part].tolist())
    ]
    order = np.array([position for _, _, position in sorted(queue)], dtype=np.int64)
    subsets = {}
    for fraction in fractions:
        size = round(fraction * len(indices))
        if not 0 < fraction <= 1 or not size:
            raise ValueError(
                f"fraction {fraction} of {len(indices)} training examples: it must be above 0, at "
                "most 1, and leave at least one example"
            )
        subsets[fraction] = np.sort(indices[order[:size]])
    return subsets


def quantiles(items: Sequence[Example], most: int = QUANTILES) -> np.ndarray:
    """(n,) int64 stratum of each item's target: `most` of equally many items, or fewer; equal
    targets share a stratum. Raises ValueError naming the item if a label is not a finite number.
    """
    targets = np.empty(len(items))
    for index, item in enumerate(items):
        try:
            targets[index] = float(item.label)
        except (TypeError, ValueError):
            targets[index] = np.nan
        if not np.isfinite(targets[index]):
            raise ValueError(
                f"example {item.id!r}: label {item.label!r} is no finite number; for classes use"
                " split `stratified`"
            )
    bounds = np.quantile(targets, np.arange(1, most) / most) if len(items) else []
    return np.searchsorted(bounds, targets, side="right").astype(np.int64)


def most_strata(unit: np.ndarray, sizes: dict[str, int]) -> int:
    """How many strata leave each about two units for its smallest part: 1 to QUANTILES. More would
    leave a part of groups with one target each, such as persons, empty. unit: (n,) str.
    """
    room = len(set(unit.tolist())) * min(sizes.values()) / sum(sizes.values())
    return max(1, min(QUANTILES, int(room / 2)))


def labels(items: Sequence[Example]) -> list[str | None]:
    """(n,) labels: the strata of a classification."""
    return [item.label for item in items]


def check_classes(
    carried: Sequence[Collection[str]],
    parts: dict[str, np.ndarray],
    classes: Sequence[str],
    unit: np.ndarray | None = None,
) -> None:
    """Raise ValueError if a class has fewer than MINIMUM_PER_CLASS examples in a part. carried: the
    classes of each example; unit: (n,) str, of each, to say of how many the class is."""
    for part, indices in parts.items():
        for name in classes:
            count = sum(name in carried[i] for i in indices)
            if count < MINIMUM_PER_CLASS:
                rows = [i for i, own in enumerate(carried) if name in own]
                whole = len(rows) if unit is None else len(set(unit[rows].tolist()))
                of, remedy = "", "ask for fewer examples elsewhere, or bring more data"
                if whole < len(rows):
                    of = f", of {_counted(whole, 'group')} or near-duplicates, which stay whole"
                    remedy = "make groups smaller, bring more of them, or take another split"
                raise ValueError(
                    f"class {name!r} has {_counted(count, 'example')} in {part} ({len(rows)} in all"
                    f" after repeats were dropped{of}); each part needs {MINIMUM_PER_CLASS}."
                    f" Leave the class out of `classes`, {remedy}"
                )


def check_groups(unit: np.ndarray) -> None:
    """Raise ValueError if `grouped` has fewer than MINIMUM_GROUPS units, (n,) `unit`."""
    groups = len(set(unit.tolist()))
    if groups < MINIMUM_GROUPS:
        raise ValueError(
            f"split `grouped` has {_counted(groups, 'group')}; at least {MINIMUM_GROUPS} are"
            " needed, one for each part, and groups that have a sequence in common count as one."
            " Make groups smaller, bring more data, or take another split"
        )


def check_filled(parts: dict[str, np.ndarray], unit: np.ndarray) -> None:
    """Raise ValueError if a part has no items. unit: (n,) str, of each item."""
    empty = [part for part, rows in parts.items() if not len(rows)]
    if empty:
        raise ValueError(
            f"nothing is left for {' and '.join(empty)}: the examples are of"
            f" {_counted(len(set(unit.tolist())), 'group')} or near-duplicates, which stay whole."
            " Bring more data, or make groups smaller"
        )


def check_units(test: np.ndarray, unit: np.ndarray) -> None:
    """Raise ValueError if the test part, indices of items, has fewer than MINIMUM_UNITS units."""
    names = sorted(set(unit[test].tolist()))
    if len(names) < MINIMUM_UNITS:
        raise ValueError(
            f"test has {_counted(len(test), 'example')}, of one group or near-duplicates: unit"
            f" {names}; it needs {MINIMUM_UNITS} units. Bring more data, or make groups smaller"
        )


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _members(strata: Sequence[Hashable]) -> dict[Hashable, np.ndarray]:
    """Stratum -> indices of its items, in order; strata sorted by their text."""
    members: dict[Hashable, list[int]] = {}
    for index, stratum in enumerate(strata):
        members.setdefault(stratum, []).append(index)
    return {name: np.array(members[name]) for name in sorted(members, key=str)}
