"""Schemas and registries -> the tables of the reference pages, and one API page a room.

conf.py calls `write` before Sphinx reads a page. What it writes is ignored by git.
"""

import ast
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import yaml

from seqtransfer.corpora.converters import CONVERTERS
from seqtransfer.similarity.measures import MEASURES
from seqtransfer.tokens.tokenizations import TOKENIZATIONS

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "scripts/seqtransfer"
# Keywords of JSON Schema -> words; the value follows.
BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "above",
    "maximum": "at most",
    "exclusiveMaximum": "below",
    "minItems": "items: at least",
    "maxItems": "items: at most",
    "minProperties": "keys: at least",
}


def write(source: Path) -> None:
    """Write every generated page below the folder `source` of the documentation."""
    for name, schema in (("configuration", "config"), ("catalogue", "catalogue")):
        path = ROOT / f"workflow/schemas/{schema}.schema.yaml"
        page = source / f"reference/_generated/{name}.md"
        _update(page, schema_sections(yaml.safe_load(path.read_text())))
    _update(source / "reference/_generated/converters.md", converters())
    _update(source / "reference/_generated/tokenizations.md", tokenizations())
    _update(source / "reference/_generated/measures.md", measures())
    for room, modules in rooms().items():
        _update(source / f"api/{room}.md", api_page(room, modules))


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table; a bar within a cell is escaped."""
    cells = [header, ["---"] * len(header), *rows]
    lines = ["| " + " | ".join(c.replace("|", "\\|") for c in row) + " |" for row in cells]
    return "\n".join(lines) + "\n"


def schema_sections(schema: Mapping) -> str:
    """One table of dotted keys for every top-level key of a JSON Schema; simple keys come first."""
    simple, sections = {}, {}
    for name, known in schema["properties"].items():
        nested = "properties" in known or isinstance(known.get("additionalProperties"), dict)
        (sections if nested else simple)[name] = known
    parts = [options(simple, schema.get("required", []))] if simple else []
    for name, known in sections.items():
        keys = options({name: known}, schema.get("required", []))
        parts.append(f"## `{name}`\n\n{keys}")
    return "\n".join(parts)


def options(properties: Mapping[str, Mapping], required: list[str]) -> str:
    """The table of these keys and all below them."""
    rows = [row for name, known in properties.items() for row in _rows(name, known, required)]
    return table(["Key", "Type and range", "Needed", "Meaning"], rows)


def _rows(key: str, known: Mapping, required: list[str]) -> Iterator[list[str]]:
    """(key, type, needed, meaning) of one key, then of those nested in it."""
    own = key.rpartition(".")[2]
    nested = known.get("properties", {})
    named = known.get("additionalProperties")
    default = f" Default: `{known['default']}`." if "default" in known else ""
    meaning = known.get("description", "").strip()
    meaning = f"{meaning}.{default}" if meaning else default.strip()
    parent = bool(nested) or (isinstance(named, dict) and "properties" in named)
    if meaning or not parent:
        yield [f"`{key}`", kind(known), "yes" if own in required else "", meaning]
    for name, below in nested.items():
        yield from _rows(f"{key}.{name}", below, known.get("required", []))
    if isinstance(named, dict) and "properties" in named:
        yield from _rows(f"{key}.<name>", named, [])


def kind(known: Mapping) -> str:
    """Type and range of a value, in words."""
    if "anyOf" in known:
        return " or ".join(kind(one) for one in known["anyOf"])
    if "enum" in known:
        return "one of " + ", ".join(f"`{value}`" for value in known["enum"])
    bounds = [f"{words} {known[word]}" for word, words in BOUNDS.items() if word in known]
    name = known.get("type", "any")
    if name == "array":
        name = "list of " + kind(known.get("items", {}))
    elif name == "object" and isinstance(known.get("additionalProperties"), dict):
        name = "name: " + kind(known["additionalProperties"])
    elif name == "object":
        name = "mapping"
    return ", ".join([name, *bounds])


def converters() -> str:
    """All converters with what they write, then the options of each that takes a layout."""
    fixed = [
        [f"`{name}`", ", ".join(one.formats), _first_line(one.convert)]
        for name, one in CONVERTERS.items()
        if one.layout is None
    ]
    parts = []
    for name, one in CONVERTERS.items():
        if one.layout is not None:
            parts.append(f"## `{name}`\n\nWrites: {' or '.join(one.formats)}.\n")
            parts.append(options(one.layout["properties"], one.layout.get("required", [])))
    parts.append("## Converters of one data set\n\nThey take no layout.\n")
    return "\n".join([*parts, table(["Converter", "Writes", "Reads"], fixed)])


def _first_line(function: Callable | None) -> str:
    """The first line of a converter's docstring; of its module's where it has none."""
    if function is None:
        return "music21's corpus, composer by composer, by a rule of its own"
    function = getattr(function, "func", function)
    text = function.__doc__ or sys.modules[function.__module__].__doc__
    return text.strip().splitlines()[0].removesuffix(".")


def tokenizations() -> str:
    """All tokenizations with the formats that they are for and their options."""
    rows = [
        [
            f"`{name}`",
            ", ".join(one.formats),
            "; ".join(
                f"`{option}`: {known['description']} ({kind(known)})"
                for option, known in one.options.items()
            ),
            "yes" if one.trained else "",
        ]
        for name, one in TOKENIZATIONS.items()
    ]
    return table(["Kind", "Formats", "Options, all needed", "Learned from train"], rows)


def measures() -> str:
    """All measures with the range, symmetry, invariances and null of each."""
    rows = [
        [
            f"`{name}`",
            one.title,
            f"{one.low:g} to {one.high:g}" + (", a distance" if one.distance else ""),
            "yes" if one.symmetric else "",
            ", ".join(sorted(one.left)),
            ", ".join(sorted(one.right)) if one.right != one.left else "the same",
            (one.null_note or "exact") if one.null else "",
        ]
        for name, one in MEASURES.items()
    ]
    header = ["Measure", "Title and source", "Range", "Symmetric"]
    return table([*header, "Left may be", "Right may be", "Null by formula"], rows)


def rooms() -> dict[str, list[str]]:
    """Room -> its modules in alphabetical order, by their names below seqtransfer."""
    found = {"seqtransfer": ["seeds"]}
    for folder in sorted(path.parent for path in PACKAGE.glob("*/__init__.py")):
        paths = sorted(path.relative_to(PACKAGE).with_suffix("") for path in folder.rglob("*.py"))
        names = (".".join(path.parts).removesuffix(".__init__") for path in paths)
        found[folder.name] = [name for name in names if name != folder.name]
    return found


def api_page(room: str, modules: list[str]) -> str:
    """The page of a room: its guide, then the public names of every module."""
    package = "seqtransfer" if room == "seqtransfer" else f"seqtransfer.{room}"
    parts = [f"# {room}\n\n```{{eval-rst}}\n.. automodule:: {package}\n```\n"]
    for module in modules:
        members = ",".join(public_names(module))
        chosen = f"   :members: {members}\n" if members else ""
        directive = f".. automodule:: seqtransfer.{module}\n{chosen}"
        parts.append(f"## {module}\n\n```{{eval-rst}}\n{directive}```\n")
    return "\n".join(parts)


def public_names(module: str) -> list[str]:
    """Functions and classes with a docstring that a module defines, in the order of the file."""
    path = PACKAGE.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return [
        node.name
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and ast.get_docstring(node)
    ]


def literal(app, what, name, obj, settings, lines: list[str]) -> None:
    """Show a docstring as it was written: formulas and tables of plain text are not reST."""
    body = "\n".join(lines).strip("\n").split("\n")
    lines[:] = [".. code-block:: none", "", *(f"   {line}" for line in body), ""]


def _update(page: Path, text: str) -> None:
    """Write a page only if it changed, so that Sphinx reads anew what did."""
    page.parent.mkdir(parents=True, exist_ok=True)
    if not page.exists() or page.read_text() != text:
        page.write_text(text)
