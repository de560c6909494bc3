"""Labelled series of numbers, of one channel or several, in TSV files."""

import math
import re
from collections.abc import Iterable
from pathlib import Path

from seqtransfer.corpora.examples import Example, check_facts, check_ids
from seqtransfer.corpora.text_files import rows
from seqtransfer.files import json_tsv

CHANNEL = "|"  # stands between two channels of a series
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def read_series(path: Path) -> list[Example]:
    """Read a TSV table of series: columns id, label, series, perhaps group and split.

    A series is numbers with a space between two, channel after channel with `|` between them; these
    are the symbols of the example, digits as they were written.
    Raises ValueError naming file and id for what is no finite number, an empty channel, a missing
    label, an unknown split, an id that comes twice, or a missing column.
    """
    examples = []
    for _, row in rows(path, ("id", "label", "series"), delimiter="\t"):
        where = f"{path}: series {row['id']!r}"
        facts = check_facts(where, row, how="fill its column `label`")
        symbols = tuple(row["series"].split())
        check_numbers(where, symbols)
        examples.append(Example(row["id"], symbols, **facts))
    check_ids(path, [example.id for example in examples])
    return examples


def write_series(path: Path, examples: Iterable[Example]) -> None:
    """Write series so that `read_series` gives them back, without columns that all leave empty.

    Raises ValueError naming the example as `read_series` does.
    """
    examples = list(examples)
    check_ids(path, [example.id for example in examples])
    for example in examples:
        where = f"{path}: series {example.id!r}"
        given = {"label": example.label, "group": example.group, "split": example.split}
        check_facts(where, given, how="give it a label")
        check_numbers(where, example.symbols)
    names = ["id", "label", "series"]
    names += [name for name in ("group", "split") if any(getattr(e, name) for e in examples)]
    json_tsv.write_records(
        path,
        (
            {name: getattr(example, name, None) or "" for name in names}
            | {"series": " ".join(example.symbols)}
            for example in examples
        ),
    )


def check_numbers(where: str, symbols: Iterable[str]) -> None:
    """Raise ValueError, beginning with `where`, unless these are finite numbers in channels."""
    before, place = CHANNEL, 0
    for symbol in (*symbols, CHANNEL):
        if symbol == CHANNEL:
            if before == CHANNEL:
                raise ValueError(f"{where}: a channel holds no number; remove the series")
        elif not NUMBER.fullmatch(symbol) or not math.isfinite(float(symbol)):
            raise ValueError(
                f"{where}: {symbol!r} at place {place + 1} is no finite number; fill a missing"
                " value by a rule of your own, or remove the series"
            )
        before, place = symbol, place + 1
