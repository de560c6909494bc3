"""How far a run is and how long it still takes, from what its own jobs took so far."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from seqtransfer.study.estimates import costs
from seqtransfer.study.estimates.costs import Encoder, Job
from seqtransfer.study.estimates.durations import Duration, Durations
from seqtransfer.study.estimates.estimate import Machine, ranges, span, wall


class Progress:
    """The jobs of a run, of which some run and some are done. Times are seconds since the epoch.

    queued: whether jobs that begin may first wait, as a cluster's do, so that those that have ended
    alone tell how many run at a time.
    """

    def __init__(
        self,
        jobs: Collection[Job],
        study: Mapping,
        encoder: Encoder,
        known: Durations,
        machine: Machine,
        started: float,
        *,
        queued: bool = False,
    ):
        self.waiting = {job.number: job for job in jobs}
        self.total = len(self.waiting)
        self.study, self.encoder, self.known, self.machine = study, encoder, known, machine
        self.started, self.queued = started, queued
        self.running: dict[int, float] = {}  # when each job began
        self.ended: list[tuple[float, float]] = []  # when each job ended, and the seconds it took

    def start(self, number: int, now: float) -> None:
        """A job begins."""
        self.running[number] = now

    def fail(self, number: int) -> None:
        """A job ends without a result; it is still to be done."""
        self.running.pop(number, None)

    def finish(
        self,
        number: int,
        now: float,
        seconds: float | None = None,
        share: float | None = None,
        spent: float = 0.0,
    ) -> Duration | None:
        """A job ends. seconds: it took, if its benchmark says so; share: of the steps it might have
        taken; spent: seconds that went into its result. What the run learns from it; None if its
        cost is not known, if others spent some of them (a killed job before, another study), or if
        it waited and has no benchmark."""
        job = self.waiting.pop(number)
        began = self.running.pop(number, now)
        steps = costs.SHARES[1] if share is None else share
        predicted = costs.seconds(job, self.study, self.encoder, steps)
        took = now - began if seconds is None else seconds
        if not predicted or took < spent or (self.queued and seconds is None):
            return None
        self.ended.append((now, took))
        duration = Duration(job.rule, job.gpu, predicted, took, share)
        self.known.add(duration)
        return duration

    def line(self, now: float) -> str:
        """'[ 42 %] 57 of 95 jobs, 16 min gone, 20 to 26 min left'."""
        jobs = [
            replace(job, after=job.after & self.waiting.keys()) for job in self.waiting.values()
        ]
        found = ranges(jobs, self.study, self.encoder, self.known)
        left = {}
        for part, seconds in found.items():
            waiting = self.queued and part != "low"
            for number, began in ({} if waiting else self.running).items():
                # A job that takes longer than expected is about to end, as far as is known.
                seconds[number] = max(seconds[number] - (now - began), 0.0)
            left[part] = wall(jobs, seconds, self._seen(now) if waiting else self.machine)
        gone = now - self.started
        done = gone / (gone + left["likely"]) if gone + left["likely"] else 1.0
        return (
            f"[{100 * done:3.0f} %] {self.total - len(jobs)} of {self.total} jobs,"
            f" {span(gone, gone)} gone, {span(left['low'], left['high'])} left"
        )

    def _seen(self, now: float) -> Machine:
        """As many jobs at a time as those that ended had in the latter half of the time gone."""
        middle = (now + self.started) / 2
        worked = sum(min(took, max(ended - middle, 0.0)) for ended, took in self.ended)
        at_a_time = max(worked / (now - middle), 1.0) if worked else 1.0
        return replace(self.machine, jobs=min(at_a_time, self.machine.jobs or at_a_time))
