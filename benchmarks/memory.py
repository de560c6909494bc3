"""Memory and time of training a large encoder: predicted, and at the peak of a process.

    python benchmarks/memory.py                  (BERT-base at 512 tokens, 16 examples a batch)
    python benchmarks/memory.py --layers 4 --width 256 --tokens 256 --ways whole 1

A BERT of random weights is fine-tuned by `finetuning.fit`, as the study does it, for two steps: in
the second, activations meet the optimizer's moments. It is scored before and after, and its state
is saved after every step. Each way runs in a process of its own:

- `whole`: the whole batch at a time, without a limit;
- a number: the micro-batch that is chosen for a grant of so many GiB;
- `recomputed`: the whole batch, each layer computed once more in the backward pass instead of kept.

Prints the micro-batch, the memory that `memory.Footprint` predicts for it, the peak of the resident
memory and their ratio, and seconds a step, of the clock and of the processor.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))
STEPS, SYMBOLS, GIB = 2, 64, 2**30


def sequences(count: int, tokens: int):
    """`count` labelled sequences of `tokens` random ids."""
    import numpy as np

    from seqtransfer.files.arrow import Ragged

    generator = np.random.default_rng(0)
    ids = generator.integers(5, SYMBOLS, count * tokens).astype(np.int32)
    labels = generator.integers(2, size=count)
    return Ragged(ids, np.arange(count + 1) * tokens, labels, np.arange(count).astype(str))


def work(way: str, layers: int, width: int, tokens: int, batch: int) -> None:
    """Train, and print what it took as JSON. way: `whole`, `recomputed`, or a grant in GiB."""
    from torch.utils.checkpoint import checkpoint

    from seqtransfer.encoders import bert
    from seqtransfer.scoring.task_kinds import Classification
    from seqtransfer.study.peak_memory import peak_memory
    from seqtransfer.training import classifier, devices, finetuning
    from seqtransfer.training.checkpoints import Checkpoint
    from seqtransfer.training.evaluations import DevWatch
    from seqtransfer.training.free_memory import free_memory
    from seqtransfer.training.memory import Footprint, Sizes
    from seqtransfer.training.steps import Schedule

    if way == "recomputed":
        bert._layer_output = partial(checkpoint, bert._layer_output, use_reentrant=False)
    heads = width // 64
    precision = devices.choose_precision("cpu")
    with devices.reproducible(0, 1), tempfile.TemporaryDirectory() as folder:
        config = bert.Config(SYMBOLS, width, layers, heads, 4 * width, max(tokens, 512))
        encoder = bert.Bert(config, pooler=False)
        encoder.dtype = devices.DTYPES[precision]
        model = classifier.Classifier(encoder, width, "mean", 2)
        parameters = sum(parameter.numel() for parameter in model.parameters())
        taken = Footprint(parameters, layers, width, heads, tokens, encoder.dtype.itemsize)
        sizes = Sizes(batch)
        if way not in ("whole", "recomputed"):
            sizes = taken.sizes(batch, free_memory("cpu", int(float(way) * GIB / 1e6)))
        started = time.process_time()
        outcome = finetuning.fit(
            model, sequences(STEPS * batch, tokens), sequences(2, tokens),
            Classification(("0", "1")), Schedule(STEPS, batch, 1e-5, 0.1, 0.01),
            watch=DevWatch(STEPS, STEPS, STEPS), seed=0, task="made-up", device="cpu",
            checkpoint=Checkpoint(Path(folder) / "state", {}, seconds=0.0), sizes=sizes,
        )  # fmt: skip
    found = {
        "precision": precision,
        "micro_batch": outcome.micro_batch,
        "predicted": taken.whole(outcome.micro_batch),
        "peak": peak_memory(),
        "seconds": outcome.seconds_training / STEPS,
        "processor": (time.process_time() - started) / STEPS,
    }
    print(json.dumps(found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--width", type=int, default=768, help="64 neurons a head")
    parser.add_argument("--tokens", type=int, default=512)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--ways", nargs="+", default=["whole", "8", "recomputed"])
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    shape = (options.layers, options.width, options.tokens, options.batch)
    if options.worker:
        work(options.worker, *shape)
        return
    for way in options.ways:
        command = [sys.executable, *sys.argv, "--worker", way]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        found = json.loads(done.stdout.splitlines()[-1])
        print(
            f"{way}: {found['micro_batch']} of {options.batch} examples at a time, predicted"
            f" {found['predicted'] / GIB:.2f} GiB, peak {found['peak'] / GIB:.2f} GiB"
            f" ({found['peak'] / found['predicted']:.2f} of it), {found['seconds']:.1f} s a step,"
            f" with scoring {found['processor']:.1f} s of a core, {found['precision']}",
            flush=True,
        )


if __name__ == "__main__":
    main()
