"""A table of settings that a run cannot use is refused when the study is planned."""

import os

import pytest

from project import ROOT
from seqtransfer.encoders.controls import CONTROLS
from seqtransfer.report.caveats import study_caveats
from seqtransfer.report.tables import results
from seqtransfer.study.checks import settings_tables
from seqtransfer.training import classifier
from seqtransfer.training.settings_choice import CHOSEN_FOR

HEADER = "task\tinitialization\tlearning_rate\tpooling\twarmup\n"


@pytest.fixture
def check(tmp_path):
    """A function that checks a table of the given rows for the arms of a task."""

    def check(rows, arms=("text",), header=HEADER):
        table = tmp_path / "settings.tsv"
        table.write_text(header + rows)
        settings_tables.check(table, ["a"], arms)

    return check


def test_a_table_must_be_there(tmp_path):
    with pytest.raises(ValueError, match=r"settings: there is no file .*settings\.tsv; .*: sweep}"):
        settings_tables.check(tmp_path / "settings.tsv", ["a"], ["text"])
    with pytest.raises(ValueError, match=r"^finetune\.settings: there is no file"):
        settings_tables.check(tmp_path / ("x" * 300), ["a"], ["text"])


def test_a_table_must_have_every_arm_once(check):
    rows = "a\ttext\t1e-4\tmean\t0\na\trandom\t3e-4\tfirst\t1\nb\ttext\tx\ty\tz\n"
    check(rows, ["random", "text"])
    check("a\ttext\t1e-4\tmean\n", header=HEADER.replace("\twarmup", ""))
    with pytest.raises(ValueError, match=r"tsv has no row for domain of a, shuffled of a;"):
        check(rows, ["domain", "text", "shuffled"])
    with pytest.raises(ValueError, match=r"tsv has several rows for text of a;"):
        check(rows + "a\ttext\t1e-3\tmean\t0\n")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("nan\tmean\t0", "line 2: learning_rate 'nan' is no number above 0 and up to 10"),
        ("inf\tmean\t0", "line 2: learning_rate 'inf' is no number"),
        ("0\tmean\t0", "line 2: learning_rate '0' is no number"),
        ("\tmean\t0", "line 2: learning_rate '' is no number"),
        ("1e-3\tmax\t0", "line 2: pooling 'max' is unknown for this task; known: mean, first"),
        ("1e-3\tmean\tnan", "line 2: warmup 'nan' is no share from 0 to 1"),
        ("1e-3\tmean\t2", "line 2: warmup '2' is no share"),
        ("1e-3\tmean", "line 2: has 4 cells instead of 5"),
    ],
)
def test_settings_that_no_run_can_take_are_refused(check, row, said):
    with pytest.raises(ValueError, match=rf"^finetune\.settings: .*{said}") as caught:
        check(f"a\ttext\t{row}\n")
    assert "\n" not in str(caught.value)


def test_a_row_is_read_by_task_and_arm_and_anew_when_the_table_changes(tmp_path):
    table = tmp_path / "settings.tsv"
    table.write_text(HEADER + "a\ttext\t1e-4\tmean\t0\nb\ttext\t3e-4\tfirst\t1\n")
    expected = {"learning_rate": "3e-4", "pooling": "first", "warmup": "1"}
    assert settings_tables.row(table, "b", "text") == expected
    table.write_text("task\tinitialization\tlearning_rate\tpooling\nb\ttext\t1e-5\tmean\n")
    os.utime(table, ns=(1, 1))
    assert settings_tables.row(table, "b", "text") == {"learning_rate": "1e-5", "pooling": "mean"}


def test_a_task_that_classifies_tokens_has_no_pooling_and_no_other_task_none(tmp_path):
    table = tmp_path / "settings.tsv"
    table.write_text(HEADER + "a\ttext\t1e-4\tnone\t0\nb\ttext\t1e-4\tmean\t0\n")
    settings_tables.check(table, ["a", "b"], ["text"], ["a"])
    with pytest.raises(ValueError, match=r"pooling 'none' is unknown for this task; known: mean,"):
        settings_tables.check(table, ["a"], ["text"])
    with pytest.raises(ValueError, match=r"pooling 'mean' is unknown for this task; known: none"):
        settings_tables.check(table, ["b"], ["text"], ["b"])


def test_the_sweep_tries_no_pooling_where_tokens_are_classified():
    kinds = {"a": {"kind": "token_classification"}, "b": {"kind": "regression"}}
    study = {"tasks": ["a", "b"], "catalogue": {"tasks": kinds}, "sweep": {"poolings": ["first"]}}
    found = {
        (task, name): settings_tables.poolings(study, task, name)
        for task in "ab"
        for name in ("text", "cnn")
    }
    assert found == {
        ("a", "text"): ["none"], ("a", "cnn"): ["none"],
        ("b", "text"): ["first"], ("b", "cnn"): ["max"],
    }  # fmt: skip


def test_warm_ups_are_those_of_the_rows_that_are_used(tmp_path):
    table = tmp_path / "settings.tsv"
    table.write_text(HEADER + "a\ttext\t1e-4\tmean\t0.5\nb\ttext\t1e-4\tmean\t0.9\n")
    assert settings_tables.warmups(table, ["a"], ["text"]) == [0.5]
    table.write_text("task\tinitialization\tlearning_rate\tpooling\na\ttext\t1e-4\tmean\n")
    os.utime(table, ns=(0, 1))
    assert settings_tables.warmups(table, ["a"], ["text"]) == []


def test_a_table_that_is_taken_for_the_sweep_must_be_one(tmp_path):
    settings_tables.check_sweep(ROOT / "workflow/studies/default-sweep.tsv")
    table = tmp_path / "mine-sweep.tsv"
    table.write_text("week\tshift\n1\tlate\n")
    with pytest.raises(ValueError, match=r"mine-sweep.tsv.*rename it if it is none$"):
        settings_tables.check_sweep(table)
    cells = dict.fromkeys(settings_tables.SWEPT, "x")
    table.write_text("\n".join("\t".join(row) for row in (cells, cells.values())))
    with pytest.raises(ValueError, match=r"learning_rate 'x' is no number.*rename it"):
        settings_tables.check_sweep(table)
    assert settings_tables.SWEPT == results.SWEPT


def test_planning_and_caveats_know_the_settings_that_training_has():
    of_controls = {control.pooling for control in CONTROLS.values()}
    assert {*settings_tables.POOLINGS, *of_controls} == {*classifier.POOLINGS}
    assert settings_tables.UNPOOLED == classifier.UNPOOLED
    said = [name for group in study_caveats.CHOSEN_FOR for name in group]
    assert sorted(said) == sorted(CHOSEN_FOR)
