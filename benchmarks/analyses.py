"""CPU seconds of each optimisation analysis of one model, in one thread.

    python benchmarks/analyses.py                   (5 minutes of one core)
    python benchmarks/analyses.py --sequences 100   (as a published study; half an hour)
    python benchmarks/analyses.py --layers 2        (as in the default study)

The model is MiniLM-L6 (6 layers, width 384) with random weights, on sequences of 62 ids and
batches of 16. A study analyses each run twice, before and after fine-tuning. CPU seconds count the
process alone, but other work on the machine lengthens them, too. Isometry is also timed with the
last layer computed at all positions, which it needs at one.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))
WIDTH, HEADS, INNER, ROWS, LENGTH, CLASSES = 384, 12, 1536, 64, 62, 3
BATCH, MEMORY = 16, 2 * 2**30


def main(sequences: int, batches: int, layers: int) -> None:
    import numpy as np
    import torch
    from torch.nn import functional

    from seqtransfer.analyses import arm_analysis
    from seqtransfer.encoders import bert
    from seqtransfer.training import devices
    from seqtransfer.training.classifier import Classifier, without_pooler

    class Whole(bert.Bert):
        """Computes the last layer at all positions, whatever `rows` are wanted."""

        def hidden_states(self, ids, mask, rows=None):
            *below, last = super().hidden_states(ids, mask)
            return [*below, last if rows is None else last.flatten(0, 1)[rows]]

    config = bert.Config(ROWS, WIDTH, layers, HEADS, INNER)
    generator = torch.Generator().manual_seed(0)

    def batch(size: int):
        ids = torch.randint(5, ROWS, (size, LENGTH), generator=generator)
        return ids, None, torch.randint(CLASSES, (size,), generator=generator)

    test = [batch(min(BATCH, sequences - done)) for done in range(0, sequences, BATCH)]
    rows = [row[None] for ids, *_ in test for row in ids]
    material = arm_analysis.Material(
        [(ids, LENGTH // 2) for ids in rows],
        test,
        [batch(BATCH) for _ in range(batches)],
        functional.cross_entropy,
        np.arange(5, ROWS),
    )
    state = without_pooler(bert.fresh(config, generator))

    def seconds(kind: str, family: type[bert.Bert] = bert.Bert) -> float:
        encoder = family(config, pooler=False)
        encoder.load_state_dict(state)
        model = Classifier(encoder, WIDTH, "mean", CLASSES)
        started = time.process_time()
        arm_analysis.analyse(model, [kind], material, MEMORY)
        return time.process_time() - started

    with devices.reproducible(0, threads=1):
        total = 0.0
        for kind in ("isometry", "gradient_confusion", "perturbation", "lipschitz", "mutation"):
            taken = seconds(kind)
            total += taken
            if kind == "isometry":
                whole = seconds(kind, Whole)
                print(f"{kind}: {whole:.1f} s with the whole last layer, {whole / taken:.2f} times")
            gradients = kind == "gradient_confusion"
            count, unit = (batches, "batch") if gradients else (sequences, "sequence")
            print(f"{kind:20} {taken:7.1f} s   {taken / count:.2f} s a {unit}", flush=True)
    print(f"{'together':20} {total:7.1f} s   {2 * total / 60:.1f} min before and after")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sequences", type=int, default=8)
    parser.add_argument("--batches", type=int, default=50)
    parser.add_argument("--layers", type=int, default=6)
    arguments = parser.parse_args()
    main(arguments.sequences, arguments.batches, arguments.layers)
