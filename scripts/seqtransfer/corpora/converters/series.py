"""Tables of numbers, ARFF and .ts files -> labelled series.

- `.ts` (https://www.sktime.net and aeon): after `@data` a series a line, numbers with `,` between
  them, channels with `:`, the label last.
- ARFF: after `@data` a series a line, the label last; several channels in one quoted text, with
  `\\n` between them.
- any other name: a table, a series a line (.csv, .tsv, or white space between cells). Without a
  header, the label is in the first or last cell, as the UCR archive has them. With one, `label` is
  the name of its column, and all columns but those of label and group are values, in order; or
  `series` is the column that says of which series a row is, one point in time of it.

Each may be compressed.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from seqtransfer.corpora import layouts, series_columns, series_headers
from seqtransfer.corpora.corpus_files import split_name, with_dev
from seqtransfer.corpora.examples import Example
from seqtransfer.corpora.label_faults import is_number
from seqtransfer.corpora.series import CHANNEL, check_numbers, ended
from seqtransfer.corpora.series_columns import Columns, Row
from seqtransfer.corpora.series_headers import Line
from seqtransfer.corpora.symbol_tables import write_symbols
from seqtransfer.corpora.text_files import (
    DELIMITERS,
    UTF8,
    check_text,
    find,
    open_text,
    suffix,
)

# Header lines that change what a line of data means.
UNREAD = {
    "@timestamps true": "has time stamps, which are not read; write the values alone",
    "@classlabel false": "has no labels; nothing can be predicted",
    "@targetlabel false": "has no labels; nothing can be predicted",
}
HEADED = (".ts", ".arff")
ENDS = ("first", "last")


@dataclass(frozen=True)
class Options:
    """The keys of `layout`, described in LAYOUT."""

    file: str | None = None
    files: Mapping[str, str] | None = None
    dev_share: float = 0.0
    label: str = "first"
    group: str | None = None
    values: str | None = None
    series: str | None = None
    time: str | None = None
    delimiter: str | None = None
    encoding: str = UTF8

    def __post_init__(self):
        layouts.check_parts(self.files, None, self.dev_share)
        for key in ("group", "values", "series", "time"):
            if getattr(self, key) and self.label in ENDS:
                raise ValueError(
                    f"`{key}` is of a table with a header; name the column of the label, too"
                )
        if self.group and self.group == self.label:
            raise ValueError("`group` and `label` are one column; a group has other examples, too")
        if self.time and not self.series:
            raise ValueError(
                "`time` is of a table with a row for each point in time; state `series`, the column"
                " that says of which series a row is"
            )
        if self.values:
            layouts.check_pattern("values", self.values, groups=0)

    @property
    def columns(self) -> Columns:
        """Of a table with a header."""
        return Columns(self.label, self.group, self.values, self.series, self.time)


LAYOUT = layouts.schema(
    Options,
    {
        **layouts.FILES,
        "label": layouts.text(
            "Which cell of a table's row is the label: `first` or `last` of a table without a"
            " header, else its column; .ts and ARFF have it last"
        ),
        "group": layouts.FACTS["group"],
        "values": layouts.text(
            "Regular expression that the whole names of the columns of values fit; when absent,"
            " all columns are values that no other key names"
        ),
        "series": layouts.text(
            "Column that says of which series a row is, where the table has a row for each point in"
            " time; the columns of values are then channels"
        ),
        "time": layouts.text("Column of the time of such a row; within a series it must rise"),
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
        named: Sequence[str] = ()
        if options.label in ENDS:
            found = _plain_rows(path, options)
        else:
            if suffix(path) in HEADED:
                raise ValueError(f"{path}: has its label last; leave `label` out of the layout")
            text = {"delimiter": options.delimiter, "encoding": options.encoding}
            own = series_columns.value_columns(path, options.columns, **text)
            columns = columns or (path, own)
            series_columns.check_alike(path, own, *columns)
            ends = f", {own[0]!r} to {own[-1]!r}" if own else ""
            print(f"{path.name}: {len(own)} columns of values{ends}")
            named = () if options.series else own  # else values of several lines are one series
            found = series_columns.read(path, options.columns, **text)
        where, labels, begin, padded = None, Counter[str](), (), 0
        for where, symbols, label, group in found:
            if not label:
                raise ValueError(f"{where}: has no label; look at its separators")
            if suffix(path) not in HEADED and CHANNEL not in symbols:
                written, symbols = len(symbols), ended(symbols)
                padded += len(symbols) < written
            if not symbols:
                raise ValueError(f"{where}: has no numbers; look at its separators")
            check_numbers(where, symbols, named)
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
        if padded:
            print(f"{path.name}: {padded} series end before their line does, in missing values")
        place, symbols, label = begin
        bare = options.label in ENDS and suffix(path) not in HEADED
        alone = labels[label] == 1 < labels.total() and not is_number(label)
        if bare and alone and _is_axis(symbols):
            raise ValueError(
                f"{place}: its values are {', '.join(symbols[:3])}, ..., in equal steps, and no"
                f" other line has its label, {label!r}, as of a line that names the columns: take"
                " it out, or name the label's column in `label`"
            )


def check_label_cells(options: Options, found: Sequence[Example], classes: Sequence[str]) -> None:
    """Raise ValueError naming the first series if what is read as labels, of the first or last
    cells of a table without a header, is the task's classes in part at most, and those in the cells
    at the other end are, or if it looks like values.
    """
    name = options.file or next(iter(options.files.values()))
    if options.label not in ENDS or suffix(Path(name)) in HEADED:
        return
    place, labels = found[0].place, {example.label for example in found}
    if labels <= set(classes):
        return
    other = "last" if options.label == "first" else "first"
    ends = {example.symbols[-1 if other == "last" else 0] for example in found}
    if ends <= set(classes):
        raise ValueError(
            f"{place}: the {options.label} cell, {found[0].label!r}, is read as the label, but the"
            f" {other} cells hold classes of the task; state `label: {other}`"
        )
    if not labels & set(classes) and len(labels) > len(found) / 2 and all(map(is_number, labels)):
        raise ValueError(
            f"{place}: the {options.label} cell, {found[0].label!r}, is read as the label and looks"
            f" like a value; if the {other} one has the label, state `label: {other}`; if labels"
            " are in a file of their own, write them into the table as a column"
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
