"""Sources that lie on this machine: whether they can be copied, and in which state they are."""

import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path

from seqtransfer.corpora import archives, folder_copies
from seqtransfer.files import checksums

# Bytes up to which a source is known by what is in it: half a second at every start of Snakemake.
CONTENT = 1 << 28


def is_address(path: str | None) -> bool:
    """Whether the `path:` of a source is an address in storage, such as s3://bucket/mine.fasta."""
    return bool(path and re.match(r"[a-z][a-z0-9+.-]*://", path))


def state(name: str, source: dict, folder: Path, *, made: Sequence[Path] = ()) -> str | None:
    """Digest (16 hex digits) of a source's files, their names in the copy and contents, or, where
    they are larger than CONTENT together, names, sizes and times; None without a `path:` on this
    machine. It changes with every edit, so that an edited file is taken anew. Files that are not
    copied do not count: those that `extract` leaves out, and litter.

    folder: where the source is to be copied; made: other folders in which jobs replace what they
    find. Raises ValueError naming source and path if the path is not there, holds `folder`, lies in
    it or in one that is made, has anything in it that is to be copied and cannot be, or is a file
    of at most CONTENT bytes with another digest than the source states.
    """
    if not source.get("path") or is_address(source["path"]):
        return None
    path = Path(os.path.expanduser(source["path"]))
    if not os.path.exists(path):
        raise ValueError(
            f"source {name}: there is no file or folder at {path.absolute()}; correct its `path:`,"
            " or place the data there"
        )
    if Path(os.path.realpath(folder)).is_relative_to(os.path.realpath(path)):
        raise ValueError(f"source {name}: path {path} holds {folder}; put the data in a folder")
    for written in (folder, *made):
        if Path(os.path.realpath(path)).is_relative_to(os.path.realpath(written)):
            raise ValueError(
                f"source {name}: path {path} lies in {written}, where the workflow writes and would"
                " replace it; move the data to a folder of yours, such as my-data/"
            )
    digest = hashlib.sha256()
    try:
        found = files(source)
    except ValueError as error:
        raise ValueError(f"source {name}: {error}") from error
    facts = {inside: file.stat() for inside, file in found.items()}
    small = sum(fact.st_size for fact in facts.values()) <= CONTENT
    for inside, file in found.items():
        digest.update(os.fsencode(inside))
        size, time = facts[inside].st_size, facts[inside].st_mtime_ns
        try:
            known = checksums.sha256(file) if small else f"{size}\0{time}"
        except PermissionError as error:
            raise ValueError(
                f"source {name}: {file} cannot be read; give yourself the right to, or leave it out"
            ) from error
        digest.update(f"\0{known}\0".encode())
    if small and path.is_file():
        _check_digests(name, path, source)
    return digest.hexdigest()[:16]


def _check_digests(name: str, path: Path, source: dict) -> None:
    expected = checksums.stated(name, source)
    faults = checksums.faults(path, expected) if expected.digests else []
    if faults:
        raise ValueError(
            f"source {name}: {path} has {'; '.join(faults)}; if the file was edited on purpose,"
            " write what was found, else get it again"
        )


def is_pinned(name: str, source: dict) -> bool:
    """Whether a digest in the catalogue says what the copy of the file at the source's `path:`
    holds: that of an archive which is one where it comes from, too, or of a file under the name
    that it has there. The copy of any other has its own name."""
    path = Path(os.path.expanduser(source["path"]))
    if path.is_dir() or not checksums.stated(name, source).digests:
        return False
    if source.get("package"):
        return archives.is_archive(path.name)
    there = archives.url_filename(source.get("url") or "") or source.get("file", path.name)
    return there == path.name or all(map(archives.is_archive, (path.name, there)))


def copy_name(name: str, source: dict) -> str | None:
    """The name under which a layout finds the copy of a source that is one file with a digest; None
    of a folder, a package and an archive, whose members have names of their own, and of a file
    whose `state` has the name."""
    path = source.get("path")
    if source.get("package") or source.get("parts") or not checksums.stated(name, source).digests:
        return None
    if path and not is_address(path):
        here = Path(os.path.expanduser(path))
        there = None if here.is_dir() or not is_pinned(name, source) else here.name
    else:
        there = source.get("file") or archives.url_filename(source.get("url") or path or "")
    return None if not there or archives.is_archive(there) else there


def files(source: dict) -> dict[str, Path]:
    """Path inside the copy -> file: what is copied of a source whose `path:` is there.

    Raises ValueError naming the file if one of them cannot be.
    """
    path = Path(os.path.expanduser(source["path"]))
    if path.is_dir():
        return folder_copies.files(path, source.get("extract"))
    if not path.is_file():
        raise ValueError(f"{path} is no file, folder or link to one; correct `path:`")
    return {path.name: path}
