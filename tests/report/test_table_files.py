"""A table is written so that a program reads it back, and a person reads it as Markdown."""

from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from seqtransfer.report.tables import table_cells, table_files


def test_markdown_rounds_floats_and_leaves_missing_cells_empty():
    table = pd.DataFrame(
        {"task": ["a|b"], "learning_rate": [3e-4], "mean": [0.12345], "low": [np.nan]}
    )
    lines = table_files.markdown(table).splitlines()
    assert lines[1] == "| --- | --- | --- | --- |"
    assert lines[2] == r"| a\|b | 3e-04 | 0.123 |  |"


def test_markdown_shows_all_digits_of_a_learning_rate():
    table = pd.DataFrame({"learning_rate": [1.5e-4, 0.00012345678, 1.0]})
    cells = [line.strip("| ") for line in table_files.markdown(table).splitlines()[2:]]
    assert cells == ["1.5e-04", "1.2345678e-04", "1e+00"]


def test_p_values_steps_and_bold_cells_are_written_by_the_kind_of_their_column():
    table = pd.DataFrame(
        {"p_value": [0.0004], "steps_to_threshold": [127.6], "layer": [3], "mean": [-0.0001]}
        | {"best": [table_cells.Bold("0.5")]}
    )
    assert table_files.markdown(table).splitlines()[2] == "| 0.0004 | 128 | 3 | 0.000 | **0.5** |"


@pytest.mark.parametrize(
    ("value", "said"),
    [(1e-5, "1.00e-05"), (-0.04, "-0.0400"), (0.1, "0.100"), (1234.5, "1234.500"), (0.0, "0.000")],
)
def test_a_number_of_any_size_has_three_decimals_or_three_digits(value, said):
    assert table_cells.of_any_size(value) == said


def test_what_rounds_to_0_has_no_minus():
    assert [table_cells.number("", value) for value in (-0.0003, -0.3)] == ["0.000", "-0.300"]


def test_a_head_has_the_unit_that_its_name_lacks():
    assert table_cells.label("peak_memory") == "peak memory (GiB)"
    assert table_cells.label("steps_taken") == "steps taken"


def test_a_head_in_words_stays():
    assert table_cells.label("my_task (MCC; n = 5)") == "my_task (MCC; n = 5)"


def test_what_is_read_is_in_words_and_the_csv_has_identifiers(tmp_path):
    table = pd.DataFrame(
        {"initialization": ["text", "ngram"], "measure": "pwcca", "metric": "mcc"}
        | {"contrast": "text - random", "plateau": [True, False], "energy": 0.5}
    )
    read = {}
    for suffix in (".csv", ".md", ".tex", ".html"):
        table_files.write(tmp_path / f"t{suffix}", table, "t", "C.")
        read[suffix] = " ".join((tmp_path / f"t{suffix}").read_text().split())
    words = ["text pretraining", "n-gram regression", "PWCCA, weighted by", "yes", "(Wh)"]
    words += ["MCC", "minus random weights"]
    for suffix in table_files.READABLE:
        assert all(word in read[suffix] for word in words), suffix
        assert not {"pwcca", "mcc", "ngram", "initialization", "True"} & set(read[suffix].split())
    assert "text,pwcca,mcc,text - random,True,0.5" in read[".csv"]


@pytest.mark.parametrize("suffix", table_files.READABLE)
def test_bookkeeping_alike_in_all_rows_is_said_by_the_caption(tmp_path, suffix):
    table = pd.DataFrame({"task": ["x", "y"], "level": 0.95, "headline": [True, False]})
    path = tmp_path / f"t{suffix}"
    for headline, said in (([True, False], ""), ([True, True], "; headline yes")):
        table_files.write(path, table.assign(headline=headline), "t", "C.")
        text = path.read_text()
        assert f"C. In all rows: level 0.950{said}." in text
        assert text.count("level") == 1 and text.count("headline") == 1
    table_files.write(path, table.iloc[:1], "t", "C.")  # of one row nothing is alike
    assert "In all rows" not in path.read_text() and "level" in path.read_text()


def test_a_caption_stands_above_a_markdown_table(tmp_path):
    table_files.write(tmp_path / "t.md", pd.DataFrame({"task": ["x"]}), "t", "Bold: the best.")
    assert (tmp_path / "t.md").read_text() == "Bold: the best.\n\n| task |\n| --- |\n| x |\n"


def test_a_page_escapes_html_and_holds_every_row():
    table = pd.DataFrame({"a<b": ["x & y", "z"], "mean": [table_cells.Bold("1"), None]})
    page = table_files.page(table, "t", "`c` < d")
    table = page[page.index("<table>") : page.index("</table>")] + "</table>"
    rows = ["".join(row.itertext()) for row in ElementTree.fromstring(table).iter("tr")]
    assert rows == ["a<bmean", "x & y1", "z"]
    assert "<p><code>c</code> &lt; d</p>" in page and "<b>1</b>" in page


def test_a_written_table_reads_back(tmp_path):
    table = pd.DataFrame(
        {"task": ["NA", "x"], "seed": [0, 1], "mean": [1 / 3, np.nan], "diverged": [True, False]}
    )
    table_files.write(tmp_path / "runs.csv", table)
    back = table_files.read(tmp_path / "runs.csv")
    pd.testing.assert_frame_equal(back, table, rtol=1e-5, check_dtype=False)


def test_columns_without_a_value_are_in_the_csv_alone(tmp_path):
    columns = {"pretraining_steps": pd.array([None], "Int64"), "pretraining_corpus": [""]}
    table = pd.DataFrame({"task": ["splice"], "score": [0.5], **columns})
    for suffix in (".csv", ".md", ".tex", ".html"):
        table_files.write(tmp_path / f"table{suffix}", table)
        found = "pretraining" in (tmp_path / f"table{suffix}").read_text()
        assert found == (suffix == ".csv")
    assert "pretraining steps" in table_files.markdown(table_files.filled(table.iloc[:0]))


def test_names_that_look_like_numbers_are_read_as_they_are(tmp_path):
    table = pd.DataFrame(
        {"task": ["2024", "1e42"], "class": ["01", "1"], "code": ["0123", "12e4"], "seed": [0, 1]}
    )
    table_files.write(tmp_path / "t.csv", table)
    pd.testing.assert_frame_equal(table_files.read(tmp_path / "t.csv"), table)


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("low", -0.0004, "-0.0004"), ("high", 0.0004, "0.0004"), ("null_low", 0.25, "0.250"),
        ("mean", -0.0004, "0.000"), ("p_value", 0.0496, "0.0496"), ("p_value", 0.0504, "0.0504"),
        ("p_value", 0.05, "0.05"), ("p_value", 0.0123, "0.012"),
    ],
)  # fmt: skip
def test_rounding_leaves_an_end_and_a_p_value_on_their_side(column, value, said):
    assert table_cells.text(column, value) == said
