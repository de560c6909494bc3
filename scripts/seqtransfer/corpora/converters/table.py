"""CSV, TSV or JSONL tables -> labelled sequences or texts."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from seqtransfer.corpora import layouts
from seqtransfer.corpora.alphabets import Cleaner
from seqtransfer.corpora.corpus_files import (
    cell,
    sequence_example,
    split_name,
    with_dev,
    write,
)
from seqtransfer.corpora.examples import FACTS, TextExample
from seqtransfer.corpora.text_files import UTF8, find, rows


@dataclass(frozen=True)
class Options:
    """The keys of `layout`, described in LAYOUT. Raises ValueError as `layouts.check_parts`."""

    file: str | None = None
    files: Mapping[str, str] | None = None
    dev_share: float = 0
    sequence: str = "sequence"
    text: str = "text"
    second: str | None = None
    label: str = "label"
    group: str | None = None
    split: str | None = None
    id: str | None = None
    header: Sequence[str] | None = None
    delimiter: str | None = None
    encoding: str = UTF8
    alphabet: str | None = None
    strip: Sequence[str] = ()

    def __post_init__(self):
        layouts.check_parts(self.files, self.split, self.dev_share)


LAYOUT = layouts.schema(
    Options,
    {
        **layouts.FILES,
        "sequence": layouts.text("Column of the sequence, for format fasta"),
        "text": layouts.text("Column of the text, for format text"),
        "second": layouts.text("Column of a second text, which makes every row a pair"),
        **layouts.FACTS,
        "id": layouts.text("Column of the example's name; numbered by row when absent"),
        "header": {
            "description": "Names of the columns in order, where the file does not name them",
            "type": "array",
            "minItems": 1,
            "items": {"type": "string"},
        },
        **layouts.DELIMITER,
        **layouts.TEXT_FILE,
        **layouts.SYMBOLS,
    },
    oneOf=layouts.ONE_OF_FILES,
)


def convert(folder: Path, corpus: Path, options: Options) -> None:
    """CSV, TSV or JSONL -> FASTA or texts, as the suffix of `corpus` says.

    Raises ValueError naming file and line for a missing column, a row with too many or too few
    cells, an empty cell, a label that is NaN, an unknown split or a symbol outside the alphabet.
    """
    cleaner = Cleaner(options.alphabet, options.strip)
    as_text = corpus.suffix == ".tsv"
    examples = (
        _text_example(where, name, facts, row, options)
        if as_text
        else sequence_example(where, name, facts, row[options.sequence], cleaner)
        for where, name, facts, row in _table_rows(folder, options, as_text)
    )
    write(corpus, with_dev(examples, options.dev_share), cleaner)


def _table_rows(
    folder: Path, options: Options, as_text: bool
) -> Iterator[tuple[str, str, dict, dict]]:
    """(where, id, facts, row) of every row of every file."""
    names = {fact: getattr(options, fact) for fact in FACTS if getattr(options, fact)}
    contents = [options.text, options.second] if as_text else [options.sequence]
    if options.second and not as_text:
        raise ValueError("layout: `second` is for texts; FASTA holds one sequence a record")
    columns = [name for name in (*contents, *names.values(), options.id) if name]
    for part, name in (options.files or {None: options.file}).items():
        path = find(folder, name)
        stem = part or re.sub(r"\s+", "_", PurePosixPath(name).name.split(".")[0])
        for where, row in rows(
            path,
            columns,
            delimiter=options.delimiter,
            encoding=options.encoding,
            header=options.header,
        ):
            facts = {fact: cell(where, row, column) for fact, column in names.items()}
            if "split" in facts:
                facts["split"] = split_name(where, facts["split"])
            facts |= {"split": part} if part else {}
            if facts["label"].lower() == "nan":
                raise ValueError(f"{where}: {options.label} is {facts['label']}; remove the row")
            number = int(where.rpartition(" ")[2])
            own = cell(where, row, options.id) if options.id else f"{stem}-{number:06d}"
            yield where, own, facts, row


def _text_example(
    where: str, name: str, facts: Mapping, row: Mapping[str, str], options: Options
) -> TextExample:
    texts = [cell(where, row, column) for column in (options.text, options.second) if column]
    # Breaks and tabs inside a text are white space to every encoder.
    texts = [" ".join(text.split()) for text in texts]
    second = texts[1] if options.second else ""
    return TextExample(
        name, texts[0], facts["label"], facts.get("group"), facts.get("split"), second
    )
