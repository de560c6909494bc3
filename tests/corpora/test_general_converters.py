"""Anyone's tables, lines, FASTA and MIDI files become the house forms, as their layout says."""

import bz2
import gzip
import json
import lzma
from io import StringIO

import pytest
from Bio import SeqIO
from Bio.Seq import Seq
from Bio.SeqRecord import SeqRecord

from project import ROOT, SHARED
from seqtransfer.corpora import converters
from seqtransfer.corpora.examples import Example, TextExample
from seqtransfer.corpora.fasta import read_fasta
from seqtransfer.corpora.text_files import rows
from seqtransfer.corpora.texts import read_text

SONG = b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk\0\0\0\4\0\xff\x2f\0"


def convert(tmp_path, converter, layout, files=(), *, form="fasta", classes=("a", "b"), **record):
    """Write `files`, run a converter on them, and read its corpus back."""
    folder = record.pop("folder", tmp_path / "raw")
    for name, content in dict(files).items():
        path = tmp_path / "raw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    record |= {"converter": converter, "layout": layout}
    if record.get("kind") != "regression":
        record["classes"] = list(classes)
    corpus = tmp_path / f"out.{dict(fasta='fasta', text='tsv', midi='midi')[form]}"
    converters.convert(record, folder, corpus)
    if form == "midi":
        return [row for _, row in rows(corpus / "index.tsv", ("file", "label"), delimiter="\t")]
    return list((read_fasta if form == "fasta" else read_text)(corpus))


def test_a_csv_by_part_gives_sequences_with_their_line_and_part(tmp_path):
    files = {"train.csv": "sequence,label\nacgt,a\nNNRY,b\n", "test.csv": "label,sequence\na,GG\n"}
    layout = {"files": {"train": "train.csv", "test": "test.csv"}, "alphabet": "dna"}
    assert convert(tmp_path, "table", layout, files) == [
        Example("train-000002", "ACGT", "a", None, "train"),
        Example("train-000003", "NNRY", "b", None, "train"),
        Example("test-000002", "GG", "a", None, "test"),
    ]


def test_columns_of_any_name_give_id_group_and_part(tmp_path):
    text = "name;y;aa;family;set\r\nP1;a;MK-L*;kin;Training\r\nP2;b;M*V;;\r\n".replace(
        ";;", ";x;val"
    )
    layout = {"file": "all.txt", "delimiter": ";", "sequence": "aa", "label": "y", "id": "name"}
    layout |= {"group": "family", "split": "set", "strip": ["gaps", "stop"]}
    assert convert(tmp_path, "table", layout, {"all.txt": text}) == [
        Example("P1", "MKL", "a", "kin", "train"),
        Example("P2", "M*V", "b", "x", "dev"),
    ]


@pytest.mark.parametrize(
    ("content", "key", "said"),
    [
        (
            b"sequence;label\nMK;a\nMV;b\n",
            {"delimiter": ";"},
            "columns are .*; state `delimiter: ';'`",
        ),
        (
            "sequence,label\nMK,a\nMV,b\n".encode("utf-16"),
            {"encoding": "utf-16"},
            "`encoding: utf-16`",
        ),
    ],
)
def test_what_a_spreadsheet_writes_is_refused_with_the_key_that_reads_it(
    tmp_path, content, key, said
):
    with pytest.raises(ValueError, match=said):
        convert(tmp_path, "table", {"file": "x.csv"}, {"x.csv": content})
    found = convert(tmp_path, "table", {"file": "x.csv"} | key, {"x.csv": content})
    assert ["".join(e.symbols) for e in found] == ["MK", "MV"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"sep=;\nsequence;label\nMK;a\n", "take out its first line, 'sep=;'"),
        (b"sequence,label,,\nMK,a,,\nMV,b,,\n", "2 columns have no name, as of a spreadsheet's"),
    ],
)
def test_what_a_spreadsheet_adds_is_named_with_what_to_take_out(tmp_path, content, said):
    with pytest.raises(ValueError, match=said):
        convert(tmp_path, "table", {"file": "x.csv"}, {"x.csv": content})


def test_a_header_in_the_layout_of_json_is_refused(tmp_path):
    layout = {"file": "x.jsonl", "header": ["sequence", "label"]}
    with pytest.raises(ValueError, match=r"x\.jsonl: JSON names its columns; leave `header` out"):
        convert(tmp_path, "table", layout, {"x.jsonl": '{"sequence": "MK", "label": "a"}\n'})


def test_a_share_of_train_is_not_added_to_a_dev_part_of_the_corpus(tmp_path):
    layout = {"file": "x.csv", "split": "part", "dev_share": 0.2}
    table = "sequence,label,part\nMK,a,train\nMV,b,dev\n"
    with pytest.raises(ValueError, match=r"x\.csv: line 3: is of dev, and `dev_share`"):
        convert(tmp_path, "table", layout, {"x.csv": table})


def test_a_table_without_a_header_is_read_by_the_columns_that_the_layout_names(tmp_path):
    layout = {"file": "x.tsv", "header": ["label", "name", "sequence"]}
    found = convert(tmp_path, "table", layout, {"x.tsv": "a\tp\tMK\nb\tq\tMV\n"})
    assert [(e.id, e.label, "".join(e.symbols)) for e in found] == [
        ("x-000001", "a", "MK"),
        ("x-000002", "b", "MV"),
    ]


def test_a_table_with_a_header_of_its_own_beside_the_layout_s_is_refused(tmp_path):
    layout = {"file": "x.tsv", "header": ["label", "sequence"]}
    with pytest.raises(ValueError, match=r"x\.tsv: line 1: is the header of the layout; leave"):
        convert(tmp_path, "table", layout, {"x.tsv": "label\tsequence\na\tMK\nb\tMV\n"})


def test_a_quotation_mark_that_swallows_rows_is_named(tmp_path):
    text = 'label\ttext\na\t"Bad film\nb\tgood\na\tugly"\nb\tgreat\n'
    with pytest.raises(ValueError, match=r"x\.tsv: line 2: a cell goes on over a tab and a line"):
        convert(tmp_path, "table", {"file": "x.tsv"}, {"x.tsv": text}, form="text")


def test_a_file_with_brackets_in_its_name_is_no_pattern(tmp_path):
    layout = {"file": "x[1].fa", "label": {"field": 2}}
    files = {"x[1].fa": ">p a\nMK\n>q b\nMV\n", "x1.fa": ">r a\nMA\n"}
    assert [e.id for e in convert(tmp_path, "fasta", layout, files)] == ["p", "q"]


def test_the_mark_at_the_start_of_utf_8_is_no_part_of_a_text(tmp_path):
    layout = {"file": "x.csv", "encoding": "UTF-8"}
    files = {"x.csv": "\ufefftext,label\nx,a\ny,b\n".encode()}
    assert [e.text for e in convert(tmp_path, "table", layout, files, form="text")] == ["x", "y"]


def test_an_empty_file_of_a_pattern_is_named(tmp_path):
    files = {"a.fa": ">p a\nMK\n>q b\nMV\n", "b.fa": "\n"}
    with pytest.raises(ValueError, match=r"b\.fa: holds no records"):
        convert(tmp_path, "fasta", {"file": "*.fa", "label": {"field": 1}}, files)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_texts_of_a_csv_keep_quotes_and_lose_breaks_and_pairs_are_pairs(tmp_path, pack):
    csv = '\ufefftext,label,other\r\n"one ""film"",\n  café",a,yes\r\nNA,b,no\r\n'
    layout = {"file": "x.csv", "second": "other"}
    assert convert(tmp_path, "table", layout, {"x.csv": pack(csv.encode())}, form="text") == [
        TextExample("x-000002", 'one "film", café', "a", None, None, "yes"),
        TextExample("x-000004", "NA", "b", None, None, "no"),
    ]


def test_a_table_in_a_stated_encoding_is_read(tmp_path):
    layout = {"file": "x.csv", "encoding": "latin-1"}
    files = {"x.csv": "text,label\ncafé,a\nthé,b\n".encode("latin-1")}
    assert [e.text for e in convert(tmp_path, "table", layout, files, form="text")] == [
        "café",
        "thé",
    ]


def test_numbers_of_json_lines_keep_their_digits(tmp_path):
    lines = '{"primary": "MK", "score": 1.50, "x": null}\n\n{"primary": "MV", "score": -2e-3}\n'
    layout = {"file": "x.jsonl", "sequence": "primary", "label": "score"}
    found = convert(tmp_path, "table", layout, {"x.jsonl": lines}, kind="regression")
    assert [(e.id, e.label) for e in found] == [("x-000001", "1.50"), ("x-000003", "-2e-3")]


def test_a_share_of_train_becomes_dev_by_content_alone(tmp_path):
    rows = [f"{'ACGT'[i % 4]}{i:b}".replace("1", "C").replace("0", "G") for i in range(400)]
    text = "".join(f"{row},{'ab'[i % 2]}\n" for i, row in enumerate(rows))
    layout = {"files": {"train": "x.csv"}, "dev_share": 0.1}
    first = convert(tmp_path, "table", layout, {"x.csv": "sequence,label\n" + text})
    dev = {e.symbols for e in first if e.split == "dev"}
    assert 20 < sum(e.split == "dev" for e in first) < 60
    assert not dev & {e.symbols for e in first if e.split == "train"}
    turned = "".join(text.splitlines(keepends=True)[::-1])
    again = convert(tmp_path, "table", layout, {"x.csv": "sequence,label\n" + turned})
    assert dev == {e.symbols for e in again if e.split == "dev"}


def test_symbols_are_counted_and_what_is_taken_out_is_said(tmp_path, capsys):
    layout = {"file": "x.csv", "alphabet": "protein", "strip": ["gaps", "stop"]}
    convert(tmp_path, "table", layout, {"x.csv": "sequence,label\nM-XX.*,a\nMU,b\n"})
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    for row in (
        "M letter 2 2",
        "X ambiguous 2 1",
        "U rare 1 1",
        "- stripped 1 1",
        "* stripped 1 1",
    ):
        assert row.split() in printed


def test_lines_of_one_file_a_label_become_texts_or_sequences(tmp_path, capsys):
    files = {"pos.txt": "Good  film\n\nAC\n", "neg.txt": "Bad\n"}
    layout = {"files": {"a": "pos.txt", "b b": "neg.txt"}}
    found = convert(tmp_path, "lines", layout, files, form="text", classes=["a", "b b"])
    assert [(e.id, e.text, e.label) for e in found] == [
        ("a-000001", "Good film", "a"),
        ("a-000003", "AC", "a"),
        ("b_b-000001", "Bad", "b b"),
    ]
    assert "pos.txt: 1 empty lines skipped" in capsys.readouterr().out
    (example,) = convert(tmp_path, "lines", {"files": {"b": "neg.txt"}}, classes=["b"])
    assert example == Example("b-000001", "BAD", "b", None, None)


def test_facts_of_a_fasta_record_come_from_header_file_name_and_side_table(tmp_path):
    files = {
        "kin_train.fa": ">P1|x OS=Homo sapiens\r\nmk\r\nlv*\r\n>P2 OS=Mus\r\nMV\r\n",
        "kin_test.fa": ">P3\nMW\n",
        "facts.tsv": "id\ty\nP1|x\ta\nP2\tb\nP3\ta\n",
    }
    layout = {"file": "*.fa", "labels": "facts.tsv", "strip": ["stop"]}
    layout |= {"label": {"column": "y"}, "split": {"file": r"_(\w+)\.fa"}}
    layout |= {"group": {"pattern": r"OS=(\w+)", "default": "alone"}}
    assert sorted(convert(tmp_path, "fasta", layout, files), key=lambda e: e.id) == [
        Example("P1|x", "MKLV", "a", "Homo", "train"),
        Example("P2", "MV", "b", "Mus", "train"),
        Example("P3", "MW", "a", "alone", "test"),
    ]


def test_headers_and_side_table_have_the_stated_encoding_and_separator(tmp_path):
    files = {
        "a.fa": ">é1 clade=blé\nMK\n>P2 clade=x\nMV\n".encode("latin-1"),
        "facts.csv": "id;y\né1;a\nP2;b\n".encode("latin-1"),
    }
    layout = {"file": "*.fa", "labels": "facts.csv", "delimiter": ";", "encoding": "latin-1"}
    layout |= {"label": {"column": "y"}, "group": {"pattern": r"clade=(\w+)"}}
    assert convert(tmp_path, "fasta", layout, files) == [
        Example("é1", "MK", "a", "blé", None),
        Example("P2", "MV", "b", "x", None),
    ]
    del layout["encoding"]
    with pytest.raises(ValueError, match=r"facts\.csv: .* state its `encoding`"):
        convert(tmp_path, "fasta", layout)


def test_deeploc_headers_are_read_by_the_layout_of_the_catalogue(tmp_path):
    import yaml

    catalogue = yaml.safe_load((ROOT / "workflow/paper_catalogue.yaml").read_text())
    task = catalogue["catalogue"]["tasks"]["location"]
    fasta = ">Q9H400 Cell.membrane-M test\nMKX\n>P1 Cytoplasm-Nucleus-U\nMV\n>P2 Plastid-S\nMW\n"
    found = convert(
        tmp_path, "fasta", task["layout"], {"deeploc_data.fasta": fasta}, classes=["Plastid"]
    )
    assert [(e.label, e.split == "test") for e in found] == [
        ("Cell.membrane", True),
        ("Cytoplasm-Nucleus", False),  # of two places: no class, as those of other places
        ("Plastid", False),
    ]


@pytest.mark.parametrize("form", ["genbank", "embl"])
def test_genbank_and_embl_records_are_read_with_their_definitions(tmp_path, form):
    records = [
        SeqRecord(Seq("ACGTN"), id="X1.1", description="kinase alpha"),
        SeqRecord(Seq("GGCC"), id="X2.1", description="ligase beta"),
    ]
    for record in records:
        record.annotations["molecule_type"] = "DNA"
    text = StringIO()
    SeqIO.write(records, text, form)
    layout = {"file": "x.gb", "format": form, "label": {"field": 2}, "alphabet": "dna"}
    classes = ["kinase", "ligase"]
    found = convert(tmp_path, "fasta", layout, {"x.gb": text.getvalue()}, classes=classes)
    assert [(e.id, "".join(e.symbols), e.label) for e in found] == [
        ("X1.1", "ACGTN", "kinase"),
        ("X2.1", "GGCC", "ligase"),
    ]


@pytest.mark.parametrize("content", ["", "LOCUS\n", ">a b\nACGT\n", "LOCUS       X 9 bp\n//\n"])
def test_what_is_no_genbank_is_refused(tmp_path, content):
    layout = {"file": "x.gb", "format": "genbank", "label": {"field": 2}}
    with pytest.raises(ValueError, match=r"x\.gb"):
        convert(tmp_path, "fasta", layout, {"x.gb": content})
    assert not (tmp_path / "out.fasta").exists()


@pytest.mark.parametrize(
    "feature",
    [
        "     gene            15..5\n",  # spans the origin of what is called linear
        '     gene            1..5\n                     /note="the "x" gene"\n',
        '     gene            1..5\n                     /note= "x"\n',
    ],
)
def test_annotations_of_genbank_that_are_not_read_refuse_no_record(tmp_path, feature):
    text = (
        "LOCUS       R1                     20 bp    dna     linear   BCT 01-JAN-2020\n"
        "DEFINITION  a\nACCESSION   R1\nVERSION     R1\n"
        f"FEATURES             Location/Qualifiers\n{feature}"
        "ORIGIN\n        1 gatcctccat atacaacggt\n//\n"
    )
    layout = {"file": "x.gb", "format": "genbank", "label": {"field": 2}, "alphabet": "dna"}
    [found] = convert(tmp_path, "fasta", layout, {"x.gb": text}, classes=["a"])
    assert (found.id, found.symbols) == ("R1", "GATCCTCCATATACAACGGT")
    with pytest.raises(ValueError, match=r"x\.gb: its first record .*Expected sequence length 20"):
        convert(tmp_path, "fasta", layout, {"x.gb": text.replace(" atacaacggt", "")}, classes=["a"])


@pytest.mark.parametrize("word", ["NA", "nan", "None"])
def test_a_word_for_a_missing_group_is_refused_since_all_without_one_would_be_one_unit(
    tmp_path, word
):
    table = f"sequence,label,family\nMKV,a,F1\nMKT,b,{word}\n"
    layout = {"file": "x.csv", "sequence": "sequence", "label": "label", "group": "family"}
    message = rf"x\.csv: line 3: group '{word}' stands for a missing one; give each"
    with pytest.raises(ValueError, match=message):
        convert(tmp_path, "table", layout, {"x.csv": table})
    assert not (tmp_path / "out.fasta").exists()


def test_white_space_around_what_a_pattern_finds_is_no_part_of_it(tmp_path):
    layout = {"file": "x.fasta", "label": {"pattern": "loc=(.*)"}}
    files = {"x.fasta": ">r1 loc= 0.5\nMKV\n>r2 loc=1.5 \nMKT\n"}
    found = convert(tmp_path, "fasta", layout, files, kind="regression")
    assert [e.label for e in found] == ["0.5", "1.5"]


def test_a_label_spelled_with_other_code_points_is_named(tmp_path):
    files = {"x.fasta": ">r1 Dvor\u030cak\nMKV\n"}
    with pytest.raises(ValueError, match="is no class, but nearly 'Dvořak'"):
        convert(tmp_path, "fasta", {"file": "x.fasta", "label": {"field": 2}}, files,
                classes=["Dvo\u0159ak"])  # fmt: skip


def test_half_a_character_of_json_is_named_as_such(tmp_path):
    files = {"x.jsonl": '{"text": "cut \\ud83d", "label": "a"}\n'}
    with pytest.raises(ValueError, match=r"x\.jsonl: .*half of a character"):
        convert(tmp_path, "table", {"file": "x.jsonl", "text": "text", "label": "label"}, files,
                form="text")  # fmt: skip


def test_midi_files_are_copied_under_their_paths_and_stay_where_they_were(tmp_path):
    table = "path,who,work,set\nb/one.mid,a,w1,train\ntwo.MIDI,b,w2,validation\n"
    files = {"meta/list.csv": table, "meta/b/one.mid": SONG, "two.MIDI": SONG + b"XFIH\0\0\0\0"}
    layout = {"table": "list.csv", "file": "path", "label": "who", "group": "work", "split": "set"}
    found = convert(tmp_path, "midi", layout, files, form="midi")
    assert found == [
        {"file": "b/one.mid", "label": "a", "group": "w1", "split": "train"},
        {"file": "two.MIDI", "label": "b", "group": "w2", "split": "dev"},
    ]
    assert (tmp_path / "out.midi" / "two.MIDI").read_bytes() == SONG + b"XFIH\0\0\0\0"
    assert (tmp_path / "raw" / "meta" / "b" / "one.mid").exists()


@pytest.mark.skipif(not SHARED.exists(), reason="no shared data beside this repository")
def test_real_h3_and_asap_are_converted_whole(tmp_path):
    files = {"train": "dev.csv", "test": "test.csv"}
    layout = {"files": files, "alphabet": "dna", "dev_share": 0.1}
    folder = SHARED / "dna" / "H3"
    found = convert(tmp_path, "table", layout, folder=folder, classes=["0", "1"])
    assert len(found) == 2 * 1497 and sum(e.split == "test" for e in found) == 1497
    lines = (folder / "test.csv").read_text().splitlines()[1:]
    tested = [f"{''.join(e.symbols)},{e.label}" for e in found if e.split == "test"]
    assert tested == lines
    layout = {"table": "asap.csv", "label": "composer", "group": "piece"}
    composers = ["Bach", "Beethoven", "Chopin", "Liszt"]
    folder = SHARED / "music"
    index = convert(tmp_path, "midi", layout, folder=folder, form="midi", classes=composers)
    copies = sorted(path for path in (tmp_path / "out.midi").rglob("*.mid"))
    assert len(index) == len(copies) == len(list(folder.rglob("*.mid")))


def test_one_record_of_json_holds_what_python_writes(tmp_path):
    text = json.dumps({"sequence": "MK", "label": "a\u2028b", "more": [1, {"x": 2}]}) + "\n"
    (example,) = convert(
        tmp_path, "table", {"file": "x.jsonl"}, {"x.jsonl": text}, classes=["a\u2028b"]
    )
    assert example.label == "a\u2028b"


@pytest.mark.parametrize(
    ("labels", "why"),
    [
        (["2", "2.0", "2"], "they are all equal, or as good as"),
        (["1e-300", "2e-300"], "they are all equal, or as good as"),
        (["1e308", "-1e308"], "their variance overflows"),
    ],
)
def test_numbers_that_nothing_can_be_learned_of_are_refused(tmp_path, labels, why):
    table = "sequence,label\n" + "".join(f"ACGT,{label}\n" for label in labels)
    with pytest.raises(ValueError, match=rf"raw: its labels are \d values from .*: {why}"):
        convert(tmp_path, "table", {"file": "x.csv"}, {"x.csv": table}, kind="regression")
    assert not (tmp_path / "out.fasta").exists()
