"""Claims of several studies side by side: what was published as text is what the ledgers say."""

from pathlib import Path

import matplotlib
import pandas as pd
import pytest
from test_legibility import check

import verdicts_by_study as script
from seqtransfer.files import json_tsv
from seqtransfer.report.figures import style
from seqtransfer.report.studies import verdicts_by_study

PUBLISHED = Path(__file__).parents[2] / "workflow/report/published"
LEDGERS = sorted(PUBLISHED.glob("*/report/claims.json"))
SOME = ["default", "one-rate-random", "references", "antibodies-sapiens", "pretraining-steps"]


@pytest.fixture(scope="module")
def found():
    return verdicts_by_study.table([PUBLISHED / f"{name}-claims.md" for name in SOME])


@pytest.mark.parametrize("ledger", LEDGERS, ids=lambda path: path.parents[1].name)
def test_a_report_says_what_its_ledger_does(ledger):
    study = ledger.parents[1].name
    rows = verdicts_by_study.table([PUBLISHED / f"{study}-claims.md"]).set_index("claim")
    records = {one["id"]: one for one in json_tsv.read_json(ledger)["claims"] if one["headline"]}
    for claim, record in records.items():
        overall = record["overall"] or {}
        if overall.get("mean") is None:
            assert claim not in rows.index
            continue
        row = rows.loc[claim]
        assert row["effect"] == pytest.approx(overall["mean"], abs=5.1e-4)
        if overall["low"] is not None:
            ends = [overall["low"], overall["high"]]
            assert row[["low", "high"]].tolist() == pytest.approx(ends, abs=5.1e-4)
            assert row["level"] == pytest.approx(record["level"])
        said = [record[name] for name in ("unit", "verdict", "qualifier")]
        assert row[["unit", "verdict", "qualifier"]].tolist() == said
    assert set(rows.index) <= set(records)


def test_studies_keep_their_order_and_a_result_folder_reads_as_its_published_report(tmp_path):
    report = tmp_path / "default/report"
    report.mkdir(parents=True)
    published = PUBLISHED / "default-claims.md"
    (report / "claims.md").write_text(published.read_text())
    twice = verdicts_by_study.table([PUBLISHED / "references-claims.md", report.parent])
    assert list(dict.fromkeys(twice["study"])) == ["references", "default"]
    alone = verdicts_by_study.table([published])
    own = twice[twice["study"] == "default"].reset_index(drop=True)
    pd.testing.assert_frame_equal(own, alone)


def test_what_is_no_report_is_refused_by_name(tmp_path, found):
    with pytest.raises(FileNotFoundError, match=r"mine/report/claims\.md is not there|mine is not"):
        verdicts_by_study.table([tmp_path / "mine"])
    (tmp_path / "notes.md").write_text("# Notes")
    with pytest.raises(ValueError, match=r"notes\.md: has no table of claims"):
        verdicts_by_study.table([tmp_path / "notes.md"])
    whole = (PUBLISHED / "default-claims.md").read_text()
    for cut in ("+0.031 | −0.0", "+0.031 |", "| (a) Text"):  # files that end within a row
        (tmp_path / "cut.md").write_text(whole[: whole.index("+0.031")] + "x" + cut)
        with pytest.raises(ValueError, match=r"cut\.md: its table of claims has a row"):
            verdicts_by_study.table([tmp_path / "cut.md"])
    with pytest.raises(ValueError, match=r"claim \(weights\) has an interval in none"):
        verdicts_by_study.select(found, ["weights"])


@pytest.mark.parametrize("width", style.WIDTHS)
def test_the_figure_has_each_effect_once_filled_where_it_is_decided(found, width):
    shown = verdicts_by_study.select(found, None)
    widest = shown.index[shown["claim"] == "b"][-1]  # as of two seeds: it leaves its panel
    shown.loc[widest, ["low", "high"]] = -3.0, 3.0
    with matplotlib.rc_context(style.preset(width)):
        drawn = verdicts_by_study.figure(shown)
        check(drawn)
    assert [axis.get_title()[:4] for axis in drawn.axes] == ["(a) ", "(b) ", "(c) ", "(d2)", "(bas"]
    for axis, claim in zip(drawn.axes, ("a", "b", "c", "d2-cka", "baseline"), strict=True):
        rows = shown[shown["claim"] == claim]
        marks = [line for line in axis.lines if line.get_marker() == "o"]
        assert [line.get_xdata()[0] for line in marks] == rows["effect"].tolist()
        filled = [line.get_markerfacecolor() != "white" for line in marks]
        assert filled == rows["verdict"].isin(["supported", "contradicted"]).tolist()
        arrows = sum(line.get_marker() in "<>" for line in axis.lines)
        low, high = axis.get_xlim()
        assert arrows == (rows["low"] < low).sum() + (rows["high"] > high).sum()
    assert "<" in {line.get_marker() for line in drawn.axes[1].lines}


def test_the_script_writes_table_and_figure(tmp_path, capsys):
    reports = [PUBLISHED / f"{name}-claims.md" for name in SOME]
    script.main(studies=reports, output=tmp_path / "all", claims=["b"])
    written = pd.read_csv(tmp_path / "all.csv")
    assert written["study"].tolist() == SOME
    assert "do not count rows as votes" in capsys.readouterr().out
    assert "<desc>The overall effect" in (tmp_path / "all.svg").read_text()
