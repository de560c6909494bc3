"""What a corpus holds: examples of symbols or of text, with label, group and split."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

Symbols = str | tuple[str, ...]  # a string where every symbol is one character
Facts = tuple[str, str | None, str | None]  # label, group and split
SPLITS = ("train", "dev", "test")
FACTS = ("label", "group", "split")


@dataclass(frozen=True, slots=True)
class Example:
    """One sequence of domain symbols, or a pair of them, with what is known about it.

    label: a class, a decimal number for regression, or of a token classification the class of each
    symbol, a space between two. second: empty unless this is a pair. place: where a converter
    read it, file and line or record, for messages; else empty.
    """

    id: str
    symbols: Symbols
    label: str | None
    group: str | None
    split: str | None
    second: Symbols = ()
    place: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True)
class Examples(Sequence):
    """n examples as columns: the `Example` at an index is made when it is asked for."""

    ids: list[str]
    symbols: list[str]
    facts: list[Facts]  # equal ones are one object, mostly

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: int) -> Example:
        return Example(self.ids[index], self.symbols[index], *self.facts[index])


@dataclass(frozen=True, slots=True)
class TextExample:
    """One text, or a pair of them (`second` is empty unless), with what is known about it, and its
    place as in `Example`."""

    id: str
    text: str
    label: str | None
    group: str | None
    split: str | None
    second: str = ""
    place: str = field(default="", compare=False, repr=False)


def check_facts(where: str, given: Mapping[str, str | None], how: str) -> dict[str, str | None]:
    """Label, group and split out of `given`; the optional two are None where absent or empty.

    where: file and record, for the error; how: how to give a label in this kind of file.
    Raises ValueError if there is no label or the split is unknown.
    """
    if not given.get("label"):
        raise ValueError(f"{where}: has no label; {how}")
    split = given.get("split") or None
    if split not in (None, *SPLITS):
        raise ValueError(f"{where}: split {split!r} is unknown; use one of {', '.join(SPLITS)}")
    return {"label": given["label"], "group": given.get("group") or None, "split": split}


def check_symbol_labels(where: str, symbols: Symbols, labels: Sequence[str]) -> None:
    """Raise ValueError, beginning with `where`, unless each symbol has a label, one word."""
    if len(symbols) != len(labels):
        raise ValueError(
            f"{where}: {len(symbols)} symbols, but {len(labels)} labels; each symbol needs one:"
            " correct the record or the layout"
        )
    place = next((i for i, label in enumerate(labels) if label.split() != [label]), None)
    if place is not None:
        raise ValueError(
            f"{where}: the label {labels[place]!r} of symbol {place + 1} is empty or holds white"
            " space; write another one there, such as `-`"
        )


def check_ids(path: Path | str, ids: Sequence[str], places: Sequence[str] = ()) -> None:
    """Raise ValueError if there are no ids, an empty one, or one that comes twice.

    places: of each example, named instead of `path` where it is not empty.
    """
    if not ids:
        raise ValueError(f"{path}: holds no examples")
    seen: dict[str, int] = {}
    for number, name in enumerate(ids):
        place = places[number] if places else ""
        if not name:
            raise ValueError(f"{place or path}: example {number + 1} has no id")
        first = seen.setdefault(name, number)
        if first != number:
            also = f"in examples {first + 1} and {number + 1}"
            if place and place != places[first]:
                also = f"first at {places[first]}"
            raise ValueError(
                f"{place or path}: id {name!r} comes twice, {also}; rename one of the two examples"
            )


def train_or_dev(content: str, share: float) -> str:
    """`dev` for about `share` of all contents, else `train`: decided by the content alone.

    Equal contents fall on one side, whatever their order and however many there are, so a part that
    is cut out of a given training part needs no seed and no list.
    """
    digest = hashlib.sha256(content.encode("utf-8")).digest()
    return "dev" if int.from_bytes(digest[:8]) < share * 2**64 else "train"
