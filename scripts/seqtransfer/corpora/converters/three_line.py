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
    without `>`, id or group, a symbol outside the alphabet, more or fewer labels than symbols, a
    label that is white space, or something after the labels, such as an energy.
    """
    cleaner = Cleaner(options.alphabet, None)
    examples = records(folder, options, cleaner)
    return write(corpus, with_dev(examples, options.dev_share), cleaner)


def records(folder: Path, options: Options, cleaner: Cleaner) -> Iterator[Example]:
    """The records of every file; empty lines and those that begin with `#` may stand between them.
    Raises ValueError as `convert` does."""
    for part, name in (options.files or {None: options.file}).items():
        path = find(folder, name)
        with open_text(path, options.encoding) as file:
            lines = [line.rstrip() for line in file]
        start = 0
        while start < len(lines):
            if not lines[start] or lines[start].startswith("#"):
                start += 1
                continue
            where, record = f"{path}: line {start + 1}", lines[start : start + 3]
            check_text(where, "\n".join(record), options.encoding)
            after = "".join(lines[start + 3 : start + 4])
            whole = len(record) == 3 and record[0].startswith(">")
            if not whole or after[:1] not in ("", ">", "#"):
                found = f"{after[:40]!r} after three" if whole else repr(record[0][:40])
                raise ValueError(
                    f"{where}: expected a record of three lines, `>id`, all symbols on one and all"
                    f" labels on one; found {found}"
                )
            facts = _facts(where, record[0], options)
            symbols = cleaner.clean(where, record[1])
            first, *rest = record[2].split(maxsplit=1) or [""]
            if rest and len(first) == len(symbols):
                raise ValueError(
                    f"{path}: line {start + 3}: its labels go on after a blank, {rest[0][:40]!r}:"
                    " an energy? remove it"
                )
            check_symbol_labels(where, symbols, record[2])
            labels, group = " ".join(record[2]), facts.get("group")
            yield Example(facts["id"], tuple(symbols), labels, group, part, place=where)
            start += 3


def _facts(where: str, header: str, options: Options) -> dict[str, str]:
    """The id of a record and, if the layout has one, its group."""
    found = {key: re.search(pattern, header) for key, pattern in options.patterns.items()}
    lacking = next((key for key, match in found.items() if not match or not match[1]), None)
    if lacking:
        pattern = options.patterns[lacking]
        raise ValueError(f"{where}: `{lacking}` {pattern!r} finds nothing in {header!r}")
    return {key: "-".join(match[1].split()) for key, match in found.items()}
