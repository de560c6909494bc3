"""MIDI files -> examples: windows of pitches, one after the other, without durations or voices."""

import codecs
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import numpy as np

from seqtransfer.corpora.examples import Example, check_facts, check_ids
from seqtransfer.corpora.text_files import rows

LARGEST = 1 << 23  # bytes of a file; a piano recital has about 2**20
# The grammar of a track. A time is at most four bytes, of which all but the last are 128 or more.
# Events of a channel are a status byte and one or two data bytes, the status only where it changes.
# What is left, sysex and meta events, give their length.
TIME, DATA = rb"[\x80-\xff]{0,3}+[\0-\x7f]", rb"[\0-\x7f]"
TWO, ONE = rb"[\x80-\xbf\xe0-\xef]", rb"[\xc0-\xdf]"  # statuses by their number of data bytes
PAIRS = rb"%b{2}(?>%b%b{2})*+" % (DATA, TIME, DATA)
SINGLES = rb"%b(?>%b%b)*+" % (DATA, TIME, DATA)
VOICES = re.compile(rb"(?>%b(?>%b%b|%b%b))*+" % (TIME, TWO, PAIRS, ONE, SINGLES))
GROUP = re.compile(rb"(%b)(?>%b(%b)|%b(%b))" % (TIME, TWO, PAIRS, ONE, SINGLES))
LATER = {n: re.compile(rb"(%b)%b{%d}" % (TIME, DATA, n)) for n in (1, 2)}
SPECIAL = re.compile(rb"(%b)(\xf0|\xf7|\xff%b)(%b)" % (TIME, DATA, TIME))
END_OF_TRACK = b"\xff\x2f"
PITCHES = [str(pitch) for pitch in range(128)]


def read_midi_folders(index_paths: Iterable[Path], notes_per_window: int) -> list[Example]:
    """Cut the pieces of several folders into windows of `notes_per_window` notes.

    index_paths: TSV tables with the columns file (relative to the table), label and perhaps group
    and split. Windows follow each other without overlap; the rest of a piece is dropped, and a
    piece shorter than one window gives none. Window k of piece p has the id `p#00k`, and its
    symbols are MIDI pitch numbers (0 to 127, 60 is middle C) as strings. An absent or empty group
    is the piece itself, so that a piece never stands on both sides of a split.

    Raises ValueError naming file and fix if a MIDI file is missing, broken or without notes, if a
    label is missing, a piece comes twice, or no piece has a whole window.
    """
    if notes_per_window < 1:
        raise ValueError(f"notes_per_window is {notes_per_window}; it must be at least 1")
    examples, pieces, short = [], [], Counter()
    index_paths = [Path(path) for path in index_paths]
    for index in index_paths:
        for _, row in rows(index, ("file", "label"), delimiter="\t"):
            where = f"{index}: file {row['file']!r}"
            path = index.parent / row["file"]
            if not path.is_file():
                raise ValueError(f"{where}: there is no {path}; remove its row or add the file")
            facts = check_facts(where, row, how="fill its column `label`")
            piece = PurePosixPath(row["file"]).with_suffix("").as_posix()
            facts["group"] = facts["group"] or piece
            pieces.append(piece)
            pitches = read_pitches(path)
            short[facts["label"]] += len(pitches) < notes_per_window
            for k in range(len(pitches) // notes_per_window):
                window = pitches[k * notes_per_window : (k + 1) * notes_per_window]
                symbols = tuple(PITCHES[pitch] for pitch in window)
                examples.append(Example(f"{piece}#{k:03d}", symbols, **facts))
    names = ", ".join(map(str, index_paths))
    check_ids(names, pieces)
    if short.total():
        print(
            f"pieces of fewer than {notes_per_window} notes, which give no example, by class:"
            f" {dict(+short)}; a lower `max_length` takes them in"
        )
    if not examples:
        raise ValueError(f"{names}: no piece has {notes_per_window} notes; lower `max_length`")
    return examples


def read_pitches(path: Path) -> list[int]:
    """Pitches (0 to 127) of all notes of a MIDI file, in the order of `read_notes`."""
    return read_notes(path)[:, 1].tolist()


def read_notes(path: Path) -> np.ndarray:
    """All notes of a MIDI file of format 0 or 1: (n, 2) int64, onset in ticks and pitch (0 to 127).

    Notes of all tracks and channels are merged, sorted by onset and then from low to high. A note
    begins with a note-on of velocity 1 or more, and is one only if it ends: each note-off (or
    note-on of velocity 0) ends the oldest sounding note of its channel and pitch within its track,
    so that overlapping notes of one pitch are several; a note that never ends is dropped. Ticks
    know no tempo, and the sustain pedal (controller 64) moves no onset: neither matters here.

    Raises ValueError naming the file if it is no MIDI file, is damaged (see `check_structure`), or
    holds no notes.
    """
    import symusic  # here: a study is planned without it

    try:
        check_size(path)
        content = path.read_bytes()
        check_structure(content)
        tracks = symusic.Score.from_midi(content).tracks
    except Exception as error:  # symusic raises bare RuntimeErrors, OSErrors and others
        raise ValueError(f"{path}: not a MIDI file that can be read ({error})") from error
    # ASSUME: channel 10 (symusic's drum tracks) is left out: its numbers name instruments.
    # ASSUME: a pitch that several voices start at the same tick is one note.
    columns = [track.notes.numpy() for track in tracks if not track.is_drum]
    keys = [column["time"].astype(np.int64) * 128 + column["pitch"] for column in columns]
    notes = np.unique(np.concatenate([np.empty(0, dtype=np.int64), *keys]))
    if not len(notes):
        raise ValueError(f"{path}: holds no notes outside drum tracks; remove it from the index")
    return np.stack([notes >> 7, notes & 127], axis=1)


def check_size(path: Path) -> None:
    """Raise ValueError if the file has more than LARGEST bytes, before it is read."""
    size = path.stat().st_size
    if size > LARGEST:
        raise ValueError(f"it has {size} bytes, more than {LARGEST}; split it")


def check_structure(content: bytes) -> None:
    """Refuse all but well-formed bytes, before symusic sees them: it stops silently where a track
    says that it ends, reads what contradicts the header or the format, and lets ticks overflow.

    Raises ValueError with the fault if the header is not that of format 0 or 1 in ticks per
    quarter, if a chunk leaves the file, the tracks are not as many as promised, or one of them
    holds anything but whole events, the last of them its only end of track, or 2**31 ticks.
    Source: Standard MIDI Files 1.0, RP-001.
    """
    if content[:4] != b"MThd":
        raise ValueError(_what_else(content))
    if len(content) < 14 or int.from_bytes(content[4:8]) != 6:
        raise ValueError("its header is not 6 bytes long")
    form, promised, division = (int.from_bytes(content[i : i + 2]) for i in (8, 10, 12))
    if form not in (0, 1):
        raise ValueError(f"it is of format {form}; export it as format 0 or 1")
    if not 0 < division < 0x8000:
        raise ValueError("its times are not in ticks per quarter note; export it so")
    place, tracks, last = 14, 0, 14
    while place < len(content):
        name, end = content[place : place + 4], place + 8
        end += int.from_bytes(content[place + 4 : place + 8])
        if place + 8 > len(content) or end > len(content):
            if tracks == promised and name != b"MTrk":
                count, start = len(content) - last, content[last : last + 12]
                raise ValueError(
                    f"behind its last track it has {count} bytes, {start!r}; cut them off, or"
                    " export it anew"
                )
            raise ValueError(f"the chunk {name!r} at byte {place} leaves the file: it is cut off")
        if name == b"MTrk":
            tracks += 1
            _check_track(content[place + 8 : end], f"track {tracks}")
            last = end
        place = end
    if tracks != promised or (form == 0 and tracks != 1):
        raise ValueError(f"it has {tracks} tracks, but its header (format {form}) says {promised}")


def _what_else(content: bytes) -> str:
    """What a file is that is no MIDI file, and what to do."""
    if not content:
        return "it is empty; export or download it anew"
    if content[:4] == b"RIFF" and content[8:12] == b"RMID":
        return "it is a MIDI file within a RIFF file (RMID); export it as a plain one, from MThd on"
    if re.match(rb"\s*<(!doctype html|html)", content.removeprefix(codecs.BOM_UTF8), re.IGNORECASE):
        return "it is a web page, as where a download failed; open its address and download it anew"
    return f"it does not begin with MThd, but with {content[:12]!r}"


def _check_track(track: bytes, where: str) -> None:
    place, kind, ticks = 0, None, 0
    is_long = _longest(track) >= 2**31
    while kind != END_OF_TRACK:
        run = VOICES.match(track, place)
        special = SPECIAL.match(track, run.end())
        if not special:
            raise ValueError(f"{where} holds no event, or only a part of one, at byte {run.end()}")
        delta, kind, length = special.groups()
        if kind == b"\xf7":  # well-formed, but symusic does not skip what it holds
            raise ValueError(f"{where} escapes an event (F7) at byte {run.end()}; export it anew")
        place = special.end() + _number(length)
        if place > len(track):
            raise ValueError(f"{where} ends within the event at byte {run.end()}: it is cut off")
        ticks += _number(delta) + (_ticks(run[0]) if is_long else 0)
    if place != len(track) or _number(length):
        raise ValueError(f"{where} says that it ends {len(track) - place} bytes before it does")
    if is_long and ticks >= 2**31:
        raise ValueError(f"{where} lasts {ticks} ticks, more than 2**31: its times are damaged")


def _longest(track: bytes) -> int:
    """More ticks than the track lasts: every byte that may continue a time is taken for one."""
    high = np.frombuffer(track, dtype=np.uint8) >= 128
    twice = high[1:] & high[:-1]
    counts = len(track), high.sum(), twice.sum(), (twice[1:] & twice[:-1]).sum()
    return sum(int(n) << shift for n, shift in zip(counts, (7, 14, 21, 28), strict=True))


def _ticks(run: bytes) -> int:
    """Ticks of a run of channel events."""
    total = 0
    for group in GROUP.finditer(run):
        delta, two, one = group.groups()
        later = LATER[2].findall(two[2:]) if two else LATER[1].findall(one[1:])
        total += sum(map(_number, [delta, *later]))
    return total


def _number(digits: bytes) -> int:
    """A variable-length quantity: seven bits a byte."""
    value = 0
    for byte in digits:
        value = value << 7 | byte & 127
    return value
