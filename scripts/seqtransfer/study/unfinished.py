"""Files of a study that is not finished -> what is done, what failed, and what is missing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from seqtransfer.files import json_tsv

FAILED = "Traceback (most recent call last)"  # what `logs.capture` leaves of an error


@dataclass(frozen=True)
class Stage:
    """Of a stage's results how many there should be, how many are `done`, and the logs of those
    that are not: of jobs that `failed`, and that have `begun`, so that they run or were killed."""

    name: str
    expected: int
    done: int
    failed: list[Path]
    begun: list[Path]

    @property
    def missing(self) -> int:
        """How many jobs have not begun."""
        return self.expected - self.done - len(self.failed) - len(self.begun)


def stage(name: str, jobs: Iterable[Sequence[str | Path]]) -> Stage:
    """How far a stage is. jobs: of each, the first result and the log."""
    jobs = [(Path(result), Path(log)) for result, log in jobs]
    open_ones = [log for result, log in jobs if not result.exists() and log.exists()]
    failed = [log for log in open_ones if FAILED in log.read_text(errors="replace")]
    begun = [log for log in open_ones if log not in failed]
    done = sum(result.exists() for result, _ in jobs)
    return Stage(name, len(jobs), done, failed, begun)


def diverged(metrics: Iterable[str | Path]) -> list[str]:
    """The finished runs that diverged, such as `splice text seed 0`."""
    records = [json_tsv.read_json(Path(path)) for path in metrics if Path(path).exists()]
    return [
        f"{one['task']} {one['initialization']} seed {one['seed']}"
        for one in records
        if one["diverged"]
    ]


def lines(jobs: Mapping[str, Sequence], metrics: Sequence[str | Path]) -> list[str]:
    """The state of a study in lines. jobs: of each stage, see `stage`; metrics: of the runs."""
    stages = [stage(name, pairs) for name, pairs in jobs.items() if pairs]
    width = max(len(one.name) for one in stages)
    said = [
        f"{one.name:{width}}  {one.done} of {one.expected} done, {len(one.failed)} failed,"
        f" {len(one.begun)} begun, {one.missing} missing"
        for one in stages
    ]
    said += [f"failed: {log}" for one in stages for log in one.failed]
    said += [f"begun, and running or killed: {log}" for one in stages for log in one.begun]
    lost = diverged(metrics)
    return [*said, f"{len(lost)} finished runs diverged{': ' * bool(lost)}{'; '.join(lost)}"]
