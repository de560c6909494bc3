"""A claim's record: what tasks that fail a check, or point the other way, do to the others."""

import math

import pytest

from seqtransfer.report.claims import claim_records
from seqtransfer.report.claims.estimates import Estimate

TEXTS = {"id": "b", "short": "s", "title": "t", "paper": "p", "contrast": "text - random"} | {
    "unit": "MCC", "estimand": "e", "tables": ["runs"], "figure": "scores"
}  # fmt: skip


def estimate(mean, spread, seeds):
    return Estimate(mean, {"seeds": (spread**2 / seeds, seeds - 1.0)}, seeds)


def record(found, failed=(), **texts):
    checked = [
        {"task": task, "check": "c", "passed": False, "blocks": True, "why": "w"} for task in failed
    ]
    return claim_records.record(found, checked, 0.95, missing=[], **TEXTS | texts)


@pytest.mark.parametrize("spread", [0.0, 0.02, 0.3, math.nan])
def test_a_task_that_fails_a_check_leaves_the_interval_of_another_with_few_seeds_alone(spread):
    other = estimate(0.1, spread, 3) if spread == spread else Estimate(0.1, {}, 3)
    alone = record({"x": estimate(0.1, 0.02, 3)})["effects"][0]
    beside = record({"x": estimate(0.1, 0.02, 3), "y": other}, failed=["y"])["effects"][0]
    ends = ("mean", "error", "low", "high")
    assert [beside[end] for end in ends] == [alone[end] for end in ends]


def test_tasks_with_few_seeds_that_pass_have_at_least_their_mean_spread():
    found = {"x": estimate(0.1, 0.01, 3), "y": estimate(0.1, 0.07, 3)}
    errors = [one["error"] for one in record(found)["effects"]]
    assert errors == pytest.approx([math.sqrt((0.01**2 + 0.07**2) / 2 / 3), 0.07 / math.sqrt(3)])


def test_no_number_of_seeds_is_named_where_a_task_and_not_the_mean_keeps_a_claim_undecided():
    """The mean lies above 0 by its interval, and one task below: more seeds cannot mend that."""
    above = {name: estimate(0.3, 0.2, 4) for name in "xyz"}
    mean = record(above | {"w": estimate(-0.06, 0.008, 4)})
    assert mean["verdict"] == "undecided" and mean["overall"]["low"] > 0
    assert mean["overall"]["smallest"] is None and mean["overall"]["seeds_needed"] is None
    wide = record(above | {"w": estimate(-0.6, 0.01, 4)})
    assert wide["overall"]["low"] < 0 < wide["overall"]["seeds_needed"]


def test_ends_of_intervals_are_told_from_the_line_that_they_are_judged_by():
    found = {"x": Estimate(-0.0166, {"seeds": (1e-4, 30.0)}, 31)}
    for low, said in ((-0.05045, "-0.0505"), (-0.04995, "-0.04995"), (-0.0499, "-0.0499")):
        mean = low - found["x"].interval(0.95)[0] + found["x"].mean
        moved = {"x": Estimate(mean, found["x"].parts, 31)}
        reading = record(moved, margin=0.05)["reading"]
        assert f"95 % interval {said} to -" in reading
    without = record(
        {"x": Estimate(0.0004 - found["x"].interval(0.95)[0] - 0.0166, found["x"].parts, 31)}
    )
    assert "95 % interval +0.0004 to" in without["reading"]
