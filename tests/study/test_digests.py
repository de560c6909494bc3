"""What a study's files were when they were written, and every way in which they differ later."""

import hashlib
import json
from pathlib import Path

import pytest

from seqtransfer.study import digests, jobs


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A folder with a job's two files, one of them in a folder that it wrote, and their record."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEQTRANSFER_ALIVE", raising=False)
    with jobs.job("logs/toy/convert.log", ["results/toy/a.tsv", "results/toy/midi"]):
        (tmp_path / "results/toy/midi").mkdir(parents=True)
        (tmp_path / "results/toy/a.tsv").write_bytes(b"1\t2\n")
        (tmp_path / "results/toy/midi/{x} 'é'.mid").write_bytes(bytes(range(200)))
    return tmp_path


def named():
    """(kind, path) of each difference."""
    _, lines = digests.differences(
        Path("logs/toy"), Path("results/toy"), Path("results/toy/states")
    )
    return [tuple(line.split(": ", 1)) for line in lines]


def test_the_record_has_the_sha256_of_every_file_of_the_job(study):
    record = json.loads((study / "logs/toy/convert.digests.json").read_text())
    assert record == {
        "results/toy/a.tsv": hashlib.sha256(b"1\t2\n").hexdigest(),
        "results/toy/midi/{x} 'é'.mid": hashlib.sha256(bytes(range(200))).hexdigest(),
    }
    assert named() == []


def test_the_mark_of_snakemake_in_a_folder_is_no_file_of_the_study(study):
    (study / "results/toy/midi/.snakemake_timestamp").touch()
    assert named() == []


def test_an_altered_byte_is_named(study):
    path = study / "results/toy/midi/{x} 'é'.mid"
    path.write_bytes(bytes([1, *range(1, 200)]))
    assert named() == [("altered", "results/toy/midi/{x} 'é'.mid")]


def test_a_truncated_a_missing_and_an_extra_file_are_named(study):
    (study / "results/toy/a.tsv").write_bytes(b"1\t2")
    (study / "results/toy/midi/{x} 'é'.mid").unlink()
    (study / "results/toy/midi/b.mid").touch()
    (study / "results/toy/.a.12.partial.tsv").touch()
    (study / "results/toy/unfinished").mkdir()
    (study / "results/toy/unfinished/finetune.t.text.0.safetensors").touch()
    assert named() == [
        ("altered", "results/toy/a.tsv"),
        ("missing", "results/toy/midi/{x} 'é'.mid"),
        ("not recorded", "results/toy/.a.12.partial.tsv"),
        ("not recorded", "results/toy/midi/b.mid"),
    ]


def test_a_file_that_is_deleted_once_used_may_be_missing_but_not_altered(study):
    path = study / "results/toy/states/before.arrow"
    with jobs.job("logs/toy/represent.log", [path.relative_to(study)]):
        path.parent.mkdir()
        path.write_bytes(b"state")
    path.write_bytes(b"other")
    assert named() == [("altered", "results/toy/states/before.arrow")]
    path.unlink()
    assert named() == []


@pytest.mark.parametrize("text", ["", '{"results/toy/a.tsv": ', "[1]", "\0\xff"])
def test_a_damaged_record_is_named(text, study):
    (study / "logs/toy/convert.digests.json").write_bytes(text.encode("latin-1"))
    kind, rest = named()[0]
    assert kind == "unreadable" and rest.startswith("logs/toy/convert.digests.json")


def test_a_job_that_fails_leaves_no_record_of_its_older_files(study):
    with pytest.raises(SystemExit), jobs.job("logs/toy/convert.log", ["results/toy/a.tsv"]):
        raise ValueError("no")
    assert not (study / "logs/toy/convert.digests.json").exists()


def test_a_job_removes_what_a_killed_one_left_of_its_files_and_nothing_else(study):
    left, others = study / "results/toy/.a.999999999.partial.tsv", []
    for name in (".a.999999999.partial.json", ".ab.999999999.partial.tsv", ".a.x.partial.tsv"):
        others.append(left.with_name(name))
    for path in (left, *others):
        path.touch()
    with jobs.job("logs/toy/convert.log", ["results/toy/a.tsv"]):
        assert not left.exists()
    assert all(path.exists() for path in others)
