"""The DNA tasks of Hilbert-CNN's authors, histone occupancy and splice junctions -> FASTA."""

from collections.abc import Iterator
from pathlib import Path

from seqtransfer.corpora.alphabets import Cleaner
from seqtransfer.corpora.corpus_files import sequence_example, write
from seqtransfer.corpora.examples import Example
from seqtransfer.corpora.text_files import check_text, open_text

SPLICE_LABELS = ("EI", "IE", "N")
SPLICE_LENGTH = 60


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
