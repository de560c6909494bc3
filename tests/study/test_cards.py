"""Each of several jobs at once gets a card of its own; the card of a killed one is free again."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from seqtransfer.study import cards

SCRIPTS = Path(cards.__file__).parents[2]
# A job that says which card it has, and keeps it until its input ends.
JOB = """
import os, sys
from pathlib import Path
from seqtransfer.study import cards
cards.devices = lambda: {present}
cards._unusable = lambda: ""  # whatever torch is installed
cards.take({gpus})
print(os.environ.get(cards.VISIBLE), flush=True)
sys.stdin.read()
"""


class Jobs:
    """Jobs that run until they are killed; `folder` is where the machine's scratch files are."""

    def __init__(self, folder: Path):
        self.folder, self.processes = folder, []

    def start(self, count=1, present=0, gpus=1, **environment) -> list[subprocess.Popen]:
        environment = {"PYTHONPATH": str(SCRIPTS), "TMPDIR": str(self.folder), **environment}
        command = [sys.executable, "-c", JOB.format(present=present, gpus=gpus)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        new = [subprocess.Popen(command, env=environment, **pipes) for _ in range(count)]
        self.processes += new
        return new

    def end(self):
        for process in self.processes:
            process.kill()
            process.communicate()


def card(process: subprocess.Popen) -> str:
    """The card that a job has, once it has started."""
    said = process.stdout.readline()
    return (process.stdout.readline() if said.startswith("GPU") else said).strip()


@pytest.fixture
def jobs(tmp_path):
    jobs = Jobs(tmp_path)
    yield jobs
    jobs.end()


def test_devices_are_counted_by_their_files(tmp_path):
    assert cards.devices(tmp_path) == 0
    (tmp_path / "dxg").touch()  # WSL's: the driver says how many, here that there is none
    assert cards.devices(tmp_path) == 0
    for name in ("nvidia0", "nvidia1", "nvidiactl"):
        (tmp_path / name).touch()
    assert cards.devices(tmp_path) == 2


def test_a_folder_of_places_that_another_user_made_is_refused(tmp_path, monkeypatch):
    (tmp_path / "theirs").mkdir()
    (tmp_path / f"seqtransfer-cards-{os.getuid()}").symlink_to(tmp_path / "theirs")
    monkeypatch.setattr(cards.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(cards, "devices", lambda: 1)
    monkeypatch.delenv(cards.VISIBLE, raising=False)
    with pytest.raises(ValueError, match=r"is another user's.* set TMPDIR"):
        cards.take(1)
    (tmp_path / "theirs/0.0").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        cards.place(["0"], tmp_path / "theirs")
    assert not (tmp_path / "elsewhere").exists()


def test_as_many_jobs_at_once_as_cards_have_one_each(jobs):
    assert sorted(map(card, jobs.start(8, present=8))) == list("01234567")


def test_more_jobs_than_cards_share_them_evenly(jobs):
    assert Counter(map(card, jobs.start(6, present=2))) == {"0": 3, "1": 3}


def test_the_card_of_a_killed_job_goes_to_the_next(jobs):
    running = {card(job): job for job in jobs.start(3, present=3)}
    running["1"].kill()
    running["1"].wait()
    (following,) = jobs.start(present=3)
    assert card(following) == "1"


def test_the_card_of_a_job_that_ends_goes_to_the_next(jobs):
    running = {card(job): job for job in jobs.start(2, present=2)}
    running["0"].communicate()
    (following,) = jobs.start(present=2)
    assert card(following) == "0"


def test_only_cards_that_the_user_left_visible_are_taken(jobs):
    started = jobs.start(2, present=8, CUDA_VISIBLE_DEVICES="5,GPU-0/1")
    assert {card(job) for job in started} == {"5", "GPU-0/1"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"present": 0}, "None"),
        ({"present": 4, "gpus": 0}, "None"),
        ({"present": 4, "CUDA_VISIBLE_DEVICES": ""}, ""),
    ],
)
def test_without_a_card_or_the_wish_for_one_nothing_changes(options, expected, jobs):
    (job,) = jobs.start(**options)
    assert card(job) == expected
    assert list(jobs.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, ["0", "1", "2"]),
        ({"CUDA_VISIBLE_DEVICES": "2,0"}, ["2", "0"]),
        ({"CUDA_VISIBLE_DEVICES": "1,-1,0"}, ["1"]),
        ({"CUDA_VISIBLE_DEVICES": "-1"}, []),
        ({"CUDA_VISIBLE_DEVICES": "MIG-a, MIG-b"}, ["MIG-a", "MIG-b"]),
        ({"CUDA_VISIBLE_DEVICES": "1,7,0"}, ["1"]),  # no such device; CUDA stops there, too
    ],
)
def test_the_cards_are_those_that_cuda_sees(environment, expected):
    assert cards.visible(environment, 3) == expected


@pytest.mark.parametrize("value", ["0", "GPU-8f1c"])
def test_where_there_is_no_card_none_is_seen(value):
    assert cards.visible({"CUDA_VISIBLE_DEVICES": value}, 0) == []


@pytest.fixture
def built_for(monkeypatch):
    """A function that lets torch be built for a CUDA, the driver know another, and cards be."""

    def build(torch, driver, present=0):
        monkeypatch.setattr(cards, "_cuda_of_torch", lambda: torch)
        monkeypatch.setattr(cards, "_cuda_of_driver", lambda: driver)
        monkeypatch.setattr(cards, "devices", lambda: present)

    return build


@pytest.mark.parametrize(("value", "gpus"), [("0,1", 1), ("", 0)])
def test_a_job_asks_for_one_card_where_there_is_any(value, gpus, built_for, monkeypatch):
    built_for("13.0", 13, present=2)
    monkeypatch.setenv(cards.VISIBLE, value)
    assert cards.per_job() == gpus


@pytest.mark.parametrize(
    ("torch", "driver", "said"),
    [
        (
            "13.0",
            12,
            "its driver knows CUDA 12, and torch needs 13.0: update the driver",
        ),
        ("", 13, "torch is a build for the CPU; install"),
        ("", None, "torch is a build for the CPU; install"),
        ("13.2", 13, ""),
        ("12.8", 13, ""),
        ("13.0", None, ""),  # no driver that tells
        (None, 13, ""),  # a machine that only plans
    ],
)
def test_a_card_that_torch_cannot_use_is_not_asked_for_and_that_is_said(
    torch, driver, said, built_for, monkeypatch
):
    monkeypatch.delenv(cards.VISIBLE, raising=False)
    built_for(torch, driver, present=1)
    assert cards.per_job() == (0 if said else 1)
    assert said in cards.fault() and bool(said) == bool(cards.fault())
    built_for(torch, driver, present=0)
    assert cards.fault() == ""


def test_torch_says_what_it_was_built_for_without_being_imported():
    import torch

    assert cards._cuda_of_torch() == (torch.version.cuda or "")


@pytest.mark.parametrize(
    ("torch", "driver", "said"),
    [
        ("13.0", 12, r"given GPU 7, but its driver knows CUDA 12, and torch needs 13.0: update"),
        ("", 13, r"given GPU 7, but torch is a build for the CPU; install"),
    ],
)
def test_a_job_does_not_train_on_the_processor_in_silence(
    torch, driver, said, tmp_path, built_for, monkeypatch
):
    monkeypatch.setattr(cards.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setenv(cards.VISIBLE, "7")
    built_for(torch, driver, present=8)
    cards.take(0)
    with pytest.raises(RuntimeError, match=said):
        cards.take(1)
    built_for("13.0", 13, present=8)
    cards.take(1)


def test_a_disk_that_locks_no_files_is_named(tmp_path, monkeypatch):
    def refuse(file, how):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(cards.fcntl, "flock", refuse)
    with pytest.raises(ValueError, match=r"locks no files .*set TMPDIR to a folder on a disk"):
        cards.place(["0"], tmp_path)
