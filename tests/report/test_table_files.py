"""A table is written so that a program reads it back, and a person reads it as Markdown."""

import numpy as np
import pandas as pd

from seqtransfer.report.tables import table_files


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


def test_a_written_table_reads_back(tmp_path):
    table = pd.DataFrame(
        {"task": ["NA", "x"], "seed": [0, 1], "mean": [1 / 3, np.nan], "diverged": [True, False]}
    )
    table_files.write(tmp_path / "runs.csv", table)
    back = table_files.read(tmp_path / "runs.csv")
    pd.testing.assert_frame_equal(back, table, rtol=1e-5, check_dtype=False)
