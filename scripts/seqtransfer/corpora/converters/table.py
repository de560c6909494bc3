"""CSV, TSV or JSONL tables -> labelled sequences of letters or symbols, or texts."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from seqtransfer.corpora import layouts
from seqtransfer.corpora.alphabets import ALPHABETS, Cleaner
from seqtransfer.corpora.corpus_files import (
    Divided,
    cell,
    one_line,
    sequence_example,
    with_dev,
    write,
)
from seqtransfer.corpora.examples import FACTS, Example, TextExample, check_symbol_labels
from seqtransfer.corpora.text_files import UTF8, find, rows

LONG_SYMBOL = 12  # characters of a whole sequence that nobody means as one symbol
BOTH_CASES = "[A-Za-z]"  # a pattern of a symbol that tells upper case from lower case


@dataclass(frozen=True)
class RowOptions:
    """Which rows of which files mean what. Raises ValueError as `layouts.check_parts`."""

    file: str | None = None
    files: Mapping[str, str] | None = None
    dev_share: float = 0
    sequence: str = "sequence"
    text: str = "text"
    second: str | None = None
    label: str = "label"
    group: str | None = None
    group_pattern: str | None = None
    split: str | None = None
    parts: Mapping[str, Sequence] | None = None
    id: str | None = None
    alphabet: str | None = None
    strip: Sequence[str] = ()
    symbol: str = r"\S+"
    symbol_label: str | None = None

    def __post_init__(self):
        layouts.check_parts(self.files, self.split, self.dev_share, self.parts)
        layouts.check_pattern("`symbol`", self.symbol, groups=0)
        if self.group_pattern is not None:
            if self.group is None:
                raise ValueError(
                    "`group_pattern` is searched in the column `group`; name that, too"
                )
            layouts.check_pattern("`group_pattern`", self.group_pattern)
        if self.symbol_label is not None:
            layouts.check_pattern("`symbol_label`", self.symbol_label, groups=0)


@dataclass(frozen=True)
class Options(RowOptions):
    """The keys of `layout`, described in LAYOUT."""

    header: Sequence[str] | None = None
    delimiter: str | None = None
    encoding: str = UTF8
    quoted: bool = True


# From a file and the columns asked for to (where, {column: cell}) of every row.
Read = Callable[[Path, list[str]], Iterator[tuple[str, dict[str, str]]]]

LAYOUT = layouts.schema(
    Options,
    {
        **layouts.FILES,
        "sequence": layouts.text("Column of the sequence, for format fasta or symbols"),
        "symbol": layouts.text(
            "Regular expression of one symbol, for format symbols; what no match covers is left out"
        ),
        "symbol_label": layouts.text(
            "Regular expression of the label of one symbol, in the column of the label, for kind"
            " token_classification"
        ),
        "text": layouts.text("Column of the text, for format text"),
        "second": layouts.text("Column of a second text, which makes every row a pair"),
        **layouts.FACTS,
        "group_pattern": layouts.text(
            "Regular expression of one group, searched in the column `group`, such as (\\d+) for"
            " the position in M301A; the whole cell when absent"
        ),
        **layouts.PARTS,
        "id": layouts.text("Column of the example's name; numbered by row when absent"),
        "header": {
            "description": "Names of the columns in order, where the file does not name them",
            "type": "array",
            "minItems": 1,
            "items": {"type": "string"},
        },
        **layouts.DELIMITER,
        **layouts.QUOTED,
        **layouts.TEXT_FILE,
        **layouts.SYMBOLS,
        "alphabet": layouts.SYMBOLS["alphabet"]
        | {
            "description": "Which letters a sequence may hold, in either case; when absent, any"
            " letter, `*` and `-`, or for format symbols whatever `symbol` finds, as it stands"
        },
    },
    oneOf=layouts.ONE_OF_FILES,
)


def convert(folder: Path, corpus: Path, options: Options) -> list[str]:
    """CSV, TSV or JSONL -> FASTA, symbols or texts, as the suffix of `corpus` says. Returns the
    place of each example, in order.

    Raises ValueError naming file and line for a missing column, a row with too many or too few
    cells, an empty cell, an unknown split, a symbol outside the alphabet, or one letter in both
    cases among labelled letters without one.
    """
    return write_rows(folder, corpus, options, reader(options))


def reader(options: Options) -> Read:
    """What reads a file as the layout says."""
    shape = {name: getattr(options, name) for name in ("header", "delimiter", "quoted", "encoding")}
    return partial(rows, **shape)


def write_rows(folder: Path, corpus: Path, options: RowOptions, read: Read) -> list[str]:
    """Write the rows of the files that `options` name; `read` reads one of the files. Returns the
    place of each."""
    cleaner = Cleaner(options.alphabet, options.strip)
    made = examples(folder, corpus.suffix, options, read, cleaner)
    if options.symbol_label and not options.alphabet and not _names_both_cases(options.symbol):
        made = _in_one_case(made)
    return write(corpus, with_dev(made, options.dev_share), cleaner)


def examples(
    folder: Path, suffix: str, options: RowOptions, read: Read, cleaner: Cleaner
) -> Iterator[Example | TextExample]:
    """The example of every row of every file. Raises ValueError as `convert` does.

    suffix: .fasta, .symbols or .tsv, of the corpus that they are for.
    """
    make = {
        ".tsv": _text_example,
        ".symbols": partial(_symbols_example, cleaner=cleaner),
        ".fasta": lambda where, name, facts, row, options: sequence_example(
            where, name, facts, row[options.sequence], cleaner
        ),
    }[suffix]
    for where, name, facts, row in labelled_rows(folder, options, suffix == ".tsv", read):
        yield make(where, name, facts, row, options)


def labelled_rows(
    folder: Path, options: RowOptions, as_text: bool, read: Read
) -> Iterator[tuple[str, str, dict, dict]]:
    """(where, id, facts, row) of every row of every file."""
    names = {fact: getattr(options, fact) for fact in FACTS if getattr(options, fact)}
    contents = [options.text, options.second] if as_text else [options.sequence]
    if options.second and not as_text:
        raise ValueError("layout: `second` is for texts; leave it out, or use format text")
    divided = Divided(options.parts)
    columns = [name for name in (*contents, *names.values(), options.id) if name]
    for part, name in (options.files or {None: options.file}).items():
        path = find(folder, name)
        stem = part or re.sub(r"\s+", "_", PurePosixPath(name).name.split(".")[0])
        for where, row in read(path, columns):
            facts = {name: one_line(where, row, column) for name, column in names.items()}
            if options.group_pattern:
                facts["group"] = _group(where, facts["group"], options.group_pattern)
            if "split" in facts:
                facts["split"] = divided.part(where, facts["split"])
            facts |= {"split": part} if part else {}
            number = int(where.rpartition(" ")[2])
            own = one_line(where, row, options.id) if options.id else f"{stem}-{number:06d}"
            yield where, own, facts, row
    divided.check(folder)


def _group(where: str, cell: str, pattern: str) -> str:
    found = layouts.searched(f"{where}: group_pattern", pattern, cell)
    if found is None:
        raise ValueError(
            f"{where}: the pattern of `group_pattern`, {pattern!r}, finds nothing in the group"
            f" {cell[:40]!r}; correct it, or remove the row"
        )
    others = {match[1] for match in re.finditer(pattern, cell)} - {found, None}
    if others:
        raise ValueError(
            f"{where}: the pattern of `group_pattern`, {pattern!r}, finds {found!r} and"
            f" {others.pop()!r} in the group {cell[:40]!r}, which can be in one group alone; remove"
            " rows of several, or say in the pattern which counts, such as by ^"
        )
    return found


def _names_both_cases(pattern: str) -> bool:
    """Whether a pattern holds letters of both cases, `\\S` and `(?i)` aside."""
    letters = re.sub(r"\\.|\(\?[a-z]+\)", "", pattern)
    return letters != letters.upper() and letters != letters.lower()


def _in_one_case(examples: Iterator[Example]) -> Iterator[Example]:
    """The same examples; ValueError at their end if all symbols are letters, and one of them comes
    in both cases, as where repeats of DNA are in lower case (a soft mask): an `a` is no other base
    than an `A`. Where there are other symbols, as in SMILES, the cases are two."""
    places: dict[str, str] = {}
    for example in examples:
        for symbol in example.symbols:
            places.setdefault(symbol, example.place)
        yield example
    both = next((one for one in places if one.islower() and one.upper() in places), None)
    upper = {symbol.upper() for symbol in places}
    fitting = (name for name, a in ALPHABETS.items() if upper <= set(a.letters + a.ambiguous))
    name = next(fitting, None)
    if both and name:
        raise ValueError(
            f"{places[both]}: holds {both!r}, and {places[both.upper()]} {both.upper()!r}, which"
            f" would be two symbols; state `alphabet: {name}`, which reads both as one, or, if two"
            f" are meant, `symbol: '{BOTH_CASES}'`"
        )


def _symbols_example(
    where: str,
    name: str,
    facts: Mapping,
    row: Mapping[str, str],
    options: RowOptions,
    cleaner: Cleaner,
) -> Example:
    text = cell(where, row, options.sequence)
    symbols = tuple(re.findall(options.symbol, text))
    broken = next((one for one in symbols if not one or re.search(r"\s", one)), None)
    if broken is not None or not symbols:
        found = "nothing" if broken is None else repr(broken)
        raise ValueError(
            f"{where}: `symbol` {options.symbol!r} finds {found} in {text[:40]!r}; a symbol holds"
            " no white space and is not empty"
        )
    if options.symbol == RowOptions.symbol and len(symbols) == 1 and len(text) >= LONG_SYMBOL:
        raise ValueError(
            f"{where}: {text[:40]!r} has no white space, so it is one symbol; state `symbol`, a"
            " regular expression of one, such as `symbol: '.'` for each character"
        )
    cleaner.leave_out(text, re.sub(options.symbol, "", text))
    label, kept = facts["label"], range(len(symbols))
    if options.symbol_label:
        labels = _symbol_labels(where, options.symbol_label, label)
        check_symbol_labels(where, symbols, labels)
    if options.alphabet or options.strip:
        key = "alphabet" if options.alphabet else "strip"
        longer = next((symbol for symbol in symbols if len(symbol) > 1), None)
        if longer:
            raise ValueError(
                f"{where}: `{key}` is of single letters, and `symbol` {options.symbol!r} finds"
                f" {longer[:40]!r}; write `symbol: '.'`, or leave `{key}` out"
            )
        kept = cleaner.kept(symbols)
        symbols = tuple(cleaner.clean(where, "".join(symbols)))
    if options.symbol_label:
        label = " ".join(labels[place] for place in kept)
    group, split = facts.get("group"), facts.get("split")
    return Example(name, symbols, label, group, split, place=where)


def _symbol_labels(where: str, pattern: str, label: str) -> list[str]:
    """The labels of a record's symbols. Between all of them stands the same, such as `/`; where it
    does not, as in H-HEE, a symbol's label may have been left out, and others would move to it."""
    first, *between, last = (text.strip() for text in re.split(pattern, label))
    if first or last or len(set(between)) > 1:
        left = first or last or max(between, key=len)
        raise ValueError(
            f"{where}: `symbol_label` {pattern!r} leaves {left[:20]!r} out of {label[:40]!r}, but"
            " not between all labels; match it, too: what is none of `classes` is never scored"
        )
    return re.findall(pattern, label)


def _text_example(
    where: str, name: str, facts: Mapping, row: Mapping[str, str], options: RowOptions
) -> TextExample:
    texts = [cell(where, row, column) for column in (options.text, options.second) if column]
    # Breaks and tabs inside a text are white space to every encoder.
    texts = [" ".join(text.split()) for text in texts]
    second = texts[1] if options.second else ""
    label, group, split = facts["label"], facts.get("group"), facts.get("split")
    return TextExample(name, texts[0], label, group, split, second, place=where)
