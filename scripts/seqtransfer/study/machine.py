"""What this machine's processor computes with, told without torch, whose import takes seconds; and
how much memory it, or the container that is seen as one, has."""

import re
from pathlib import Path

import psutil

LINUX = Path("/proc/cpuinfo")
NARROW = {"avx512_bf16", "amx_bf16"}  # by which `training.devices` trains in bfloat16
LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def bfloat16(information: Path = LINUX) -> bool:
    """Whether the processor multiplies matrices in bfloat16, so that jobs train in it.

    information: Linux's file about it; another system has none, nor such a processor.
    """
    text = information.read_text() if information.exists() else ""
    flags = re.search(r"^flags\s*:(.*)$", text, re.M)
    return bool(flags and NARROW & set(flags[1].split()))


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
