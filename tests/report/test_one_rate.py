"""Where two arms train at unlike rates, (a) says what one rate for both would show."""

import numpy as np
import pandas as pd
import pytest

import synthetic
from seqtransfer.files import json_tsv
from seqtransfer.report.claims import one_rate
from seqtransfer.report.tables import sensitivity


def runs(**rates: float) -> pd.DataFrame:
    rows = [("x", arm, seed, rate) for arm, rate in rates.items() for seed in (0, 1)]
    return pd.DataFrame(rows, columns=["task", "initialization", "seed", "learning_rate"])


def candidates(scores: dict, speeds: dict) -> pd.DataFrame:
    """scores, speeds: arm -> a number for each of the rates 1e-4, 1e-3, 1e-2."""
    rows = [
        {"task": "x", "initialization": arm, "learning_rate": rate, "warmup": 0.1, "seeds": 2}
        | {"pooling": "mean", "mean": 0.9, "best": score, "relative": speed}
        | {"diverged": 0, "chosen": False}
        for arm in scores
        for rate, score, speed in zip((1e-4, 1e-3, 1e-2), scores[arm], speeds[arm], strict=True)
    ]
    return pd.DataFrame(rows)


SCORES = {"text": (0.6, 0.5, 0.1), "random": (0.4, 0.5, 0.5), "domain": (0.9, 0.9, 0.9)}
SPEEDS = {"text": (0.5, 0.75, 0.9), "random": (0.25, 0.8, 0.9), "domain": (1.0, 1.0, 1.0)}


def test_the_difference_is_told_at_each_rate_at_which_both_learn():
    table = candidates(SCORES, SPEEDS)
    (line,) = one_rate.of_unlike_rates(runs(text=1e-4, random=1e-3, domain=1e-2), table)
    assert line == (
        "x: the learning rates are unlike, 0.0001 for text pretraining and 0.001 for random"
        " weights, and at a higher rate scores may rise sooner for that alone. At one rate for"
        " both, in the sweep (2 seeds, each arm's best pooling and warm-up), the difference is"
        " +0.250 at 0.0001, \N{MINUS SIGN}0.050 at 0.001: these are all rates at which no run"
        " diverged and both arms reach at least half of the highest point of their own curves."
    )


def test_a_rate_at_which_a_run_diverged_does_not_count_nor_another_pooling():
    table = candidates(SCORES, SPEEDS)
    table.loc[table["learning_rate"].eq(1e-4) & table["initialization"].eq("text"), "diverged"] = 1
    other = candidates(SCORES, dict.fromkeys(SPEEDS, (0.1, 0.1, 0.1)))
    table = pd.concat([table, other.assign(pooling="first", mean=0.1)])
    (line,) = one_rate.of_unlike_rates(runs(text=1e-4, random=1e-3), table)
    assert "the difference is \N{MINUS SIGN}0.050 at 0.001: these" in line


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        (
            {"text": (0.6, 0.1, 0.1), "random": (0.1, 0.6, 0.6)},
            "both learn the task at no one rate",
        ),
        ({"text": (np.nan,) * 3, "random": (0.1, 0.6, 0.6)}, "both learn the task at no one rate"),
        ({}, "No sweep of this study tells"),
    ],
)
def test_what_cannot_be_told_is_said(scores, said):
    table = candidates(scores, SPEEDS) if scores else pd.DataFrame(columns=sensitivity.COLUMNS)
    (line,) = one_rate.of_unlike_rates(runs(text=1e-4, random=1e-3), table)
    assert said in line


@pytest.mark.parametrize("rates", [{"text": 3e-4, "random": 3e-4 * (1 + 1e-15)}, {"text": 1e-4}])
def test_nothing_is_said_of_equal_rates_or_of_one_arm(rates):
    assert one_rate.of_unlike_rates(runs(**rates), candidates(SCORES, SPEEDS)) == []


def test_the_sentence_stands_in_claim_a_alone(tmp_path):
    paths = synthetic.write_study(tmp_path)
    for path in paths["metrics"]:
        record = json_tsv.read_json(path)
        if (record["task"], record["initialization"]) == ("splice", "random"):
            json_tsv.write_json(path, record | {"learning_rate": 1e-3})
    written = synthetic.report(tmp_path, paths)
    records = json_tsv.read_json(written["claims"])["claims"]
    assert {record["id"] for record in records} >= {"a", "b", "c"}
    telling = [
        (record["id"], fact)
        for record in records
        for fact in record["facts"]
        if "learning rates are unlike" in fact
    ]
    ((claim, fact),) = telling
    assert claim == "a" and fact.startswith("splice: ")
    assert "0.000 at 0.0001, 0.000 at 0.0003, 0.000 at 0.001, 0.000 at 0.003: these" in fact
