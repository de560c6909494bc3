"""Parquet tables become corpora as other tables do, and faults are named with file and row."""

from decimal import Decimal

import pyarrow as pa
import pytest
from pyarrow import parquet

from seqtransfer.corpora import converters
from seqtransfer.corpora.fasta import read_fasta
from seqtransfer.corpora.texts import read_text


def convert(folder, columns, form="fasta", **layout):
    parquet.write_table(pa.table(columns), folder / "x.parquet")
    record = {"converter": "parquet", "layout": {"file": "x.parquet", **layout}}
    record["classes"] = ["0", "1"]
    corpus = folder / {"fasta": "out.fasta", "text": "out.tsv"}[form]
    converters.convert(record, folder, corpus)
    return list((read_fasta if form == "fasta" else read_text)(corpus))


def test_rows_become_sequences_with_numbers_as_labels(tmp_path):
    columns = {"sequence": ["ACGT", "GGG", "acg"], "label": [0, 1, 0], "family": ["a", "b", "a"]}
    found = convert(tmp_path, columns, alphabet="dna", group="family")
    assert [(e.symbols, e.label, e.group) for e in found] == [
        ("ACGT", "0", "a"), ("GGG", "1", "b"), ("ACG", "0", "a"),
    ]  # fmt: skip
    assert found[1].id == "x-000002"


def test_decimal_numbers_are_labels_digit_by_digit(tmp_path):
    columns = {"sequence": ["ACGT", "GGG"], "label": [Decimal("0"), Decimal("1")]}
    assert [e.label for e in convert(tmp_path, columns, alphabet="dna")] == ["0", "1"]


def test_rows_become_pairs_of_texts(tmp_path):
    columns = {"q": ["who?", "why?"], "a": ["me", "so"], "label": ["1", "0"]}
    found = convert(tmp_path, columns, "text", text="q", second="a")
    assert [(e.text, e.second, e.label) for e in found] == [
        ("who?", "me", "1"),
        ("why?", "so", "0"),
    ]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"sequence": ["A"], "class": ["0"]}, r"x\.parquet: no column 'label'; its columns are"),
        ({"sequence": ["A", None], "label": [0, 1]}, r"x\.parquet: row 2: sequence is None"),
        ({"sequence": [["A"]], "label": [0]}, r"row 1: sequence is \['A'\] instead of a text"),
        ({"sequence": ["A"], "label": [float("nan")]}, "row 1: label 'nan' stands for a missing"),
        ({"sequence": ["A"], "label": ["0\r1"]}, "row 1: column 'label' holds a tab or a line"),
        ({"sequence": ["A\0"], "label": [0]}, "row 1: holds a NUL byte"),
        ({"sequence": ["A1"], "label": [0]}, "row 1: holds '1' at position 2"),
        ({"sequence": pa.array([], pa.string()), "label": pa.array([], pa.int64())}, "has no rows"),
    ],
)
def test_faults_are_named_with_file_and_row(tmp_path, columns, message):
    with pytest.raises(ValueError, match=message):
        convert(tmp_path, columns, alphabet="dna")


def test_a_column_that_comes_twice_is_refused(tmp_path):
    columns = [pa.array(["AC", "GG"]), pa.array([0, 1]), pa.array([1, 0])]
    table = pa.Table.from_arrays(columns, ["sequence", "label", "label"])
    parquet.write_table(table, tmp_path / "x.parquet")
    record = {"converter": "parquet", "layout": {"file": "x.parquet"}, "classes": ["0"]}
    with pytest.raises(ValueError, match=r"x\.parquet: the column 'label' comes twice"):
        converters.convert(record, tmp_path, tmp_path / "out.fasta")


def test_another_file_is_refused(tmp_path):
    (tmp_path / "x.parquet").write_text("sequence,label\n")
    record = {"converter": "parquet", "layout": {"file": "x.parquet"}, "classes": ["0"]}
    with pytest.raises(ValueError, match=r"x\.parquet: is no Parquet file"):
        converters.convert(record, tmp_path, tmp_path / "out.fasta")


def test_damaged_pages_are_named(tmp_path):
    path, rows = tmp_path / "x.parquet", [f"{n:07}" for n in range(2000)]
    parquet.write_table(pa.table({"sequence": rows, "label": rows}), path)
    content = path.read_bytes()
    path.write_bytes(content[:100] + bytes(200) + content[300:])
    record = {"converter": "parquet", "layout": {"file": "x.parquet"}, "classes": ["0"]}
    with pytest.raises(ValueError, match=r"x\.parquet: is a damaged Parquet file"):
        converters.convert(record, tmp_path, tmp_path / "out.fasta")
