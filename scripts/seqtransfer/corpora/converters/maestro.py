"""MAESTRO's archive (any version) -> MIDI files with composer, composition and official part."""

import unicodedata
from pathlib import Path

from seqtransfer.corpora.corpus_files import cell, copy_midi, split_name
from seqtransfer.corpora.text_files import rows

COLUMNS = ("canonical_composer", "canonical_title", "split", "midi_filename")


def convert(folder: Path, corpus: Path) -> None:
    """Copy every performance; label: composer; group: composer and title; split: as published.

    The official split keeps all performances of one composition in one part.
    Raises ValueError naming table and line for a file that is missing or no MIDI, an unknown part,
    or an empty cell; or if there is not exactly one metadata table.
    """
    tables = sorted(Path(folder).rglob("maestro-v*.csv"))
    if len(tables) != 1:
        raise ValueError(f"{folder}: holds {len(tables)} tables maestro-v*.csv instead of one")
    listed = []
    for where, row in rows(tables[0], COLUMNS):
        composer, title, part, name = (cell(where, row, column) for column in COLUMNS)
        composer = unicodedata.normalize("NFC", composer)
        group = " ".join(f"{composer}: {title}".split())
        facts = {"label": composer, "group": group, "split": split_name(where, part)}
        listed.append((where, name, [tables[0].parent], facts))
    copy_midi(corpus, listed)
