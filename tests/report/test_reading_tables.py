"""A table of the report is read in words, its numbers rounded so that none of them vanishes."""

import numpy as np
import pandas as pd
import pytest

from seqtransfer.report.page import reading_tables


def test_a_table_is_read_in_words_with_all_digits_behind_and_missing_cells_empty():
    table = pd.DataFrame(
        {"task": ["x", "x"], "left": "text", "right": ["random", "domain"]}
        | {"quantity": "test score", "mean": [0.1234567, None], "low": [0.1, 0.2]}
        | {"high": [0.3, 0.4], "seeds": [2.0, None]}
    )
    one = reading_tables.reading("differences", table, {"x": "x (DNA)"})
    cells = [dict(zip([c[0] for c in one.columns], row, strict=True)) for row in one.rows]
    assert cells[0]["task"] == ("x (DNA)", "x")
    assert (cells[0]["left"][0], cells[1]["right"][0]) == ("text pretraining", "domain pretraining")
    assert cells[0]["mean"] == ("0.123", "0.123457") and cells[1]["mean"] == ("", "")
    assert cells[0]["seeds"] == ("2", "2") and cells[1]["seeds"] == ("", "")


def test_a_table_of_the_page_rounds_as_its_files_do():
    table = pd.DataFrame({"task": ["x"], "steps_taken": [271.956]})
    one = reading_tables.reading("budget", table, {})
    cells = dict(zip([c[0] for c in one.columns], one.rows[0], strict=True))
    assert cells["steps taken"] == ("272", "271.956")


def test_small_numbers_of_any_size_keep_three_digits_and_no_other_column_changes(frames):
    for name in ("perturbation", "mutation", "gradient_confusion"):
        one = reading_tables.reading(name, frames[name], {})
        heads = [head for head, _, _ in one.columns]
        cells = dict(zip(heads, zip(*one.rows, strict=True), strict=True))
        pairs = [pair for column in ("mean", "reference") for pair in cells[column] if pair[1]]
        shown, full = np.array([[float(c.replace("\u2212", "-")) for c in p] for p in pairs]).T
        assert shown == pytest.approx(full, rel=0.005, abs=0)
    table = pd.DataFrame({"task": ["x"], "left": "text", "right": "random", "quantity": "score"})
    one = reading_tables.reading("differences", table.assign(mean=-1.234e-5, low=0.0123), {})
    assert [shown for shown, _ in one.rows[0][-2:]] == ["0.000", "0.012"]


def test_a_long_table_is_left_to_its_file_and_an_unknown_column_is_refused(monkeypatch):
    table = pd.DataFrame({"task": ["x"] * 9, "initialization": "text", "seed": range(9)})
    monkeypatch.setattr(reading_tables, "MOST_CELLS", 26)
    one = reading_tables.reading("left_out", table, {})
    assert (one.rows, one.total) == ([], 9)
    with pytest.raises(ValueError, match="column 'sead' is not in the register"):
        reading_tables.reading("left_out", table.rename(columns={"seed": "sead"}), {})
