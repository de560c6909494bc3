"""The first row of a table, series or record of a file on this machine, read as its converter will
read all of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath

from seqtransfer.corpora import archives, text_files
from seqtransfer.corpora.alphabets import Cleaner
from seqtransfer.corpora.converters import parquet, series, table, three_line


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
}


def check(record: Mapping, source: Mapping) -> None:
    """Raise ValueError naming the file if it is not the one that the layout names, lacks what the
    layout names, or its first row cannot be read.

    record: the catalogue's entry of a task; source: that of its source, which has a `path:`. A
    mistake that only `convert` would find costs the download of everything else. Other converters,
    and files inside of an archive, are left to it.
    """
    if record["converter"] not in READERS or source.get("extract"):
        return
    kind, reader = READERS[record["converter"]]
    options, path = kind(**record.get("layout", {})), Path(source["path"]).expanduser()
    for part, name in (options.files or {None: options.file}).items():
        wanted = PurePosixPath(name)
        plain = path.is_file() and not archives.is_archive(path.name)
        if plain and path.name != wanted.name:
            raise ValueError(
                f"{path}: the layout names the file {name}; write {path.name} there, or correct"
                " the `path:` of the source"
            )
        if path.is_dir() or path.name == wanted.name:
            one = replace(options, **({"files": {part: name}} if part else {}))
            folder = path if path.is_dir() else path.parent
            next(reader(folder, one, record["format"] == "text"), None)
