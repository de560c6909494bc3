"""Seconds of one fine-tuning step of the default study, choices side by side, run alternately.

    python benchmarks/step.py            (about 5 minutes on 2 cores; keep the machine idle)

Each line is one choice against its alternative: the median over rounds of seconds per step that a
machine with two cores achieves (two 1-thread jobs at once count half their step time), and the
ratio of the two. The step is the study's own: `training.step_with` on `models.Classifier`, MiniLM's
shape with 3 layers, 16 sequences of 62 tokens, 64 ids, random weights.
"""

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROUNDS, WARMUP, STEPS = 3, 4, 16
STUDY = {"threads": 1, "jobs": 2, "precision": "bfloat16", "attention": "eager", "dropout": 0.0}
CHOICES = {
    "two 1-thread jobs / one 2-thread job": {"threads": 2, "jobs": 1},
    "bfloat16 / float32": {"precision": "float32"},
    "attention dropout off, eager / on, sdpa": {"attention": "sdpa", "dropout": 0.1},
    "eager / sdpa attention, both without dropout": {"attention": "sdpa"},
    "ids in use / all 30,522 rows of the embedding": {"vocabulary": 30522},
}


def seconds_per_step(choice: dict) -> float:
    """Start the choice's jobs at once; seconds per step of the machine, not of one job."""
    options = [f"--{key}={value}" for key, value in choice.items() if key != "jobs"]
    jobs = [
        subprocess.Popen([sys.executable, __file__, *options], stdout=subprocess.PIPE, text=True)
        for _ in range(choice["jobs"])
    ]
    return statistics.mean(float(job.communicate()[0]) for job in jobs) / len(jobs)


def measure(threads: int, precision: str, attention: str, dropout: float, vocabulary: int) -> float:
    """Median seconds of a training step in this process."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))
    import torch
    from transformers import BertConfig

    from seqtransfer import models, training

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=vocabulary, hidden_size=384, num_hidden_layers=3, num_attention_heads=12,
        intermediate_size=1536, attention_probs_dropout_prob=dropout,
    )  # fmt: skip
    config._attn_implementation = attention
    model = models.Classifier(config, "mean", 3).train()
    schedule = training.Schedule(WARMUP + STEPS, 16, 1e-4, 0.1, 0.01)
    optimizer = training.optimizer_for(model, schedule)
    ids, labels = torch.randint(5, 64, (16, 62)), torch.randint(0, 3, (16,))
    seconds = []
    for step in range(WARMUP + STEPS):
        start = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            logits = model(ids, None)
        loss = torch.nn.functional.cross_entropy(logits, labels)
        training.step_with(optimizer, loss, schedule, step)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[WARMUP:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int)
    parser.add_argument("--precision", default=STUDY["precision"])
    parser.add_argument("--attention", default=STUDY["attention"])
    parser.add_argument("--dropout", type=float, default=STUDY["dropout"])
    parser.add_argument("--vocabulary", type=int, default=64)
    options = vars(parser.parse_args())
    if options["threads"]:
        print(measure(**options))
        return
    for name, change in CHOICES.items():
        pairs = [(seconds_per_step(STUDY), seconds_per_step(STUDY | change)) for _ in range(ROUNDS)]
        ours, other = (statistics.median(side) for side in zip(*pairs, strict=True))
        ratio = statistics.median(b / a for a, b in pairs)
        print(f"{name}: {ours:.3f} s / {other:.3f} s a step; {ratio:.2f} times faster", flush=True)


if __name__ == "__main__":
    main()
