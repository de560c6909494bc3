"""Sources that lie on this machine: whether they can be copied, and in which state they are."""

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from seqtransfer.corpora import archives, folder_copies


def is_address(path: str | None) -> bool:
    """Whether the `path:` of a source is an address in storage, such as s3://bucket/mine.fasta."""
    return bool(path and re.match(r"[a-z][a-z0-9+.-]*://", path))


def state(name: str, source: dict, folder: Path) -> str | None:
    """Digest (16 hex digits) of the names, sizes and times of a source's files; None without a
    `path:` on this machine. It changes with every edit, so that an edited file is taken anew. Files
    that are not copied do not count: those that `extract` leaves out, and litter.

    folder: where the source is to be copied. Raises ValueError naming source and path if the path
    is not there, holds `folder`, or has anything in it that is to be copied and cannot be.
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
    files = {file.relative_to(path).as_posix(): file for file in _files(name, path, ())}
    wanted = list(files)
    if path.is_dir():
        try:
            wanted = archives.selected(files, source.get("extract"), str(path))
        except ValueError as error:
            raise ValueError(f"source {name}: {error}") from error
    digest = hashlib.sha256()
    for file in map(files.get, wanted):
        if folder_copies.is_litter(file.name):
            continue
        if not file.is_file():
            what = "a link to nothing" if file.is_symlink() else "no file, folder or link to one"
            raise ValueError(
                f"source {name}: {file} is {what}; remove it, leave it out by `extract`, or correct"
                " `path:`"
            )
        facts = file.stat()
        digest.update(os.fsencode(file.relative_to(path)))
        digest.update(f"\0{facts.st_size}\0{facts.st_mtime_ns}\0".encode())
    return digest.hexdigest()[:16]


def _files(name: str, path: Path, above: tuple[str, ...]) -> Iterator[Path]:
    """All but folders at or below `path`, sorted, links followed; above: real folders on the
    way."""
    if path.is_dir():
        real = os.path.realpath(path)
        if real in above:
            raise ValueError(f"source {name}: the link {path} leads back to {real}; remove it")
        try:
            inner = sorted(path.iterdir())
        except OSError as error:
            raise ValueError(f"source {name}: cannot read {path} ({error.strerror})") from error
        for entry in inner:
            yield from _files(name, entry, (*above, real))
    else:
        yield path
