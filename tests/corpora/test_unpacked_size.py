"""Compressed files are held to the limits of archives, and conversion keeps what it must."""

import bz2
import gzip
import io
import lzma
import sys
import tracemalloc
import zipfile

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from project import ROOT
from seqtransfer.corpora import archives, converters, sources, text_files
from seqtransfer.corpora.fasta import iterate_fasta, iterate_records, read_fasta, write_fasta

sys.path.append(str(ROOT / "benchmarks"))
import conversion_memory

MB = 1 << 20
BOMB = b">a label=1\n" + b"A" * 80 * MB + b"\n"  # over HARMLESS, and compressed 1,000 times


def zipped(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("score.xml", content)
    return buffer.getvalue()


def arrays(content: bytes) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, a=np.frombuffer(content, dtype=np.uint8))
    return buffer.getvalue()


COMPRESSED = {
    "x.fasta.gz": gzip.compress(BOMB, 6),
    "x.fasta.bz2": bz2.compress(BOMB, 1),
    "no-suffix": lzma.compress(BOMB, preset=0),
    "twice.gz": gzip.compress(BOMB[: 40 * MB], 6) * 2,  # members one after the other
    "score.mxl": zipped(BOMB),
    "weights.npz": arrays(BOMB),
}


def brought(tmp_path, files: dict[str, bytes], **keys):
    """Bring a folder of these files."""
    origin = tmp_path / "origin"
    origin.mkdir()
    for name, content in files.items():
        (origin / name).write_bytes(content)
    sources.fetch("x", {"path": str(origin), **keys}, tmp_path / "raw" / "x")
    return tmp_path / "raw" / "x"


@pytest.mark.parametrize("name", COMPRESSED)
def test_a_compressed_file_that_unpacks_to_too_much_is_refused_unless_its_ratio_is_raised(
    tmp_path, name
):
    with pytest.raises(ValueError, match=rf"{name}: unpacks to more than the 67,108,864.*`ratio:`"):
        brought(tmp_path, {name: COMPRESSED[name]})
    assert not (tmp_path / "raw" / "x").exists()
    source = {"path": str(tmp_path / "origin"), "ratio": 1e6}
    sources.fetch("x", source, tmp_path / "raw" / "x")


def test_the_limit_is_of_all_files_together_and_also_of_those_in_an_archive(tmp_path):
    small = gzip.compress(bytes(600))
    with pytest.raises(ValueError, match=r"b\.gz: unpacks to more than the 1,000 .*`limit:`"):
        brought(tmp_path, {"a.gz": small, "b.gz": small}, limit=1000)
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.writestr("d/x.fasta.gz", COMPRESSED["x.fasta.gz"])
    with pytest.raises(ValueError, match=r"d/x\.fasta\.gz: unpacks to more than"):
        sources.fetch("y", {"path": str(tmp_path / "in.zip")}, tmp_path / "raw" / "y")


def test_counting_takes_little_memory_and_damage_is_left_to_the_reader(tmp_path):
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="unpacks to more"):
            brought(tmp_path, {"x.fasta.gz": COMPRESSED["x.fasta.gz"]})
        assert tracemalloc.get_traced_memory()[1] < 8 * MB
    finally:
        tracemalloc.stop()
    (tmp_path / "cut").mkdir()
    folder = brought(
        tmp_path / "cut", {"x.gz": COMPRESSED["x.fasta.gz"][:1000], "y.mxl": b"PK\3\4"}
    )
    with pytest.raises(ValueError, match=r"x\.gz: a compressed file that is damaged"):
        list(iterate_records(folder / "x.gz"))


def test_an_archive_of_too_many_files_is_refused_unless_some_are_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "FILES", 1000)
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for number in range(archives.FILES + 1):
            archive.writestr(str(number), b"")
    (tmp_path / "out").mkdir()
    with pytest.raises(ValueError, match=r"many\.zip: would unpack to 1,001 files.*`extract`"):
        archives.unpack(tmp_path / "many.zip", None, tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())
    assert archives.unpack(tmp_path / "many.zip", ["99*"], tmp_path / "out") == 11


# Readers


def test_the_longest_line_and_record_are_read_back_and_one_symbol_more_is_refused(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(text_files, "LONGEST", 1000)
    monkeypatch.setattr("seqtransfer.corpora.fasta.LONGEST", 1000)
    path = tmp_path / "x.fasta"
    path.write_text(f">a label=1\n{'A' * 1000}\n")
    with pytest.raises(ValueError, match=r"x\.fasta: line 2: is longer than 1,000 characters"):
        list(iterate_records(path))  # with its line end
    path.write_text(f">a label=1\n{'A' * 999}\nC\n>b label=1\nG\n")
    found = list(iterate_fasta(path))
    write_fasta(tmp_path / "again.fasta", found)
    assert list(iterate_fasta(tmp_path / "again.fasta")) == list(read_fasta(path)) == found
    path.write_text(f">a label=1\n{'A' * 999}\nCC\n")
    with pytest.raises(ValueError, match=r"line 3: record \['a'\] is longer than 1,000 symbols"):
        list(iterate_records(path))


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.txt"])
def test_a_line_without_an_end_is_refused_before_it_is_in_memory(tmp_path, name):
    (tmp_path / name).write_bytes(gzip.compress(b"text,label\n" + b"a" * 40 * MB, 1))
    layout = {"files": {"a": name}} if name == "x.txt" else {"file": name}
    record = {"converter": "lines" if name == "x.txt" else "table", "layout": layout}
    if name == "x.jsonl":
        (tmp_path / name).write_bytes(gzip.compress(b"\n" + b"a" * 40 * MB, 1))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=rf"{name}: line 2: is longer than 16,777,216"):
            converters.convert(record | {"classes": ["a"]}, tmp_path, tmp_path / "out.tsv")
        assert tracemalloc.get_traced_memory()[1] < 100 * MB  # characters are up to 4 bytes wide
    finally:
        tracemalloc.stop()
    assert not (tmp_path / "out.tsv").exists()


@pytest.mark.parametrize("rows", [300, 3000])
def test_a_parquet_table_that_stores_a_text_once_for_many_rows_is_refused(
    tmp_path, monkeypatch, rows
):
    monkeypatch.setattr(archives, "HARMLESS", 100_000)
    monkeypatch.setattr(archives, "RATIO", 10)
    text = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), ["A" * 9_000])
    table = pa.table({"sequence": text, "label": ["a"] * rows})
    parquet.write_table(table, tmp_path / "x.parquet")
    record = {"converter": "parquet", "layout": {"file": "x.parquet"}, "classes": ["a"]}
    with pytest.raises(ValueError, match=r"row 12: the table up to here holds more than 100,000 b"):
        converters.convert(record, tmp_path, tmp_path / "out.fasta")
    assert not (tmp_path / "out.fasta").exists()


def test_a_conversion_of_fasta_does_not_hold_the_sequences_in_memory():
    _, empty = conversion_memory.peak("fasta", 0)
    read, full = conversion_memory.peak("fasta", 4 * MB)
    assert full - empty < read
