"""The overhead of a study is its wall time over its training time, from its jobs' own records."""

import json
import os
import runpy
from pathlib import Path

import pytest

from project import ROOT

OVERHEAD = runpy.run_path(str(ROOT / "benchmarks" / "overhead.py"))


def write_job(study: Path, name: str, start: float, seconds: float) -> None:
    """A benchmark as Snakemake writes it; a job that was run again has two rows."""
    path = study / "logs" / "toy" / "benchmarks" / f"{name}.tsv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"s\th:m:s\n99.0\t0:01:39\n{seconds}\t0:00:10\n")
    os.utime(path, (0, start + seconds))


def write_timing(study: Path, name: str, seconds: float) -> None:
    path = study / "results" / "toy" / name / "timing.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"seconds_training": seconds, "seconds_total": 99.0}))


def test_the_overhead_and_its_parts_are_those_of_the_records(tmp_path):
    write_job(tmp_path, "download/a", 1000.0, 10.0)
    write_job(tmp_path, "pretrain/a/seed-1", 1010.0, 40.0)
    write_job(tmp_path, "finetune/a/text/seed-0", 1010.0, 30.0)
    write_job(tmp_path, "summarize", 1050.0, 10.0)
    write_timing(tmp_path, "pretrained/a/seed-1", 30.0)
    write_timing(tmp_path, "runs/a/text/seed-0", 18.0)
    results = tmp_path / "results" / "toy"
    found = OVERHEAD["jobs"](results)
    assert [job.rule for job in found] == ["download", "finetune", "pretrain", "summarize"]
    text = OVERHEAD["report"](found, OVERHEAD["training"](results), 2)
    # 60 s on two cores, 48 s of training, 90 s in jobs.
    assert "overhead 2.50: 60 s on 2 cores, 48 s of training" in text
    assert "jobs over training 1.88, cores over jobs 1.33" in text
    rows = {line.split()[0]: line.split()[-4:] for line in text.splitlines()[4:]}
    assert rows["finetune"] == ["1", "30", "18", "25.0%"]
    assert rows["pretrain"] == ["1", "40", "30", "33.3%"]
    assert rows["download"] == ["1", "10", "0", "8.3%"]
    assert rows["(no"][1:] == ["30", "0", "25.0%"]


def test_a_folder_without_records_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"benchmarks: holds no benchmarks"):
        OVERHEAD["jobs"](tmp_path / "results" / "toy")
    with pytest.raises(ValueError, match=r"toy: no run has a timing\.json"):
        OVERHEAD["training"](tmp_path / "results" / "toy")
