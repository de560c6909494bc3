"""The words that a schema may give as `format:` of a text, beyond what a pattern says."""

import io
from pathlib import PurePosixPath

from jsonschema import FormatChecker

TABS = ("\\t", "\\\\t", "tab", "TAB")  # what stands for a tab where YAML reads no escape
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


@FORMATS.checks("delimiter", raises=ValueError)
def is_delimiter(value: object) -> bool:
    """True for a character that may part cells. Raises ValueError for anything else."""
    if isinstance(value, str) and (len(value) != 1 or value in '"\r\n\0'):
        how = 'for a tab write "\\t", in double quotation marks' if value in TABS else ""
        how = how or 'write one, such as ";", but no quotation mark and no line break'
        raise ValueError(f"{value!r} is not one character between cells; {how}")
    return True
