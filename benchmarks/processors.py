"""How far the scores of a study depend on the processor: its runs once more, in another arithmetic.

    python benchmarks/processors.py results/default [--tasks splice ...] [--seeds 0] [--threads 2]

Trains runs of the finished default study anew, in float32 where it had bfloat16 and the other
way round, or on another number of threads, and prints the test scores side by side, with what
becomes of the paired difference text - random. What differs is rounding alone: seeds, data and
settings are the study's.
"""

import argparse
import sys
from pathlib import Path

import pandas as pd
import run_again

from seqtransfer.files import json_tsv
from seqtransfer.training import devices

OTHER = {"bfloat16": "float32", "float32": "bfloat16"}


def again(results: Path, record: dict, threads: int | None) -> float:
    """The test score of the run of `record` in the other arithmetic, or on `threads` threads."""
    here = record["provenance"]
    precision = here["precision"] if threads else OTHER[here["precision"]]
    devices.choose_precision = lambda device: precision
    token_map = results / "tokens" / record["task"] / f"maps/seed-{record['seed']}.npy"
    return run_again.test_score(results, record, token_map, threads or here["threads"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("results", type=Path, help="of the default study, such as results/default")
    parser.add_argument("--tasks", nargs="*", help="all if absent")
    parser.add_argument("--seeds", nargs="*", type=int, default=[0])
    parser.add_argument("--threads", type=int, help="keep the arithmetic, change these")
    given = parser.parse_args()
    rows = []
    for arm in ("text", "random"):
        for path in sorted(given.results.glob(f"runs/*/{arm}/seed-*/metrics.json")):
            record = json_tsv.read_json(path)
            if record["seed"] not in given.seeds or record["task"] not in (
                given.tasks or [record["task"]]
            ):
                continue
            score = again(given.results, record, given.threads)
            names = {name: record[name] for name in ("task", "seed")}
            rows.append(names | {"arm": arm, "study": record["test"]["score"], "again": score})
            print(rows[-1], file=sys.stderr, flush=True)
    table = pd.DataFrame(rows)
    print(table.round(3).to_string(index=False))
    moved = table["again"] - table["study"]
    print(f"\nscores move by {moved.abs().mean():.3f} on average, {moved.abs().max():.3f} at most")
    wide = table.pivot(index=["task", "seed"], columns="arm", values=["study", "again"])
    effects = pd.DataFrame(
        {name: wide[name]["text"] - wide[name]["random"] for name in ("study", "again")}
    )
    print(
        f"text - random:\n{effects.round(3).to_string()}\nmeans {effects.mean().round(3).to_dict()}"
    )
