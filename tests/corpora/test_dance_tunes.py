"""Dance tunes in ABC become MIDI files with the dance as label, each sounding as written."""

import pytest

from seqtransfer.corpora import converters
from seqtransfer.corpora.converters import dance_tunes
from seqtransfer.corpora.midi import read_pitches
from seqtransfer.corpora.text_files import rows

TUNE = "X: {x}\nT:{title}\nM:2/4\nL:1/8\n{dance}K:C\nCDEF|GABc:|\n\n"
RECORD = {"converter": "tunes", "classes": ["reel", "jig"]}


def write_books(folder, **dances):
    """One file a book; `dances`: book -> the R fields of its tunes."""
    for book, fields in dances.items():
        (folder / "music21" / "corpus" / book).mkdir(parents=True)
        text = "% a book\n\n" + "".join(
            TUNE.format(x=1, title=f"The {book} No. {i}", dance=f"R:{name}\n" if name else "")
            for i, name in enumerate(fields)
        )
        (folder / "music21" / "corpus" / book / "a.abc").write_text(text)


def test_reels_hornpipes_and_jigs_are_exported_and_others_left_out(tmp_path):
    books = {"ryansMammoth": ["reel", "strathspey", ""], "oneills1850": ["REEL", "double jig "]}
    write_books(tmp_path / "raw", **books)
    converters.convert(RECORD, tmp_path / "raw", tmp_path / "out.midi")
    assert [
        row for _, row in rows(tmp_path / "out.midi" / "index.tsv", ("file",), delimiter="\t")
    ] == [
        {
            "file": "ryansMammoth-a-001.mid",
            "label": "reel",
            "group": "the ryansmammoth no 0 (reel)",
        },
        {"file": "oneills1850-a-001.mid", "label": "reel", "group": "the oneills1850 no 0 (reel)"},
        {"file": "oneills1850-a-002.mid", "label": "jig", "group": "the oneills1850 no 1 (jig)"},
    ]
    # Each section once, although the tune repeats.
    pitches = read_pitches(tmp_path / "out.midi" / "ryansMammoth-a-001.mid")
    assert pitches == [60, 62, 64, 65, 67, 69, 71, 72]


def test_a_missing_book_and_too_many_failures_are_named(tmp_path, monkeypatch):
    write_books(tmp_path / "raw", ryansMammoth=["reel"])
    with pytest.raises(ValueError, match=r"holds no oneills1850/\*\.abc"):
        dance_tunes.convert(tmp_path / "raw", tmp_path / "out.midi")
    write_books(tmp_path / "raw", oneills1850=["reel"])

    def fail(*_):
        raise KeyError("x")

    monkeypatch.setattr(dance_tunes, "write_midi", fail)
    with pytest.raises(ValueError, match="could not export 2 tunes"):
        dance_tunes.convert(tmp_path / "raw", tmp_path / "out.midi")
    assert not (tmp_path / "out.midi").exists()
