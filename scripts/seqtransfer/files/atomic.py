"""Files and folders written whole or not at all: a killed job leaves no half-made file."""

import errno
import os
import platform
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from seqtransfer.files import checksums


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary sibling of `path`; rename it to `path` only if the block succeeds.

    The temporary name keeps the suffix, since some writers choose the format by it. A killed
    job leaves it; see `remove_partial`.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        if error.filename:
            raise
        raise OSError(f"{path}: {error}") from error  # such as a full disk
    finally:
        temporary.unlink(missing_ok=True)


def remove_partial(path: Path) -> None:
    """Remove the temporary files that `atomic` made for `path` in processes that are gone."""
    name = re.compile(rf"\.{re.escape(path.stem)}\.(\d+)\.partial{re.escape(path.suffix)}")
    for left in path.parent.glob("*.partial*"):
        found = name.fullmatch(left.name)
        if found and not _writes(int(found[1]), left):
            left.unlink(missing_ok=True)


def _writes(process: int, path: Path) -> bool:
    """Whether the process lives, and did when `path` was last written: numbers are used again."""
    try:
        return psutil.Process(process).create_time() <= path.stat().st_mtime
    except (psutil.NoSuchProcess, FileNotFoundError):
        return False


@contextmanager
def whole_folder(folder: Path, ours: Callable[[Path], bool] = lambda _: False) -> Iterator[Path]:
    """Yield an empty temporary sibling of `folder`; rename it to `folder` if the block succeeds.

    Snakemake has removed what a job made before, so a folder that is there was made by somebody
    else, unless `ours` knows it: that one is replaced. If another job makes the same folder
    meanwhile, also on another machine, its is kept. What a killed job left is removed at the
    start; what one on another machine may have left, if it has been untouched for a day.
    Raises ValueError naming the folder if it is somebody else's; nothing of it is touched.
    """
    folder = Path(folder)
    if not _is_free(folder) and not (folder.is_dir() and not folder.is_symlink() and ours(folder)):
        raise _taken(folder)
    before = checksums.of_files(folder)
    name = re.compile(rf"\.{re.escape(folder.name)}\.(.+)-(\d+)-\w+\.partial")
    for left in folder.parent.glob("*.partial"):
        if found := name.fullmatch(left.name):
            here = found[1] == platform.node()
            if (here and not _writes(int(found[2]), left)) or is_abandoned(left):
                remove(left)
    temporary = _temporary(folder)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        _place(temporary, folder, before)
    except OSError as error:
        if error.filename:
            raise
        raise OSError(f"{folder}: {error}") from error  # such as a full disk
    finally:
        remove(temporary)


def _temporary(folder: Path) -> Path:
    """A name that no other job takes, known as a leftover by the machine and its process."""
    process = f"{platform.node()}-{os.getpid()}-{secrets.token_hex(4)}"
    return folder.with_name(f".{folder.name}.{process}.partial")


def is_abandoned(folder: Path) -> bool:
    """Whether nothing in a folder was written for a day: no job of any machine still works there.

    False if it vanishes meanwhile.
    """
    try:
        newest = max(path.lstat().st_mtime for path in [folder, *folder.rglob("*")])
    except FileNotFoundError:
        return False
    return time.time() - newest > 24 * 3600


def _is_free(folder: Path) -> bool:
    """Whether there is nothing at `folder`, or a folder with nothing in it."""
    if folder.is_symlink() or folder.is_file():
        return False
    try:
        return not folder.exists() or not any(folder.iterdir())
    except FileNotFoundError:
        return True


def _place(temporary: Path, folder: Path, before: dict[str, str]) -> None:
    """Rename `temporary` to `folder`, in place of one that still has the files `before`.

    One that holds the new files already is kept: other jobs may be reading it.
    """
    if not _is_free(folder):
        there = checksums.of_files(folder)
        if there == checksums.of_files(temporary):
            return
        if there == before:
            _set_aside(folder)
    try:
        temporary.rename(folder)  # over an empty folder, too
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        if checksums.of_files(folder) != checksums.of_files(temporary):
            raise _taken(folder) from error


def _set_aside(folder: Path) -> None:
    """Remove a folder so that no other job finds it with half of its files."""
    old = _temporary(folder)
    try:
        folder.rename(old)
    except FileNotFoundError:  # another job did
        return
    remove(old)


def _taken(folder: Path) -> ValueError:
    return ValueError(
        f"{folder}: is there already, and this job did not make it as it is; move it elsewhere, or "
        "delete it if you do not need it, and rerun"
    )


def remove(path: Path) -> None:
    """Remove a folder, a file or a link (not what it points to), or nothing. Another job may remove
    the same at the same time."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, onerror=_unless_gone)
    else:
        path.unlink(missing_ok=True)


def _unless_gone(function: Callable, path: str, raised: tuple) -> None:
    if not isinstance(raised[1], FileNotFoundError):
        raise raised[1]
