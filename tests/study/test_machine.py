"""What planning says of the processor is what training does on it, and what all jobs together may
take is what the machine, or its container, has."""

import psutil
import pytest
import yaml

from project import ROOT
from seqtransfer.study import machine
from seqtransfer.training import devices

TOTAL = psutil.virtual_memory().total // 1_000_000


@pytest.mark.parametrize(
    ("flags", "narrow"),
    [
        ("fpu avx2 avx512f avx512_bf16 vnni", True),
        ("fpu avx512f amx_bf16 amx_tile", True),
        ("fpu avx2 avx512f", False),
        ("fpu avx512_bf16x", False),
    ],
)
def test_flags_of_the_processor_are_read_as_whole_words(flags, narrow, tmp_path):
    path = tmp_path / "cpuinfo"
    path.write_text(f"processor\t: 0\nmodel name\t: any\nflags\t\t: {flags}\nbugs\t\t: none\n")
    assert machine.bfloat16(path) is narrow


def test_a_system_without_the_file_is_taken_for_one_without_bfloat16(tmp_path):
    assert not machine.bfloat16(tmp_path / "cpuinfo")


def test_this_processor_is_told_as_torch_tells_it():
    assert machine.bfloat16() is (devices.choose_precision("cpu") == "bfloat16")


def test_a_container_has_what_its_group_may_take_and_no_more_than_the_machine(tmp_path):
    second, first = tmp_path / "memory.max", tmp_path / "memory.limit_in_bytes"
    assert machine.megabytes((second, first)) == TOTAL  # neither file is there
    second.write_text("max\n")
    first.write_text("9223372036854771712\n")  # how version 1 says that there is no limit
    assert machine.megabytes((second, first)) == TOTAL
    second.write_text("512000000\n")
    assert machine.megabytes((second, first)) == 512
    first.write_text("256000000\n")
    assert machine.megabytes((second, first)) == 256


def test_jobs_on_this_machine_share_its_memory(monkeypatch):
    """What `profiles/default` gives Snakemake, read as Snakemake reads it."""
    import yte

    monkeypatch.chdir(ROOT)
    profile = yte.process_yaml((ROOT / "profiles/default/config.yaml").read_text())
    assert profile["resources"] == ["gpu=1", f"mem_mb={machine.megabytes()}"]
    assert yaml.safe_load((ROOT / "profiles/default/config.yaml").read_text())["cores"] == "all"
