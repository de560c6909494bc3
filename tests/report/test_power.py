"""How many seeds a study would need, against a simulation with known spreads."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from seqtransfer.report import power
from seqtransfer.report.claims import estimates, verdicts
from seqtransfer.report.claims.estimates import Estimate


@pytest.mark.parametrize("seeds", [2, 3, 4, 8])
@pytest.mark.parametrize("tasks", [1, 4])
def test_the_smallest_difference_is_seen_in_80_percent_of_simulated_studies(seeds, tasks):
    spread = 0.02
    one = Estimate(0.0, {"seeds": (spread**2 / 4, 3.0)}, 4).with_seeds(seeds)
    effect = one.smallest_effect(verdicts.side_by_side(0.95, tasks))
    drawn = np.random.default_rng(0).normal(effect, spread, size=(20_000, seeds))
    seen = stats.ttest_1samp(drawn, 0, axis=1).pvalue < 0.05 / tasks
    assert 0.79 < seen.mean() < 0.81


def test_more_seeds_lower_the_part_of_seeds_and_leave_that_of_test_examples():
    one = Estimate(0.1, {"seeds": (0.0004, 3.0), "examples": (0.0001, 30.0)}, 4)
    parts = one.with_seeds(8).parts
    assert parts["seeds"] == pytest.approx((0.0002, 7.0))
    assert parts["examples"] == one.parts["examples"]
    assert one.with_seeds(4) == one


def test_more_seeds_than_few_have_their_own_degrees_of_freedom_alone():
    """Two or three share their spread; of four each task has three, by itself."""
    pair = [0.05 / np.sqrt(2), -0.05 / np.sqrt(2)]  # spread 0.05
    found = estimates.with_few_seeds(
        {f"t{n}": estimates.crossed(np.array(pair) * (1 + n / 1e6)) for n in range(4)}
    )
    level = verdicts.side_by_side(0.95, 4)
    four = Estimate(0.0, {"seeds": (0.05**2 / 4, 3.0)}, 4)
    for task in found:
        planned = found[task].with_seeds(4)
        assert planned.smallest_effect(level) == pytest.approx(four.smallest_effect(level), 1e-3)
    mean = estimates.mean_over_tasks(list(found.values())).with_seeds(4)
    assert mean.degrees == pytest.approx(4 * 3, rel=1e-3)


def test_seeds_are_needed_up_to_a_number_from_which_on_all_see_the_effect():
    """Three seeds that share their spread see what four do not."""
    found = estimates.with_few_seeds(
        {f"t{n}": estimates.crossed(np.array([0.05, 0.0, -0.05]) * (1 + n / 1e6)) for n in range(4)}
    )
    one, level = found["t0"], verdicts.side_by_side(0.95, 4)
    seen = {count: one.with_seeds(count).smallest_effect(level) for count in range(2, 30)}
    assert seen[3] < seen[4]
    for distance in np.linspace(seen[29] * 1.01, seen[2], 40):
        needed = one.seeds_needed(distance, level)
        least = min(n for n in seen if all(seen[m] <= distance for m in seen if m >= n))
        assert needed == least


def test_a_plan_of_few_seeds_shares_the_spread_of_all_tasks():
    four = {f"t{n}": Estimate(0.0, {"seeds": (0.01**2, 3.0)}, 4) for n in range(4)}
    planned = estimates.with_seeds(four | {"t3": Estimate(0.0, {"seeds": (0.0, 3.0)}, 4)}, 2)
    assert planned["t3"].parts["seeds"] == pytest.approx((0.75 * 0.01**2 * 2, 4.0))
    assert planned["t0"].parts["seeds"] == pytest.approx((0.01**2 * 2, 1.0))
    assert estimates.with_seeds(four, 8) == {t: one.with_seeds(8) for t, one in four.items()}


def test_a_study_of_one_seed_knows_no_spread():
    run = pd.DataFrame(
        {"task": "x", "initialization": arm, "seed": 0, "test_score": score}
        for arm, score in (("text", 0.5), ("random", 0.4))
    )
    left_out = pd.DataFrame(
        {"task": "x", "initialization": arm, "seed": 0, "group": group, "score": 0.5}
        for arm in ("text", "random")
        for group in range(4)
    )
    table = power.table(run, left_out)
    assert table["seeds"].tolist() == list(power.SEEDS)
    assert len(table) == len(power.SEEDS) and table["smallest"].isna().all()
    assert table["difference"].unique() == pytest.approx([0.1])


def test_the_study_s_own_number_of_seeds_is_among_those_of_the_table():
    run = pd.DataFrame(
        {"task": "x", "initialization": arm, "seed": seed, "test_score": 0.3 + score}
        for arm, scores in (("text", [0.01, 0.0, 0.02, 0.01, 0.03]), ("random", [0.0] * 5))
        for seed, score in enumerate(scores)
    )
    table = power.table(run, None)
    assert table["study_seeds"].unique().tolist() == [5]
    assert table["seeds"].tolist() == sorted([*power.SEEDS, 5])
    assert (np.diff(table["smallest"]) < 0).all()
