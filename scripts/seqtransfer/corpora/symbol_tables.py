"""Labelled sequences of symbols that are words of their own, in TSV files."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from seqtransfer.corpora.examples import Example, Symbols, check_facts, check_ids
from seqtransfer.corpora.text_files import rows
from seqtransfer.files import json_tsv

# They mark begin, end and gaps of what an encoder reads.
RESERVED = re.compile(r"\[(PAD|CLS|SEP|MASK|UNK)\]")

Check = Callable[[str, Symbols], None]  # raises ValueError, beginning with a place


def check_words(where: str, symbols: Symbols) -> None:
    """Raise ValueError, beginning with `where`, for no symbol, an empty or a reserved one."""
    if not symbols or not all(symbols):
        raise ValueError(f"{where}: holds no symbol, or an empty one; remove it")
    reserved = next((symbol for symbol in symbols if RESERVED.fullmatch(symbol)), None)
    if reserved:
        raise ValueError(f"{where}: {reserved!r} is the name of a special token; rename the symbol")


def read_symbols(path: Path, check: Check = check_words) -> list[Example]:
    """Read a TSV table of sequences: columns id, label, symbols, perhaps group and split.

    Between two symbols is a space. Raises ValueError naming file and id where `check` does, for a
    missing label, an unknown split, an id that comes twice, or a missing column.
    """
    examples = []
    for _, row in rows(path, ("id", "label", "symbols"), delimiter="\t"):
        where = f"{path}: sequence {row['id']!r}"
        facts = check_facts(where, row, how="fill its column `label`")
        symbols = tuple(row["symbols"].split(" "))
        check(where, symbols)
        examples.append(Example(row["id"], symbols, **facts))
    check_ids(path, [example.id for example in examples])
    return examples


def write_symbols(path: Path, examples: Iterable[Example], check: Check = check_words) -> None:
    """Write sequences so that `read_symbols` gives them back, without columns that all leave empty.

    Symbols hold no white space. Raises ValueError naming the example as `read_symbols` does.
    """
    examples = list(examples)
    check_ids(path, [example.id for example in examples], [e.place for e in examples])
    for example in examples:
        where = example.place or f"{path}: sequence {example.id!r}"
        given = {"label": example.label, "group": example.group, "split": example.split}
        check_facts(where, given, how="give it a label")
        check(where, example.symbols)
    names = [name for name in ("group", "split") if any(getattr(e, name) for e in examples)]
    json_tsv.write_records(
        path,
        (
            {"id": example.id, "label": example.label, "symbols": " ".join(example.symbols)}
            | {name: getattr(example, name) or "" for name in names}
            for example in examples
        ),
    )
