"""The first row, series or record of files on this machine, read as their converter will read all
of them."""

import contextlib
import io
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path

from seqtransfer.corpora import archives, label_faults
from seqtransfer.corpora.alphabets import Cleaner
from seqtransfer.corpora.converters import (
    code,
    fasta,
    lines,
    midi,
    parquet,
    series,
    table,
    three_line,
)
from seqtransfer.corpora.corpus_files import find_midi
from seqtransfer.corpora.examples import Example, TextExample

LOOKED_AT = 49  # further series of a table without a header, which say where its label is


def _of_text(folder: Path, options: table.Options, form: str) -> Iterator:
    return _of_table(folder, options, form, table.reader(options))


def _of_table(folder: Path, options: table.RowOptions, form: str, read: table.Read) -> Iterator:
    suffix = ".tsv" if form == "text" else f".{form}"
    return table.examples(folder, suffix, options, read, Cleaner(options.alphabet, options.strip))


def _of_midi(folder: Path, options: midi.Options, form: str) -> Iterator:
    for where, name, roots, facts in midi.listed(folder, options):
        yield where, find_midi(roots, where, name), facts


# Converter -> its options, and what reads its files: a folder, options, and the task's format. It
# gives examples, or, of MIDI, tuples of the place of a row, ..., and the row.
READERS: dict[str, tuple[type, Callable[[Path, object, str], Iterator]]] = {
    "table": (table.Options, _of_text),
    "parquet": (parquet.Options, partial(_of_table, read=parquet.rows)),
    "series": (
        series.Options,
        lambda folder, options, form: series.labelled_series(folder, options),
    ),
    "three_line": (
        three_line.Options,
        lambda folder, options, form: three_line.records(
            folder, options, Cleaner(options.alphabet, None)
        ),
    ),
    "fasta": (
        fasta.Options,
        lambda folder, options, form: fasta.labelled_records(
            folder, options, Cleaner(options.alphabet, options.strip)
        ),
    ),
    "lines": (
        lines.Options,
        lambda folder, options, form: lines.labelled_lines(
            folder, options, Cleaner(options.alphabet, options.strip), form == "text"
        ),
    ),
    "code": (code.Options, lambda folder, options, form: code.windows(folder, options)),
    "midi": (midi.Options, _of_midi),
}


def check(record: Mapping, source: str, files: Mapping[str, Path]) -> None:
    """Raise ValueError if what the layout names is not in the files, or the first row of each part
    cannot be read: the words of its converter; or if a part has none, or its label is no number
    where the task is a regression, or only looks like one of the classes.

    record: the catalogue's entry of a task; source: the `path:` of its source; files: path in the
    source's copy -> file, all that it will hold. A mistake that only `convert` would find costs the
    download of everything else. Other converters, and archives, are left to it.
    """
    if record["converter"] not in READERS or (
        Path(source).is_file() and archives.is_archive(source)
    ):
        return
    kind, reader = READERS[record["converter"]]
    options = kind(**record.get("layout", {}))
    with tempfile.TemporaryDirectory() as copy, contextlib.redirect_stdout(io.StringIO()):
        for name, file in files.items():
            link = Path(copy, name)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(file.absolute())
        try:
            for one, named in _by_part(options):
                read = reader(Path(copy), one, record["format"])
                found = next(read, None)
                if found is None:
                    raise ValueError(
                        f"{copy}/{named}: holds no examples; correct it, or its name in the layout"
                    )
                if isinstance(one, series.Options) and record.get("classes"):
                    series.check_label_cells(
                        one, [found, *islice(read, LOOKED_AT)], record["classes"]
                    )
                place, label = _place_and_label(f"{copy}/{named}", found)
                if record.get("kind") == "regression":
                    label_faults.decimal(place, label)
                elif record.get("classes") and record.get("kind") != "token_classification":
                    label_faults.check(place, label, record["classes"])
        except ValueError as error:
            message = str(error)
            if not Path(source).is_dir():
                message = message.replace(f"{copy}/", f"{Path(source).parent}/")
            raise ValueError(message.replace(copy, source)) from error


def _by_part(options: object) -> list[tuple[object, str]]:
    """The options of each part or label that has files of its own, so that all are looked at, and
    what they call these files."""
    files = getattr(options, "files", None) or {}
    parts = [(replace(options, files={key: name}), name) for key, name in files.items()]
    return parts or [(options, getattr(options, "table", None) or options.file)]


def _place_and_label(path: str, found: Example | TextExample | tuple) -> tuple[str, str]:
    """What a reader gave: where it stands, and its label."""
    if isinstance(found, Example | TextExample):
        return found.place or f"{path}: example {found.id!r}", found.label
    where, *_, row = found
    return where, row["label"]
