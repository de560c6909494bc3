"""One effect in several studies of the same tasks: what stands side by side, and what differs."""

import matplotlib
import pandas as pd
import pytest
from test_effect_by_size import GAIN, study
from test_legibility import check

import effect_by_study as script
from seqtransfer.report.figures import style
from seqtransfer.report.studies import effect_by_study

CONTRAST = "text - random"


@pytest.fixture
def studies():
    return [study("whole", 2, ("x", "y", "z")), study("probe", 2, ("y", "x"), adaptation="probe"),
            study("lora", 2, ("x",), gain=GAIN / 10, adaptation="lora")]  # fmt: skip


def test_the_tasks_of_several_studies_have_a_row_each_with_the_effect_of_the_ledger(studies):
    found = effect_by_study.table(studies, "b")
    assert found[["task", "study"]].to_numpy().tolist() == [
        ["x", "whole"], ["x", "probe"], ["x", "lora"], ["y", "whole"], ["y", "probe"]
    ]  # fmt: skip
    for row, one in zip(found.itertuples(), [*studies, *studies[:2]], strict=True):
        known = next(e for e in one.claims["b"]["effects"] if e["task"] == row.task)
        assert (row.effect, row.low, row.high) == (known["mean"], known["low"], known["high"])
        assert row.verdict == known["verdict"]
        runs = one.runs[one.runs["task"] == row.task].groupby("initialization")["test_score"].mean()
        assert (row.text, row.random) == (runs["text"], runs["random"])
        assert row.text - row.random == pytest.approx(row.effect)


def test_studies_without_a_task_in_common_and_claims_that_are_not_tested_are_refused(studies):
    with pytest.raises(ValueError, match=r"no task has an effect of claim \(b\) in two"):
        effect_by_study.table([study("one", 2, ("x",)), study("two", 2, ("y",))], "b")
    with pytest.raises(ValueError, match=r"whole does not test claim \(c\)"):
        effect_by_study.table(studies, "c")


def test_the_settings_that_differ_are_named_with_their_studies_and_those_of_domain_where_it_counts(
    studies,
):
    studies[0].record["configuration"]["pretrain"] = {"steps": 9}
    found = effect_by_study.differing(studies, CONTRAST)
    assert found == {
        "finetune.adaptation": {"absent": ["whole"], "probe": ["probe"], "lora": ["lora"]}
    }
    assert "pretrain.steps" in effect_by_study.differing(studies, "text - domain")
    said = effect_by_study.caption(effect_by_study.table(studies, "b"), found, CONTRAST)
    assert "differ in finetune.adaptation: absent (whole), probe (probe), lora (lora)." in said
    assert "text pretraining minus random weights" in said and "95 % interval" in said


@pytest.mark.parametrize("width", style.WIDTHS)
def test_the_figure_shows_each_effect_once_filled_where_it_is_decided(studies, width):
    found = effect_by_study.table(studies, "b")
    with matplotlib.rc_context(style.preset(width)):
        drawn = effect_by_study.figure(found, CONTRAST)
        check(drawn)
    for axis, task in zip(drawn.axes, ("x", "y"), strict=True):
        rows = found[found["task"] == task]
        marks = [line for line in axis.lines if line.get_marker() == "o"]
        assert [line.get_xdata()[0] for line in marks] == rows["effect"].tolist()
        filled = [line.get_markerfacecolor() != "white" for line in marks]
        assert filled == rows["verdict"].isin(["supported", "contradicted"]).tolist()


def test_the_script_writes_table_and_figure_of_result_folders(
    studies, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(script.finished_studies, "read_all", lambda folders: studies)
    script.main(studies=[], claim="b", output=tmp_path / "side")
    written = pd.read_csv(tmp_path / "side.csv")
    assert written["study"].tolist() == ["whole", "probe", "lora", "whole", "probe"]
    assert "finetune.adaptation" in capsys.readouterr().out
    assert "<desc>text pretraining minus" in (tmp_path / "side.svg").read_text()
