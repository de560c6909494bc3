"""A tiny study through profiles/slurm, on a cluster of one node with two pretend GPUs.

Installs Slurm, where it is missing, as root and with apt; skipped elsewhere.
"""

import re
import runpy
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import NamedTuple

import psutil
import pytest
import yaml

import slurm_cluster
from project import ROOT, TOOLS

FAULTS = runpy.run_path(str(ROOT / "benchmarks/faults.py"))
RUNS = FAULTS["GOALS"]
BASELINE = "results/faults/baselines/toy.json"
PROFILE = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text())
GPU_RULES = set(PROFILE["set-resources"])
# Slurm is asked soon whether a job has ended. Each time that none has, it is asked 10 s later.
SOON = ("--slurm-init-seconds-before-status-checks", "1", "--seconds-between-status-checks", "1")
LIMIT = 900.0  # seconds after which anything here counts as hanging

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module", autouse=True)
def installed():
    reason = slurm_cluster.install()
    if reason:
        pytest.skip(reason)


@pytest.fixture(scope="module")
def here(encoder, tmp_path_factory):
    """The study, run on this machine without Slurm."""
    folder = tmp_path_factory.mktemp("here") / "study"
    prepare(folder, encoder)
    assert FAULTS["start"](folder, *RUNS, BASELINE).wait(LIMIT) == 0, output(folder)
    return folder


def prepare(folder, encoder):
    """The study of benchmarks/faults.py, whose fine-tuning lasts long enough to be halted."""
    FAULTS["prepare"](folder, encoder)
    study = yaml.safe_load((folder / "study.yaml").read_text())
    study["finetune"] |= {"steps": 2000, "patience": 2000, "evaluate_every": 500}
    (folder / "study.yaml").write_text(yaml.safe_dump(study))


@contextmanager
def snakemake(cluster, folder, *arguments):
    """Snakemake with profiles/slurm in `folder`; killed if the block fails."""
    command = [TOOLS / "snakemake", "--workflow-profile", "profiles/slurm", "--configfile",
               "study.yaml", *SOON, *arguments, "--", *RUNS, BASELINE]  # fmt: skip
    with (folder / "output.txt").open("w") as file:
        process = subprocess.Popen(
            list(map(str, command)), cwd=folder, env=cluster.environment, stdout=file, stderr=file
        )
    try:
        yield process
        assert process.wait(LIMIT) == 0, output(folder)
    finally:
        process.kill()
        process.wait()


class Job(NamedTuple):
    """What Slurm says of a job of Snakemake; wildcards: joined by `_`."""

    number: str
    rule: str
    time: str
    memory: str
    restarts: int
    wildcards: str | None


def output(folder):
    return (folder / "output.txt").read_text()[-6000:]


def jobs(cluster):
    """Jobs of Snakemake that Slurm has seen, oldest first: number, rule, time, memory, restarts."""
    lines = cluster.ask(
        "squeue", "--states=all", "--noheader", "--sort=i",
        "--Format=JobID:10,TimeLimit:12,MinMemory:10,RestartCnt:10,Comment:200",
    )  # fmt: skip
    pattern = r"(\d+) +(\S+) +(\S+) +(\d+) +rule_([a-z_]+?)(?:_wildcards_(\w+))?"
    found = (re.fullmatch(pattern, line.rstrip()) for line in lines.splitlines())
    return [Job(m[1], m[5], m[2], m[3], int(m[4]), m[6]) for m in found if m]


def wait_for(condition, folder):
    """What `condition` gives, as soon as that is true."""
    limit = time.monotonic() + LIMIT
    while not (found := condition()):
        assert time.monotonic() < limit, output(folder)
        time.sleep(0.1)
    return found


def one_device_each(cluster):
    """Each step of a job of a GPU rule had one device, and of others none."""
    devices = cluster.devices()
    for job in jobs(cluster):
        if job.rule in GPU_RULES:
            assert devices[job.number] <= {"0", "1"}, f"{job}: {devices}"
        else:
            assert devices[job.number] == {"none"}, f"{job}: {devices}"


def test_a_study_without_accounting_has_the_results_of_one_on_this_machine(here, encoder, tmp_path):
    study = tmp_path / "study"
    prepare(study, encoder)
    with slurm_cluster.running(tmp_path, accounting=False) as cluster:
        with snakemake(cluster, study, "--slurm-status-command", "squeue"):
            pass
        one_device_each(cluster)
        asked = {job.rule for job in jobs(cluster)}
    assert asked == {"convert", "encode", "draw_map", "pretrain", "finetune", "baseline"}
    assert FAULTS["written"](study) == FAULTS["written"](here)


def test_jobs_that_slurm_kills_or_preempts_come_back_and_end_in_the_same_results(here, tmp_path):
    study = tmp_path / "study"
    shutil.copytree(here, study, symlinks=True)
    small = PROFILE["set-resources"] | {"baseline": {"mem_mb": "60 * attempt ** 5"}}
    changed = PROFILE | {"set-resources": small}
    (study / "profiles/slurm/config.yaml").write_text(yaml.safe_dump(changed))
    with slurm_cluster.running(tmp_path, accounting=True) as cluster:
        with (
            snakemake(cluster, study, "--forcerun", "finetune", "baseline"),
            ThreadPoolExecutor() as pool,
        ):
            first = list(pool.map(lambda arm: halt(cluster, study, arm, 0), FAULTS["ARMS"]))
            cluster.ask("sbatch", "--partition=urgent", "--gpus=2", "--mem=9", "--wrap=sleep 1")
            assert not psutil.wait_procs([process for _, process in first], timeout=LIMIT)[1]
            job, overdue = halt(cluster, study, "text", 1)
            cluster.ask("scontrol", "update", f"JobId={job.number}", "TimeLimit=1")
            assert not psutil.wait_procs([overdue], timeout=LIMIT)[1]
        one_device_each(cluster)
        done = jobs(cluster)
    asked = {(job.time, job.memory) for job, _ in first}
    assert asked == {("2:00:00", "8000M")}
    again = [job for job in done if job.rule == "finetune"]
    assert [job.restarts for job in again] == [1, 1, 0]
    assert again[2][2:] == ("4:00:00", "16000M", 0, "toy_text_0")
    assert [job.memory for job in done if job.rule == "baseline"] == ["60M", "1920M"]
    for arm in FAULTS["ARMS"]:
        assert "goes on from" in (study / f"logs/faults/finetune/toy/{arm}/seed-0.log").read_text()
    assert FAULTS["written"](study) == FAULTS["written"](here)


def halt(cluster, study, arm, restarts):
    """Halt the training of an arm once it has saved its state: its job, and its process."""

    def training():
        for job in jobs(cluster):
            if (job.wildcards, job.restarts) == (f"toy_{arm}_0", restarts):
                for process in psutil.process_iter():
                    with suppress(psutil.Error):
                        script = "".join(process.cmdline()[1:2])
                        mine = process.environ().get("SLURM_JOB_ID") == job.number
                        if mine and script.endswith(".finetune.py"):
                            return job, process

    def saved():
        assert process.is_running(), output(study)
        return state.exists() and state.stat().st_mtime > process.create_time()

    job, process = wait_for(training, study)
    state = study / f"results/faults/unfinished/finetune.toy.{arm}.0.safetensors"
    wait_for(saved, study)
    process.suspend()
    return job, process
