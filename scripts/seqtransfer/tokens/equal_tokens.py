"""Parts whose sequences lossy tokens made equal -> parts that hold each of them once."""

from collections.abc import Mapping, Sequence

import numpy as np

from seqtransfer.corpora.examples import SPLITS, Example
from seqtransfer.tokens.splits import DROPPED


def without_copies(
    parts: Mapping[str, np.ndarray], items: Sequence[Example]
) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    """Each sequence once, in the last of train, dev and test that holds it, and those of two labels
    nowhere. And counts of what went, as of `drop_repeats`.

    Pretraining keeps one of each that neither dev nor test holds; what it loses is not counted.
    """
    kept = dict(parts)
    labelled: dict = {}
    for row in (row for part in SPLITS for row in parts[part]):
        labelled.setdefault(items[row].symbols, set()).add(items[row].label)
    held = {symbols for symbols, labels in labelled.items() if len(labels) > 1}
    conflicts = sum(items[row].symbols in held for part in SPLITS for row in parts[part])
    for part in ("test", "dev", "train"):
        kept[part] = _first_ones(parts[part], items, held)
        held |= {items[i].symbols for i in kept[part]}
    outside = {items[i].symbols for part in ("test", "dev") for i in kept[part]}
    kept["pretrain"] = _first_ones(parts["pretrain"], items, outside)
    went = [row for part in SPLITS for row in set(parts[part]) - set(kept[part])]
    tested = sum(items[row].split == "test" for row in went)
    return kept, dict(zip(DROPPED, (len(went) - conflicts, conflicts, tested), strict=True))


def _first_ones(rows: np.ndarray, items: Sequence[Example], held: set) -> np.ndarray:
    """The first row of every sequence that is not in `held`."""
    first: dict = {}
    for row in rows:
        first.setdefault(items[row].symbols, row)
    return np.array([row for symbols, row in first.items() if symbols not in held], dtype=int)
