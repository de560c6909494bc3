"""The first row of a local table is read when a study is planned, by the words of its converter."""

import pytest

from seqtransfer.corpora.converters import first_rows

RECORD = {"converter": "table", "format": "text"}


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("text,answer\nfine,1\n")
    return path


def test_a_column_that_is_not_there_is_refused_with_those_that_are(table):
    record = RECORD | {"layout": {"file": "mine.csv", "label": "label"}}
    for path in (table, table.parent):
        with pytest.raises(ValueError, match=r"mine.csv: no column 'label'; its columns are \['te"):
            first_rows.check(record, {"path": str(path)})
    first_rows.check(
        RECORD | {"layout": {"file": "mine.csv", "label": "answer"}}, {"path": str(table)}
    )


def test_every_part_is_looked_at(table):
    (table.parent / "other.csv").write_text("text,label\nfine,1\n")
    layout = {"files": {"train": "mine.csv", "test": "other.csv"}, "label": "answer"}
    with pytest.raises(ValueError, match=r"other.csv: no column 'answer'"):
        first_rows.check(RECORD | {"layout": layout}, {"path": str(table.parent)})


def test_a_file_that_is_not_in_the_folder_is_refused(table):
    with pytest.raises(ValueError, match=r"holds 0 files called nine.csv"):
        first_rows.check(RECORD | {"layout": {"file": "nine.csv"}}, {"path": str(table.parent)})


@pytest.mark.parametrize("name", ["nine.csv", "mine.tsv"])
def test_a_file_of_another_name_than_the_layouts_is_refused(table, name):
    with pytest.raises(ValueError, match=f"mine.csv: the layout names the file {name}; write mi"):
        first_rows.check(RECORD | {"layout": {"file": name}}, {"path": str(table)})


def test_the_first_record_of_three_lines_is_looked_at(tmp_path):
    path = tmp_path / "mine.txt"
    record = {"converter": "three_line", "format": "symbols", "layout": {"file": "mine.txt"}}
    path.write_text(">a\nACGU\n((.\n")
    with pytest.raises(ValueError, match=r"mine.txt: line 1: 4 symbols, but 3 labels"):
        first_rows.check(record, {"path": str(path)})
    path.write_text(">a\nACGU\n((.)\n>b\nbroken\n")
    first_rows.check(record, {"path": str(path)})


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
        first_rows.check(record, {"path": str(tmp_path)})
    (tmp_path / "mine.csv").write_text("kind,t0,t1\na,1,2\nb,broken\n")
    good = record | {"layout": {"file": "mine.csv", "label": "kind"}}
    first_rows.check(good, {"path": str(tmp_path)})


def test_what_lies_in_an_archive_or_has_another_converter_is_left_to_the_job(table):
    wrong = RECORD | {"layout": {"file": "inner.csv", "label": "nothing"}}
    archive = table.with_suffix(".zip")
    archive.write_bytes(b"PK")
    first_rows.check(wrong, {"path": str(archive)})
    first_rows.check(wrong, {"path": str(table.parent), "extract": ["inner.csv"]})
    first_rows.check(wrong | {"converter": "lines"}, {"path": str(table.parent)})


def test_a_parquet_table_is_looked_at_too(tmp_path):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(pa.table({"text": ["fine"], "answer": [1]}), tmp_path / "mine.parquet")
    record = RECORD | {"converter": "parquet", "layout": {"file": "mine.parquet"}}
    with pytest.raises(ValueError, match="no column 'label'"):
        first_rows.check(record, {"path": str(tmp_path)})
