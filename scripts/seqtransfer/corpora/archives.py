"""Archives from outside -> files: only the members asked for, none that leaves the folder, and
no more bytes than allowed, counted as they come and not as the archive says."""

import bz2
import errno
import fnmatch
import gzip
import io
import lzma
import stat
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO
from urllib.parse import unquote, urlsplit

from seqtransfer.corpora.litter import is_litter

ZIP_SUFFIXES = (".zip", ".whl")
TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
SUFFIXES = ZIP_SUFFIXES + TAR_SUFFIXES
OPENERS = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open, b"\xfd7": lzma.open}  # by the first two bytes
LIMIT = 4 << 30  # bytes unpacked; more is taken for a decompression bomb
RATIO = 100  # bytes unpacked for one of the archive; sequences as text reach 5, tables of zeros 30
HARMLESS = 64 << 20  # bytes unpacked that are allowed whatever the ratio
FILES = 100_000  # files unpacked; empty ones would take the disk's entries and hours, not bytes
PIECE = 1 << 20  # bytes
NAME_BYTES, PATH_BYTES = 255, 1024  # of one part of a path and of all, on any file system
DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    RuntimeError,  # zipfile's word for an encrypted member or an unknown compression
    ValueError,  # tarfile's and zipfile's for some broken headers
)


@dataclass(frozen=True)
class Member:
    """One file of an archive: its path inside, its unpacked bytes, why it is refused, a reader."""

    name: str
    size: int
    fault: str | None
    open: Callable[[], IO[bytes]]


class Refused(ValueError):
    """An archive that is read well but must not be unpacked."""


def is_archive(name: str) -> bool:
    """Whether `unpack` knows the kind, by the file's name alone (a .mxl or .npz is also a zip)."""
    return name.lower().endswith(SUFFIXES)


def unpack(
    path: Path,
    patterns: Sequence[str] | None,
    folder: Path,
    limit: int = LIMIT,
    *,
    ratio: float = RATIO,
    name: str | None = None,
) -> int:
    """Unpack the members of a zip or tar archive that match `patterns` into `folder`.

    patterns: globs on the whole member path, where `*` also matches `/`; None or empty means all.
    What is `litter` counts as not there. limit: bytes allowed over all members unpacked; ratio: and
    for each byte of the archive, once they are more than HARMLESS. name: what the archive is
    called, if not as the file at `path`.
    Permissions, times and empty folders are not kept. Returns the number of files written.
    Raises ValueError naming archive and member if a pattern matches nothing; if a member asked for
    has an absolute path, a `..`, a control character or a backslash in it, a path used twice (case
    aside) or that of another's folder, is encrypted, a link or a device, or cannot be read; or if
    there is more in it than allowed. What was unpacked until then is left to the caller.
    """
    name = name or path.name
    most = min(limit, max(HARMLESS, int(ratio * path.stat().st_size)))
    try:
        with _opened(path, name, ratio) as members:
            found = [member.name for member in members if not is_litter(member.name)]
            names = set(selected(found, patterns, name))
            chosen = [member for member in members if member.name in names]
            if not chosen:
                raise Refused(f"{name}: holds no files")
            if len(chosen) > FILES:
                raise Refused(
                    f"{name}: would unpack to {len(chosen):,} files, more than the {FILES:,} "
                    "allowed; narrow `extract`, or unpack it yourself and set `path:` of the source"
                    " to the folder"
                )
            _check(name, chosen)
            _check_total(name, sum(member.size for member in chosen), most, limit)
            total = 0
            for member in chosen:
                target = folder / member.name
                target.parent.mkdir(parents=True, exist_ok=True)
                with member.open() as content, open(target, "xb") as file:
                    while piece := content.read(PIECE):
                        total += len(piece)
                        _check_total(name, total, most, limit)
                        file.write(piece)
                if target.stat().st_size != member.size:
                    raise EOFError(f"{member.name} has another size than it says")
    except Refused:
        raise
    except DAMAGE as error:
        raise ValueError(f"{name}: cannot be unpacked, it may be damaged ({error})") from error
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):  # of this machine: no space, no permission
            raise
        raise ValueError(f"{name}: cannot be unpacked, it may be damaged ({error})") from error
    return len(chosen)


def selected(names: Iterable[str], patterns: Sequence[str] | None, origin: str) -> list[str]:
    """The names that match at least one pattern, in their order; all if there are no patterns.

    Raises ValueError naming `origin` and the pattern if one of the patterns matches no name.
    """
    names = list(names)
    if not patterns:
        return names
    for pattern in patterns:
        if not any(fnmatch.fnmatchcase(name, pattern) for name in names):
            raise Refused(
                f"{origin}: no member matches extract pattern {pattern!r}; it holds "
                f"{len(names)} files, such as {', '.join(names[:5]) or 'none'}"
            )
    return [name for name in names if any(fnmatch.fnmatchcase(name, p) for p in patterns)]


@contextmanager
def _opened(path: Path, name: str, ratio: float) -> Iterator[list[Member]]:
    """The archive's files, which can be read inside the block."""
    if name.lower().endswith(ZIP_SUFFIXES):
        with zipfile.ZipFile(path) as archive:
            yield list(_zip_members(archive))
        return
    with open(path, "rb") as file:
        first = file.read(2)
        file.seek(0)
        plain = OPENERS[first](file) if first in OPENERS else file
        # All that is decompressed counts, since members left out cost memory and time, too.
        most = max(HARMLESS, int(ratio * path.stat().st_size))
        counted = _Counted(plain, most, f"{name}: unpacks to more than {ratio} times its own size")
        with tarfile.open(fileobj=counted, mode="r:") as archive:
            members = list(_tar_members(archive))
            while counted.read(PIECE):  # to the sum at its end, which tarfile does not reach
                pass
            yield members


class _Counted(io.RawIOBase):
    """A stream that refuses to be read behind `most` bytes or in larger pieces than PIECE."""

    def __init__(self, stream: IO[bytes], most: int, refusal: str):
        self.stream, self.most, self.refusal = stream, most, refusal

    def read(self, size: int = -1) -> bytes:
        # A header can announce a name of any length, which tarfile reads into memory.
        if size < 0 or size > PIECE:
            raise Refused(f"{self.refusal.split(':')[0]}: a header in it is {size:,} bytes long")
        piece = self.stream.read(size)
        if self.stream.tell() > self.most:
            raise Refused(f"{self.refusal}; say `ratio:` of the source in the study file")
        return piece

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_SET and offset > self.most:
            raise Refused(f"{self.refusal}; say `ratio:` of the source in the study file")
        return self.stream.seek(offset, whence)

    def tell(self) -> int:
        return self.stream.tell()


def _zip_members(archive: zipfile.ZipFile) -> Iterator[Member]:
    for info in archive.infolist():
        if not info.filename.endswith("/"):
            kind = stat.S_IFMT(info.external_attr >> 16)
            fault = None if kind in (0, stat.S_IFREG) else "a link or a device"
            if info.flag_bits & 1:
                fault = "encrypted"
            name = _normal(info.orig_filename)
            yield Member(name, info.file_size, fault, partial(archive.open, info))


def _tar_members(archive: tarfile.TarFile) -> Iterator[Member]:
    for info in archive:
        if info.size < 0:  # would send tarfile backwards, for ever
            raise tarfile.ReadError(f"{info.name!r} has a negative size")
        if not info.isdir():
            fault = None if info.isreg() else "a link or a device"
            yield Member(_normal(info.name), info.size, fault, partial(archive.extractfile, info))


def _normal(name: str) -> str:
    """The member path without `./` and doubled slashes; `..` and a leading slash stay."""
    return PurePosixPath(name).as_posix()


def _check(archive: str, members: Sequence[Member]) -> None:
    """Refuse the archive if one of `members` is unsafe."""
    folders = {_folded(str(p)) for member in members for p in PurePosixPath(member.name).parents}
    seen: dict[str, str] = {}
    for member in members:
        fault = member.fault or name_fault(member.name)
        folded = _folded(member.name)
        if not fault and folded in seen:
            fault = "a path used twice"
            if seen[folded] != member.name:
                fault += f", but for upper and lower case: {seen[folded]!r}"
        if not fault and folded in folders:
            fault = "a file and also another member's folder"
        if fault:
            raise Refused(
                f"{archive}: member {member.name!r} is {fault}, so nothing is unpacked; "
                "leave it out with `extract`"
            )
        seen[folded] = member.name


def url_filename(url: str) -> str:
    """The name of the file at an address; empty if it has none."""
    return PurePosixPath(unquote(urlsplit(url).path)).name


def name_fault(name: str) -> str | None:
    """Why no file may be made at the member path `name`."""
    path = PurePosixPath(name)
    if path.is_absolute():
        return "an absolute path"
    if ".." in path.parts:
        return "a path with `..`"
    if not path.parts:
        return "a file without a name"
    if "\\" in name:
        return "a path with a backslash"
    # Cc control, Cf direction and other marks, Cs bytes that are no text
    if any(unicodedata.category(letter) in ("Cc", "Cf", "Cs") for letter in name):
        return "a path with control characters"
    longest = max(len(part.encode()) for part in path.parts)
    if longest > NAME_BYTES or len(name.encode()) > PATH_BYTES:
        return "a path that is too long"
    return None


def _folded(name: str) -> str:
    """Equal for paths that are one and the same on file systems that ignore case."""
    return unicodedata.normalize("NFC", name).casefold()


def _check_total(archive: str, total: int, most: int, limit: int) -> None:
    if total > most:
        key = "limit" if most == limit else "ratio"
        raise Refused(
            f"{archive}: would unpack to {total:,} bytes, more than the {most:,} allowed; "
            f"narrow `extract`, or raise `{key}:` of the source in the study file"
        )
