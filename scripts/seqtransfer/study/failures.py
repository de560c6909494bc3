"""What is told of jobs that fail, each cause once, however often Snakemake tries a job again.

A group is one job of a cluster. When it fails, Snakemake says that each job in it failed, even one
that had ended well or never begun; here only those that failed are told.
"""

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from seqtransfer.study import digests

KILLED = "ended without a word; was it killed?"


class Failures:
    """The jobs of a run that failed and have not succeeded since.

    jobs: Snakemake's, by their numbers; started: when the run began, in seconds since the epoch;
    originals: folder that a source is copied to -> where the user has it.
    """

    def __init__(self, jobs: Mapping, started: float, originals: Mapping[str, str] | None = None):
        self.jobs, self.started, self.originals = jobs, started, originals or {}
        self.failed: set[int] = set()  # numbers of jobs; of a group that none is to blame for, one
        self.grouped: set[int] = set()  # all jobs of groups that failed
        self._attempts: dict[int, float] = {}  # first job of a group -> when its last one ended
        self._told: set[tuple[int, str, str]] = set()

    def of_job(self, number: int, log: Path | None, *, last: bool = False) -> list[str]:
        """The lines that tell that a job failed. last: Snakemake begins no other job.

        One that ran here and logged an error has said it here; any other one has not.
        """
        job, cause = self.jobs[number], _cause(log)
        self.failed.add(number)
        heard = cause is not None and job.is_local
        again = not last and _is_tried_again([job])
        return self._lines(number, _name(job), cause or KILLED, log, again, heard)

    def of_group(
        self, logs: Mapping[int, Path | None], own: Path | None, now: float, *, last: bool = False
    ) -> list[str]:
        """The lines that tell that a group failed. logs: of its jobs, by number; own: its own log;
        now: in seconds since the epoch; last: as in `of_job`."""
        first, jobs = min(logs), [self.jobs[number] for number in logs]
        since = self._attempts.get(first, self.started)
        self._attempts[first] = now
        causes = {
            number: _cause(log) or KILLED
            for number, log in sorted(logs.items())
            if _is_cut_short(log, since)
        }
        self.grouped |= logs.keys()
        self.failed = self.failed - logs.keys() | (causes.keys() or {first})
        again = not last and _is_tried_again(jobs)
        if not causes:
            rules = ", ".join(sorted({job.rule.name for job in jobs}))
            return self._lines(first, f"a group of jobs ({rules})", KILLED, own, again)
        return [
            line
            for number, cause in causes.items()
            for line in self._lines(number, _name(self.jobs[number]), cause, logs[number], again)
        ]

    def succeed(self, number: int) -> None:
        """A job has ended well, at whichever attempt."""
        self.failed.discard(number)

    def _lines(
        self, number: int, name: str, cause: str, log: Path | None, again: bool, heard: bool = False
    ) -> list[str]:
        """again: the job is tried again; heard: it has told the cause itself."""
        known = (number, name, cause) in self._told
        self._told.add((number, name, cause))
        where = f"\n  (details in {log})" if log else ""
        if known:
            return [] if again else [f"{name} failed once more, and is tried no more{where}"]
        copied = self._of_copy(cause)
        if heard:
            return [f"{name} is tried again"] if again else copied
        return [f"{name} failed{', and is tried again' if again else ''}: {cause}{where}", *copied]

    def _of_copy(self, cause: str) -> list[str]:
        """Whose copy the folder is that a cause names: the user mends the original."""
        return [
            f"{folder} is a copy of {path}: correct it there"
            for folder, path in self.originals.items()
            if re.search(rf"(?<![\w/]){re.escape(folder)}(?![\w-])", cause)
        ]


def _name(job) -> str:
    return f"a job of {job.rule.name}"


def _cause(log: Path | None) -> str | None:
    """The error that a job has logged; None if it has not."""
    text = log.read_text(errors="replace").strip() if log and log.exists() else ""
    return text.splitlines()[-1] if "Traceback" in text else None


def _is_cut_short(log: Path | None, since: float) -> bool:
    """Whether the job of a log has begun after `since`, and not come to its end."""
    if not log or not log.exists() or log.stat().st_mtime < since:
        return False
    return not digests.is_recorded(log)


def _is_tried_again(jobs: Collection) -> bool:
    """Whether Snakemake tries a job again, or a group of these, whose attempt has just failed."""
    return max(job.restart_times for job in jobs) >= max(job.attempt for job in jobs)
