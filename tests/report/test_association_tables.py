"""Whether similarity goes with the gain: points, Spearman's rho, permutations within tasks."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import synthetic
from seqtransfer.files import json_tsv
from seqtransfer.report.tables import association_tables, run_tables


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    paths = synthetic.write_study(tmp_path_factory.mktemp("study"))
    run = run_tables.runs([json_tsv.read_json(path) for path in paths["metrics"]])
    scored = pd.concat(map(json_tsv.read_table, paths["similarities"]), ignore_index=True)
    return {"run": run, "similarities": scored}


def test_no_comparisons_give_no_points_and_no_association(study):
    points = association_tables.similarity_gain(study["run"], study["similarities"][:0], "domain")
    assert len(points) == len(association_tables.association(points)) == 0


def test_points_pair_an_arms_similarity_with_its_gain_at_the_same_seed(study):
    points = association_tables.similarity_gain(study["run"], study["similarities"], "domain")
    assert set(points["initialization"]) == {"text"}
    assert len(points) == 4 * 3 * 5 * 2
    row = points.query("task == 'splice' and seed == 1 and layer == 3 and measure == 'cka'").iloc[0]
    run = study["run"].query("task == 'splice' and seed == 1").set_index("initialization")
    gain = run.loc["text", "test_score"] - run.loc["random", "test_score"]
    assert row["gain"] == pytest.approx(gain)
    similar = study["similarities"].query(
        "task == 'splice' and seed == 1 and layer == 3 and measure == 'cka' and left == 'text'"
        " and right == 'domain' and stage == 'before'"
    )
    assert row["similarity"] == similar["score"].item()


def test_spearman_is_scipys_and_its_p_value_that_of_all_permutations():
    x, y = np.random.default_rng(0).normal(size=(2, 6, 1))
    rho, p_value, permutations = association_tables.spearman(x, y)
    assert rho == pytest.approx(stats.spearmanr(x, y).statistic)
    drawn = [stats.spearmanr(x, np.array(order)).statistic for order in itertools.permutations(y)]
    assert p_value == pytest.approx(np.mean(np.abs(drawn) >= abs(rho) - 1e-9))
    assert permutations == len(drawn)


def test_repeats_of_a_unit_are_permuted_together():
    """Of three arms in the same order in four tasks: of their 6 orders, only this fits itself."""
    x = np.array([0.0, 1, 2])[:, None] + np.array([0, 0.1, 0.2, 0.3])
    rho, p_value, permutations = association_tables.spearman(x, x)
    assert (rho, p_value, permutations) == (pytest.approx(1.0), pytest.approx(1 / 6), 6)


def test_of_single_points_the_reversed_order_is_as_far_from_0():
    for count, least in ((4, 1 / 12), (5, 1 / 60)):
        x = np.arange(count)[:, None]
        assert association_tables.spearman(x, x)[1] == pytest.approx(least)


def test_many_units_have_a_p_value_of_1000_permutations():
    x = np.arange(10.0)[:, None]
    assert association_tables.spearman(x, x) == pytest.approx((1.0, 1 / 1000, 1000), abs=2e-3)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([1, 2, 3], [1, 2, 3]),
        ([1, 1, 1, 1], [1, 2, 3, 4]),
        ([np.nan] * 4, [1, 2, 3, 4]),
        ([1, 2, 3, 4], [1, 2, 3, np.nan]),
    ],
)
def test_few_points_no_variation_or_an_unknown_number_have_no_rho(x, y):
    rho, p_value, _ = association_tables.spearman(np.array(x)[:, None], np.array(y)[:, None])
    assert np.isnan(rho) and np.isnan(p_value)


def cases(draw, tasks=4, arms=5, seeds=3):
    """Points whose similarity and gain `draw(task, arm, seed)` gives."""
    return pd.DataFrame(
        {"task": f"t{task}", "initialization": f"a{arm}", "seed": seed, "measure": "cka"}
        | {"layer": 1}
        | dict(zip(("similarity", "gain"), draw(task, arm, seed), strict=True))
        for task in range(tasks)
        for arm in range(arms)
        for seed in range(seeds)
    )


def test_more_seeds_of_the_same_arms_are_no_more_evidence():
    values = np.random.default_rng(2).normal(size=(4, 5, 2))
    few, many = (
        association_tables.association(cases(lambda t, a, s: values[t, a], seeds=seeds))
        for seeds in (1, 20)
    )
    pd.testing.assert_frame_equal(few, many)
    assert few["tasks"].tolist() == [4, 4] and few["arms"].tolist() == [5, 5]
    assert few["permutations"].tolist() == [24, 120]  # of tasks, of arms


@pytest.mark.parametrize("common", ["nothing", "tasks", "arms"])
def test_p_values_of_unrelated_similarity_and_gain_are_those_of_chance(common):
    """Also where all arms of a task, or an arm in all tasks, have most of both in common."""
    rng, found = np.random.default_rng(0), []
    for _ in range(200):
        shape = {"nothing": (4, 5, 2), "tasks": (4, 1, 2), "arms": (1, 5, 2)}[common]
        level = 3 * rng.normal(size=shape) + 0.3 * rng.normal(size=(4, 5, 2))
        points = cases(lambda t, a, s, level=level: level[t, a] + 0.3 * rng.normal(size=2))
        found.append(association_tables.association(points).set_index("scope")["p_value"])
    values = pd.concat(found)
    for scope in ("between", "within"):
        for bound in (0.1, 0.5):
            share = np.mean(values[scope] <= bound)
            assert share == pytest.approx(bound, abs=4 * np.sqrt(bound * (1 - bound) / 200)), scope


def test_an_arm_that_lacks_a_run_is_left_out_of_every_task():
    values = np.random.default_rng(3).normal(size=(4, 5, 2))
    points = cases(lambda t, a, s: values[t, a])
    lost = (points["task"] == "t1") & (points["initialization"] == "a2") & (points["seed"] == 1)
    table = association_tables.association(points.assign(gain=points["gain"].mask(lost)))
    without = association_tables.association(points[points["initialization"] != "a2"])
    pd.testing.assert_frame_equal(table, without)
    assert table["arms"].tolist() == [4, 4]


def test_association_is_between_and_within_tasks():
    values = np.random.default_rng(4).normal(size=(4, 5))
    table = association_tables.association(
        cases(lambda t, a, s: (values[t, a] + 10 * t, values[t, a] - 10 * t))
    )
    rho = table.set_index("scope")["rho"]
    assert rho["within"] == pytest.approx(1.0) and rho["between"] == pytest.approx(-1.0)
