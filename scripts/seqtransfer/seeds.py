"""One seed, many independent streams: each purpose draws from a stream of its own.

All arms of a (task, seed) share the streams `map`, `head` and `order`, so that their differences
are paired; changing how many numbers one purpose draws moves no other. Two streams are not apart:
`dropout` of a task's pretraining and of its fine-tuning at the same seed, and the dropout inside
families that transformers computes, which on a CPU has the bare seed.
"""

import hashlib

import numpy as np


def derive(seed: int, *purpose: str) -> int:
    """A 63-bit seed for `purpose` (words such as the task's name and `head`)."""
    text = "/".join([str(seed), *purpose])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def generator(seed: int, *purpose: str) -> np.random.Generator:
    """A NumPy generator for `purpose`."""
    return np.random.default_rng(derive(seed, *purpose))
