"""Schedules and evaluations: the learning rate's course, and the steps at which dev is scored."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtransfer.training import evaluations
from seqtransfer.training.steps import Schedule


@given(st.integers(1, 600), st.floats(0, 1))
def test_the_rate_rises_to_one_and_falls_to_about_zero_in_straight_lines(steps, warmup):
    plan = Schedule(steps, 32, 1e-3, warmup, 0.01)
    rise = max(1, round(warmup * steps))
    fall = steps - rise + 1
    expected = [(i + 1) / rise for i in range(rise)]
    expected += [(fall - i) / fall for i in range(1, fall)]
    rates = [plan.rate(step) for step in range(steps)]
    np.testing.assert_allclose(rates, expected, rtol=0, atol=1e-12)
    assert max(rates) == rates[rise - 1] == 1.0
    assert all(0 < rate <= 1 for rate in rates)
    assert rates[-1] == pytest.approx(1 / fall)


@given(st.integers(1, 600), st.floats(0, 0.3), st.floats(0.01, 1), st.floats(0, 1))
def test_the_rate_stays_between_its_rise_and_its_fall(steps, warmup, cooldown, share):
    plan = Schedule(steps, 32, 1e-3, warmup, 0.01, cooldown)
    rise = max(1, round(warmup * steps))
    end = max(rise, round(share * steps), 1)
    rates = np.array([plan.rate(step, end) for step in range(end)])
    fall = max(1, min(round(cooldown * end), end - rise + 1))
    assert (rates[rise - 1 : end - fall + 1] == 1).all()
    np.testing.assert_allclose(rates[end - fall :], np.arange(fall, 0, -1) / fall, atol=1e-12)
    assert (np.diff(rates[: rise - 1]) > 0).all() and (rates <= 1).all() and (rates > 0).all()


@given(st.integers(1, 3000), st.integers(1, 200), st.integers(1, 200))
def test_evaluations_are_dense_first_and_regular_later(steps, first, every):
    grid = evaluations.grid(steps, first, every)
    assert grid == sorted(set(grid)) and (grid[0], grid[-1]) == (0, steps)
    assert len(grid) == 2 or grid[1] == first or first >= steps
    for before, step in itertools.pairwise(grid[1:-1]):
        assert step in (2 * before, before // every * every + every)
        assert step - before <= every


@given(
    st.integers(1, 3000), st.integers(1, 50), st.integers(1, 99), st.integers(1, 500),
    st.floats(0.01, 1), st.data(),
)  # fmt: skip
def test_a_run_ends_on_the_grid_once_its_patience_is_over(
    steps, first, every, patience, cooldown, data
):
    watch = evaluations.DevWatch(first, every, patience)
    grid = watch.grid(steps)
    step = data.draw(st.sampled_from(grid))
    best = data.draw(st.sampled_from([at for at in grid if at <= step]))
    end = watch.end(step, best, steps, cooldown)
    if step - best < patience or step < 2 * patience or step == steps:
        assert end is None
        return
    assert end in grid and step < end
    # The run's last share is left for the fall, unless all of its steps are too few for that.
    assert end == steps or end * (1 - cooldown) >= step
    between = [at for at in grid if step < at < end]
    assert all(at * (1 - cooldown) < step for at in between)


@pytest.mark.parametrize(
    ("warmup", "changed", "refused"),
    [
        (0.125, {}, False),
        (0.35, {}, True),
        (0.35, {"cooldown": 1}, False),
        (0.35, {"patience": 1024}, False),
    ],
)
def test_a_warm_up_longer_than_the_patience_is_refused(warmup, changed, refused):
    settings = {"steps": 1024, "patience": 128, "cooldown": 0.2} | changed
    if not refused:
        return evaluations.check_warmups(settings, [0.0, warmup])
    with pytest.raises(ValueError, match=r"takes 358 of 1024 steps.*warm-up of 0\.125 at most"):
        evaluations.check_warmups(settings, [0.0, warmup])


@given(st.integers(1, 5000), st.integers(1, 100))
def test_evaluations_come_first_last_and_at_doubling_steps_between(steps, first):
    grid = evaluations.grid(steps, first)
    assert (grid[0], grid[-1]) == (0, steps)
    between = grid[1:-1]
    assert between == [first * 2**k for k in range(len(between))]
    assert between == [] or between[-1] < steps
    assert first * 2 ** len(between) >= steps
