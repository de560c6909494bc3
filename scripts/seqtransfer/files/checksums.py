"""What a file's bytes must be: published digests and a size, all of which must hold.

sha256 says what the bytes are. Of some corpora only an md5 or a git blob hash (sha1) was ever
published: these guard against damage and mix-ups, not against somebody who forges a file.
"""

import hashlib
import re
import time
from dataclasses import dataclass
from pathlib import Path

DIGITS = {"sha256": 64, "git_blob": 40, "md5": 32}  # hexadecimal digits; the strongest first
READINGS = 20  # of a folder, until its files stay where they are
TIMESTAMP = ".snakemake_timestamp"  # Snakemake leaves it in a folder that is an output


@dataclass(frozen=True)
class Checksums:
    """What is known of a file: (kind, hexadecimal digest) pairs, strongest first, and bytes."""

    digests: tuple[tuple[str, str], ...]
    size: int | None = None

    def __str__(self) -> str:
        known = [f"{kind} {digest}" for kind, digest in self.digests]
        known += [f"{self.size:,} bytes"] if self.size is not None else []
        return ", ".join(known) or "no digest given"

    @property
    def names(self) -> list[str]:
        """One name a digest, such as `sha256-ebbae1...`: what a file of it is called in a cache."""
        return [f"{kind}-{digest}" for kind, digest in self.digests]


def stated(name: str, source: dict) -> Checksums:
    """The checksums that the catalogue's entry `source` gives, or none of them.

    Keys read: sha256, git_blob, md5 (hexadecimal text) and size (bytes).
    Raises ValueError naming source, key and value if one of them is malformed.
    """
    digests = []
    for kind, digits in DIGITS.items():
        value = source.get(kind)
        if value is not None:
            if not isinstance(value, str) or not re.fullmatch(f"[0-9a-fA-F]{{{digits}}}", value):
                raise ValueError(
                    f"source {name}: `{kind}:` must be {digits} hexadecimal digits in quotes, "
                    f"it is {value!r}"
                )
            digests.append((kind, value.lower()))
    size = source.get("size")
    if size is not None and (not isinstance(size, int) or isinstance(size, bool) or size < 1):
        raise ValueError(f"source {name}: `size:` must be a number of bytes, it is {size!r}")
    return Checksums(tuple(digests), size)


def sha256(path: Path) -> str:
    """Hexadecimal sha256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def measured(path: Path, like: Checksums) -> Checksums:
    """Size of the file at `path`, and its digests of the kinds that `like` has, read once.

    git_blob is the sha1 of `blob <size>`, a zero byte and the content: `git hash-object`.
    """
    size = path.stat().st_size
    makers = {
        "sha256": hashlib.sha256,
        "git_blob": lambda: hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False),
        "md5": lambda: hashlib.md5(usedforsecurity=False),
    }
    running = {kind: makers[kind]() for kind, _ in like.digests}
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            for digest in running.values():
                digest.update(piece)
    return Checksums(tuple((kind, digest.hexdigest()) for kind, digest in running.items()), size)


def faults(path: Path, expected: Checksums) -> list[str]:
    """One line for each checksum of `expected` that the file at `path` does not have."""
    found = measured(path, expected)
    lines = [
        f"another {kind}: expected {wanted}, found {digest}"
        for (kind, wanted), (_, digest) in zip(expected.digests, found.digests, strict=True)
        if wanted != digest
    ]
    if expected.size not in (None, found.size):
        lines.append(f"another size: expected {expected.size:,} bytes, found {found.size:,}")
    return lines


def of_files(folder: Path) -> dict[str, str]:
    """Path inside `folder`, with `/`, -> sha256, of every file; not of Snakemake's own mark.

    Read again where another job replaces the folder meanwhile.
    """
    for _ in range(READINGS):
        try:
            return _of_files(folder)
        except FileNotFoundError:
            time.sleep(0.01)
    return _of_files(folder)


def _of_files(folder: Path) -> dict[str, str]:
    paths = (path for path in sorted(Path(folder).rglob("*")) if path.is_file())
    return {
        path.relative_to(folder).as_posix(): sha256(path)
        for path in paths
        if path.name != TIMESTAMP
    }
