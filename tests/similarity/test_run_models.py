"""The models of runs: which weights belong to which arm."""

from pathlib import Path

import numpy as np
import pytest
import torch

from seqtransfer.files import json_tsv
from seqtransfer.similarity.run_models import Runs, untrained
from seqtransfer.tokens.vocabulary import Vocabulary
from seqtransfer.training import classifier
from seqtransfer.training.runs import TaskFiles

FILES = TaskFiles(Path("tokens"), Path("map"), Path("encoder"), 2)
ARMS = ["text", "domain", "random", "from-zipf"]


def runs(pretrained):
    paths = {name: [f"{arm}/{name}" for arm in ARMS] for name in ("metrics", "weights")}
    return Runs.of(FILES, ARMS, **paths, pretrained=pretrained)


def test_pretrained_weights_go_to_the_arms_that_do_not_start_from_the_text_encoder():
    found = runs(["domain.safetensors", "zipf.safetensors"])
    assert found.pretrained == {
        "domain": Path("domain.safetensors"), "from-zipf": Path("zipf.safetensors")
    }  # fmt: skip
    assert found.weights["random"] == Path("random/weights")


def test_a_missing_file_is_refused():
    with pytest.raises(ValueError, match="shorter"):
        runs(["domain.safetensors"])


def test_an_untrained_model_is_that_of_its_arm_and_seed(tmp_path, encoder, sources_for):
    record = {"task": "toy", "kind": "classification", "classes": ["a", "b"], "metric": "mcc"}
    json_tsv.write_json(tmp_path / "task.json", record | {"symbols": list("ABCDEF")})
    np.save(tmp_path / "map.npy", sources_for().token_map)
    files = TaskFiles(tmp_path, tmp_path / "map.npy", encoder, 2)

    def of(arm, seed, pretrained=None):
        return untrained(files, "toy", arm, seed, pretrained).state_dict()

    def alike(one, other):
        return all(torch.equal(one[name], other[name]) for name in one if "encoder" in name)

    assert alike(of("random", 1), of("random", 1)) and not alike(of("random", 1), of("random", 2))
    # Both start from the text encoder's layers; their rows of embeddings are the map's.
    assert alike(of("text", 1), of("text", 2)) and not alike(of("text", 1), of("random", 1))
    first = untrained(files, "toy", "random", 3, None)
    classifier.save(first.encoder.plain_state(), sources_for().record(), tmp_path)
    symbols = Vocabulary.of("ABCDEF").ids()
    json_tsv.write_json(tmp_path / "encoder.json", {"name": "toy", "symbols": symbols})
    found = of("domain", 5, tmp_path / "weights.safetensors")
    layers = [name for name in found if ".layer." in name]
    assert layers and all(torch.equal(found[name], first.state_dict()[name]) for name in layers)
