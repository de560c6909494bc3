"""Claim (c): text against domain by a margin or by a share of what domain gains, task by task."""

import numpy as np
import pytest
from scipy import stats
from test_claims import NO_PAIRS, NOISE, judged, run_table, similarity_table

from seqtransfer.report.claims import estimates, ledger, verdicts


def test_non_inferiority_depends_on_the_margin_and_uses_the_ninety_percent_interval():
    arms = {"text": 0.46 + NOISE, "domain": np.full(3, 0.5), "random": 0.3 + NOISE}
    assert judged(arms, margin=0.1)["c"]["verdict"] == "supported"
    assert judged(arms, margin=0.04)["c"]["verdict"] == "undecided"
    assert judged(arms, margin=0.01)["c"]["verdict"] == "contradicted"
    assert judged(arms)["c"]["level"] == pytest.approx(0.90)


def test_the_kept_share_of_domain_s_gain_is_the_linear_contrast_of_three_arms():
    arms = {"text": 0.55 + NOISE, "domain": 0.6 - NOISE / 2, "random": 0.3 + NOISE[::-1]}
    assert "c-share" not in judged(arms)
    # Text keeps 0.25 of 0.3: five sixths.
    found = {share: judged(arms, share=share)["c-share"] for share in (0.5, 5 / 6, 1.0)}
    verdicts = [record["verdict"] for record in found.values()]
    assert verdicts == ["supported", "undecided", "contradicted"]
    contrast = arms["text"] - (0.5 * arms["domain"] + 0.5 * arms["random"])
    effect = found[0.5]["effects"][0]
    low, high = stats.t.interval(0.9, 2, contrast.mean(), stats.sem(contrast))
    assert [effect["low"], effect["mean"], effect["high"]] == pytest.approx(
        [low, contrast.mean(), high]
    )


def test_the_kept_share_cannot_be_tested_where_domain_does_not_beat_random():
    arms = {"text": 0.55 + NOISE, "domain": 0.3 + NOISE, "random": 0.3 + NOISE[::-1]}
    assert judged(arms, share=0.5)["c-share"]["verdict"] == "not testable here"
    assert judged({"text": 0.5 + NOISE}, share=0.5)["c-share"]["verdict"] == "not tested"


def test_non_inferiority_must_hold_in_every_task():
    run = run_table({"text": 0.5 + NOISE, "domain": np.full(3, 0.5), "random": 0.2 + NOISE})
    behind = (run["task"] == "y") & (run["initialization"] == "text")
    run.loc[behind, "test_score"] -= 0.2
    run.loc[(run["task"] == "x") & (run["initialization"] == "text"), "test_score"] += 0.3
    record = ledger.judge(run, run, NO_PAIRS)[2]
    assert record["overall"]["low"] > -0.05  # the mean alone would support it
    assert record["verdict"] == "contradicted" and not record["qualifier"]
    assert [effect["verdict"] for effect in record["effects"]] == ["supported", "contradicted"]
    noisy = run.copy()
    noisy.loc[behind, "test_score"] += 0.16 + 3 * NOISE  # at -0.04, with a wide interval
    record = ledger.judge(noisy, noisy, NO_PAIRS)[2]
    assert [effect["verdict"] for effect in record["effects"]] == ["supported", "undecided"]
    assert record["verdict"] == "undecided" and "Not every task allows it" in record["reading"]


def test_a_verdict_of_some_of_the_tasks_says_of_how_many():
    run = run_table({"text": 0.55 + 2 * NOISE, "domain": 0.5 + NOISE, "random": 0.3 + NOISE[::-1]})
    assert ledger.judge(run, run, NO_PAIRS)[2]["qualifier"] == ""
    failed = (run["task"] == "y") & (run["initialization"] == "domain")
    run.loc[failed, "test_score"] -= 0.3  # the reference does not beat random weights there
    found = {one["id"]: one for one in ledger.judge(run, run, similarity_table(0.5, 0.3))}
    climbing = run.assign(plateau=False, best_step=8).where(failed, run)  # y is not judged anyway
    found["c"] = ledger.judge(climbing, climbing, NO_PAIRS)[2]
    for name in ("c", "d1-cka"):
        assert found[name]["verdict"] == "supported"
        assert found[name]["qualifier"] == "in 1 testable task"
    assert found["b"]["qualifier"] == ""


def test_non_inferiority_asks_each_task_at_the_claim_s_level_and_adjusts_contradictions_alone():
    run = run_table({"text": 0.48 + 2 * NOISE, "domain": np.full(3, 0.5), "random": 0.2 + NOISE})
    record = ledger.judge(run, run, NO_PAIRS)[2]
    for effect in record["effects"]:
        t = 0.03 / stats.sem(2 * NOISE)
        assert effect["p_value"] == pytest.approx(stats.t.sf(t, 2))  # 0.061, of one test
        assert effect["verdict"] == "undecided"
    found = {task: estimates.crossed(0.03 + 0.7 * NOISE) for task in "uvwx"}  # p 0.0089
    records = verdicts.of_tasks(found, {}, 0.9, 0.0, every=True)
    assert {one["verdict"] for one in records} == {"supported"}
    assert verdicts.overall(found, records, 0.9, 0.0, True)[0] == "supported"
    mirrored = {task: estimates.crossed(-0.03 + 1.4 * NOISE) for task in "uvwx"}  # p 0.034 each
    records = verdicts.of_tasks(mirrored, {}, 0.9, 0.0, every=True)
    assert {one["verdict"] for one in records} == {"undecided"}
    records = verdicts.of_tasks({"u": mirrored["u"]}, {}, 0.9, 0.0, every=True)
    assert records[0]["verdict"] == "contradicted"
