"""The first row of a table on this machine, read as its converter will read all of them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath

from seqtransfer.corpora import text_files
from seqtransfer.corpora.converters import parquet, table


def _text_reader(options: table.Options) -> table.Read:
    return partial(
        text_files.rows,
        delimiter=options.delimiter,
        header=options.header,
        encoding=options.encoding,
    )


# Converter -> its options, and what reads one of its files.
READERS: dict[str, tuple[type[table.RowOptions], Callable[..., table.Read]]] = {
    "table": (table.Options, _text_reader),
    "parquet": (parquet.Options, lambda options: parquet.rows),
}


def check(record: Mapping, source: Mapping) -> None:
    """Raise ValueError naming the file if a table of the task lacks what its layout names.

    record: the catalogue's entry of a task; source: that of its source, which has a `path:`. A
    mistake that only `convert` would find costs the download of everything else. Other converters,
    and files inside of an archive, are left to it.
    """
    if record["converter"] not in READERS or source.get("extract"):
        return
    kind, reader = READERS[record["converter"]]
    options, path = kind(**record.get("layout", {})), Path(source["path"]).expanduser()
    for part, name in (options.files or {None: options.file}).items():
        if path.is_dir() or path.name == PurePosixPath(name).name:
            one = replace(options, **({"files": {part: name}} if part else {}))
            folder = path if path.is_dir() else path.parent
            next(table.labelled_rows(folder, one, record["format"] == "text", reader(one)), None)
