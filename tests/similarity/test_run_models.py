"""The models of runs: which weights belong to which arm."""

from pathlib import Path

import pytest

from seqtransfer.similarity.run_models import Runs
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
