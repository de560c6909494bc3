"""A run finds its settings and trains by them; what was begun goes on only as it was."""

import json
import math
import shutil
import weakref
from functools import partial
from importlib import metadata

import numpy as np
import pandas as pd
import pytest
import torch

import id_sequences
import sweep
from seqtransfer.encoders.controls import CONTROLS
from seqtransfer.files import arrow, json_tsv
from seqtransfer.files.arrow import Ragged
from seqtransfer.report.tables import run_tables
from seqtransfer.scoring.task_kinds import Classification
from seqtransfer.tokens.vocabulary import CLS, SEP, Vocabulary
from seqtransfer.training import classifier, devices, runs, settings_choice
from seqtransfer.training.checkpoints import Checkpoint

SETTINGS = {
    "steps": 4,
    "batch_size": 8,
    "warmup": 0.25,
    "weight_decay": 0.01,
    "cooldown": 0.5,
    "first_evaluation": 2,
    "evaluate_every": 2,
    "patience": 4,
    "settings": "sweep",
    "adaptation": "full",
}


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "settings.tsv"
    rows = [
        {"task": "splice", "initialization": "text", "learning_rate": 3e-4, "pooling": "mean"},
        {"task": "splice", "initialization": "random", "learning_rate": 1e-3, "pooling": "first"},
        {"task": "twice", "initialization": "text", "learning_rate": 1e-3, "pooling": "first"},
        {"task": "twice", "initialization": "text", "learning_rate": 1e-4, "pooling": "first"},
    ]
    json_tsv.write_table(path, pd.DataFrame(rows))
    return path


def test_a_run_has_the_settings_of_its_arm(table):
    run = runs.with_settings(table, task="splice", initialization="random", seed=2, warmup=0.06)
    assert run == runs.Run("splice", "random", 2, 1e-3, "first", warmup=0.06)


def test_a_warm_up_in_the_table_wins_over_the_studys(table):
    json_tsv.write_table(table, json_tsv.read_table(table).assign(warmup=[0.2, 0.0, 0.1, 0.1]))
    for arm, warmup in (("text", 0.2), ("random", 0.0)):
        run = runs.with_settings(table, task="splice", initialization=arm, seed=0, warmup=0.06)
        assert run.warmup == warmup


@pytest.mark.parametrize(("task", "arm", "rows"), [("splice", "domain", 0), ("twice", "text", 2)])
def test_an_arm_without_exactly_one_row_is_refused_with_the_table_and_the_remedy(
    table, task, arm, rows
):
    message = rf"settings\.tsv has {rows} rows for task '{task}', initialization '{arm}'.*sweep"
    with pytest.raises(ValueError, match=message):
        runs.with_settings(table, task=task, initialization=arm, seed=0, warmup=0.1)


def test_a_table_without_a_needed_column_is_refused_by_name(tmp_path):
    json_tsv.write_table(tmp_path / "s.tsv", pd.DataFrame({"task": ["splice"]}))
    with pytest.raises(ValueError, match=r"s\.tsv: no column 'initialization'"):
        runs.with_settings(
            tmp_path / "s.tsv", task="splice", initialization="text", seed=0, warmup=0.1
        )


def test_predictions_have_a_row_an_example_in_order_with_all_probabilities():
    part = id_sequences.joined([[1, 2]] * 3, [2, 0, 1], ["x", "y", "z"])
    probabilities = np.array([[0.2, 0.1, 0.7], [0.1, 0.6, 0.3], [0.2, 0.5, 0.3]])
    table = pd.DataFrame(runs.predictions(part, probabilities, Classification(("IE", "EI", "N"))))
    assert table.columns.tolist() == ["id", "unit", "label", "prediction", "p_IE", "p_EI", "p_N"]
    assert table.id.tolist() == ["x", "y", "z"]
    assert table.label.tolist() == ["N", "IE", "EI"]
    assert table.prediction.tolist() == ["N", "EI", "EI"]
    assert np.array_equal(table[["p_IE", "p_EI", "p_N"]].to_numpy(), probabilities)


def part_of(n: int, seed: int) -> Ragged:
    rng = np.random.default_rng(seed)
    sequences = [[CLS, *rng.integers(5, 11, rng.integers(2, 9)), SEP] for _ in range(n)]
    return id_sequences.joined(sequences, np.arange(n) % 2, [f"e{i}" for i in range(n)])


CLASSES = {"kind": "classification", "classes": ["a", "b"], "metric": "mcc"}


def files_of(folder, encoder, sources, parts=None):
    """The files of a task with `parts` (train and dev by default) and the sources' token map."""
    for name, part in (parts or {"train": part_of(24, 0), "dev": part_of(12, 1)}).items():
        arrow.write_ragged(folder / f"{name}.arrow", part)
    json_tsv.write_json(folder / "task.json", CLASSES | {"symbols": list("ABCDEF")})
    np.save(folder / "map.npy", sources.token_map)
    return runs.TaskFiles(folder, folder / "map.npy", encoder, 2)


def test_a_point_trains_by_its_settings_from_its_token_map(tmp_path, encoder, sources_for):
    files = files_of(tmp_path, encoder, sources_for(3))
    run = runs.Run("toy", "text", 3, 1e-3, "first", 0.25)
    sources = run.sources(files, None)
    assert np.array_equal(sources.token_map, sources_for(3).token_map)
    assert (sources.seed, sources.task, sources.layers) == (3, "toy", 2)
    target = Classification(("a", "b"))
    assert files.target() == target
    arguments = (run, files, None, SETTINGS, 1)
    first, second = runs.train(*arguments), runs.train(*arguments)
    assert [row["step"] for row in first.outcome.history] == [0, 2, 4]
    assert first.model.pooling == "first"
    assert (first.device, first.precision) == (
        devices.choose_device(),
        devices.choose_precision(devices.choose_device()),
    )
    state = second.model.state_dict()
    assert all(torch.equal(t, state[name]) for name, t in first.model.state_dict().items())
    record = runs.metrics(run, first, SETTINGS, target)
    json.dumps(record, allow_nan=False)
    assert (record["task"], record["initialization"], record["seed"]) == ("toy", "text", 3)
    assert (record["steps"], record["batch_size"], record["diverged"]) == (4, 8, False)
    assert (record["warmup"], record["adaptation"]) == (0.25, "full")
    assert (record["encoder"], record["layers"]) == (encoder.name, 2)
    assert (record["train_n"], record["max_tokens"]) == (24, files.part("train").lengths.max())
    assert (record["steps_taken"], record["plateau"]) == (4, False)
    assert record["dev"]["score"] == max(row["dev_score"] for row in first.outcome.history)
    record |= {"provenance": {"code": "0123"}, "history": first.outcome.history}
    swept = settings_choice.swept([record, record | {"seed": 4}])
    assert swept.seed.tolist() == [3, 4]
    assert swept.dev_score.tolist() == [record["dev"]["score"]] * 2
    curve = pd.DataFrame(first.outcome.history).assign(**run.key)
    table = run_tables.convergence(curve)
    for name in ("best", "relative"):
        np.testing.assert_array_equal(swept[name], np.repeat(table[name], 2))
    later = settings_choice.swept([record | {"history": first.outcome.history[1:]}])
    assert later[["best", "relative"]].isna().all(axis=None)  # of code that did not keep step 0
    assert settings_choice.choose(swept).runs.tolist() == [2]


def test_a_killed_sweep_goes_on_from_the_state_of_each_candidate(
    tmp_path, encoder, sources_for, monkeypatch
):
    files = files_of(tmp_path, encoder, sources_for(3))
    candidates = [runs.Run("toy", "text", 3, 1e-3, pooling, 0.25) for pooling in ("mean", "first")]
    monkeypatch.setattr(runs, "Checkpoint", partial(Checkpoint, seconds=0.0))
    folder = tmp_path / "unfinished"
    folder.mkdir()

    def swept(name, until=math.inf):
        begun = []

        def train(run, *rest):
            begun.append(run)
            trained = plain(run, *rest)
            if len(begun) > until:
                raise KeyboardInterrupt
            return trained

        monkeypatch.setattr(runs, "train", train)
        sweep.main(
            candidates=candidates, files=files, pretrained=None, settings=SETTINGS, threads=1,
            records=tmp_path / f"{name}.json", unfinished=folder / "sweep.toy", code="0123",
            memory=8000,
        )  # fmt: skip
        return json_tsv.read_json(tmp_path / f"{name}.json")

    plain = runs.train
    with pytest.raises(KeyboardInterrupt):
        swept("killed", until=1)
    left = sorted(path.name for path in folder.iterdir())
    assert left == ["sweep.toy.first.0.25.safetensors", "sweep.toy.mean.0.25.safetensors"]
    again = swept("killed")
    assert list(folder.iterdir()) == [] and again == swept("whole")


def test_candidates_of_a_sweep_take_turns_in_memory(tmp_path, encoder, sources_for, monkeypatch):
    files = files_of(tmp_path, encoder, sources_for(3))
    models, alive, plain = [], [], runs.train

    def train(run, *rest):
        alive.append([model() for model in models if model() is not None])
        trained = plain(run, *rest)
        models.append(weakref.ref(trained.model))
        return trained

    monkeypatch.setattr(runs, "train", train)
    sweep.main(
        candidates=[runs.Run("toy", "text", 3, 1e-3, pooling, 0.25) for pooling in ("mean", "max")],
        files=files, pretrained=None, settings=SETTINGS, threads=1, memory=8000,
        records=tmp_path / "records.json", unfinished=tmp_path / "sweep.toy", code="0123",
    )  # fmt: skip
    assert alive == [[], []]


CHANGES = [
    *({"run": {name: value}} for name, value in (
        ("task", "other"), ("initialization", "random"), ("seed", 4), ("learning_rate", 2e-3),
        ("pooling", "max"), ("warmup", 0.5),
    )),
    *({"settings": SETTINGS | {"steps": 5}}, {"threads": 2}, {"code": "0124"}, {"keep": [2]}),
    {"layers": 1},
    *({"file": name} for name in ("train", "dev", "task", "map", "encoder", "weights", "symbols")),
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_no_state_of_another_run_is_gone_on_from(change, tmp_path, encoder, sources_for):
    own = tmp_path / "encoder"
    shutil.copytree(encoder, own)
    files = files_of(tmp_path, own, sources_for(3))
    pretrained = tmp_path / "pretrained/weights.safetensors"
    pretrained.parent.mkdir()
    for path in (pretrained, pretrained.parent / "encoder.json"):
        path.write_bytes(b"weights or symbols")
    places = {name: files.tokens / f"{name}.arrow" for name in ("train", "dev")}
    places |= {"task": files.record, "map": files.token_map, "encoder": own / "encoder.json"}
    places |= {"weights": pretrained, "symbols": pretrained.parent / "encoder.json"}

    def digest(path="state", run=None, settings=SETTINGS, threads=1, code="0123", keep=(), **other):
        point = {"task": "toy", "initialization": "from-x", "seed": 3, "learning_rate": 1e-3}
        point |= {"pooling": "mean", "warmup": 0.25}
        of = runs.TaskFiles(files.tokens, files.token_map, files.encoder, other.get("layers", 2))
        run = runs.Run(**point | (run or {}))
        return runs.checkpoint_of(
            run, of, pretrained, settings, threads, code, tmp_path / path, keep
        ).digest

    first = digest()
    assert digest(path="elsewhere") == first
    if "file" in change:
        path = places[change["file"]]
        path.write_bytes(path.read_bytes() + b" ")
        assert digest() != first
    else:
        assert digest(**change) != first


@pytest.mark.parametrize("library", ["torch", "transformers", "peft"])
def test_no_state_of_other_versions_is_gone_on_from(
    library, tmp_path, encoder, sources_for, monkeypatch
):
    files = files_of(tmp_path, encoder, sources_for(3))
    run = runs.Run("toy", "text", 3, 1e-3, "mean", 0.25)

    def digest():
        return runs.checkpoint_of(run, files, None, SETTINGS, 1, "0123", tmp_path / "state").digest

    installed, version = digest(), metadata.version
    assert digest() == installed
    monkeypatch.setattr(
        metadata, "version", lambda name: "0.1" if name == library else version(name)
    )
    assert digest() != installed


@pytest.mark.parametrize("name", CONTROLS)
def test_a_control_is_trained_as_an_arm_is_and_repeats_bit_for_bit(
    name, tmp_path, encoder, sources_for
):
    files, pooling = files_of(tmp_path, encoder, sources_for(0)), CONTROLS[name].pooling
    run = runs.Run("toy", name, 3, 1e-2, pooling, 0.25)
    first, second = (runs.train(run, files, None, SETTINGS, 1) for _ in range(2))
    state = second.model.state_dict()
    assert all(torch.equal(t, state[key]) for key, t in first.model.state_dict().items())
    fresh = classifier.build(name, run.sources(files, None), pooling, 2).state_dict()
    if first.outcome.best_step:
        assert all(not torch.equal(t, fresh[key]) for key, t in state.items())
    assert [row["step"] for row in first.outcome.history] == [0, 2, 4]
    record = runs.metrics(run, first, SETTINGS, files.target())
    assert (record["initialization"], record["pooling"]) == (name, pooling)
    sizes = {"vocabulary": 11, "width": 32, "positions": 40}
    assert classifier.architecture(name, run.sources(files, None)) == {"control": name} | sizes
    with pytest.raises(ValueError, match=f"control '{name}': pooling 'first' is not its own"):
        classifier.build(name, run.sources(files, None), "first", 2)


def test_the_warm_up_that_counts_is_the_points(tmp_path, encoder, sources_for):
    files = files_of(tmp_path, encoder, sources_for(0))

    def losses(warmup, settings):
        run = runs.Run("toy", "text", 0, 1e-2, "mean", warmup)
        trained = runs.train(run, files, None, settings, 1)
        return [row["dev_loss"] for row in trained.outcome.history]

    short = losses(0.25, SETTINGS)
    assert losses(0.25, SETTINGS | {"warmup": 1.0}) == short
    assert losses(1.0, SETTINGS) != short


def test_the_step_0_of_a_point_is_the_classifier_that_its_name_builds(
    tmp_path, encoder, sources_for
):
    files = files_of(tmp_path, encoder, sources_for(0))
    run = runs.Run("toy", "random", 0, 0.0, "mean", 0.25)  # at rate 0 training changes nothing
    trained = runs.train(run, files, None, SETTINGS, 1)
    built = classifier.build("random", run.sources(files, None), "mean", 2).state_dict()
    assert all(torch.equal(t, built[name]) for name, t in trained.model.state_dict().items())


def test_a_point_borrows_the_rows_that_its_name_says_drawn_by_its_seed_and_corpus(
    tmp_path, encoder, sources_for
):
    files = files_of(tmp_path, encoder, sources_for(0))
    known = Vocabulary(tuple("BCDEFGHIJ")).ids()
    json_tsv.write_json(tmp_path / "there/encoder.json", {"name": "other", "symbols": known})

    def borrowed(arm, seed=0, task="toy"):
        run = runs.Run(task, arm, seed, 1e-3, "mean", 0.1)
        weights = tmp_path / "there/step-4.safetensors"
        sources = run.sources(files, weights)
        assert sources.pretrained == weights
        return sources.borrowed.tolist()

    by_name = [0, 1, 2, 3, 4, -1, 5, 6, 7, 8, 9]
    assert borrowed("domain") == borrowed("checkpoint-4", seed=1) == by_name
    drawn = borrowed("from-other")
    assert drawn == borrowed("from-other") and min(drawn) == 0 and len(set(drawn)) == 11
    assert len({tuple(drawn), tuple(borrowed("from-other", seed=1)), tuple(borrowed("from-x")),
                tuple(borrowed("from-other", task="t"))}) == 4  # fmt: skip


def test_sequences_that_the_encoder_has_no_positions_for_are_refused(
    tmp_path, encoder, sources_for
):
    run = runs.Run("toy", "text", 0, 1e-3, "mean", 0.1)
    long = id_sequences.joined([[CLS, *[5] * 50, SEP]] * 8, [0, 1] * 4, list("abcdefgh"))
    files = files_of(tmp_path, encoder, sources_for(0), {"train": long, "dev": long})
    with pytest.raises(ValueError, match=r"toy: sequences of 52 tokens.* 40 positions; lower max_"):
        runs.train(run, files, None, SETTINGS, 1)
