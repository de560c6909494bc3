"""Parquet tables, as most data sets of the hub are -> labelled sequences or texts."""

from collections.abc import Iterator
from pathlib import Path

from seqtransfer.corpora import layouts
from seqtransfer.corpora.converters import table

# As of `table`, but for what only a text file has.
Options = table.RowOptions
LAYOUT = layouts.schema(Options, table.LAYOUT["properties"], oneOf=layouts.ONE_OF_FILES)


def convert(folder: Path, corpus: Path, options: Options) -> None:
    """Parquet -> FASTA or texts, as the suffix of `corpus` says; numbers are written as digits.

    Raises ValueError naming file and row for a file that is no Parquet, a missing column, a cell
    that is empty, null or no single value, an unknown split or a symbol outside the alphabet.
    """
    table.write_rows(folder, corpus, options, _rows)


def _rows(path: Path, columns: list[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """(where, {column: cell}) of every row."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"{path}: is no Parquet file ({error})") from error
    missing = [name for name in columns if name not in file.schema_arrow.names]
    if missing:
        known = file.schema_arrow.names
        raise ValueError(f"{path}: no column {missing[0]!r}; its columns are {known}")
    number = 0
    for batch in file.iter_batches(columns=columns):
        for record in batch.to_pylist():
            number += 1
            where = f"{path}: row {number}"
            yield where, {name: _cell(where, name, record[name]) for name in columns}
    if not number:
        raise ValueError(f"{path}: has no rows")


def _cell(where: str, name: str, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or not isinstance(value, str | int | float):
        raise ValueError(f"{where}: {name} is {value!r} instead of a text or a number")
    return str(value)
