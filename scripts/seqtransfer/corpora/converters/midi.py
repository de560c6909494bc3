"""A table of MIDI files -> copies of them with an index."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from seqtransfer.corpora import layouts
from seqtransfer.corpora.corpus_files import cell, copy_midi, split_name
from seqtransfer.corpora.examples import FACTS
from seqtransfer.corpora.text_files import UTF8, find, rows


@dataclass(frozen=True)
class Options:
    """The keys of `layout`, described in LAYOUT."""

    table: str
    file: str = "file"
    label: str = "label"
    group: str | None = None
    split: str | None = None
    delimiter: str | None = None
    encoding: str = UTF8


LAYOUT = layouts.schema(
    Options,
    {
        "table": layouts.file("Name of the table that lists the MIDI files"),
        "file": layouts.text("Column of the file, relative to the table or the source"),
        **layouts.FACTS,
        **layouts.DELIMITER,
        **layouts.TEXT_FILE,
    },
    required=["table"],
)


def convert(folder: Path, corpus: Path, options: Options) -> None:
    """A table of MIDI files -> copies of them, and index.tsv with their labels.

    Raises ValueError naming table and line for a file that is missing, not MIDI, comes twice or
    lies outside the source, and for empty cells.
    """
    copy_midi(corpus, listed(folder, options))


def listed(folder: Path, options: Options) -> Iterator[tuple[str, str, list[Path], dict]]:
    """(where, path in the table, the folders that it may count from, facts) of each row. Raises
    ValueError as `convert`, but for the files themselves."""
    path = find(folder, options.table)
    names = {fact: getattr(options, fact) for fact in FACTS if getattr(options, fact)}
    read = rows(
        path,
        [options.file, *names.values()],
        delimiter=options.delimiter,
        encoding=options.encoding,
    )
    for where, row in read:
        facts = {fact: cell(where, row, column) for fact, column in names.items()}
        if "split" in facts:
            facts["split"] = split_name(where, facts["split"])
        name = cell(where, row, options.file)
        yield where, name, [path.parent, Path(folder)], facts
