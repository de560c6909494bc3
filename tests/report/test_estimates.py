"""Estimates: closed forms, an independent library, and simulations whose truth is known."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from seqtransfer.report.claims import estimates
from seqtransfer.report.claims.estimates import Estimate


def test_without_examples_it_is_the_t_interval_of_scipy():
    values = np.random.default_rng(0).normal(1, 2, size=7)
    one = estimates.crossed(values)
    expected = stats.ttest_1samp(values, 0.5, alternative="greater")
    low, high = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    assert one.interval(0.9) == pytest.approx((low, high))
    assert one.p_greater(0.5) == pytest.approx(expected.pvalue)
    assert one.degrees == pytest.approx(6)


def test_examples_alone_give_the_jackknife_interval_of_a_mean():
    # All seeds answer nearly alike: what varies is the test set.
    values = np.random.default_rng(1).normal(size=40)
    without = np.array([np.delete(values, i).mean() for i in range(40)])
    seeds = values.mean() + np.array([-1e-9, 0.0, 1e-9])
    one = estimates.crossed(seeds, np.tile(without, (3, 1)))
    assert one.error == pytest.approx(stats.sem(values))
    assert one.degrees == pytest.approx(39)


def test_a_mean_over_two_tasks_is_welch_s_interval():
    rng = np.random.default_rng(2)
    left, right = rng.normal(size=5), rng.normal(3, 4, size=9)
    both = estimates.mean_over_tasks([estimates.crossed(left), estimates.crossed(-right)])
    expected = stats.ttest_ind(left, right, equal_var=False)
    low, high = expected.confidence_interval(0.95)
    assert both.interval(0.95) == pytest.approx((low / 2, high / 2))


def test_tasks_that_share_their_examples_share_the_chance_of_these():
    parts = {"seeds": (1.0, 3.0), "examples": (4.0, 20.0)}
    tasks = [Estimate(0.0, parts, 4, examples=name) for name in ("a", "a", "b", "")]
    found = estimates.mean_over_tasks(tasks)
    assert found.error**2 == pytest.approx((4 * 1 + (2 + 2) ** 2 + 4 + 4) / 4**2)
    assert len(found.parts) == 4 + 1 + 2


def test_one_seed_and_equal_differences_leave_everything_open():
    units = np.random.default_rng(0).normal(0.3, 0.01, size=(3, 40))
    for one in (
        estimates.crossed([0.3]),
        estimates.crossed([0.3, 0.3, 0.3]),
        estimates.crossed([0.3, 0.3, 0.3], units),
    ):
        assert math.isnan(one.error) and math.isnan(one.interval(0.95)[0])
        assert math.isnan(one.p_greater()) and math.isnan(one.seeds_needed(0.1, 0.95))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_is_the_closed_test(p_values):
    # Adjusted: the largest, over subsets that hold the hypothesis, of the subset's Bonferroni p.
    adjusted = estimates.holm(p_values)
    for i, p in enumerate(p_values):
        # Of subsets of one size, the one with the largest p-values has the largest Bonferroni p.
        others = sorted(p_values[:i] + p_values[i + 1 :], reverse=True)
        worst = max(min(1, (size + 1) * min([p, *others[:size]])) for size in range(len(p_values)))
        assert adjusted[i] == pytest.approx(worst)


def test_a_missing_p_value_stays_missing_and_counts():
    adjusted = estimates.holm([0.01, math.nan, 0.04])
    assert adjusted[[0, 2]] == pytest.approx([0.03, 0.08]) and math.isnan(adjusted[1])


def test_heterogeneity_is_the_share_that_errors_do_not_explain():
    def one(mean):
        return Estimate(mean, {"seeds": (0.01, 50.0)}, 51)

    assert estimates.heterogeneity([one(0.0), one(0.0)]) == 0
    # Q = 2 (0.5 / 0.1)^2 = 50 with one degree of freedom.
    assert estimates.heterogeneity([one(0.0), one(1.0)]) == pytest.approx(1 - 1 / 50)
    assert math.isnan(estimates.heterogeneity([one(0.0)]))


@pytest.mark.parametrize("sizes", [(4, 4), (4, 6, 9), (3, 4, 5, 12)])
def test_the_test_of_one_mean_for_all_tasks_is_welch_s(sizes):
    rng = np.random.default_rng(3)
    values = [rng.normal(shift, 1 + shift, size) for shift, size in enumerate(sizes)]
    expected = stats.f_oneway(*values, equal_var=False).pvalue
    ours = estimates.homogeneity_p([estimates.crossed(one) for one in values])
    assert ours == pytest.approx(expected, rel=1e-10)
    assert math.isnan(estimates.homogeneity_p([estimates.crossed(values[0])]))
    assert math.isnan(estimates.homogeneity_p([estimates.crossed([0.1])] * 2))


def study(rng, *, seeds=6, units=100, effect=0.0, seed_sd=0.03, size=1, lean=0.0):
    """(n,) differences in accuracy of two arms and (n, g) without each of 20 groups of units.

    Every example has its own chance of a right answer in each arm; `size` examples of a unit share
    it, and `lean` is how much examples differ in which arm they suit (the spread over test sets).
    """
    base, tilt = rng.uniform(0.4, 0.7, units), rng.normal(0, lean, (2, units))
    chance = base + tilt
    chance[0] += effect
    shift = rng.normal(0, seed_sd, (seeds, 2, 1))
    right = rng.random((seeds, 2, units, size)) < np.clip(chance + shift, 0, 1)[..., None]
    each = (right[:, 0].sum(-1) - right[:, 1].sum(-1)) / size  # (seeds, units)
    group = rng.permutation(units) % 20
    without = np.stack([each[:, group != g].mean(axis=1) for g in range(20)], axis=1)
    return each.mean(axis=1), without


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("seeds", {"seed_sd": 0.08}),
        ("examples", {"lean": 0.25, "seed_sd": 0.01}),
        ("both", {"lean": 0.25, "seed_sd": 0.08}),
        ("few seeds", {"lean": 0.25, "seed_sd": 0.05, "seeds": 3}),
        ("pieces", {"lean": 0.25, "seed_sd": 0.02, "units": 40, "size": 5}),
    ],
)
def test_the_interval_errs_in_five_of_a_hundred_studies_whatever_chance_comes_from(name, options):
    rng, studies, wrong, seeds_alone = np.random.default_rng(3), 600, 0, 0
    for _ in range(studies):
        differences, without = study(rng, **options)
        low, high = estimates.crossed(differences, without).interval(0.95)
        wrong += not low <= 0 <= high
        low, high = estimates.crossed(differences).interval(0.95)
        seeds_alone += not low <= 0 <= high
    # 30 are expected of 600, standard deviation 5.3; over 1500 studies the rates are 4 to 6.5 %.
    assert 12 <= wrong <= 54, (name, wrong)
    if name in ("examples", "pieces"):
        assert seeds_alone > 90, (name, seeds_alone)


def test_units_alone_give_the_jackknife_interval_of_a_similarity():
    values = np.random.default_rng(1).normal(size=40)
    without = [np.delete(values, i).mean() for i in range(40)]
    seeds = values.mean() + np.array([-1e-9, 0.0, 1e-9])
    one = estimates.of_similarity(seeds, [[values.mean(), *without]])
    assert one.error == pytest.approx(stats.sem(values))
    assert one.degrees == pytest.approx(39) and set(one.parts) == {"seeds", "units"}


def test_the_reference_alone_gives_the_t_interval_of_its_two_pretrainings():
    one = estimates.of_similarity(0.3 + 1e-9 * np.arange(-2, 3), [[0.3] * 7, [0.2] * 7])
    expected = stats.ttest_1samp([0.3, 0.2], 0).confidence_interval(0.95)
    assert one.mean == pytest.approx(0.25)
    assert one.interval(0.95) == pytest.approx(tuple(expected))


def test_a_missing_score_without_a_group_leaves_the_error_open():
    without = np.array([[0.1, 0.2, np.nan], [0.1, 0.2, 0.3]])
    one = estimates.crossed([0.1, 0.2], without)
    assert math.isnan(one.error) and one.mean == pytest.approx(0.15)


def test_a_missing_score_without_a_group_leaves_a_similarity_open():
    one = estimates.of_similarity([0.3, 0.2, 0.4], [[0.3, 0.3, math.nan, 0.2]])
    assert one.mean == pytest.approx(0.3) and math.isnan(one.error)


def test_a_part_below_the_mean_over_tasks_becomes_that_mean_with_all_their_degrees():
    parts = {"a": 1.0, "b": 9.0, "c": 2.0}
    found = {
        task: Estimate(0.0, {"seeds": (1.0, 3.0), "reference": (part, 1.0)}, 4)
        for task, part in parts.items()
    } | {"d": Estimate(0.0, {"seeds": (1.0, 3.0)}, 4)}
    raised = estimates.at_least_mean(found, "reference")
    assert {task: one.parts.get("reference") for task, one in raised.items()} == {
        "a": (4.0, 3.0), "b": (9.0, 1.0), "c": (4.0, 3.0), "d": None
    }  # fmt: skip
    only = {"d": found["d"]}
    assert estimates.at_least_mean(only, "reference") == only
    # Tasks that share a pretraining count as one, by their mean, whichever comes last.
    joined = {
        task: replace(one, reference="x" if task in "ab" else "") for task, one in found.items()
    }
    for order in ("abcd", "bacd"):
        raised = estimates.at_least_mean({task: joined[task] for task in order}, "reference")
        assert {task: one.parts.get("reference") for task, one in raised.items()} == {
            "a": (3.5, 2.0), "b": (9.0, 1.0), "c": (3.5, 2.0), "d": None
        }  # fmt: skip


def test_the_smallest_effect_is_found_in_four_of_five_studies():
    rng, found, expected = np.random.default_rng(4), 0, []
    for _ in range(400):
        differences, without = study(rng, seed_sd=0.05, lean=0.1, effect=0.0)
        expected.append(estimates.crossed(differences, without).smallest_effect(0.95))
    effect = float(np.sqrt(np.mean(np.square(expected))))
    for _ in range(400):
        differences, without = study(rng, seed_sd=0.05, lean=0.1, effect=effect)
        found += estimates.crossed(differences, without).interval(0.95)[0] > 0
    assert 0.72 <= found / 400 <= 0.92


def test_more_seeds_are_never_said_to_see_less():
    """Of a difference that 6 to 64 seeds see, the degrees of freedom fall to the reference's 1."""
    parts = {"seeds": (1e-4, 3.0), "units": (1e-5, 29.0), "reference": (3e-5, 1.0)}
    one = Estimate(0.04, parts, 4)
    seen = {count: one.with_seeds(count).smallest_effect(0.95) for count in range(4, 2000)}
    assert seen[1999] > 0.04 >= min(seen.values())
    assert one.seeds_needed(0.04, 0.95) == next(n for n, least in seen.items() if least <= 0.04)
    assert one.seeds_needed(0.9 * min(seen.values()), 0.95) == math.inf


def test_the_seeds_needed_reach_that_power_or_none_can():
    one = Estimate(0.02, {"seeds": (0.0004, 3.0), "examples": (0.0001, 30.0)}, 4)
    needed = one.seeds_needed(0.1, 0.95)
    for count, enough in ((needed, True), (needed - 1, False)):
        parts = {"seeds": (0.0004 * 4 / count, count - 1.0), "examples": (0.0001, 30.0)}
        assert (Estimate(0.02, parts, count).smallest_effect(0.95) <= 0.1) == enough
    # Seeds alone: the sample size of a t test for an effect of one standard deviation.
    alone = Estimate(0.02, {"seeds": (0.0004, 3.0)}, 4)
    counts = np.arange(2, 20)
    beyond = stats.t.ppf(0.975, counts - 1)
    powers = 1 - stats.nct.cdf(beyond, counts - 1, np.sqrt(counts))
    assert alone.seeds_needed(0.04, 0.95) == counts[powers >= 0.8][0] == 10
    assert one.seeds_needed(0.02, 0.95) == math.inf  # examples alone give an error of 0.01
