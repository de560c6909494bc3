"""The first row of a local table is read when a study is planned, by the words of its converter."""

import re

import pytest

import plain_midi
from seqtransfer.corpora.converters import first_rows
from seqtransfer.study.checks import local_sources

RECORD = {"converter": "table", "format": "text"}


def check(record, path, extract=None):
    """What planning does for a task whose source is at `path`."""
    source = {"path": str(path)} | ({"extract": extract} if extract else {})
    first_rows.check(record, str(path), local_sources.files(source))


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("text,answer\nfine,1\n")
    return path


def test_a_column_that_is_not_there_is_refused_with_those_that_are(table):
    record = RECORD | {"layout": {"file": "mine.csv", "label": "label"}}
    for path in (table, table.parent):
        with pytest.raises(ValueError, match=r"mine.csv: no column 'label'; its columns are \['te"):
            check(record, path)
    check(RECORD | {"layout": {"file": "mine.csv", "label": "answer"}}, table)


def test_a_first_label_that_only_looks_like_a_class_is_refused(table):
    record = RECORD | {"layout": {"file": "mine.csv", "label": "answer"}}
    with pytest.raises(
        ValueError, match=r"mine.csv: line 2: label '1' is no class, but nearly '1."
    ):
        check(record | {"classes": ["0.0", "1.0"]}, table)
    check(record | {"classes": ["a", "b"]}, table)  # a class that the task leaves out
    check(record | {"classes": ["0.0", "1.0"], "kind": "token_classification"}, table)


def test_every_part_is_looked_at(table):
    (table.parent / "other.csv").write_text("text,label\nfine,1\n")
    layout = {"files": {"train": "mine.csv", "test": "other.csv"}, "label": "answer"}
    with pytest.raises(ValueError, match=r"other.csv: no column 'answer'"):
        check(RECORD | {"layout": layout}, table.parent)


def test_a_file_that_is_not_in_the_folder_is_refused(table):
    with pytest.raises(ValueError, match=r"holds 0 files called nine.csv"):
        check(RECORD | {"layout": {"file": "nine.csv"}}, table.parent)


@pytest.mark.parametrize("name", ["nine.csv", "mine.tsv"])
def test_a_file_of_another_name_than_the_layouts_is_refused(table, name):
    (table.parent / name).write_text("beside it, and so no part of the source")
    with pytest.raises(ValueError, match=f"mine.csv: holds 0 files called {name} .* mine.csv$"):
        check(RECORD | {"layout": {"file": name}}, table)


def test_the_first_record_of_three_lines_is_looked_at(tmp_path):
    path = tmp_path / "mine.txt"
    record = {"converter": "three_line", "format": "symbols", "layout": {"file": "mine.txt"}}
    path.write_text(">a\nACGU\n((.\n")
    with pytest.raises(ValueError, match=r"mine.txt: line 1: 4 symbols, but 3 labels"):
        check(record, path)
    path.write_text(">a\nACGU\n((.)\n>b\nbroken\n")
    check(record, path)


@pytest.mark.parametrize(
    ("text", "layout", "message"),
    [
        ("kind,t0\na,1\n", {}, "line 1: 't0' .* name the column of the label"),
        ("kind,t0\na,1\n", {"label": "class"}, "no column 'class'"),
        ("kind;t0\na;1,5\n", {"label": "kind", "delimiter": ";"}, "'1,5' .* with a point"),
        ("a,2026-03-01,1\n", {}, "'2026-03-01' .* a date or time is no value"),
    ],
)
def test_the_first_series_is_looked_at(tmp_path, text, layout, message):
    (tmp_path / "mine.csv").write_text(text)
    record = {"converter": "series", "format": "series", "layout": {"file": "mine.csv"} | layout}
    with pytest.raises(ValueError, match=rf"mine\.csv: .*{message}"):
        check(record, tmp_path)
    (tmp_path / "mine.csv").write_text("kind,t0,t1\na,1,2\nb,broken\n")
    good = record | {"layout": {"file": "mine.csv", "label": "kind"}}
    check(good, tmp_path)


FASTA = {"converter": "fasta", "format": "fasta"}


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        ({"file": "*.fasta"}, r"data: holds no files called \*.fasta; correct `file`"),
        ({"file": "**.fa"}, r"data: '\*\*.fa' is no pattern; write"),
        (
            {"file": "*.fa", "alphabet": "dna", "label": {"field": 1}},
            r"one.fa: record 'a': .*'E'",
        ),
        ({"file": "*.fa", "label": {"field": 2}}, r"one.fa: record 'a': its label is not where"),
        ({"file": "*.fa", "labels": "no.tsv", "label": {"column": "y"}}, "0 files called no.tsv"),
        ({"file": "*.fa", "labels": "l.tsv", "label": {"column": "z"}}, "l.tsv: no column 'z'"),
        (
            {"files": {"train": "one.fa", "test": "two.fa"}, "label": {"field": 1}},
            "0 files called two.fa",
        ),
    ],
)
def test_the_first_record_of_fasta_and_its_label_are_looked_at(tmp_path, layout, message):
    data = tmp_path / "data"
    data.mkdir()
    (data / "._one.fa").write_bytes(b"\0 not copied, and not looked at")
    (data / "one.fa").write_text(">a\nEKV\n>b label=1\n\n")
    (data / "l.tsv").write_text("id\ty\na\t1\n")
    with pytest.raises(ValueError, match=message) as caught:
        check(FASTA | {"layout": layout}, data)
    assert str(caught.value).startswith(str(data))
    check(FASTA | {"layout": {"file": "*.fa", "label": {"field": 1}}}, data)
    check(FASTA | {"layout": {"file": "one.fa", "labels": "l.tsv", "label": {"column": "y"}}}, data)


def test_the_list_of_midi_files_is_looked_at_and_the_first_of_them(tmp_path):
    record = {"converter": "midi", "format": "midi", "layout": {"table": "list.csv"}}
    with pytest.raises(ValueError, match=f"^{tmp_path}: holds 0 files called list.csv"):
        check(record, tmp_path)
    (tmp_path / "list.csv").write_text("file,label\na.mid,x\n")
    with pytest.raises(ValueError, match=r"list.csv: line 2: there is no file 'a.mid' below"):
        check(record, tmp_path)
    (tmp_path / "a.mid").write_bytes(b"text")
    with pytest.raises(
        ValueError, match=r"line 2: file 'a.mid' is no MIDI file .* with b'text'; replace it"
    ):
        check(record, tmp_path)
    (tmp_path / "a.mid").write_bytes(plain_midi.rich_file())
    check(record, tmp_path)
    # The files beside a table that is a source of its own are not copied with it.
    with pytest.raises(ValueError, match=r"there is no file 'a.mid' below"):
        check(record, tmp_path / "list.csv")


def test_the_files_of_every_label_are_looked_at(tmp_path):
    (tmp_path / "a.py").write_text("a = 1\n" * 9)
    files = {"files": {"x": "*.py", "y": "*.js"}}
    record = {"converter": "code", "format": "symbols", "layout": files | {"window": 4}}
    with pytest.raises(ValueError, match=r"no file matches '\*.js', the files of 'y'"):
        check(record, tmp_path)
    (tmp_path / "a.js").write_text("let a = 1;\n" * 9)
    check(record, tmp_path)
    lines = {"converter": "lines", "format": "fasta"}
    (tmp_path / "yes.txt").write_text("ACGT\n")
    with pytest.raises(ValueError, match=r"0 files called no\.txt"):
        check(lines | {"layout": {"files": {1: "yes.txt", 0: "no.txt"}}}, tmp_path)
    (tmp_path / "no.txt").write_text("AC1T\n")
    with pytest.raises(ValueError, match=r"no.txt: line 1: .*'1'"):
        check(lines | {"layout": {"files": {1: "yes.txt", 0: "no.txt"}}}, tmp_path)


@pytest.mark.parametrize(
    ("converter", "form", "layout"),
    [
        ("fasta", "fasta", {"file": "*.x", "label": {"field": 2}}),
        ("fasta", "fasta", {"files": {"train": "full.x", "test": "mine.x"}, "label": {"field": 2}}),
        ("three_line", "symbols", {"file": "mine.x"}),
        ("series", "series", {"file": "mine.x"}),
        ("lines", "fasta", {"files": {"a": "full.x", "b": "mine.x"}}),
        ("table", "text", {"file": "mine.x", "delimiter": ","}),
    ],
)
def test_a_file_without_examples_is_refused(tmp_path, converter, form, layout):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/mine.x").write_text("\n")
    if "files" in layout:
        (tmp_path / "data/full.x").write_text(">a 1\nACG\n" if converter == "fasta" else "ACG\n")
    record = {"converter": converter, "format": form, "layout": layout}
    with pytest.raises(ValueError, match=rf"^{tmp_path}/data/[*\w]+\.x: (holds no|is empty)"):
        check(record, tmp_path / "data")


@pytest.mark.parametrize(
    ("name", "text", "record", "message"),
    [
        ("mine.csv", 'text,label\na b,"0,00"\n', RECORD, "line 2: label '0,00' .* with a point"),
        ("mine.csv", "text,label\na b,high\n", RECORD, "line 2: label 'high' .* correct the row"),
        ("mine.fa", ">a 0,5\nACG\n", FASTA, "record 'a': label '0,5' is no decimal number"),
    ],
)
def test_the_first_label_of_a_regression_is_a_number(tmp_path, name, text, record, message):
    (tmp_path / name).write_text(text)
    layout = {"file": name} | ({"label": {"field": 2}} if record == FASTA else {})
    regression = record | {"layout": layout, "kind": "regression"}
    for path in (tmp_path, tmp_path / name):
        with pytest.raises(ValueError, match=rf"^{tmp_path}/{name}: {message}"):
            check(regression, path)
    (tmp_path / name).write_text(re.sub(r'"?0,00?"?|high|0,5', "0.5", text))
    check(regression, tmp_path)


@pytest.mark.parametrize(
    ("text", "form", "layout", "message"),
    [
        (
            "sequence,label\nAC1,x\n",
            "fasta",
            {"alphabet": "dna"},
            "line 2: holds '1' at position 3",
        ),
        ("sequence,label,id\nAC,x,a b\n", "fasta", {"id": "id"}, "line 2: id 'a b' is no word"),
        ("sequence,label\nAC,x\n", "symbols", {"symbol": "[0-9]"}, "line 2: `symbol` .* nothing"),
        ("text,label\n ,x\n", "text", {}, "line 2: column 'text' is empty"),
    ],
)
def test_the_first_example_of_a_table_is_made(tmp_path, text, form, layout, message):
    (tmp_path / "mine.csv").write_text(text)
    record = {"converter": "table", "format": form, "layout": {"file": "mine.csv"} | layout}
    with pytest.raises(ValueError, match=f"mine.csv: {message}"):
        check(record, tmp_path)


def test_what_extract_leaves_out_is_not_looked_at(table):
    (table.parent / "inner").mkdir()
    (table.parent / "inner/mine.csv").write_text("text,label\nfine,1\n")
    record = RECORD | {"layout": {"file": "mine.csv"}}
    check(record, table.parent, ["inner/*"])
    with pytest.raises(ValueError, match="no column 'label'"):
        check(record, table.parent)


def test_what_lies_in_an_archive_or_has_another_converter_is_left_to_the_job(table):
    wrong = RECORD | {"layout": {"file": "inner.csv", "label": "nothing"}}
    archive = table.with_suffix(".zip")
    archive.write_bytes(b"PK")
    check(wrong, archive)
    check(wrong | {"converter": "tunes"}, table.parent)


def test_a_parquet_table_is_looked_at_too(tmp_path):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(pa.table({"text": ["fine"], "answer": [1]}), tmp_path / "mine.parquet")
    record = RECORD | {"converter": "parquet", "layout": {"file": "mine.parquet"}}
    with pytest.raises(ValueError, match="no column 'label'"):
        check(record, tmp_path)


@pytest.mark.parametrize(
    ("rows", "label", "message"),
    [
        ("{i},{j},{y}", {}, r"line 1: the first cell, '\d', .* `label: last`"),
        ("{y},{i},{j}", {"label": "last"}, r"line 1: the last cell, '\d', .* `label: first`"),
        (
            "{i}.{j}e-1 0.5 0.{j}",
            {},
            r"the first cell, '0\.0e-1', .* looks like a value; .* their own",
        ),
        ("{y},{i},{j}", {}, None),
        ("{i}.{j},0.5,{y}", {"label": "last"}, None),
    ],
)
def test_a_label_that_is_read_from_the_wrong_end_is_named(tmp_path, rows, label, message):
    lines = [rows.format(i=n % 7, j=n % 5, y=n % 2) for n in range(60)]
    (tmp_path / "mine.csv").write_text("\n".join(lines))
    record = {"converter": "series", "format": "series", "classes": ["0", "1"]}
    record["layout"] = {"file": "mine.csv"} | label
    if " " in rows:
        record["layout"]["delimiter"] = " "
    if message is None:
        check(record, tmp_path / "mine.csv")
        return
    with pytest.raises(ValueError, match=message):
        check(record, tmp_path / "mine.csv")


def test_a_column_of_names_among_values_of_a_series_is_told_by_its_name(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("t0,subject,activity,t1\n0.5,p0,walk,0.25\n0.5,p1,run,0.5\n")
    record = {"converter": "series", "format": "series"}
    record["layout"] = {"file": "mine.csv", "label": "activity"}
    said = (
        r"mine.csv: line 2: 'p0' in the column 'subject' is no finite number; .* name it as"
        r" `group: subject`, else name the columns of values by a pattern, `values:`$"
    )
    for place in (path, tmp_path):
        with pytest.raises(ValueError, match=said) as caught:
            check(record, place)
        assert "\n" not in str(caught.value)
    for key in ({"group": "subject"}, {"values": "t."}):
        check(record | {"layout": record["layout"] | key}, path)
    path.write_text("t0,t1\n0.5,0.25\n")
    with pytest.raises(
        ValueError, match=r"line 1: 't1' at place 1 is .*; if this line is a header"
    ):
        check(record | {"layout": {"file": "mine.csv"}}, path)
