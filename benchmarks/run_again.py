"""A run of a finished study, trained once more under another condition; no benchmark by itself."""

import contextlib
import io
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from seqtransfer.study import defaults  # noqa: E402
from seqtransfer.training import devices, finetuning, runs  # noqa: E402

SETTINGS = ("steps", "batch_size", "patience", "cooldown", "adaptation")


def encoder(results: Path, record: dict) -> Path:
    """Folder of the encoder of a run. results: `results/{study}`; record: its `metrics.json`."""
    return results.parent.parent / "data/encoders" / record["encoder"]


def test_score(results: Path, record: dict, token_map: Path, threads: int) -> float:
    """The test score of the run of `record`, trained with the token map of a file."""
    tokens = results / "tokens" / record["task"]
    files = runs.TaskFiles(tokens, token_map, encoder(results, record), record["layers"])
    settings = defaults.read(ROOT / "config.yaml")["finetune"]
    settings |= {name: record[name] for name in SETTINGS}
    with contextlib.redirect_stdout(io.StringIO()):
        trained = runs.train(runs.Run.of(record), files, None, settings, threads)
    test, target = files.part("test"), files.target()
    with devices.reproducible(0, threads):
        answers = finetuning.predict(trained.model, test, target, device=trained.device)
    return target.score(test.labels, answers)["score"]
