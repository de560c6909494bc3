"""pyGeno (package) -> FASTA: what is transcribed of the human Y chromosome, introns and all."""

import gzip
import io
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from seqtransfer.corpora.alphabets import Cleaner
from seqtransfer.corpora.corpus_files import sequence_example, write
from seqtransfer.corpora.examples import Example
from seqtransfer.corpora.text_files import find
from seqtransfer.files import damage

CHROMOSOME = "Homo_sapiens.GRCh37.75.dna.chromosome.Y.fa.gz"
GENES = "Homo_sapiens.GRCh37.75_Y-Only.gtf.gz"
COLUMNS = 9  # of GTF

Region = tuple[str, int, int]  # strand, first and last base, from 1


def convert(folder: Path, corpus: Path) -> None:
    """pyGeno (source archive) -> FASTA: what genes cover of human chromosome Y (GRCh37).

    Genes are those of Ensembl 75, pseudogenes included. Those that overlap on one strand are one
    region. It is written in the direction of transcription, so that an intron mostly begins with GT
    and ends with AG. The id says where it lies: strand, first and last base. The label is Y.
    Raises ValueError if the archive, one of its two files or a field of a gene is not as expected.
    """
    archive, cleaner = find(folder, "Human.GRCh37.75_Y-Only.tar.gz"), Cleaner("dna")
    write(corpus, _examples(archive, cleaner), cleaner)


def regions(genes: Iterable[Region]) -> list[Region]:
    """What genes cover, strand by strand from the first base: those that overlap are one region."""
    merged: list[Region] = []
    for strand, first, last in sorted(genes):
        if merged and merged[-1][0] == strand and first <= merged[-1][2]:
            _, start, end = merged.pop()
            first, last = start, max(end, last)
        merged.append((strand, first, last))
    return merged


def _examples(archive: Path, cleaner: Cleaner) -> Iterator[Example]:
    from Bio import SeqIO
    from Bio.Seq import reverse_complement

    chromosome = str(SeqIO.read(_member(archive, CHROMOSOME), "fasta").seq)
    genes = list(_genes(f"{archive}: {GENES}", _member(archive, GENES), len(chromosome)))
    for strand, first, last in regions(genes):
        name = f"{'forward' if strand == '+' else 'reverse'}-{first}-{last}"
        sequence = chromosome[first - 1 : last]
        sequence = sequence if strand == "+" else reverse_complement(sequence)
        yield sequence_example(f"{archive}: {name}", name, {"label": "Y"}, sequence, cleaner)


def _genes(where: str, lines: Iterable[str], length: int) -> Iterator[Region]:
    """The genes of a GTF file on a chromosome of `length` bases."""
    for number, line in enumerate(lines, start=1):
        cells = line.rstrip("\n").split("\t")
        if line.startswith("#") or cells[2:3] not in (["gene"], []):
            continue
        _, _, _, first, last, _, strand, *_ = [*cells, *[""] * COLUMNS]
        inside = first.isdecimal() and last.isdecimal() and 1 <= int(first) <= int(last) <= length
        if len(cells) != COLUMNS or strand not in ("+", "-") or not inside:
            raise ValueError(
                f"{where}: line {number}: expected a gene in {COLUMNS} columns, within bases 1 to "
                f"{length} on strand + or -, found {line.rstrip()!r:.80}"
            )
        yield strand, int(first), int(last)


def _member(archive: Path, name: str) -> TextIO:
    """A compressed file of the inner archive, read in memory: nothing is unpacked to disk."""
    with damage.named(archive), tarfile.open(archive) as tar:
        if name in tar.getnames():
            return io.StringIO(gzip.decompress(tar.extractfile(name).read()).decode("ascii"))
    raise ValueError(f"{archive}: has no member {name}")
