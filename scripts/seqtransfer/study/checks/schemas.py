"""A study and the catalogue held against their schemas: the first mistake in one line that teaches.

Snakemake's own `validate` prints the schema's text around a mistake, hundreds of lines of it for a
misspelt key of a task.
"""

import difflib
import math
import re
from collections.abc import Collection, Mapping
from pathlib import Path

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.exceptions import best_match
from jsonschema.validators import extend

from seqtransfer.study import defaults
from seqtransfer.study.checks.formats import FORMATS

TYPES = {
    "array": "a list, in [ ]",
    "object": "a map of keys and values",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}
# What a study may hold, far above what any needs, so that checks of a hostile one end, too.
DEEPEST, LONGEST, MOST = 20, 2000, 100_000  # levels; characters or entries of a value; values
HIGHEST = 10**15  # bytes of a source are the largest numbers

# JSON counts 1.0 as an integer, but a seed of 1.0 would give other file names than 1.
Validator = extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    ),
)


class UnknownKey(ValueError):
    """A map has a key that its schema does not know.

    path: keys down to the map; key: the unknown one; record: the map; known: its keys, by the
    schema; near: the one that may be meant, "" if none is.
    """

    def __init__(self, path: tuple[str, ...], key: str, record: Mapping, known: Collection[str]):
        self.path, self.key, self.record, self.known = path, key, record, known
        self.near = next(iter(difflib.get_close_matches(str(key), known, n=1)), "")
        meant = f"did you mean {self.near!r}? Known" if self.near else "known"
        place = ".".join(path) or "the study"
        self.said = f"{place}: unknown key {key!r}"
        super().__init__(f"{self.said}; {meant}: {', '.join(sorted(known))}")


def check(record: object, schema: Path | Mapping, where: str = "") -> None:
    """Raise ValueError if `record` is not as the JSON Schema `schema`, or its YAML file, says.

    The message begins with the place of the mistake, keys below `where` joined by points. A
    `format` of the schema is one of `formats.FORMATS`.
    """
    if isinstance(schema, Path):
        schema = defaults.read(schema)
    validator = Validator(schema, format_checker=FORMATS)
    error = best_match(validator.iter_errors(record))
    if error is not None:
        path = (*(where.split(".") if where else ()), *map(str, error.absolute_path))
        value, known = error.instance, error.schema.get("properties", {})
        if error.validator == "additionalProperties" and isinstance(value, dict):
            raise UnknownKey(path, next(key for key in value if key not in known), value, known)
        raise ValueError(f"{'.'.join(path) or 'the study'}: {_said(error)}")


def check_values(record: object) -> None:
    """Raise ValueError naming the key if a value is nothing that any study holds.

    That is a number that is not finite; a whole number beyond HIGHEST; a key that is neither one
    line of text nor a whole number; text that is no UTF-8; and lists, maps or texts without
    bounds, such as maps that hold themselves through YAML's anchors.
    """
    left = MOST

    def walk(value: object, place: list[str]) -> None:
        nonlocal left
        left -= 1
        where = ".".join(place) or "the study"
        if len(place) > DEEPEST:
            raise ValueError(f"{where}: lies more than {DEEPEST} levels deep; write it flatter")
        if left < 0:
            raise ValueError(f"{where}: the study has more than {MOST} values; drop some")
        if isinstance(value, str | Mapping | list) and len(value) > LONGEST:
            many = f"{len(value)} {'characters' if isinstance(value, str) else 'entries'}"
            raise ValueError(f"{where}: has {many}; at most {LONGEST} are allowed")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{where}: {value} is not a finite number; write one, such as 0.1")
        if isinstance(value, int) and abs(value) > HIGHEST:
            raise ValueError(f"{where}: a whole number beyond {HIGHEST} suits no key; lower it")
        if isinstance(value, str):
            _check_text(where, value)
        elif isinstance(value, Mapping):
            for key, inner in value.items():
                _check_key(where, key)
                walk(inner, [*place, str(key)])
        elif isinstance(value, list):
            for number, inner in enumerate(value):
                walk(inner, [*place, str(number)])

    walk(record, [])


def _check_key(where: str, key: object) -> None:
    if isinstance(key, bool) or not isinstance(key, str | int):
        raise ValueError(f"{where}: the key {key!r} is not text; put it in quotation marks")
    if not str(key).isprintable() or len(str(key)) > 200:
        raise ValueError(f"{where}: the key {str(key)[:200]!r} is not one short line; rename it")


def _check_text(where: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        bad = text[error.start]
        raise ValueError(f"{where}: holds {bad!r}, which is no character; remove it") from error


def _said(error: ValidationError) -> str:
    """What is wrong, and what would be right."""
    value, schema = error.instance, error.schema
    if error.validator in ("anyOf", "oneOf") and _is_choice_of_keys(error.validator_value):
        ways = " or ".join(f"`{part['required'][0]}:`" for part in error.validator_value)
        one = "one of " if error.validator == "oneOf" else ""
        return f"needs {one}{ways}; it has {', '.join(map(str, value)) or 'no key'}"
    if error.validator == "enum":
        return f"{_short(value)} is unknown; known: {', '.join(map(str, error.validator_value))}"
    if error.validator == "required":
        lacking = next(key for key in error.validator_value if key not in value)
        return f"needs `{lacking}:`"
    if error.validator == "type":
        return f"{_short(value)} is not {TYPES[error.validator_value]}{_hint(error)}"
    if error.validator == "format":
        return str(error.cause)
    if error.validator == "minItems":
        return f"{_short(value)} has {len(value)} of at least {error.validator_value} entries"
    if error.validator == "uniqueItems":
        twice = next(entry for place, entry in enumerate(value) if entry in value[:place])
        return f"{_short(value)} has {_short(twice)} twice; drop one"
    message = error.message.replace(repr(value), _short(value))
    if error.validator == "pattern" and "description" in schema:
        return f"{message} ({schema['description']})"
    return message


def _hint(error: ValidationError) -> str:
    """How to write a value of another type: YAML reads 1e-4 and "1" as text, 1.0e+7 as 1e7."""
    value, kind = error.instance, error.validator_value
    if value is None:
        return "; give the key a value, or drop it"
    if kind == "string":
        return _hint_of_text(error)
    if kind == "object":
        return _hint_of_map(error)
    if kind == "array" and isinstance(value, str | int | float) and not isinstance(value, bool):
        numbers = error.schema.get("items", {}).get("type") == "integer"
        if numbers and isinstance(value, int) and value > 1:
            return f"; write [{value}] for this one number, or all of them, such as [0, 1, 2]"
        return f"; write [{value}]" if str(value).isprintable() else ""
    try:
        number = float(value) if isinstance(value, str | float) else math.nan
    except ValueError:
        number = math.nan
    if kind == "integer" and number.is_integer():
        plain = isinstance(value, str) and value.strip().isdigit()
        return "; drop the quotes" if plain else f"; write {int(number)}"
    if kind == "number" and math.isfinite(number):
        exponent = "e" in value.lower()
        return "; YAML reads 1e-4 as text: write 1.0e-4" if exponent else "; drop the quotes"
    return ""


def _hint_of_text(error: ValidationError) -> str:
    """How to write text: in quotation marks, where YAML reads something else; no list or map."""
    value = error.instance
    if isinstance(value, list) and value:
        # A task has one label; what has two is two tasks.
        label = list(error.path)[-1:] == ["label"]
        others = ", and a task of its own for each other one" if label else ""
        return f"; write one of them, such as {_short(value[0])}{others}"
    if isinstance(value, Mapping | list):
        return ""
    why = "YAML reads yes, no, on and off as true and false: " if isinstance(value, bool) else ""
    return f"; {why}put it in quotation marks, in a study file (`--config` drops them)"


def _hint_of_map(error: ValidationError) -> str:
    """How to write a map: with the value, where it suits one key alone, and all known keys."""
    value, schema, path = error.instance, error.schema, list(error.absolute_path)
    known = schema.get("properties", {})
    more = schema.get("additionalProperties", False)
    keys = known or ({"<name>": more} if more else {})
    if not keys or not path:
        return ""
    suited = [key for key, inner in keys.items() if Validator(inner).is_valid(value)]
    plain = re.fullmatch(r"[\w.-]{1,40}", str(value)) and not isinstance(value, bool)
    shown = value if len(suited) == 1 and plain else "..."
    names = f"; known: {', '.join(sorted(known))}" if known else ""
    return f"; write `{path[-1]}: {{{[*suited, *keys][0]}: {shown}}}`{names}"


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 200 else f"{shown[:190]} ..."


def _is_choice_of_keys(parts: list) -> bool:
    return all({*part} == {"required"} for part in parts)
