"""Corpora on disk -> examples: FASTA for DNA and protein, tables for text and for lists of files.

A FASTA header is `>id label=EI group=x split=train`. The values are percent-quoted, so a label may
hold any character. `label` is required; `group` names examples that must stay on one side of a
split; `split` is one of train, dev, test where the data come already divided.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

import pandas as pd
from Bio import SeqIO

from seqtransfer import formats

SPLITS = ("train", "dev", "test")
SEQUENCE = re.compile(r"[A-Za-z*-]+")
LINE = 80  # symbols on one line of a FASTA file


@dataclass(frozen=True)
class Example:
    """One sequence of domain symbols, or a pair of them, with what is known about it.

    label: a class, or a decimal number for regression. second: empty unless this is a pair.
    """

    id: str
    symbols: tuple[str, ...]
    label: str | None
    group: str | None
    split: str | None
    second: tuple[str, ...] = ()


@dataclass(frozen=True)
class TextExample:
    """One text, or a pair of them (`second` is empty unless), with what is known about it."""

    id: str
    text: str
    label: str | None
    group: str | None
    split: str | None
    second: str = ""


def read_fasta(path: Path) -> list[Example]:
    """Read labelled sequences; the symbols are uppercase letters, `*` and `-`.

    Words of the header that are not label=, group= or split= are ignored.
    Raises ValueError naming file and record if a record has no label, an unknown split, no
    sequence or characters other than these, if an id comes twice, or if there is no record.
    """
    examples = []
    with open(path, encoding="utf-8") as file:
        try:
            records = list(SeqIO.parse(file, "fasta"))
        except ValueError as error:  # wrong encodings are ValueErrors, too
            raise ValueError(f"{path}: not a FASTA file in UTF-8 ({error})") from error
    for record in records:
        where = f"{path}: record {record.id!r}"
        sequence = bytes(record.seq).decode("utf-8")  # str() would stop at letters such as Ä
        if not SEQUENCE.fullmatch(sequence):
            raise ValueError(_sequence_fault(where, sequence))
        words = record.description.split()[1:]
        fields = [w.split("=", 1) for w in words if w.startswith(("label=", "group=", "split="))]
        given = {key: unquote(value) for key, value in fields}
        if len(given) < len(fields):
            raise ValueError(f"{where}: label=, group= or split= comes twice in its header")
        facts = check_facts(where, given, how=f"write `>{record.id} label=...`")
        examples.append(Example(record.id, tuple(sequence.upper()), **facts))
    check_ids(path, [example.id for example in examples])
    return examples


def write_fasta(path: Path, examples: Iterable[Example]) -> None:
    """Write labelled sequences so that `read_fasta` gives them back.

    Raises ValueError naming the example if FASTA cannot hold it: no label, an id that is empty,
    starts with `>` or contains white space, a pair, symbols other than single uppercase letters, *
    and -.
    """
    with formats.atomic(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        for example in examples:
            where = f"{path}: example {example.id!r}"
            sequence = "".join(example.symbols)
            if example.second:
                raise ValueError(f"{where}: FASTA holds one sequence a record, not a pair")
            if not re.fullmatch(r"[^\s>]\S*", example.id):
                raise ValueError(f"{where}: a FASTA id is one word that does not start with `>`")
            if any(len(symbol) != 1 for symbol in example.symbols):
                raise ValueError(f"{where}: FASTA holds symbols of one character only")
            if not SEQUENCE.fullmatch(sequence) or sequence != sequence.upper():
                raise ValueError(_sequence_fault(where, sequence))
            given = {"label": example.label, "group": example.group, "split": example.split}
            facts = check_facts(where, given, how="give it a label")
            words = [f"{key}={quote(value, safe='')}" for key, value in facts.items() if value]
            lines = (sequence[i : i + LINE] for i in range(0, len(sequence), LINE))
            file.write("\n".join([f">{example.id} {' '.join(words)}", *lines]) + "\n")


def read_text(path: Path) -> list[TextExample]:
    """Read a TSV table of texts: columns id, label, text, perhaps second, group and split.

    A column `second` makes every row a pair.
    Raises ValueError naming file and id if a text or a label is missing, a text holds a tab or a
    line break, a split is unknown, an id comes twice, or a column is missing.
    """
    examples = []
    for row in read_strings(path, ("id", "label", "text")).to_dict("records"):
        where = f"{path}: text {row['id']!r}"
        for column in ("text", "second"):
            _check_text(where, column, row.get(column))
        facts = check_facts(where, row, how="fill its column `label`")
        examples.append(TextExample(row["id"], row["text"], **facts, second=row.get("second", "")))
    check_ids(path, [example.id for example in examples])
    return examples


def read_strings(path: Path, columns: Iterable[str]) -> pd.DataFrame:
    """Read a TSV table with every cell a string: "001" stays "001", and an empty cell is "".

    Raises ValueError naming the file if it is no table, has no row or lacks one of `columns`.
    """
    try:
        table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    except ValueError as error:  # the parser's errors and wrong encodings are ValueErrors
        raise ValueError(f"{path}: not a UTF-8 table with tabs ({error})") from error
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise ValueError(f"{path}: no column {missing[0]!r}; its columns are {list(table.columns)}")
    if table.empty:
        raise ValueError(f"{path}: has a header but no rows")
    return table


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


def check_ids(path: Path | str, ids: list[str]) -> None:
    """Raise ValueError if there are no ids, an empty one, or one that comes twice."""
    if not ids:
        raise ValueError(f"{path}: holds no examples")
    seen = set()
    for name in ids:
        if not name:
            raise ValueError(f"{path}: example {len(seen) + 1} has no id")
        if name in seen:
            raise ValueError(f"{path}: id {name!r} comes twice; rename one of the two examples")
        seen.add(name)


def _check_text(where: str, column: str, text: str | None) -> None:
    if text is not None and not text.strip():
        raise ValueError(f"{where}: its column `{column}` is empty; remove its row")
    if text is not None and re.search(r"[\t\r\n]", text):
        raise ValueError(
            f"{where}: `{column}` holds a tab or a line break; look for a quotation mark "
            "that is not closed, and replace breaks by spaces"
        )


def _sequence_fault(where: str, sequence: str) -> str:
    if not sequence:
        return f"{where}: has no sequence; remove the record"
    bad = sorted(set(re.sub(r"[A-Za-z*-]", "", sequence)) or set(re.sub(r"[A-Z*-]", "", sequence)))
    return f"{where}: holds {', '.join(map(repr, bad))}; use letters, `*` and `-` only"
