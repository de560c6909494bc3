"""A made-up study with arms of every kind, which has every figure of the register."""

import pytest

import synthetic
from seqtransfer.files import json_tsv
from seqtransfer.report.tables import table_files

ARMS = (
    *("text", "random", "shuffled", "domain", "moments", "re-embedded", "embeddings-only"),
    *("first-1", "layernorm-only", "from-splice", "from-zipf", "checkpoint-8", "checkpoint-64"),
)
TASKS = ("localization", "splice")


def report(folder, tasks, seeds):
    """Its tables by name, and claims."""
    extra = {arm: 0.01 * number for number, arm in enumerate(ARMS)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(synthetic, "GAIN", extra | synthetic.GAIN)
        patch.setattr(synthetic, "SPEED", extra | synthetic.SPEED)
        patch.setattr(synthetic, "CONFIG", synthetic.CONFIG | {"initializations": ARMS})
        paths = synthetic.write_study(folder, tasks=tasks, arms=ARMS, seeds=seeds)
        written = synthetic.report(folder / "report", paths)
    frames = {
        path.stem: table_files.read(path) for path in written.values() if path.suffix == ".csv"
    }
    return frames, json_tsv.read_json(written["claims"])["claims"]
