"""Anyone's FASTA, GenBank or EMBL files -> FASTA of the house form."""

import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from Bio import SeqIO
from Bio.Seq import UndefinedSequenceError
from Bio.SeqRecord import SeqRecord

from seqtransfer.corpora import layouts
from seqtransfer.corpora.alphabets import Cleaner
from seqtransfer.corpora.corpus_files import cell, sequence_example, split_name, with_dev, write
from seqtransfer.corpora.examples import FACTS
from seqtransfer.corpora.fasta import iterate_records
from seqtransfer.corpora.text_files import find, open_text, rows


def fasta(folder: Path, corpus: Path, layout: Mapping) -> None:
    """FASTA, GenBank or EMBL files -> FASTA of the house form.

    Raises ValueError naming file and record for a record without sequence, label or id, a symbol
    outside the alphabet, an id that comes twice, or whatever is not the stated format.
    """
    options = layouts.parse("fasta", layout)
    cleaner = Cleaner(options.alphabet, options.strip)
    side = _side_table(folder, options)
    examples = (
        sequence_example(where, name, facts, sequence, cleaner)
        for where, name, facts, sequence in _fasta_records(folder, options, side)
    )
    write(corpus, with_dev(examples, options.dev_share), cleaner)


def _fasta_records(
    folder: Path, options: layouts.Fasta, side: Mapping[str, tuple[str, dict]]
) -> Iterator[tuple[str, str, dict, str]]:
    """(where, id, facts, sequence) of every record of every file."""
    sources = {fact: getattr(options, fact) for fact in FACTS if getattr(options, fact)}
    unused = set(side)
    for part, path in _fasta_files(folder, options):
        for header, sequence in _records(path, options.format):
            name = header.split()[0] if header.strip() else ""
            where = f"{path}: record {name!r}"
            if not name:
                raise ValueError(f"{where}: has no id; write it after the `>`")
            facts = {
                fact: _fact(where, fact, source, header, path, side)
                for fact, source in sources.items()
            }
            if "split" in facts:
                facts["split"] = split_name(where, facts["split"])
            unused.discard(name)
            yield where, name, facts | ({"split": part} if part else {}), sequence
    if unused:
        first = sorted(unused)[0]
        raise ValueError(f"{side[first][0]}: no record has the id {first!r}; remove the row")


def _fasta_files(folder: Path, options: layouts.Fasta) -> list[tuple[str | None, Path]]:
    if options.files:
        return [(part, find(folder, name)) for part, name in options.files.items()]
    if ".." in PurePosixPath(options.file).parts or options.file.startswith("/"):
        raise ValueError(f"{folder}: {options.file!r} is no path inside the source")
    found = sorted(path for path in Path(folder).rglob(options.file) if path.is_file())
    if not found:
        raise ValueError(f"{folder}: holds no files called {options.file}; correct `file`")
    return [(None, path) for path in found]


def _records(path: Path, form: str) -> Iterator[tuple[str, str]]:
    """(header, sequence) of every record; of GenBank and EMBL, id and definition are the header."""
    if form == "fasta":
        yield from iterate_records(path)
        return
    name = None
    with open_text(path) as file:
        records = SeqIO.parse(file, form)
        while record := _next_record(path, records, form, name):
            name = record.id
            try:
                sequence = str(record.seq)
            except UndefinedSequenceError as error:
                raise ValueError(f"{path}: record {name!r}: has no sequence") from error
            yield f"{name} {record.description}", sequence
    if name is None:
        raise ValueError(f"{path}: holds no {form} records")


def _next_record(
    path: Path, records: Iterator[SeqRecord], form: str, before: str | None
) -> SeqRecord | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Biopython's word for a malformed record that it mends
            return next(records, None)
    except Exception as error:  # the parsers raise many kinds
        place = f"the record after {before!r}" if before else "its first record"
        kind = type(error).__name__
        raise ValueError(f"{path}: {place} is not {form} ({kind}: {error})") from error


def _side_table(folder: Path, options: layouts.Fasta) -> dict[str, tuple[str, dict]]:
    """Id -> (where, row) of the table `labels`."""
    side: dict[str, tuple[str, dict]] = {}
    if options.labels:
        sources = (options.label, options.group, options.split)
        columns = [source.column for source in sources if source and source.column]
        for where, row in rows(find(folder, options.labels), ["id", *columns]):
            name = cell(where, row, "id")
            if name in side:
                raise ValueError(f"{where}: id {name!r} came before, {side[name][0]}")
            side[name] = where, row
    return side


def _fact(
    where: str,
    fact: str,
    source: layouts.Source,
    header: str,
    path: Path,
    side: Mapping[str, tuple[str, dict]],
) -> str:
    """One fact about a record, from where the layout says it stands."""
    words = header.split()
    if source.column:
        if words[0] not in side:
            raise ValueError(f"{where}: has no row in the table `labels`; add one")
        place, row = side[words[0]]
        return cell(place, row, source.column)
    if source.field:
        found = words[source.field - 1] if len(words) >= source.field else None
    else:
        pattern, searched = source.pattern or source.file, header if source.pattern else path.name
        match = re.search(pattern, searched)
        found = match.group(1) if match else None
    if not found and source.default is None:
        raise ValueError(
            f"{where}: its {fact} is not where the layout says; header {header[:80]!r}"
        )
    return found or source.default
