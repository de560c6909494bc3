"""What longer training buys: the smallest effect that a study could find, by its budget.

    python benchmarks/power.py results/default [--minutes 30] [--cores 2] [--overhead 1.3]

For each number of steps, from the learning curves of a finished study: the difference text -
random of the best dev score until then, its spread over seeds, what a run costs, how many seeds the
minutes allow, and the smallest mean over tasks that as many find in 80 % of studies (two-sided,
5 %). A run that ended before costs what it took. The spread is of dev scores: it holds the choice
of the best step and no other test examples; costs are those of the machine that ran the study.
"""

import argparse
import json
import math
import sys
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from seqtransfer.report.claims.estimates import Estimate  # noqa: E402

ARMS = ("text", "random")
LEVEL = 0.95


def differences(histories: pd.DataFrame, steps: int) -> pd.DataFrame:
    """Tasks x seeds: text - random of the best dev score of the first `steps` steps."""
    early = histories[histories["step"] <= steps]
    best = early.groupby(["initialization", "task", "seed"])["dev_score"].max()
    return (best[ARMS[0]] - best[ARMS[1]]).unstack()


def cost(runs: pd.DataFrame, seconds: pd.Series, steps: int) -> float:
    """Core-seconds of training of a seed of both arms in all tasks, in runs of `steps` at most."""
    each = runs.set_index(["task", "initialization", "seed"])
    share = np.minimum(each["steps_taken"], steps) / each["steps_taken"]
    return float((share * seconds).groupby(["task", "initialization"]).mean().sum())


def smallest_effect(spread: float, tasks: int, seeds: int) -> float:
    """The mean over tasks that is found in 80 % of studies, from the SD over seeds of a task."""
    parts = {"seeds": (spread**2 / (tasks * seeds), tasks * (seeds - 1.0))}
    return Estimate(0.0, parts, seeds).smallest_effect(LEVEL) if seeds > 1 else math.nan


def table(results: Path, core_seconds: float) -> pd.DataFrame:
    """One row per budget. core_seconds: that training may take."""
    tables = results / "report/tables"
    runs, histories = (pd.read_csv(tables / f"{name}.csv") for name in ("runs", "histories"))
    runs = runs[runs["initialization"].isin(ARMS)]
    paths = (results / "runs").rglob("timing.json")
    timings = pd.DataFrame([json.loads(path.read_text()) for path in paths])
    seconds = timings.set_index(["task", "initialization", "seed"])["seconds_training"]
    rows = []
    for steps in sorted(set(histories["step"]))[1:]:
        found = differences(histories, steps)
        spread = math.sqrt(found.var(axis=1, ddof=1).mean())
        spent = cost(runs, seconds, steps)
        seeds = int(core_seconds / spent)
        rows.append(
            {"steps": steps, "mean difference": found.mean(axis=None), "SD over seeds": spread}
            | {"core-s a seed": spent, "seeds": seeds}
            | {"smallest effect": smallest_effect(spread, len(found), seeds)}
        )
    return pd.DataFrame(rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("results", type=Path, help="a study's folder, such as results/default")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--overhead", type=float, default=1.3, help="wall time over training")
    given = parser.parse_args()
    affordable = 60 * given.minutes * given.cores / given.overhead
    print(table(given.results, affordable).round(3).to_string(index=False))
