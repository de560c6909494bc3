"""Zero-shot scores stand beside fine-tuned ones that scikit-learn scores alike."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from seqtransfer.files import json_tsv
from seqtransfer.report import register, zero_shot
from seqtransfer.report.tables import table_files
from seqtransfer.report.tables.results import Results

SEEDS = (0, 1, 2)


def models(task, metric, *seeds):
    """As the job writes them."""
    return pd.DataFrame(
        {"task": task, "pretrained_on": "corpus", "seed": seed, "by": by, "metric": metric}
        | {"score": value + 0.01 * seed, "low": value - 0.1, "high": value + 0.1, "n": 40}
        | {"unknown": 3, "log_likelihood": -2.5, "code": "0123"}
        for seed in seeds
        for by, value in (("likelihood", 0.6), ("frequencies", 0.2))
    )


@pytest.fixture
def results(tmp_path):
    """Of a regression and of classes that are written as numbers."""
    rng = np.random.default_rng(0)
    files = {kind: [] for kind in ("zero_shot", "metrics", "predictions", "tasks", "baselines")}
    files |= {"controls": []}

    def add(kind, path, write, content):
        files[kind].append(tmp_path / path)
        write(files[kind][-1], content)

    for task, metric in (("affinity", "spearman"), ("season", "auc")):
        add("zero_shot", f"z/{task}.tsv", json_tsv.write_table, models(task, metric, 0, 1))
        own = {"task": task, **({"classes": ["01", "02"]} if metric == "auc" else {})}
        add("tasks", f"{task}.json", json_tsv.write_json, own)
        headline = "spearman" if metric == "spearman" else "mcc"
        scored = {part: {"n": 40, headline: 0.3} for part in ("dev", "test")}
        record = {"task": task, "metric": headline, **scored}
        add("baselines", f"b/{task}.json", json_tsv.write_json, [record | {"baseline": "ngram"}])
        for arm in ("text", "random"):
            for seed in SEEDS:
                truth = rng.normal(size=40)
                chance = 1 / (1 + np.exp(-truth - rng.normal(size=40)))
                table = {"id": range(40), "label": truth, "prediction": chance}
                if metric == "auc":
                    labels = np.where(truth > 0, "02", "01")
                    table |= {"label": labels, "p_01": 1 - chance, "p_02": chance}
                add(
                    "predictions",
                    f"{task}-{arm}-{seed}.tsv",
                    json_tsv.write_table,
                    pd.DataFrame(table),
                )
                run = record | {"initialization": arm, "seed": seed, "diverged": False}
                add("metrics", f"{task}-{arm}-{seed}.json", json_tsv.write_json, run)
    return Results(files, "random")


def test_fine_tuned_arms_are_scored_as_the_likelihoods_are(results):
    found = results.zero_shot
    tuned = found[found["kind"] == "fine-tuned"].set_index(["task", "initialization"])
    assert len(tuned) == 4
    for (task, arm), row in tuned.iterrows():
        values = []
        for path in results.files["predictions"]:
            if path.name.startswith(f"{task}-{arm}-"):
                own = pd.read_csv(path, sep="\t", dtype={"label": str})
                if task == "season":
                    values.append(roc_auc_score(own["label"] == "02", own["p_02"]))
                else:
                    labels = own["label"].astype(float)
                    values.append(stats.spearmanr(labels, own["prediction"]).statistic)
        assert row["score"] == pytest.approx(np.mean(values))
        half = stats.t.ppf(0.975, 2) * stats.sem(values)
        assert (row["low"], row["high"]) == pytest.approx(
            (row["score"] - half, row["score"] + half)
        )
        assert (row["seeds"], row["n"], row["positive"]) == (
            3,
            40,
            "02" if task == "season" else "",
        )


def test_every_model_has_a_row_and_baselines_only_where_they_have_the_metric(results):
    found = results.zero_shot
    by_task = {
        task: list(zip(rows["kind"], rows["initialization"], strict=True))
        for task, rows in found.groupby("task", sort=False)
    }
    tuned = [("fine-tuned", "text"), ("fine-tuned", "random")]
    asked = [("zero-shot", "domain"), ("zero-shot", "domain"), ("baseline", "frequencies")]
    assert by_task == {"affinity": [*asked, *tuned, ("baseline", "ngram")], "season": asked + tuned}
    assert found.loc[found["kind"] == "zero-shot", "seed"].tolist() == [0, 1, 0, 1]
    assert list(found) == list(register.TABLES["zero_shot"].columns)
    assert found["seed"].isna().sum() == len(found) - 4


def test_the_line_below_the_main_table_says_the_numbers_of_the_table(results, tmp_path):
    table_files.write(tmp_path / "zero_shot.csv", results.zero_shot)
    read = table_files.read(tmp_path / "zero_shot.csv")
    first, second = zero_shot.lines(read, {"affinity": "affinity (protein)"})
    assert first.startswith(
        "Before any fine-tuning, in affinity (protein): by the likelihoods of the domain-pretrained"
        " encoder Spearman correlation 0.600 (0.500 to 0.700; on the 40 test sequences that it"
        " knows, 3 are left out); frequencies of symbols 0.200, n-gram regression 0.300;"
        " fine-tuned: text pretraining "
    )
    assert re.search(r"random weights 0\.\d{3}; chance 0\.$", first)
    assert "area under the ROC curve 0.600" in second and second.endswith("chance 0.5.")
    text = read.loc[(read["task"] == "season") & (read["initialization"] == "text"), "score"]
    assert f"{text.item():.3f}" in second
    few = read.assign(low=np.nan, high=np.nan, unknown=0)
    assert "correlation 0.600 (too few units for an interval); freq" in zero_shot.lines(few, {})[0]


def test_mutants_have_a_second_number(results, tmp_path):
    first = results.files["zero_shot"][0]
    known = json_tsv.read_table(first)
    mutated = known[known["by"] == "likelihood"].assign(by="mutations", score=0.7)
    json_tsv.write_table(first, pd.concat([known, mutated]))
    found = results.zero_shot
    kinds = found[found["task"] == "affinity"]["kind"].tolist()
    assert kinds[:5] == [*["zero-shot"] * 2, *["zero-shot by mutations"] * 2, "baseline"]
    line = zero_shot.lines(found, {})[0]
    assert "0.600 (0.500 to 0.700; on" in line and "; by its mutations 0.700; freq" in line


def test_only_studies_that_ask_have_the_table():
    has = register.TABLES["zero_shot"].has
    assert has({"analyse": {"kinds": [], "zero_shot": ["a"]}})
    assert not has({"analyse": {"kinds": []}}) and not has({"analyse": {"zero_shot": []}})
