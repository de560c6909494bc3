"""A source on this machine: each change of a file is seen, and what cannot be copied is refused."""

import os
import shutil

import pytest

from seqtransfer.corpora import folder_copies
from seqtransfer.files import checksums
from seqtransfer.study.checks import local_sources


@pytest.fixture
def state(tmp_path):
    """A function from a path to the state of a source there."""
    return lambda path: local_sources.state("mine", {"path": str(path)}, tmp_path / "raw/mine")


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    (folder / "{inner} <x>").mkdir(parents=True)
    (folder / "{inner} <x>/{b}.csv").write_text("one")
    (folder / "a.csv").write_text("two")
    return folder


def test_only_a_source_with_a_path_has_a_state(tmp_path):
    assert local_sources.state("mine", {"url": "http://x/y"}, tmp_path / "raw/mine") is None


def test_what_jobs_would_replace_is_no_source(tmp_path, state):
    """Snakemake deletes a job's folder before it begins: the only copy would be gone."""
    made = (tmp_path / "corpora/study", tmp_path / "encoders")
    for folder in (tmp_path / "raw/mine", *made):
        folder.mkdir(parents=True)
        (folder / "x.fasta").write_text(">a\nACGT\n")
        with pytest.raises(ValueError, match=r"source mine: path .* would replace it; move"):
            local_sources.state(
                "mine", {"path": str(folder / "x.fasta")}, tmp_path / "raw/mine", made=made
            )
    (tmp_path / "raw/other").mkdir()
    (tmp_path / "raw/other/x.fasta").write_text(">a\nACGT\n")
    assert state(tmp_path / "raw/other/x.fasta")


@pytest.mark.parametrize("path", ["s3://bucket/mine.fasta", "gs://bucket/folder"])
def test_an_address_in_storage_has_no_state_here(path, state):
    assert local_sources.is_address(path) and state(path) is None
    assert not local_sources.is_address("my-data/s3:/mine.fasta")
    assert not local_sources.is_address(None)


def test_the_state_of_large_files_changes_with_their_time_that_of_small_ones_does_not(
    data, monkeypatch, state
):
    first = state(data)
    os.utime(data / "a.csv", ns=(0, 1))
    assert state(data) == first
    (data / "a.csv").write_text("owt")  # as long as before
    assert state(data) != first
    monkeypatch.setattr(local_sources, "CONTENT", 5)
    first = state(data)
    os.utime(data / "a.csv", ns=(0, 2))
    assert state(data) != first


def test_the_state_changes_with_every_file_and_is_that_of_a_copy(data, tmp_path, state):
    first = state(data)
    shutil.copytree(data, tmp_path / "copy", copy_function=shutil.copyfile)
    assert state(tmp_path / "copy") == first
    inner = data / "{inner} <x>/{b}.csv"
    inner.write_text("ones")
    longer = state(data)
    inner.rename(data / "c.csv")
    moved = state(data)
    (data / "c.csv").unlink()
    assert len({first, longer, moved, state(data)}) == 4
    assert state(data / "a.csv") not in {first, longer, moved}


def test_links_are_followed_as_the_copy_does(data, tmp_path, state):
    (tmp_path / "link").symlink_to(data)
    assert state(tmp_path / "link") == state(data)
    (tmp_path / "one").mkdir()
    (tmp_path / "one/left").symlink_to(data)
    assert state(tmp_path / "one")


def test_a_folder_that_links_lead_to_twice_is_refused(data, tmp_path, state):
    (tmp_path / "two").mkdir()
    (tmp_path / "two/left").symlink_to(data)
    (tmp_path / "two/right").symlink_to(data)
    with pytest.raises(ValueError, match=r"^source mine: .*two/right' is a folder .* twice"):
        state(tmp_path / "two")
    (data / "back").symlink_to(".")
    with pytest.raises(ValueError, match=r"^source mine: .*data/back' is a folder .* twice"):
        state(data)


def test_what_is_no_file_is_refused_with_its_path(data, state):
    (data / "gone").symlink_to("nowhere")
    with pytest.raises(ValueError, match=r"^source mine: .*data/gone' is a link to nothing; rem"):
        state(data)
    (data / "gone").unlink()
    os.mkfifo(data / "pipe")
    with pytest.raises(ValueError, match=r"^source mine: .*data/pipe' is no file but a pipe"):
        state(data)
    with pytest.raises(ValueError, match=r"^source mine: .*data/pipe is no file, folder or link"):
        state(data / "pipe")


def test_what_editors_leave_and_what_extract_leaves_out_changes_nothing(data, tmp_path, state):
    first = state(data)
    for name in (".DS_Store", "._a.csv", "a.csv.swp", "~$a.csv"):
        (data / name).write_text("x")
    (data / ".#a.csv").symlink_to("me@here.123")  # as Emacs locks a file
    assert state(data) == first
    folder_copies.copy(data, None, tmp_path / "copied")
    assert sorted(path.name for path in (tmp_path / "copied").rglob("*.csv")) == [
        "a.csv",
        "{b}.csv",
    ]
    assert not list((tmp_path / "copied").glob(".*"))
    (data / "gone").symlink_to("nowhere")
    (data / "notes.txt").write_text("x")
    some = {"path": str(data), "extract": ["*.csv"]}
    assert local_sources.state("mine", some, tmp_path / "raw/mine") == first
    some["extract"] = ["*.tsv"]
    with pytest.raises(ValueError, match=r"^source mine: .*no member matches extract pattern"):
        local_sources.state("mine", some, tmp_path / "raw/mine")


def test_a_path_that_is_not_there_or_holds_its_copy_is_refused(tmp_path, state):
    for path in (tmp_path / "gone", "~nobody-here/x", tmp_path / ("x" * 300)):
        with pytest.raises(ValueError, match=r"^source mine: there is no file or folder at /.*;"):
            state(path)
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(ValueError, match=r"^source mine: there is no file or folder at .*loop;"):
        state(tmp_path / "loop")
    with pytest.raises(ValueError, match=r"path .* holds .*raw/mine; put the data in a folder"):
        state(tmp_path)


def test_a_file_is_known_by_what_it_is_and_its_name_in_the_copy_not_by_its_folder(
    data, tmp_path, state
):
    (tmp_path / "moved").mkdir()
    shutil.copy(data / "a.csv", tmp_path / "moved/a.csv")
    assert state(tmp_path / "moved/a.csv") == state(data / "a.csv")
    (tmp_path / "moved/a.csv").rename(tmp_path / "moved/b.csv")
    assert state(tmp_path / "moved/b.csv") != state(data / "a.csv")


def test_a_file_without_the_right_to_read_it_is_named(data, monkeypatch, state):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(local_sources.checksums, "sha256", refuse)
    with pytest.raises(ValueError, match=r"source mine: .*a\.csv cannot be read; give yourself"):
        state(data / "a.csv")


def test_a_file_that_is_not_the_one_the_study_states_is_refused_when_planned(data, tmp_path):
    path = data / "a.csv"
    source = {"path": str(path), "sha256": checksums.sha256(path)}
    known = local_sources.state("mine", source, tmp_path / "raw/mine")
    assert known == local_sources.state("mine", {"path": str(path)}, tmp_path / "raw/mine")
    path.write_text("edited")
    with pytest.raises(ValueError, match=r"source mine: .*a\.csv has another sha256: expected"):
        local_sources.state("mine", source, tmp_path / "raw/mine")


def test_the_copy_of_one_file_with_a_digest_is_known_by_its_name(data):
    digest = {"sha256": "0" * 64}
    copy = local_sources.copy_name
    assert copy("mine", digest | {"path": str(data / "a.csv")}) == "a.csv"
    assert copy("mine", digest | {"url": "https://example.org/h3.fasta"}) == "h3.fasta"
    named = digest | {"url": "https://example.org/12/content", "file": "h3.fasta"}
    assert copy("mine", named) == "h3.fasta"
    assert copy("mine", {"path": str(data / "a.csv")}) is None  # its state has the name
    assert copy("mine", digest | {"url": "https://example.org/all.tar.gz"}) is None
    assert copy("mine", digest | {"package": "p", "version": "1"}) is None


def test_only_a_file_with_a_digest_is_pinned(data):
    digest = {"sha256": "0" * 64, "url": "https://example.org/files/a.csv?raw=1"}
    assert local_sources.is_pinned("mine", {"path": str(data / "a.csv"), **digest})
    # A copy has the file's own name, by which the layout knows it; an archive's does not matter.
    (data / "a.csv").rename(data / "b.csv")
    assert not local_sources.is_pinned("mine", {"path": str(data / "b.csv"), **digest})
    (data / "b.csv").rename(data / "b.zip")
    assert local_sources.is_pinned("mine", {"path": str(data / "b.zip"), "sha256": "0" * 64})
    # Where its address calls it no archive, its download is copied as it is, not unpacked.
    place = {"path": str(data / "b.zip"), "sha256": "0" * 64}
    assert not local_sources.is_pinned("mine", place | {"url": "https://example.org/12/content"})
    assert local_sources.is_pinned("mine", place | {"url": "https://example.org/a%2Fc.tar.gz"})
    assert local_sources.is_pinned("mine", place | {"package": "p", "version": "1"})
    assert not local_sources.is_pinned("mine", place | {"parts": ["a", "b"], "file": "whole"})
    (data / "b.zip").rename(data / "a.csv")
    assert not local_sources.is_pinned("mine", {"path": str(data / "a.csv"), "size": 3})
    assert not local_sources.is_pinned("mine", {"path": str(data), **digest})
