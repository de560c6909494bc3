"""A tiny study through profiles/slurm, on a cluster of one node with two pretend GPUs.

Jobs are disturbed at a set point: a training job stops at step `STEP` for as long as a file of its
arm is in `halt`, so that no machine is too fast or too slow for the test.
"""

import re
import runpy
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import NamedTuple

import psutil
import pytest
import yaml

import slurm_cluster
from project import ROOT

FAULTS = runpy.run_path(str(ROOT / "benchmarks/faults.py"))
ARMS = FAULTS["ARMS"]
GOALS = dict(zip(ARMS, FAULTS["GOALS"], strict=True))
BASELINE = "results/faults/baselines/toy.json"
PROFILE = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text())
LIMIT = 900.0  # seconds after which anything here counts as hanging
STEP = 50
SAVED = "        self._last = time.monotonic()\n"  # the last line of Checkpoint.save
HALT = f"""\
        import os
        halt = Path("halt", self.path.name)
        if record["done"] == {STEP} and halt.exists():
            halt.write_text(f"{{os.environ['SLURM_JOB_ID']}} {{os.getpid()}}")
            while halt.exists():
                time.sleep(0.1)
"""
# Snakemake asks Slurm each second which jobs have ended. Of itself it waits 10 s longer each time.
SNAKEMAKE = """
import sys
from snakemake.cli import main
from snakemake_executor_plugin_slurm import Executor
Executor.next_seconds_between_status_checks = property(lambda self: 1, lambda self, seconds: None)
sys.exit(main(sys.argv[1:]))
"""

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.skipif(slurm_cluster.missing() is not None, reason=str(slurm_cluster.missing())),
]


@pytest.fixture(scope="module")
def here(encoder, tmp_path_factory):
    """The study, run on this machine without Slurm."""
    folder = tmp_path_factory.mktemp("here") / "study"
    FAULTS["prepare"](folder, encoder)
    checkpoints = folder / "scripts/seqtransfer/training/checkpoints.py"
    text = checkpoints.read_text().replace("\nSECONDS = 0.5", "\nSECONDS = 0.0")
    assert text.count(SAVED) == text.count("\nSECONDS = 0.0") == 1
    checkpoints.write_text(text.replace(SAVED, SAVED + HALT))
    process = FAULTS["start"](folder, *GOALS.values(), BASELINE)
    try:
        assert process.wait(LIMIT) == 0, output(folder)
    finally:
        process.kill()
    return folder


@pytest.fixture
def study(here, tmp_path):
    """A copy of the study that was run here, in which a first try of `baseline` has 60 MB."""
    folder = tmp_path / "study"
    shutil.copytree(here, folder, symlinks=True)
    small = PROFILE["set-resources"] | {"baseline": {"mem_mb": "60 * attempt ** 5"}}
    profile = PROFILE | {"set-resources": small}
    (folder / "profiles/slurm/config.yaml").write_text(yaml.safe_dump(profile))
    (folder / "halt").mkdir()
    return folder


@contextmanager
def snakemake(cluster, folder, *arguments):
    """Snakemake with profiles/slurm, which must end well; killed if the block fails."""
    command = [sys.executable, "-c", SNAKEMAKE, "--workflow-profile", "profiles/slurm",
               "--configfile", "study.yaml", *arguments]  # fmt: skip
    with (folder / "output.txt").open("w") as file:
        process = subprocess.Popen(
            command, cwd=folder, env=cluster.environment, stdout=file, stderr=file
        )
    try:
        yield
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
    """Jobs of Snakemake that Slurm has seen, oldest first."""
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


def halt(study, arm):
    """The file that halts the training of an arm."""
    path = study / f"halt/finetune.toy.{arm}.0.safetensors"
    path.touch()
    return path


def halted(path, study):
    """The job that a file has halted, by its number, and its process."""
    job, process = wait_for(path.read_text, study).split()
    return job, psutil.Process(int(process))


def devices(cluster):
    """Rule -> the devices that each step of its jobs had, `none` if none.

    A job that was killed early had no step.
    """
    found, steps = {}, cluster.devices()
    for job in jobs(cluster):
        found.setdefault(job.rule, set()).update(steps.get(job.number, ()))
    return found


def test_without_accounting_a_study_has_the_results_of_one_on_this_machine(here, study, tmp_path):
    again = ("--forcerun", "finetune", "baseline", "--slurm-status-command", "squeue")
    with slurm_cluster.running(tmp_path, accounting=False) as cluster:
        with snakemake(cluster, study, *again, "--", GOALS["text"], BASELINE):
            pass
        done, given = jobs(cluster), devices(cluster)
    assert sorted(job.rule for job in done) == ["checks_baseline", "checks_baseline", "finetune"]
    assert [job.memory for job in done if job.rule != "finetune"] == ["60M", "1920M"]
    assert given["checks_baseline"] == {"none"}
    assert given["finetune"] in ({"0"}, {"1"})
    assert FAULTS["written"](study) == FAULTS["written"](here)


def test_jobs_that_are_preempted_or_reach_their_time_limit_go_on(here, study, tmp_path):
    files = {arm: halt(study, arm) for arm in ARMS}
    with slurm_cluster.running(tmp_path, accounting=True) as cluster:
        with snakemake(cluster, study, "--forcerun", "finetune", "--", *GOALS.values()):
            first = {arm: halted(file, study) for arm, file in files.items()}
            assert sorted(map(sorted, cluster.devices().values())) == [["0"], ["1"]]
            training = [process for _, process in first.values()]
            urgent = ("--partition=urgent", "--gpus=1", "--mem=9", "--output=/dev/null")
            cluster.ask("sbatch", *urgent, "--wrap=sleep 1")
            (gone,) = wait_for(lambda: psutil.wait_procs(training, timeout=0)[0], study)
            preempted, late = sorted(ARMS, key=lambda arm: first[arm][1] != gone)
            files[preempted].unlink()
            number, overdue = first[late]
            assert cluster.ask("scontrol", "update", f"JobId={number}", "EndTime=now+20") == ""
            assert psutil.wait_procs([overdue], timeout=LIMIT)[0]
            files[late].unlink()
        done, given = jobs(cluster), devices(cluster)
        states = cluster.ask("sacct", "-X", "--noheader", "--format=State", f"--jobs={number}")
    asked = {
        arm: [
            (job.time, job.memory, job.restarts) for job in done if job.wildcards == f"toy_{arm}_0"
        ]
        for arm in ARMS
    }
    assert asked[preempted] == [("2:00:00", "8000M", 1)]
    assert [memory for _, memory, _ in asked[late]] == ["8000M", "16000M"]
    assert asked[late][1] == ("4:00:00", "16000M", 0)
    assert states.split() == ["TIMEOUT"]
    assert given == {"finetune": {"0", "1"}}
    for arm in ARMS:
        log = (study / f"logs/faults/finetune/toy/{arm}/seed-0.log").read_text()
        assert f"step {STEP}: goes on from" in log
    assert FAULTS["written"](study) == FAULTS["written"](here)


def test_grouped_jobs_are_one_job_of_slurm_and_runs_share_its_card(here, study, tmp_path):
    path = study / "profiles/slurm/config.yaml"
    profile = yaml.safe_load(path.read_text())
    groups = profile["groups"] | {"finetune": "runs"}
    path.write_text(yaml.safe_dump(profile | {"groups": groups, "group-components": {"runs": 2}}))
    again = ("--forcerun", "encode", "--slurm-status-command", "squeue")
    with slurm_cluster.running(tmp_path, accounting=False) as cluster:
        with snakemake(cluster, study, *again, "--", *GOALS.values()):
            pass
        done, given = jobs(cluster), devices(cluster)
    asked = {job.rule: (job.time, job.memory) for job in done if job.rule != "pretrain"}
    assert asked == {
        "tokens_draw_map_encode": ("1:00:00", "2000M"),  # one after another
        "runs_finetune": ("4:00:00", "8000M"),  # twice the time, and no more memory
    }
    assert len(done) == 3 and given["tokens_draw_map_encode"] == {"none"}
    assert given["runs_finetune"] in ({"0"}, {"1"})
    assert FAULTS["written"](study) == FAULTS["written"](here)
