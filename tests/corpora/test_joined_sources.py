"""Sources whose file lies in parts of other sources are joined, checked and unpacked."""

import hashlib
import io
import zipfile

import pytest

from seqtransfer.corpora import sources


@pytest.fixture
def halves(tmp_path):
    """An archive of two members in two sources; returns the entry of the source that joins them."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr("m/a", "first")
        archive.writestr("m/b", "second")
    whole = memory.getvalue()
    (tmp_path / "whole.zip").write_bytes(whole)
    for number, piece in enumerate([whole[:100], whole[100:]], start=1):
        part = tmp_path / f"whole.zip.00{number}"
        part.write_bytes(piece)
        sources.fetch(f"half-{number}", {"path": str(part)}, tmp_path / "raw" / f"half-{number}")
    digest = hashlib.sha256(whole).hexdigest()
    return {"parts": ["half-1", "half-2"], "file": "whole.zip", "sha256": digest}


def members(folder):
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text() for path in found}


@pytest.mark.parametrize("cached", [True, False])
def test_parts_are_joined_in_their_order_and_unpacked(halves, cached, tmp_path):
    cache = tmp_path / "cache" if cached else None
    folder = tmp_path / "raw" / "x"
    sources.fetch("x", halves | {"extract": ["m/b"]}, folder, cache=cache)
    assert members(folder) == {"m/b": "second"}
    assert not (folder.parent / ".unfinished").exists()


def test_parts_in_another_order_are_another_file(halves, tmp_path):
    with pytest.raises(ValueError, match="half-2, half-1 joined have another sha256"):
        sources.fetch("x", halves | {"parts": ["half-2", "half-1"]}, tmp_path / "raw" / "x")
    assert not (tmp_path / "raw" / "x").exists()


def test_a_part_that_was_altered_since_is_named(halves, tmp_path):
    (part,) = (tmp_path / "raw" / "half-2").iterdir()
    part.write_bytes(part.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"half-2: .*002.* since it was brought here; delete the"):
        sources.fetch("x", halves, tmp_path / "raw" / "x")


def test_a_part_of_several_files_is_named(halves, tmp_path):
    (tmp_path / "two").mkdir()
    for name in "ab":
        (tmp_path / "two" / name).write_bytes(b"")
    sources.fetch("half-2", {"path": str(tmp_path / "two")}, tmp_path / "raw" / "half-2")
    with pytest.raises(
        ValueError, match="part half-2 has 2 files instead of 1; correct `extract:`"
    ):
        sources.fetch("x", halves, tmp_path / "raw" / "x")


def test_a_local_copy_of_the_whole_needs_no_parts(halves, tmp_path):
    local = halves | {"path": str(tmp_path / "whole.zip"), "parts": ["none", "neither"]}
    sources.fetch("x", local, tmp_path / "raw" / "x")
    assert members(tmp_path / "raw" / "x") == {"m/a": "first", "m/b": "second"}
