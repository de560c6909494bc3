"""The options of each converter, and which house forms it can write: closed, checked when planned.

A task's `layout` says how its files are laid out: which column, which word of a header, which file.
The four general converters read anyone's data; the packaged ones know theirs and take no options.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from seqtransfer.corpora.alphabets import ALPHABETS, STRIPPED

PARTS = ("train", "dev", "test")
HOW = ("field", "pattern", "file", "column")


@dataclass(frozen=True)
class Source:
    """Where the label, group or split of a FASTA record stands: exactly one of the first four.

    field: number of the header's word, 1 is the id; pattern: a regular expression with one group,
    searched in the header; file: the same, searched in the file's name; column: of the table
    `labels`. default: what it is where field or pattern finds nothing (absent: an error).
    """

    field: int | None = None
    pattern: str | None = None
    file: str | None = None
    column: str | None = None
    default: str | None = None


@dataclass(frozen=True)
class Table:
    """Columns of a CSV, TSV or JSONL table; `file`, or `files` by part.

    sequence, text, second, label, group, split, id: names of columns. header: the columns in order,
    where the file does not name them. dev_share: share of the training part to hold out as dev.
    """

    file: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    sequence: str = "sequence"
    text: str = "text"
    second: str | None = None
    label: str = "label"
    group: str | None = None
    split: str | None = None
    id: str | None = None
    header: tuple[str, ...] | None = None
    delimiter: str | None = None
    encoding: str = "utf-8-sig"
    alphabet: str | None = None
    strip: tuple[str, ...] = ()
    dev_share: float = 0.0


@dataclass(frozen=True)
class Fasta:
    """FASTA (or GenBank, EMBL) files; `file`, a pattern such as `*.fasta`, or `files` by part.

    labels: a table with a column `id`, for facts that do not stand in the files themselves.
    """

    file: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    format: str = "fasta"
    labels: str | None = None
    label: Source = field(default_factory=lambda: Source(pattern=r"(?:^|\s)label=(\S+)"))
    group: Source | None = None
    split: Source | None = None
    alphabet: str | None = None
    strip: tuple[str, ...] = ()
    dev_share: float = 0.0


@dataclass(frozen=True)
class Midi:
    """A table of MIDI files; their paths are relative to the table, or to the source's folder."""

    table: str
    file: str = "file"
    label: str = "label"
    group: str | None = None
    split: str | None = None
    delimiter: str | None = None
    encoding: str = "utf-8-sig"


@dataclass(frozen=True)
class Lines:
    """Text files with one text (or sequence) a line; `files` maps each label to its file."""

    files: Mapping[str, str]
    encoding: str = "utf-8-sig"
    alphabet: str | None = None
    strip: tuple[str, ...] = ()


GENERAL = {"table": Table, "fasta": Fasta, "midi": Midi, "lines": Lines}

# Converter -> house forms that it writes.
FORMS = {
    "table": ("fasta", "text"),
    "lines": ("fasta", "text"),
    "fasta": ("fasta",),
    "midi": ("midi",),
    "scores": ("midi",),
    "sentiment": ("text",),
    "topics": ("text",),
    "localization": ("fasta",),
    "peptides": ("fasta",),
    "splice": ("fasta",),
    "tunes": ("midi",),
    "cola": ("text",),
    "sst2": ("text",),
    "mrpc": ("text",),
    "qqp": ("text",),
    "stsb": ("text",),
    "mnli": ("text",),
    "qnli": ("text",),
    "rte": ("text",),
    "fluorescence": ("fasta",),
    "stability": ("fasta",),
    "hilbert_cnn": ("fasta",),
    "splice_rows": ("fasta",),
    "maestro": ("midi",),
}


def parse(converter: str, layout: Mapping) -> Table | Fasta | Midi | Lines | None:
    """The options of a task's `layout`, with defaults; None for the packaged converters.

    Raises ValueError that names the key, and the allowed ones, for a key that the converter does
    not know, a value of the wrong kind, or keys that contradict each other.
    """
    kind = GENERAL.get(converter)
    if kind is None:
        if layout:
            raise ValueError(f"converter `{converter}` takes no layout; found {sorted(layout)}")
        return None
    known = {one.name: one for one in fields(kind)}
    _refuse_unknown(f"layout of converter `{converter}`", layout, known)
    values = {}
    for key, value in layout.items():
        values[key] = _value(key, value, str(known[key].type))
    try:
        options = kind(**values)
    except TypeError:
        needed = "table" if kind is Midi else "files"
        raise ValueError(f"layout of converter `{converter}` needs the key `{needed}`") from None
    _check(converter, options)
    return options


def _check(converter: str, options: Table | Fasta | Midi | Lines) -> None:
    if isinstance(options, Table | Fasta):
        if (options.file is None) == (not options.files):
            raise ValueError(f"layout of converter `{converter}` needs either `file` or `files`")
        strangers = sorted(set(options.files) - set(PARTS))
        if strangers:
            raise ValueError(
                f"layout: files: {strangers[0]!r} is no part; use some of {', '.join(PARTS)}"
            )
        if options.files and options.split:
            raise ValueError("layout: `files` by part and `split` contradict each other; drop one")
        if not 0 <= options.dev_share < 1:
            raise ValueError(f"layout: dev_share is {options.dev_share}; it must be 0 or below 1")
        if options.dev_share and "dev" in options.files:
            raise ValueError("layout: a dev file and `dev_share` contradict each other; drop one")
        if options.dev_share and not (options.files or options.split):
            raise ValueError("layout: `dev_share` needs given parts: state `files` or `split`")
    if isinstance(options, Fasta):
        if options.format not in ("fasta", "genbank", "embl"):
            raise ValueError(f"layout: format {options.format!r}; use fasta, genbank or embl")
        sources = (options.label, options.group, options.split)
        if any(source and source.column for source in sources) != (options.labels is not None):
            raise ValueError(
                "layout: the table `labels` and a `column` of it belong together, such as "
                "labels: x.tsv, label: {column: label}"
            )
    if not isinstance(options, Midi):
        if options.alphabet not in (None, *ALPHABETS):
            known = ", ".join(ALPHABETS)
            raise ValueError(f"layout: alphabet {options.alphabet!r} is unknown; known: {known}")
        for name in options.strip:
            if name not in STRIPPED:
                raise ValueError(f"layout: strip: {name!r} is unknown; known: {STRIPPED}")


def _value(key: str, value, kind: str):
    """`value`, checked against the annotation of its field."""
    if "Source" in kind:
        return _source(key, value)
    if "Mapping" in kind:
        good = (
            isinstance(value, Mapping) and value and all(isinstance(v, str) for v in value.values())
        )
        if not good:
            raise ValueError(f"layout: {key} is {value!r} instead of a map to file names")
        return {str(name): path for name, path in value.items()}
    if "tuple" in kind:
        if not isinstance(value, list | tuple) or not all(isinstance(v, str) for v in value):
            raise ValueError(f"layout: {key} is {value!r} instead of a list of names")
        return tuple(value)
    if "float" in kind:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"layout: {key} is {value!r} instead of a number")
        return float(value)
    if not isinstance(value, str) or not value:
        raise ValueError(f"layout: {key} is {value!r} instead of a name")
    return value


def _source(key: str, value) -> Source:
    if not isinstance(value, Mapping):
        raise ValueError(f"layout: {key} is {value!r} instead of a map such as {{field: 2}}")
    _refuse_unknown(f"layout: {key}", value, {one.name: one for one in fields(Source)})
    if sum(how in value for how in HOW) != 1:
        raise ValueError(f"layout: {key} needs exactly one of {', '.join(HOW)}")
    if "field" in value and (not isinstance(value["field"], int) or value["field"] < 1):
        raise ValueError(f"layout: {key}: field is {value['field']!r}; it counts words from 1")
    for how in ("pattern", "file"):
        try:
            groups = re.compile(value[how]).groups if how in value else 1
        except (re.error, TypeError) as error:
            raise ValueError(
                f"layout: {key}: {how} {value[how]!r} is no regular expression ({error})"
            ) from error
        if groups != 1:
            raise ValueError(f"layout: {key}: {how} {value[how]!r} needs one group in ( )")
    return Source(**value)


def _refuse_unknown(where: str, given: Mapping, known: Mapping) -> None:
    for key in given:
        if key not in known:
            raise ValueError(f"{where}: unknown key {key!r}; allowed: {', '.join(known)}")
