"""How often intervals, checks and tests err, in generated studies whose truth is known: the rates
in docs/explanation/statistics.md that no test bounds.

    python benchmarks/error_rates.py                (about a minute on one core)
    python benchmarks/error_rates.py --studies 500

Each rate is a share of so many studies, so that its own standard error is at most
sqrt(p (1 - p) / studies): 0.6 points for 12 % of 3,000.
"""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))
from seqtransfer.report.claims import estimates, reference_estimates
from seqtransfer.report.claims.estimates import Estimate

GROUPS = 50
FLOOR_SEEDS, UNITS = 5, 60


def task(rng: np.random.Generator, seeds: int, of_seeds: float, of_examples: float) -> Estimate:
    """The estimate of a difference that is 0: standard deviations of a seed, and of the mean over
    all examples, in 50 groups."""
    groups = rng.normal(0, of_examples * np.sqrt(GROUPS), GROUPS)
    each = rng.normal(0, of_seeds, (seeds, 1)) + groups
    without = (each.sum(axis=1, keepdims=True) - each) / (GROUPS - 1)
    return estimates.crossed(each.mean(axis=1), without)


def missed(found: Iterable[Estimate]) -> float:
    """In what share the 95 % interval leaves out 0."""
    ends = [one.interval(0.95) for one in found]
    return float(np.mean([low > 0 or high < 0 for low, high in ends]))


def two_seeds_of_one_task(rng: np.random.Generator, studies: int) -> None:
    for times in (5, 20, 100):
        rate = missed(task(rng, 2, np.sqrt(2 * times), 1.0) for _ in range(studies))
        print(f"two seeds, one task, seeds' variance {times} times the examples': {rate:.1%} miss")


def equal_tasks(rng: np.random.Generator, studies: int) -> None:
    for tasks, seeds, spreads in (
        (4, 4, "alike"), (8, 4, "alike"), (4, 2, "one alone"), (4, 3, "one alone"),
    ):  # fmt: skip
        share, different = [], []
        for _ in range(studies):
            of_seeds = np.full(tasks, 0.1) if spreads == "alike" else np.eye(tasks)[0] * 0.3 + 0.02
            drawn = {str(i): task(rng, seeds, of_seeds[i], 0.01) for i in range(tasks)}
            found = list(estimates.with_few_seeds(drawn).values())
            share.append(estimates.heterogeneity(found))
            different.append(estimates.homogeneity_p(found) <= 0.05)
        print(
            f"{tasks} equal tasks of {seeds} seeds that vary {spreads}: Welch's test calls"
            f" {np.mean(different):.1%} different; I2 is {np.mean(share):.2f} on average, above 0.5"
            f" in {np.mean(np.array(share) > 0.5):.0%}"
        )


def ceilings_at_the_floor(rng: np.random.Generator, studies: int) -> None:
    """A ceiling that lies at the floor on average, whose own level varies as floor seeds' do."""
    for times in (0.0, 1.0, 2.0):
        valid = 0
        for _ in range(studies):
            group = rng.permutation(UNITS) % 6
            shape = (FLOOR_SEEDS + 1, UNITS)
            each = rng.normal(0, 4, shape) + rng.normal(0, 8, UNITS)
            each += np.append(rng.normal(0, 1, FLOOR_SEEDS), rng.normal(0, times))[:, None]
            table = pd.DataFrame(
                {"reference": "first", "kind": "floor" if left < FLOOR_SEEDS else "ceiling"}
                | {"left": str(left), "group": g, "score": each[left, group != g].mean()}
                for left in range(FLOOR_SEEDS + 1)
                for g in range(-1, 6)
            )
            *_, one = reference_estimates.span(reference_estimates.scores(table))
            valid += one.interval(0.95)[0] > 0
        print(
            f"a ceiling at the floor, its level varying {times:g} times as a floor seed's does:"
            f" {valid / studies:.1%} called valid"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--studies", type=int, default=3000)
    studies = parser.parse_args().studies
    rng = np.random.default_rng(0)
    two_seeds_of_one_task(rng, studies)
    equal_tasks(rng, studies)
    ceilings_at_the_floor(rng, studies // 2)
