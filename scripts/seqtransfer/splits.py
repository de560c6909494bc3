"""Examples -> train, dev and test parts that share no sequence, decided by a seed alone.

Repeats are dropped before anything is split, and a sequence that carries two labels is dropped
whole. Three ways to split: `stratified` by class, `grouped` (no group crosses parts), `given`.
"""

from collections.abc import Sequence

import numpy as np

from seqtransfer.corpora import Example

PARTS = ("train", "dev", "test")
MINIMUM_PER_CLASS = 2  # examples of each class in each part


def drop_repeats(items: Sequence[Example]) -> tuple[np.ndarray, dict[str, int]]:
    """Indices of the items to keep, in order, and what was dropped.

    The first of equal sequences stays; all copies go where their labels differ. Counts:
    `repeats_dropped` (further copies of a kept sequence), `conflicts_dropped` (items of
    sequences with two labels).
    """
    copies: dict[tuple[str, ...], list[int]] = {}
    for index, item in enumerate(items):
        copies.setdefault(item.symbols, []).append(index)
    kept, repeats, conflicts = [], 0, 0
    for indices in copies.values():
        if len({items[i].label for i in indices}) > 1:
            conflicts += len(indices)
        else:
            kept.append(indices[0])
            repeats += len(indices) - 1
    counts = {"repeats_dropped": repeats, "conflicts_dropped": conflicts}
    return np.sort(np.array(kept, dtype=np.int64)), counts


def split_stratified(
    items: Sequence[Example], sizes: dict[str, int], generator: np.random.Generator
) -> dict[str, np.ndarray]:
    """Shares of `sizes` of each class to each part; all items are assigned, in seeded order."""
    total = sum(sizes.values())
    parts: dict[str, list[int]] = {part: [] for part in PARTS}
    for indices in _by_label(items).values():
        indices = generator.permutation(indices)
        n_dev = round(len(indices) * sizes["dev"] / total)
        n_test = round(len(indices) * sizes["test"] / total)
        parts["dev"].extend(indices[:n_dev])
        parts["test"].extend(indices[n_dev : n_dev + n_test])
        parts["train"].extend(indices[n_dev + n_test :])
    return {part: np.sort(np.array(indices, dtype=np.int64)) for part, indices in parts.items()}


def split_grouped(
    items: Sequence[Example], sizes: dict[str, int], generator: np.random.Generator
) -> dict[str, np.ndarray]:
    """As `split_stratified`, but whole groups: of each class, groups in seeded order fill test,
    then dev, up to their share of its items; the rest is train.

    Raises ValueError if an item has no group, or a group holds two labels (it could not be kept
    whole and stratified at once).
    """
    total = sum(sizes.values())
    labels: dict[str, str | None] = {}
    for item in items:
        if item.group is None:
            raise ValueError("split `grouped` needs a group for every example; one has none")
        if labels.setdefault(item.group, item.label) != item.label:
            raise ValueError(
                f"group {item.group!r} holds the labels {labels[item.group]!r} and {item.label!r};"
                " split `grouped` needs one label a group"
            )
    parts: dict[str, list[int]] = {part: [] for part in PARTS}
    for indices in _by_label(items).values():
        groups: dict[str, list[int]] = {}
        for index in indices:
            groups.setdefault(items[index].group, []).append(index)
        names = generator.permutation(sorted(groups))
        wanted = {p: round(len(indices) * sizes[p] / total) for p in ("test", "dev")}
        filled = {"test": 0, "dev": 0}
        for name in names:
            part = next((p for p in ("test", "dev") if filled[p] < wanted[p]), "train")
            parts[part].extend(groups[name])
            if part in filled:
                filled[part] += len(groups[name])
    return {part: np.sort(np.array(indices, dtype=np.int64)) for part, indices in parts.items()}


def split_given(items: Sequence[Example]) -> dict[str, np.ndarray]:
    """The parts that the corpus names. Raises ValueError where it names none or an unknown one."""
    unknown = {str(item.split) for item in items} - set(PARTS)
    if unknown:
        raise ValueError(
            f"split `given` needs split=train|dev|test on every example; found {sorted(unknown)}"
        )
    return {
        part: np.array([i for i, item in enumerate(items) if item.split == part], dtype=np.int64)
        for part in PARTS
    }


def subsample(
    items: Sequence[Example], indices: np.ndarray, size: int, generator: np.random.Generator
) -> np.ndarray:
    """At most `size` of `indices`, each class keeping its share (largest remainders)."""
    if len(indices) <= size:
        return indices
    by_label = _by_label([items[i] for i in indices])
    exact = np.array([len(members) * size / len(indices) for members in by_label.values()])
    quota = np.floor(exact).astype(int)
    short = size - quota.sum()
    quota[np.argsort(quota - exact, kind="stable")[:short]] += 1
    chosen = [
        indices[generator.permutation(members)[:n]]
        for members, n in zip(by_label.values(), quota, strict=True)
    ]
    return np.sort(np.concatenate(chosen))


def check_classes(
    items: Sequence[Example], parts: dict[str, np.ndarray], classes: Sequence[str]
) -> None:
    """Raise ValueError if a class has fewer than MINIMUM_PER_CLASS examples in a part."""
    for part, indices in parts.items():
        for name in classes:
            count = sum(items[i].label == name for i in indices)
            if count < MINIMUM_PER_CLASS:
                total = sum(item.label == name for item in items)
                raise ValueError(
                    f"class {name!r} has {count} examples in {part} ({total} in all after repeats"
                    f" were dropped); each part needs {MINIMUM_PER_CLASS}. Drop the class from the"
                    " task, ask for fewer examples elsewhere, or bring more data"
                )


def _by_label(items: Sequence[Example]) -> dict[str | None, np.ndarray]:
    members: dict[str | None, list[int]] = {}
    for index, item in enumerate(items):
        members.setdefault(item.label, []).append(index)
    return {name: np.array(members[name]) for name in sorted(members, key=str)}
