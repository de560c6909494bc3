"""How much memory a job may still take: of its GPU, or of the machine, its cgroup and its grant."""

import math
from pathlib import Path

import psutil
import torch

GROUPS = Path("/sys/fs/cgroup")


def free_memory(device: str, granted: int | None) -> float:
    """Bytes. granted: MB of the machine's memory that the job was given; None: no limit.

    On a GPU it is half of what is free: a recorded step has memory apart from the first of its
    shape. On the CPU, what the process has already counts as part of the grant.
    """
    if device == "cuda":
        return torch.cuda.mem_get_info()[0] / 2
    rooms = [float(psutil.virtual_memory().available)]
    membership = Path("/proc/self/cgroup")
    if membership.exists():
        rooms.append(group_room(membership.read_text(), GROUPS))
    if granted is not None:
        rooms.append(1e6 * granted - psutil.Process().memory_info().rss)
    return max(0.0, min(rooms))


def group_room(membership: str, root: Path) -> float:
    """Bytes that the control groups of a process leave it; infinite without a limit.

    membership: text of /proc/self/cgroup; root: where groups are mounted. Both versions of cgroups
    are read, a group and all that it is in. Cached files that can be dropped count as free.
    """
    rooms = [math.inf]
    for line in membership.splitlines():
        _, kinds, name = line.split(":", 2)
        if kinds == "":
            names, top = ("memory.max", "memory.current", "inactive_file"), root
        elif "memory" in kinds.split(","):
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
            top = root / "memory"
        else:
            continue
        group = top / name.lstrip("/")
        for folder in [group, *group.parents][: len(group.parts) - len(top.parts) + 1]:
            rooms.append(_room(folder, *names))
    return min(rooms)


def _room(folder: Path, limit: str, used: str, cached: str) -> float:
    """Bytes that one group leaves; infinite if it has no limit, or is not mounted here."""
    if not (folder / limit).exists() or (most := (folder / limit).read_text().strip()) == "max":
        return math.inf
    statistics = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    return int(most) - int((folder / used).read_text()) + int(statistics[cached])
