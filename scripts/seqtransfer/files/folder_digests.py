"""What the files of a folder were when it was written, in a list beside it.

The list `<folder>.sha256` has the form of `sha256sum`: `cd <folder> && sha256sum -c
../<folder>.sha256` checks it, too. All bytes are read for a check, at about 1 GB/s: times of change
tell nothing of a copied checkout, or of a disk that fails.
"""

import re
from pathlib import Path

from seqtransfer.files import checksums
from seqtransfer.files.atomic import atomic

LINE = re.compile(r"([0-9a-f]{64})  ([^\n]+)")
SHOWN = 3  # files that an error names


def beside(folder: Path) -> Path:
    """Where the list of a folder's digests lies."""
    return folder.with_name(f"{folder.name}.sha256")


def write(folder: Path, path: Path) -> None:
    """Write the sha256 of every file of `folder` to the list `path`.

    Raises ValueError if a name holds a line break or a backslash, which such a list cannot hold.
    """
    digests = checksums.of_files(folder)
    odd = next((name for name in digests if re.search(r"[\n\r\\]", name)), None)
    if odd is not None:
        raise ValueError(f"{folder}: rename {odd!r}: it has a line break or a backslash in it")
    with atomic(path) as temporary:
        temporary.write_text("".join(f"{digest}  {name}\n" for name, digest in digests.items()))


def check(folder: Path, path: Path) -> None:
    """Raise ValueError naming the files of `folder` that are not as the list `path` says."""
    found = differences(folder, path)
    if found:
        more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        raise ValueError(
            f"{folder}: {', '.join(found[:SHOWN])}{more} since it was brought here; delete the "
            "folder and rerun. If the change was yours, make it in the original, not in this copy"
        )


def differences(folder: Path, path: Path) -> list[str]:
    """A word on each file of `folder` that is not as the list `path` says: what became of it.

    Raises ValueError naming the list if it is not there or damaged.
    """
    told, found = _read(path), checksums.of_files(folder)
    fates = {
        **{name: "is missing" for name in told.keys() - found.keys()},
        **{name: "was added" for name in found.keys() - told.keys()},
        **{name: "was altered" for name in told.keys() & found.keys() if told[name] != found[name]},
    }
    return [f"{name!r} {fates[name]}" for name in sorted(fates)]


def _read(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (FileNotFoundError, UnicodeDecodeError):
        lines = [""]
    rows = [LINE.fullmatch(line) for line in lines[:-1]]
    if not rows or not all(rows) or lines[-1]:
        raise ValueError(
            f"{path}: is no list of the digests of the folder beside it; delete both and rerun"
        )
    return {row[2]: row[1] for row in rows}
