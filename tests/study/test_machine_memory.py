"""What all jobs together may take is what the machine, or its container, has."""

import psutil
import yaml

from project import ROOT
from seqtransfer.study import machine_memory

TOTAL = psutil.virtual_memory().total // 1_000_000


def test_a_container_has_what_its_group_may_take_and_no_more_than_the_machine(tmp_path):
    second, first = tmp_path / "memory.max", tmp_path / "memory.limit_in_bytes"
    assert machine_memory.megabytes((second, first)) == TOTAL  # neither file is there
    second.write_text("max\n")
    first.write_text("9223372036854771712\n")  # how version 1 says that there is no limit
    assert machine_memory.megabytes((second, first)) == TOTAL
    second.write_text("512000000\n")
    assert machine_memory.megabytes((second, first)) == 512
    first.write_text("256000000\n")
    assert machine_memory.megabytes((second, first)) == 256


def test_jobs_on_this_machine_share_its_memory(monkeypatch):
    """What `profiles/default` gives Snakemake, read as Snakemake reads it."""
    import yte

    monkeypatch.chdir(ROOT)
    profile = yte.process_yaml((ROOT / "profiles/default/config.yaml").read_text())
    assert profile["resources"] == ["gpu=1", f"mem_mb={machine_memory.megabytes()}"]
    assert yaml.safe_load((ROOT / "profiles/default/config.yaml").read_text())["cores"] == "all"
