"""Checked files under their digests: shared by studies, checkouts and jobs, usable offline.

A file lies in the folder as `<kind>-<digest>`, such as `sha256-ebbae1...`, whoever put it there,
and is checked each time before it is used. What is still arriving lies in `unfinished/`, which is
also what a job without a cache has of it.
"""

import contextlib
import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from seqtransfer.files import atomic, checksums
from seqtransfer.files.checksums import Checksums

PATIENCE = 6 * 3600  # seconds to wait for another job that brings the same file
POLL = 0.2  # seconds


@contextmanager
def checked_file(
    expected: Checksums, cache: Path | None, spare: Path, bring: Callable[[Path], None]
) -> Iterator[Path]:
    """Yield a file that has the `expected` checksums (a digest at least), from the cache or new.

    cache: the shared folder; made if it is not there, only read if it cannot be written.
    spare: the job's own folder in place of a cache; removed when the block succeeds, kept when it
    fails or the job is killed, so that the next one goes on. Jobs with one spare folder take turns.
    bring: called with a path when there is no such file yet; leaves a file there that it checked,
    or raises. What an earlier, killed call left beside that path is still there, and no other job
    works on it meanwhile.
    """
    found = cache and _find(cache, expected)
    if not found and cache and _writable(cache, expected):
        with _locked(_growing(cache, expected)):
            found = _brought(expected, cache, bring)
    if found:
        yield found
        return
    unfinished = _growing(spare, expected).parent
    with _locked(_growing(spare, expected)):
        yield _brought(expected, spare, bring)
        for path in [*spare.iterdir(), *unfinished.iterdir()]:
            if path != unfinished:
                atomic.remove(path)
    # Closed first, since NFS keeps an open file, such as the lock, under another name.
    with contextlib.suppress(OSError):  # or other sources and jobs are on their way
        for folder in (unfinished, spare, spare.parent):
            folder.rmdir()


def _find(folder: Path, expected: Checksums) -> Path | None:
    """The file of one of the digests that has all of them; a damaged one is as good as none."""
    for name in expected.names:
        path = folder / name
        if path.is_file():
            try:
                faults = checksums.faults(path, expected)
            except OSError as error:  # of another user, who lets nobody else read it
                faults = [str(error)]
            if not faults:
                print(f"{path}: found, as {expected}")
                return path
            print(f"{path}: not used, {'; '.join(faults)}")
    return None


def _brought(expected: Checksums, store: Path, bring: Callable[[Path], None]) -> Path:
    target = store / expected.names[0]
    found = _find(store, expected)  # another job may have been faster
    if found:
        return found
    bring(_growing(store, expected))
    os.replace(_growing(store, expected), target)
    return target


def _growing(store: Path, expected: Checksums) -> Path:
    return store / "unfinished" / expected.names[0]


def _writable(folder: Path, expected: Checksums) -> bool:
    """Whether files can be made in the folder, and another user's lock of this one be taken; the
    folder is made if it does not exist."""
    unfinished = folder / "unfinished"
    try:
        for path in filter(Path.exists, map(folder.joinpath, expected.names)):
            with open(path, "rb"):  # what another user lets nobody read, nobody replaces
                pass
        unfinished.mkdir(parents=True, exist_ok=True)
        # A name of its own: jobs on several machines may have one process number.
        lock = _lock(_growing(folder, expected))
        with tempfile.NamedTemporaryFile(dir=unfinished), _opened(lock):
            pass
    except OSError as error:
        print(f"cache {folder} is only read: {error}")
        return False
    return True


def _lock(path: Path) -> Path:
    return path.with_name(f"{path.name}.lock")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock file beside `path`, which ends with this process at the latest.

    A lock file that was removed meanwhile, with its folder, locks nothing: it is made anew.
    """
    lock = _lock(path)
    deadline, said = time.monotonic() + PATIENCE, False
    while True:
        with _opened(lock) as file:
            if _takes(file):
                if _stands(lock, file):
                    yield
                    return
                continue
        if time.monotonic() > deadline:
            raise ValueError(f"{lock}: another job holds it since hours; stop that job")
        if not said:
            print(f"{lock}: another job brings this file; waiting")
        said = True
        time.sleep(POLL)


def _opened(lock: Path) -> IO[bytes]:
    while True:
        with contextlib.suppress(FileNotFoundError):  # the folder was removed in between
            lock.parent.mkdir(parents=True, exist_ok=True)
            return open(lock, "ab")


def _takes(file: IO[bytes]) -> bool:
    """Take the lock, if no other job holds it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise ValueError(
            f"{file.name}: files cannot be locked there ({error}); take another `cache:` folder"
        ) from error
    return True


def _stands(lock: Path, file: IO[bytes]) -> bool:
    """Whether `file` is still what lies at `lock`."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(lock))
    except FileNotFoundError:
        return False
