"""Files of a study that is not finished -> what is done, what failed, and what is missing."""

import contextlib
import os
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from seqtransfer.files import json_tsv

FAILED = "Traceback (most recent call last)"  # what `logs.capture` leaves of an error
# Snakemake's own: a file for every result of a job from its start to its end, however it ends.
MARKS = Path(".snakemake/incomplete")


@dataclass(frozen=True)
class Stage:
    """Of a stage's results how many there should be, how many are `done`, and the logs of those
    that are not: of jobs that `failed`, that are `running` as far as Snakemake knows, and that were
    `interrupted`: stopped or killed, with their Snakemake or alone, as for memory."""

    name: str
    expected: int
    done: int
    failed: list[Path]
    running: list[Path]
    interrupted: list[Path]

    @property
    def missing(self) -> int:
        """How many jobs have not begun."""
        begun = len(self.failed) + len(self.running) + len(self.interrupted)
        return self.expected - self.done - begun


def stages(jobs: Mapping[str, Sequence], since: float | None) -> list[Stage]:
    """How far each stage is that has jobs; see `stage`."""
    return [stage(name, pairs, since) for name, pairs in jobs.items() if pairs]


def stage(name: str, jobs: Iterable[Sequence[str | Path]], since: float | None) -> Stage:
    """How far a stage is. jobs: of each, its first result, others whose being there says that it is
    done, and the log; since: when the Snakemake that works on the study began, in seconds since the
    epoch, or None if none does. A log that is older is of a job that was interrupted."""
    jobs = [(results, Path(log)) for *results, log in jobs]
    lost = [(results[0], log) for results, log in jobs if not _is_done(results)]
    open_ones = [(result, log) for result, log in lost if log.exists()]
    failed = [log for _, log in open_ones if FAILED in log.read_text(errors="replace")]
    begun = [(result, log) for result, log in open_ones if log not in failed]
    running = [
        log
        for result, log in begun
        if since is not None and log.stat().st_mtime >= since and _is_marked(result)
    ]
    interrupted = [log for _, log in begun if log not in running]
    return Stage(name, len(jobs), len(jobs) - len(lost), failed, running, interrupted)


def _is_done(results: Iterable[str | Path]) -> bool:
    return any(Path(path).exists() for path in results)


def _is_marked(result: str | Path) -> bool:
    """Whether a Snakemake has begun the job of a result, and not seen its end. One that was killed
    leaves its marks."""
    name = urlsafe_b64encode(str(result).encode()).decode()
    most = os.pathconf(".", "PC_NAME_MAX") - 1
    *folders, file = [name[start : start + most] for start in range(0, len(name), most)]
    return MARKS.joinpath(*(f"@{folder}" for folder in folders), file).exists()


def diverged(metrics: Iterable[str | Path]) -> list[str]:
    """The finished runs that diverged, such as `splice text seed 0`."""
    records = [json_tsv.read_json(Path(path)) for path in metrics if Path(path).exists()]
    return [
        f"{one['task']} {one['initialization']} seed {one['seed']}"
        for one in records
        if one["diverged"]
    ]


def kept_states(folder: Path) -> str | None:
    """What is said of the states of unfinished runs, None if there are none: those of runs that
    have left the study since stay, and nothing else names them."""
    sizes = []
    for path in Path(folder).rglob("[!.]*.safetensors"):
        with contextlib.suppress(FileNotFoundError):  # its run has ended meanwhile
            sizes.append(path.stat().st_size)
    if not sizes:
        return None
    states = f"{len(sizes)} state{'s' * (len(sizes) > 1)}"
    return (
        f"{folder} keeps {states} of runs that have not ended, {sum(sizes) / 1e6:,.0f} MB: they go"
        " on from there. Where a run has left the study, delete its state"
    )


def lines(found: Sequence[Stage], lost: Sequence[str]) -> list[str]:
    """The state of a study in lines. found: its stages; lost: its runs that diverged."""
    width = max(len(one.name) for one in found)
    said = [
        f"{one.name:{width}}  {one.done} of {one.expected} done, {len(one.failed)} failed,"
        f" {len(one.running)} running, {len(one.interrupted)} interrupted, {one.missing} missing"
        for one in found
    ]
    for state in ("failed", "running", "interrupted"):
        said += [f"{state}: {log}" for one in found for log in getattr(one, state)]
    return [*said, f"{len(lost)} finished runs diverged{': ' * bool(lost)}{'; '.join(lost)}"]
