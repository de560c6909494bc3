"""What fine-tuning jobs of finished studies took, beside what was predicted for them.

    python benchmarks/predictions.py results/default [results/genome ...]

Seconds are those of the processor, by each job's `benchmark:` file, over those that `costs`
predicts for the steps that the run took, in float32 `durations.FLOAT32` as many. Memory is the most
that was resident, over what a whole batch is predicted to take; jobs ask for `costs.ENOUGH` MB at
least. A resumed job has the seconds of its last process alone, and so a ratio that is too small.
"""

import argparse
import csv
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))

from seqtransfer.study.estimates import costs, durations
from seqtransfer.training.memory import MARGIN

WITHIN = 1.25  # a ratio from 1 / WITHIN to WITHIN: the larger is within 20 % of the smaller


def jobs(results: Path) -> pd.DataFrame:
    """One row a fine-tuning run: task, initialization, seed, and the ratios measured / predicted
    of `seconds` and `memory`. Runs whose benchmark is not there, or without seconds, are left out.

    results: `results/{study}` of a study with its page.
    """
    study = json.loads((results / "report/study.json").read_text())["configuration"]
    encoder = costs.Encoder.of(study, results.parent.parent / "data/encoders")
    folder = results.parent.parent / "logs" / results.name / "benchmarks/finetune"
    rows = []
    for path in sorted((results / "runs").rglob("metrics.json")):
        run = json.loads(path.read_text())
        key = {name: run[name] for name in ("task", "initialization", "seed")}
        file = folder / run["task"] / run["initialization"] / f"seed-{run['seed']}.tsv"
        if not file.exists():
            continue
        *_, took = csv.DictReader(file.read_text().splitlines(), delimiter="\t")
        try:
            seconds, mebibytes = float(took["cpu_time"]), float(took["max_rss"])
        except ValueError:  # the job was over before Snakemake had looked
            continue
        job = costs.Job(0, "finetune", key, run["provenance"]["device"] == "cuda")
        training = costs.seconds(job, study, encoder, run["steps_taken"] / run["steps"])
        training -= costs.START
        if run["provenance"]["precision"] == "float32":
            training *= durations.FLOAT32
        whole = MARGIN * costs.whole_batch(job, study, encoder)
        ratios = {"seconds": seconds / (costs.START + training)}
        ratios["memory"] = mebibytes * 2**20 / 1e6 / whole
        rows.append(key | ratios)
    return pd.DataFrame(rows)


def summary(found: pd.DataFrame) -> pd.DataFrame:
    """One row a task and one of all: runs, and of each ratio least, median, greatest and how many
    runs are within 20 %."""
    rows = []
    for task, part in [*found.groupby("task", sort=False), ("all", found)]:
        row = {"task": task, "runs": len(part)}
        for name in ("seconds", "memory"):
            ratio = part[name]
            quantiles = np.quantile(ratio, [0, 0.5, 1]).round(2)
            words = (f"{name} {word}" for word in ("least", "median", "most"))
            row |= zip(words, quantiles, strict=True)
            row[f"{name} within 20 %"] = int(ratio.between(1 / WITHIN, WITHIN).sum())
        rows.append(row)
    return pd.DataFrame(rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("studies", type=Path, nargs="+", help="folders such as results/default")
    for path in parser.parse_args().studies:
        print(path.name, summary(jobs(path)).to_string(index=False), sep="\n", end="\n\n")
