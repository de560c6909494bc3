"""A run that is killed anywhere and started again ends with the weights of one that never was."""

import math
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import id_sequences
from seqtransfer.files.arrow import Ragged
from seqtransfer.scoring.task_kinds import Classification
from seqtransfer.tokens.vocabulary import CLS, SEP
from seqtransfer.training import checkpoints, classifier, devices, finetuning, states
from seqtransfer.training.checkpoints import Checkpoint
from seqtransfer.training.evaluations import DevWatch
from seqtransfer.training.steps import Schedule

TARGET = Classification(("a", "b"))
PLAN = Schedule(12, 8, 1e-3, 0.1, weight_decay=0.01, cooldown=0.2)
RUN = {"watch": DevWatch(2, 10**6, 10**6), "seed": 3, "task": "toy", "device": "cpu"}


def part(n: int, seed: int) -> Ragged:
    rng = np.random.default_rng(seed)
    sequences = [[CLS, *rng.integers(5, 11, rng.integers(2, 9)), SEP] for _ in range(n)]
    return id_sequences.joined(sequences, np.arange(n) % 2, [f"e{i}" for i in range(n)])


class Killed(Exception):
    """Stands for whatever ends a process."""


class KilledAfter(Checkpoint):
    """A checkpoint after every step, and the process's end after `steps` of them."""

    steps = 0

    def due(self) -> bool:
        return True

    def save(self, *arguments) -> None:
        super().save(*arguments)
        self.steps -= 1
        if not self.steps:
            raise Killed


def run(sources, checkpoint=None, **changes):
    with devices.reproducible(0, threads=1):
        model = classifier.build("text", sources, "first", 2)
        arguments = RUN | changes
        outcome = finetuning.fit(
            model, part(40, 0), part(20, 1), TARGET, PLAN, checkpoint=checkpoint, **arguments
        )
    return model.state_dict(), outcome


def killed_and_resumed(run, sources_for, path: Path, steps: int, device: str):
    """What `run` gives when it is killed after `steps` steps and started again."""
    checkpoint = KilledAfter(path, {"run": 1})
    checkpoint.steps = steps
    with pytest.raises(Killed):
        run(sources_for(), checkpoint)
    torch.rand(100, device=device)  # whatever the next process draws before
    return run(sources_for(), Checkpoint(path, {"run": 1}))


def same(left: dict, right: dict) -> bool:
    return all(torch.equal(tensor, right[name]) for name, tensor in left.items())


IMPATIENT = DevWatch(2, 2, 4)  # the labels are noise: after 4 steps it is known to end at 6


@pytest.mark.parametrize(
    ("steps", "watch"),
    [*((s, RUN["watch"]) for s in (1, 2, 5, 11)), *((s, IMPATIENT) for s in (3, 4, 5))],
)
def test_a_killed_run_ends_with_the_weights_of_an_uninterrupted_one(
    steps, watch, sources_for, tmp_path
):
    train = partial(run, watch=watch, groups=np.arange(20) // 5)
    expected, whole = train(sources_for())
    assert whole.plateau == (watch is IMPATIENT) == (whole.steps < PLAN.steps)
    path = tmp_path / "run.safetensors"
    state, resumed = killed_and_resumed(train, sources_for, path, steps, "cpu")
    assert same(state, expected)
    for mine, theirs in zip(resumed.history, whole.history, strict=True):
        assert mine.keys() == theirs.keys()
        assert all(np.array_equal(mine[k], theirs[k], equal_nan=True) for k in mine)
    assert (resumed.best_step, resumed.best_dev) == (whole.best_step, whole.best_dev)
    assert np.array_equal(resumed.left_out, whole.left_out, equal_nan=True)
    assert whole.seconds_before == 0 < resumed.seconds_before


@pytest.mark.parametrize("steps", [3, 5])
def test_weights_kept_on_the_way_are_those_of_their_step_and_outlive_a_kill(
    steps, sources_for, tmp_path
):
    train = partial(run, watch=IMPATIENT, keep=[2, 4, PLAN.steps])  # it ends before
    expected, whole = train(sources_for())
    assert sorted(whole.kept) == [2, 4]
    assert same(expected, run(sources_for(), watch=IMPATIENT)[0])
    checkpoint = KilledAfter(tmp_path / "run.safetensors", {"run": 1})
    checkpoint.steps = 4
    with pytest.raises(Killed):
        run(sources_for(), checkpoint, watch=IMPATIENT)
    saved = states.parted(load_file(checkpoint.path))["model"]
    model = classifier.build("text", sources_for(), "first", 2)
    classifier.load(model, whole.kept[4])
    assert same(model.state_dict(), saved)
    path = tmp_path / "again.safetensors"
    _, resumed = killed_and_resumed(train, sources_for, path, steps, "cpu")
    assert sorted(resumed.kept) == [2, 4]
    assert all(same(resumed.kept[step], whole.kept[step]) for step in (2, 4))


def test_going_on_starts_at_the_step_after_the_checkpoint(sources_for, tmp_path, capsys):
    checkpoint = KilledAfter(tmp_path / "run.safetensors", {})
    checkpoint.steps = 5
    with pytest.raises(Killed):
        run(sources_for(), checkpoint)
    capsys.readouterr()
    run(sources_for(), Checkpoint(tmp_path / "run.safetensors", {}))
    printed = capsys.readouterr().out
    assert "step 5: goes on from" in printed
    assert "step     4/12" not in printed and "step     8/12" in printed


@pytest.mark.parametrize("fault", ["other run", "cut short", "one byte", "not safetensors"])
def test_a_checkpoint_of_another_run_or_a_damaged_one_is_not_gone_on_from(
    fault, sources_for, tmp_path, capsys
):
    path = tmp_path / "run.safetensors"
    checkpoint = KilledAfter(path, {"seed": 1})
    checkpoint.steps = 3
    with pytest.raises(Killed):
        run(sources_for(), checkpoint)
    if fault == "cut short":
        path.write_bytes(path.read_bytes()[:-1000])
    elif fault == "one byte":
        content = bytearray(path.read_bytes())
        content[-1000] ^= 1
        path.write_bytes(content)
    elif fault == "not safetensors":
        path.write_bytes(b"\x80\x04pickle")
    identity = {"seed": 2 if fault == "other run" else 1}
    expected, _ = run(sources_for())
    state, outcome = run(sources_for(), Checkpoint(path, identity))
    assert same(state, expected)
    assert outcome.history[0]["step"] == 0
    assert str(path) in capsys.readouterr().out


@pytest.mark.parametrize("error", [OSError(116, "Stale file handle"), MemoryError()])
def test_a_state_that_cannot_be_read_now_is_kept_for_the_next_attempt(
    error, sources_for, tmp_path, monkeypatch
):
    expected, _ = run(sources_for())
    path = tmp_path / "run.safetensors"
    checkpoint = KilledAfter(path, {})
    checkpoint.steps = 5
    with pytest.raises(Killed):
        run(sources_for(), checkpoint)
    content = path.read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(checkpoints, "safe_open", mock.Mock(side_effect=error))
        with pytest.raises(type(error)):
            run(sources_for(), Checkpoint(path, {}))
    assert path.read_bytes() == content
    assert same(run(sources_for(), Checkpoint(path, {}))[0], expected)


def test_a_run_that_diverges_while_it_cools_down_has_not_reached_a_plateau(
    sources_for, monkeypatch
):
    monkeypatch.setattr(finetuning.FineTuning, "usable", lambda self, loss: not self.update.end)
    _, outcome = run(sources_for(), watch=IMPATIENT)
    assert outcome.diverged and not outcome.plateau and outcome.steps < PLAN.steps


def test_the_loss_explodes_when_it_is_a_hundred_times_the_first(sources_for, monkeypatch):
    monkeypatch.setattr(finetuning, "EXPLOSION", 1e-3)
    _, outcome = run(sources_for())
    assert outcome.diverged and math.isnan(outcome.history[1]["train_loss"])
    assert math.isfinite(outcome.best_dev["loss"])


def test_contents_tell_files_apart(tmp_path):
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_text("one")
    second.write_text("two")
    before = checkpoints.file_digests([first, second])
    second.write_text("tow")
    after = checkpoints.file_digests([first, second])
    assert before[str(first)] == after[str(first)] and before[str(second)] != after[str(second)]


CHILD = """
import sys
from pathlib import Path
import torch
import test_checkpoints as t
from seqtransfer.training import classifier
import numpy as np
encoder, path, out = map(Path, sys.argv[1:])
sources = classifier.WeightSources(encoder, 2, np.arange(11), None, None, 3, "toy")
t.PLAN = t.Schedule(150, 8, 1e-3, 0.1, weight_decay=0.01)
state, _ = t.run(sources, t.Checkpoint(path, {}, seconds=0.0) if path.name != "none" else None)
torch.save(state, out)
"""


def test_a_process_killed_at_random_moments_ends_with_the_same_weights(encoder, tmp_path):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}

    def start(path: Path, out: Path) -> subprocess.Popen:
        command = [sys.executable, "-c", CHILD, encoder, path, out]
        return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)

    assert start(tmp_path / "none", tmp_path / "whole.pt").wait() == 0
    kills, moments, path = 0, np.random.default_rng(0), tmp_path / "run.safetensors"
    while not (tmp_path / "killed.pt").exists():
        process = start(path, tmp_path / "killed.pt")
        while process.poll() is None and not path.exists():
            time.sleep(0.01)
        time.sleep(moments.uniform(0, 0.5))
        if kills < 3 and process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.wait()
        assert kills < 3 or process.returncode in (0, -signal.SIGKILL)
    assert kills > 0
    expected, state = (
        torch.load(tmp_path / f"{n}.pt", weights_only=True) for n in ("whole", "killed")
    )
    assert same(state, expected)


def test_nothing_half_written_outlives_the_run(tmp_path):
    (tmp_path / ".run.123.partial.safetensors").write_bytes(b"x")
    (tmp_path / ".other.123.partial.safetensors").write_bytes(b"x")
    (tmp_path / "run.safetensors").write_bytes(b"x")
    Checkpoint(tmp_path / "run.safetensors", {}).remove()
    assert [path.name for path in tmp_path.iterdir()] == [".other.123.partial.safetensors"]


def test_saving_takes_a_twentieth_of_the_time_at_most(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(checkpoints.time, "monotonic", lambda: now[0])
    slow = Checkpoint(tmp_path / "slow", {}, _last=0.0, _took=12.0)
    quick = Checkpoint(tmp_path / "quick", {}, _last=0.0, _took=0.5)
    always = Checkpoint(tmp_path / "always", {}, seconds=0.0, _last=0.0, _took=12.0)
    due = []
    for now[0] in (1.0, 59.0, 61.0, 239.0, 241.0):
        due.append((slow.due(), quick.due(), always.due()))
    slows, quicks, alwayses = zip(*due, strict=True)
    assert slows == (False, False, False, False, True)
    assert quicks == (False, False, True, True, True)
    assert all(alwayses)
