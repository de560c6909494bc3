"""Labelled texts, and other tables of strings, in TSV files."""

import re
from collections.abc import Iterable
from pathlib import Path

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
    check_ids(path, [example.id for example in examples], [e.place for e in examples])
    pairs = any(example.second for example in examples)
    for example in examples:
        where = example.place or f"{path}: text {example.id!r}"
        _check_cell(where, "text", example.text)
        _check_cell(where, "second", example.second if pairs else None)
        given = {"label": example.label, "group": example.group, "split": example.split}
        check_facts(where, given, how="give it a label")
    names = ["id", "label", "text"]
    names += [
        name for name in ("second", "group", "split") if any(getattr(e, name) for e in examples)
    ]
    records = ({name: getattr(example, name) or "" for name in names} for example in examples)
    json_tsv.write_records(path, records)


def _check_cell(where: str, column: str, text: str | None) -> None:
    if text is not None and not text.strip():
        raise ValueError(f"{where}: its column `{column}` is empty; remove its row")
    if text is not None and re.search(r"[\t\r\n]", text):
        raise ValueError(
            f"{where}: `{column}` holds a tab or a line break; look for a quotation mark "
            "that is not closed, and replace breaks by spaces"
        )
