"""Records of three lines, header, symbols and their labels -> labelled symbols.

RNA with its secondary structure in dot-bracket notation is written so, and protein sequences with
the topology or secondary structure of their residues.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from seqtransfer.corpora import layouts
from seqtransfer.corpora.alphabets import Cleaner
from seqtransfer.corpora.corpus_files import with_dev, write
from seqtransfer.corpora.examples import Example, check_symbol_labels
from seqtransfer.corpora.text_files import UTF8, check_text, find, open_text


@dataclass(frozen=True)
class Options:
    """The keys of `layout`, described in LAYOUT."""

    file: str | None = None
    files: Mapping[str, str] | None = None
    dev_share: float = 0
    encoding: str = UTF8
    id: str = r"^>(\S+)"
    group: str | None = None
    alphabet: str | None = None

    def __post_init__(self):
        layouts.check_parts(self.files, None, self.dev_share)
        for name, pattern in self.patterns.items():
            layouts.check_pattern(f"`{name}`", pattern)

    @property
    def patterns(self) -> dict[str, str]:
        """What finds id and, if there is one, group in a header."""
        return {"id": self.id} | ({"group": self.group} if self.group is not None else {})


LAYOUT = layouts.schema(
    Options,
    {
        **layouts.FILES,
        **layouts.TEXT_FILE,
        "id": layouts.text("Regular expression of one group, searched in the header"),
        "group": layouts.text("The same, for what must stay on one side of a split"),
        "alphabet": layouts.SYMBOLS["alphabet"],
    },
    oneOf=layouts.ONE_OF_FILES,
)


def convert(folder: Path, corpus: Path, options: Options) -> list[str]:
    """Files of three-line records -> symbols, each letter with its label, one character.
    Returns the place of each record.

    Raises ValueError naming file and line for a file whose lines are not whole records, a record
    without `>`, id or group, a symbol outside the alphabet, or more or fewer labels than symbols,
    or a label that is white space.
    """
    cleaner = Cleaner(options.alphabet)
    examples = records(folder, options, cleaner)
    return write(corpus, with_dev(examples, options.dev_share), cleaner)


def records(folder: Path, options: Options, cleaner: Cleaner) -> Iterator[Example]:
    """The records of every file. Raises ValueError as `convert` does."""
    for part, name in (options.files or {None: options.file}).items():
        path = find(folder, name)
        with open_text(path, options.encoding) as file:
            lines = [line.rstrip() for line in file]
        while lines and not lines[-1]:
            lines.pop()
        for start in range(0, len(lines), 3):
            where, record = f"{path}: line {start + 1}", lines[start : start + 3]
            header = record[0]
            check_text(where, "\n".join(record), options.encoding)
            if len(record) < 3 or not header.startswith(">"):
                raise ValueError(
                    f"{where}: expected a record of three lines, `>id`, symbols and labels; found"
                    f" {header[:40]!r}"
                )
            found = {key: re.search(pattern, header) for key, pattern in options.patterns.items()}
            lacking = next((key for key, match in found.items() if not match or not match[1]), None)
            if lacking:
                pattern = options.patterns[lacking]
                raise ValueError(f"{where}: `{lacking}` {pattern!r} finds nothing in {header!r}")
            facts = {key: "-".join(match[1].split()) for key, match in found.items()}
            symbols = cleaner.clean(where, record[1])
            check_symbol_labels(where, symbols, record[2])
            labels, group = " ".join(record[2]), facts.get("group")
            yield Example(facts["id"], tuple(symbols), labels, group, part, place=where)
