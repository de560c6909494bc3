"""Malformed input: every bad file is refused with one line that names the file and the record."""

import bz2
import gzip
import json
import lzma
import re
from dataclasses import replace
from pathlib import Path

import pytest

from seqtransfer.corpora import converters, label_faults
from seqtransfer.corpora.converters import glue, tape
from seqtransfer.corpora.fasta import read_fasta
from seqtransfer.corpora.texts import read_text

FASTA = {"converter": "fasta", "layout": {"file": "x.fasta", "label": {"field": 2}}}
DNA = {"converter": "fasta", "layout": FASTA["layout"] | {"alphabet": "dna"}}
RNA = {"converter": "fasta", "layout": FASTA["layout"] | {"alphabet": "rna"}}
CSV = {"converter": "table", "layout": {"file": "x.csv"}}
JSONL = {"converter": "table", "layout": {"file": "x.jsonl"}}
RESULT = {"fasta": "out.fasta", "table": "out.fasta", "midi": "out.midi", "maestro": "out.midi"}
RESULT["series"] = "out.symbols"
MAESTRO = "canonical_composer,canonical_title,split,year,midi_filename,audio_filename,duration\n"
SONG = b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk\0\0\0\4\0\xff\x2f\0"


def refusal(tmp_path: Path, record: dict, files: dict[str, str | bytes]) -> str:
    """What the converter says about `files`; it leaves nothing behind."""
    for name, content in files.items():
        path = tmp_path / "raw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    record = {"classes": ["a", "b"]} | record
    corpus = tmp_path / RESULT.get(record["converter"], "out.tsv")
    if record["converter"] in ("fluorescence", "hilbert_cnn", "splice_rows", "peptides"):
        corpus = tmp_path / "out.fasta"
    with pytest.raises(ValueError) as caught:
        converters.convert(record, tmp_path / "raw", corpus)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["raw"]
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


# Content of x.fasta, the layout, words of the refusal.
@pytest.mark.parametrize(
    "content, record, words",
    [
        ("", FASTA, ["x.fasta: holds no records"]),
        ("\n\n", FASTA, ["x.fasta: holds no records"]),
        ("p1 a\nMK\n", FASTA, ["x.fasta: line 1", "before the first `>`"]),
        (";comment\n>p1 a\nMK\n", FASTA, ["x.fasta: line 1", "';comment'"]),
        ("MK\n>p1 a\nMK\n>p2 b\nMK\n", FASTA, ["x.fasta: line 1", "'MK'"]),
        (b"\x00\x01\x02\xff>p1 a\nMK\n", FASTA, ["x.fasta: line 1", "not a FASTA file"]),
        (
            ">p1 a\nMK\n".encode("utf-16"),
            FASTA,
            ["x.fasta: line 1", "state its `encoding: utf-16`"],
        ),
        (b"\x89PNG\r\n\x1a\n\x00\x00", FASTA, ["x.fasta: line 1", "not a FASTA file"]),
        (">p1 a\n>p2 b\nMK\n", FASTA, ["x.fasta: record 'p1'", "no sequence"]),
        (">p1 a\nMK\n>p2 b\n", FASTA, ["x.fasta: record 'p2'", "no sequence"]),
        (
            ">p1 a\nMK\n>p1 b\nMV\n",
            FASTA,
            ["record 'p1': id 'p1' comes twice, in examples 1 and 2;"],
        ),
        (">\nMK\n", FASTA, ["x.fasta: record ''", "no id"]),
        (">p1\nMK\n", FASTA, ["record 'p1'", "label is not where the layout says"]),
        (">p1 a\nM1K\n", FASTA, ["record 'p1'", "'1' at position 2"]),
        (">p1 a\nMK\n>p2 b\nM K\n", FASTA, ["record 'p2'", "' ' at position 2"]),
        (">p1 a\nMKÄ\n", FASTA, ["record 'p1'", "'Ä' at position 3"]),
        (b">p1 a\nMK\xff\n", FASTA, ["record 'p1'", "byte 0xff at position 3"]),
        (b">p1 a\xff\nMK\n", FASTA, ["x.fasta: line 1", "byte 0xff is no text in utf-8"]),
        (b">p1 a\nM\0K\n", FASTA, ["record 'p1'", "'\\x00' at position 2"]),
        (b">p1 a\0\nMK\n", FASTA, ["line 1", "NUL"]),
        (">p1 a\nM.K\n", FASTA, ["record 'p1'", "'.' at position 2", "strip: [gaps]"]),
        (">p1 a\nACGU\n", DNA, ["'U' at position 4", "written with U? say `alphabet: rna`"]),
        (">p1 a\nACgt\n", RNA, ["'T' at position 4", "written with T? say `alphabet: dna`"]),
        (">p1 a\nACGNX\n", DNA, ["record 'p1'", "'X' at position 5"]),
        (">p1 a\nAC-G\n", DNA, ["record 'p1'", "'-' at position 3", "strip: [gaps]"]),
        (">p1 a\nACG*\n", DNA, ["record 'p1'", "'*' at position 4", "strip: [stop]"]),
        (">p1 c\nMK\n", FASTA, ["raw: ", "no example has the class 'a'", "'c'"]),
        (">p1 0.5\nMK\n>p2 1.5\nMR\n", FASTA, ["or predict the numbers: `kind: regression`"]),
        (gzip.compress(b">p1 a\nMK\n" * 9, mtime=0)[:-9], FASTA, ["x.fasta", "damaged"]),
        (bz2.compress(b">p1 a\nMK\n" * 9)[:-9], FASTA, ["x.fasta", "damaged"]),
        (lzma.compress(b">p1 a\nMK\n" * 9)[:-9], FASTA, ["x.fasta", "damaged"]),
        (b"\x1f\x8bno gzip at all", FASTA, ["x.fasta", "damaged"]),
        (b"BZhno bzip2 at all", FASTA, ["x.fasta", "damaged"]),
        (">p1 a\nMK\n", FASTA | {"kind": "regression"}, ["record 'p1'", "'a' is no decimal"]),
        (">p1 inf\nMK\n", FASTA | {"kind": "regression"}, ["record 'p1'", "'inf' is no decimal"]),
        (">p1 1_0\nMK\n", FASTA | {"kind": "regression"}, ["record 'p1'", "'1_0' is no decimal"]),
    ],
)
def test_a_malformed_fasta_file_is_refused(tmp_path, content, record, words):
    said = refusal(tmp_path, record, {"x.fasta": content})
    assert all(word in said for word in words), said


@pytest.mark.parametrize(
    "labels, words",
    [
        ("id\tlabel\np1\ta\n", ["x.fasta: record 'p2'", "no row in the table"]),
        ("id\tlabel\np1\ta\np2\tb\np3\ta\n", ["labels.tsv: line 4", "no record has the id 'p3'"]),
        ("id\tlabel\np1\ta\np1\tb\n", ["labels.tsv: line 3", "id 'p1' came before"]),
        ("id\tlabel\np1\t\np2\tb\n", ["labels.tsv: line 2", "'label' is empty"]),
        ("name\tlabel\np1\ta\n", ["labels.tsv", "no column 'id'"]),
        ("id\tclass\np1\ta\n", ["labels.tsv", "no column 'label'"]),
    ],
)
def test_a_malformed_side_table_is_refused(tmp_path, labels, words):
    layout = {"file": "x.fasta", "labels": "labels.tsv", "label": {"column": "label"}}
    files = {"x.fasta": ">p1\nMK\n>p2\nMV\n", "labels.tsv": labels}
    said = refusal(tmp_path, {"converter": "fasta", "layout": layout}, files)
    assert all(word in said for word in words), said


@pytest.mark.parametrize(
    "content, words",
    [
        ("", ["x.csv", "is empty"]),
        ("sequence,label\n", ["x.csv", "no rows"]),
        ("seq,label\nMK,a\n", ["x.csv", "no column 'sequence'", "['seq', 'label']"]),
        ("sequence,label,label\nMK,a,b\n", ["x.csv", "'label' comes twice"]),
        ("sequence,label\nMK,a\nMV\n", ["x.csv: line 3", "1 cells instead of 2"]),
        ("sequence,label\nMK,a\nMV,b,c\n", ["x.csv: line 3", "3 cells instead of 2"]),
        ("sequence;label\nMK;a\n", ["x.csv", "no column 'sequence'"]),
        ("sequence,label\n,a\n", ["x.csv: line 2", "has no sequence"]),
        ("sequence,label\nMK,\n", ["x.csv: line 2", "'label' is empty"]),
        ("sequence,label\nMK,NaN\n", ["x.csv: line 2", "'NaN' stands for a missing one"]),
        ("sequence,label\nM?K,a\n", ["x.csv: line 2", "'?' at position 2"]),
        ('sequence,label\n"MK,a\nMV,b\n', ["x.csv: line 2", "quotation mark"]),
        ('sequence,label\n"MK"V,a\n', ["x.csv: line 2", "quotation mark"]),
        (b"sequence,label\nMK,caf\xe9\n", ["x.csv: line 2", "byte 0xe9"]),
        ("sequence,label\nMK,a\n".encode("utf-16"), ["x.csv"]),
        (b"sequence,label\nMK,a\0\n", ["x.csv: line 2", "NUL"]),
    ],
)
def test_a_malformed_csv_file_is_refused(tmp_path, content, words):
    said = refusal(tmp_path, CSV, {"x.csv": content})
    assert all(word in said for word in words), said


@pytest.mark.parametrize(
    "layout, content, words",
    [
        ({"split": "part"}, "sequence,label,part\nMK,a,holdout\n", ["line 2", "'holdout'"]),
        ({"split": "part"}, "sequence,label,part\nMK,a,\n", ["line 2", "'part' is empty"]),
        ({"group": "g"}, "sequence,label,g\nMK,a, \n", ["line 2", "'g' is empty"]),
        (
            {"id": "n"},
            "sequence,label,n\nMK,a,1\nMV,b,1\n",
            ["x.csv: line 3: id '1' comes twice, first at", "x.csv: line 2;"],
        ),
        ({"id": "n"}, "sequence,label,n\nMK,a,my id\n", ["line 2", "'my id' is no word"]),
        ({"encoding": "utf-9"}, "sequence,label\nMK,a\n", ["unknown encoding", "`encoding`"]),
        ({"delimiter": ";;"}, "sequence;;label\nMK;;a\n", ["';;' is not one character"]),
    ],
)
def test_a_table_that_is_not_as_its_layout_says_is_refused(tmp_path, layout, content, words):
    record = {"converter": "table", "layout": {"file": "x.csv", **layout}}
    said = refusal(tmp_path, record, {"x.csv": content})
    assert all(word in said for word in words), said


MISSING = ("NA", "N/A", "n/a", "#N/A", "<NA>", "nan", "None", "NULL", "?")


@pytest.mark.parametrize("word", MISSING)
def test_a_word_for_a_missing_label_is_refused_in_every_kind_of_file(tmp_path, word):
    files = {"x.csv": f"sequence,label\nMK,a\nMV,b\nMW,{word}\n"}
    files["x.fasta"] = f">p1 a\nMK\n>p2 b\nMV\n>p3 {word}\nMW\n"
    files["x.tsv"] = f"a\t1\t2\nb\t2\t3\n{word}\t3\t4\n"
    series = {"converter": "series", "layout": {"file": "x.tsv"}}
    places = [(CSV, "x.csv: line 4"), (FASTA, "x.fasta: record 'p3'"), (series, "x.tsv: line 3")]
    for record, place in places:
        said = refusal(tmp_path, record, files)
        assert place in said and f"label {word!r} stands for a missing one; leave" in said
        assert "out." not in said  # which is gone


def test_a_class_may_be_called_like_a_missing_label(tmp_path, capsys):
    (tmp_path / "x.csv").write_text("sequence,label\nMK,a\nMV,None\nMW,c\n")
    converters.convert(CSV | {"classes": ["a", "None"]}, tmp_path, tmp_path / "out.fasta")
    assert "examples whose label is no class: 1; they serve" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name, label",
    [
        ("pos", "Pos"),
        ("1", "1.0"),
        ("1.0", "1"),
        ("a", " A"),
        ("1", "1.0000000e+00"),
        ("-2", "-2.00e0"),
        ("0", "-0.0"),
        ("0.5", ".50"),
        ("100", "1e2"),
        ("v1", "v1.0"),
    ],
)
def test_a_label_that_is_nearly_a_class_is_refused_with_both(tmp_path, name, label):
    said = f"^x: line 3: label '{re.escape(label)}' is no .* nearly '{name}';"
    with pytest.raises(ValueError, match=said):
        label_faults.check("x: line 3", label, ["other", name])
    label_faults.check("x: line 3", label, [name, label])
    label_faults.check("x: line 3", label, ["other"])
    label_faults.check("x", "9007199254740993", ["9007199254740992"])  # equal as floats
    if label == label.strip():  # of cells white space goes
        csv = {"x.csv": f"sequence,label\nMK,{name}\nMV,{label}\n"}
        said = refusal(tmp_path, CSV | {"classes": [name]}, csv)
        assert f"x.csv: line 3: label {label!r} is no class, but nearly {name!r};" in said


@pytest.mark.parametrize(
    "label, advice",
    [
        ("0,00", "write decimals with a point"),
        ("-1,5e3", "write decimals with a point"),
        ("0,123", "write decimals with a point"),
        ("4,933", "a decimal comma, or thousands? write numbers with a point for decimals"),
        ("1,234,567.8", "a decimal comma, or thousands? write numbers with a point"),
        ("NA", "it stands for a missing one: leave the row out"),
        ("high", "correct the row or the layout"),
    ],
)
def test_a_label_that_is_no_number_is_named_with_its_line_and_the_fix(tmp_path, label, advice):
    record = {"kind": "regression"}
    tsv = {"converter": "table", "layout": {"file": "x.tsv"}} | record
    said = refusal(tmp_path, tsv, {"x.tsv": f"sequence\tlabel\nMK\t1.5\nMV\t{label}\n"})
    assert f"x.tsv: line 3: label {label!r} is no decimal number" in said and advice in said
    said = refusal(tmp_path, FASTA | record, {"x.fasta": f">p1 1\nMK\n>p2 {label}\nMV\n"})
    assert f"x.fasta: record 'p2': label {label!r} is no decimal" in said and advice in said
    assert "out.fasta" not in said


@pytest.mark.parametrize(
    "content, words",
    [
        ("\n", ["x.jsonl", "is empty"]),
        ("{'sequence': 'MK'}\n", ["x.jsonl: line 1", "is not JSON"]),
        ('{"sequence": "MK", "label": "a"}\n[1]\n', ["x.jsonl: line 2", "no JSON object"]),
        ('{"sequence": "MK"}\n', ["x.jsonl: line 1", "no key 'label'"]),
        ('{"sequence": "MK", "label": null}\n', ["x.jsonl: line 1", "label is null"]),
        ('{"sequence": "MK", "label": NaN}\n', ["x.jsonl: line 1", "label is NaN"]),
        ('{"sequence": ["M"], "label": "a"}\n', ["x.jsonl: line 1", "sequence is"]),
        ('{"sequence": "MK", "label": "a", "label": "b"}\n', ["line 1", "'label' comes twice"]),
        ('{"sequence": "MK", "label": "\\ud800"}\n', ["x.jsonl: line 1", "half of a character"]),
        ('{"sequence": "MK", "label": "a"', ["x.jsonl: line 1", "is not JSON"]),
        ("[" * 100000, ["x.jsonl: line 1", "is not JSON"]),
    ],
)
def test_a_malformed_jsonl_file_is_refused(tmp_path, content, words):
    said = refusal(tmp_path, JSONL, {"x.jsonl": content})
    assert all(word in said for word in words), said


@pytest.mark.parametrize(
    "rows, words",
    [
        ("A,T,train,2004,2004/a.midi,a.wav,1\nB,T,tset,2004,2004/a.midi,b.wav,1\n", ["line 3"]),
        ("A,T,train,2004,2004/b.midi,a.wav,1\n", ["line 2", "no file '2004/b.midi'"]),
        (",T,train,2004,2004/a.midi,a.wav,1\n", ["line 2", "'canonical_composer' is empty"]),
        ('A,"T,train,2004,2004/a.midi,a.wav,1\n', ["line 2", "quotation mark"]),
        ("A,T,train,2004,2004/a.midi,a.wav\n", ["line 2", "6 cells instead of 7"]),
    ],
)
def test_a_malformed_maestro_table_is_refused(tmp_path, rows, words):
    folder = "maestro-v1.0.0"
    files = {f"{folder}/{folder}.csv": MAESTRO + rows, f"{folder}/2004/a.midi": SONG}
    said = refusal(tmp_path, {"converter": "maestro"}, files)
    assert all(word in said for word in [f"{folder}.csv", *words]), said


def test_an_archive_without_or_with_two_maestro_tables_is_refused(tmp_path):
    assert "holds 0 tables" in refusal(tmp_path, {"converter": "maestro"}, {"a.midi": SONG})
    files = {"maestro-v1.0.0.csv": MAESTRO, "x/maestro-v2.0.0.csv": MAESTRO}
    assert "holds 2 tables" in refusal(tmp_path, {"converter": "maestro"}, files)


@pytest.mark.parametrize(
    "name, train, words",
    [
        ("cola", "gj04\t1\t\tA.\ngj04\t2\t\tB.\n", ["CoLA/train.tsv: line 2", "label '2'"]),
        ("cola", "gj04\t1\t\tA.\n", ["CoLA/train.tsv", "1 whole rows instead of 2"]),
        ("cola", "gj04\t1\t\tA.\ngj04\t1\tB.\n", ["whole rows instead of 2", "lines [2]"]),
        ("sst2", "sentence\tlabel\na\t0\nb\t\n", ["SST-2/train.tsv: line 3", "label ''"]),
        ("sst2", "text\tlabel\na\t0\nb\t1\n", ["SST-2/train.tsv", "no column 'sentence'"]),
        ("sst2", b"sentence\tlabel\na\t0\n\xff\t1\n", ["SST-2/train.tsv: line 3", "byte 0xff"]),
        ("sst2", "", ["SST-2/train.tsv", "is empty"]),
        ("stsb", "sentence1\tsentence2\tscore\na\tb\t5.1\na\tb\t1\n", ["line 2", "'5.1'"]),
        ("stsb", "sentence1\tsentence2\tscore\na\tb\t1\na\tb\tnan\n", ["line 3", "'nan'"]),
        ("rte", "index\tsentence1\tsentence2\tlabel\n0\ta\tb\t1\n1\ta\tb\t0\n", ["line 2", "'1'"]),
        ("mnli", "sentence1\tsentence2\tgold_label\na\tb\t-\na\tb\tneutral\n", ["line 2", "'-'"]),
    ],
)
def test_a_malformed_glue_file_is_refused(tmp_path, monkeypatch, name, train, words):
    layout = glue.RELEASES[name]
    monkeypatch.setitem(glue.RELEASES, name, replace(layout, counts=(2, 1)))
    said = refusal(tmp_path, {"converter": name}, {layout.train: train, layout.test: "x\n"})
    assert all(word in said for word in words), said


@pytest.mark.parametrize(
    "records, words",
    [
        ([{"primary": "MK"}], ["train.json: record 0", "log_fluorescence is null"]),
        ([{"primary": "MK", "log_fluorescence": [1, 2]}], ["record 0", "is [1, 2]"]),
        ([{"primary": "MK", "log_fluorescence": [float("nan")]}], ["record 0", "NaN"]),
        ([{"log_fluorescence": [1.0]}], ["record 0", "no text `primary`"]),
        ([{"primary": "M-K", "log_fluorescence": [1.0]}], ["record 0", "'-' at position 2"]),
        ([], ["holds 0 records instead of 1"]),
        ({"primary": "MK"}, ["train.json", "no JSON list"]),
    ],
)
def test_malformed_tape_files_are_refused(tmp_path, monkeypatch, records, words):
    monkeypatch.setitem(tape.TAPE, "fluorescence", ("log_fluorescence", (1, 1, 1)))
    good = json.dumps([{"primary": "MK", "log_fluorescence": [1.5]}])
    files = {f"fluorescence_{part}.json": good for part in ("valid", "test")}
    files["fluorescence_train.json"] = json.dumps(records)
    said = refusal(tmp_path, {"converter": "fluorescence", "kind": "regression"}, files)
    assert all(word in said for word in words), said


@pytest.mark.parametrize(
    "name, content, words",
    [
        ("hilbert_cnn", ">a\nACGT\n1\n>b\nACGT\n", ["H3.txt: record 2 (line 4)", "three lines"]),
        ("hilbert_cnn", ">a\nACGT\n2\n", ["H3.txt: record 1", "'2'"]),
        ("hilbert_cnn", "a\nACGT\n1\n", ["H3.txt: record 1", "'a'"]),
        ("hilbert_cnn", ">a\nACGX\n1\n", ["H3.txt: record 1", "'X' at position 4"]),
        ("hilbert_cnn", ">a\n\n1\n", ["H3.txt: line 2 is empty"]),
        ("hilbert_cnn", "", ["H3.txt", "is empty"]),
        ("splice_rows", "EI, a, " + "A" * 59 + "\n", ["H3.txt: line 1", "60 letters"]),
        ("splice_rows", "XX, a, " + "A" * 60 + "\n", ["H3.txt: line 1", "EI, IE or N"]),
        ("splice_rows", "EI, " + "A" * 60 + "\n", ["H3.txt: line 1", "a name"]),
        ("splice_rows", "EI, a, " + "A" * 59 + "Z\n", ["H3.txt: line 1", "'Z' at position 60"]),
    ],
)
def test_malformed_dna_files_of_the_paper_are_refused(tmp_path, name, content, words):
    said = refusal(tmp_path, {"converter": name}, {"H3.txt": content})
    assert all(word in said for word in words), said


@pytest.mark.parametrize(
    "content, words",
    [
        (">a label=%FF\nAC\n", ["record 'a'", "no quoted UTF-8"]),
        ("\ufeff\n>a label=x\nA C\n", ["record 'a'", "' ' from position 2 on"]),
        (">a label=x\nA\n>a label=x\nC\n", ["'a' comes twice"]),
    ],
)
def test_a_corpus_that_someone_spoiled_is_refused(tmp_path, content, words):
    (tmp_path / "x.fasta").write_text(content)
    with pytest.raises(ValueError) as caught:
        read_fasta(tmp_path / "x.fasta")
    assert all(word in str(caught.value) for word in [str(tmp_path / "x.fasta"), *words])


def test_a_text_table_cut_in_the_middle_of_a_row_is_refused(tmp_path):
    (tmp_path / "x.tsv").write_text("id\tlabel\ttext\n1\ta\tgood\n2\tb")
    with pytest.raises(ValueError, match=re.escape("x.tsv: line 3: has 2 cells instead of 3")):
        read_text(tmp_path / "x.tsv")
