"""modlamp (package) -> FASTA: antimicrobial peptides."""

from collections.abc import Iterator
from pathlib import Path

from seqtransfer.corpora.alphabets import Cleaner
from seqtransfer.corpora.corpus_files import sequence_example, write
from seqtransfer.corpora.examples import Example
from seqtransfer.corpora.text_files import find


def convert(folder: Path, corpus: Path) -> None:
    """modlamp -> FASTA: antimicrobial peptides (1) and pieces of other proteins (0).

    Raises ValueError naming file and line if the table is not the one of modlamp 4.3.3.
    """
    path = find(folder, "AMPvsUniProt.csv")
    cleaner = Cleaner("protein")
    write(corpus, _peptides(path, cleaner), cleaner)


def _peptides(path: Path, cleaner: Cleaner) -> Iterator[Example]:
    header, *lines = path.read_text(encoding="ascii").splitlines() or [""]
    count, *rest = header.split(",")
    if rest != ["1", "UniProt", "AMP"] or count != str(len(lines)):
        raise ValueError(
            f"{path}: line 1: {header!r} does not announce {len(lines)} rows of UniProt and AMP"
        )
    for number, line in enumerate(lines, start=2):
        where = f"{path}: line {number}"
        sequence, _, label = line.partition(",")
        if label.strip() not in ("0", "1"):
            raise ValueError(f"{where}: expected a sequence and 0 or 1, found {line[:60]!r}")
        label = ("other", "antimicrobial")[int(label)]
        yield sequence_example(where, f"peptide-{number:04d}", {"label": label}, sequence, cleaner)
