"""Every tested claim's effects stand in a table, as the ledger and the runs have them."""

import pandas as pd
import pytest

import synthetic
from seqtransfer.files import json_tsv
from seqtransfer.report.tables import effect_tables, table_files


def test_a_claim_has_a_row_a_task_and_one_of_all(reported):
    table = table_files.read(reported["effects"])
    claims = json_tsv.read_json(reported["claims"])["claims"]
    assert set(table["claim"]) == {one["id"] for one in claims}
    assert list(table["task"]) == [*synthetic.TASKS, "all"] * len(claims)
    overall = table[table["task"] == "all"].set_index("claim")
    for one in claims:
        row = overall.loc[one["id"]]
        assert row["mean"] == pytest.approx(one["overall"]["mean"], rel=1e-5)
        assert row["verdict"] == one["verdict"] and row["headline"] == one["headline"]
    assert overall[["seeds", "p_value"]].isna().all(axis=None)


def test_the_effects_are_the_paired_differences_of_the_runs(reported):
    table = table_files.read(reported["effects"]).set_index(["claim", "task"])
    runs = table_files.read(reported["runs"])
    scores = runs.pivot(index=["task", "seed"], columns="initialization", values="test_score")
    means = (scores["text"] - scores["random"]).groupby("task").mean()
    for task, mean in means.items():
        assert table.loc[("b", task), "mean"] == pytest.approx(mean, rel=1e-4)
    assert table.loc[("b", "all"), "mean"] == pytest.approx(means.mean(), rel=1e-4)
    assert table.loc[("c", "all"), "level"] == pytest.approx(0.9)
    assert (table["level"].drop(index=["c", "c-share"], level="claim") == 0.95).all()


def test_seeds_are_counts_and_a_claim_that_is_not_tested_has_no_row():
    effect = dict.fromkeys(["mean", "low", "high", "p_value"], 0.1) | {"task": "x", "seeds": 3}
    shared = {"short": "S", "contrast": "text - random", "level": 0.95, "margin": None}
    shared |= {"unit": "MCC", "headline": True, "verdict": "undecided", "qualifier": ""}
    tested = {"id": "b", "overall": effect, "effects": [effect | {"verdict": "supported"}]} | shared
    table = effect_tables.table([tested, shared | {"id": "c", "overall": None, "effects": []}])
    assert list(table["claim"]) == ["b", "b"]
    assert "| 3 | supported |" in table_files.markdown(table)
    assert list(effect_tables.table([]).columns) == effect_tables.COLUMNS
    assert table["margin"].isna().all() and isinstance(table["seeds"].dtype, pd.Int64Dtype)
