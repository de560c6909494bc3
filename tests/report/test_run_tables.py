"""The report's tables say what the result files say."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import synthetic
from seqtransfer.files import json_tsv
from seqtransfer.report.tables import run_tables


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    paths = synthetic.write_study(folder)
    return {
        "paths": paths,
        "metrics": [json_tsv.read_json(path) for path in paths["metrics"]],
        "curves": [json_tsv.read_table(path) for path in paths["histories"]],
        "baselines": [r for path in paths["baselines"] for r in json_tsv.read_json(path)],
    }


def curve_of(steps, values):
    return pd.DataFrame({"step": steps, "dev_score": values})


def names(task, arm, seed):
    return {"task": task, "initialization": arm, "seed": seed}


def test_every_run_has_one_row_with_its_scores(study):
    table = run_tables.runs(study["metrics"])
    assert len(table) == 4 * 4 * 3
    assert not table.duplicated(["task", "initialization", "seed"]).any()
    record = study["metrics"][17]
    row = table.iloc[17]
    assert row["test_mcc"] == record["test"]["mcc"]
    assert row["dev_score"] == record["dev"]["score"]
    assert row["code"] == record["provenance"]["code"]


def test_scores_are_means_over_seeds_with_scipys_t_interval(study):
    table = run_tables.scores(study["metrics"], study["baselines"])
    values = [
        r["test"]["mcc"]
        for r in study["metrics"]
        if (r["task"], r["initialization"]) == ("splice", "text")
    ]
    row = table.query(
        "task == 'splice' and initialization == 'text' and split == 'test' and metric == 'mcc'"
    )
    low, high = stats.t.interval(0.95, 2, np.mean(values), stats.sem(values))
    assert row[["mean", "low", "high"]].iloc[0].tolist() == pytest.approx(
        [np.mean(values), low, high]
    )
    assert row["seeds"].item() == 3


def test_the_scores_of_an_arm_say_how_many_of_its_runs_diverged(study):
    arm = ("splice", "text")
    metrics = [
        r | {"diverged": (r["task"], r["initialization"]) == arm and r["seed"] > 0}
        for r in study["metrics"]
    ]
    table = run_tables.scores(metrics, study["baselines"])
    counts = table.groupby(["task", "initialization"])["diverged"].agg(["min", "max"])
    assert counts.loc[arm].tolist() == [2, 2]
    assert not counts.drop(index=[arm]).any().any()
    assert run_tables.runs(metrics)["diverged"].sum() == 2


def test_baselines_have_a_value_and_no_interval(study):
    table = run_tables.scores(study["metrics"], study["baselines"])
    rows = table[table["kind"] == "baseline"]
    assert len(rows) == 4 * 2 * 2 * 3  # tasks, baselines, splits, metrics
    assert rows["low"].isna().all() and rows["high"].isna().all()
    ngram = rows.query(
        "task == 'splice' and initialization == 'ngram' and split == 'dev' and metric == 'mcc'"
    )
    assert ngram["mean"].item() == pytest.approx(0.81)


def test_the_threshold_is_nine_tenths_of_the_best_arms_mean_best():
    metrics = [names("x", arm, seed) for arm in ("text", "random") for seed in (0, 1)]
    bests = [0.8, 0.6, 0.5, 0.3]
    curves = [curve_of([0, 1, 3], [0.0, best / 2, best]) for best in bests]
    table = run_tables.convergence(run_tables.histories(metrics, curves))
    assert table["threshold"].tolist() == pytest.approx([0.9 * 0.7] * 4)
    assert table["censored"].tolist() == [False, True, True, True]
    # On log2(step + 1) the curve runs from 0.4 at 1 to 0.8 at 2: 0.63 lies at 1.575.
    assert table["steps_to_threshold"].tolist() == pytest.approx([2**1.575 - 1, 3, 3, 3])


@pytest.mark.parametrize(("arms", "common"), [("text random domain", 0.7), ("moments domain", 1.0)])
def test_the_threshold_is_that_of_text_and_random_where_they_are_there(arms, common):
    """A reference far above both leaves their speed to be seen."""
    bests = {"text": 0.7, "random": 0.4, "domain": 1.0, "moments": 0.5}
    metrics = [names("x", arm, 0) for arm in arms.split()]
    curves = [curve_of([0, 1, 3], [0.0, 0.1, bests[arm]]) for arm in arms.split()]
    table = run_tables.convergence(run_tables.histories(metrics, curves))
    assert table["threshold"].tolist() == pytest.approx([0.9 * common] * len(curves))


def test_the_area_of_a_straight_curve_over_doublings_is_its_middle():
    curves = run_tables.histories(
        [names("x", "text", 0)], [curve_of([0, 1, 3, 7], [0, 0.2, 0.4, 0.6])]
    )
    assert run_tables.convergence(curves)["area"].item() == pytest.approx(0.3)


def test_a_single_seed_gives_a_mean_without_bounds():
    metrics = [names("x", arm, 0) for arm in ("text", "random")]
    run = pd.DataFrame(metrics).assign(test_score=[0.4, 0.3], test_accuracy=1.0)
    curves = [curve_of([0, 1], [0.0, 0.2]), curve_of([0, 1], [0.0, 0.1])]
    speed = run_tables.convergence(run_tables.histories(metrics, curves))
    table = run_tables.differences(run, speed).set_index("quantity")
    assert table.loc["test score", "mean"] == pytest.approx(0.1)
    assert table.loc["dev area", "mean"] == pytest.approx(0.05)
    assert math.isnan(table.loc["test score", "low"])


def test_the_budget_counts_examples_seen_and_leaves_a_missing_pretraining_empty(study):
    tasks = [json_tsv.read_json(path) for path in study["paths"]["tasks"]]
    summaries = [json_tsv.read_json(path) for path in study["paths"]["pretrained"][:2]]
    table = run_tables.budget(tasks, run_tables.runs(study["metrics"]), summaries).set_index("task")
    assert table.loc["splice", "examples_seen"] == 512 * 32
    assert table.loc["localization", "pretraining_sequences"] == 3006
    assert table["pretraining_steps"].isna().tolist() == [False, False, True, True]


def failing(study):
    """The records and curves of the study, in which splice text seed 0 has no finite score."""
    metrics, curves = [], []
    for record, curve in zip(study["metrics"], study["curves"], strict=True):
        failed = [record[name] for name in run_tables.RUN] == ["splice", "text", 0]
        for part in ("dev", "test"):
            nothing = dict.fromkeys(set(record[part]) - {"n"})
            record = record | {part: record[part] | (nothing if failed else {})}
        metrics.append(record | {"diverged": failed})
        curves.append(curve.assign(dev_score=np.nan) if failed else curve)
    return metrics, curves


def test_a_run_without_a_score_keeps_its_row_and_empties_every_mean_over_it(study):
    metrics, curves = failing(study)
    run = run_tables.runs(metrics)
    assert run["test_score"].isna().sum() == run["diverged"].sum() == 1
    speed = run_tables.convergence(run_tables.histories(metrics, curves))
    lost = speed.query("task == 'splice' and initialization == 'text' and seed == 0").iloc[0]
    assert (
        lost[["area", "best", "steps_to_threshold"]].isna().all()
        and speed["area"].isna().sum() == 1
    )
    assert speed["threshold"].notna().all()
    scores = run_tables.scores(metrics, study["baselines"]).set_index(["task", "initialization"])
    arm = scores.loc[[("splice", "text")]]
    assert arm["mean"].isna().all() and set(arm["seeds"]) == {2} and set(arm["diverged"]) == {1}
    assert scores.drop(index=[("splice", "text")])["mean"].notna().all()
    table = run_tables.differences(run, speed)
    empty = table[table["mean"].isna()]
    assert set(empty["task"]) == {"splice"} and set(empty["seeds"]) == {2}
    assert set(empty["right"]) == {"random", "domain", "shuffled"}
    assert set(empty["quantity"]) >= {"dev area", "test score", "test mcc"}


def test_a_study_without_any_known_contrast_has_no_differences(study):
    arm = [record for record in study["metrics"] if record["initialization"] == "text"]
    curves = [c for r, c in zip(study["metrics"], study["curves"], strict=True) if r in arm]
    table = run_tables.differences(
        run_tables.runs(arm), run_tables.convergence(run_tables.histories(arm, curves))
    )
    assert table.empty and list(table)[:4] == ["task", "left", "right", "quantity"]


def test_a_regression_has_no_classes_in_the_budget(study):
    tasks = [json_tsv.read_json(path) for path in study["paths"]["tasks"]]
    del tasks[0]["classes"], tasks[0]["majority"]
    table = run_tables.budget(tasks, run_tables.runs(study["metrics"]), [])
    assert table["classes"].tolist() == [0, 2, 2, 2]
    assert table["test_majority"].isna().tolist() == [True, False, False, False]


SPENT = {"seconds_total": 10.0, "seconds_training": 6.0}


def totals(*kinds):
    """The rows of `timings` that are over all corpora and arms, by kind of job."""
    table = run_tables.timings(*kinds)
    return table[table["initialization"] == "all"].set_index("job")


def test_timings_sum_seconds_over_seeds_arms_and_stages():
    runs = [names("x", arm, seed) | SPENT for arm in ("text", "random") for seed in (0, 1)]
    pretraining = [{"task": "zipf", "seconds_total": 20.0, "seconds_training": 18.0}]
    table = run_tables.timings(runs, pretraining, [])
    assert table["corpus"].tolist() == ["x", "x", "all", "zipf", "all", "all"]
    assert table["initialization"].tolist() == ["text", "random", "all", "", "all", "all"]
    assert table["jobs"].tolist() == [2, 2, 4, 1, 1, 5]
    assert table["seconds_total"].tolist() == [20.0, 20.0, 40.0, 20.0, 20.0, 60.0]
    assert table["training_share"].to_numpy() == pytest.approx([0.6, 0.6, 0.6, 0.9, 0.9, 42 / 60])
    assert table["operations"].isna().all()  # these jobs have not recorded them
    assert list(totals(runs, [], []).index) == ["fine-tuning", "all"]


def test_operations_are_summed_and_memory_is_that_of_the_largest_job():
    spent = SPENT | {"peak_gpu_memory": None}
    runs = [
        names("x", "text", seed) | spent | {"operations": 2e12, "peak_memory": 2**30 * (seed + 1)}
        for seed in (0, 1)
    ]
    other = {"task": "x", **spent, "operations": 5e12, "peak_memory": 2**29}
    table = totals(runs, [other], [])
    assert table["operations"].to_dict() == {"fine-tuning": 4.0, "pretraining": 5.0, "all": 9.0}
    assert table["peak_memory"].to_dict() == {"fine-tuning": 2.0, "pretraining": 0.5, "all": 2.0}
    assert table["peak_gpu_memory"].isna().all()
    assert table["energy"].isna().all()
    counted = [run | {"energy": 1.5} for run in runs]
    energy = totals(counted, [other], [])["energy"]
    assert energy["fine-tuning"] == 3.0 and energy[["pretraining", "all"]].isna().all()
    del runs[0]["operations"]
    lost = totals(runs, [other], [])["operations"]
    assert lost.isna().to_dict() == {"fine-tuning": True, "pretraining": False, "all": True}


def test_a_sweep_costs_what_snakemake_measured_and_a_file_that_is_gone_leaves_its_sum_empty(
    tmp_path,
):
    rows = {100: "12.50\t0:00:12\t512.00", 101: "0.02\t0:00:00\t-"}
    paths = [tmp_path / "x/text/0.001" / f"seed-{seed}.tsv" for seed in (100, 101, 102)]
    paths[0].parent.mkdir(parents=True)
    for path, row in zip(paths, rows.values(), strict=False):
        path.write_text(f"s\th:m:s\tmax_rss\n{row}\n")
    first, second, gone = (run_tables.benchmark(path, "x", "text") for path in paths)
    spent = {"seconds_total": 12.5, "peak_memory": 2**29}
    assert first == {"task": "x", "initialization": "text"} | spent
    assert np.isnan(second["peak_memory"])  # too short to be measured
    assert gone == {"task": "x", "initialization": "text"}
    runs = [names("x", "text", 0) | SPENT]
    table = totals(runs, [], [first, first])
    assert table["seconds_total"].to_dict() == {"fine-tuning": 10.0, "sweep": 25.0, "all": 35.0}
    assert table.loc["sweep", "peak_memory"] == 0.5
    # What is not known of the sweep is not known of all, and is still known of fine-tuning.
    known = {"fine-tuning": False, "sweep": True, "all": True}
    assert table["seconds_training"].isna().to_dict() == known
    lost = totals(runs, [], [first, gone])
    assert lost["seconds_total"].isna().to_dict() == known
    assert lost["jobs"].to_dict() == {"fine-tuning": 1, "sweep": 2, "all": 3}
    aligned = totals(runs, [], [], [first])
    assert aligned["seconds_total"].to_dict() == {"fine-tuning": 10, "alignment": 12.5, "all": 22.5}


def test_a_run_that_learns_nothing_has_no_speed_whatever_the_metric():
    steps = [0, 1, 3, 7]
    rises, stays = [0.5, 0.6, 0.7, 0.8], [0.5, 0.5, 0.5, 0.5]
    curves = [
        curve_of(steps, accuracy).assign(dev_accuracy=accuracy, dev_mcc=mcc)
        for accuracy, mcc in ((rises, [0, 0.2, 0.4, 0.6]), (stays, [0, 0, 0, 0]))
    ]
    metrics = [names("x", arm, 0) for arm in ("text", "random")]
    speed = run_tables.convergence(run_tables.histories(metrics, curves)).set_index(
        "initialization"
    )
    assert speed.loc["text", "relative"] == pytest.approx(0.4 / 0.6)
    assert math.isnan(speed.loc["random", "relative"]) and speed.loc["random", "censored"]
    assert speed["threshold"].tolist() == pytest.approx([0.54, 0.54])


def test_curves_without_a_group_are_those_of_runs_scored_without_it():
    steps, rng = [0, 1, 3, 7, 15], np.random.default_rng(0)
    metrics = [names("x", arm, seed) for arm in ("text", "random") for seed in (0, 1)]
    scores = rng.uniform(-0.2, 0.9, (4, 5, 3))
    scores[0, :, 1] = 0  # never above a constant answer
    scores[1, 2, 2] = np.nan
    files = [
        pd.DataFrame(
            [(s, g, own[i, g]) for i, s in enumerate(steps) for g in range(3)],
            columns=["step", "group", "score"],
        )
        for own in scores
    ]
    found = run_tables.curves_left_out(metrics, files)
    for group in range(3):
        curves = [curve_of(steps, own[:, group]) for own in scores]
        wanted = run_tables.convergence(run_tables.histories(metrics, curves))["relative"]
        mine = found[found["group"] == group]
        assert mine["score"].tolist() == pytest.approx(wanted.tolist(), nan_ok=True)
        assert mine["initialization"].tolist() == ["text", "text", "random", "random"]
    assert found["score"].isna().sum() == 2
    empty = run_tables.curves_left_out(metrics, [files[0].iloc[:0]] * 4)
    assert empty.empty and list(empty) == list(found)
