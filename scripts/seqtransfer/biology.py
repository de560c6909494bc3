"""The paper's protein regressions and DNA tasks as their authors publish them -> FASTA."""

import json
import math
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from seqtransfer.alphabets import Cleaner
from seqtransfer.corpora import Example
from seqtransfer.reading import check_text, find, open_text
from seqtransfer.writing import sequence_example, write

# TAPE's raw JSON: task -> (key of the value, rows of train, valid and test as published).
TAPE = {
    "fluorescence": ("log_fluorescence", (21446, 5362, 27217)),
    "stability": ("stability_score", (53571, 2512, 12851)),
}
SPLICE_LABELS = ("EI", "IE", "N")
SPLICE_LENGTH = 60


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
    for word, part, count in zip(
        ("train", "valid", "test"), ("train", "dev", "test"), counts, strict=True
    ):
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


def hilbert_cnn(folder: Path, corpus: Path) -> None:
    """Histone occupancy (Hilbert-CNN, Nguyen et al. 2016) -> FASTA: three lines a record.

    The lines are `>name`, the sequence of up to 500 nucleotides, and 0 or 1. Names may repeat, so
    ids are counted. Raises ValueError naming file and record where the three lines are not these.
    """
    cleaner = Cleaner("dna")
    write(corpus, _three_lines(_only_text(folder), cleaner), cleaner)


def _three_lines(path: Path, cleaner: Cleaner) -> Iterator[Example]:
    lines = _lines(path)
    for start in range(0, len(lines), 3):
        number = start // 3 + 1
        where = f"{path}: record {number} (line {start + 1})"
        head, *rest = lines[start : start + 3]
        if len(rest) != 2 or not head.startswith(">") or rest[1] not in ("0", "1"):
            raise ValueError(
                f"{where}: expected `>name`, a sequence and 0 or 1 on three lines, found "
                f"{[line[:20] for line in (head, *rest)]}"
            )
        own = f"{path.stem}-{number:05d}"
        yield sequence_example(where, own, {"label": rest[1]}, rest[0], cleaner)


def splice_rows(folder: Path, corpus: Path) -> None:
    """Splice junctions as UCI and Hilbert-CNN have them, `LABEL, name, sequence` -> FASTA.

    All rows are written, repeats too. Raises ValueError naming file and line for another label, or
    a sequence that is not 60 nucleotides.
    """
    cleaner = Cleaner("dna")
    write(corpus, _splice_examples(_only_text(folder), cleaner), cleaner)


def _splice_examples(path: Path, cleaner: Cleaner) -> Iterator[Example]:
    for number, line in enumerate(_lines(path), start=1):
        where = f"{path}: line {number}"
        label, *rest = (cell.strip() for cell in line.split(","))
        if len(rest) != 2 or label not in SPLICE_LABELS or len(rest[1]) != SPLICE_LENGTH:
            raise ValueError(
                f"{where}: expected EI, IE or N, a name and 60 letters, found {line[:60]!r}"
            )
        yield sequence_example(where, f"splice-{number:04d}", {"label": label}, rest[1], cleaner)


def _only_text(folder: Path) -> Path:
    """The one .txt or .data file of a source."""
    found = sorted(p for p in Path(folder).rglob("*") if p.suffix in (".txt", ".data"))
    if len(found) != 1:
        raise ValueError(f"{folder}: holds {len(found)} .txt or .data files instead of one")
    return found[0]


def _lines(path: Path) -> list[str]:
    """The lines without white space around them; empty ones at the end are dropped."""
    with open_text(path) as file:
        lines = [line.strip() for line in file]
    while lines and not lines[-1]:
        lines.pop()
    if not lines:
        raise ValueError(f"{path}: is empty")
    for number, line in enumerate(lines, start=1):
        check_text(f"{path}: line {number}", line)
        if not line:
            raise ValueError(f"{path}: line {number} is empty")
    return lines


CONVERTERS: dict[str, Callable[[Path, Path], None]] = {
    **{name: partial(tape, name) for name in TAPE},
    "hilbert_cnn": hilbert_cnn,
    "splice_rows": splice_rows,
}
