"""The device of a job, its precision and threads, and deterministic kernels."""

import ctypes
import gc
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager

import torch

DTYPES = {"bfloat16": torch.bfloat16, "float32": torch.float32}


def choose_device() -> str:
    """`cuda` if there is an NVIDIA device, else `cpu`."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def choose_precision(device: str) -> str:
    """`bfloat16` if the device multiplies matrices in it, else `float32`. Older cards only emulate
    it, which is slower."""
    if device == "cuda":
        able = torch.cuda.is_bf16_supported(including_emulation=False)
        return "bfloat16" if able else "float32"
    able = torch.cpu.get_capabilities()
    return "bfloat16" if able.get("avx512_bf16") or able.get("amx_bf16") else "float32"


def card(device: str) -> str | None:
    """The name of the NVIDIA device that the job computes on; None on the CPU."""
    return torch.cuda.get_device_name() if device == "cuda" else None


def card_memory(device: str) -> int | None:
    """Bytes of the card's memory that the process took at most; None on the CPU."""
    return torch.cuda.max_memory_reserved() if device == "cuda" else None


def keep_memory() -> None:
    """Make glibc keep freed memory in the process; without glibc, do nothing.

    Otherwise glibc returns it and maps each large tensor again, and the kernel clears its pages,
    which takes a tenth of a small model's step.
    """
    if platform.libc_ver()[0] == "glibc":
        library = ctypes.CDLL(None)
        trim, mapped = -1, -3  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD
        library.mallopt(mapped, 2**30) or library.mallopt(mapped, 2**25)  # more, older ones refuse
        library.mallopt(trim, 2**30)


def give_back_memory() -> None:
    """Return what was freed to the card and the machine: what comes next has as much room."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)


@contextmanager
def reproducible(seed: int, threads: int) -> Iterator[None]:
    """Seed torch, fix the thread count and refuse nondeterministic kernels; keep freed memory."""
    # cuBLAS is deterministic only with a workspace of fixed size, set before its first call.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    keep_memory()
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    torch.set_deterministic_debug_mode("error")
    torch.utils.deterministic.fill_uninitialized_memory = False
    try:
        yield
    finally:
        torch.set_deterministic_debug_mode("default")
