"""The memory that a process took at its fullest."""

import re
import resource
import sys
from pathlib import Path

STATUS = Path("/proc/self/status")


def peak_memory() -> int:
    """Bytes of this process's largest resident set.

    On Linux VmHWM, which begins anew with the program. `ru_maxrss` does not: a process that is
    started from a larger one begins with the size of that one. It stands in where there is no
    VmHWM: on macOS, and under kernels that only imitate Linux, such as gVisor's.
    """
    known = re.search(r"^VmHWM:\s*(\d+) kB$", STATUS.read_text(), re.M) if STATUS.exists() else None
    if known:
        return 1024 * int(known[1])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
