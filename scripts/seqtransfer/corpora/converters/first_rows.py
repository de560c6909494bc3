"""The first row, series or record of files on this machine, read as their converter will read all
of them."""

import contextlib
import io
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from seqtransfer.corpora import archives, text_files
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


def _of_text(folder: Path, options: table.Options, as_text: bool) -> Iterator:
    read = partial(
        text_files.rows,
        delimiter=options.delimiter,
        header=options.header,
        encoding=options.encoding,
    )
    return table.labelled_rows(folder, options, as_text, read)


# Converter -> its options, and what reads its files: a folder, options, and whether they are texts.
READERS: dict[str, tuple[type, Callable[[Path, object, bool], Iterator]]] = {
    "table": (table.Options, _of_text),
    "parquet": (
        parquet.Options,
        lambda folder, options, as_text: table.labelled_rows(
            folder, options, as_text, parquet.rows
        ),
    ),
    "series": (
        series.Options,
        lambda folder, options, as_text: series.labelled_series(folder, options),
    ),
    "three_line": (
        three_line.Options,
        lambda folder, options, as_text: three_line.records(
            folder, options, Cleaner(options.alphabet)
        ),
    ),
    "fasta": (
        fasta.Options,
        lambda folder, options, as_text: fasta.labelled_records(
            folder, options, Cleaner(options.alphabet, options.strip)
        ),
    ),
    "lines": (
        lines.Options,
        lambda folder, options, as_text: lines.labelled_lines(
            folder, options, Cleaner(options.alphabet, options.strip), as_text
        ),
    ),
    "code": (code.Options, lambda folder, options, as_text: code.windows(folder, options)),
    "midi": (midi.Options, lambda folder, options, as_text: midi.listed(folder, options)),
}


def check(record: Mapping, source: str, files: Mapping[str, Path]) -> None:
    """Raise ValueError if what the layout names is not in the files, or the first row of each part
    cannot be read: the words of its converter.

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
            for one in _by_part(options):
                next(reader(Path(copy), one, record["format"] == "text"), None)
        except ValueError as error:
            message = str(error)
            if not Path(source).is_dir():
                message = message.replace(f"{copy}/", f"{Path(source).parent}/")
            raise ValueError(message.replace(copy, source)) from error


def _by_part(options: object) -> list:
    """The options of each part or label that has files of its own, so that all are looked at."""
    files = getattr(options, "files", None) or {}
    return [replace(options, files={key: name}) for key, name in files.items()] or [options]
