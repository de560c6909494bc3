"""What a converter's options may be: JSON Schemas that say type, meaning and default of each.

A task's `layout` says how its files are laid out: which column, which word of a header, which file.
A converter that reads anyone's data declares its options here or in its own file; a study is held
against them before any job runs, and the docs are made from them. Parts that several share:
"""

import re
from collections.abc import Mapping
from types import SimpleNamespace

from seqtransfer.corpora.alphabets import ALPHABETS, STRIPPED

PARTS = ("train", "dev", "test")


def text(description: str, default: str | None = None) -> dict:
    """An option that is a name: of a file, a column, an encoding."""
    known = {"description": description, "type": "string", "minLength": 1}
    return known | ({} if default is None else {"default": default})


FILES = {
    "file": text("Name of the one file; or `files`"),
    "files": {
        "description": "Names of the files by part: train, dev, test",
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": {part: text(f"Name of the file of {part}") for part in PARTS},
    },
    "dev_share": {
        "description": "Share of the given training part that becomes dev, chosen by content",
        "type": "number",
        "minimum": 0,
        "exclusiveMaximum": 1,
        "default": 0,
    },
}
ONE_OF_FILES = [{"required": ["file"]}, {"required": ["files"]}]
FACTS = {
    "label": text("Column of the label", "label"),
    "group": text("Column of the group: examples that stay on one side of a split"),
    "split": text("Column of the part that an example is given to: train, dev or test"),
}
TEXT_FILE = {"encoding": text("Of the file's text", "utf-8-sig")}
DELIMITER = {"delimiter": text("Between cells; known from the file's name when absent")}
SYMBOLS = {
    "alphabet": {
        "description": "Which symbols a sequence may hold; any letter, `*` and `-` when absent",
        "enum": list(ALPHABETS),
    },
    "strip": {
        "description": "What is taken out of sequences: `-` and `.`, or a `*` at the end",
        "type": "array",
        "items": {"enum": list(STRIPPED)},
        "default": [],
    },
}


def schema(properties: Mapping[str, dict], **rules: object) -> dict:
    """A closed JSON Schema of these options; `rules` are its further keywords."""
    closed = {"type": "object", "additionalProperties": False}
    return closed | {"properties": dict(properties)} | rules


def options(schema: Mapping, layout: Mapping) -> SimpleNamespace:
    """The values of `layout`, with defaults, or None, for the options that it leaves out."""
    defaults = {name: known.get("default") for name, known in schema["properties"].items()}
    return SimpleNamespace(**defaults | dict(layout))


def check_parts(layout: Mapping) -> None:
    """Raise ValueError if `files`, `split` and `dev_share` contradict each other."""
    files, share = layout.get("files", {}), layout.get("dev_share", 0)
    if files and "split" in layout:
        raise ValueError("`files` by part and `split` contradict each other; drop one")
    if share and "dev" in files:
        raise ValueError("a dev file and `dev_share` contradict each other; drop one")
    if share and not (files or "split" in layout):
        raise ValueError("`dev_share` needs given parts: state `files` or `split`")


def check_pattern(where: str, pattern: str) -> None:
    """Raise ValueError, beginning with `where`, unless it is a regular expression of one group."""
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise ValueError(f"{where} {pattern!r} is no regular expression ({error})") from error
    if groups != 1:
        raise ValueError(f"{where} {pattern!r} needs one group in ( )")
