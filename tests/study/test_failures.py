"""Jobs that fail are told once and counted once, whether tried again, in a group, or neither."""

import functools
import logging
import os
import time

import pytest
from test_estimate import study
from test_terminal import Job, event, listening

from seqtransfer.study import digests, failures, terminal

ERROR = "step 1\nTraceback (most recent call last):\nValueError: no\n"


@pytest.fixture
def speaker(tmp_path):
    """A function from jobs to the terminal of their run."""
    (tmp_path / "logs").mkdir()
    return functools.partial(listening, study(), tmp_path)


def test_a_job_that_named_its_error_is_not_told_again_and_a_killed_one_is(
    speaker, tmp_path, capsys
):
    told = speaker(*[Job(number, "plot") for number in range(3)])
    told.emit(event("run_info"))
    capsys.readouterr()
    log = tmp_path / "a.log"
    log.write_text(ERROR)
    told.emit(event("job_error", jobid=1, rule_name="plot", log=[str(log)]))
    assert capsys.readouterr().err == ""
    log.write_text("step 1\n")
    told.emit(event("job_error", jobid=0, rule_name="plot", log=[str(log)]))
    said = capsys.readouterr().err
    assert "a job of plot failed: ended without a word; was it killed?" in said
    assert f"(details in {log})" in said
    # One that ran on a cluster's node has said it there.
    told.failures.jobs[2].is_local = False
    log.write_text(ERROR)
    told.emit(event("job_error", jobid=2, rule_name="plot", log=[str(log)]))
    assert "a job of plot failed: ValueError: no" in capsys.readouterr().err
    told.stop()
    assert "stopped: 3 jobs failed; what is done is kept" in capsys.readouterr().err


def attempts(told, job, *logs):
    """What is said when a job that is tried twice more fails once for each of the logs."""
    job.restart_times = 2
    log = told.table.with_name("a.log")
    for text in logs:
        log.write_text(text)
        told.emit(event("job_error", jobid=job.jobid, log=[str(log)]))
        job.attempt += 1


@pytest.mark.parametrize("local", [True, False])
def test_a_job_that_fails_at_every_attempt_is_one_and_each_of_its_causes_is_told_once(
    speaker, tmp_path, capsys, local
):
    job = Job(0, "encode")
    job.is_local = local
    told = speaker(job)
    told.emit(event("run_info"))
    capsys.readouterr()
    attempts(told, job, "", ERROR, ERROR)
    log = f"  (details in {tmp_path / 'logs/a.log'})"
    logged = "a job of encode failed, and is tried again: ValueError: no"
    assert capsys.readouterr().err.splitlines() == [
        "default: a job of encode failed, and is tried again: " + failures.KILLED,
        log,
        *(["default: a job of encode is tried again"] if local else [f"default: {logged}", log]),
        "default: a job of encode failed once more, and is tried no more",
        log,
    ]
    told.stop()
    assert "stopped: 1 job failed" in capsys.readouterr().err


@pytest.mark.parametrize("local", [True, False])
def test_data_that_a_job_refuses_are_told_with_the_file_that_the_user_has(tmp_path, capsys, local):
    default = study()
    sources = {"mine": {"path": "my-data/p.csv"}, "mine-2": {"path": "q.csv"}, "far": {"url": "x"}}
    changed = default | {"catalogue": default["catalogue"] | {"sources": sources}}
    (tmp_path / "logs").mkdir()
    told = listening(changed, tmp_path, Job(0, "convert"))
    told.emit(event("run_info"))
    told.failures.jobs[0].is_local = local
    capsys.readouterr()
    log = tmp_path / "a.log"
    log.write_text(
        "Traceback (most recent call last):\nValueError: data/raw/mine/p.csv: line 2: no"
    )
    told.emit(event("job_error", jobid=0, rule_name="convert", log=[str(log)]))
    said = capsys.readouterr().err
    assert "data/raw/mine is a copy of my-data/p.csv: correct it there" in said
    assert "mine-2" not in said and ("a job of convert failed" in said) != local


def test_no_job_is_tried_again_once_the_run_is_asked_to_end(speaker, tmp_path, capsys):
    job = Job(0, "encode")
    told = speaker(job)
    told.emit(event("run_info"))
    told.emit(logging.makeLogRecord({"msg": terminal.ENDING + " currently running jobs."}))
    capsys.readouterr()
    attempts(told, job, "")
    assert "a job of encode failed: ended without a word" in capsys.readouterr().err


def test_a_job_that_succeeds_at_a_later_attempt_is_no_failure_at_the_end(speaker, tmp_path, capsys):
    job = Job(0, "encode")
    told = speaker(job, Job(1, "plot"))
    told.emit(event("run_info"))
    attempts(told, job, "", "")
    told.emit(event("job_finished", job_id=0))
    told.stop()
    assert "stopped: not all jobs are done" in capsys.readouterr().err


class Group:
    """Four jobs in one of a cluster, and what Snakemake says when that fails."""

    def __init__(self, speaker, folder, began):
        names = ("encode", "encode", "draw_map", "audit")
        self.jobs = [Job(number, name) for number, name in enumerate(names)]
        for job in self.jobs:
            job.is_local, job.restart_times = False, 1
        self.logs = [folder / f"logs/{number}.log" for number in range(4)]
        self.told = speaker(*self.jobs)
        self.told.emit(event("run_info"))
        self.told.failures.started = began

    def write(self, number, text, when, *, ended=False):
        """A log, as it was written at some time; ended: its job has come to its end."""
        self.logs[number].write_text(text)
        os.utime(self.logs[number], (when, when))
        if ended:
            self.logs[number].with_suffix(digests.SUFFIX).write_text("{}")

    def fail(self):
        infos = [{"jobid": n, "log": [str(log)]} for n, log in enumerate(self.logs)]
        own = ["slurm/7.log"]
        self.told.emit(event("group_error", groupid="g", aux_logs=own, job_error_info=infos))
        for info in infos:
            self.told.emit(event("job_error", rule_name="x", **info))
        for job in self.jobs:
            job.attempt += 1


def test_of_a_group_that_failed_those_are_told_and_counted_that_did(speaker, tmp_path, capsys):
    now = time.time()
    group = Group(speaker, tmp_path, began=now - 100)
    capsys.readouterr()
    group.write(0, "", now - 50, ended=True)
    group.write(1, ERROR, now - 50)
    group.write(2, "step 1", now - 50)
    group.write(3, ERROR, now - 200)  # of a run before: here it had not begun
    group.fail()
    again = "failed, and is tried again:"
    assert capsys.readouterr().err.splitlines() == [
        f"default: a job of encode {again} ValueError: no",
        f"  (details in {group.logs[1]})",
        f"default: a job of draw_map {again} {failures.KILLED}",
        f"  (details in {group.logs[2]})",
    ]
    assert group.told.failures.failed == {1, 2}
    group.write(1, "", now + 50, ended=True)
    group.write(2, ERROR, now + 50)
    group.fail()  # the last attempt; what the log of a job that had not begun says is of the first
    assert capsys.readouterr().err.splitlines() == [
        "default: a job of draw_map failed: ValueError: no",
        f"  (details in {group.logs[2]})",
    ]
    group.told.stop()
    assert "stopped: 1 job failed" in capsys.readouterr().err


def test_a_group_in_which_no_job_failed_is_told_as_one(speaker, tmp_path, capsys):
    now = time.time()
    group = Group(speaker, tmp_path, began=now - 100)
    capsys.readouterr()
    group.write(0, "", now - 50, ended=True)
    group.fail()
    assert capsys.readouterr().err.splitlines() == [
        "default: a group of jobs (audit, draw_map, encode) failed, and is tried again:"
        " ended without a word; was it killed?",
        "  (details in slurm/7.log)",
    ]
    assert len(group.told.failures.failed) == 1
    for job in group.jobs:
        group.told.emit(event("job_finished", job_id=job.jobid))
    assert not group.told.failures.failed
