"""MIDI files -> examples: windows of pitches, one after the other, without durations or voices."""

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import symusic

from seqtransfer.corpora import Example, check_facts, check_ids, read_strings


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
    examples, pieces = [], []
    index_paths = [Path(path) for path in index_paths]
    for index in index_paths:
        for row in read_strings(index, ("file", "label")).to_dict("records"):
            where = f"{index}: file {row['file']!r}"
            path = index.parent / row["file"]
            if not path.is_file():
                raise ValueError(f"{where}: there is no {path}; remove its row or add the file")
            facts = check_facts(where, row, how="fill its column `label`")
            piece = PurePosixPath(row["file"]).with_suffix("").as_posix()
            facts["group"] = facts["group"] or piece
            pieces.append(piece)
            pitches = read_pitches(path)
            for k in range(len(pitches) // notes_per_window):
                window = pitches[k * notes_per_window : (k + 1) * notes_per_window]
                examples.append(Example(f"{piece}#{k:03d}", tuple(map(str, window)), **facts))
    names = ", ".join(map(str, index_paths))
    check_ids(names, pieces)
    if not examples:
        raise ValueError(f"{names}: no piece has {notes_per_window} notes; lower notes_per_window")
    return examples


def read_pitches(path: Path) -> list[int]:
    """Pitches (0 to 127) of all notes of a MIDI file, by onset, then from low to high.

    Raises ValueError naming the file if it is broken or holds no notes.
    """
    try:
        tracks = symusic.Score(path).tracks
    except Exception as error:  # symusic raises bare RuntimeErrors, OSErrors and others
        raise ValueError(f"{path}: not a MIDI file that symusic can read ({error})") from error
    # ASSUME: drum tracks are left out, since their numbers name instruments, not pitches.
    # ASSUME: a pitch that several voices start at the same time is one note.
    notes = {
        (note.time, note.pitch) for track in tracks if not track.is_drum for note in track.notes
    }
    if not notes:
        raise ValueError(f"{path}: holds no notes outside drum tracks; remove it from the index")
    return [pitch for _, pitch in sorted(notes)]
