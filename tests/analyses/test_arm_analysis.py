"""All arms of a task are analysed on the same material, in evaluation mode, before and after."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

import analyse
import id_sequences
import tiny_encoders
from project import ROOT
from seqtransfer.analyses import arm_analysis
from seqtransfer.analyses.arm_analysis import Material
from seqtransfer.encoders.tensor_roles import DECODERS
from seqtransfer.files import arrow, json_tsv
from seqtransfer.files.arrow import Ragged
from seqtransfer.similarity.run_models import Runs
from seqtransfer.tokens.vocabulary import CLS, SEP
from seqtransfer.training import classifier, states
from seqtransfer.training.classifier import Classifier
from seqtransfer.training.runs import TaskFiles

SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
KINDS = SCHEMA["properties"]["analyse"]["properties"]["kinds"]["items"]["enum"]


def part(n: int) -> Ragged:
    rng = np.random.default_rng(n)
    sequences = [[CLS, *rng.integers(5, 11, rng.integers(3, 9)), SEP] for _ in range(n)]
    return id_sequences.joined(sequences, np.arange(n) % 2, [f"e{i}" for i in range(n)])


@pytest.fixture
def files(tmp_path, encoder, sources_for):
    record = {"task": "toy", "kind": "classification", "classes": ["a", "b"], "metric": "mcc"}
    json_tsv.write_json(tmp_path / "task.json", record | {"symbols": list("ABCDEF")})
    for name, size in (("train", 40), ("dev", 8), ("test", 30)):
        arrow.write_ragged(tmp_path / f"{name}.arrow", part(size))
    np.save(tmp_path / "map.npy", sources_for().token_map)
    return TaskFiles(tmp_path, tmp_path / "map.npy", encoder, 2)


def material(files, **sizes) -> Material:
    return Material.of(files, "toy", "cpu", **{"sequences": 3, "train": 4, "batch_size": 8} | sizes)


def test_material_is_real_tokens_and_batches_without_a_common_example(files):
    found = material(files)
    assert len(found.probed) == 3 and len(found.train) == 4
    for ids, position in found.probed:
        assert (ids > 0).all() and ids[0, position] not in (CLS, SEP)
    assert sum(len(ids) for ids, _, _ in found.test) == 3
    rows = Counter(tuple(filter(None, row)) for ids, _, _ in found.train for row in ids.tolist())
    train = files.part("train")
    assert rows.total() == 32 and rows <= Counter(tuple(train[k].tolist()) for k in range(40))
    again = material(files)
    assert all(torch.equal(x[0], y[0]) for x, y in zip(found.train, again.train, strict=True))


def test_without_batches_asked_for_none_are_made_whatever_the_training_part(files):
    assert material(files, train=0, batch_size=64).train == []


def test_batches_are_at_most_what_the_training_part_fills(files):
    assert len(material(files, train=50).train) == 5
    with pytest.raises(ValueError, match=r"analyse\.batches: 40 training examples of toy fill 1 "):
        material(files, batch_size=32)


def test_a_model_in_training_mode_is_analysed_without_dropout(files, sources_for):
    model = classifier.build("text", sources_for(), "mean", 2)
    found = [
        arm_analysis.analyse(model.train(), KINDS, material(files), memory=1e9) for _ in range(2)
    ]
    assert repr(found[0]) == repr(found[1])
    assert {value.analysis for value in found[0]} == set(KINDS)
    assert all(np.isfinite(value.value) for value in found[0])


@pytest.mark.parametrize("family", tiny_encoders.CONFIGS)
def test_every_family_is_analysed_for_a_number_too(family, files):
    facts = {"mean": 0.5, "standard_deviation": 0.5}
    record = {"task": "toy", "kind": "regression", "metric": "spearman", "target": facts}
    json_tsv.write_json(files.record, record)
    for name in ("train", "test"):
        given = files.part(name)
        sequences = [given[row] for row in range(len(given))]
        numbers = id_sequences.joined(sequences, given.labels.astype(float), given.names)
        arrow.write_ragged(files.tokens / f"{name}.arrow", numbers)
    pooling = "last" if family in DECODERS else "first"
    model = Classifier(tiny_encoders.wrapped(family), tiny_encoders.WIDTH, pooling, 1)
    found = arm_analysis.analyse(model, KINDS, material(files), memory=1e9)
    assert {value.analysis for value in found} == set(KINDS)
    # Mutants may be nearer than another sequence, however many symbols are exchanged.
    assert all(np.isfinite(v.value) for v in found if v.quantity != "substitutions")
    parts = {value.part for value in found if value.analysis == "gradient_confusion"}
    assert parts >= {"embeddings", "encoder", "head"}


def test_classes_of_tokens_are_analysed_too(files):
    classes = {
        "task": "toy",
        "kind": "token_classification",
        "metric": "mcc",
        "classes": ["a", "b"],
    }
    json_tsv.write_json(files.record, classes)
    for name in ("train", "test"):
        given = files.part(name)
        labels = np.where(given.ids >= 5, given.ids % 2, -1).astype(np.int64)
        arrow.write_ragged(files.tokens / f"{name}.arrow", replace(given, token_labels=labels))
    model = Classifier(tiny_encoders.wrapped("bert"), tiny_encoders.WIDTH, "none", 2)
    found = arm_analysis.analyse(model, KINDS, material(files), memory=1e9)
    assert {value.analysis for value in found} == set(KINDS)
    always = [value for value in found if value.quantity != "substitutions"]  # may stay below
    assert all(np.isfinite(value.value) for value in always)


@pytest.fixture
def script(files, sources_for, tmp_path):
    """The table that the script writes of the analyses `kinds` of a run, whose first layer's
    LayerNorm gain fine-tuning has doubled; along: the weights of steps on the way."""

    def of(kinds, along=None):
        model = classifier.build("text", sources_for(), "mean", 2)
        steps = {"2": states.copied(classifier.plain_state(model))}
        with torch.no_grad():
            model.encoder.encoder["layer"][0]["output"]["LayerNorm"].weight *= 2
        steps["16"] = classifier.plain_state(model)
        classifier.write_weights(tmp_path / "weights", steps["16"])
        classifier.write_weights(tmp_path / "along", states.joined(steps))
        metrics = {"task": "toy", "initialization": "text", "seed": 0, "learning_rate": 1e-3}
        metrics |= {"pooling": "mean", "warmup": 0.1, "outputs": 2}
        json_tsv.write_json(tmp_path / "metrics.json", metrics)
        analyse.main(
            runs=Runs.of(files, ["text"], metrics=[tmp_path / "metrics.json"],
                         weights=[tmp_path / "weights"], pretrained=[]),
            arm="text",
            along=along and tmp_path / along,
            analyses={"kinds": kinds, "sequences": 2, "batches": 4, "memory": 1},
            batch_size=8,
            threads=1,
            table=tmp_path / "values.tsv",
            code="0123",
        )  # fmt: skip
        return pd.read_csv(tmp_path / "values.tsv", sep="\t")

    return of


def test_gradients_along_fine_tuning_are_those_of_the_weights_of_each_step(script):
    table = script(["gradient_confusion", "lipschitz"], "along")
    steps = table.drop_duplicates(["stage", "step"])[["stage", "step"]].to_numpy().tolist()
    assert steps[:3] == [["before", 0], ["during", 2], ["during", 16]]
    assert steps[3][0] == "after" and np.isnan(steps[3][1])
    assert set(table[table["stage"] == "during"]["analysis"]) == {"gradient_confusion"}
    gradients = table[table["analysis"] == "gradient_confusion"]
    values = [part["value"].to_numpy() for _, part in gradients.groupby(["stage", "step"],
              sort=False, dropna=False)]  # fmt: skip
    assert np.array_equal(values[0], values[1]) and np.array_equal(values[2], values[3])
    assert not np.array_equal(values[1], values[2])


def test_a_row_says_over_how_many_sequences_or_batches_it_is(script):
    table = script(["gradient_confusion", "isometry"])
    counts = table.groupby("analysis")["n"].unique().map(list).to_dict()
    assert counts == {"gradient_confusion": [4], "isometry": [2]}


def test_the_script_writes_both_stages_of_a_run(script):
    table = script(["lipschitz"])
    place = (
        (table["layer"] == 1) & (table["part"] == "feed-forward") & (table["quantity"] == "gain")
    )
    assert table[place]["stage"].tolist() == ["before", "after"]
    before, after = table[place]["value"]
    assert after == pytest.approx(2 * before, rel=1e-4)  # its inputs are the same
    assert table["task"].eq("toy").all() and table["seed"].eq(0).all()
