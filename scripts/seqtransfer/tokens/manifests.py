"""Parts -> a manifest: which example went where, with a hash of every sequence and of the whole.

A manifest is a TSV table with the columns part, id, label, group, unit and sha256, sorted by part
and id; the group is empty where the corpus has none. Examples of one unit share a group or a
cluster of near-duplicates, directly or through others. The sha256 is that of the example's
symbols joined by blanks (of a pair: both sequences, a tab between them), so that
`printf 'A C G T' | sha256sum` checks a row. The digest of the whole is the sha256 of the file.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from seqtransfer.corpora.examples import Example
from seqtransfer.files import checksums, damage, json_tsv

COLUMNS = ["part", "id", "label", "group", "unit", "sha256"]
SEEN = ("train", "pretrain")  # parts that training sees, and that therefore may overlap
HELD_OUT = ("dev", "test")


def manifest(
    examples: Sequence[Example],
    parts: Mapping[str, Sequence[int] | np.ndarray],
    unit: np.ndarray,
    *,
    copies: bool = False,
) -> pd.DataFrame:
    """The table of a split, all cells strings.

    parts: indices of `examples` by part (train, dev, test and perhaps pretrain); unit: (n,) names
    of units; copies: whether parts may share sequences. Raises ValueError as `check` does.
    """
    rows = [
        {
            "part": part,
            "id": example.id,
            "label": example.label or "",
            "group": example.group or "",
            "unit": str(unit[i]),
            "sha256": sequence_hash(example),
        }
        for part, indices in sorted(parts.items())
        for example, i in sorted(((examples[i], i) for i in indices), key=lambda pair: pair[0].id)
    ]
    table = pd.DataFrame(rows, columns=COLUMNS, dtype=str)
    check("the split", table, copies=copies)
    return table


def sequence_hash(example: Example) -> str:
    """sha256 of the symbols joined by blanks, in hexadecimal digits."""
    sides = [example.symbols, example.second] if example.second else [example.symbols]
    text = "\t".join(" ".join(side) for side in sides)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def write(path: Path, table: pd.DataFrame) -> str:
    """Write a manifest; returns its digest."""
    json_tsv.write_table(path, table)
    return checksums.sha256(path)


def read(path: Path) -> pd.DataFrame:
    """Read a manifest, all cells strings. Raises ValueError naming the file if it is none."""
    with damage.named(path):
        table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    if list(table) != COLUMNS:
        raise ValueError(f"{path}: no manifest; its columns are {list(table)}; delete it and rerun")
    return table


def check(where: Path | str, table: pd.DataFrame, *, copies: bool = False) -> None:
    """Raise ValueError naming the example if an id comes twice in a part, or if an id, a sequence
    (unless `copies`), a group or a unit of dev or test is in another part too (only train and
    pretrain may overlap).
    """
    unknown = sorted(set(table["part"]) - {*SEEN, *HELD_OUT})
    if unknown:
        raise ValueError(f"{where}: part {unknown[0]!r} is unknown")
    twice = table[table.duplicated(["part", "id"])]
    if len(twice):
        row = twice.iloc[0]
        raise ValueError(f"{where}: id {row['id']!r} comes twice in {row['part']}")
    of = {part: rows for part, rows in table.groupby("part")}
    columns = ["id", *([] if copies else ["sha256"]), "group", "unit"]
    for held_out in of.keys() & set(HELD_OUT):
        for other in of.keys() - {held_out}:
            for column in columns:
                present = set(of[other][column]) - {""}
                for name, value in zip(of[held_out]["id"], of[held_out][column], strict=True):
                    if value in present:
                        raise ValueError(
                            f"{where}: example {name!r} of {held_out} shares its {column} with an"
                            f" example of {other}"
                        )
