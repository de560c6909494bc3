"""Exported MIDI files sound like the scores, are equal bytes twice, and failures are counted."""

from pathlib import Path

import pytest
import symusic
from music21 import bar, common, converter, note, stream

from seqtransfer.corpora import score_export
from seqtransfer.corpora.midi import read_midi_folders, read_pitches
from seqtransfer.corpora.text_files import rows

CORPUS = common.getCorpusFilePath()


def write_scores(folder: Path, **notes: str) -> Path:
    """One MusicXML file a keyword under folder/composer; its value is the notes."""
    (folder / "composer").mkdir(parents=True)
    for name, pitches in notes.items():
        part = stream.Part([note.Note(pitch) for pitch in pitches.split()])
        stream.Score([part]).write("musicxml", fp=folder / "composer" / f"{name}.musicxml")
    return folder


def test_an_exported_score_has_the_pitches_that_music21_reads(tmp_path):
    path = Path(CORPUS) / "bach/bwv154.3.mxl"  # with repeats
    score_export.write_midi(path, tmp_path / "a.mid")
    score = converter.parse(path, forceSource=True).stripTies()
    notes = {(n.offset, pitch.midi) for n in score.flatten().notes for pitch in n.pitches}
    assert read_pitches(tmp_path / "a.mid") == [pitch for _, pitch in sorted(notes)]


def test_two_pieces_that_would_have_one_name_are_refused_with_both_paths(tmp_path):
    folder = write_scores(tmp_path / "scores", prelude_1="C4", other="D4")
    inside = folder / "composer"
    (inside / "prelude 1.musicxml").write_bytes((inside / "other.musicxml").read_bytes())
    with pytest.raises(ValueError, match=r"prelude_1.musicxml and .*prelude 1.musicxml would both"):
        score_export.export_pieces(folder, "composer", None, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_two_exports_of_a_score_are_equal_bytes(tmp_path):
    path = Path(CORPUS) / "bach" / "bwv66.6.mxl"
    score_export.write_midi(path, tmp_path / "a.mid")
    score_export.write_midi(path, tmp_path / "b.mid")
    assert (tmp_path / "a.mid").read_bytes() == (tmp_path / "b.mid").read_bytes()


def test_each_part_is_a_track_and_its_notes_last_as_long_as_they_are_written(tmp_path):
    parts = [stream.Part([note.Note(60 + i, quarterLength=1 + i / 3)]) for i in range(20)]
    stream.Score(parts).write("musicxml", fp=tmp_path / "a.musicxml")
    score_export.write_midi(tmp_path / "a.musicxml", tmp_path / "a.mid")
    score = symusic.Score(tmp_path / "a.mid")
    assert score.tpq == score_export.TICKS
    notes = sorted((n.pitch, n.time, n.duration) for track in score.tracks for n in track.notes)
    assert notes == [(60 + i, 0, score_export.TICKS * (3 + i) // 3) for i in range(20)]
    assert read_pitches(tmp_path / "a.mid") == list(range(60, 80))  # none is taken for a drum


def test_repeats_are_not_played_out_even_where_their_marks_do_not_match(tmp_path):
    part = stream.Part([note.Note("C4", type="whole"), note.Note("D4", type="whole")])
    part.makeMeasures(inPlace=True)
    first, second = part.getElementsByClass(stream.Measure)
    first.rightBarline, second.leftBarline = bar.Repeat("end"), bar.Repeat("start")
    stream.Score([part]).write("musicxml", fp=tmp_path / "a.musicxml")
    score_export.write_midi(tmp_path / "a.musicxml", tmp_path / "a.mid")
    assert read_pitches(tmp_path / "a.mid") == [60, 62]


def test_a_composer_becomes_a_folder_of_pieces_with_an_index(tmp_path):
    corpus = write_scores(tmp_path / "corpus", one="C4 D4", two="E4 F4", three="G4 A4")
    out = tmp_path / "out" / "composer"
    score_export.export_pieces(corpus, "composer", 2, out)
    assert [row for _, row in rows(out / "index.tsv", ("file", "label", "group"))] == [
        {"file": "composer-one.mid", "label": "composer", "group": "composer-one"},
        {"file": "composer-three.mid", "label": "composer", "group": "composer-three"},
    ]
    examples = read_midi_folders([out / "index.tsv"], 2)
    assert [e.symbols for e in examples] == [("60", "62"), ("67", "69")]
    assert sorted(p.name for p in out.parent.iterdir()) == ["composer"]


def test_a_broken_score_is_left_out_and_printed_but_many_are_an_error(tmp_path, capsys):
    corpus = write_scores(tmp_path / "corpus", **{f"p{i}": "C4 D4" for i in range(10)})
    (corpus / "composer" / "p3.musicxml").write_text("<score-partwise><oops>")
    score_export.export_pieces(corpus, "composer", 10, tmp_path / "out")
    assert len(list(rows(tmp_path / "out" / "index.tsv", ["file"]))) == 9
    assert "p3.musicxml" in capsys.readouterr().out
    (corpus / "composer" / "p4.musicxml").write_text("")
    with pytest.raises(ValueError, match="could not export 2 of 10 pieces of composer"):
        score_export.export_pieces(corpus, "composer", 10, tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_former_encodings_and_second_encodings_of_a_piece_are_not_listed(tmp_path):
    (tmp_path / "x").mkdir()
    for name in ("b.mxl", "a.krn", "a.mxl", "b_old.mxl", "b.rntxt"):
        (tmp_path / "x" / name).touch()
    assert [p.name for p in score_export.list_pieces(tmp_path, "x")] == ["a.mxl", "b.mxl"]
    with pytest.raises(ValueError, match="holds no scores"):
        score_export.list_pieces(tmp_path, "y")


def test_movements_of_two_works_that_are_called_alike_are_two_pieces(tmp_path):
    for work in ("opus 1", "opus2"):
        (written := write_scores(tmp_path / work, movement1="C4 D4", **{work[-1]: "E4"}))
        (tmp_path / "corpus/composer").mkdir(parents=True, exist_ok=True)
        (written / "composer").rename(tmp_path / "corpus/composer" / work)
    score_export.export_pieces(tmp_path / "corpus", "composer", None, tmp_path / "out")
    assert [row["group"] for _, row in rows(tmp_path / "out/index.tsv", ["group"])] == [
        "composer-1",
        "composer-opus_1_movement1",
        "composer-2",
        "composer-opus2_movement1",
    ]


def test_pieces_are_taken_evenly_and_all_if_there_are_fewer():
    paths = [Path(str(i)) for i in range(10)]
    assert [p.name for p in score_export.spread(paths, 4)] == ["0", "2", "5", "7"]
    assert score_export.spread(paths, 99) == paths
    with pytest.raises(ValueError, match="at least 1"):
        score_export.spread(paths, 0)
