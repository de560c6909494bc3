"""Parquet tables, as most data sets of the hub are -> labelled sequences, symbols or texts."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from seqtransfer.corpora import archives, layouts, text_files
from seqtransfer.corpora.converters import table

BATCH = 64  # rows in memory at a time: each may be one long text that the file stores once
# As of `table`, but for what only a text file has.
Options = table.RowOptions
LAYOUT = layouts.schema(Options, table.LAYOUT["properties"], oneOf=layouts.ONE_OF_FILES)


def convert(folder: Path, corpus: Path, options: Options) -> list[str]:
    """Parquet -> FASTA, symbols or texts, as the suffix of `corpus` says; numbers become digits.
    Returns the place of each example.

    Raises ValueError naming file and row for a file that is no Parquet, a missing column, a cell
    that is empty, null or no single value, an unknown split or a symbol outside the alphabet.
    """
    return table.write_rows(folder, corpus, options, rows)


def rows(path: Path, columns: list[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """(where, {column: cell}) of every row."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"{path}: is no Parquet file ({error})") from error
    missing = [name for name in columns if name not in file.schema_arrow.names]
    if missing:
        raise text_files.NoColumn(path, missing[0], file.schema_arrow.names)
    names = file.schema_arrow.names
    twice = next((name for name in columns if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"{path}: the column {twice!r} comes twice; rename one of the two")
    groups = (file.metadata.row_group(i) for i in range(file.num_row_groups))
    most = min(archives.LIMIT, max(archives.HARMLESS, archives.RATIO * path.stat().st_size))
    _check_size(f"{path}: unpacked, it", sum(group.total_byte_size for group in groups), most)
    number, total = 0, 0
    for batch in _batches(path, file, columns):
        for record in batch.to_pylist():
            number += 1
            where = f"{path}: row {number}"
            cells = {name: _cell(where, name, record[name]) for name in columns}
            total += sum(map(len, cells.values()))
            _check_size(f"{where}: the table up to here", total, most)
            yield where, cells
    if not number:
        raise ValueError(f"{path}: has no rows")


def _batches(path: Path, file, columns: list[str]) -> Iterator:
    """Batches of a `ParquetFile`."""
    import pyarrow as pa

    try:
        yield from file.iter_batches(BATCH, columns=columns)
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"{path}: is a damaged Parquet file ({error})") from error


def _check_size(what: str, size: int, most: int) -> None:
    """Refuse what unpacks to too much: a text that comes a million times is stored once."""
    if size > most:
        raise ValueError(
            f"{what} holds more than {most:,} bytes, {archives.RATIO} for one of the file; if that"
            " is meant so, write it as CSV"
        )


def _cell(where: str, name: str, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or not isinstance(value, str | int | float | Decimal):
        raise ValueError(f"{where}: {name} is {value!r} instead of a text or a number")
    text_files.check_text(where, str(value))
    return str(value)
