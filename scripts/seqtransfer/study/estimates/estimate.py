"""What a study takes before it runs: time, core-hours, GPU-hours, disk and downloads, as ranges."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter

from seqtransfer.study.estimates import costs
from seqtransfer.study.estimates.costs import TRAINED, Encoder, Job
from seqtransfer.study.estimates.durations import Durations

# How far the speed may be off: where training was measured in this folder, and where it was not.
KNOWN, UNKNOWN = (0.85, 1.2), (0.7, 2.0)


@dataclass(frozen=True)
class Range:
    """Three numbers of one kind: what is seldom undercut, expected, and seldom exceeded."""

    low: float
    likely: float
    high: float


@dataclass(frozen=True)
class Machine:
    """jobs, gpus: how many jobs may run, and use a GPU, at a time; None for any number. Of jobs
    that are not counted but inferred, a mean, which may be broken."""

    jobs: float | None
    gpus: int | None


@dataclass(frozen=True)
class Estimate:
    """Of some jobs. wall: seconds from start to end; core_hours, gpu_hours: of all jobs together;
    disk, temporary: bytes that stay, and that are deleted once used; download: bytes whose number
    is known; unknown: sources of unknown size; measured: finished training jobs it rests on."""

    rules: dict[str, int]
    machine: Machine
    wall: Range
    core_hours: Range
    gpu_hours: Range
    elsewhere: Range  # GPU-hours of the training, if it ran on an H100
    disk: int
    temporary: int
    download: int
    unknown: list[str]
    measured: int


def estimate(
    jobs: Collection[Job], study: Mapping, encoder: Encoder, known: Durations, machine: Machine
) -> Estimate:
    """What `jobs` of a completed study take on `machine`, by what is `known` of finished ones."""
    seconds = ranges(jobs, study, encoder, known)
    moved = [replace(job, gpu=True) for job in jobs if job.rule in TRAINED and not job.gpu]
    none = Durations()
    brought = {job.number: costs.downloaded(job, study) for job in jobs}
    kept = sum(costs.disk(job, study, encoder) for job in jobs if not job.temporary)
    return Estimate(
        rules=dict(Counter(job.rule for job in jobs)),
        machine=machine,
        wall=_each(lambda part: wall(jobs, seconds[part], machine)),
        core_hours=_hours(seconds, jobs),  # a job on a GPU keeps a core busy, too
        gpu_hours=_hours(seconds, [job for job in jobs if job.gpu]),
        elsewhere=_hours(ranges(moved, study, encoder, none), moved),
        disk=kept,
        temporary=sum(costs.disk(job, study, encoder) for job in jobs if job.temporary),
        download=sum(size for size in brought.values() if size),
        unknown=[next(iter(j.wildcards.values())) for j in jobs if brought[j.number] is None],
        measured=known.measured(),
    )


def ranges(
    jobs: Iterable[Job], study: Mapping, encoder: Encoder, known: Durations
) -> dict[str, dict[int, float]]:
    """low, likely, high -> number of the job -> seconds."""
    speeds = known.speeds()
    low, high = KNOWN if known.measured() else UNKNOWN
    factors = {"low": low, "likely": 1.0, "high": high}
    shares = dict(zip(factors, speeds.shares, strict=True))
    found: dict[str, dict[int, float]] = {part: {} for part in factors}
    for job in jobs:
        for part, factor in factors.items():
            predicted = costs.seconds(job, study, encoder, shares[part])
            found[part][job.number] = factor * speeds.seconds(job, predicted)
    return found


def wall(jobs: Iterable[Job], seconds: Mapping[int, float], machine: Machine) -> float:
    """Seconds until all `jobs` have ended: the work shared out, that on GPUs shared out, or the
    longest chain of jobs that wait for each other, whichever is longest."""
    jobs = list(jobs)
    on_gpu = sum(seconds[job.number] for job in jobs if job.gpu)
    everything = sum(seconds[job.number] for job in jobs)
    after = {job.number: job.after & seconds.keys() for job in jobs}
    ends: dict[int, float] = {}
    for number in TopologicalSorter(after).static_order():
        ends[number] = seconds[number] + max((ends[other] for other in after[number]), default=0)
    return max(
        max(ends.values(), default=0.0),
        everything / machine.jobs if machine.jobs else 0.0,
        on_gpu / machine.gpus if machine.gpus else 0.0,
    )


def lines(found: Estimate) -> list[str]:
    """The estimate as it is told on the terminal."""
    rules = sorted(found.rules.items(), key=lambda item: (-item[1], item[0]))
    told = [f"{count(sum(found.rules.values()))}: {', '.join(f'{n} {rule}' for rule, n in rules)}"]
    if not found.wall.likely:
        return told
    basis = (
        f"from {found.measured} training job{'s' * (found.measured > 1)} measured here"
        if found.measured
        else "no training job was measured here yet"
    )
    likely, least, most = found.wall.likely, found.wall.low, found.wall.high
    at_a_time = f" with {count(found.machine.jobs)} at a time" if found.machine.jobs else ""
    told.append(
        f"time: {span(likely, likely)}{at_a_time}, {span(least, most)} as runs differ ({basis})"
    )
    hours = [f"{_number(found.core_hours)} core-hours"]
    if found.gpu_hours.likely:
        hours.append(f"{_number(found.gpu_hours)} GPU-hours")
    elif found.elsewhere.high >= 0.05:
        hours.append(f"or, for its training, {_number(found.elsewhere)} hours of an H100")
    told.append(f"work: {', '.join(hours)}")
    sizes = [f"{size(found.disk)} of disk"]
    if found.temporary:
        sizes.append(f"up to {size(found.temporary)} more for a while")
    sizes.append(f"{size(found.download)} to download")
    if found.unknown:
        sizes.append(f"and {', '.join(found.unknown)}, of unknown size")
    told.append(f"size: {', '.join(sizes)}")
    return told


def count(number: int) -> str:
    """'1 job' or '2 jobs'."""
    return f"{number} job{'' if number == 1 else 's'}"


def size(number: float) -> str:
    """Bytes in GB, or in MB below one."""
    return f"{number / 1e9:.1f} GB" if number >= 1e9 else f"{number / 1e6:.0f} MB"


def span(low: float, high: float) -> str:
    """Two times in seconds as minutes, or as hours from five on: '20 to 35 min'."""
    unit, name = (3600, "h") if high >= 5 * 3600 else (60, "min")
    first, last = f"{low / unit:.0f}", f"{high / unit:.0f}"
    if high < 60:
        return "less than 1 min"
    return f"{last} {name}" if first == last else f"{first} to {last} {name}"


def _number(found: Range) -> str:
    digits = 1 if found.high < 10 else 0
    low, high = f"{found.low:.{digits}f}", f"{found.high:.{digits}f}"
    return low if low == high else f"{low} to {high}"


def _hours(seconds: Mapping[str, Mapping[int, float]], jobs: list[Job]) -> Range:
    return _each(lambda part: sum(seconds[part][job.number] for job in jobs) / 3600)


def _each(function) -> Range:
    return Range(*map(function, ("low", "likely", "high")))
