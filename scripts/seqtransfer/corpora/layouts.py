"""What the keys of a task's `layout` mean: type and description, as parts of JSON Schemas.

A layout says how files are laid out: which column, which word of a header, which file. Every
converter that reads anyone's files has a dataclass `Options`, whose fields are the keys and their
defaults, and a schema `LAYOUT`, against which studies are validated before any job runs. The docs
are made from the schemas. Jobs read `Options` alone, so that a description may change without
rerunning them. Here is what several converters share.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from pathlib import PurePosixPath

from seqtransfer.corpora.alphabets import ALPHABETS, STRIPPED
from seqtransfer.corpora.examples import SPLITS


def text(description: str) -> dict:
    """The schema of a key that is a name, such as that of a column."""
    return {"description": description, "type": "string", "minLength": 1}


def file(description: str) -> dict:
    """The schema of a key that is a path of a file of the source, or a pattern of such paths."""
    return {"description": description, "type": "string", "format": "path inside"}


FILES = {
    "file": file("Name of the one file; or `files`"),
    "files": {
        "description": "Names of the files by part: train, dev, test",
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": {part: file(f"Name of the file of {part}") for part in SPLITS},
    },
    "dev_share": {
        "description": (
            "Share of the given training part that becomes dev: whole groups, else by content"
        ),
        "type": "number",
        "minimum": 0,
        "exclusiveMaximum": 1,
    },
}
ONE_OF_FILES = [{"required": ["file"]}, {"required": ["files"]}]
FACTS = {
    "label": text("Column of the label"),
    "group": text("Column of the group: examples that stay on one side of a split"),
    "split": text("Column of the part that an example belongs to: train, dev or test"),
}
PARTS = {
    "parts": {
        "description": "What `split` says of examples of dev and of test, such as names of"
        " chromosomes or numbers of folds; all others are train. When absent, usual words",
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        "properties": {
            part: {"type": "array", "minItems": 1, "items": {"type": ["string", "integer"]}}
            for part in ("dev", "test")
        },
    }
}
TEXT_FILE = {
    "encoding": {
        "description": "Encoding of the text, such as utf-16",
        "type": "string",
        "format": "encoding",
    }
}
DELIMITER = {
    "delimiter": {
        "description": "One character between cells; known from the file's name when absent",
        "type": "string",
        "format": "delimiter",
    }
}
QUOTED = {
    "quoted": {
        "description": "Whether quotation marks enclose cells, as CSV has them (the default);"
        " false: they are characters like any other",
        "type": "boolean",
    }
}
SYMBOLS = {
    "alphabet": {
        "description": "Which symbols a sequence may hold; any letter, `*` and `-` when absent",
        "enum": list(ALPHABETS),
    },
    "strip": {
        "description": "What is taken out of sequences: `-` and `.`, or a `*` at the end",
        "type": "array",
        "items": {"enum": list(STRIPPED)},
    },
}


def schema(options: type, keys: Mapping[str, dict], **rules: object) -> dict:
    """The JSON Schema of a layout: every field of the dataclass `options`, and no other key.

    keys: the schema of each field without its default; rules: further keywords of the whole.
    """
    closed = {"type": "object", "additionalProperties": False}
    properties = {one.name: dict(keys[one.name]) for one in fields(options)}
    for one in fields(options):
        made = one.default if one.default_factory is MISSING else one.default_factory()
        if made not in (MISSING, None, ()):
            properties[one.name]["default"] = made
    return closed | {"properties": properties} | rules


def check_parts(
    files: Mapping[str, str] | None,
    split: object,
    dev_share: float,
    parts: Mapping[str, Sequence] | None = None,
) -> None:
    """Raise ValueError if these options of a layout contradict each other."""
    if parts and not split:
        raise ValueError("`parts` needs `split`: where an example says to which of them it belongs")
    words = [str(word) for listed in (parts or {}).values() for word in listed]
    if len(words) != len(set(words)):
        twice = next(word for word in words if words.count(word) > 1)
        raise ValueError(f"`parts`: {twice!r} stands in it twice; drop one")
    if dev_share and "dev" in (parts or {}):
        raise ValueError("`parts` of dev and `dev_share` contradict each other; drop one")
    if files and split:
        raise ValueError("`files` by part and `split` contradict each other; drop one")
    if dev_share and "dev" in (files or {}):
        raise ValueError("a dev file and `dev_share` contradict each other; drop one")
    if dev_share and not (files or split):
        raise ValueError("`dev_share` needs given parts: state `files` or `split`")
    homes: dict[PurePosixPath, str] = {}
    for part, name in (files or {}).items():
        other = homes.setdefault(PurePosixPath(name), part)
        if other != part:
            raise ValueError(
                f"files: {other} and {part} are both {name!r}; name a file of its own for each"
                f" part, or `file: {name}` and another split than `given`"
            )


def searched(where: str, pattern: str, text: str) -> str | None:
    """What the one group of a pattern finds in a text, None for nothing.

    Raises ValueError, beginning with `where`, if the pattern begins within a word or ends within a
    word or number: `occupied=(\\d)` would find 1 in `occupied=12`, and in `preoccupied=1`.
    """
    match = re.search(pattern, text)
    if not match or not match[1]:
        return None
    start, end = match.start(), match.end(1)
    before, after = text[max(0, start - 1) : start + 1], text[end - 1 : end + 2]
    if match.end() == end and re.match(r"\d\.?\d|[^\W\d_]{2}", after):
        raise ValueError(
            f"{where}: pattern {pattern!r} finds {match[1]!r} in"
            f" {text[match.start(1) : end + 10]!r}, where it goes on; take the whole word, such as"
            " by (\\S+), or say in the pattern what follows"
        )
    if start < match.start(1) and re.fullmatch(r"[^\W\d_]{2}", before):
        raise ValueError(
            f"{where}: pattern {pattern!r} begins within a word,"
            f" {text[max(0, start - 10) : end]!r}; begin it with \\b, or with what stands before"
        )
    return match[1]


def check_pattern(where: str, pattern: str, groups: int = 1) -> None:
    """Raise ValueError, beginning with `where`, unless it is a regular expression of so many
    groups, one or none."""
    try:
        found = re.compile(pattern).groups
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{where} {pattern!r} is no regular expression ({error})") from error
    if found != groups:
        needed = "needs one group in ( )" if groups else "has a group; write (?: ) for ( )"
        raise ValueError(f"{where} {pattern!r} {needed}")
