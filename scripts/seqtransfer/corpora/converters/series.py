"""Tables of numbers, ARFF and .ts files -> labelled series.

- `.ts` (https://www.sktime.net and aeon): after `@data` a series a line, numbers with `,` between
  them, channels with `:`, the label last.
- ARFF: after `@data` a series a line, the label last; several channels in one quoted text, with
  `\\n` between them.
- any other name: a table, a series a line (.csv, .tsv, or white space between cells). Without a
  header, the label is in the first or last cell, as the UCR archive has them. With one, `label` is
  the name of its column, and all columns but those of label and group are values, in order.

Each may be compressed.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from seqtransfer.corpora import layouts, series_headers
from seqtransfer.corpora.corpus_files import cell, split_name, with_dev
from seqtransfer.corpora.examples import Example
from seqtransfer.corpora.label_faults import is_number
from seqtransfer.corpora.series import CHANNEL, check_numbers
from seqtransfer.corpora.series_headers import Line
from seqtransfer.corpora.symbol_tables import write_symbols
from seqtransfer.corpora.text_files import (
    DELIMITERS,
    UTF8,
    check_text,
    find,
    open_text,
    rows,
    suffix,
)

# Header lines that change what a line of data means.
UNREAD = {
    "@timestamps true": "has time stamps, which are not read; write the values alone",
    "@classlabel false": "has no labels; nothing can be predicted",
    "@targetlabel false": "has no labels; nothing can be predicted",
}
HEADED = (".ts", ".arff")
ROW_NUMBERS = r"|Unnamed: \d+(_level_\d+)?"  # how pandas and R call a column that has no name
ENDS = ("first", "last")
FEWEST_COUNTED = 10  # rows of a table whose column of 1, 2, 3, ... is taken for their numbers
FEWEST_VALUES = 3  # other columns, beside which one of whole numbers alone is odd


@dataclass(frozen=True)
class Options:
    """The keys of `layout`, described in LAYOUT."""

    file: str | None = None
    files: Mapping[str, str] | None = None
    dev_share: float = 0.0
    label: str = "first"
    group: str | None = None
    delimiter: str | None = None
    encoding: str = UTF8

    def __post_init__(self):
        layouts.check_parts(self.files, None, self.dev_share)
        if self.group and self.label in ENDS:
            raise ValueError(
                "`group` is a column of a table with a header; name the column of the label, too"
            )
        if self.group and self.group == self.label:
            raise ValueError("`group` and `label` are one column; a group has other examples, too")


LAYOUT = layouts.schema(
    Options,
    {
        **layouts.FILES,
        "label": layouts.text(
            "Which cell of a table's row is the label: `first` or `last` of a table without a"
            " header, else its column; .ts and ARFF have it last"
        ),
        "group": layouts.FACTS["group"],
        "delimiter": {
            **layouts.DELIMITER["delimiter"],
            "description": (
                "One character between cells of a table; when absent, `,` in .csv, a tab in .tsv,"
                " else white space"
            ),
        },
        **layouts.TEXT_FILE,
    },
    oneOf=layouts.ONE_OF_FILES,
)


def convert(folder: Path, corpus: Path, options: Options) -> list[str]:
    """Series of numbers -> the standard table of symbols, digits as they were written. Returns the
    place of each series.

    Raises ValueError naming file and line for a value that is missing or no finite number, a line
    without a label, a column that is missing, time stamps, bytes that are no text, a line that
    breaks the header of its `.ts` or ARFF file, a series of another number of channels than the
    first, or a first line that names the columns.
    """
    examples = list(with_dev(labelled_series(folder, options), options.dev_share))
    write_symbols(corpus, examples, check_numbers)
    return [example.place for example in examples]


def labelled_series(folder: Path, options: Options) -> Iterator[Example]:
    """The series of every file. Raises ValueError as `convert` does."""
    first = columns = None
    for part, name in (options.files or {None: options.file}).items():
        path = find(folder, name)
        stem = part or re.sub(r"\s+", "_", PurePosixPath(name).name.split(".")[0])
        read = _plain_rows if options.label in ENDS else _named_rows
        if read is _named_rows:
            own = _value_columns(path, options)
            columns = columns or (path, own)
            _check_columns(path, own, *columns)
            ends = f", {own[0]!r} to {own[-1]!r}" if own else ""
            print(f"{path.name}: {len(own)} columns of values{ends}")
        where, labels, begin = None, Counter[str](), ()
        for where, symbols, label, group in read(path, options):
            if not label:
                raise ValueError(f"{where}: has no label; look at its separators")
            if not symbols:
                raise ValueError(f"{where}: has no numbers; look at its separators")
            check_numbers(where, symbols)
            labels[label] += 1
            begin = begin or (where, symbols, label)
            channels = 1 + symbols.count(CHANNEL)
            first = first or (where, channels)
            if channels != first[1]:
                raise ValueError(
                    f"{where}: has {channels} channels, and {first[0]} has {first[1]}; every"
                    " series of a task needs the same"
                )
            split = split_name(where, part) if part else None
            number = int(where.rpartition(" ")[2])
            yield Example(f"{stem}-{number:06d}", symbols, label, group, split, place=where)
        if where is None:
            raise ValueError(f"{path}: holds no series")
        place, symbols, label = begin
        bare = options.label in ENDS and suffix(path) not in HEADED
        alone = labels[label] == 1 < labels.total() and not is_number(label)
        if bare and alone and _is_axis(symbols):
            raise ValueError(
                f"{place}: its values are {', '.join(symbols[:3])}, ..., in equal steps, and no"
                f" other line has its label, {label!r}, as of a line that names the columns: take"
                " it out, or name the label's column in `label`"
            )


Row = tuple[str, tuple[str, ...], str, str | None]  # where, symbols, label and group


def _table_rows(path: Path, options: Options) -> Iterator[tuple[str, dict[str, str]]]:
    """(where, {column: cell}) of the rows of a table with a header."""
    if suffix(path) in HEADED:
        raise ValueError(f"{path}: has its label last; leave `label` out of the layout")
    named = [name for name in (options.label, options.group) if name]
    return rows(path, named, delimiter=options.delimiter, encoding=options.encoding)


def _value_columns(path: Path, options: Options) -> list[str]:
    """The columns of a table that hold values."""
    _, row = next(_table_rows(path, options))
    return [name for name in row if name not in (options.label, options.group)]


def _check_columns(path: Path, own: list[str], first: Path, known: list[str]) -> None:
    """Raise ValueError unless the columns of values are those of the first file, in its order."""
    if own == known:
        return
    place = next((i for i, pair in enumerate(zip(own, known, strict=False)) if pair[0] != pair[1]),
                 min(len(own), len(known)))  # fmt: skip
    theirs, ours = ([*names[place : place + 1], "no more"][0] for names in (known, own))
    raise ValueError(
        f"{path}: the columns of its values are not those of {first}: in place {place + 1} it has"
        f" {ours!r} instead of {theirs!r}; write all files with the same columns in the same order"
    )


def _named_rows(path: Path, options: Options) -> Iterator[Row]:
    """The rows of a table with a header. A column that counts the rows, or that holds other kinds
    of numbers than all others, is refused at their end."""
    named = [name for name in (options.label, options.group) if name]
    counting: dict[str, int] | None = None
    whole: set[str] | None = None
    for number, (where, row) in enumerate(_table_rows(path, options)):
        numbered = next((name for name in row if re.fullmatch(ROW_NUMBERS, name)), None)
        if numbered is not None:
            said = f"is called {numbered!r}" if numbered else "has no name"
            raise ValueError(
                f"{path}: column {[*row].index(numbered) + 1} {said}, as one of row numbers; name"
                " it if it is a value, else write the table without it (`index=False` in pandas,"
                " `row.names=FALSE` in R)"
            )
        values = {name: value.strip() for name, value in row.items() if name not in named}
        if counting is None:
            counting = {name: int(one) for name, one in values.items() if one.isdecimal()}
        counting = {
            name: start for name, start in counting.items() if values[name] == str(start + number)
        }
        kept = whole if whole is not None else values
        whole = {name for name in kept if re.fullmatch(r"[-+]?\d+", values[name])}
        symbols = tuple(values.values())
        group = cell(where, row, options.group) if options.group else None
        yield where, symbols, row[options.label].strip(), group
    if counting and number + 1 >= FEWEST_COUNTED:
        raise ValueError(
            f"{path}: the column {next(iter(counting))!r} counts the rows, which is no value of a"
            " series, and says the label where rows are sorted by it; write the table without it"
        )
    if len(whole) == 1 and len(values) > FEWEST_VALUES and number + 1 >= FEWEST_COUNTED:
        (odd,) = whole
        raise ValueError(
            f"{path}: the column {odd!r} alone holds whole numbers in every row, as an id or a"
            " person does; if it is no value of the series, write the table without it, or name it"
            f" as `group`; else write its values with decimals ({values[odd]}.0)"
        )


def _plain_rows(path: Path, options: Options) -> Iterator[Row]:
    """The lines of a file without a header, or with one of `.ts` or ARFF."""
    if suffix(path) in HEADED:
        read = _ts_rows if suffix(path) == ".ts" else _arff_rows
        yield from read(path, options.encoding)
        return
    first = True
    for where, line in _lines(path, options.encoding):
        if line.strip():
            symbols, label = _row(where, path, line, options)
            if first and _are_names(symbols):
                raise ValueError(
                    f"{where}: its values are {', '.join(symbols[:3])}, ..., as names of columns"
                    " are: take the line out, or name the label's column in `label`"
                )
            first = False
            yield where, symbols, label, None


def _are_names(symbols: tuple[str, ...]) -> bool:
    """Whether values are three whole numbers or more in order from 0 or 1, as pandas names columns
    that have no names."""
    start = symbols[0] if len(symbols) > 2 else ""
    return start in ("0", "1") and symbols == tuple(
        str(int(start) + i) for i in range(len(symbols))
    )


def _is_axis(symbols: tuple[str, ...]) -> bool:
    """Whether values are five or more in equal steps upwards, as wavelengths or times that name
    columns."""
    if len(symbols) < 5 or CHANNEL in symbols:
        return False
    steps = np.diff(np.array(symbols, float))
    return steps.min() > 0 and bool(np.allclose(steps, steps.mean(), rtol=0.01))


def _ts_rows(path: Path, encoding: str) -> Iterator[Row]:
    shape = None
    for header, where, line in _headed_lines(path, encoding):
        if line[0] == "(":
            raise ValueError(
                f"{where}: has pairs of time and value, which are not read; write the values alone"
            )
        *channels, label = line.split(":")
        shape = shape or series_headers.shape(header)
        shape = series_headers.check_shape(where, channels, label.strip(), shape)
        yield where, _channels(channels), label.strip(), None


def _arff_rows(path: Path, encoding: str) -> Iterator[Row]:
    shape = None
    for header, where, line in _headed_lines(path, encoding):
        shape = shape or series_headers.arff_shape(header)
        number, classes = shape
        *values, label = series_headers.cells(where, line, number)
        label = label.strip(" '\"")
        series_headers.check_label(where, label, classes, "the classes of the last attribute")
        channels = [",".join(values)]
        if len(values) == 1 and values[0][:1] in ("'", '"'):
            channels = values[0].strip("'\"").split("\\n")
        yield where, _channels(channels), label, None


def _headed_lines(path: Path, encoding: str) -> Iterator[tuple[list[Line], str, str]]:
    """(header, where, text) of the lines after @data that hold a series."""
    header, within = [], False
    for where, line in _lines(path, encoding):
        line = line.strip()
        if not line or line[0] in "@#%":
            header.append((where, line))
            within = within or line.lower() == "@data"
            said = UNREAD.get(" ".join(line.lower().split()))
            if said:
                raise ValueError(f"{where}: {said}")
        elif within:
            yield header, where, line
        else:
            raise ValueError(f"{where}: data before the line @data")


def _lines(path: Path, encoding: str) -> Iterator[tuple[str, str]]:
    """(where, text) of every line."""
    with open_text(path, encoding) as file:
        for number, line in enumerate(file, start=1):
            where = f"{path}: line {number}"
            check_text(where, line, encoding)
            yield where, line.rstrip("\r\n")


def _row(where: str, path: Path, line: str, options: Options) -> tuple[tuple[str, ...], str]:
    """(symbols, label) of a line of a table."""
    delimiter = options.delimiter or DELIMITERS.get(suffix(path))
    split = line.split() if delimiter is None else next(csv.reader([line], delimiter=delimiter))
    cells = [value.strip() for value in split]
    if len(cells) < 2:
        raise ValueError(f"{where}: has one cell; state `delimiter`, the character between cells")
    label = cells.pop(0 if options.label == "first" else -1)
    return tuple(cells), label


def _channels(texts: list[str]) -> tuple[str, ...]:
    """Numbers with `,` between them, a text a channel, as symbols."""
    found: list[str] = []
    for text in texts:
        found += [CHANNEL] * bool(found) + [number.strip() for number in text.split(",")]
    return tuple(found)
