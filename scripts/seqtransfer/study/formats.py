"""The words that a schema may give as `format:` of a text, beyond what a pattern says."""

import io
from pathlib import PurePosixPath

from jsonschema import FormatChecker

FORMATS = FormatChecker(formats=())


@FORMATS.checks("path inside", raises=ValueError)
def is_inside(value: object) -> bool:
    """True for a path below its folder. Raises ValueError for one that leads elsewhere."""
    if isinstance(value, str):
        path = PurePosixPath(value)
        if path.is_absolute() or ".." in path.parts or not path.parts or not value.isprintable():
            raise ValueError(f"{value!r} is no path inside the source; give one without `..`")
    return True


@FORMATS.checks("encoding", raises=ValueError)
def is_encoding(value: object) -> bool:
    """True for an encoding of text that Python knows. Raises ValueError for another."""
    if isinstance(value, str):
        try:
            io.TextIOWrapper(io.BytesIO(), value).write("a")
        except (LookupError, ValueError) as error:
            raise ValueError(f"{value!r} is no encoding of text; name one, as utf-8") from error
    return True
