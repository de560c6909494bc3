"""The script `represent`: each arm's states before and after fine-tuning, in the files of these."""

from types import SimpleNamespace

import pytest
import torch
from test_representations import test_part

import attend
import represent
import represent_untrained
from seqtransfer.files import json_tsv
from seqtransfer.similarity import representations
from seqtransfer.training import classifier
from seqtransfer.training.microbatches import MicroBatch

PROBE = {"sequences": 12, "tokens": 2}
ARMS = ["text", "random"]


@pytest.fixture
def runs(sources_for):
    """Runs whose fine-tuning adds 1 to a neuron of every embedding."""
    sources = sources_for()

    def fine_tune(arm, model):
        with torch.no_grad():
            for name, weights in model.named_parameters():
                if "embeddings" in name and weights.ndim == 2:
                    weights[:, 0] += 1  # LayerNorm would undo it in all

    return SimpleNamespace(
        files=SimpleNamespace(part=lambda name: {"test": test_part(0)}[name]),
        metrics=dict.fromkeys(ARMS),
        run=lambda arm: SimpleNamespace(seed=3, task="toy", initialization=arm),
        before=lambda arm: classifier.build(arm, sources, "mean", 2),
        fine_tune=fine_tune,
    )


def written(runs, folder, **changes):
    before, after = ([folder / f"{arm}-{stage}.arrow" for arm in ARMS] for stage in ("b", "a"))
    settings = {"probe": PROBE, "dropout": [], "threads": 1} | changes
    represent.main(runs=runs, before=before, after=after, **settings)
    return {path.stem: path.read_bytes() for path in (*before, *after)}


def test_states_before_and_after_are_those_of_the_arms_model_then(runs, tmp_path):
    found = written(runs, tmp_path)
    probed = representations.probe(test_part(0), "toy", **PROBE)
    for arm in ARMS:
        model = runs.before(arm)
        for stage in ("b", "a"):
            alone = tmp_path / "alone.arrow"
            representations.write(alone, model, test_part(0), probed, "cpu", MicroBatch(64))
            assert found[f"{arm}-{stage}"] == alone.read_bytes()
            runs.fine_tune(arm, model)
    assert len(set(found.values())) == 4


def test_dropout_stays_on_in_the_arms_that_are_named_alone(runs, tmp_path):
    plain, noisy = written(runs, tmp_path), written(runs, tmp_path, dropout=["random"])
    again = written(runs, tmp_path, dropout=["random"])
    assert noisy == again
    differ = {name for name in plain if plain[name] != noisy[name]}
    assert differ == {"random-b", "random-a"}


def test_untrained_states_are_those_of_each_seed(sources_for, tmp_path, monkeypatch):
    asked = []

    def untrained(files, task, arm, seed, pretrained):
        asked.append((task, arm, seed, pretrained))
        return classifier.build(arm, sources[seed], "mean", 1)

    sources = {seed: sources_for(seed) for seed in (1, 2)}
    monkeypatch.setattr(represent_untrained.run_models, "untrained", untrained)
    states = {seed: tmp_path / f"random-{seed}.arrow" for seed in (1, 2)}
    represent_untrained.main(
        files=SimpleNamespace(part=lambda name: {"test": test_part(0)}[name]), task="toy",
        arm="random", pretrained=None, probe=PROBE, dropout=[], threads=1, states=states,
    )  # fmt: skip
    assert asked == [("toy", "random", 1, None), ("toy", "random", 2, None)]
    probed = representations.probe(test_part(0), "toy", **PROBE)
    for seed, path in states.items():
        model = classifier.build("random", sources[seed], "mean", 1)
        representations.write(
            tmp_path / "alone.arrow", model, test_part(0), probed, "cpu", MicroBatch(64)
        )
        assert path.read_bytes() == (tmp_path / "alone.arrow").read_bytes()
    assert states[1].read_bytes() != states[2].read_bytes()


def test_attention_of_a_stage_is_that_of_the_model_then(runs, tmp_path):
    """`text` changes by fine-tuning, `random` does not: only rows of `text` differ by stage."""
    added = runs.fine_tune
    runs.fine_tune = lambda arm, model: added(arm, model) if arm == "text" else None
    attend.main(
        runs=runs, pairs=[["text", "random"]], probe=PROBE, threads=1,
        attention=tmp_path / "x.tsv", task="toy", seed=3, code="0",
    )  # fmt: skip
    table = json_tsv.read_table(tmp_path / "x.tsv")
    entropy = table.groupby(["left", "right", "stage"])[["left_entropy", "right_entropy"]].mean()
    before, after = (entropy.loc[("text", "random", stage)] for stage in ("before", "after"))
    assert before["left_entropy"] != after["left_entropy"]
    assert before["right_entropy"] == after["right_entropy"]
    change = entropy.loc[("text", "text", "change")]
    assert change.tolist() == [before["left_entropy"], after["left_entropy"]]
