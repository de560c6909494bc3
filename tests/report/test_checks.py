"""Checks that come before a claim, by hand."""

import numpy as np
import pytest
from test_claims import NO_PAIRS, NOISE, run_table

from seqtransfer.report import checks, claims


def test_chance_is_of_test_units_and_a_run_without_a_score_has_not_learned():
    run = run_table({"text": 0.15 + NOISE, "random": 0.14 + NOISE})
    run["relative"] = np.where(run["initialization"] == "text", 0.8, 0.5)
    found = claims.judge(run, run, NO_PAIRS, units=dict.fromkeys(run["task"], 26))
    assert "which reaches 0.400" in found[0]["effects"][0]["reason"]
    for arm in ("text", "random"):  # a run without a score, whichever arm it is of
        lost = run["initialization"].eq(arm) & run["seed"].eq(run["seed"].max())
        broken = run.assign(test_score=run["test_score"].mask(lost) + 0.3)
        [check] = checks.learned_the_task(broken[broken["task"] == "x"], ("text", "random"))
        assert not check["passed"] and "no test score" in check["why"]


@pytest.mark.parametrize(
    ("best_step", "passed"), [(70, True), (75, True), (76, False), (80, False)]
)
def test_a_best_step_beyond_three_quarters_of_the_steps_is_late(best_step, passed):
    run = run_table({"text": 0.5 + NOISE, "random": 0.4 + NOISE})
    run = run.assign(steps=100.0, steps_taken=100, best_step=best_step)
    for check in checks.trained_to_an_end(run, ("text", "random")):
        assert check["passed"] == passed
        assert ("the first 75 % of their steps" in check["why"]) == passed
