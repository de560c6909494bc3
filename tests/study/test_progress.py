"""Progress: what is left follows from the jobs left, at the speed of those that are done."""

import re

import pytest
from test_estimate import MINILM, study

from seqtransfer.study.estimates import costs
from seqtransfer.study.estimates.costs import Job
from seqtransfer.study.estimates.durations import Durations
from seqtransfer.study.estimates.estimate import Machine
from seqtransfer.study.estimates.progress import Progress

START = 1_000_000.0


@pytest.fixture(scope="module")
def default():
    return study()


def progress(default, number=10, cores=1):
    jobs = [Job(n, "finetune", {"task": "splice"}) for n in range(number)]
    return Progress(jobs, default, MINILM, Durations(), Machine(cores, None), START)


def left(line):
    """Minutes left, least and most."""
    found = re.search(r"(\d+)(?: to (\d+))? min left", line)
    return int(found[1]), int(found[2] or found[1])


def run(told, numbers, took, now):
    """Run jobs one after the other, each for `took` seconds; the time afterwards."""
    for number in numbers:
        told.start(number, now)
        now += took
        told.finish(number, now, took, costs.SHARES[1])
    return now


@pytest.mark.parametrize("took", [60, 180, 900])
def test_time_left_is_what_the_jobs_so_far_took_whatever_was_expected(default, took):
    told = progress(default)
    now = run(told, range(5), took, START)
    line = told.line(now)
    least, most = left(line)
    assert least <= 5 * took / 60 <= most
    assert "5 of 10 jobs" in line
    assert abs(int(re.search(r"(\d+) %", line)[1]) - 50) <= 1


def test_a_job_that_runs_counts_for_the_time_that_it_has_run(default):
    told = progress(default)
    now = run(told, range(5), 600, START)
    told.start(5, now)
    before, after = left(told.line(now)), left(told.line(now + 300))
    assert before[0] - after[0] == pytest.approx(5, abs=1)
    # However long it takes, it is one job that is not done, and costs no time below zero.
    assert left(told.line(now + 86_400))[1] <= left(told.line(now + 600))[1]


def test_a_failed_job_is_not_done(default):
    told = progress(default, number=2)
    told.start(0, START)
    told.fail(0)
    assert "0 of 2 jobs" in told.line(START + 60)


def test_the_last_job_ends_at_all_of_the_work_and_no_time_left(default):
    told = progress(default, number=3)
    line = told.line(run(told, range(3), 120, START))
    assert line == "[100 %] 3 of 3 jobs, 6 min gone, less than 1 min left"


def test_a_rule_without_a_cost_teaches_nothing(default):
    told = Progress([Job(0, "verify", {})], default, MINILM, Durations(), Machine(1, None), START)
    told.start(0, START)
    assert told.finish(0, START + 5) is None
    assert told.known.known == []


def test_a_job_that_others_did_part_of_teaches_nothing(default):
    told = progress(default, number=2)
    assert told.finish(0, START, seconds=20.0, spent=300.0) is None
    assert told.known.known == []
    assert told.finish(1, START, seconds=301.0, spent=300.0).seconds == 301.0


@pytest.mark.parametrize("slots", [2, 5])
@pytest.mark.parametrize("allowed", [100, None])
def test_jobs_that_wait_in_a_queue_are_not_taken_for_running(default, slots, allowed):
    """A cluster that takes all jobs at once and runs a few: what is left is known all the same."""
    took, jobs = 300.0, [Job(n, "finetune", {"task": "splice"}) for n in range(60)]
    machine = Machine(allowed, None)
    told = Progress(jobs, default, MINILM, Durations(), machine, START, queued=True)
    for job in jobs:
        told.start(job.number, START)
    rounds = len(jobs) // slots
    for done in range(1, rounds):
        now = START + done * took
        for number in range((done - 1) * slots, done * slots):
            told.finish(number, now, took, costs.SHARES[1])
        line, truth = told.line(now), (rounds - done) * took / 60
        least, most = left(line)
        assert least <= truth + 1 and truth - 1 <= most < 3 * truth + 5
        assert abs(int(re.search(r"(\d+) %", line)[1]) - 100 * done / rounds) <= 15


def test_a_job_of_a_cluster_without_a_time_of_its_own_teaches_nothing(default):
    told = Progress(
        [Job(0, "finetune", {"task": "splice"})],
        default, MINILM, Durations(), Machine(9, None), START, queued=True,
    )  # fmt: skip
    told.start(0, START)
    assert told.finish(0, START + 900) is None
    assert told.known.known == []
