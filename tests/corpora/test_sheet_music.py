"""Scores give the notes that their formats define, and those that music21 finds in real ones."""

import zipfile
from fractions import Fraction
from pathlib import Path

import pytest
from music21 import common, converter, harmony

from seqtransfer.corpora import sheet_music
from seqtransfer.corpora.sheet_music import Note

CORPUS = Path(common.getCorpusFilePath())
# What the attributes, notes and other elements of a measure may be.
DIVISIONS = "<attributes><divisions>{}</divisions></attributes>"


def note(pitch: str, duration: float, *, first: str = "", tie: str = "", alter: str = "") -> str:
    """A MusicXML note; pitch: as in G4, or "rest"; first: an element like <chord/>."""
    sound = "<rest/>"
    if pitch != "rest":
        alter = alter and f"<alter>{alter}</alter>"
        sound = f"<pitch><step>{pitch[0]}</step>{alter}<octave>{pitch[1:]}</octave></pitch>"
    length = "" if "grace" in first else f"<duration>{duration}</duration>"
    ties = "".join(f'<tie type="{kind}"/>' for kind in tie.split())
    return f"<note>{first}{sound}{length}{ties}</note>"


def sounded(tmp_path: Path, *parts: list[str]) -> list[list[tuple]]:
    """Onset, duration and pitch of the notes of a score; each part a list of measures."""
    written = "".join(
        "<part>" + "".join(f"<measure>{measure}</measure>" for measure in part) + "</part>"
        for part in parts
    )
    path = tmp_path / "score.musicxml"
    path.write_text(f"<score-partwise>{written}</score-partwise>")
    return [[n[:3] for n in part] for part in sheet_music.read(path)]


def test_time_goes_by_divisions_which_may_change_and_rests_take_their_time(tmp_path):
    first = DIVISIONS.format(2) + note("C4", 2) + note("rest", 1) + note("D4", 1)
    second = DIVISIONS.format(3) + note("E4", 1) + note("F4", 2, alter="1")
    half, third = Fraction(1, 2), Fraction(1, 3)
    assert sounded(tmp_path, [first, second]) == [
        [(0, 1, 60), (1 + half, half, 62), (2, third, 64), (2 + third, 2 * third, 66)]
    ]


def test_time_may_be_written_in_decimals(tmp_path):
    measure = DIVISIONS.format("2.0") + note("C4", 1.5) + note("D4", 0.5)
    assert sounded(tmp_path, [measure]) == [[(0, 0.75, 60), (0.75, 0.25, 62)]]


def test_chords_sound_at_once_and_voices_go_back(tmp_path):
    chord = note("C4", 2) + note("E4", 2, first="<chord/>")
    back = "<backup><duration>2</duration></backup><forward><duration>1</duration></forward>"
    measure = DIVISIONS.format(1) + chord + back + note("G3", 1)
    # The second voice is shorter than the measure; the next measure begins after the longest.
    short = note("C5", 2) + "<backup><duration>2</duration></backup>" + note("A3", 1)
    assert sounded(tmp_path, [measure, short, note("D4", 1)]) == [
        [(0, 2, 60), (0, 2, 64), (1, 1, 55), (2, 1, 57), (2, 2, 72), (4, 1, 62)]
    ]


def test_tied_notes_are_one_even_where_no_stop_is_written(tmp_path):
    tied = note("C4", 4, tie="start") + note("C4", 4, tie="stop start") + note("C4", 1)
    assert sounded(tmp_path, [tied]) == [[(0, 9, 60)]]
    inner = note("C4", 1, tie="start") + note("C4", 1) + note("E4", 1, first="<chord/>")
    assert sounded(tmp_path, [inner]) == [[(0, 2, 60), (1, 1, 64)]]


def test_a_tie_ends_only_at_its_own_pitch_part_and_time(tmp_path):
    later = note("C4", 1, tie="start") + note("D4", 1) + note("C4", 1, tie="stop")
    assert [n[2] for n in sounded(tmp_path, [later])[0]] == [60, 62, 60]
    parts = [note("C4", 1, tie="start")], [note("rest", 1) + note("C4", 1)]
    assert sounded(tmp_path, *parts) == [[(0, 1, 60)], [(1, 1, 60)]]


def test_grace_notes_cues_and_what_has_no_pitch_are_left_out(tmp_path):
    measure = (
        note("D4", 0, first="<grace/>") + note("E4", 1, first="<cue/>") + note("C4", 1)
        + "<note><unpitched/><duration>1</duration></note>"
        + "<harmony><root><root-step>G</root-step></root></harmony>"
    )  # fmt: skip
    assert sounded(tmp_path, [measure]) == [[(1, 1, 60)]]


def kern(tmp_path: Path, text: str) -> list[list[tuple]]:
    path = tmp_path / "score.krn"
    path.write_text(text.replace(" ", "\t").replace("+", " "))
    return [[n[:3] for n in part] for part in sheet_music.read(path)]


@pytest.mark.parametrize(
    ("token", "duration", "pitch"),
    [
        ("4c", 1, 60), ("8.cc", Fraction(3, 4), 72), ("2..C", Fraction(7, 2), 48),
        ("0CC", 8, 36), ("00B", 16, 59), ("6ccc#", Fraction(2, 3), 85),
        ("3%2b-", Fraction(8, 3), 70), ("(8g##/L", Fraction(1, 2), 69), ("1a--;", 4, 67),
        ("4en", 1, 64),
    ],
)  # fmt: skip
def test_a_kern_token_has_the_length_and_pitch_of_its_definition(tmp_path, token, duration, pitch):
    assert kern(tmp_path, f"**kern\n{token}\n*-\n") == [[(0, duration, pitch)]]


def test_kern_spines_are_parts_with_ties_chords_rests_and_graces(tmp_path):
    text = """!!!COM: nobody
**kern **silbe **kern
*clefF4 * *clefG2
=1 =1 =1
[2c da 4r
. . 4e+4g
=2 =2 =2
2c_ . 8qd
. . 2ff
2c] . .
!a !comment !here
2d . 4C
*- *- *-
"""
    assert kern(tmp_path, text) == [
        [(0, 6, 60), (6, 2, 62)],
        [(1, 1, 64), (1, 1, 67), (2, 2, 77), (4, 1, 48)],
    ]


# Voices and pick-ups; chord symbols and missing ends of ties; tuplets; breves; UTF-16; grace notes.
@pytest.mark.parametrize(
    "name",
    [
        "bach/bwv66.6.mxl", "bach/bwv248.64-s.mxl", "monteverdi/madrigal.3.2.mxl",
        "trecento/PMFC_06_Piero_6a-Quando_laire_comenca.xml", "palestrina/Agnus_01.krn",
    ],
)  # fmt: skip
def test_a_real_score_has_the_notes_that_music21_finds(name):
    found = {(n.onset, n.pitch) for part in sheet_music.read(CORPUS / name) for n in part}
    score = converter.parse(CORPUS / name, forceSource=True).stripTies()
    sung = score.flatten().notes.getElementsNotOfClass(harmony.Harmony)
    # music21 keeps a grace note, of no duration.
    held = [n for n in sung if n.duration.quarterLength]
    assert found == {(Fraction(n.offset), p.midi) for n in held for p in n.pitches}


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("a.xml", "<score-partwise>", "no element found"),
        ("a.xml", "<score-timewise/>", "a score-timewise, not a score-partwise"),
        ("a.xml", "<score-partwise><part/></score-partwise>", "holds no notes"),
        ("a.mxl", "<score-partwise/>", "not a zip file"),
        ("a.krn", "**kern\n*^\n4c\t4e\n", r"split or join \(\*\^\); export it as MusicXML"),
        ("a.krn", "**kern\n4zz\n", "'4zz' has no length or no pitch"),
        ("a.krn", "", "holds no notes"),
    ],
)
def test_what_is_no_score_is_refused_by_name(tmp_path, name, text, reason):
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=rf"{name}: .*{reason}"):
        sheet_music.read(tmp_path / name)


def test_a_compressed_score_is_the_file_that_its_container_names(tmp_path):
    score = f"<score-partwise><part><measure>{note('A4', 1)}</measure></part></score-partwise>"
    with zipfile.ZipFile(tmp_path / "a.mxl", "w") as archive:
        archive.writestr("other.xml", "<score-timewise/>")
        archive.writestr("inner/score.xml", score.encode("utf-16"))
        root = '<container xmlns="urn:x"><rootfiles><rootfile full-path="inner/score.xml"/>'
        archive.writestr("META-INF/container.xml", f"{root}</rootfiles></container>")
    assert sheet_music.read(tmp_path / "a.mxl") == [[Note(Fraction(0), Fraction(1), 69, False)]]
