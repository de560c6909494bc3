"""Windows of pitches hold the notes of the pieces, in order, and broken pieces are named."""

import csv
from itertools import pairwise
from pathlib import Path

import pytest
import symusic
from music21 import midi

from project import SHARED
from seqtransfer.corpora.examples import Example
from seqtransfer.corpora.midi import read_midi_folders, read_pitches

ASAP = SHARED / "music" / "asap"


def write_piece(path: Path, *tracks: list[tuple[int, int]], drums: tuple[int, ...] = ()) -> None:
    """A MIDI file whose tracks hold notes (onset in quarters, pitch) of one quarter each."""
    score = symusic.Score(480)
    for number, notes in enumerate(tracks):
        track = symusic.Track(program=0, is_drum=number in drums)
        for onset, pitch in notes:
            track.notes.append(symusic.Note(onset * 480, 480, pitch, 64))
        score.tracks.append(track)
    score.dump_midi(path)


def write_index(folder: Path, *rows: str, columns: str = "file\tlabel\tgroup") -> Path:
    index = folder / "index.tsv"
    index.write_text("\n".join([columns, *rows]) + "\n")
    return index


def test_tracks_are_merged_by_onset_then_pitch_without_drums_or_doublings(tmp_path):
    melody = [(0, 67), (1, 60), (2, 72)]
    bass = [(1, 48), (0, 55), (1, 60)]  # doubles the melody's second note
    write_piece(tmp_path / "a.mid", melody, bass, [(0, 36), (2, 36)], drums=(2,))
    assert read_pitches(tmp_path / "a.mid") == [55, 67, 48, 60, 72]


def test_pieces_are_cut_into_whole_windows_that_follow_each_other(tmp_path):
    write_piece(tmp_path / "long.mid", [(i, 60 + i) for i in range(7)])
    write_piece(tmp_path / "short.mid", [(0, 60), (1, 61)])
    index = write_index(tmp_path, "long.mid\tbach\twork 1", "short.mid\tbach\t")
    assert read_midi_folders([index], 3) == [
        Example("long#000", ("60", "61", "62"), "bach", "work 1", None),
        Example("long#001", ("63", "64", "65"), "bach", "work 1", None),
    ]


def test_a_piece_without_a_group_is_its_own_and_a_split_is_kept(tmp_path):
    (tmp_path / "sub").mkdir()
    write_piece(tmp_path / "sub" / "op.1.mid", [(0, 60)])
    index = write_index(tmp_path, "sub/op.1.mid\tbach\ttest", columns="file\tlabel\tsplit")
    (example,) = read_midi_folders([index], 1)
    assert example == Example("sub/op.1#000", ("60",), "bach", "sub/op.1", "test")


def test_several_folders_are_read_in_the_order_given(tmp_path):
    indices = []
    for composer in ("monteverdi", "bach"):
        (tmp_path / composer).mkdir()
        write_piece(tmp_path / composer / f"{composer}.mid", [(0, 60)])
        indices.append(write_index(tmp_path / composer, f"{composer}.mid\t{composer}\t"))
    assert [e.label for e in read_midi_folders(indices, 1)] == ["monteverdi", "bach"]
    with pytest.raises(ValueError, match="'bach' comes twice"):
        read_midi_folders([indices[1], indices[1]], 1)


@pytest.mark.parametrize(
    "rows, words",
    [
        (["none.mid\tbach\tx"], ["index.tsv: file 'none.mid'", "remove its row"]),
        (["good.mid\t\tx"], ["index.tsv: file 'good.mid'", "no label"]),
        (["good.mid\tbach\tx"] * 2, ["'good' comes twice"]),
        (["text.mid\tbach\tx"], ["text.mid", "not a MIDI file"]),
        (["cut.mid\tbach\tx"], ["cut.mid", "not a MIDI file"]),
        (["nothing.mid\tbach\tx"], ["nothing.mid", "not a MIDI file"]),
        (["silent.mid\tbach\tx"], ["silent.mid", "no notes"]),
        (["drums.mid\tbach\tx"], ["drums.mid", "no notes"]),
    ],
)
def test_malformed_folders_name_the_file(tmp_path, rows, words):
    write_piece(tmp_path / "good.mid", [(i, 60) for i in range(50)])
    write_piece(tmp_path / "silent.mid")
    write_piece(tmp_path / "drums.mid", [(0, 36)], drums=(0,))
    (tmp_path / "text.mid").write_text("this is no MIDI file")
    (tmp_path / "nothing.mid").write_bytes(b"")
    (tmp_path / "cut.mid").write_bytes((tmp_path / "good.mid").read_bytes()[:100])
    with pytest.raises(ValueError) as caught:
        read_midi_folders([write_index(tmp_path, *rows)], 2)
    for word in words:
        assert word in str(caught.value)


def test_windows_that_no_piece_can_fill_are_refused(tmp_path):
    write_piece(tmp_path / "a.mid", [(0, 60)])
    index = write_index(tmp_path, "a.mid\tbach\tx")
    with pytest.raises(ValueError, match="no piece has 2 notes; lower `max_length`"):
        read_midi_folders([index], 2)
    with pytest.raises(ValueError, match="at least 1"):
        read_midi_folders([index], 0)


@pytest.mark.skipif(not ASAP.is_dir(), reason="shared/data/music/asap is not beside the repository")
def test_real_performances_give_windows_of_their_composers(tmp_path):
    with open(ASAP.parent / "asap.csv") as file:
        rows = list(csv.DictReader(file))[::12]
    lines = [f"{ASAP.parent / row['file']}\t{row['composer']}\t{row['piece']}" for row in rows]
    examples = read_midi_folders([write_index(tmp_path, *lines)], 64)
    assert {e.label for e in examples} == {row["composer"] for row in rows}
    assert all(len(e.symbols) == 64 and 21 <= int(p) <= 108 for e in examples for p in e.symbols)
    ids = [e.id for e in examples]
    follows = [int(b[-3:]) for a, b in pairwise(ids) if a[:-4] == b[:-4]]
    assert len(follows) == len(ids) - len(rows)  # every piece gave windows, numbered in order


@pytest.mark.skipif(not ASAP.is_dir(), reason="shared/data/music/asap is not beside the repository")
def test_a_real_performance_has_the_notes_that_music21_finds():
    path = min(ASAP.rglob("*.mid"), key=lambda p: (p.stat().st_size, p.name))
    file = midi.MidiFile()
    file.open(str(path))
    file.read()
    file.close()
    notes = set()
    for track in file.tracks:
        now = 0
        for event in track.events:
            if event.isDeltaTime():
                now += event.time
            elif event.isNoteOn() and event.velocity > 0:
                notes.add((now, event.pitch))
    assert len(notes) > 500
    assert read_pitches(path) == [pitch for _, pitch in sorted(notes)]


def test_pieces_shorter_than_a_window_are_counted_by_class(tmp_path, capsys):
    for name, notes in (("long", 5), ("short", 2), ("other", 4)):
        write_piece(tmp_path / f"{name}.mid", [(i, 60) for i in range(notes)])
    index = write_index(tmp_path, "long.mid\ta\t", "short.mid\ta\t", "other.mid\tb\t")
    assert len(read_midi_folders([index], 4)) == 2
    said = "pieces of fewer than 4 notes, which give no example, by class: {'a': 1}"
    assert said in capsys.readouterr().out
