"""Ours and other libraries' readers of FASTA, tables and MIDI files, in one form each.

What `strictness.py` gives bad files to, and `libraries.py` times.
"""

import io
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from seqtransfer.corpora import fasta, midi, text_files  # noqa: E402

# FASTA: path -> (header, sequence) of each record.


def by_biopython(path: Path) -> Iterator[tuple[str, str]]:
    from Bio.SeqIO.FastaIO import SimpleFastaParser

    with text_files.open_text(path) as file:
        yield from SimpleFastaParser(file)


def by_dnaio(path: Path) -> Iterator[tuple[str, str]]:
    import dnaio

    with dnaio.open(path, fileformat="fasta") as file:
        for record in file:
            yield record.name, record.sequence


def by_pyfastx(path: Path) -> Iterator[tuple[str, str]]:
    import pyfastx

    for name, sequence, comment in pyfastx.Fastx(str(path), format="fasta", comment=True):
        yield f"{name} {comment or ''}", sequence


def by_pysam(path: Path) -> Iterator[tuple[str, str]]:
    import pysam

    with pysam.FastxFile(str(path)) as file:
        for record in file:
            yield f"{record.name or ''} {record.comment or ''}", record.sequence or ""


FASTA_READERS = {
    "ours": fasta.iterate_records, "Biopython SimpleFastaParser": by_biopython, "dnaio": by_dnaio,
    "pyfastx": by_pyfastx, "pysam": by_pysam,
}  # fmt: skip


# Tables: path -> rows; our checks for absent columns and empty cells are behind all.


def by_csv(path: Path) -> list[dict]:
    import csv

    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def by_pandas(path: Path) -> list[dict]:
    import pandas as pd

    if path.suffix == ".jsonl":
        return pd.read_json(path, lines=True, dtype=False).to_dict("records")
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, index_col=False)
    return frame.to_dict("records")


def by_polars(path: Path) -> list[dict]:
    import polars as pl

    if path.suffix == ".jsonl":
        return pl.read_ndjson(path).to_dicts()
    frame = pl.read_csv(path, infer_schema=False)
    return frame.fill_null("").to_dicts()


def by_pyarrow(path: Path) -> list[dict]:
    import pyarrow as pa
    from pyarrow import csv, json

    if path.suffix == ".jsonl":
        return json.read_json(path).to_pylist()
    parse = csv.ParseOptions(newlines_in_values=True)
    strings = csv.ConvertOptions(column_types=dict.fromkeys(COLUMNS, pa.string()))
    return csv.read_csv(path, parse_options=parse, convert_options=strings).to_pylist()


def by_our_rows(path: Path) -> list[dict]:
    return [row for _, row in text_files.rows(path, COLUMNS)]


COLUMNS = ("sequence", "label")
TABLES = {
    "ours": by_our_rows, "csv.DictReader": by_csv, "pandas": by_pandas, "polars": by_polars,
    "pyarrow": by_pyarrow,
}  # fmt: skip


# MIDI: bytes -> number of notes.


def by_symusic(content: bytes) -> int:
    import symusic

    return sum(len(track.notes) for track in symusic.Score.from_midi(content).tracks)


def by_mido(content: bytes) -> int:
    import mido

    tracks = mido.MidiFile(file=io.BytesIO(content)).tracks
    return sum(message.type == "note_on" for track in tracks for message in track)


def by_pretty_midi(content: bytes) -> int:
    import pretty_midi

    return sum(len(i.notes) for i in pretty_midi.PrettyMIDI(io.BytesIO(content)).instruments)


def by_miditoolkit(content: bytes) -> int:
    import miditoolkit

    return sum(len(i.notes) for i in miditoolkit.MidiFile(file=io.BytesIO(content)).instruments)


def by_our_midi(content: bytes) -> int:
    with tempfile.NamedTemporaryFile(suffix=".mid") as file:
        Path(file.name).write_bytes(content)
        return len(midi.read_notes(Path(file.name)))


MIDI_READERS = {
    "ours": by_our_midi, "symusic alone": by_symusic, "mido": by_mido,
    "pretty_midi": by_pretty_midi, "miditoolkit": by_miditoolkit,
}  # fmt: skip
