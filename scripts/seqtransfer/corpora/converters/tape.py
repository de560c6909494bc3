"""TAPE's protein regressions, fluorescence and stability -> FASTA."""

import json
import math
from collections.abc import Iterator
from pathlib import Path

from seqtransfer.corpora.alphabets import Cleaner
from seqtransfer.corpora.corpus_files import sequence_example, write
from seqtransfer.corpora.examples import SPLITS, Example
from seqtransfer.corpora.text_files import check_text, find, open_text

# TAPE's raw JSON: task -> (key of the value, rows of train, valid and test as published).
TAPE = {
    "fluorescence": ("log_fluorescence", (21446, 5362, 27217)),
    "stability": ("stability_score", (53571, 2512, 12851)),
}


def tape(name: str, folder: Path, corpus: Path) -> None:
    """TAPE's raw JSON (lists of records with `primary` and a value in a list) -> FASTA.

    Its own three parts are kept. Raises ValueError naming file and record for a record without
    sequence or with a value that is no single finite number, or a file with other counts.
    """
    key, counts = TAPE[name]
    cleaner = Cleaner("protein")
    write(corpus, _tape_examples(name, key, counts, folder, cleaner), cleaner)


def _tape_examples(
    name: str, key: str, counts: tuple[int, ...], folder: Path, cleaner: Cleaner
) -> Iterator[Example]:
    for word, part, count in zip(("train", "valid", "test"), SPLITS, counts, strict=True):
        path = find(folder, f"{name}_{word}.json")
        records = _json_list(path)
        if len(records) != count:
            raise ValueError(f"{path}: holds {len(records)} records instead of {count}")
        for number, record in enumerate(records):
            where = f"{path}: record {number}"
            if not isinstance(record, dict) or not isinstance(record.get("primary"), str):
                raise ValueError(f"{where}: has no text `primary`")
            value = record.get(key)
            # ASSUME: TAPE wraps the value in a list of one.
            value = value[0] if isinstance(value, list) and len(value) == 1 else value
            if type(value) not in (int, float) or not math.isfinite(value):
                raise ValueError(f"{where}: {key} is {json.dumps(record.get(key))}, no one number")
            facts = {"label": repr(value), "split": part}
            own = f"{part}-{number:06d}"
            yield sequence_example(where, own, facts, record["primary"], cleaner)


def _json_list(path: Path) -> list:
    with open_text(path) as file:
        content = file.read()
    check_text(str(path), content)
    try:
        records = json.loads(content)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{path}: is not JSON ({error})") from error
    if not isinstance(records, list):
        raise ValueError(f"{path}: is no JSON list of records")
    return records
