"""The memory that a process took at its fullest."""

import resource
import sys
from pathlib import Path


def peak_memory() -> int:
    """Bytes of this process's largest resident set.

    On Linux VmHWM, which begins anew with the program. `ru_maxrss` does not: a process that is
    started from a larger one begins with the size of that one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return 1024 * int(status.read_text().split("VmHWM:")[1].split()[0])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
