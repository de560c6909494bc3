"""ANARCI (package) -> FASTA: variable segments of antibodies, as germlines have them."""

import ast
from collections.abc import Iterator
from pathlib import Path

from seqtransfer.corpora.alphabets import Cleaner
from seqtransfer.corpora.corpus_files import sequence_example, write
from seqtransfer.corpora.examples import Example
from seqtransfer.corpora.text_files import find

# Of a file that is no Python, no literal or of another form; the last two of one nested too deep.
FAULTS = (SyntaxError, ValueError, LookupError, AttributeError, TypeError)
FAULTS += (RecursionError, MemoryError)
CHAINS = {"H": "heavy", "K": "kappa", "L": "lambda"}


def convert(folder: Path, corpus: Path) -> None:
    """ANARCI -> FASTA: V segments of heavy and light chains, labelled by species.

    The alleles of a gene are a group. The gaps of the alignment are left out. The package's Python
    file is read as a literal and never run. Raises ValueError naming the file if it is not one
    table of segments, chains, species and alleles.
    """
    cleaner = Cleaner("protein")
    write(corpus, _segments(find(folder, "germlines.py"), cleaner), cleaner)


def _segments(path: Path, cleaner: Cleaner) -> Iterator[Example]:
    try:
        statement = ast.parse(path.read_text(encoding="ascii")).body[0]
        variable = ast.literal_eval(statement.value)["V"]
        segments = [
            (chain, name, allele, aligned.replace("-", ""))
            for chain in CHAINS
            for name, alleles in variable[chain].items()
            for allele, aligned in alleles.items()
        ]
    except FAULTS:
        raise ValueError(
            f"{path}: expected one table of germline segments; is this anarci 2026.2.13.2?"
        ) from None
    for chain, name, allele, sequence in segments:
        # Alleles have one name in several species.
        identifier = f"{name}-{allele}".replace(" ", "-")
        facts = {"label": name, "group": f"{name}-{allele.partition('*')[0]}"}
        where = f"{path}: {CHAINS[chain]} chain, {name}, {allele}"
        yield sequence_example(where, identifier, facts, sequence, cleaner)
