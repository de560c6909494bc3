"""MIDI files byte by byte: the notes of a second reader, or one refusal that names the file."""

import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import symusic
from hypothesis import given, settings
from hypothesis import strategies as st

import plain_midi
from plain_midi import chunk, header, meta, off, on, track, write
from project import ROOT, SHARED
from seqtransfer.corpora import midi
from seqtransfer.tokens.encoding import Settings, read
from seqtransfer.tokens.tokenizations import notes_within

ASAP = SHARED / "music" / "asap"
ONE = track(on(0, 60), off(480, 60))


def notes(tmp_path: Path, content: bytes) -> list[tuple[int, int]]:
    return [tuple(row) for row in midi.read_notes(write(tmp_path / "a.mid", content)).tolist()]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([on(0, 60), off(9, 60)], [(0, 60)]),
        ([on(3, 60), on(4, 60, velocity=0)], [(3, 60)]),  # a note-on of velocity 0 is a note-off
        ([on(0, 60), on(5, 60), off(5, 60), off(5, 60)], [(0, 60), (5, 60)]),  # overlapping
        ([on(0, 60), on(5, 60), off(5, 60)], [(0, 60)]),  # the oldest ends, the other never
        ([on(0, 60), on(5, 62), off(5, 62)], [(5, 62)]),  # a note that never ends is none
        ([off(0, 60), on(5, 60), off(1, 60)], [(5, 60)]),  # nothing to end
        ([on(0, 60), off(0, 60)], [(0, 60)]),  # of no length
        ([on(0, 60), on(0, 60, channel=1), off(9, 60), off(0, 60, channel=1)], [(0, 60)]),  # a tie
        ([on(0, 60), off(9, 60, channel=1), off(0, 60)], [(0, 60)]),  # channels end their own
        ([on(0, 67), on(0, 60), off(9, 67), off(0, 60)], [(0, 60), (0, 67)]),  # low before high
        ([on(0, 36, channel=9), on(0, 60), off(9, 36, channel=9), off(0, 60)], [(0, 60)]),  # drums
        ([(0, b"\x90\x3c\x40"), (9, b"\x3c\x00"), (0, b"\x3e\x40"), (1, b"\x3e\x00")],
         [(0, 60), (9, 62)]),  # running status
        ([(0, b"\xb0\x40\x7f"), on(0, 60), off(9, 60), on(9, 60), off(9, 60),
          (99, b"\xb0\x40\x00")],
         [(0, 60), (18, 60)]),  # the pedal holds sounds, not notes
        ([on(0, 60), meta(5, 0x51, b"\x01\0\0"), off(5, 60), on(5, 62), off(1, 62)],
         [(0, 60), (15, 62)]),  # a change of tempo moves no tick
        ([(0, b"\xf0\x03\x01\x02\xf7"), on(16303, 60), off(16303, 60)], [(16303, 60)]),  # FF 2F
    ],
)  # fmt: skip
def test_what_a_note_is(tmp_path, events, expected):
    content = header(0, 1) + track(*events)
    assert plain_midi.notes(content) == expected
    assert notes(tmp_path, content) == expected


events = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 1, 127, 128, 16303, 20000, 2**21 + 5]),
        st.sampled_from([0x80, 0x90, 0x90, 0x91, 0x99, 0xB0, 0xC1, 0xE0]),
        st.integers(58, 63),
        st.sampled_from([0, 0, 1, 64, 127]),
    ),
    max_size=25,
)


def bytes_of(drawn, rng: random.Random) -> bytes:
    """A track of the drawn events, with running status wherever a coin says so."""
    out, last = [], None
    for delta, status, pitch, value in drawn:
        data = bytes([pitch] if status >> 4 == 0xC else [pitch, value])
        keep = status == last and rng.random() < 0.7
        out.append((delta, data if keep else bytes([status]) + data))
        last = status
        if rng.random() < 0.1:
            out.append(meta(1, 1, rng.randbytes(rng.choice((0, 3, 200)))))
            last = None
    return track(*out)


@settings(max_examples=150)
@given(st.lists(events, min_size=1, max_size=3), st.integers(0, 2**16))
def test_any_file_has_the_notes_of_the_second_reader(tmp_path_factory, drawn, seed):
    rng = random.Random(seed)
    content = header(1, len(drawn)) + b"".join(bytes_of(part, rng) for part in drawn)
    path = write(tmp_path_factory.getbasetemp() / "drawn.mid", content)
    expected = plain_midi.notes(content)
    if expected:
        assert list(map(tuple, midi.read_notes(path).tolist())) == expected
    else:
        with pytest.raises(ValueError, match="holds no notes"):
            midi.read_notes(path)


def test_a_file_with_every_kind_of_event_has_the_notes_of_the_second_reader(tmp_path):
    content = plain_midi.rich_file()
    assert len(plain_midi.notes(content)) == 7
    assert notes(tmp_path, content) == plain_midi.notes(content)


@pytest.mark.skipif(not ASAP.is_dir(), reason="shared/data/music/asap is not beside the repository")
def test_real_performances_have_the_notes_of_the_second_reader():
    paths = sorted(ASAP.rglob("*.mid"), key=lambda path: (path.stat().st_size, path))[:12]
    for path in paths:
        found = midi.read_notes(path)
        assert found.dtype == np.int64
        assert list(map(tuple, found.tolist())) == plain_midi.notes(path.read_bytes()), path
        assert midi.read_pitches(path) == found[:, 1].tolist()


FOUR_MAXIMAL = b"\xff\xff\xff\x7f"
BAD = {
    "empty": (b"", "it is empty; export or download it anew"),
    "text": (b"this is no MIDI file at all", "begin with MThd, but with b'this is no M'"),
    "wave": (b"RIFF\0\0\0\0WAVE" + header(0, 1) + ONE, "begin with MThd, but with b'RIFF"),
    "riff": (b"RIFF\x2a\0\0\0RMIDdata\0\0\0\0" + header(0, 1) + ONE, "in a RIFF file .*; export"),
    "page": (b"\xef\xbb\xbf\n<!DOCTYPE HTML><head>", "it is a web page, .*; open its address"),
    "old page": (b"<html><body>404", "it is a web page"),
    "head only": (header(0, 1)[:9], "6 bytes long"),
    "long header": (b"MThd\0\0\0\x08\0\0\0\1\1\xe0\0\0" + ONE, "6 bytes long"),
    "no tracks": (header(1, 1), "0 tracks"),
    "format 2": (header(2, 1) + ONE, "format 2"),
    "format 7": (header(7, 1) + ONE, "format 7"),
    "smpte": (header(0, 1, 0xE728) + ONE, "ticks per quarter"),
    "no division": (header(0, 1, 0) + ONE, "ticks per quarter"),
    "tracks missing": (header(1, 3) + ONE, "1 tracks"),
    "tracks added": (header(1, 1) + ONE + ONE, "2 tracks"),
    "format 0 of two": (header(0, 2) + ONE + ONE, "format 0"),
    "cut": ((header(0, 1) + ONE)[:-5], "leaves the file"),
    "cut in chunk header": (header(1, 2) + ONE + b"MTrk\0\0", "leaves the file"),
    "length too large": (header(0, 1) + b"MTrk\xff\xff\xff\xff" + ONE[8:], "leaves the file"),
    "length too small": (header(0, 1) + b"MTrk\0\0\0\x05" + ONE[8:], "only a part of one"),
    "trailing bytes": (header(0, 1) + ONE + b"garbage", "it has 7 bytes, b'garbage'; cut"),
    "padding": (header(0, 1) + ONE + bytes(9), r"behind its last track it has 9 bytes, b'\\x00"),
    "bytes for a track": (header(1, 2) + ONE + b"garbage", "leaves the file: it is cut off"),
    "cut third track": (header(1, 2) + ONE + ONE + ONE[:-2], "leaves the file: it is cut off"),
    "no end of track": (header(0, 1) + track(on(0, 60), off(9, 60), end=b""), "no event"),
    "early end": (header(0, 1) + track(on(0, 60), off(9, 60), meta(0, 0x2F, b""), on(0, 62)),
                  "says that it ends 8 bytes before"),
    "end with a payload": (header(0, 1) + track(on(0, 60), off(9, 60), end=b"\0\xff\x2f\x01x"),
                           "says that it ends"),
    "no status": (header(0, 1) + track((0, b"\x3c\x40"), off(9, 60)), "no event"),
    "status lost after a text": (header(0, 1) + track(on(0, 60), meta(0, 1, b"x"), (9, b"\x3c\0")),
                                 "no event"),
    "pitch of 200": (header(0, 1) + track((0, b"\x90\xc8\x40")), "no event"),
    "velocity of 200": (header(0, 1) + track(on(0, 60), (9, b"\x80\x3c\xc8")), "no event"),
    "clock byte": (header(0, 1) + track((0, b"\xf8"), on(0, 60), off(9, 60)), "no event"),
    "escape": (header(0, 1) + track((0, b"\xf7\x02\x90\x3c"), on(0, 60), off(9, 60)), "escapes"),
    "time of five bytes": (header(0, 1) + chunk(b"\x81" + FOUR_MAXIMAL + b"\x90\x3c\x40"), "event"),
    "text leaves the track": (header(0, 1) + chunk(b"\0\xff\x01" + FOUR_MAXIMAL + b"x"), "within"),
    "too many ticks": (header(0, 1) + track(*[on(2**28 - 1, 60), off(0, 60)] * 9), "2\\*\\*31"),
    "silent": (header(0, 1) + track(), "no notes"),
    "drums only": (header(0, 1) + track(on(0, 36, channel=9), off(9, 36, channel=9)), "no notes"),
    "never ended": (header(0, 1) + track(on(0, 60)), "no notes"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_gives_one_clear_error_that_names_it(tmp_path, name):
    content, words = BAD[name]
    path = write(tmp_path / f"{name}.mid", content)
    with pytest.raises(ValueError, match=words) as caught:
        midi.read_notes(path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_nearly_too_many_ticks_are_read_exactly(tmp_path):
    content = header(0, 1) + track(*[on(2**28 - 1, 60), off(0, 60)] * 8)
    assert notes(tmp_path, content)[-1] == (8 * (2**28 - 1), 60)
    many = header(0, 1) + track(*[(2**28 - 1, b"\xc0\x01"), (2**28 - 1, b"\x01")] * 3, *[
        on(2**27, 60), (2**27, b"\x3c\x00"), off(2**27, 60)])  # fmt: skip
    assert notes(tmp_path, many) == plain_midi.notes(many)


def test_a_file_too_large_is_not_even_read(tmp_path):
    path = tmp_path / "large.mid"
    with open(path, "wb") as file:
        file.truncate(midi.LARGEST + 1)
    with pytest.raises(ValueError, match=r"large\.mid.*more than 8388608; split it"):
        midi.read_notes(path)


@pytest.mark.parametrize(
    "path", sorted((ROOT / "tests/data/midi").glob("*.mid")), ids=lambda p: p.stem
)
def test_damaged_files_that_symusic_alone_reads_are_refused(path):
    symusic.Score.from_midi(path.read_bytes())  # it does read them
    with pytest.raises(ValueError, match=path.name):
        midi.read_notes(path)


def test_two_hundred_mutated_files_are_refused_or_read_as_the_second_reader_does(tmp_path):
    command = [sys.executable, str(ROOT / "benchmarks/fuzz.py"), "--inputs", "200"]
    done = subprocess.run([*command, "--keep", str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    counts = {line.split(maxsplit=1)[1]: int(line.split()[0]) for line in done.stdout.splitlines()}
    assert not [outcome for outcome in counts if "BAD" in outcome], done.stdout
    assert sum(counts.values()) == 200 and min(counts.values()) > 0
    assert {"refused", "read, equal notes"} <= set(counts)


def test_a_window_of_intervals_fills_the_sequence(tmp_path):
    write(tmp_path / "a.mid", header(0, 1) + track(*[e for p in range(60, 72)
                                                     for e in (on(0, p), off(9, p))]))  # fmt: skip
    (tmp_path / "index.tsv").write_text("file\tlabel\na.mid\tbach\n")
    plan = Settings(
        ("bach",), "grouped", "head", 7, {"train": 1, "dev": 1, "test": 1}, 0,
        tokens={"kind": "intervals"},
    )  # fmt: skip
    examples = read({"format": "midi"}, [tmp_path], tmp_path, plan)
    assert [len(e.symbols) for e in examples] == [notes_within(plan.tokens, 5)] * 4 == [3] * 4
