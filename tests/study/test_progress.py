"""Progress: weighted work done, time left in proportion, one line each time a long job ends."""

import os
import re

import pytest

from seqtransfer.study.progress import ANNOUNCED, WEIGHTS, Progress

START = 1_000_000.0


@pytest.fixture
def study(tmp_path):
    """Jobs of three rules, and a function that finishes some at a time."""
    rules = ["draw_map", "draw_map", "finetune", "finetune", "pretrain", "represent"]
    jobs = [(rule, tmp_path / f"{i}.json") for i, rule in enumerate(rules)]

    def finish(*numbers: int, at: float) -> None:
        for number in numbers:
            jobs[number][1].write_text("{}")
            os.utime(jobs[number][1], (at, at))

    return Progress(jobs, START), finish


def test_the_weights_of_all_jobs_add_up_and_other_rules_count_one(study):
    progress, finish = study
    everything = 2 + 2 * WEIGHTS["finetune"] + WEIGHTS["pretrain"] + WEIGHTS["represent"]
    assert progress.total == everything
    finish(0, 2, at=START + 10)
    progress.poll(START + 10)
    assert progress.done == 1 + WEIGHTS["finetune"]
    finish(1, 3, 4, 5, at=START + 20)
    progress.poll(START + 20)
    assert (progress.done, progress.waiting) == (everything, {})


def test_time_left_is_time_gone_in_proportion_to_the_work_left(study):
    progress, finish = study
    finish(0, 2, at=START + 400)
    line = progress.poll(START + 400)
    done, total = 1 + WEIGHTS["finetune"], progress.total
    left = 400 * (total - done) / done
    percent, gone, rest, jobs = re.fullmatch(
        r"\[ *(\d+) %\] (.+) min gone, about (.+) min left; (\d+) training jobs to go", line
    ).groups()
    assert abs(int(percent) - 100 * done / total) <= 0.5
    assert gone == "6:40"
    minutes, seconds = map(int, rest.split(":"))
    assert 60 * minutes + seconds == int(left)
    assert jobs == "2"


def test_only_the_end_of_a_training_job_prints_a_line(study):
    progress, finish = study
    assert progress.poll(START + 1) is None
    finish(0, 1, 5, at=START + 2)
    assert progress.poll(START + 2) is None
    assert progress.done == 2 + WEIGHTS["represent"]
    finish(4, at=START + 3)
    assert progress.poll(START + 3) is not None
    assert progress.poll(START + 4) is None  # once, not at every look
    assert {"finetune", "pretrain", "sweep"} == set(ANNOUNCED)


def test_a_file_older_than_the_start_does_not_count(study):
    progress, finish = study
    finish(0, 1, 2, 3, 4, 5, at=START - 1)
    assert progress.poll(START + 1) is None
    assert progress.done == 0 and len(progress.waiting) == 6
    finish(2, at=START + 2)
    assert progress.poll(START + 3).endswith("2 training jobs to go")


def test_the_last_job_ends_at_all_of_the_work_and_no_time_left(study):
    progress, finish = study
    finish(0, 1, 2, 3, 4, 5, at=START + 60)
    expected = "[100 %] 1:00 min gone, about 0:00 min left; 0 training jobs to go"
    assert progress.poll(START + 60) == expected
