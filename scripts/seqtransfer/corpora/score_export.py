"""A composer's engraved scores (MusicXML, Humdrum) -> one MIDI file a piece."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from seqtransfer.corpora import sheet_music
from seqtransfer.files import atomic, json_tsv
from seqtransfer.files.atomic import whole_folder

SUFFIXES = (".krn", ".mxl", ".musicxml", ".xml")
FAILURES = 0.1  # the largest fraction of pieces that may fail
TICKS = 10080  # a quarter note: tuplets of 3, 5, 7 and 9 end on a tick
VELOCITY = 64  # scores say little of loudness, and no task reads it


def export_pieces(corpus_folder: Path, composer: str, pieces: int | None, folder: Path) -> None:
    """Write at most `pieces` pieces of a composer as MIDI files, and index.tsv, into `folder`;
    all of them if None.

    corpus_folder: has one folder a composer. The pieces are taken evenly over the sorted paths,
    so the choice needs no randomness. index.tsv has the columns file, label (the composer) and
    group (the piece). Pieces that cannot be read are printed and left out.
    Raises ValueError if the composer has no scores, more than 10 % of the pieces fail, or two
    would have one name.
    """
    root, paths = Path(corpus_folder) / composer, list_pieces(corpus_folder, composer)
    stems = Counter(path.stem for path in paths)
    chosen = paths if pieces is None else spread(paths, pieces)
    print(f"{composer}: {len(chosen)} of {len(paths)} pieces")
    taken: dict[str, Path] = {}
    with whole_folder(folder) as new:
        rows = []
        for path in chosen:
            # The composer is part of the name, so that pieces of all composers have distinct ids;
            # of pieces that are called alike, such as movement1, so are the folders.
            alone = stems[path.stem] == 1
            named = path.stem if alone else path.relative_to(root).with_suffix("").as_posix()
            name = re.sub(r"[\s/]+", "_", f"{composer}-{named}")
            if name in taken:
                raise ValueError(f"{path} and {taken[name]} would both be {name}.mid; rename one")
            taken[name] = path
            try:
                write_midi(path, new / f"{name}.mid")
            except ValueError as error:
                print(f"left out {error}")
            else:
                rows.append({"file": f"{name}.mid", "label": composer, "group": name})
        failed = len(chosen) - len(rows)
        if failed > FAILURES * len(chosen):
            raise ValueError(
                f"{corpus_folder}: could not export {failed} of {len(chosen)} pieces of {composer};"
                " the log lists them"
            )
        json_tsv.write_records(new / "index.tsv", rows)


def list_pieces(corpus_folder: Path, composer: str) -> list[Path]:
    """Sorted paths of a composer's scores, one a piece.

    Of two encodings of one piece (equal stems in one folder) the one whose suffix sorts last is
    kept.
    Raises ValueError naming the composer's folder if it holds no scores.
    """
    root = Path(corpus_folder) / composer
    # An `_old` file is a former encoding of a piece that is also there.
    found = sorted(p for p in root.rglob("*") if p.suffix in SUFFIXES and p.stem[-4:] != "_old")
    if not found:
        raise ValueError(
            f"{root}: holds no scores ({', '.join(SUFFIXES)}); correct `classes` of the task, or"
            " `composers` of the corpus"
        )
    return sorted({path.with_suffix(""): path for path in found}.values())


def spread(paths: Sequence[Path], count: int) -> list[Path]:
    """At most `count` of the paths, evenly spaced, the first included."""
    if count < 1:
        raise ValueError(f"pieces is {count}; it must be at least 1")
    count = min(count, len(paths))
    return [paths[i * len(paths) // count] for i in range(count)]


def write_midi(path: Path, midi: Path) -> None:
    """Write the notes of one score as MIDI, a track a part, equal bytes for equal scores.

    ASSUME: repeats are not played out, which would put the same notes into a piece twice.
    Raises ValueError naming the score if it cannot be read.
    """
    import symusic  # here: a study is planned without it

    score = symusic.Score(TICKS)
    for part in sheet_music.read(path):
        track = symusic.Track()
        for note in part:
            start, end = (round(at * TICKS) for at in (note.onset, note.onset + note.duration))
            track.notes.append(symusic.Note(start, end - start, note.pitch, VELOCITY))
        score.tracks.append(track)
    with atomic.atomic(midi) as temporary:
        score.dump_midi(temporary)
