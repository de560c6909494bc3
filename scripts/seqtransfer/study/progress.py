"""How far a study is and how long it still takes, in one line each time a long job ends.

Snakemake counts jobs; jobs differ by a factor of a hundred. Here each is weighted by the usual
seconds of its rule, and the rate is what this machine has shown so far.
"""

import sys
import threading
import time
from pathlib import Path

# Relative cost of a job by rule, in seconds of the default study on one core; other rules count 1.
WEIGHTS = {
    "export_music": 30,
    "encode": 3,
    "baseline": 3,
    "pretrain": 60,
    "finetune": 42,
    "sweep": 70,
    "represent": 20,
    "compare": 20,
    "analyse": 100,
}
ANNOUNCED = ("pretrain", "finetune", "sweep")


class Progress:
    """Watches the first output of every job that is to run; a file newer than the start is done."""

    def __init__(self, jobs: list[tuple[str, Path]], started: float):
        self.waiting = {path: rule for rule, path in jobs}
        self.started = started
        self.total = sum(WEIGHTS.get(rule, 1) for rule, _ in jobs)
        self.done = 0

    def poll(self, now: float) -> str | None:
        """Take finished jobs off the list; the line to print if an announced one is among them."""
        finished = [path for path in self.waiting if _modified(path) >= self.started]
        rules = [self.waiting.pop(path) for path in finished]
        self.done += sum(WEIGHTS.get(rule, 1) for rule in rules)
        if not any(rule in ANNOUNCED for rule in rules):
            return None
        elapsed = now - self.started
        left = elapsed * (self.total - self.done) / self.done
        runs = sum(rule in ANNOUNCED for rule in self.waiting.values())
        return (
            f"[{100 * self.done / self.total:3.0f} %] {_minutes(elapsed)} gone,"
            f" about {_minutes(left)} left; {runs} training jobs to go"
        )


def watch(workflow, seconds: float = 2.0) -> None:
    """Print progress on stderr from a background thread while `workflow` (Snakemake's) runs."""
    jobs = [
        (job.rule.name, Path(str(job.output[0])))
        for job in workflow.dag.needrun_jobs()
        if job.output
    ]
    progress = Progress(jobs, time.time())

    def loop() -> None:
        while progress.waiting:
            time.sleep(seconds)
            line = progress.poll(time.time())
            if line:
                print(line, file=sys.stderr, flush=True)

    threading.Thread(target=loop, daemon=True).start()


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d} min"
