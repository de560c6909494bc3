"""The energy that a job takes, where the machine counts it.

A processor's counters (RAPL, which Linux shows below /sys/class/powercap, on many machines to the
administrator alone) count all that runs on it. Of what they count between two readings a job is
given its share of the processor's busy time, so that jobs at a time add up to what was counted, and
share what the machine would have taken anyway. An NVIDIA card counts for itself (NVML), and tells
nobody whose work it was: a job that computes there alone is given all of that, others are not told.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pynvml
import torch

POWERCAP = Path("/sys/class/powercap")
COUNTED = ("package", "dram")  # parts of a processor that no other counter holds
BUSY = ("user", "nice", "system", "irq", "softirq")
LOST = (OSError, ValueError, pynvml.NVMLError)  # what a counter raises that cannot be read
EVERY = 10.0  # seconds between readings; a counter of a busy processor begins anew after minutes


@dataclass
class Counter:
    """Joules since some moment, which begin anew after `most`; shared: by all that runs."""

    read: Callable[[], float]
    most: float
    shared: bool


class Meter:
    """Counts from now on, in a thread of its own, until `joules` is asked for.

    device: `cpu` or `cuda`, whose card counts, too.
    """

    def __init__(self, device: str, powercap: Path = POWERCAP):
        self._counters = [*_of_processor(powercap), *(_of_card() if device == "cuda" else ())]
        self._process = psutil.Process()
        self._joules = 0.0
        self._last = self._counts()
        self._times = self._processor_times()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._read_on, daemon=True)
        if self._counters:
            self._thread.start()

    def joules(self) -> float | None:
        """What the job has taken since the meter was made; None where nothing counts it, or a
        counter could not be read again."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        self._add()
        return self._joules if self._counters else None

    def _read_on(self) -> None:
        while not self._ended.wait(EVERY):
            self._add()

    def _add(self) -> None:
        """Add what was counted since the last reading."""
        counts = self._counts()
        times = self._processor_times()
        own, busy = (now - before for now, before in zip(times, self._times, strict=True))
        share = min(1.0, own / busy) if busy > 0 else 0.0
        for counter, now, before in zip(self._counters, counts, self._last, strict=False):
            counted = (now - before) % counter.most
            self._joules += counted * share if counter.shared else counted
        self._last, self._times = counts, times

    def _counts(self) -> list[float]:
        """Of all counters; of none from then on, if one is lost: a job does not end for that."""
        try:
            return [counter.read() for counter in self._counters]
        except LOST as reason:
            print(f"energy: {reason}")
            self._counters = []
            return []

    def _processor_times(self) -> tuple[float, float]:
        """Seconds of this process and of all that ran, over all cores."""
        own, machine = self._process.cpu_times(), psutil.cpu_times()
        return own.user + own.system, sum(getattr(machine, kind, 0.0) for kind in BUSY)


def _of_processor(powercap: Path) -> Iterator[Counter]:
    for name in sorted(powercap.glob("intel-rapl:*/name")):
        if name.read_text().startswith(COUNTED):
            energy = name.with_name("energy_uj")
            try:
                most = int(name.with_name("max_energy_range_uj").read_text())
                energy.read_text()
            except LOST:  # not for this user, or no counter
                continue
            yield Counter(lambda path=energy: int(path.read_text()) / 1e6, most / 1e6, True)


def _of_card() -> Iterator[Counter]:
    try:
        pynvml.nvmlInit()
        uuid = torch.cuda.get_device_properties(0).uuid
        card = pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}")
        pynvml.nvmlDeviceGetTotalEnergyConsumption(card)
    except LOST:  # no library of the driver, or a card that does not count
        return

    def read() -> float:
        if len(pynvml.nvmlDeviceGetComputeRunningProcesses(card)) > 1:
            raise ValueError("other jobs compute on the same card")
        return pynvml.nvmlDeviceGetTotalEnergyConsumption(card) / 1e3

    yield Counter(read, float("inf"), False)
