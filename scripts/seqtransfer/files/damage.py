"""A damaged file is named: libraries say what is wrong with it, but not which file it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def named(path: str | Path) -> Iterator[None]:
    """Read the file at `path` inside the block.

    Raises ValueError naming the file, the cause and the remedy if the block raises anything but an
    error that names the file itself, such as FileNotFoundError.
    """
    try:
        yield
    except (FileNotFoundError, PermissionError, IsADirectoryError):
        raise
    except Exception as error:  # readers raise what they like
        cause = " ".join(str(error).split())
        raise ValueError(f"{path}: cannot be read ({cause}); delete it and rerun") from error
