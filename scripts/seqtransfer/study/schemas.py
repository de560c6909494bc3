"""A study and the catalogue held against their schemas: the first mistake in one line that teaches.

Snakemake's own `validate` prints the schema's text around a mistake, hundreds of lines of it for a
misspelt key of a task.
"""

import difflib
from collections.abc import Mapping
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.exceptions import best_match

TYPES = {
    "array": "a list, in [ ]",
    "object": "a map of keys and values",
    "string": "text; put it in quotation marks",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}


def check(record: object, schema: Path | Mapping, where: str = "") -> None:
    """Raise ValueError if `record` is not as the JSON Schema `schema`, or its YAML file, says.

    The message begins with the place of the mistake, keys below `where` joined by points.
    """
    if isinstance(schema, Path):
        schema = yaml.safe_load(schema.read_text(encoding="utf-8"))
    error = best_match(Draft202012Validator(schema).iter_errors(record))
    if error is not None:
        place = ".".join([*([where] if where else []), *map(str, error.absolute_path)])
        raise ValueError(f"{place or 'the study'}: {_said(error)}")


def _said(error: ValidationError) -> str:
    """What is wrong, and what would be right."""
    value, schema = error.instance, error.schema
    known = schema.get("properties", {})
    if error.validator == "additionalProperties" and isinstance(value, dict):
        unknown = next(key for key in value if key not in known)
        near = difflib.get_close_matches(str(unknown), known, n=1)
        meant = f"did you mean {near[0]!r}? " if near else ""
        word = "Known" if near else "known"
        return f"unknown key {unknown!r}; {meant}{word}: {', '.join(sorted(known))}"
    if error.validator in ("anyOf", "oneOf") and _is_choice_of_keys(error.validator_value):
        ways = " or ".join(f"`{part['required'][0]}:`" for part in error.validator_value)
        one = "one of " if error.validator == "oneOf" else ""
        return f"needs {one}{ways}; it has {', '.join(map(str, value)) or 'no key'}"
    if error.validator == "enum":
        return f"{value!r} is unknown; known: {', '.join(map(str, error.validator_value))}"
    if error.validator == "required":
        lacking = next(key for key in error.validator_value if key not in value)
        return f"needs `{lacking}:`"
    if error.validator == "type":
        hint = ""
        if isinstance(value, str) and _is_number(value):
            exponent = "e" in value.lower()
            hint = "; YAML reads 1e-4 as text: write 1.0e-4" if exponent else "; drop the quotes"
        return f"{value!r} is not {TYPES[error.validator_value]}{hint}"
    if error.validator == "pattern" and "description" in schema:
        return f"{error.message} ({schema['description']})"
    return error.message


def _is_choice_of_keys(parts: list) -> bool:
    return all({*part} == {"required"} for part in parts)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


class _Once(yaml.SafeLoader):
    """Reads YAML as usual, but no map with a key that comes twice."""

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        twice = next((key for key in keys if key != "<<" and keys.count(key) > 1), None)
        if twice is not None:
            line = node.start_mark.line + 1
            raise ValueError(
                f"the key {twice!r} comes twice in the map at line {line}; join the two"
            )
        return super().construct_mapping(node, deep)


def check_once(path: Path) -> None:
    """Raise ValueError if a map in the YAML file has a key twice, of which YAML keeps the last."""
    try:
        yaml.load(Path(path).read_text(encoding="utf-8-sig"), _Once)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
