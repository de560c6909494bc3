"""Seconds to read MIDI files into pitches: this library, pretty_midi and music21, by turns.

    pip install pretty_midi==0.2.11
    python benchmarks/midi.py [--folder ../shared/data/music/asap] [--files 12] [--rounds 3]

First real performances of the folder, then as many scores of music21's own corpus (of SCORES by
turns), which music21 exports to MIDI files. Every file is read by each reader in turn, in one
process; a line gives the median over rounds of the seconds for all files, the ratio to ours, and in
how many files the reader finds the same notes (as a multiset of pitches, of notes that differ in
start or pitch). music21 parses slowly and rounds times to a grid, so its notes are expected to
differ in performances; it reads in one round only.
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
SCORES = ("bach", "monteverdi", "palestrina", "trecento")


def ours(path: Path) -> Counter:
    from seqtransfer.corpora import midi

    return Counter(midi.read_pitches(path))


def by_pretty_midi(path: Path) -> Counter:
    import pretty_midi

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        score = pretty_midi.PrettyMIDI(str(path))
    tracks = [track for track in score.instruments if not track.is_drum]
    notes = {(score.time_to_tick(n.start), n.pitch) for track in tracks for n in track.notes}
    return Counter(pitch for _, pitch in notes)


def by_music21(path: Path) -> Counter:
    from music21 import converter

    # What sounds past a bar line comes in parts that are tied: stripTies makes one note of them.
    flat = converter.parse(path, forceSource=True).stripTies().flatten()
    return Counter(
        pitch for _, pitch in {(n.offset, p.midi) for n in flat.notes for p in n.pitches}
    )


READERS = {"ours": ours, "pretty_midi": by_pretty_midi, "music21": by_music21}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=ROOT.parent / "shared/data/music/asap")
    parser.add_argument("--files", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # music21's, about scores
    paths = sorted([*options.folder.rglob("*.mid"), *options.folder.rglob("*.midi")])
    paths = sorted(random.Random(0).sample(paths, min(options.files, len(paths))))
    print("performances:", end=" ")
    compare(paths, options.rounds)
    with tempfile.TemporaryDirectory() as folder:
        print("scores:", end=" ")
        compare(export_scores(Path(folder), options.files), options.rounds)


def export_scores(folder: Path, files: int) -> list[Path]:
    """Scores of music21's corpus as MIDI files, evenly spread over each composer's."""
    from music21 import common

    from seqtransfer.corpora import score_export

    corpus, paths = common.getCorpusFilePath(), []
    for composer in SCORES:
        for path in score_export.spread(
            score_export.list_pieces(corpus, composer), files // len(SCORES)
        ):
            paths.append(folder / f"{composer}-{len(paths)}.mid")
            score_export.write_midi(path, paths[-1])
    return paths


def compare(paths: list[Path], rounds: int) -> None:
    """Read all files by every reader in turn and print what it took."""
    for read in READERS.values():
        read(paths[0])  # imports are not timed
    seconds = {name: [] for name in READERS}
    notes: dict[str, list[Counter]] = {}
    for number in range(rounds):
        for name, read in READERS.items():
            if name == "music21" and number:
                continue
            start = time.perf_counter()
            notes[name] = [read(path) for path in paths]
            seconds[name].append(time.perf_counter() - start)
    count = sum(sum(counter.values()) for counter in notes["ours"])
    print(f"{len(paths)} files, {count:,} notes")
    base = statistics.median(seconds["ours"])
    for name, times in seconds.items():
        same = sum(a == b for a, b in zip(notes[name], notes["ours"], strict=True))
        median = statistics.median(times)
        print(
            f"{name:12} {median:8.3f} s, {median / base:6.1f} times ours; same notes in {same} of"
            f" {len(paths)} files"
        )


if __name__ == "__main__":
    main()
