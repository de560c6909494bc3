"""Tables of MIDI files: every file that is refused is named, with what it is or where it lies."""

import csv
import re
from pathlib import Path

import pytest
from test_malformed_tables import SONG, refusal

from seqtransfer.corpora.converters import midi
from seqtransfer.corpora.midi import read_midi_folders

MIDI = {"converter": "midi", "layout": {"table": "x.csv", "label": "composer"}}


@pytest.mark.parametrize(
    "table, words",
    [
        ("file,composer\na.mid,a\nb.mid,b\n", ["x.csv: line 3", "no file 'b.mid'"]),
        ("file,composer\na.mid,a\na.mid,b\n", ["x.csv: line 3", "named before", "line 2"]),
        ("file,composer\n../a.mid,a\n", ["x.csv: line 2", "'../a.mid' is no relative path"]),
        ("file,composer\n/a.mid,a\n", ["x.csv: line 2", "no relative path"]),
        (
            "file,composer\nx.csv,a\n",
            ["x.csv: line 2", "no relative path to a .mid file or a score (.krn, "],
        ),
        ("file,composer\nbad.mid,a\n", ["x.csv: line 2", "'bad.mid' is no MIDI file"]),
        ("file,composer\nempty.mid,a\n", ["x.csv: line 2", "'empty.mid' is no MIDI file"]),
        ("file,composer\na.mid,a\ncut.mid,a\n", ["x.csv: line 3: file 'cut.mid'", "is cut off;"]),
        ("file,composer\nlost.mid,a\n", ["line 2: there", "folder, too: there is 'x/lost.mid'"]),
        (
            "file,composer\na.mid,a\ncut.mid,a\nbad.mid,a\n",
            ["line 3: file 'cut.mid'", "; 1 more file is refused, 'bad.mid': the log says why"],
        ),
        (
            "file,composer\nbad.mid,a\n" + "".join(f"{n}.mid,b\n" for n in range(7)),
            ["; 7 more files are refused, '0.mid', '1.mid', '2.mid', '3.mid', '4.mid', ...: the"],
        ),
        (
            "file,composer\n" + "".join(f"{n}.mid,b\n" for n in range(99)),
            ["x.csv: line 2", "; at least 49 more files are refused, '1.mid', "],
        ),
        ("file,composer\na.mid,\n", ["x.csv: line 2", "'composer' is empty"]),
        ("file,label\na.mid,a\n", ["x.csv", "no column 'composer'"]),
        ("file,composer\n", ["x.csv", "no rows"]),
    ],
)
def test_a_malformed_table_of_midi_files_is_refused(tmp_path, capsys, table, words):
    files = {"x.csv": table, "a.mid": SONG, "bad.mid": b"RIFF", "empty.mid": b""}
    files["cut.mid"] = files["x/lost.mid"] = SONG[:-1]
    said = refusal(tmp_path, MIDI, files)
    assert all(word in said for word in words), said
    more = re.search(r" (\d+) more file", said)
    printed = [line for line in capsys.readouterr().out.splitlines() if "line" in line]
    assert len(printed) == (int(more[1]) + 1 if more else 0)


KERN = "**kern\n*M4/4\n4c\n4d\n2e\n*-\n"
FOLDERS = {"bach/a.mid": SONG, "bach/old/b.krn": KERN, "bach/notes.txt": "x", "lully/c.krn": KERN}
BY_LABEL = {"converter": "midi", "layout": {"files": {"Bach": "bach/**/*", "Lully": "lully/*.krn"}}}


def converted(tmp_path, record: dict, files: dict[str, str | bytes]) -> tuple[Path, dict]:
    """The folder that the converter makes of `files`, and its index, file -> label."""
    for name, content in files.items():
        path = tmp_path / "raw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    corpus = tmp_path / "music"
    midi.convert(tmp_path / "raw", corpus, midi.Options(**record["layout"]))
    with open(corpus / "index.tsv") as index:
        return corpus, {row["file"]: row["label"] for row in csv.DictReader(index, delimiter="\t")}


def test_a_folder_of_each_composer_needs_no_table_and_scores_become_midi(tmp_path, capsys):
    corpus, index = converted(tmp_path, BY_LABEL, FOLDERS)
    assert index == {"bach/a.mid": "Bach", "bach/old/b.mid": "Bach", "lully/c.mid": "Lully"}
    assert "Bach: 2 files, 1 of other kinds" in capsys.readouterr().out
    (tmp_path / "lully").mkdir()
    alone = {"layout": {"files": {"Lully": "lully/*"}}}
    corpus, _ = converted(tmp_path / "lully", alone, FOLDERS)
    (piece,) = read_midi_folders([corpus / "index.tsv"], 3)
    assert piece.symbols == ("60", "62", "64") and piece.label == "Lully"


def test_a_score_that_cannot_be_read_and_a_label_without_files_are_named(tmp_path):
    said = refusal(tmp_path, BY_LABEL, FOLDERS | {"lully/d.krn": "**kern\n4h\n*-\n"})
    assert "lully/d.krn" in said and "'4h' has no length or no pitch" in said
    (tmp_path / "x").mkdir()
    said = refusal(tmp_path / "x", BY_LABEL, {"bach/a.mid": SONG, "lully/c.abc": "X:1"})
    assert "files of 'Lully': 'lully/*.krn' finds no music (.mid, " in said


def test_a_table_may_list_scores(tmp_path):
    files = {"x.csv": "file,composer\nlully/c.krn,L\nbach/a.mid,B\n", **FOLDERS}
    assert converted(tmp_path, MIDI, files)[1] == {"lully/c.mid": "L", "bach/a.mid": "B"}


@pytest.mark.parametrize("key", ["group", "split", "label", "file"])
def test_what_only_a_table_says_is_refused_beside_files_by_label(key):
    with pytest.raises(ValueError, match=f"^`{key}` is of a table; with `files` every file is a"):
        midi.Options(files={"bach": "bach/*", "lully": "lully/*"}, **{key: "piece"})
