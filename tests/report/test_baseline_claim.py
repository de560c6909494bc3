"""Text against the best baseline without an encoder: which one, what difference, what interval."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from test_claims import NO_PAIRS, run_table

from seqtransfer.report.claims import baseline_estimates, estimates, ledger
from seqtransfer.report.tables import without_encoder
from seqtransfer.scoring import left_out

TEXT = np.array([0.52, 0.49, 0.55])
HEIGHTS = {  # task -> baseline -> its scores on dev and test
    "x": {"majority": (0.0, 0.0), "ngram": (0.45, 0.40), "additive": (0.40, 0.60)},
    "y": {"majority": (0.0, 0.0), "ngram": (0.50, 0.42)},
}


def scores():
    rows = [
        {"task": task, "initialization": name, "kind": "baseline", "headline": True}
        | {"split": split, "mean": value}
        for task, known in HEIGHTS.items()
        for name, values in known.items()
        for split, value in zip(("dev", "test"), values, strict=True)
    ]
    other = dict(rows[1], headline=False, mean=9.0)  # of another metric
    arm = dict(rows[1], initialization="text", kind="arm", mean=9.0)
    return pd.DataFrame([*rows, other, arm])


def judged(**tables):
    run = run_table({"text": TEXT, "random": TEXT - 0.1})
    records = ledger.judge(run, run, NO_PAIRS, scores=scores(), **tables)
    [record] = [one for one in records if one["id"] == "baseline"]
    return record


def groups(name, keys, task, values):
    return [{"task": task, name: key, "group": group, "score": score}
            for key in keys for group, score in enumerate(values)]  # fmt: skip


def test_dev_chooses_the_baseline_and_seeds_alone_give_the_interval_of_one_sample():
    record = judged()
    assert baseline_estimates.best(scores()) == {"x": "ngram", "y": "ngram"}
    assert record["facts"][0] == "x: n-gram regression, 0.400 on test (0.450 on dev)."
    for effect, height in zip(record["effects"], (0.40, 0.42), strict=True):
        interval = stats.ttest_1samp(TEXT - height, 0).confidence_interval(0.95)
        assert effect["mean"] == pytest.approx(TEXT.mean() - height)
        assert (effect["low"], effect["high"]) == pytest.approx(tuple(interval))
    assert record["verdict"] == "supported" and "the paper" not in record["reading"]
    assert record["reading"].startswith("Text pretraining minus the best baseline: +0.110 (95 %")
    checked = {one["check"] for one in record["checks"]}
    assert checked == {"the arm trained to an end"}


def test_examples_that_both_answer_alike_leave_no_chance_and_others_add_theirs():
    noise = np.random.default_rng(0).normal(0, 0.01, 30)
    arms = [
        row | {"initialization": arm}
        for task in HEIGHTS
        for arm in ("text", "random")
        for row in groups("seed", range(3), task, 0.5 + noise)
    ]
    found = {}
    for kind, values in (("alike", noise), ("apart", -noise)):
        rows = [
            row
            for task, known in HEIGHTS.items()
            for row in groups("baseline", known, task, values)
        ]
        record = judged(left_out=pd.DataFrame(arms), baselines_left_out=pd.DataFrame(rows))
        found[kind] = record["effects"][0]
    assert found["alike"]["sources"] == {"seeds": pytest.approx(1), "examples": pytest.approx(0)}
    assert found["apart"]["sources"]["examples"] > 0.5
    assert found["apart"]["low"] < found["alike"]["low"]
    assert found["alike"]["mean"] == found["apart"]["mean"]


def test_a_study_without_text_does_not_test_it():
    run = run_table({"random": TEXT})
    record = ledger.judge(run, run, NO_PAIRS, scores=scores())[-1]
    assert (record["id"], record["verdict"]) == ("baseline", "not tested")


def test_a_run_without_a_score_leaves_it_undecided():
    run = run_table({"text": TEXT, "random": TEXT})
    run.loc[run["initialization"].eq("text") & run["seed"].eq(1), "test_score"] = np.nan
    record = ledger.judge(run, run, NO_PAIRS, scores=scores())[-1]
    assert record["verdict"] == "undecided"
    assert record["missing"] == [f"text pretraining in {task}, seed 1" for task in HEIGHTS]


def test_the_interval_holds_the_true_difference_as_often_as_it_says():
    """300 examples are drawn, each with an ease of its own; a baseline answers them once, text once
    a seed, and some seeds are better ones."""
    rng, hits, studies = np.random.default_rng(1), 0, 400
    part = np.arange(300) % left_out.GROUPS
    for _ in range(studies):
        ease = rng.normal(0, 0.1, 300)
        skill = 0.7 + rng.normal(0, 0.02, 4)
        text = rng.random((4, 300)) < skill[:, None] + ease
        baseline = rng.random(300) < 0.65 + ease
        difference = text.mean(axis=1) - baseline.mean()
        without = np.array([
            [(row[part != g].mean() - baseline[part != g].mean()) for g in range(left_out.GROUPS)]
            for row in text
        ])  # fmt: skip
        low, high = estimates.crossed(difference, without).interval(0.95)
        hits += low < 0.05 < high
    # Of 400 fair trials at 95 %, fewer than 365 hits have a chance of 0.1 %.
    assert hits >= 365


def test_few_seeds_share_their_spread_whichever_baselines_the_tasks_have():
    """Two seeds of x agree by chance; only x has the additive model."""
    run = run_table({"text": TEXT[:2]})
    run.loc[run["task"] == "x", "test_score"] = [0.600, 0.601]
    tables = pd.DataFrame(columns=["task", "initialization", "seed", "group", "score"]), None
    table = without_encoder.differences(run, run[:0], scores(), *tables)
    widths = (table["high"] - table["low"]).groupby(table["task"]).agg(["min", "max"])
    assert widths["min"].to_numpy() == pytest.approx(widths["max"])
    # Of x the mean of both variances, with the two degrees of freedom of both.
    variance = np.mean([np.var([0.600, 0.601], ddof=1), np.var(TEXT[:2], ddof=1)]) / 2
    assert widths.loc["x", "max"] == pytest.approx(2 * stats.t.ppf(0.975, 2) * variance**0.5)


def test_the_table_holds_every_arm_against_every_baseline_that_its_task_has():
    run = run_table({"text": TEXT, "random": TEXT - 0.1})
    none = pd.DataFrame(columns=["task", "initialization", "seed", "group", "score"])
    without = pd.DataFrame(columns=["task", "baseline", "group", "score"])
    table = without_encoder.differences(run, run[:0], scores(), none, without)
    assert table.groupby("task").size().to_dict() == {"x": 2 * 3, "y": 2 * 2}
    assert table["mean"].notna().all() and set(table["kind"]) == {"baseline"}
    [row] = table[
        (table["task"] == "x")
        & table["against"].eq("additive")
        & table["initialization"].eq("text")
    ].itertuples()
    assert row.mean == pytest.approx(TEXT.mean() - 0.60) and row.seeds == 3
