"""What the header of a `.ts` or ARFF file says of its lines, and whether a line keeps to it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

Line = tuple[str, str]  # where it stands, and its text
Demand = tuple[str, int]  # what demands a number, and the number

ATTRIBUTE = re.compile(r"""@attribute\s+('[^']*'|"[^"]*"|[^\s{]+)\s*(.*)""", re.IGNORECASE)
# A cell of ARFF is a quoted text, or goes up to the next comma.
CELL = re.compile(r"""\s*('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^,]*?)\s*(?:,|$)""")
NO_NUMBERS = ("string", "date")  # kinds of attributes


@dataclass(frozen=True)
class Shape:
    """What a `.ts` header demands of every line; empty where it demands nothing.

    labels: the classes; small and capital letters are alike, as to other readers of such files.
    """

    channels: tuple[Demand, ...] = ()
    lengths: tuple[Demand, ...] = ()
    equal: bool = False
    labels: tuple[str, ...] = ()


def shape(header: Iterable[Line]) -> Shape:
    """The demands of a `.ts` header. Raises ValueError naming a line whose number is none."""
    found, length = Shape(), None
    for where, line in header:
        key, *words = line.split() or [""]
        key = key.lower()
        if key in ("@dimensions", "@dimension"):
            found = replace(found, channels=(*found.channels, _demand(where, line, words)))
        elif key == "@serieslength":
            length = where, line, words
        elif words and words[0].lower() == "true":
            if key == "@univariate":
                found = replace(found, channels=(*found.channels, (f"`{line}`", 1)))
            elif key == "@equallength":
                found = replace(found, equal=True)
            elif key == "@classlabel":
                found = replace(found, labels=tuple(words[1:]))
    return replace(found, lengths=(_demand(*length),)) if found.equal and length else found


def check_shape(where: str, channels: Sequence[str], label: str, shape: Shape) -> Shape:
    """The shape that the next line must have: equal lengths are those of the first one.

    channels: numbers with `,` between them, a text a channel.
    Raises ValueError, beginning with `where`, for a line that breaks its header.
    """
    if not channels:
        return shape  # refused as a line without numbers
    for said, number in shape.channels:
        if len(channels) != number:
            raise ValueError(_broken(where, f"{len(channels)} channels", said))
    lengths = [text.count(",") + 1 for text in channels]
    if shape.equal and not shape.lengths:
        first = where.rpartition(": ")[2]
        said = f"`@equalLength true` and {first} begins with {lengths[0]} numbers"
        shape = replace(shape, lengths=((said, lengths[0]),))
    for said, number in shape.lengths:
        other = next((length for length in lengths if length != number), None)
        if other is not None:
            raise ValueError(_broken(where, f"a channel of {other} numbers", said))
    check_label(where, label, shape.labels, "`@classLabel`")
    return shape


def check_label(where: str, label: str, classes: Sequence[str], said: str) -> None:
    """Raise ValueError, beginning with `where`, for a label that is none of the header's classes.

    classes: empty where the header names none; said: what names them.
    """
    if label and classes and label.casefold() not in {one.casefold() for one in classes}:
        named = ", ".join(classes[:20])
        raise ValueError(
            f"{where}: the label {label!r} is none of {said}: {named}; correct the line or the"
            " header"
        )


def arff_shape(header: Iterable[Line]) -> tuple[int | None, tuple[str, ...]]:
    """How many cells a line of an ARFF file has, one an attribute, the label last; and the classes
    of the label. None if the header has no attributes, or one that holds others; no classes if it
    names none.

    Raises ValueError naming the line of an attribute that is no number and not the label.
    """
    attributes, inside, nested = [], False, False
    for where, line in header:
        found = ATTRIBUTE.match(line)
        if line.lower().startswith("@end"):
            inside = False
        elif found and not inside:
            name, kind = found[1].strip("'\""), found[2]
            inside = kind.lower().startswith("relational")
            nested = nested or inside
            attributes.append((where, name, kind))
    for where, name, kind in attributes[:-1]:
        if kind.startswith("{"):
            raise ValueError(
                f"{where}: the attribute {name!r} has classes but is not the last, which is the"
                " label; move it and its cells to the end, or write the file as CSV with a header"
                " and name the column in `label`"
            )
        if kind.lower().startswith(NO_NUMBERS):
            raise ValueError(
                f"{where}: the attribute {name!r} is a {kind.split()[0].lower()} and no number of a"
                " series; take it out, or write the file as CSV with a header and name the column"
                " in `group`"
            )
    *_, last = [kind for *_, kind in attributes] or [""]
    listed = re.match(r"\{(.*)\}", last)
    classes = tuple(cell.strip(" '\"") for cell in _split(listed[1])) if listed else ()
    return None if nested else len(attributes) or None, classes


def cells(where: str, line: str, number: int | None) -> list[str]:
    """The cells of a line of ARFF. Raises ValueError, beginning with `where`, unless there are
    `number`, if that is known."""
    if line.lstrip().startswith("{"):
        raise ValueError(f"{where}: is in sparse form, which is not read; write every value")
    found = _split(line)
    if number is not None and len(found) != number:
        raise ValueError(
            f"{where}: has {len(found)} cells, but the header declares {number} attributes; look"
            " for a comma or a value too many or too few"
        )
    return found


def _split(line: str) -> list[str]:
    """The texts between commas, quoted ones whole."""
    if not ("'" in line or '"' in line):
        return [cell.strip() for cell in line.split(",")]
    found = CELL.findall(line)
    return found if line.rstrip().endswith(",") else found[:-1]  # the empty match at the end


def _demand(where: str, line: str, words: Sequence[str]) -> Demand:
    if len(words) != 1 or not re.fullmatch("[0-9]+", words[0]):
        raise ValueError(f"{where}: {line!r} states no whole number; correct it or leave it out")
    return f"`{line}`", int(words[0])


def _broken(where: str, found: str, said: str) -> str:
    return f"{where}: has {found}, but the header says {said}; correct the line or the header"
