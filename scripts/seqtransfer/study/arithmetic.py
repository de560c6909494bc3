"""What this machine's processor computes with, told without torch, whose import takes seconds."""

import re
from pathlib import Path

LINUX = Path("/proc/cpuinfo")
NARROW = {"avx512_bf16", "amx_bf16"}  # by which `training.devices` trains in bfloat16


def bfloat16(information: Path = LINUX) -> bool:
    """Whether the processor multiplies matrices in bfloat16, so that jobs train in it.

    information: Linux's file about it; another system has none, nor such a processor.
    """
    text = information.read_text() if information.exists() else ""
    flags = re.search(r"^flags\s*:(.*)$", text, re.M)
    return bool(flags and NARROW & set(flags[1].split()))
