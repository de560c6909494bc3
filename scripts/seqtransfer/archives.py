"""Archives from outside -> files: only the members asked for, and none that leaves the folder."""

import fnmatch
import gzip
import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

ZIP_SUFFIXES = (".zip", ".whl")
TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.xz")
SUFFIXES = ZIP_SUFFIXES + TAR_SUFFIXES
LIMIT = 4 << 30  # bytes unpacked; more is taken for a decompression bomb
DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    RuntimeError,  # zipfile's word for an encrypted member or an unknown compression
)


@dataclass(frozen=True)
class Member:
    """One file of an archive: its path inside, its unpacked bytes, why it is refused, a reader."""

    name: str
    size: int
    fault: str | None
    open: Callable[[], IO[bytes]]


def is_archive(path: Path) -> bool:
    """Whether `unpack` knows the file's kind, by its name alone (a .mxl or .npz is also a zip)."""
    return path.name.lower().endswith(SUFFIXES)


def unpack(path: Path, patterns: Sequence[str] | None, folder: Path, limit: int = LIMIT) -> int:
    """Unpack the members of a zip or tar archive that match `patterns` into `folder`.

    patterns: globs on the whole member path, where `*` also matches `/`; None or empty means all.
    limit: bytes allowed over all members unpacked. Permissions, times and empty folders are not
    kept. Returns the number of files written.
    Raises ValueError naming archive and member if a pattern matches nothing, or if a member asked
    for has an absolute path, a `..`, a path used twice, is a link or a device, or cannot be read.
    """
    is_zip = path.name.lower().endswith(ZIP_SUFFIXES)
    try:
        with zipfile.ZipFile(path) if is_zip else tarfile.open(path) as archive:
            members = list(_zip_members(archive) if is_zip else _tar_members(archive, folder))
            names = set(selected([member.name for member in members], patterns, path))
            chosen = [member for member in members if member.name in names]
            _check(path, chosen, limit)
            for member in chosen:
                target = folder / member.name
                target.parent.mkdir(parents=True, exist_ok=True)
                with member.open() as content, open(target, "xb") as file:
                    shutil.copyfileobj(content, file)
    except DAMAGE as error:
        raise ValueError(f"{path.name}: cannot be unpacked, it may be damaged ({error})") from error
    return len(chosen)


def selected(names: Iterable[str], patterns: Sequence[str] | None, origin: Path) -> list[str]:
    """The names that match at least one pattern, in their order; all if there are no patterns.

    Raises ValueError naming `origin` and the pattern if one of the patterns matches no name.
    """
    names = list(names)
    if not patterns:
        return names
    for pattern in patterns:
        if not any(fnmatch.fnmatchcase(name, pattern) for name in names):
            raise ValueError(
                f"{origin.name}: no member matches extract pattern {pattern!r}; it holds "
                f"{len(names)} files, such as {', '.join(names[:5]) or 'none'}"
            )
    return [name for name in names if any(fnmatch.fnmatchcase(name, p) for p in patterns)]


def _zip_members(archive: zipfile.ZipFile) -> Iterator[Member]:
    for info in archive.infolist():
        if not info.is_dir():
            fault = "a link" if stat.S_ISLNK(info.external_attr >> 16) else None
            yield Member(_normal(info.filename), info.file_size, fault, partial(archive.open, info))


def _tar_members(archive: tarfile.TarFile, folder: Path) -> Iterator[Member]:
    for info in archive:
        if not info.isdir():
            fault = None if info.isreg() else "a link or a device"
            opener = partial(_open_tar_member, archive, info, folder)
            yield Member(_normal(info.name), info.size, fault, opener)


def _open_tar_member(archive: tarfile.TarFile, info: tarfile.TarInfo, folder: Path) -> IO[bytes]:
    tarfile.data_filter(info, str(folder))  # the library's own opinion, beside `_check`
    return archive.extractfile(info)


def _normal(name: str) -> str:
    """The member path without `./` and doubled slashes; `..` and a leading slash stay."""
    return PurePosixPath(name).as_posix()


def _check(path: Path, members: Sequence[Member], limit: int) -> None:
    """Refuse the archive if one of `members` is unsafe, or all of them are too large."""
    seen = set()
    for member in members:
        fault = member.fault
        if PurePosixPath(member.name).is_absolute():
            fault = "an absolute path"
        elif ".." in PurePosixPath(member.name).parts:
            fault = "a path with `..`"
        elif member.name in seen:
            fault = "a path used twice"
        if fault:
            raise ValueError(
                f"{path.name}: member {member.name!r} is {fault}, so nothing is unpacked; "
                "leave it out with `extract`"
            )
        seen.add(member.name)
    total = sum(member.size for member in members)
    if total > limit:
        raise ValueError(
            f"{path.name}: would unpack to {total:,} bytes, more than the {limit:,} allowed; "
            "narrow `extract`"
        )
