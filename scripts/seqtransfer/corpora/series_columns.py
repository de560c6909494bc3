"""Tables with a header -> series of numbers: a series a row, or a row of each point in time.

All columns are values, in their order, but those of label, group, series and time; or those that
`values` names. What cannot be a value is refused: a column that counts the rows, an id, a person,
the label by another name, and the time of a table that has a row for each point.
"""

import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from itertools import groupby, pairwise
from pathlib import Path

from seqtransfer.corpora.corpus_files import cell
from seqtransfer.corpora.series import CHANNEL
from seqtransfer.corpora.text_files import rows

ROW_NUMBERS = r"|Unnamed: \d+(_level_\d+)?"  # how pandas and R call a column that has no name
WHOLE = re.compile(r"[-+]?\d+")
FEWEST_ROWS = 10  # of a table, from which on its columns tell what they are
FEWEST_VALUES = 3  # other columns, beside which some of whole numbers alone are odd
FEWEST = 3  # series of a column of times, rows of each, and rows of a label that a column can say
MICROSECONDS = 26  # characters of a date with a time, beyond which it is read no further
NUMBERED = re.compile(r"(.*?)(\d+)")
READ_TIMES = {"number": float, "date": datetime.fromisoformat, "time": time.fromisoformat}
TIME = re.compile("time|time.?stamps?|dates?|date.?time", re.IGNORECASE)

Row = tuple[str, tuple[str, ...], str, str | None]  # where, symbols, label and group
TableRow = tuple[str, dict[str, str]]  # where, {column: cell}


@dataclass(frozen=True)
class Columns:
    """The names of columns; values: a pattern that the whole name of each column of values fits."""

    label: str
    group: str | None = None
    values: str | None = None
    series: str | None = None
    time: str | None = None

    def named(self) -> list[str]:
        """Those that hold no values."""
        return [n for n in (self.label, self.group, self.series, self.time) if n]

    def of_values(self, path: Path, names: Mapping[str, str]) -> list[str]:
        """The columns of a table that hold values. Raises ValueError naming the file if none do."""
        others = [name for name in names if name not in self.named()]
        if self.values is None:
            return others
        found = [name for name in others if re.fullmatch(self.values, name)]
        if not found:
            raise ValueError(
                f"{path}: none of its columns has a name that the pattern of `values`,"
                f" {self.values!r}, fits as a whole; they are {others}"
            )
        return found


def read(path: Path, columns: Columns, **text: str | None) -> Iterator[Row]:
    """The series of a table. text: `delimiter` and `encoding`, as `text_files.rows` takes them.

    Raises ValueError naming file and column, at the end of the table, for a column that is no
    value, and naming the line for rows of one series that do not stand together or contradict each
    other.
    """
    found = rows(path, columns.named(), **text)
    if columns.series:
        yield from _of_points(path, found, columns)
    else:
        yield from _of_rows(path, found, columns)


def value_columns(path: Path, columns: Columns, **text: str | None) -> list[str]:
    """The columns of values, by the header.

    Raises ValueError if they are numbered points of a series that stand by their names and not by
    their numbers, as t1, t10, t2 do in a table whose columns were sorted.
    """
    _, row = next(rows(path, columns.named(), **text))
    found = columns.of_values(path, row)
    named = [NUMBERED.fullmatch(name) for name in found]
    prefixes = {name[1] for name in named} if all(named) else set()
    if columns.series is None and len(prefixes) == 1 and found == sorted(found):
        for before, after in pairwise(named):
            if int(after[2]) < int(before[2]) and not before[1].endswith("."):
                raise ValueError(
                    f"{path}: the column {after[0]!r} stands behind {before[0]!r}, and a series is"
                    " read in the order of its columns; write them by their numbers"
                )
    return found


def check_alike(path: Path, own: list[str], first: Path, known: list[str]) -> None:
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


def _of_rows(path: Path, table: Iterator[TableRow], columns: Columns) -> Iterator[Row]:
    """A series a row."""
    number, own, seen = 0, None, {}
    for number, (where, row) in enumerate(table, start=1):
        own = own or columns.of_values(path, row)
        values = {name: row[name].strip() for name in own}
        label = row[columns.label].strip()
        if columns.values is None:  # else somebody has looked
            if not seen:
                _check_names(path, row)
                seen = {name: _Column(one) for name, one in values.items()}
            for name, one in values.items():
                seen[name].add(one, label, number)
        group = cell(where, row, columns.group) if columns.group else None
        yield where, tuple(values.values()), label, group
    if seen and number >= FEWEST_ROWS:
        _check_columns(path, seen, number)


def _of_points(path: Path, table: Iterator[TableRow], columns: Columns) -> Iterator[Row]:
    """A series of the rows that have its name in the column `series`, one below the other."""
    ended: set[str] = set()
    for name, found in groupby(table, lambda item: cell(*item, columns.series)):
        points = list(found)
        where, first = points[0]
        if name in ended:
            raise ValueError(
                f"{where}: the series {name!r} goes on after another began; sort the table by"
                f" {columns.series!r}{f' and {columns.time!r}' if columns.time else ''}"
            )
        ended.add(name)
        own = columns.of_values(path, first)
        before = None
        for place, row in points:
            for column in filter(None, (columns.label, columns.group)):
                if row[column] != first[column]:
                    raise ValueError(
                        f"{place}: {column!r} is {row[column]!r}, and {first[column]!r} in the"
                        f" first row of the series {name!r} ({where}); a series has one"
                    )
            before = _later(place, row, columns, before)
        channels = [[row[column].strip() for _, row in points] for column in own]
        symbols = [one for channel in channels for one in (CHANNEL, *channel)][1:]
        group = cell(where, first, columns.group) if columns.group else None
        yield where, tuple(symbols), first[columns.label].strip(), group


def _later(where: str, row: dict[str, str], columns: Columns, before: str | None) -> str | None:
    """The time of a row. Raises ValueError unless it is later than the one before."""
    if not columns.time:
        return None
    now = cell(where, row, columns.time)
    moments = [_moment(where, columns.time, one) for one in (before, now) if one is not None]
    if len({kind for kind, _ in moments}) > 1:
        raise ValueError(
            f"{where}: its {columns.time!r} is {now}, and {before} in the row above; write all"
            " alike, with a time zone or without"
        )
    later = len(moments) == 1 or moments[1] > moments[0]
    if len(now) > MICROSECONDS and moments[0] == moments[-1]:
        later = before is None or now > before
    if not later:
        raise ValueError(
            f"{where}: its {columns.time!r} is {now}, and {before} in the row above; sort the rows"
            " of each series by time"
        )
    return now


def _moment(where: str, column: str, text: str) -> tuple[str, object]:
    """What kind a time is of, and the time, which can be compared with others of its kind."""
    for kind, read in READ_TIMES.items():
        with contextlib.suppress(ValueError):
            found = read(text)
            return f"{kind}{' of a zone' * bool(getattr(found, 'tzinfo', None))}", found
    raise ValueError(
        f"{where}: its {column!r}, {text!r}, is neither a number nor a date or time as 2020-01-31,"
        " 2020-01-31T09:30 or 09:30, so that their order is not known; write it so"
    )


def _check_names(path: Path, row: Mapping[str, str]) -> None:
    numbered = next((name for name in row if re.fullmatch(ROW_NUMBERS, name)), None)
    if numbered is not None:
        said = f"is called {numbered!r}" if numbered else "has no name"
        raise ValueError(
            f"{path}: column {[*row].index(numbered) + 1} {said}, as one of row numbers; name"
            " it if it is a value, else write the table without it (`index=False` in pandas,"
            " `row.names=FALSE` in R)"
        )


class _Column:
    """What the cells of a column of values are like, so far. first: its first cell."""

    def __init__(self, first: str):
        self.first, self.last = first, first
        self.whole = self.counts = True
        self.risen = self.starts = 0
        self.labels: dict[str, set[str]] | None = {}  # value -> labels, None once they are many

    def add(self, value: str, label: str, number: int) -> None:
        """number: of the row, from 1."""
        self.whole = self.whole and WHOLE.fullmatch(value) is not None
        begin = self.first if self.first.isdecimal() else None
        self.counts = self.counts and begin is not None and value == str(int(begin) + number - 1)
        if number > 1:
            self.risen += _number(value) > _number(self.last)
            self.starts += value == self.first
        self.last = value
        if self.labels is not None:
            self.labels.setdefault(value, set()).add(label)
            if len(self.labels) > FEWEST_ROWS * FEWEST_ROWS:
                self.labels = None

    def is_time(self, name: str, number: int) -> bool:
        """Whether it rises from row to row but where it begins anew: several times, or as one that
        is called time."""
        rises = self.risen > 0 and self.risen + self.starts == number - 1
        anew = self.starts + 1 >= FEWEST and number >= FEWEST * (self.starts + 1)
        return rises and (anew or TIME.fullmatch(name) is not None)

    def says_label(self, number: int) -> bool:
        """Whether each value goes with one label and each label with one value."""
        if self.labels is None or not 1 < len(self.labels) <= number / FEWEST:
            return False
        labels = [label for found in self.labels.values() for label in found]
        return len(labels) == len(self.labels) == len(set(labels))


def _number(value: str) -> float:
    try:
        return float(value)
    except ValueError:  # which the caller refuses by its line
        return float("nan")


def _check_columns(path: Path, seen: Mapping[str, _Column], number: int) -> None:
    """Raise ValueError for a column that no series has as a value. number: of rows."""
    remedy = "write the table without it, or name the columns of values by a pattern, `values:`"
    for name, column in seen.items():
        if column.counts:
            raise ValueError(
                f"{path}: the column {name!r} counts the rows, which is no value of a series, and"
                f" says the label where rows are sorted by it; {remedy}"
            )
        if column.says_label(number):
            raise ValueError(
                f"{path}: each value of the column {name!r} goes with one label alone, as its code"
                f" does; a model would read the answer: {remedy}"
            )
        if column.is_time(name, number):
            raise ValueError(
                f"{path}: the column {name!r} rises from row to row, with {column.starts + 1}"
                " starts, as the time does in a table that has a row for each point in time: state"
                f" `series:`, the column that says of which series a row is, and `time: {name}`; if"
                f" each row is a series, {remedy}"
            )
    odd = [name for name, column in seen.items() if column.whole]
    if odd and len(odd) <= len(seen) / 2 and len(seen) > FEWEST_VALUES:
        said = ", ".join(map(repr, odd[:4])) + (f" and {len(odd) - 4} more" if odd[4:] else "")
        raise ValueError(
            f"{path}: of {len(seen)} columns of values {said} alone hold whole numbers in every"
            " row, as an id or a person does: name one as `group`, or write the table without"
            " them, or name the columns of values by a pattern, `values:`"
        )
