"""What a study of half an hour would see, by its design: batch, lengths, examples, depth, patience.

    python benchmarks/design.py [--only batch-8 batch-32] [--minutes 30] [--cores 2]

Runs the default study once as it is and once with each design of DESIGNS, in
`results/design-<name>` (finished ones are read, stopped ones go on), and prints for each: text -
random in the test score, averaged over tasks, with its 95 % interval; the SD over seeds of a task;
what a seed of both arms costs in all tasks, and all that is no fine-tuning; the seeds that the
minutes allow; and with them the smallest mean that 80 % of such studies would find (two-sided,
5 %), and the share that would find +0.05. Chance is that of seeds and test examples. All designs
take the default study's learning rates, which were chosen for its own.
"""

import argparse
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import overhead
import pandas as pd
import yaml
from scipy.special import nctdtr, stdtrit

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from seqtransfer.report.claims import estimates  # noqa: E402
from seqtransfer.report.claims.arm_estimates import of_difference  # noqa: E402

ARMS = ("text", "random")
LEVEL = 0.95
EFFECT = 0.05  # in the tasks' unit, MCC
# Evaluations and patience of the two batches are those of the default study in examples.
DESIGNS = {
    "default": {},
    "batch-8": {
        "finetune": {
            "batch_size": 8,
            "steps": 2048,
            "patience": 256,
            "evaluate_every": 64,
            "first_evaluation": 8,
        }
    },
    "batch-32": {
        "finetune": {
            "batch_size": 32,
            "steps": 512,
            "patience": 64,
            "evaluate_every": 16,
            "first_evaluation": 2,
        }
    },
    "half-lengths": {
        "max_length": {"sentiment": 21, "localization": 33, "splice": 32, "composer": 33}
    },
    "double-lengths": {"max_length": {"sentiment": 78, "localization": 126, "composer": 126}},
    "quarter-examples": {"examples": {"train": 400}},
    "double-examples": {"examples": {"train": 3200}},
    "one-layer": {"encoder": {"layers": 1}},
    "four-layers": {"encoder": {"layers": 4}},
    "double-patience": {"finetune": {"patience": 256}},
}


def run(name: str, cores: int) -> Path:
    """The results of a design, made by Snakemake; raises CalledProcessError where that fails."""
    study = f"design-{name}"
    results = ROOT / "results" / study
    configuration = ROOT / "logs" / study / "design.yaml"  # `verify` knows the files of results
    configuration.parent.mkdir(parents=True, exist_ok=True)
    configuration.write_text(yaml.safe_dump({"study": study, **DESIGNS[name]}))
    command = [sys.executable, "-m", "snakemake", "--cores", str(cores), "--configfile"]
    target = f"results/{study}/report/tables/runs.csv"
    subprocess.run([*command, configuration, "--", target], cwd=ROOT, check=True, stdout=sys.stderr)
    return results


def row(results: Path, core_seconds: float) -> dict:
    """What a study of this design would find within so many core-seconds."""
    runs, left_out = (
        pd.read_csv(results / f"report/tables/{name}.csv") for name in ("runs", "left_out")
    )
    found = of_difference(runs, "test_score", *ARMS, left_out)
    spreads = [one.parts["seeds"][0] * one.seeds for one in found.values()]
    mean = estimates.mean_over_tasks(list(found.values()))
    jobs = overhead.jobs(results)
    of_runs = sum(job.end - job.start for job in jobs if job.rule == "finetune")
    fixed = sum(job.end - job.start for job in jobs) - of_runs
    seeds = int((core_seconds - fixed) / (of_runs / mean.seeds))
    low, high = mean.interval(LEVEL)
    shown = {"text - random": mean.mean, "low": low, "high": high}
    shown |= {"SD over seeds": math.sqrt(np.mean(spreads))}
    shown |= {"core-s a seed": of_runs / mean.seeds, "other core-s": fixed, "seeds": seeds}
    if seeds < 2:
        return shown
    planned = mean.with_seeds(seeds)
    least = stdtrit(planned.degrees, (1 + LEVEL) / 2)
    power = 1 - nctdtr(planned.degrees, EFFECT / planned.error, least)
    smallest = planned.smallest_effect(LEVEL)
    return shown | {"smallest mean": smallest, f"power at {EFFECT:+g}": power}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", choices=DESIGNS, default=list(DESIGNS))
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--cores", type=int, default=2)
    given = parser.parse_args()
    core_seconds = 60 * given.minutes * given.cores
    rows = {name: row(run(name, given.cores), core_seconds) for name in given.only}
    print(pd.DataFrame(rows).T.round(3).to_string())
