"""What a seed's score depends on: the token map that it draws, or the training that it orders.

    python benchmarks/seed_variance.py results/default --task sentiment [--maps 4] [--trainings 4]

Trains text and random on one task of the finished default study with each of several token maps
crossed with each of several training seeds (head, batch order, dropout), and prints the variance
of test scores, and of the paired difference text - random, that maps, trainings and the rest (their
interaction and the rounding) explain: the two-way random-effects analysis of variance without
replication, by its expected mean squares. A part below 0 is an estimate by chance of one near 0.
Finished runs wait in `--runs`, so that a stopped measurement goes on.
"""

import argparse
import itertools
import json
import multiprocessing
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import run_again

from seqtransfer import seeds
from seqtransfer.files import json_tsv
from seqtransfer.tokens.token_maps import token_map
from seqtransfer.tokens.vocabulary import Vocabulary, WordPieces

ARMS = ("text", "random")


def score(results: Path, task: str, arm: str, map_seed: int, training: int) -> dict:
    """The test score of one run: token map of one seed, everything else of another."""
    record = json_tsv.read_json(next(results.glob(f"runs/{task}/{arm}/seed-*/metrics.json")))
    symbols = json_tsv.read_json(results / "tokens" / task / "task.json")["symbols"]
    pieces = WordPieces(run_again.encoder(results, record)).rows()
    rows = token_map(Vocabulary(tuple(symbols)), pieces, seeds.generator(map_seed, task, "map"))
    with tempfile.NamedTemporaryFile(suffix=".npy") as file:
        np.save(file, rows)
        file.flush()
        found = run_again.test_score(results, record | {"seed": training}, Path(file.name), 1)
    return {"task": task, "arm": arm, "map": map_seed, "training": training, "score": found}


def components(table: np.ndarray) -> dict[str, float]:
    """The variance that rows, columns and the rest explain in a (maps, trainings) table."""
    maps, trainings = table.shape
    rows, columns, mean = table.mean(axis=1), table.mean(axis=0), table.mean()
    rest = table - rows[:, None] - columns[None] + mean
    of_rest = np.square(rest).sum() / ((maps - 1) * (trainings - 1))
    return {
        "map": (trainings * rows.var(ddof=1) - of_rest) / trainings,
        "training": (maps * columns.var(ddof=1) - of_rest) / maps,
        "rest": of_rest,
    }


def shares(scores: pd.DataFrame) -> pd.DataFrame:
    """One row an arm and one for the paired difference: mean, SD of one seed, share of each."""
    tables = {
        arm: part.pivot(index="map", columns="training", values="score").to_numpy()
        for arm, part in scores.groupby("arm")
    }
    tables["text - random"] = tables["text"] - tables["random"]
    rows = []
    for name, table in tables.items():
        found = components(table)
        total = sum(max(0.0, part) for part in found.values())
        rows.append(
            {"score": name, "mean": table.mean(), "SD of one seed": total**0.5}
            | {f"{source} %": 100 * part / total for source, part in found.items()}
        )
    return pd.DataFrame(rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("results", type=Path, help="of the default study, such as results/default")
    parser.add_argument("--task", required=True)
    parser.add_argument("--maps", type=int, default=4)
    parser.add_argument("--trainings", type=int, default=4)
    parser.add_argument("--jobs", type=int, default=2, help="processes of one thread each")
    parser.add_argument("--runs", type=Path, default=Path("seed_variance.jsonl"))
    given = parser.parse_args()
    lines = given.runs.read_text().splitlines() if given.runs.exists() else []
    done = [json.loads(line) for line in lines]
    done = [run for run in done if run["task"] == given.task]
    finished = {(run["arm"], run["map"], run["training"]) for run in done}
    grid = itertools.product(ARMS, range(given.maps), range(given.trainings))
    todo = [cell for cell in grid if cell not in finished]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(given.jobs, context) as pool, given.runs.open("a") as file:
        jobs = [pool.submit(score, given.results, given.task, *cell) for cell in todo]
        for job in jobs:
            done.append(job.result())
            print(json.dumps(done[-1]), file=file, flush=True)
            print(done[-1], file=sys.stderr, flush=True)
    print(shares(pd.DataFrame(done)).round(3).to_string(index=False))
