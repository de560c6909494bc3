"""Processes that work by turns, so that timings side by side meet the same machine.

How fast a shared machine multiplies matrices varies between minutes by more than what is measured
here. So every contestant runs in a process of its own (or several at once: a team), does a few
steps when told, then waits while the others do theirs. Only ratios within a round are compared.
"""

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

READY = 2  # steps before the first turn: kernels are chosen and memory is mapped in them


class Turns:
    """The process's side: call `done` after each step; it returns when the next may begin."""

    def __init__(self):
        self._answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
        sys.stdout = sys.stderr  # whatever else the process prints
        self._left, self._start = READY, time.perf_counter()

    @property
    def last(self) -> bool:
        """Is this the turn's last step?"""
        return self._left == 1

    def done(self) -> None:
        """A step is done. Ends the process when nobody waits for another."""
        self._left -= 1
        if self._left:
            return
        seconds = time.perf_counter() - self._start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(seconds, peak, file=self._answers, flush=True)
        told = sys.stdin.readline()
        if not told:
            sys.exit()
        self._left, self._start = int(told), time.perf_counter()


class Worker:
    """A process of the running script, started with `--worker` and the arguments given."""

    def __init__(self, *arguments: object):
        command = [sys.executable, sys.argv[0], "--worker", *map(str, arguments)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._process = subprocess.Popen(command, **pipes)
        self.peak = 0.0  # bytes of memory at its fullest so far

    def tell(self, steps: int) -> None:
        """Let it do `steps`."""
        print(steps, file=self._process.stdin, flush=True)

    def seconds(self) -> float:
        """Wait for its turn to end; how long it took."""
        answer = self._process.stdout.readline().split()
        if not answer:
            raise RuntimeError(f"{self._process.args} ended with {self._process.wait()}")
        self.peak = float(answer[1])
        return float(answer[0])

    def end(self) -> None:
        """Let it end."""
        self._process.stdin.close()
        self._process.wait()


def rounds(
    teams: Mapping[str, Sequence[Worker]], steps: Mapping[str, int], count: int
) -> dict[str, list[float]]:
    """Steps a second of each team, all its workers together, in each of `count` rounds.

    Every other round goes through the teams backwards. The workers have ended afterwards.
    """
    rates: dict[str, list[float]] = {name: [] for name in teams}
    for worker in (worker for team in teams.values() for worker in team):
        worker.seconds()  # it is ready
    for index in range(count):
        for name in list(teams)[:: -1 if index % 2 else 1]:
            for worker in teams[name]:
                worker.tell(steps[name])
            rates[name].append(sum(steps[name] / worker.seconds() for worker in teams[name]))
    for worker in (worker for team in teams.values() for worker in team):
        worker.end()
    return rates


def spread(values: Sequence[float], form: str = ".2f") -> str:
    """`median (lower to upper quartile)`."""
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{middle:{form}} ({low:{form}} to {high:{form}})"


def ratios(left: Sequence[float], right: Sequence[float]) -> list[float]:
    """left / right, round by round."""
    return [a / b for a, b in zip(left, right, strict=True)]
