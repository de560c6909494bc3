"""How much memory this machine, or the container that is seen as one, has."""

from pathlib import Path

import psutil

LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def megabytes(limits: tuple[Path, ...] = LIMITS) -> int:
    """MB of 1e6 bytes that all jobs of a study may take together: the machine's, or a container's
    where that is less. limits: files of control groups, of both their versions, that may be there.
    """
    known = [psutil.virtual_memory().total]
    for path in limits:
        try:
            known.append(int(path.read_text()))
        except (OSError, ValueError):  # not there, or `max`: no limit
            continue
    return min(known) // 1_000_000
