"""CPU seconds of the leak audit's comparison of series by their numbers, against pair by pair.

    python benchmarks/near_series.py                     (about a minute and 2 GB on one core)
    python benchmarks/near_series.py --train 1000 --test 200 --length 100

Series are random walks with five decimals. The other side of the distances is dtaidistance, of
unequal lengths with warping, and that of the runs in common Python sets. It is timed on a few
series and scaled by the number of pairs, as is ours for unequal lengths by that of test series.
Distances of one length and runs must be the same on both sides.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))
from seqtransfer.study.peak_memory import peak_memory
from seqtransfer.tokens import leak_audit, series_neighbours
from seqtransfer.tokens.series_tokens import standard

FEW_TEST, FEW_TRAIN, WARPED = 20, 500, 100


def timed(name: str, work: Callable[[], object], times: float = 1) -> object:
    """What `work` gives; its CPU seconds, so many times, are printed."""
    start = time.process_time()
    found = work()
    print(f"{name}: {times * (time.process_time() - start):.1f} s", flush=True)
    return found


def by_sets(test: list[tuple], train: list[tuple], run: int) -> list[float]:
    """The highest Jaccard index of runs of each test series, from Python sets."""
    sets = [
        [{row[i : i + run] for i in range(len(row) - run + 1)} for row in rows]
        for rows in (test, train)
    ]
    return [max(len(a & b) / len(a | b) for b in sets[1]) for a in sets[0]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("train", 10_000), ("test", 2000), ("length", 500)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    walks = [
        rng.normal(size=(size, options.length)).cumsum(axis=1).round(5)
        for size in (options.test, options.train)
    ]
    test, train = ([standard(row)[:, None] for row in rows] for rows in walks)
    written = [[tuple(map(str, row)) for row in rows.tolist()] for rows in walks]
    units = np.arange(options.train)

    limit = timed("ours, limit", lambda: series_neighbours.limit(train, units, rng))
    timed("ours, distances", lambda: leak_audit.distances(test, train, limit))
    shorter = [one[: options.length - i % 2] for i, one in enumerate(test[:WARPED])]
    times = options.test / len(shorter)
    timed("ours, unequal lengths", lambda: leak_audit.distances(shorter, train, limit), times)
    run = timed("ours, length of runs", lambda: leak_audit.kmer_for(written[1]))
    timed("ours, runs in common", lambda: leak_audit.overlaps(*written, run))
    peak = peak_memory() / 2**30
    print(f"ours: peak memory {peak:.2f} GiB, with the series")

    few = [rows[:count] for rows, count in ((test, FEW_TEST), (train, FEW_TRAIN))]
    digits = [rows[:count] for rows, count in zip(written, (FEW_TEST, FEW_TRAIN), strict=True)]
    times = options.test * options.train / (len(few[0]) * len(few[1]))
    apart = timed("pair by pair, distances", lambda: series_neighbours.warped(*few, 0), times)
    expected = apart.min(axis=1) / np.sqrt(options.length)
    assert np.allclose(series_neighbours.nearest(*few)[0], expected)
    window = round(series_neighbours.WINDOW * options.length)
    few = [rows[:count] for rows, count in ((test, 5), (train, 20))]
    times = options.test * options.train / (len(few[0]) * len(few[1]))
    timed("pair by pair, unequal lengths", lambda: series_neighbours.warped(*few, window), times)
    times = options.test * options.train / (len(digits[0]) * len(digits[1]))
    expected = timed("pair by pair, runs in common", lambda: by_sets(*digits, run), times)
    assert np.allclose(leak_audit.overlaps(*digits, run)["overlap"], expected)


if __name__ == "__main__":
    main()
