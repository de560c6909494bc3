"""Each candidate of the sweep has its scores and its divergences; the chosen one is marked."""

import pandas as pd
import pytest

import synthetic
from seqtransfer.files import json_tsv
from seqtransfer.report.tables import run_tables, sensitivity


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    paths = synthetic.write_study(tmp_path_factory.mktemp("study"))
    run = run_tables.runs([json_tsv.read_json(path) for path in paths["metrics"]])
    return json_tsv.read_table(paths["sweep"][0]), run


def test_a_row_has_mean_and_bounds_over_seeds_and_counts_what_diverged(study):
    sweep, run = study
    table = sensitivity.table(sweep, run)
    assert table.columns.tolist() == sensitivity.COLUMNS
    assert len(table) == 4 * 4 * 4 * 2  # tasks, arms, rates, warm-ups
    [row] = table.query(
        "task == 'splice' and initialization == 'text' and learning_rate == 0.003 and warmup == 0"
    ).itertuples()
    scores = sweep.query(
        "task == 'splice' and initialization == 'text' and learning_rate == 0.003 and warmup == 0"
    )["dev_score"].tolist()
    assert (row.low, row.high, row.seeds, row.diverged) == (min(scores), max(scores), 2, 1)
    assert row.mean == pytest.approx(sum(scores) / 2)
    assert table["diverged"].sum() == sweep["diverged"].sum() == 16


def test_speed_has_mean_and_bounds_and_none_where_a_run_has_none_or_the_sweep_is_older(study):
    sweep, run = study
    sweep = sweep.assign(relative=sweep["seed"] / 200)  # 0.5 and 0.505
    sweep.loc[sweep["diverged"], "relative"] = float("nan")
    found = sensitivity.table(sweep, run).set_index("diverged")[sensitivity.SPEED]
    assert found.loc[1].isna().all(axis=None) and len(found.loc[1]) == 16
    assert (found.loc[0].round(6) == [0.5025, 0.5, 0.505]).all(axis=None)
    older = sensitivity.table(sweep.drop(columns=["relative", "best", "seed"]), run)
    assert older[[*sensitivity.SPEED, "best"]].isna().all(axis=None)
    assert older["mean"].notna().all() and set(older["seeds"]) == {2}


def test_the_settings_of_the_studys_runs_are_chosen_one_an_arm(study):
    chosen = sensitivity.table(*study).query("chosen")
    assert len(chosen) == 16 and not chosen.duplicated(sensitivity.ARM).any()
    assert set(chosen["learning_rate"]) == {3e-4} and set(chosen["warmup"]) == {0.1}


def test_only_the_studys_arms_in_its_order(study):
    sweep, run = study
    part = run[run["initialization"] != "shuffled"].iloc[::-1]
    table = sensitivity.table(sweep, part)
    arms = table.drop_duplicates(sensitivity.ARM)[sensitivity.ARM]
    assert (
        arms.to_numpy().tolist()
        == part.drop_duplicates(sensitivity.ARM)[sensitivity.ARM].to_numpy().tolist()
    )


def test_settings_that_were_not_swept_are_no_candidate_and_a_rate_may_be_written_otherwise(study):
    sweep, run = study
    assert not sensitivity.table(sweep, run.assign(warmup=0.5))["chosen"].any()
    nearly = run.assign(learning_rate=3e-4 * (1 + 1e-15))
    assert sensitivity.table(sweep, nearly)["chosen"].sum() == 16
    other = run.assign(learning_rate=3e-4 * (1 + 1e-9))
    assert not sensitivity.table(sweep, other)["chosen"].any()


def test_a_study_without_a_sweep_has_an_empty_table(study):
    table = sensitivity.table(None, study[1])
    assert table.empty and table.columns.tolist() == sensitivity.COLUMNS


def test_the_best_line_is_the_chosen_ones_or_that_of_the_highest_mean():
    rows = pd.DataFrame(
        [(1e-3, 0.0, "mean", 0.9), (1e-4, 0.1, "mean", 0.2), (1e-3, 0.1, "mean", 0.1),
         (1e-3, 0.1, "first", 0.3)],
        columns=["learning_rate", "warmup", "pooling", "mean"],
    )  # fmt: skip
    line = sensitivity.best(rows.assign(chosen=[False, True, False, False]))
    assert line["mean"].tolist() == [0.2, 0.1]
    assert sensitivity.best(rows.assign(chosen=False))["mean"].tolist() == [0.9]
