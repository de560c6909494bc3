"""Labels that are none: words for a missing one, and classes that are written another way."""

import math
import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal

# The usual words for a missing label or value in small letters, of pandas, R, SQL, spreadsheets.
MISSING = ("", "?", "na", "n/a", "#n/a", "<na>", "nan", "-nan", "none", "null")
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?")  # of which 4,933 may be 4.933, too


def is_missing(label: str) -> bool:
    """Whether a label or a value is a usual word for a missing one."""
    return label.strip().casefold() in MISSING


def check(where: str, label: str, classes: Sequence[str]) -> None:
    """Raise ValueError, beginning with `where`, if a label that is no class is missing, or is one
    of the `classes` but for case, white space around it, characters of no width, or how a
    number is written, such as 1, 1.0, 01 and 1.0e+00.

    Any other word is another label: its examples serve pretraining alone.
    """
    if label in classes:
        return
    if is_missing(label):
        raise ValueError(
            f"{where}: label {label!r} stands for a missing one; leave the row out, or list"
            f" {label!r} in `classes`"
        )
    near = next((name for name in classes if _plain(name) == _plain(label)), None)
    if near is not None:
        raise ValueError(
            f"{where}: label {label!r} is no class, but nearly {near!r}; write {label!r} in"
            f" `classes`, or {near!r} in the file; list both if they are two"
        )


def _plain(label: str) -> str:
    """The label but for what people write in two ways: numbers (also `v1.0`), accents, which are
    one character or two, and characters of no width among it."""
    seen = "".join(
        c for c in unicodedata.normalize("NFC", label) if unicodedata.category(c) != "Cf"
    )
    seen = seen.strip()
    if _number(seen) is not None:
        return str(Decimal(seen).normalize() or Decimal())  # 28 digits, and 0 for -0
    return re.sub(r"^0+(?=\d)|(?<=\d)\.0+$", "", seen).casefold()


def decimal(where: str, label: str) -> float:
    """The label of a regression; ValueError, beginning with `where`, if it is no finite number."""
    value = _number(label)
    if value is not None:
        return value
    advice = "correct the row or the layout"
    if THOUSANDS.fullmatch(label.strip()):
        advice = (
            "a decimal comma, or thousands? write numbers with a point for decimals and no other"
            " mark"
        )
    elif _number(label.replace(",", ".", 1)) is not None:
        advice = "write decimals with a point"
    elif is_missing(label):
        advice = "it stands for a missing one: leave the row out"
    raise ValueError(
        f"{where}: label {label!r} is no decimal number, as a regression needs; {advice}"
    )


def is_number(label: str) -> bool:
    """Whether a label is a finite decimal number."""
    return _number(label) is not None


def _number(label: str) -> float | None:
    try:
        value = float(label)
    except ValueError:
        return None
    # float() also reads "1_000" and Arabic digits, which no reader of a table expects.
    return value if math.isfinite(value) and "_" not in label and label.isascii() else None
