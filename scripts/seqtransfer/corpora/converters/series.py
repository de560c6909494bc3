"""Tables of numbers, ARFF and .ts files -> labelled series.

- `.ts` (https://www.sktime.net and aeon): after `@data` a series a line, numbers with `,` between
  them, channels with `:`, the label last.
- ARFF: after `@data` a series a line, the label last; several channels in one quoted text, with
  `\\n` between them.
- any other name: a table without a header, a series a line, the label in its first or last cell, as
  the UCR archive has them (.tsv, .csv, or white space between cells).

Each may be compressed.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from seqtransfer.corpora import layouts
from seqtransfer.corpora.corpus_files import split_name, with_dev
from seqtransfer.corpora.examples import Example
from seqtransfer.corpora.series import CHANNEL, check_numbers
from seqtransfer.corpora.symbol_tables import write_symbols
from seqtransfer.corpora.text_files import DELIMITERS, UTF8, check_text, find, open_text, suffix

# Header lines that change what a line of data means.
UNREAD = {
    "@timestamps true": "has time stamps, which are not read; write the values alone",
    "@classlabel false": "has no labels; nothing can be predicted",
    "@targetlabel false": "has no labels; nothing can be predicted",
}
HEADED = (".ts", ".arff")


@dataclass(frozen=True)
class Options:
    """The keys of `layout`, described in LAYOUT."""

    file: str | None = None
    files: Mapping[str, str] | None = None
    dev_share: float = 0.0
    label: str = "first"
    delimiter: str | None = None
    encoding: str = UTF8

    def __post_init__(self):
        layouts.check_parts(self.files, None, self.dev_share)


LAYOUT = layouts.schema(
    Options,
    {
        **layouts.FILES,
        "label": {
            "description": "Which cell of a table's row is the label; .ts and ARFF have it last",
            "enum": ["first", "last"],
        },
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


def convert(folder: Path, corpus: Path, options: Options) -> None:
    """Series of numbers -> the standard table of symbols, digits as they were written.

    Raises ValueError naming file and line for a value that is missing or no finite number, a line
    without a label, time stamps, or bytes that are no text.
    """
    examples = with_dev(_examples(folder, options), options.dev_share)
    write_symbols(corpus, examples, check_numbers)


def _examples(folder: Path, options: Options) -> Iterator[Example]:
    for part, name in (options.files or {None: options.file}).items():
        path = find(folder, name)
        stem = part or re.sub(r"\s+", "_", PurePosixPath(name).name.split(".")[0])
        empty = True
        for number, line in _lines(path, options.encoding):
            empty = False
            where = f"{path}: line {number}"
            symbols, label = _row(where, path, line, options)
            if not label:
                raise ValueError(f"{where}: has no label; look at its last separator")
            check_numbers(where, symbols)
            split = split_name(where, part) if part else None
            yield Example(f"{stem}-{number:06d}", symbols, label, None, split)
        if empty:
            raise ValueError(f"{path}: holds no series")


def _lines(path: Path, encoding: str) -> Iterator[tuple[int, str]]:
    """(number, text) of the lines that hold a series."""
    headed = suffix(path) in HEADED
    within = not headed
    with open_text(path, encoding) as file:
        for number, line in enumerate(file, start=1):
            where = f"{path}: line {number}"
            check_text(where, line, encoding)
            line = line.rstrip("\r\n")
            if headed and (not line.strip() or line.lstrip()[0] in "@#%"):
                line = line.strip()
                within = within or line.lower() == "@data"
                said = UNREAD.get(" ".join(line.lower().split()))
                if said:
                    raise ValueError(f"{where}: {said}")
            elif line.strip():
                if not within:
                    raise ValueError(f"{where}: data before the line @data")
                yield number, line


def _row(where: str, path: Path, line: str, options: Options) -> tuple[tuple[str, ...], str]:
    """(symbols, label) of a line."""
    kind = suffix(path)
    if kind == ".ts":
        *channels, label = line.split(":")
        return _channels(channels), label.strip()
    if kind == ".arff":
        values, _, label = line.rpartition(",")
        values = values.strip()
        if values[:1] in ("'", '"'):
            return _channels(values.strip("'\"").split("\\n")), label.strip(" '\"")
        return _channels([values]), label.strip(" '\"")
    delimiter = options.delimiter or DELIMITERS.get(kind)
    cells = [cell.strip() for cell in line.split(delimiter)]
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
