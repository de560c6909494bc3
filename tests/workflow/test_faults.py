"""A study whose jobs and whose Snakemake are killed ends with the files of one left alone."""

import random
import runpy

import pytest

from project import ROOT

FAULTS = runpy.run_path(str(ROOT / "benchmarks/faults.py"))


@pytest.mark.workflow
def test_killed_twice_the_same_command_goes_on_to_the_same_files(encoder, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for folder in (whole, killed):
        FAULTS["prepare"](folder, encoder)
    assert FAULTS["start"](whole, *FAULTS["GOALS"]).wait() == 0, (whole / "output.txt").read_text()
    expected = FAULTS["written"](whole)
    assert f"{FAULTS['GOALS'][0]}" in expected
    # By these draws the first kill waits for a state of training and hits Snakemake and all jobs,
    # so that job, too; one job alone may be another, which has saved nothing.
    counts = FAULTS["disturb"](killed, 2, 12.0, random.Random(138))
    assert counts["both"] >= 1 and counts["resumed"] >= 1, counts
    FAULTS["check"](killed, expected)


def test_a_file_left_over_or_with_other_bytes_is_noticed(tmp_path):
    for name in ("results/a.tsv", "data/b.tsv", "results/timing.json"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"1")
    whole = FAULTS["written"](tmp_path)
    assert whole == {"data/b.tsv": b"1", "results/a.tsv": b"1", "results/timing.json": b""}
    (tmp_path / "results/.a.12.partial.tsv").touch()
    with pytest.raises(ValueError, match=r"differing \['results/\.a\.12\.partial\.tsv'\]"):
        FAULTS["check"](tmp_path, whole)
