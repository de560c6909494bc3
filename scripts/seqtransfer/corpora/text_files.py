"""Text files from outside -> lines and rows: plain or compressed, and strict about their shape.

Rows come with the place where they stand, `path: line n`, so that whoever finds a fault in one can
say where it is. Bytes that are no text in the stated encoding are a fault of their row.
"""

import bz2
import codecs
import csv
import difflib
import gzip
import io
import json
import lzma
import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO, TextIO

from seqtransfer.corpora.litter import is_litter
from seqtransfer.files import checksums

OPENERS = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
DELIMITERS = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
JSON_LINES = (".jsonl", ".ndjson")
OTHER_KINDS = {
    ".parquet": "write `converter: parquet`",
    ".json": "write one object a line, in a file called .jsonl",
    **dict.fromkeys((".xlsx", ".xls", ".ods"), "save the sheet as CSV"),
}
COMPRESSED = (".gz", ".bz2", ".xz")
UTF8 = "utf-8-sig"  # UTF-8, with or without the mark that some editors put at the start
# Characters of a line, a cell or a record. A bacterial genome has 5 million; no encoder here reads
# more than 512 tokens. The limit of csv is 131,072.
LONGEST = 1 << 24
csv.field_size_limit(LONGEST)
UNQUOTED = (
    "look at its quotation marks; where they enclose no cells, state `quoted: false` if the layout"
    ' has that key, or write """ for one'
)


@contextmanager
def open_text(path: Path, encoding: str = UTF8, newline: str | None = None) -> Iterator[TextIO]:
    """Open a text file, unpacked as `open_bytes` does.

    Bytes that `encoding` does not know become lone surrogates: see `check_text`.
    Raises ValueError naming the file if it is damaged or the encoding is unknown.
    """
    try:
        if codecs.lookup(encoding).name == "utf-8":
            encoding = UTF8
    except LookupError as error:
        raise ValueError(f"{path}: {error}; correct `encoding`") from error
    try:
        with (
            open_bytes(path) as file,
            _Lines(path, file, encoding, newline) as text,
        ):
            yield text
    except UnicodeError as error:
        raise ValueError(f"{path}: not text in {encoding} ({error})") from error


class _Lines(io.TextIOWrapper):
    """A text that refuses a line longer than LONGEST, before all of it is in memory."""

    def __init__(self, path: Path, file: BinaryIO, encoding: str, newline: str | None):
        super().__init__(file, encoding, "surrogateescape", newline)
        self._path, self._line = path, 0

    def readline(self, size: int = -1) -> str:  # iteration calls it, too
        self._line += 1
        line = super().readline(LONGEST + 1 if size < 0 else size)
        if len(line) > LONGEST:
            raise ValueError(
                f"{self._path}: line {self._line}: is longer than {LONGEST:,} characters; cut it "
                "to the part that matters"
            )
        return line


@contextmanager
def open_bytes(path: Path) -> Iterator[BinaryIO]:
    """Open a file, unpacked: gzip, bzip2 and xz are known by their first bytes, whatever the name.

    Raises ValueError naming the file if it is damaged.
    """
    with open(path, "rb") as file:
        start = file.read(6)
    opener = next((use for magic, use in OPENERS.items() if start.startswith(magic)), open)
    try:
        with opener(path, "rb") as file:
            yield file
    except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
        raise ValueError(f"{path}: a compressed file that is damaged ({error})") from error
    except OSError as error:
        if error.errno is not None:  # bz2's word for damage has no number
            raise
        raise ValueError(f"{path}: a compressed file that is damaged ({error})") from error


def check_text(where: str, text: str, encoding: str = UTF8) -> None:
    """Raise ValueError if `text` holds a NUL, or a byte that was no text in `encoding`."""
    if "\0" in text:
        raise ValueError(
            f"{where}: holds a NUL byte; this is no text file, or one in UTF-16: then state its"
            " `encoding: utf-16`"
        )
    if not text.isascii():
        bad = next((c for c in text if "\ud800" <= c <= "\udfff"), None)
        if bad:
            if not "\udc80" <= bad <= "\udcff":  # as bytes that are no text are read
                raise ValueError(
                    f"{where}: holds {bad!r}, half of a character, as where a text was cut within"
                    " one; take it out"
                )
            name = encoding.removesuffix("-sig")
            raise ValueError(
                f"{where}: byte 0x{ord(bad) & 0xFF:02x} is no text in {name}; convert the file to"
                " UTF-8, or state its `encoding` where the layout has that key"
            )


def rows(
    path: Path,
    columns: Iterable[str],
    *,
    delimiter: str | None = None,
    encoding: str = UTF8,
    header: Sequence[str] | None = None,
    quoted: bool = True,
) -> Iterator[tuple[str, dict[str, str]]]:
    """Rows of a table as (where, {column: cell}); every cell is a string, "001" stays "001".

    The suffix says the kind: .csv, .tsv, .tab or .jsonl (one object a line), compressed or not;
    with `delimiter` it is delimited text whatever its name. header: the columns, if the file's
    first line does not name them. quoted: whether quotation marks enclose cells; else they are
    characters like any other. Empty lines are skipped. Of JSON, numbers keep their digits.

    Raises ValueError naming file and line if a column of `columns` is missing or named twice, a
    row has too many or too few cells or is the `header`, a quotation mark is not closed, or the
    text is in another encoding; for JSON, if a value asked for is missing, null, NaN or no single
    value.
    """
    path = Path(path)
    kind = suffix(path)
    if delimiter is None and kind in JSON_LINES:
        if header is not None:
            raise ValueError(f"{path}: JSON names its columns; leave `header` out of the layout")
        yield from _json_rows(path, list(columns), encoding)
        return
    delimiter = delimiter or DELIMITERS.get(kind)
    if delimiter is None:
        known = ", ".join((*DELIMITERS, *JSON_LINES))
        remedy = OTHER_KINDS.get(
            kind, "rename it, or state its `delimiter` where the layout has that key"
        )
        raise ValueError(f"{path}: its name ends in none of {known}; {remedy}")
    found, given = False, header and list(header)
    if header is not None:
        header = _checked_header(path, list(header), columns)
    with open_text(path, encoding, newline="") as file:
        for line, cells in _split(path, file, delimiter, quoted):
            where = f"{path}: line {line}"
            check_text(where, "".join(cells), encoding)
            if header is None:
                header = _checked_header(path, cells, columns)
                continue
            if cells == given:
                raise ValueError(
                    f"{where}: is the header of the layout; leave `header` out of it, since the"
                    " file has one"
                )
            if delimiter == "\t" and any("\n" in cell and "\t" in cell for cell in cells):
                raise ValueError(
                    f"{where}: a cell goes on over a tab and a line break, as where a text begins"
                    f" with a quotation mark; {UNQUOTED}"
                )
            if len(cells) != len(header):
                raise ValueError(
                    f"{where}: has {len(cells)} cells instead of {len(header)}; look for a "
                    f"separator ({delimiter!r}) or a quotation mark too many or too few"
                )
            found = True
            yield where, dict(zip(header, cells, strict=True))
    if not found:
        raise ValueError(f"{path}: {'is empty' if header is None else 'has a header but no rows'}")


def find(folder: Path, name: str) -> Path:
    """The one file of `folder`, or of a folder inside, whose path ends in `name`.

    Raises ValueError if there is none or more than one, or `name` leaves the folder.
    """
    parts = PurePosixPath(name).parts
    if not parts or PurePosixPath(name).is_absolute() or ".." in parts:
        raise ValueError(f"{folder}: {name!r} is no path inside the source; give one without `..`")
    if (Path(folder) / name).is_file():
        return Path(folder) / name
    paths = [path for path in sorted(Path(folder).rglob("*")) if path.is_file()]
    paths = [path for path in paths if path.name != checksums.TIMESTAMP]
    found = [path for path in paths if path.parts[-len(parts) :] == parts]
    if len(found) != 1:
        raise ValueError(
            f"{folder}: holds {len(found)} files called {name} instead of one; correct the file's "
            f"name in the layout, or `path` or `extract` of the source. It holds "
            f"{_some(folder, paths)}{'' if found else written_otherwise(folder, name)}"
        )
    return found[0]


def written_otherwise(folder: Path, name: str) -> str:
    """What to say of the one file whose path ends in what only looks like `name`, or empty: its
    accents are characters of their own, as on a Mac, or it has other capitals or slashes."""
    wanted = _plainly(name)
    paths = (path.relative_to(folder).as_posix() for path in Path(folder).rglob("*"))
    found = [path for path in paths if f"/{_plainly(path)}".endswith(f"/{wanted}")]
    if len(found) != 1:
        return ""
    return (
        f"; {found[0]!r} is written another way: with accents as characters of their own, other"
        " capitals or other slashes; write its name as it is, or rename it"
    )


def _plainly(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold().replace("\\", "/")


def matching(folder: Path, pattern: str) -> list[Path]:
    """The files of `folder` whose path is what `pattern` means, sorted; where there is none, those
    of folders inside whose path ends in it, without litter. A file of that very name is no pattern.

    Raises ValueError if it leaves the folder or is no pattern.
    """
    parts = PurePosixPath(pattern).parts
    if not parts or ".." in parts or pattern.startswith("/"):
        raise ValueError(f"{folder}: {pattern!r} is no path inside the source")
    if any("**" in part and part != "**" for part in parts):  # refused or `*`, by Python's version
        raise ValueError(f"{folder}: {pattern!r} is no pattern; write `**` alone between slashes")
    if (Path(folder) / pattern).is_file():
        return [Path(folder) / pattern]
    for search in (Path(folder).glob, Path(folder).rglob):
        found = [path for path in search(pattern) if path.is_file() and not is_litter(path)]
        if found := sorted(path for path in found if path.name != checksums.TIMESTAMP):
            return found
    return []


def unread(folder: Path, read: Sequence[Path]) -> list[Path]:
    """The files of `folder` that are not among those `read`, sorted, without litter."""
    files = (path for path in sorted(Path(folder).rglob("*")) if path.is_file())
    files = (path for path in files if not is_litter(path))
    return [path for path in files if path not in read and path.name != checksums.TIMESTAMP]


def _some(folder: Path, paths: Sequence[Path]) -> str:
    names = [path.relative_to(folder).as_posix() for path in paths]
    return f"{', '.join(names[:5])}{', ...' if len(names) > 5 else ''}" if names else "no files"


def suffix(path: Path) -> str:
    """The ending of a file's name in small letters, that of compression left out."""
    name = path.name.lower()
    for ending in COMPRESSED:
        name = name.removesuffix(ending)
    return PurePosixPath(name).suffix


def _split(
    path: Path, file: TextIO, delimiter: str, quoted: bool
) -> Iterator[tuple[int, list[str]]]:
    """(number of the line that a row begins on, cells) of every row that is not an empty line."""
    quoting = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    try:
        reader = csv.reader(file, delimiter=delimiter, quoting=quoting, strict=True)
    except TypeError as error:
        raise ValueError(f"{path}: delimiter {delimiter!r} is not one character") from error
    start = 1
    try:
        for cells in reader:
            if cells:
                yield start, cells
            start = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(f"{path}: line {start}: {error}; {UNQUOTED}") from error


class NoColumn(ValueError):
    """That a table has no column of this name, with what to do: `hint`, else the near name."""

    def __init__(self, where: object, column: str, names: list[str], hint: str = ""):
        self.where, self.column, self.names, self.hint = where, column, names, hint
        hint = hint or _meant(column, names)
        super().__init__(f"{where}: no column {column!r}; its columns are {names}{hint}")


def _meant(wanted: str, names: Sequence[str]) -> str:
    """What to say of a column that is called nearly as the wanted one, or empty."""
    blank = next((name for name in names if name != name.strip() == wanted), None)
    if blank is not None:
        side = "begins" if blank[:1].isspace() else "ends"
        return (
            f"; {blank!r} {side} with a blank: take the blank out of the file, or write the name"
            " with it in the layout, in quotation marks"
        )
    plain = {name.strip().casefold(): name for name in reversed(names)}
    near = difflib.get_close_matches(wanted.strip().casefold(), plain, n=1)
    return f"; did you mean {plain[near[0]]!r}? then name it so in the layout" if near else ""


def _checked_header(path: Path, names: list[str], columns: Iterable[str]) -> list[str]:
    missing = [name for name in columns if name not in names]
    if missing:
        other = len(names) == 1 and next((mark for mark in ";\t,|" if mark in names[0]), None)
        hint = ""
        if other:
            hint = f"; state `delimiter: {other!r}`, if that is what parts them and the layout has"
            hint += " that key, else part them by commas or tabs"
        elif names and all(
            name == "" or re.fullmatch(r"[-+\d.]+|[A-Z]{9,}", name) for name in names
        ):
            hint = "; if that is its first row, name the columns by `header: [...]` in the layout"
        if names[0].startswith("sep="):
            hint = f"; take out its first line, {names[0]!r}, by which Excel says what parts them"
        raise NoColumn(path, missing[0], names, hint)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice == [""]:
        raise ValueError(
            f"{path}: {names.count('')} columns have no name, as of a spreadsheet's empty ones;"
            " take them out, or name them"
        )
    if twice:
        raise ValueError(f"{path}: the column {twice[0]!r} comes twice; rename one of the two")
    return names


def _json_rows(
    path: Path, columns: list[str], encoding: str
) -> Iterator[tuple[str, dict[str, str]]]:
    empty = True
    with open_text(path, encoding) as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                where = f"{path}: line {number}"
                check_text(where, line, encoding)
                empty = False
                yield where, _json_cells(where, line, columns)
    if empty:
        raise ValueError(f"{path}: is empty")


def _json_cells(where: str, line: str, columns: list[str]) -> dict[str, str]:
    try:
        record = json.loads(line, parse_int=str, parse_float=str, object_pairs_hook=_Object)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{where}: is not JSON ({error})") from error
    if not isinstance(record, _Object):
        raise ValueError(f'{where}: is no JSON object such as {{"label": 1}}')
    if record.twice:
        raise ValueError(f"{where}: the key {record.twice!r} comes twice")
    cells = {}
    for name in columns:
        if name not in record:
            near = _meant(name, list(record))
            raise ValueError(f"{where}: has no key {name!r}; its keys are {list(record)}{near}")
        value = record[name]
        if isinstance(value, bool):
            value = str(value).lower()
        if not isinstance(value, str):
            shown = json.dumps(value)[:40]
            raise ValueError(f"{where}: {name} is {shown} instead of a text or a number")
        check_text(where, value)
        cells[name] = value
    return cells


class _Object(dict):
    """A JSON object that remembers a key that came twice."""

    def __init__(self, pairs: list[tuple[str, object]]):
        super().__init__(pairs)
        self.twice = None
        if len(self) < len(pairs):
            names = [name for name, _ in pairs]
            self.twice = next(name for name in names if names.count(name) > 1)
