"""Anyone's tables, lists of texts and folders of MIDI files -> a house form.

Each converter takes the source's folder, the corpus to write (its suffix is the house form: .fasta,
.tsv or .midi) and the task's layout, whose keys `layouts` describes. Nothing is guessed: what the
layout does not name is not read, and whatever is not as stated is refused with file and line.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from seqtransfer import layouts
from seqtransfer.alphabets import Cleaner
from seqtransfer.corpora import FACTS, Example, TextExample
from seqtransfer.reading import check_text, find, open_text, rows
from seqtransfer.writing import cell, copy_midi, sequence_example, split_name, with_dev, write


def table(folder: Path, corpus: Path, layout: Mapping) -> None:
    """CSV, TSV or JSONL -> FASTA or texts.

    Raises ValueError naming file and line for a missing column, a row with too many or too few
    cells, an empty cell, a label that is NaN, an unknown split or a symbol outside the alphabet.
    """
    options = layouts.parse("table", layout)
    cleaner = Cleaner(options.alphabet, options.strip)
    as_text = corpus.suffix == ".tsv"
    examples = (
        _text_example(where, name, facts, row, options)
        if as_text
        else sequence_example(where, name, facts, row[options.sequence], cleaner)
        for where, name, facts, row in _table_rows(folder, options, as_text)
    )
    write(corpus, with_dev(examples, options.dev_share), cleaner)


def lines(folder: Path, corpus: Path, layout: Mapping) -> None:
    """Text files, one a label, with one text or sequence a line -> texts or FASTA.

    Empty lines are skipped and counted. Raises ValueError naming file and line as `table` does.
    """
    options = layouts.parse("lines", layout)
    cleaner = Cleaner(options.alphabet, options.strip)
    write(corpus, _line_examples(folder, options, cleaner, corpus.suffix == ".tsv"), cleaner)


def midi(folder: Path, corpus: Path, layout: Mapping) -> None:
    """A table of MIDI files -> copies of them and the index of the house form.

    Raises ValueError naming table and line for a file that is missing, not MIDI, comes twice or
    lies outside the source, and for empty cells.
    """
    options = layouts.parse("midi", layout)
    path = find(folder, options.table)
    names = {fact: getattr(options, fact) for fact in FACTS if getattr(options, fact)}
    read = rows(
        path,
        [options.file, *names.values()],
        delimiter=options.delimiter,
        encoding=options.encoding,
    )
    listed = []
    for where, row in read:
        facts = {fact: cell(where, row, column) for fact, column in names.items()}
        if "split" in facts:
            facts["split"] = split_name(where, facts["split"])
        listed.append((where, cell(where, row, options.file), facts))
    copy_midi([path.parent, Path(folder)], corpus, listed)


def _table_rows(
    folder: Path, options: layouts.Table, as_text: bool
) -> Iterator[tuple[str, str, dict, dict]]:
    """(where, id, facts, row) of every row of every file."""
    names = {fact: getattr(options, fact) for fact in FACTS if getattr(options, fact)}
    contents = [options.text, options.second] if as_text else [options.sequence]
    if options.second and not as_text:
        raise ValueError("layout: `second` is for texts; FASTA holds one sequence a record")
    columns = [name for name in (*contents, *names.values(), options.id) if name]
    for part, name in options.files.items() or [(None, options.file)]:
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
    where: str, name: str, facts: Mapping, row: Mapping[str, str], options: layouts.Table
) -> TextExample:
    texts = [cell(where, row, column) for column in (options.text, options.second) if column]
    # Breaks and tabs inside a text are white space to every encoder.
    texts = [" ".join(text.split()) for text in texts]
    second = texts[1] if options.second else ""
    return TextExample(
        name, texts[0], facts["label"], facts.get("group"), facts.get("split"), second
    )


def _line_examples(
    folder: Path, options: layouts.Lines, cleaner: Cleaner, as_text: bool
) -> Iterator[Example | TextExample]:
    for label, name in options.files.items():
        path, empty, stem = find(folder, name), 0, re.sub(r"\s+", "_", label)
        with open_text(path, options.encoding) as file:
            for number, line in enumerate(file, start=1):
                where, own = f"{path}: line {number}", f"{stem}-{number:06d}"
                check_text(where, line, options.encoding)
                if not line.strip():
                    empty += 1
                elif as_text:
                    yield TextExample(own, " ".join(line.split()), label, None, None)
                else:
                    yield sequence_example(where, own, {"label": label}, line, cleaner)
        print(f"{path}: {empty} empty lines skipped")
