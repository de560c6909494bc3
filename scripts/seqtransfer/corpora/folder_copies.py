"""A folder of this machine -> a copy: plain files alone, each whole, or one line that says why not.

Links are followed wherever they lead, as people link large files into the folder of a project; what
they lead to is copied. Times and permissions are not kept, nor are empty folders.
"""

import os
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path

from seqtransfer.corpora import archives
from seqtransfer.corpora.litter import is_litter

_REMEDY = "remove or repair it, or leave it out with `extract` of the source"


def files(origin: Path, patterns: Sequence[str] | None) -> dict[str, Path]:
    """Path inside the copy -> file, sorted: those of `origin` that match `patterns` (as
    `archives.selected`), but for litter.

    Raises ValueError naming the path if one of them cannot be copied: a link to nothing, a folder
    that links lead to twice or in a circle, a pipe, a socket, a device, a name that no list can
    hold, or a folder that cannot be read.
    """
    paths = dict(_files(origin, "", set()))
    names = archives.selected(paths, patterns, origin.name)
    kept = {name: paths[name] for name in names if not is_litter(name)}
    for name, path in kept.items():
        fault = archives.name_fault(name) or _fault(path)
        if fault:
            raise ValueError(f"{str(path)!r} is {fault}; {_REMEDY}")
    return kept


def copy(origin: Path, patterns: Sequence[str] | None, folder: Path) -> None:
    """Copy the `files` of `origin` to `folder`.

    Raises ValueError as `files` does, and if two differ by case alone where `folder` ignores it, or
    one cannot be read.
    """
    for name, path in files(origin, patterns).items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(path, "rb") as content, open(target, "xb") as file:
                shutil.copyfileobj(content, file, archives.PIECE)
        except FileExistsError:
            raise ValueError(
                f"{str(path)!r} and another file are one but for upper and lower case, which"
                f" {folder.parent} ignores; {_REMEDY}"
            ) from None
        except PermissionError as error:
            raise ValueError(f"{error.filename!r} cannot be read or written; {_REMEDY}") from error


def _files(folder: Path, prefix: str, seen: set[tuple[int, int]]) -> list[tuple[str, Path]]:
    """(path inside the source, path) of all but folders, sorted, links followed.

    seen: device and number of the folders so far: one that links lead to again is not searched.
    """
    try:
        status = os.stat(folder)
        names = sorted(os.listdir(folder))
    except PermissionError as error:
        raise ValueError(f"{str(folder)!r} cannot be read; {_REMEDY}") from error
    here = (status.st_dev, status.st_ino)
    if here in seen:
        return [(prefix, folder)]  # refused if it is asked for
    seen.add(here)
    found = []
    for name in names:
        path, inside = folder / name, f"{prefix}/{name}" if prefix else name
        found += _files(path, inside, seen) if path.is_dir() else [(inside, path)]
    return found


def _fault(path: Path) -> str | None:
    """Why the path is not copied."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return "a link to nothing"
    except OSError as error:  # links in a circle
        return f"a link that leads nowhere ({error.strerror})"
    if stat.S_ISDIR(mode):
        return "a folder that is there twice, through a link"
    return None if stat.S_ISREG(mode) else "no file but a pipe, a socket or a device"
