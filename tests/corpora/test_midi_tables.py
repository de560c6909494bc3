"""Tables of MIDI files: every file that is refused is named, with what it is or where it lies."""

import re

import pytest
from test_malformed_tables import SONG, refusal

MIDI = {"converter": "midi", "layout": {"table": "x.csv", "label": "composer"}}


@pytest.mark.parametrize(
    "table, words",
    [
        ("file,composer\na.mid,a\nb.mid,b\n", ["x.csv: line 3", "no file 'b.mid'"]),
        ("file,composer\na.mid,a\na.mid,b\n", ["x.csv: line 3", "named before", "line 2"]),
        ("file,composer\n../a.mid,a\n", ["x.csv: line 2", "'../a.mid' is no relative path"]),
        ("file,composer\n/a.mid,a\n", ["x.csv: line 2", "no relative path"]),
        ("file,composer\nx.csv,a\n", ["x.csv: line 2", "no relative path to a .mid file"]),
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
