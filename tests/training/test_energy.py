"""A job is given its share of what a processor's counters count, and all of its own card's."""

import itertools
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pynvml
import pytest

from seqtransfer.training import energy


def write_counter(powercap: Path, zone: str, name: str, joules: float, most: float = 1000.0):
    """A counter as Linux shows it, in microjoules."""
    folder = powercap / zone
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "name").write_text(f"{name}\n")
    (folder / "max_energy_range_uj").write_text(f"{round(most * 1e6)}\n")
    (folder / "new").write_text(f"{round(joules * 1e6)}\n")
    (folder / "new").rename(folder / "energy_uj")  # at once, for the thread that reads it


@pytest.fixture
def times(monkeypatch):
    """Seconds of the process and of all that runs, as a meter reads them; set them."""
    spent = SimpleNamespace(own=0.0, busy=0.0)
    monkeypatch.setattr(energy.Meter, "_processor_times", lambda _: (spent.own, spent.busy))
    return spent


def test_a_job_has_its_share_of_the_processors_busy_time(tmp_path, times):
    write_counter(tmp_path, "intel-rapl:0", "package-0", 5.0)
    write_counter(tmp_path, "intel-rapl:1", "package-1", 0.0)
    write_counter(tmp_path, "intel-rapl:0:1", "dram", 1.0)
    write_counter(tmp_path, "intel-rapl:0:0", "core", 0.0)  # a part of the package
    write_counter(tmp_path, "intel-rapl-mmio:0", "package-0", 5.0)  # the same counter once more
    meter = energy.Meter("cpu", tmp_path)
    write_counter(tmp_path, "intel-rapl:0", "package-0", 15.0)
    write_counter(tmp_path, "intel-rapl:1", "package-1", 4.0)
    write_counter(tmp_path, "intel-rapl:0:1", "dram", 3.0)
    write_counter(tmp_path, "intel-rapl:0:0", "core", 9.0)
    write_counter(tmp_path, "intel-rapl-mmio:0", "package-0", 15.0)
    times.own, times.busy = 1.0, 4.0
    assert meter.joules() == pytest.approx((10 + 4 + 2) / 4)


def test_jobs_at_a_time_share_what_was_counted(tmp_path, times):
    write_counter(tmp_path, "intel-rapl:0", "package-0", 0.0)
    meters = [energy.Meter("cpu", tmp_path) for _ in range(3)]
    write_counter(tmp_path, "intel-rapl:0", "package-0", 60.0)
    times.busy = 6.0
    shares = []
    for seconds, meter in zip((1.0, 2.0, 3.0), meters, strict=True):
        times.own = seconds
        shares.append(meter.joules())
    assert shares == pytest.approx([10.0, 20.0, 30.0])


def test_readings_in_between_see_a_counter_that_begins_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(energy, "EVERY", 0.01)
    seconds = itertools.count()  # the process is all that runs
    monkeypatch.setattr(energy.Meter, "_processor_times", lambda _: (float(next(seconds)),) * 2)
    write_counter(tmp_path, "intel-rapl:0", "package-0", 90.0, most=100.0)
    meter = energy.Meter("cpu", tmp_path)
    for joules in (40.0, 90.0, 40.0, 10.0):  # 50, 50, 50 and 70 more
        write_counter(tmp_path, "intel-rapl:0", "package-0", joules, most=100.0)
        deadline = time.monotonic() + 10
        while meter._last != [joules] and time.monotonic() < deadline:
            time.sleep(0.005)
    assert meter.joules() == pytest.approx(220.0)


@pytest.mark.parametrize("lost", ["energy_uj", "max_energy_range_uj"])
def test_a_machine_that_does_not_tell_gives_none(tmp_path, lost):
    assert energy.Meter("cpu", tmp_path / "none").joules() is None
    write_counter(tmp_path, "intel-rapl:0", "package-0", 5.0)
    (tmp_path / "intel-rapl:0" / lost).unlink()
    assert energy.Meter("cpu", tmp_path).joules() is None


def test_a_counter_that_is_lost_ends_no_job(tmp_path, times):
    write_counter(tmp_path, "intel-rapl:0", "package-0", 5.0)
    meter = energy.Meter("cpu", tmp_path)
    (tmp_path / "intel-rapl:0/energy_uj").unlink()
    assert meter.joules() is None


@pytest.fixture
def card(monkeypatch):
    """What a card tells: set its millijoules, and the processes that compute on it."""
    card = SimpleNamespace(millijoules=7000, processes=[1])
    functions = {
        "nvmlInit": lambda: None,
        "nvmlDeviceGetHandleByUUID": {"GPU-8e2b": card}.__getitem__,
        "nvmlDeviceGetTotalEnergyConsumption": lambda handle: handle.millijoules,
        "nvmlDeviceGetComputeRunningProcesses": lambda handle: handle.processes,
    }
    for name, function in functions.items():
        assert callable(getattr(pynvml, name))  # by the library's own names
        monkeypatch.setattr(pynvml, name, function)
    properties = SimpleNamespace(uuid="8e2b")
    monkeypatch.setattr(energy.torch.cuda, "get_device_properties", lambda _: properties)
    return card


def test_a_card_counts_for_the_job_alone(tmp_path, times, card):
    write_counter(tmp_path, "intel-rapl:0", "package-0", 0.0)
    meter = energy.Meter("cuda", tmp_path)
    write_counter(tmp_path, "intel-rapl:0", "package-0", 8.0)
    card.millijoules, times.own, times.busy = 10_000, 1.0, 2.0
    assert meter.joules() == pytest.approx(3.0 + 4.0)


def test_of_a_card_that_others_compute_on_nothing_is_told(tmp_path, times, card):
    write_counter(tmp_path, "intel-rapl:0", "package-0", 0.0)
    meter = energy.Meter("cuda", tmp_path)
    card.processes.append(2)
    assert meter.joules() is None
    assert energy.Meter("cuda", tmp_path).joules() is None


@pytest.mark.skipif(Path("/dev/nvidia0").exists(), reason="has a card")
def test_without_a_driver_the_processor_counts_alone(tmp_path, times):
    write_counter(tmp_path, "intel-rapl:0", "package-0", 0.0)
    meter = energy.Meter("cuda", tmp_path)
    write_counter(tmp_path, "intel-rapl:0", "package-0", 8.0)
    times.own = times.busy = 1.0
    assert meter.joules() == pytest.approx(8.0)


def test_of_a_machines_time_that_which_waits_or_is_another_machines_does_not_count(
    tmp_path, monkeypatch
):
    kinds = {"user": 1, "nice": 2, "system": 4, "irq": 8, "softirq": 16}
    others = dict.fromkeys(("idle", "iowait", "steal", "guest"), 1000)
    monkeypatch.setattr(psutil, "cpu_times", lambda: SimpleNamespace(**kinds, **others))
    assert energy.Meter("cpu", tmp_path)._processor_times()[1] == 31


def test_a_busy_process_has_its_own_time(tmp_path):
    meter = energy.Meter("cpu", tmp_path)
    before, end = meter._processor_times(), time.process_time() + 0.5
    while time.process_time() < end:
        sum(range(1000))
    own, busy = (now - was for was, now in zip(before, meter._processor_times(), strict=True))
    assert 0.4 < own <= busy + 0.1
