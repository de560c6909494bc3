"""How long jobs took in this folder: what an estimate learns from finished runs.

One table for all studies, `logs/durations.tsv`, to which every finished job adds a line.
"""

import csv
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from seqtransfer.study.estimates.costs import SHARES, TRAINED, Job, start

COLUMNS = ("rule", "gpu", "predicted", "seconds", "share")
LATEST = 50  # jobs of a rule that count: the machine, or the code, may have been another one before
# Seconds of training in float32 for one in bfloat16: 22 runs on an AMD EPYC without AVX-512, and
# the reference machine.
FLOAT32 = 3.8
ENOUGH = 8  # runs of which quartiles say something


@dataclass(frozen=True)
class Duration:
    """One finished job. predicted: its seconds on the reference machine, for the steps it took;
    seconds: those it took here; share: of the steps it might have taken, None where that is fixed.
    """

    rule: str
    gpu: bool
    predicted: float
    seconds: float
    share: float | None = None


class Durations:
    """The finished jobs of this folder, the latest last. bfloat16: whether the machine that runs
    them computes in it, see `machine`; that tells how slow it is until a job was measured."""

    def __init__(self, known: Iterable[Duration] = (), bfloat16: bool = True):
        self.known = list(known)
        self.unknown = 1.0 if bfloat16 else FLOAT32

    def add(self, duration: Duration) -> None:
        self.known.append(duration)

    def measured(self) -> int:
        """The number of training jobs among them that say how fast training is."""
        return sum(known.rule in TRAINED and not _is_short(known) for known in self.known)

    def speeds(self) -> "Speeds":
        """What they say of this machine."""
        groups: dict[bool, dict[tuple[str, bool], list[Duration]]] = {False: {}, True: {}}
        for known in self.known:
            of_kind = groups[_is_short(known)].setdefault((known.rule, known.gpu), [])
            of_kind.append(known)
        slowness, short = (
            {key: _slowness(group[-LATEST:], is_short) for key, group in groups[is_short].items()}
            for is_short in (False, True)
        )
        shares = [known.share for known in self.known if known.share is not None][-LATEST:]
        if len(shares) < ENOUGH:
            return Speeds(slowness, SHARES, self.unknown, short)
        low, _, high = statistics.quantiles(shares, method="inclusive")
        usual = (low, statistics.fmean(shares), high)
        return Speeds(slowness, usual, self.unknown, short)


@dataclass(frozen=True)
class Speeds:
    """slowness: rule and whether on a GPU -> seconds here for one of the reference machine, of
    training without its start; shares: lower quartile, mean and upper quartile of the share of its
    steps that a run takes; unknown: slowness of training on the processor, while no such job is
    known; short: as slowness, of short jobs with their start, which say nothing of longer ones."""

    slowness: dict[tuple[str, bool], float]
    shares: tuple[float, float, float]
    unknown: float = 1.0
    short: Mapping[tuple[str, bool], float] = field(default_factory=dict)

    def seconds(self, job: Job, predicted: float) -> float:
        """What a job takes here of which the reference machine is predicted to take `predicted`."""
        began = start(job.rule, job.gpu)
        if predicted < 2 * began and (job.rule, job.gpu) in self.short:
            return self.short[job.rule, job.gpu] * predicted
        return began + self.of(job) * (predicted - began)

    def of(self, job: Job) -> float:
        """The slowness of a job: of its rule, or as training goes here, or what is usual. Other
        jobs than training compute in float32 on every machine."""
        if (job.rule, job.gpu) in self.slowness:
            return self.slowness[job.rule, job.gpu]
        usual = 1.0 if job.gpu else self.unknown
        known = ((rule, job.gpu) for rule in TRAINED)
        trained = next((self.slowness[key] for key in known if key in self.slowness), usual)
        return trained if job.rule in TRAINED else trained / usual


def read(path: Path) -> list[Duration]:
    """The table's jobs; none if there is no table, or none that can be read. Lines that no run
    wrote whole are left out."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return []
    found = []
    for row in csv.DictReader(lines, delimiter="\t"):
        try:
            share = float(row["share"]) if row["share"] else None
            found.append(Duration(row["rule"], row["gpu"] == "1", float(row["predicted"]),
                                  float(row["seconds"]), share))  # fmt: skip
        except (KeyError, TypeError, ValueError):
            continue
    return found


def append(path: Path, duration: Duration) -> None:
    """Add a job to the table. One write, so that lines of several Snakemakes do not mix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    share = "" if duration.share is None else f"{duration.share:.4f}"
    times = f"{duration.predicted:.2f}\t{duration.seconds:.2f}"
    line = f"{duration.rule}\t{int(duration.gpu)}\t{times}\t{share}\n"
    begun = path.exists() and path.stat().st_size  # a full disk may have left nothing
    head = "" if begun else "\t".join(COLUMNS) + "\n"
    with path.open("a") as file:
        file.write(head + line)


def _is_short(known: Duration) -> bool:
    """Whether most of a job is its start, which takes as long where training is slow."""
    return known.predicted < 2 * start(known.rule, known.gpu)


def _slowness(group: list[Duration], with_start: bool) -> float:
    began = 0.0 if with_start else start(group[0].rule, group[0].gpu)
    took = sum(max(known.seconds - began, 0.0) for known in group)
    return took / sum(known.predicted - began for known in group)
