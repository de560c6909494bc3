"""What compressed files of a folder unpack to when they are read: counted once, before any is used.

Readers unpack as they read (`text_files.open_bytes`), or know a format that is a zip, such as .mxl
and .npz. So a source is held to the limits of archives here, and no reader needs one of its own.
"""

import zipfile
from collections.abc import Iterator
from pathlib import Path

from seqtransfer.corpora import archives
from seqtransfer.corpora.text_files import OPENERS, open_bytes


def check(folder: Path, limit: int, ratio: float) -> None:
    """Count what the files of `folder` unpack to: gzip, bzip2, xz and zip, by their first bytes.

    limit: bytes allowed in all; ratio: and for each byte of a file, once they are more than
    `archives.HARMLESS`. One piece at a time is in memory. Damaged files count as far as they can
    be read: they may not be asked for.
    Raises ValueError naming the file inside the folder, and which of the two it exceeds.
    """
    total = 0
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        own = max(archives.HARMLESS, int(ratio * path.stat().st_size))
        before = total
        for size in _unpacked(path):
            total += size
            if total > limit or total - before > own:
                key, most = ("limit", limit) if total > limit else ("ratio", own)
                raise ValueError(
                    f"{path.relative_to(folder)}: unpacks to more than the {most:,} bytes allowed;"
                    f" leave it out, or raise `{key}:` of the source in the study file"
                )


def _unpacked(path: Path) -> Iterator[int]:
    """Bytes, piece by piece, that a file unpacks to; none of a file that is not compressed."""
    with open(path, "rb") as file:
        start = file.read(6)
    try:
        if start.startswith(b"PK\3\4"):
            with zipfile.ZipFile(path) as archive:  # no more of a member is ever read than this
                yield from (member.file_size for member in archive.infolist())
        elif start.startswith(tuple(OPENERS)):
            with open_bytes(path) as file:
                while piece := file.read(archives.PIECE):
                    yield len(piece)
    except archives.DAMAGE:
        print(f"{path.name}: compressed, and damaged")
