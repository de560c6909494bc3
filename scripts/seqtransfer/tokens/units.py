"""Units: which examples are not independent of each other, from the split to the report.

Examples that share a group (a column `group` of the corpus, the piece of a window of music), a
sequence or a cluster of near-duplicates, directly or through others, are one unit; an example that
shares with nobody is a unit of its own. Whatever draws, divides, re-pairs or leaves out examples
does so with whole units: parts, shares of the training part, what pretraining holds out, the probe,
the null and the jackknife of similarities.
"""

from collections.abc import Hashable, Sequence

import numpy as np

from seqtransfer.corpora.examples import Example

NEARLY = 0.9  # more units tell more than more items of each


def of(
    items: Sequence[Example], clusters: np.ndarray | None = None, *, join_copies: bool = True
) -> np.ndarray:
    """(n,) str, unit of each item.

    items: before repeats are dropped, since one may join two groups. clusters: (n,) numbers of
    near-duplicate clusters, if the task has them. join_copies: whether items of equal sequences are
    of one unit. A unit is called by the
    first of its items' groups, or ids where there is none, in sorted order: its name does not
    depend on the order of the items.
    """
    from scipy.sparse import csgraph, csr_array  # here: jobs that train need the rest alone

    groups = [item.group for item in items]
    sequences = [(item.symbols, item.second) for item in items] if join_copies else []
    n, nodes, left, right = len(items), len(items), [], []
    for values in (groups, sequences, [] if clusters is None else clusters.tolist()):
        numbers: dict[Hashable, int] = {}
        for index, value in enumerate(values):
            if value is not None:
                left.append(index)
                right.append(nodes + numbers.setdefault(value, len(numbers)))
        nodes += len(numbers)
    edges = csr_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(nodes, nodes))
    component = csgraph.connected_components(edges, directed=False)[1][:n].tolist()
    first: dict[int, str] = {}
    for number, item in zip(component, items, strict=True):
        name = item.group or item.id
        first[number] = min(name, first.get(number, name))
    return np.array([first[number] for number in component], dtype=str)


def unit_by_unit(order: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """The same items, each unit's together where the first of them stands in `order`.

    order: (m,) int, indices of items; unit: (n,) units of all items.
    """
    return order[np.argsort(_ranks(unit[order]), kind="stable")]


def leading(order: np.ndarray, unit: np.ndarray, least: int) -> int:
    """How many of the first items of `order`, at least `least`, are whole units.

    order: (m,) int from `unit_by_unit`; unit: (n,) units of all items. At most all units but one;
    if there is but one, `least` of its items.
    """
    ends = np.flatnonzero(np.diff(_ranks(unit[order]))) + 1
    if not len(ends):
        return least
    return int(next((end for end in ends if end >= least), ends[-1]))


def held_out(order: np.ndarray, unit: np.ndarray, least: int) -> tuple[np.ndarray, np.ndarray]:
    """Items to hold out, whole units of `order` with at least `least` items, and the others.

    order: (m,) int, indices of items; unit: (n,) units of all items. Where the first units have
    more than twice as many, as a chromosome among plasmids, units that are larger are passed over;
    where all are, `least` items of the first one are held out.
    """
    turn = unit_by_unit(order, unit)
    end = leading(turn, unit, least)
    if end <= 2 * least:
        return turn[:end], turn[end:]
    sizes = np.bincount(ranks := _ranks(unit[turn]))
    taken, total = [], 0
    for rank, size in enumerate(sizes.tolist()):
        if total < least and total + size <= 2 * least:
            taken.append(rank)
            total += size
    chosen = np.isin(ranks, taken) if taken else np.arange(len(turn)) < least
    return turn[chosen], turn[~chosen]


def balanced(order: np.ndarray, unit: np.ndarray, most: int) -> np.ndarray:
    """Sorted items, as many of each unit and at most `most` of all: the first ones in `order`.

    order: (m,) int, indices of items that may be taken; unit: (n,) units of all items. All units
    that are taken give equally many items, so that whole units can be exchanged; units with fewer
    are left out. It is the smallest number that gives NEARLY the most items that any number gives.
    """
    turn = unit_by_unit(order, unit)
    ranks = _ranks(unit[turn])
    place = np.arange(len(turn)) - np.searchsorted(ranks, ranks)  # of each item in its unit
    sizes = np.bincount(ranks)
    choices = range(1, min(most, int(sizes.max())) + 1)
    reach = {size: min((sizes >= size).sum(), most // size) * size for size in choices}
    size = next(size for size in choices if reach[size] >= NEARLY * max(reach.values()))
    return np.sort(turn[(sizes[ranks] >= size) & (place < size)][: reach[size]])


def groups(unit: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
    """(n,) int: the group, 0 .. count - 1, of each item's unit, drawn at random.

    unit: (n,), the unit of each item. Groups differ by at most one unit. Where there are fewer
    units than `count`, each is a group. Raises ValueError for fewer than two units.
    """
    names, places = np.unique(unit, return_inverse=True)
    if len(names) < 2:
        raise ValueError("all rows are of one unit; the jackknife needs at least two units")
    return (generator.permutation(len(names)) % min(count, len(names)))[places]


def _ranks(names: np.ndarray) -> np.ndarray:
    """(n,) int: 0 where the first name stands, 1 where the next other one does, and so on."""
    _, first, inverse = np.unique(names, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]


def placed(
    sizes: np.ndarray,
    lack: dict[str, int],
    filled: dict[str, bool],
    largest: int,
    *,
    nearest: bool = False,
) -> list[str]:
    """Part of each unit of one stratum, in the order of their (u,) sizes; those larger than
    `largest` come last.

    lack: how many items test and dev still need; filled: whether parts have some; nearest: a unit
    that would bring a part further from its share than it is goes there only if it has none.
    """
    lack, filled, found = dict(lack), dict(filled), ["train"] * len(sizes)
    large = sizes > largest
    for number in [*np.flatnonzero(~large), *np.flatnonzero(large)]:
        size = sizes[number]
        for part in lack:
            fits = size < 2 * lack[part] if nearest else size <= largest
            if lack[part] > 0 and (fits or not filled[part]):
                found[number], filled[part] = part, True
                lack[part] -= size
                break
    return found


def none_empty(
    homes: Sequence[str], weights: np.ndarray, shares: dict[str, np.ndarray]
) -> list[str]:
    """The parts of u units as `even_out` gives them, but none empty, if there are units enough: an
    empty one gets the unit by which the parts stay nearest to their shares, not the last of its
    part. weights, shares: as in `even_out`."""
    found = list(homes)
    rest = weights.sum(axis=0) - sum(shares.values())
    for part in ("train", *shares):
        movable = [number for number, home in enumerate(found) if found.count(home) > 1]
        if part in found or not movable:
            continue
        lack = {"train": rest.copy()} | {name: short.copy() for name, short in shares.items()}
        for home, weight in zip(found, weights, strict=True):
            lack[home] = lack[home] - weight

        def gain(number: int, part: str = part, lack: dict = lack) -> float:
            weight = weights[number]
            return float(weight @ (lack[part] - lack[found[number]] - weight))

        found[max(movable, key=gain)] = part
    return found


def even_out(weights: np.ndarray, shares: dict[str, np.ndarray]) -> list[str]:
    """Part of each unit, so that no single move brings the parts nearer to their shares.

    weights: (u, s) of each unit in each stratum; shares: (s,) of dev and test; train has the rest.
    """
    homes = ["train"] * len(weights)
    rest = weights.sum(axis=0) - sum(shares.values())
    lack = {"train": rest - weights.sum(axis=0), **shares}
    moved = True
    while moved:
        moved = False
        for number, weight in enumerate(weights):
            home = homes[number]
            # Moving w from part p to q changes the sum of squares by 2 w (w + lack_p - lack_q).
            gain = {
                part: weight @ (short - lack[home] - weight)
                for part, short in lack.items()
                if part != home
            }
            best = max(gain, key=gain.get)
            if gain[best] > 1e-12:  # more than rounding: every move counts, so they come to an end
                homes[number], moved = best, True
                lack[home], lack[best] = lack[home] + weight, lack[best] - weight
    return homes
