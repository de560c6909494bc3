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
    x, y = np.random.default_rng(0).normal(size=(2, 6))
    rho, p_value = association_tables.spearman(x, y, np.zeros(6, dtype=int))
    assert rho == pytest.approx(stats.spearmanr(x, y).statistic)
    drawn = [stats.spearmanr(x, np.array(order)).statistic for order in itertools.permutations(y)]
    assert p_value == pytest.approx(np.mean(np.abs(drawn) >= abs(rho) - 1e-9))


def test_permutations_stay_within_strata():
    # Within each of three tasks the order is perfect; 2^3 orders, of which 2 are as extreme.
    x = np.array([0.0, 1, 10, 11, 20, 21])
    strata = np.array([0, 0, 1, 1, 2, 2])
    rho, p_value = association_tables.spearman(x, x, strata)
    assert (rho, p_value) == (pytest.approx(1.0), 1 / 8)


def test_without_association_the_p_value_is_uniform():
    rng = np.random.default_rng(0)
    values = [
        association_tables.spearman(*rng.normal(size=(2, 5)), np.zeros(5, dtype=int))[1]
        for _ in range(300)
    ]
    assert np.mean(np.array(values) <= 0.1) < 0.1 + 4 * np.sqrt(0.09 / 300)
    assert np.mean(values) == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(("x", "y"), [([1, 2, 3], [1, 2, 3]), ([1, 1, 1, 1], [1, 2, 3, 4])])
def test_few_points_or_no_variation_have_no_rho(x, y):
    found = association_tables.spearman(np.array(x), np.array(y), np.zeros(len(x), dtype=int))
    assert np.isnan(found).all()


def test_association_is_between_and_within_tasks(study):
    points = association_tables.similarity_gain(study["run"], study["similarities"], "domain")
    table = association_tables.association(points)
    assert set(table.groupby("scope")["points"].unique().explode()) == {4, 12}
    # A gain that is the similarity's rank within a task, against it between tasks.
    offsets = dict(zip(synthetic.TASKS, (0.0, 10.0, 20.0, 30.0), strict=True))
    moved = points["similarity"] + points["task"].map(offsets)
    table = association_tables.association(
        points.assign(similarity=moved, gain=points["similarity"] - points["task"].map(offsets))
    )
    signs = table.groupby("scope")["rho"].agg(["min", "max"])
    assert signs.loc["within", "min"] == pytest.approx(1.0)
    assert signs.loc["between", "max"] == pytest.approx(-1.0)
