"""Engraved scores (MusicXML, Humdrum) -> the notes that they sound, part by part.

A task of pitches needs to know which notes begin when, and no more. music21, which also engraves
and analyses, takes many times as long (docs/explanation/libraries.md); the tests compare the notes
with music21's. Repeats are not played out.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
LENGTH = re.compile(r"(\d+)(?:%(\d+))?(\.*)")
PITCH = re.compile(r"(([a-gA-G])\2*)(#*)(-*)")


class Note(NamedTuple):
    """A note: onset and duration in quarters, MIDI pitch, and if a tie leads on from it."""

    onset: Fraction
    duration: Fraction
    pitch: int
    tied: bool


def read(path: Path) -> list[list[Note]]:
    """The notes that each part sounds, by onset and pitch; tied notes are one.

    Grace notes, cues, rests, unpitched notes, chord symbols and figures are none.
    Raises ValueError naming the file if it is not a score that can be read, or holds no notes.
    """
    try:
        parts = humdrum(path) if path.suffix.lower() == ".krn" else musicxml(path)
        joined = [join(part) for part in parts]
        if not any(joined):
            raise ValueError("it holds no notes")
    except Exception as error:  # of zipfile, of the XML parser, of a number that is none
        raise ValueError(f"{path}: {error}") from error
    return joined


def join(part: Iterable[Note]) -> list[Note]:
    """Notes by onset and pitch, each with those that it is tied to.

    ASSUME: a tie ends with the note of its pitch that begins where the tied one stops; that note
    needs no mark of its own, since some programs write none, and a mark elsewhere ends nothing.
    """
    joined: list[Note] = []
    leaving: dict[tuple[int, Fraction], int] = {}  # pitch and end of a tied note -> its place
    for note in sorted(part):
        place = leaving.pop((note.pitch, note.onset), len(joined))
        if place == len(joined):
            joined.append(note)
        else:
            whole = joined[place].duration + note.duration
            joined[place] = joined[place]._replace(duration=whole, tied=note.tied)
        if note.tied:
            leaving[note.pitch, note.onset + note.duration] = place
    return joined


def musicxml(path: Path) -> list[list[Note]]:
    """Every part of a MusicXML score, plain or compressed (MusicXML 4.0), ties not yet joined.

    ASSUME: a part is taken as it is written; <transpose>, octaves here, is not applied.
    """
    content = path.read_bytes()
    if path.suffix.lower() == ".mxl":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            container = ElementTree.fromstring(archive.read("META-INF/container.xml"))
            content = archive.read(container.find(".//{*}rootfile").get("full-path"))
    root = ElementTree.fromstring(content)
    if root.tag != "score-partwise":
        raise ValueError(f"it is a {root.tag}, not a score-partwise")
    return [list(_measures(part)) for part in root.iter("part")]


def _measures(part: Element) -> Iterator[Note]:
    start, divisions = Fraction(0), Fraction(1)
    for measure in part.iter("measure"):
        now = last = end = start
        for element in measure:
            length = Fraction(element.findtext("duration", "0")) / divisions
            if element.tag == "attributes":
                divisions = Fraction(element.findtext("divisions", str(divisions)))
            elif element.tag == "backup":
                now -= length
            elif element.tag == "forward":
                now += length
            elif element.tag == "note" and element.find("grace") is None:
                if element.find("chord") is None:
                    last, now = now, now + length
                pitch = element.find("pitch")
                if pitch is not None and element.find("cue") is None:
                    tied = any(tie.get("type") == "start" for tie in element.iter("tie"))
                    yield Note(last, length, _pitch(pitch), tied)
            end = max(end, now)
        start = end


def _pitch(pitch: Element) -> int:
    alter = round(float(pitch.findtext("alter", 0)))  # a quarter tone goes to a key beside it
    return 12 * (int(pitch.findtext("octave")) + 1) + STEPS[pitch.findtext("step")] + alter


def humdrum(path: Path) -> list[list[Note]]:
    """Every **kern spine of a Humdrum file (Huron 1995), ties not yet joined.

    Raises ValueError if spines split, join, begin or swap, which none of a voice each does.
    """
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("!")]
    for row in rows:
        if not {"*^", "*v", "*+", "*x"}.isdisjoint(row):
            raise ValueError(f"its spines split or join ({' '.join(row)}); export it as MusicXML")
    voices = [spine for spine, kind in enumerate(rows[0] if rows else []) if kind == "**kern"]
    return [list(_tokens(row[spine] for row in rows)) for spine in voices]


def _tokens(tokens: Iterable[str]) -> Iterator[Note]:
    now = Fraction(0)
    for token in tokens:
        length = Fraction(0)
        if token[:1] in "!*=.":
            continue
        for note in token.split(" "):  # of a chord
            if "q" in note.lower():
                continue
            written, pitch = LENGTH.search(note), PITCH.search(note)
            if not written or not (pitch or "r" in note):
                raise ValueError(f"{note!r} has no length or no pitch")
            length = _length(*written.groups())
            if "r" not in note:
                tied = "[" in note or "_" in note
                yield Note(now, length, _kern_pitch(*pitch.groups()), tied)
        now += length


def _length(number: str, parts: str | None, dots: str) -> Fraction:
    """In quarters: 4 is a quarter, 0 a breve, 00 a long, 3%2 two thirds of a whole, 4. dotted."""
    whole = Fraction(int(parts or 1), int(number)) if int(number) else 2 ** len(number)
    return 4 * whole * (2 - Fraction(1, 2 ** len(dots)))


def _kern_pitch(letters: str, letter: str, sharps: str, flats: str) -> int:
    """c is middle C, cc an octave above it, C and CC below; # and - alter by a semitone."""
    octave = 4 + len(letters) if letter.islower() else 5 - len(letters)  # MIDI's: 12 x 5 is c
    return 12 * octave + STEPS[letter.upper()] + len(sharps) - len(flats)
