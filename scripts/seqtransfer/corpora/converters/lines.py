"""Text files, one a label, with one text or sequence a line -> labelled texts or sequences."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from seqtransfer.corpora import layouts
from seqtransfer.corpora.alphabets import Cleaner
from seqtransfer.corpora.corpus_files import sequence_example, write
from seqtransfer.corpora.examples import Example, TextExample
from seqtransfer.corpora.text_files import UTF8, check_text, find, open_text


@dataclass(frozen=True)
class Options:
    """The keys of `layout`, described in LAYOUT."""

    files: Mapping[str, str]
    encoding: str = UTF8
    alphabet: str | None = None
    strip: Sequence[str] = ()


LAYOUT = layouts.schema(
    Options,
    {
        "files": {
            "description": "Name of the file of each label",
            "type": "object",
            "minProperties": 1,
            "additionalProperties": layouts.file("Name of a file"),
        },
        **layouts.TEXT_FILE,
        **layouts.SYMBOLS,
    },
    required=["files"],
)


def convert(folder: Path, corpus: Path, options: Options) -> list[str]:
    """Text files, one a label, with one text or sequence a line -> texts or FASTA. Returns the
    place of each example.

    Empty lines are skipped and counted. Raises ValueError naming file and line as the
    converter `table` does.
    """
    cleaner = Cleaner(options.alphabet, options.strip)
    examples = labelled_lines(folder, options, cleaner, corpus.suffix == ".tsv")
    return write(corpus, examples, cleaner)


def labelled_lines(
    folder: Path, options: Options, cleaner: Cleaner, as_text: bool
) -> Iterator[Example | TextExample]:
    """The lines of every file. Raises ValueError as `convert` does."""
    # YAML reads 0 as a number.
    paths = {str(label): find(folder, name) for label, name in options.files.items()}
    for label, path in paths.items():
        empty, stem = 0, re.sub(r"\s+", "_", label)
        with open_text(path, options.encoding) as file:
            for number, line in enumerate(file, start=1):
                where, own = f"{path}: line {number}", f"{stem}-{number:06d}"
                check_text(where, line, options.encoding)
                if not line.strip():
                    empty += 1
                elif as_text:
                    text = " ".join(line.split())
                    yield TextExample(own, text, label, None, None, place=where)
                else:
                    yield sequence_example(where, own, {"label": label}, line, cleaner)
        print(f"{path}: {empty} empty lines skipped")
