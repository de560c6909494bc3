"""What a finished study spent on all but training, from the records of its own jobs.

    python benchmarks/overhead.py results/default [--cores 2]

Overhead is the wall time from the first job's start to the last one's end, over the seconds inside
training steps divided by the cores: 1 if every core trained all the time. Below it stand its two
parts, whose product it is: what the jobs took over what they trained, and the cores' time over what
the jobs took. A job's seconds are Snakemake's benchmark's, its end the time of that file, so copy a
study with `cp --archive`; runs interrupted and resumed count the pause as idle. Training seconds
are those of each run's `timing.json`; sweeps record none, so that all of a sweep counts as
overhead. Where jobs of a cluster are grouped, files have the time at which their group ended: take
the clock of the command there.
"""

import argparse
import csv
import json
import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

# Where a rule's jobs, pretrain's with either seed, leave how long they trained.
TRAINED = {"finetune": "runs", "pretrain": "pretrained"}


@dataclass(frozen=True)
class Job:
    """A job that ran: start and end in seconds since the epoch."""

    rule: str
    start: float
    end: float


def jobs(results: Path) -> list[Job]:
    """Every job with a benchmark. Raises ValueError if there is none."""
    folder = results.parent.parent / "logs" / results.name / "benchmarks"
    found = []
    for path in sorted(folder.rglob("*.tsv")):
        *_, row = csv.DictReader(path.read_text().splitlines(), delimiter="\t")
        rule = path.relative_to(folder).parts[0].removesuffix(".tsv")
        end = path.stat().st_mtime
        found.append(Job(rule, end - float(row["s"]), end))
    if not found:
        raise ValueError(f"{folder}: holds no benchmarks; give the results folder of a study")
    return found


def training(results: Path) -> dict[str, float]:
    """Seconds inside training steps by rule. Raises ValueError if nothing was trained."""
    seconds = {
        rule: sum(
            json.loads(path.read_text())["seconds_training"]
            for path in (results / folder).rglob("timing.json")
        )
        for rule, folder in TRAINED.items()
    }
    if not any(seconds.values()):
        raise ValueError(f"{results}: no run has a timing.json")
    return seconds


def report(found: Iterable[Job], trained: dict[str, float], cores: int) -> str:
    """The overhead with its parts, and a table by rule, the longest first."""
    found = list(found)
    wall = max(job.end for job in found) - min(job.start for job in found)
    busy = sum(job.end - job.start for job in found)
    total = sum(trained.values())
    overhead = wall * cores / total
    lines = [
        f"overhead {overhead:.2f}: {wall:.0f} s on {cores} cores, {total:.0f} s of training",
        f"  jobs over training {busy / total:.2f}, cores over jobs {wall * cores / busy:.2f}",
        "",
        f"{'rule':<18}{'jobs':>6}{'core-s':>9}{'training':>10}{'share':>8}",
    ]
    seconds = defaultdict(list)
    for job in found:
        seconds[job.rule].append(job.end - job.start)
    for rule, each in sorted(seconds.items(), key=lambda item: -sum(item[1])):
        row = f"{rule:<18}{len(each):>6}{sum(each):>9.0f}{trained.get(rule, 0):>10.0f}"
        lines.append(f"{row}{sum(each) / (wall * cores):>8.1%}")
    idle = wall * cores - busy
    lines.append(f"{'(no job)':<18}{'':>6}{idle:>9.0f}{0:>10}{idle / (wall * cores):>8.1%}")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("results", type=Path, help="a study's folder, such as results/default")
    parser.add_argument("--cores", type=int, default=os.cpu_count(), help="that the study had")
    given = parser.parse_args()
    print(report(jobs(given.results), training(given.results), given.cores))
