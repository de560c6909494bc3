"""What file managers, editors and archivers leave beside people's files."""

import fnmatch
from pathlib import PurePosixPath

LITTER = (".DS_Store", "._*", "Thumbs.db", "desktop.ini", "*.swp", "~$*", ".~lock.*#", ".#*")
MAC = "__MACOSX"  # the folder of a zip file with what is not in the files


def is_litter(path: str) -> bool:
    """Whether a file, by its path, is one that nobody made."""
    path = PurePosixPath(path)
    return MAC in path.parts or any(fnmatch.fnmatchcase(path.name, one) for one in LITTER)
