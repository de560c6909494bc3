"""Similarities become tables: between floor and ceiling, adjusted over maps, against the gain."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import synthetic
from seqtransfer.files import json_tsv
from seqtransfer.report.tables import run_tables, similarity_tables


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    paths = synthetic.write_study(tmp_path_factory.mktemp("study"))
    run = run_tables.runs([json_tsv.read_json(path) for path in paths["metrics"]])
    gathered = {
        kind: pd.concat(map(json_tsv.read_table, paths[kind]), ignore_index=True)
        for kind in ("similarities", "references", "paper", "attention")
    }
    return gathered | {"run": run}


def summary(study, **changes):
    given = {name: study[name] for name in ("similarities", "references")} | changes
    return similarity_tables.similarity(given["similarities"], given["references"], "domain")


def test_scores_are_averaged_over_seeds_and_few_rows_flagged(study):
    rows = study["similarities"]
    fewer = rows["rows"].where(rows["task"] != "splice", 1279)
    table = summary(study, similarities=rows.assign(rows=fewer))
    part = rows.query(
        "task == 'splice' and left == 'text' and right == 'domain'"
        " and stage == 'before'"
        " and layer == 2 and measure == 'cka'"
    )
    row = table.query(
        "task == 'splice' and left == 'text' and right == 'domain'"
        " and stage == 'before' and layer == 2"
        " and measure == 'cka'"
    ).iloc[0]
    assert len(part) == row["seeds"] == 3
    low, high = stats.t.interval(0.95, 2, part["score"].mean(), stats.sem(part["score"]))
    assert row[["mean", "low", "high"]].tolist() == pytest.approx([part["score"].mean(), low, high])
    assert set(table.loc[table["few_rows"], "task"]) == {"splice"}
    assert (
        table["layer"].dtype.kind == "i"
        and not table.duplicated(["task", "left", "right", "stage", "layer", "measure"]).any()
    )


def test_the_largest_p_value_over_seeds_counts(study):
    rows = study["similarities"]
    higher = rows["p_value"].where(rows["seed"] != 2, 0.7)
    assert (summary(study, similarities=rows.assign(p_value=higher))["p_value"] >= 0.7).all()


def test_a_score_is_0_at_the_floor_and_1_at_the_ceiling(study):
    table = summary(study)
    read = table.query("left == 'text' and right == 'domain' and stage == 'before'")
    assert read["floor"].to_numpy() == pytest.approx(0.30)
    assert read[["floor_low", "floor_high", "ceiling"]].iloc[0].tolist() == [0.29, 0.31, 0.9]
    assert read["calibrated"].to_numpy() == pytest.approx((read["mean"] - 0.3) / 0.6)
    assert (read["calibrated_low"] < read["calibrated"]).all()
    middle = (read["calibrated_low"] + read["calibrated_high"]) / 2
    assert middle.to_numpy() == pytest.approx(read["calibrated"].to_numpy())


def test_the_interval_is_the_jackknife_of_the_whole_ratio(study):
    at = study["references"].query(
        "task == 'splice' and layer == 1 and measure == 'cka' and reference == 'first'"
    )
    without = at[at["group"] >= 0].pivot_table(index="group", columns="kind", values="score")
    ratio = (without["arm"] - without["floor"]) / (without["ceiling"] - without["floor"])
    error = np.sqrt(9 / 10 * ((ratio - ratio.mean()) ** 2).sum())
    row = summary(study).query(
        "task == 'splice' and left == 'text' and right == 'domain'"
        " and stage == 'before' and layer == 1"
        " and measure == 'cka'"
    ).iloc[0]  # fmt: skip
    half = row["calibrated_high"] - row["calibrated"]
    assert half == pytest.approx(stats.t.ppf(0.975, 9) * error)


def test_only_pairs_with_the_reference_before_fine_tuning_are_calibrated(study):
    table = summary(study)
    read = table[table["calibrated"].notna()]
    assert set(read["left"]) == {"text", "random"} and set(read["right"]) == {"domain"}
    assert set(read["stage"]) == {"before"}
    # The floor itself has a place, but no interval of its own.
    assert read.loc[read["left"] == "random", "calibrated_low"].isna().all()


def with_ceiling(study, ceiling, spread=0.0):
    """The study with this ceiling, and its floor's two seeds `spread` apart from 0.30."""
    references = study["references"].copy()
    whole = references["group"] == -1
    references.loc[references["kind"] == "ceiling", "score"] = ceiling
    for left, sign in (("random 7", -1), ("random 8", 1)):
        references.loc[whole & (references["left"] == left), "score"] = 0.3 + sign * spread
    return summary(study, references=references)


@pytest.mark.parametrize(("ceiling", "spread"), [(0.2, 0.001), (0.33, 0.01), (0.9, 0.2)])
def test_a_ceiling_not_shown_to_lie_above_the_floor_calibrates_nothing_but_is_shown(
    ceiling, spread, study
):
    table = with_ceiling(study, ceiling, spread)
    assert table["calibrated"].isna().all()
    assert table["ceiling"].max() == pytest.approx(ceiling)


def test_a_ceiling_a_little_above_a_floor_that_is_sure_calibrates(study):
    table = with_ceiling(study, 0.315, 1e-4)
    read = table.query("left == 'text' and right == 'domain' and stage == 'before'")
    assert read["calibrated"].to_numpy() == pytest.approx((read["mean"] - 0.3) / 0.015, rel=1e-3)


def test_one_floor_seed_calibrates_nothing(study):
    references = study["references"]
    table = summary(study, references=references[references["left"] != "random 8"])
    assert table["calibrated"].isna().all() and table["floor"].max() == pytest.approx(0.29)


def test_no_comparisons_and_no_references_give_empty_tables(study):
    scored = similarity_tables.gather([], similarity_tables.SCORED)
    references = similarity_tables.gather([], similarity_tables.REFERENCE)
    paper = similarity_tables.gather([], similarity_tables.PAPER)
    assert len(similarity_tables.similarity(scored, references, "domain")) == 0
    assert len(similarity_tables.maps(scored)) == 0
    assert len(similarity_tables.paper_setting(paper, scored, "domain")) == 0
    assert summary(study, references=references)["calibrated"].isna().all()


def test_a_map_has_every_cell_and_is_adjusted_as_benjamini_and_hochberg_do(study):
    table = similarity_tables.maps(study["similarities"])
    assert set(zip(table["left"], table["right"], table["stage"], strict=True)) == {
        ("text", "domain", "before")
    }
    for _, part in table.groupby(["task", "measure"]):
        assert len(part) == 25
        # By the definition: the smallest p m / rank among the p-values at least as large.
        p = part["p_value"].to_numpy()
        ranks = stats.rankdata(p, method="max")
        expected = [min((p * 25 / ranks)[p >= value].min(), 1) for value in p]
        assert part["q"].to_numpy() == pytest.approx(expected)


def test_the_papers_setting_stands_beside_ours_at_the_last_layer(study):
    table = similarity_tables.paper_setting(study["paper"], study["similarities"], "domain")
    assert len(table) == 4 * 3
    row = table.query("task == 'splice' and left == 'text'").iloc[0]
    ours = study["similarities"].query(
        "task == 'splice' and left == 'text' and right == 'domain'"
        " and stage == 'before'"
        " and layer == 4 and measure == 'pwcca' and seed == 0"
    )
    assert row["score"] == ours["score"].item() and row["rows"] == 2000
    assert (row["paper_score"], row["paper_rows"], row["paper_released"]) == (0.85, 1000, 0.9)
    assert np.isnan(table.query("left == 'noise'")["score"]).all()


def test_the_papers_setting_is_beside_the_studys_first_seed_which_need_not_be_the_smallest(study):
    scored = study["similarities"]
    renamed = scored.assign(seed=scored["seed"].map({0: 5, 1: 3, 2: 4}))
    expected = similarity_tables.paper_setting(study["paper"], scored, "domain")
    table = similarity_tables.paper_setting(study["paper"], renamed, "domain")
    pd.testing.assert_frame_equal(table, expected)


def test_attention_is_averaged_over_heads_then_over_seeds(study):
    heads = study["attention"]
    table = similarity_tables.attention(heads)
    assert len(table) == 4 * (3 * 2 + 4) * 4  # tasks, pairs and stages, layers
    row = table.query(
        "task == 'splice' and left == 'text' and right == 'domain' and stage == 'after'"
    ).iloc[1]
    part = heads.query(
        "task == 'splice' and left == 'text' and right == 'domain'"
        " and stage == 'after'"
        " and layer == 2"
    )
    by_seed = part.groupby("seed")["matched"].mean()
    assert row["layer"] == 2 and row["seeds"] == 3 and row["sequences"] == 64
    assert row["mean"] == pytest.approx(by_seed.mean())
    half = stats.t.ppf(0.975, 2) * stats.sem(by_seed)
    assert row["high"] - row["mean"] == pytest.approx(half)
    assert row["left_entropy"] == pytest.approx(part["left_entropy"].mean())
    assert similarity_tables.attention(heads[:0]).empty
