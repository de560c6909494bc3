"""Studies that share a cache make a pretraining once, and another one if anything differs."""

import os
import shutil
from functools import partial
from unittest import mock

import numpy as np
import pytest

import id_sequences
import pretrain as script
from seqtransfer.files import arrow, checksums, json_tsv
from seqtransfer.training import pretraining, shared_pretrainings
from seqtransfer.training.checkpoints import Checkpoint

SETTINGS = {"steps": 4, "batch_size": 8, "learning_rate": 1e-3, "warmup": 0.1}
SETTINGS |= {"weight_decay": 0.01, "mask_rate": 0.15}
NAMES = (
    *("config.json", "encoder.json", "weights.safetensors", "head.safetensors"),
    *("history.tsv", "summary.json", "timing.json", "step-2.safetensors"),
)


@pytest.fixture
def job(tmp_path, encoder):
    """A function that runs the job in a study of a name, and gives the digests of its files."""

    def altered(width):
        if width is None:
            return encoder
        other = tmp_path / f"encoder-{width}"
        shutil.copytree(encoder, other, dirs_exist_ok=True)
        facts = json_tsv.read_json(other / "encoder.json")
        json_tsv.write_json(other / "encoder.json", facts | {"made of": width})
        return other

    def run(
        study: str, cache="cache", seed=0, code="abc", rare=0, layers=2, task="toy", keep=2,
        serves=("toy",), width=None, **settings,
    ):  # fmt: skip
        tokens, folder = tmp_path / study / "tokens", tmp_path / study / "pretrained"
        tokens.mkdir(parents=True, exist_ok=True)
        generator = np.random.default_rng(rare)
        bodies = [[2, *generator.integers(5, 11, 6), 3] for _ in range(40)]
        names = [f"e{number}" for number in range(40)]
        arrow.write_ragged(tokens / "pretrain.arrow", id_sequences.joined(bodies, [-1] * 40, names))
        facts = {"task": task, "tasks": list(serves), "symbols": list("ABCDEF"), "study": study}
        json_tsv.write_json(tokens / "task.json", facts)
        script.main(
            task=task,
            files=pretraining.CorpusFiles(tokens, altered(width), layers),
            settings=SETTINGS | settings,
            seed=seed,
            threads=1,
            memory=4000,
            folder=folder,
            kept={keep: folder / "step-2.safetensors"},
            outputs=[folder / name for name in NAMES],
            unfinished=tmp_path / study / "unfinished.safetensors",
            cache=cache and tmp_path / cache,
            code=code,
        )
        return checksums.of_files(folder)

    return run


def test_a_second_study_takes_every_file_and_trains_nothing(job, tmp_path, monkeypatch, capsys):
    first = job("one")
    assert sorted(first) == sorted(NAMES)
    (tmp_path / "two").mkdir()
    (tmp_path / "two/unfinished.safetensors").touch()  # of a run that was killed
    with monkeypatch.context() as patch:
        patch.setattr(pretraining, "pretrain", None)
        assert job("two") == first
    assert "taken from" in capsys.readouterr().out
    assert not (tmp_path / "two/unfinished.safetensors").exists()
    alone = job("three", cache=None)
    for name in ("weights.safetensors", "head.safetensors", "step-2.safetensors", "history.tsv"):
        assert alone[name] == first[name]


@pytest.mark.parametrize(
    "change",
    [
        *({"seed": 1}, {"code": "abd"}, {"rare": 1}, {"learning_rate": 2e-3}, {"mask_rate": 0.2}),
        *({"layers": 1}, {"task": "other"}, {"serves": ("toy", "other")}, {"keep": 3}),
        {"width": 16},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_changes_the_training_is_another_pretraining(job, tmp_path, change):
    job("one")
    job("two", **change)
    assert len(list((tmp_path / "cache").glob("pretrained-*"))) == 2


def test_a_seed_draws_weights_masks_and_batches(job):
    """The second pretraining of a corpus bounds how like two encoders can be."""
    first, second = job("one", cache=None), job("two", cache=None, seed=1)
    for name in ("weights.safetensors", "head.safetensors", "step-2.safetensors", "history.tsv"):
        assert first[name] != second[name]


def test_a_job_that_is_killed_while_it_shares_its_pretraining_goes_on_from_its_state(
    job, tmp_path, monkeypatch
):
    monkeypatch.setattr(script, "Checkpoint", partial(Checkpoint, seconds=0.0))
    with monkeypatch.context() as patched:
        patched.setattr(shared_pretrainings, "give", mock.Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            job("one")
    assert (tmp_path / "one/unfinished.safetensors").exists()


@pytest.mark.parametrize(
    "change",
    [
        *({"seed": 1}, {"code": "abd"}, {"rare": 1}, {"learning_rate": 2e-3}, {"layers": 1}),
        *({"keep": 3}, {"width": 16}, {"task": "other"}),
    ],
    ids=lambda change: next(iter(change)),
)
def test_no_state_of_another_pretraining_is_gone_on_from(job, monkeypatch, change):
    digests = []

    class Seen(Exception):
        """The identity is known."""

    def checkpoint(path, identity):
        digests.append(Checkpoint(path, identity | {"files": sorted(identity["files"].values())}))
        raise Seen

    monkeypatch.setattr(script, "Checkpoint", checkpoint)
    for changes in ({}, {}, change):
        with pytest.raises(Seen):
            job("one", cache=None, **changes)
    same, again, other = (seen.digest for seen in digests)
    assert same == again != other


@pytest.mark.parametrize("fault", ["altered", "lost", "no list", "garbage list", "another list"])
def test_a_damaged_one_is_named_made_anew_and_replaced(job, tmp_path, fault, capsys):
    first = job("one")
    (folder,) = (tmp_path / "cache").glob("pretrained-*")
    listed = folder / shared_pretrainings.DIGESTS
    if fault == "altered":
        (folder / "head.safetensors").write_bytes(b"?")
    elif "list" in fault and fault != "no list":
        listed.write_text({"garbage list": "{", "another list": "[]"}[fault])
    else:
        {"lost": folder / "history.tsv", "no list": listed}[fault].unlink()
    second = job("two")
    assert second["weights.safetensors"] == first["weights.safetensors"]
    assert f"{folder}: not used, " in capsys.readouterr().out
    assert {path.name for path in (tmp_path / "cache").iterdir()} == {folder.name, "unfinished"}
    assert not list((tmp_path / "cache/unfinished").iterdir())
    assert shared_pretrainings.take(folder, [tmp_path / "new" / name for name in NAMES])
    assert checksums.of_files(tmp_path / "new") == second


def test_of_two_jobs_at_once_the_faster_ones_is_kept(job, tmp_path, monkeypatch, capsys):
    slow = pretraining.pretrain

    def overtaken(*arguments, **settings):
        with monkeypatch.context() as patch:
            patch.setattr(pretraining, "pretrain", slow)
            job("fast")
        return slow(*arguments, **settings)

    with monkeypatch.context() as patch:
        patch.setattr(pretraining, "pretrain", overtaken)
        job("slow")
    (folder,) = (tmp_path / "cache").glob("pretrained-*")
    kept = checksums.of_files(folder)
    assert kept["timing.json"] == checksums.sha256(tmp_path / "fast/pretrained/timing.json")
    assert "not kept" not in capsys.readouterr().out


def test_what_a_job_that_was_killed_left_in_the_cache_is_removed_after_a_day(job, tmp_path):
    place, name = tmp_path / "cache/unfinished", f"pretrained-{'0f' * 32}"
    old, young, others = (
        place / f"{name}-a1",
        place / f"{name}-b2",
        place.parent / "unfinished-mine",
    )
    for folder in (old, young, others, place / "mine"):
        folder.mkdir(parents=True)
        if folder != young:
            os.utime(folder, (0, 0))
    job("one")
    assert not old.exists()
    assert young.exists() and others.exists() and (place / "mine").exists()


def test_a_cache_that_cannot_be_written_costs_no_result(job, tmp_path, capsys):
    (tmp_path / "cache").write_text("a file in its place")
    assert sorted(job("one")) == sorted(NAMES)
    assert "not kept in the cache" in capsys.readouterr().out
