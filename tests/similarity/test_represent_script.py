"""The script `represent`: each arm's states before and after fine-tuning, in the files of these."""

from types import SimpleNamespace

import pytest
import torch
from test_representations import test_part

import represent
from seqtransfer.similarity import representations
from seqtransfer.training import classifier
from seqtransfer.training.microbatches import MicroBatch

PROBE = {"sequences": 12, "tokens": 2}
ARMS = ["text", "random"]


@pytest.fixture
def runs(sources_for):
    """Runs whose fine-tuning adds 1 to every embedding."""
    sources = sources_for()

    def fine_tune(arm, model):
        with torch.no_grad():
            for name, weights in model.named_parameters():
                if "embeddings" in name and weights.ndim == 2:
                    weights += 1

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
