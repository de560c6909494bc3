"""music21's two books of dance tunes (ABC) -> one MIDI file a tune, labelled by its dance.

One melody each, so neither voices nor instruments tell the dances apart, and the metre that would
tell a jig is not in the pitches that a task reads.
"""

import re
from collections import Counter
from pathlib import Path

from seqtransfer.corpora.score_export import FAILURES
from seqtransfer.files import atomic, json_tsv
from seqtransfer.files.atomic import whole_folder

BOOKS = ("ryansMammoth", "oneills1850")
# ASSUME: double jigs are jigs; slip jigs (9/8) and all other dances are left out.
DANCES = {"reel": "reel", "hornpipe": "hornpipe", "jig": "jig", "double jig": "jig"}


def convert(folder: Path, corpus: Path) -> None:
    """Export every reel, hornpipe and jig; group: title and dance, since the books share tunes.

    Raises ValueError if a book is missing or more than a tenth of the tunes cannot be exported.
    """
    rows, failed = [], 0
    with whole_folder(corpus) as new:
        for book in BOOKS:
            paths = sorted(Path(folder).rglob(f"{book}/*.abc"))
            if not paths:
                raise ValueError(f"{folder}: holds no {book}/*.abc; check `extract` of the source")
            for path in paths:
                for name, title, dance, abc in _tunes(book, path):
                    try:
                        write_midi(abc, new / f"{name}.mid")
                    except Exception as error:  # music21 raises many kinds
                        print(f"left out {name}: {type(error).__name__}: {error}")
                        failed += 1
                    else:
                        group = f"{title} ({dance})"
                        rows.append({"file": f"{name}.mid", "label": dance, "group": group})
        if not failed and not rows:
            raise ValueError(f"{folder}: its books hold no reel, hornpipe or jig")
        if failed > FAILURES * (failed + len(rows)):
            raise ValueError(f"{folder}: music21 could not export {failed} tunes; see the log")
        print(f"{len(rows)} tunes, {Counter(row['label'] for row in rows)}")
        json_tsv.write_records(new / "index.tsv", rows)


def write_midi(abc: str, midi: Path) -> None:
    """Write one tune as MIDI, each section once, equal bytes for equal tunes."""
    # Here, since no other corpus needs music21, and it takes seconds to import.
    from music21 import converter
    from music21.harmony import Harmony
    from music21.repeat import RepeatMark
    from music21.spanner import RepeatBracket

    score = converter.parseData(abc, format="abc")
    # ASSUME: repeats are not played out. They would put the same notes into a tune twice, and
    # music21 refuses tunes whose repeat marks do not match.
    # ASSUME: chord symbols are an editor's reading, not notes of the tune.
    for mark in list(score.recurse().getElementsByClass((RepeatMark, RepeatBracket, Harmony))):
        score.remove(mark, recurse=True)
    with atomic.atomic(midi) as temporary:
        score.write("midi", fp=temporary)


def _tunes(book: str, path: Path) -> list[tuple[str, str, str, str]]:
    """(file name, plain title, dance, ABC) of the tunes of a file that have a dance of ours."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not text in UTF-8 ({error})") from error
    found = []
    for number, abc in enumerate(re.split(r"(?m)^(?=X:)", text)[1:], start=1):
        fields = {key: value.strip() for key, value in re.findall(r"(?m)^([TR]):(.*)$", abc)[::-1]}
        dance = DANCES.get(fields.get("R", "").lower())
        if dance:
            title = re.sub(r"[^a-z0-9]+", " ", fields.get("T", "").lower()).strip()
            # Not by the tune's own number X: some files have the same one twice.
            name = f"{book}-{path.stem}-{number:03d}".replace(" ", "_")
            found.append((name, title or name, dance, abc))
    return found
