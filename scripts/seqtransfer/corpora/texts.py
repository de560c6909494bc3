"""Labelled texts, and other tables of strings, in TSV files."""

import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from seqtransfer.corpora.examples import TextExample, check_facts, check_ids
from seqtransfer.corpora.text_files import rows
from seqtransfer.files import json_tsv


def read_text(path: Path) -> list[TextExample]:
    """Read a TSV table of texts: columns id, label, text, perhaps second, group and split.

    A column `second` makes every row a pair.
    Raises ValueError naming file and id if a text or a label is missing, a text holds a tab or a
    line break, a split is unknown, an id comes twice, or a column is missing.
    """
    examples = []
    for _, row in rows(path, ("id", "label", "text"), delimiter="\t"):
        where = f"{path}: text {row['id']!r}"
        for column in ("text", "second"):
            _check_cell(where, column, row.get(column))
        facts = check_facts(where, row, how="fill its column `label`")
        examples.append(TextExample(row["id"], row["text"], **facts, second=row.get("second", "")))
    check_ids(path, [example.id for example in examples])
    return examples


def write_text(path: Path, examples: Iterable[TextExample]) -> None:
    """Write texts so that `read_text` gives them back; columns that all leave empty are left out.

    Raises ValueError naming the example if the table cannot hold it: no label, a text that is empty
    or holds a tab or a line break, a pair among single texts; or if an id comes twice.
    """
    examples = list(examples)
    check_ids(path, [example.id for example in examples])
    pairs = any(example.second for example in examples)
    for example in examples:
        where = f"{path}: text {example.id!r}"
        _check_cell(where, "text", example.text)
        _check_cell(where, "second", example.second if pairs else None)
        given = {"label": example.label, "group": example.group, "split": example.split}
        check_facts(where, given, how="give it a label")
    columns = {name: [getattr(example, name) for example in examples] for name in ("id", "label")}
    columns["text"] = [example.text for example in examples]
    for name in ("second", "group", "split"):
        cells = [getattr(example, name) or "" for example in examples]
        if any(cells):
            columns[name] = cells
    json_tsv.write_table(path, pd.DataFrame(columns))


def read_strings(path: Path, columns: Iterable[str]) -> pd.DataFrame:
    """Read a TSV table with every cell a string: "001" stays "001", and an empty cell is "".

    Raises ValueError naming file and line if it is no table, has no row or lacks one of `columns`.
    """
    return pd.DataFrame([row for _, row in rows(path, columns, delimiter="\t")], dtype=str)


def _check_cell(where: str, column: str, text: str | None) -> None:
    if text is not None and not text.strip():
        raise ValueError(f"{where}: its column `{column}` is empty; remove its row")
    if text is not None and re.search(r"[\t\r\n]", text):
        raise ValueError(
            f"{where}: `{column}` holds a tab or a line break; look for a quotation mark "
            "that is not closed, and replace breaks by spaces"
        )
