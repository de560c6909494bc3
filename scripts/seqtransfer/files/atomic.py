"""Files and folders written whole or not at all: a killed job leaves no half-made file."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil


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
def whole_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty temporary sibling of `folder`; rename it to `folder` if the block succeeds.

    An older `folder`, and what a killed job left behind, are removed at the start.
    """
    folder = Path(folder)
    temporary = folder.with_name(f".{folder.name}.partial")
    remove(folder)
    remove(temporary)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        temporary.rename(folder)
    finally:
        remove(temporary)


def remove(path: Path) -> None:
    """Remove a folder, a file or a link (not what it points to), or nothing."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
