"""Checks that come before a claim, by hand."""

import numpy as np
import pytest
from test_claims import NO_PAIRS, NOISE, run_table

from seqtransfer.report.claims import checks, ledger


def test_chance_is_of_test_units_and_a_run_without_a_score_has_not_learned():
    run = run_table({"text": 0.15 + NOISE, "random": 0.14 + NOISE})
    run["relative"] = np.where(run["initialization"] == "text", 0.8, 0.5)
    found = ledger.judge(run, run, NO_PAIRS, units=dict.fromkeys(run["task"], 26))
    assert "which reaches 0.400" in found[0]["effects"][0]["reason"]
    for arm in ("text", "random"):  # a run without a score, whichever arm it is of
        lost = run["initialization"].eq(arm) & run["seed"].eq(run["seed"].max())
        broken = run.assign(test_score=run["test_score"].mask(lost) + 0.3)
        [check] = checks.learned_the_task(broken[broken["task"] == "x"], ("text", "random"))
        assert not check["passed"] and "no test score" in check["why"]


def test_where_every_task_fails_a_check_that_is_the_reason_and_no_task_is_read_by_itself():
    run = run_table({"text": 0.1 + NOISE, "random": 0.1 + NOISE})
    of_text = run["initialization"] == "text"
    run["relative"] = 0.5 + of_text * (0.1 + NOISE[run["seed"]] + 0.3 * (run["task"] == "x"))
    whole = ledger.judge(run, run, NO_PAIRS)[0]
    assert whole["overall"]["heterogeneity_p"] < 0.05
    assert whole["reading"].endswith("No task passes the checks: nothing is decided.")
    assert "one by one" not in whole["reading"]
    run.loc[run["seed"].eq(1) & run["task"].eq("x"), "relative"] = np.nan
    reading = ledger.judge(run, run, NO_PAIRS)[0]["reading"]
    assert "No task passes the checks, and there is no finite number of " in reading


@pytest.mark.parametrize("arm", ["text", "random"])
def test_speed_is_not_judged_where_one_run_has_not_learned_or_has_diverged(arm):
    """A run that fails early is held at its best, and so would count as the soonest."""
    run = run_table({"text": 0.8 + NOISE, "random": 0.8 + NOISE})
    one = run["initialization"].eq(arm) & run["seed"].eq(1) & run["task"].eq("x")
    arms, units = ("text", "random"), dict.fromkeys(run["task"], 101)
    assert all(check["passed"] for check in checks.learned_the_task(run, arms, units))
    for broken, said in (
        (run.assign(test_score=run["test_score"].mask(one, 0.19)), "within chance, which reaches"),
        (run.assign(diverged=one), "diverged, whose curves are held at their best: "),
    ):
        of_x, of_y = checks.learned_the_task(broken, arms, units)
        assert (of_x["task"], of_x["passed"], of_y["passed"]) == ("x", False, True)
        assert said in of_x["why"] and of_x["blocks"]


@pytest.mark.parametrize(
    ("best_step", "passed"), [(70, True), (75, True), (76, False), (80, False)]
)
def test_a_best_step_beyond_three_quarters_of_the_steps_is_late(best_step, passed):
    run = run_table({"text": 0.5 + NOISE, "random": 0.4 + NOISE})
    run = run.assign(steps=100.0, steps_taken=100, best_step=best_step)
    for check in checks.trained_to_an_end(run, ("text", "random")):
        assert check["passed"] == passed
        assert ("the first 75 % of their steps" in check["why"]) == passed
