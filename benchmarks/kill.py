"""Kill a fine-tuning job at random moments; started again, it must write the same bytes.

    python benchmarks/kill.py                             (about 5 minutes on one core)
    python benchmarks/kill.py --encoder E --tokens results/default/tokens/splice --kills 20

The job is scripts/finetune.py's own `main`, short, with a checkpoint after every step. Each time it
is killed (SIGKILL) at a moment drawn uniformly from the time between its first step and its end,
then started again and left to end; all that it has written but its timing must be the bytes of an
uninterrupted job's, and nothing unfinished may be left.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
SETTINGS = {
    "steps": 12, "batch_size": 16, "warmup": 0.1, "weight_decay": 0.01, "cooldown": 0.25,
    "first_evaluation": 3, "evaluate_every": 3, "patience": 6, "adaptation": "full",
}  # fmt: skip


def job(encoder: Path, tokens: Path, folder: Path, checkpoint: Path) -> None:
    """The job, in a process of its own."""
    import finetune
    from seqtransfer.training import runs
    from seqtransfer.training.checkpoints import Checkpoint

    finetune.Checkpoint = partial(Checkpoint, seconds=0.0)
    finetune.main(
        run=runs.Run(tokens.name, "text", 0, 3e-4, "mean", 0.1),
        files=runs.TaskFiles(tokens, tokens / "maps/seed-0.npy", encoder, 2), pretrained=None,
        settings=SETTINGS, threads=1, folder=folder, unfinished=checkpoint, code="benchmark",
    )  # fmt: skip


def start(*arguments: Path) -> subprocess.Popen:
    """A job's process, at its first step: the first line of it is printed."""
    command = [sys.executable, __file__, "--job", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if line.startswith("step "):
            return process
    raise RuntimeError(f"{command} ended with {process.wait()} before its first step")


def written(folder: Path) -> dict[str, bytes]:
    """What a job has written, but for its timing."""
    files = (path for path in folder.iterdir() if path.is_file() and path.name[0] != ".")
    return {path.name: path.read_bytes() for path in files if path.name != "timing.json"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--encoder", type=Path, default=ROOT / "data/encoders/minilm-l6")
    parser.add_argument("--tokens", type=Path, default=ROOT / "results/default/tokens/splice")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--job", type=Path, nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        job(*options.job)
        return
    place = Path(tempfile.mkdtemp(prefix="kill-"))
    unfinished, moments = place / "unfinished", np.random.default_rng(0)
    arguments = (options.encoder, options.tokens)
    process = start(*arguments, place / "whole", unfinished / "run.safetensors")
    begun = time.monotonic()
    process.communicate()
    whole, duration = written(place / "whole"), time.monotonic() - begun
    if process.returncode or "weights.safetensors" not in whole:
        sys.exit(f"the uninterrupted job ended with {process.returncode}")
    print(f"uninterrupted: {duration:.1f} s from its first step, {len(whole)} files")
    kills = 0
    while kills < options.kills:
        process = start(*arguments, place / "killed", unfinished / "run.safetensors")
        moment = moments.uniform(0, duration)
        time.sleep(moment)
        process.kill()
        process.communicate()
        if process.returncode == 0:
            continue  # it had ended
        kills += 1
        process = start(*arguments, place / "killed", unfinished / "run.safetensors")
        process.communicate()
        now = written(place / "killed")
        apart = [name for name in whole | now if whole.get(name) != now.get(name)]
        left = [path.name for path in unfinished.iterdir()]
        if process.returncode or apart or left:
            sys.exit(f"kill {kills}: exit {process.returncode}, differing {apart}, left {left}")
        print(f"kill {kills}, {moment:.1f} s after the first step: the same bytes", flush=True)
        shutil.rmtree(place / "killed")
    print(f"{kills} kills: the same bytes every time")
    shutil.rmtree(place)


if __name__ == "__main__":
    main()
