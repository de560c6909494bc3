"""A killed Snakemake's jobs end with it, and its locks hold nobody up.

Each Snakemake locks a file of its own in `.snakemake/alive`. It removes the file when it ends; when
it is killed, the system frees the lock. Its jobs wait for that lock, and end when they get it.

Some file systems of clusters keep locks on one machine and say so to nobody: there, those of
another machine are free. So a Snakemake also touches its file every minute, and one of another
machine, which the file's name says, lives as long as that is fresh.
"""

import atexit
import fcntl
import os
import platform
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

FOLDER = Path(".snakemake/alive")
LOCKS = Path(".snakemake/locks")  # Snakemake's own, which a killed one leaves
NAME = "SEQTRANSFER_ALIVE"  # environment variable of a job: the file of its Snakemake
BEAT, FRESH = 60, 300  # seconds between touches, and after which a file is that of a killed one
_held: list[int] = []  # kept open, since closing a file frees its lock


def begin(*, clean: bool) -> None:
    """Declare this process a living Snakemake of the current folder.

    clean: if no other one lives here, wait until all jobs of those that were killed have ended, and
    remove their locks. Does nothing where files cannot be locked, or when called again.
    """
    if _held:
        return
    folder = FOLDER.absolute()
    try:
        file, mine = _lock_own(folder)
    except OSError as error:
        _say(f"{folder}: no file can be locked there ({error}); if Snakemake was killed, --unlock")
        return
    _held.append(file)
    atexit.register(mine.unlink, missing_ok=True)
    os.environ[NAME] = str(mine)
    threading.Thread(target=_beat, args=(mine,), daemon=True).start()
    if clean:
        others = [path for path in folder.glob("*.lock") if path != mine]
        if others and all([_has_ended(path) for path in others]):
            for path in [*LOCKS.glob("*.lock"), *others]:
                path.unlink(missing_ok=True)


def _lock_own(folder: Path) -> tuple[int, Path]:
    """A new file, open and locked, and its path. Raises OSError and leaves no file where files
    cannot be locked."""
    folder.mkdir(parents=True, exist_ok=True)
    file, name = tempfile.mkstemp(dir=folder, prefix=f"{platform.node()}~")
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        os.write(file, str(time.time()).encode())
        return file, Path(name).rename(f"{name}.lock")  # locked before others look for it
    except OSError:
        os.close(file)
        Path(name).unlink()
        raise


def working_since() -> float | None:
    """When the first of the other Snakemakes that live in the current folder began, in seconds
    since the epoch; None if no other one does. This process is a job, or no Snakemake."""
    mine = os.environ.get(NAME)
    others = [path for path in FOLDER.absolute().glob("*.lock") if str(path) != mine]
    return min((_began(path) for path in others if _is_held(path)), default=None)


def _began(path: Path) -> float:
    return float(path.read_text() or path.stat().st_mtime)


def _beat(mine: Path) -> None:
    """Touch the file as long as it is there."""
    try:
        while True:
            time.sleep(BEAT)
            os.utime(mine)
    except OSError:
        pass


def _lives_elsewhere(path: Path) -> bool:
    """Whether the Snakemake of `path` lives on another machine, whose locks may not be seen here.

    Raises FileNotFoundError if the file is gone.
    """
    node = path.name.rpartition("~")[0]
    return node not in ("", platform.node()) and time.time() - path.stat().st_mtime < FRESH


def _is_held(path: Path) -> bool:
    """Whether the Snakemake of `path` lives. Jobs only wait for the lock."""
    try:
        if _lives_elsewhere(path):
            return True
        with open(path, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        pass
    return False


def end_with_snakemake() -> None:
    """Kill this process, and those that it started, as soon as its Snakemake has ended.

    Does nothing in a process that is no job.
    """
    name = os.environ.get(NAME)
    if name:
        threading.Thread(target=_wait_and_end, args=(Path(name),), daemon=True).start()


def _wait_and_end(path: Path) -> None:
    """Share the lock with the other jobs, so that a new Snakemake sees that they are not gone."""
    try:
        with open(path, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            while _lives_elsewhere(path):
                time.sleep(BEAT / 2)
            _end()
    except FileNotFoundError:  # a new Snakemake has removed it
        _end()


def _end() -> None:
    for child in psutil.Process().children(recursive=True):
        child.kill()
    os.kill(os.getpid(), signal.SIGKILL)


def _has_ended(path: Path) -> bool:
    """Whether the Snakemake of `path` has ended. If so, waits for its jobs.

    The file stays: it says that there are locks of a killed one until no other one lives.
    """
    try:
        if _lives_elsewhere(path):
            _say(
                f"a Snakemake ran here on {path.name.rpartition('~')[0]} less than {FRESH // 60}"
                " minutes ago; if it was killed, wait so long, or --unlock"
            )
            return False
        with open(path, "r+b") as file:  # on NFS an exclusive lock needs a file open for writing
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                _say("waiting for the jobs of a Snakemake that was killed")
                fcntl.flock(file, fcntl.LOCK_EX)
    except BlockingIOError:
        return False
    except FileNotFoundError:
        pass
    return True


def _say(line: str) -> None:
    print(line, file=sys.stderr)  # standard output may be a graph
