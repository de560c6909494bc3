"""Streams: one for each seed and purpose, the same in every process, none moving another."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seqtransfer import seeds

words = st.lists(st.text("abcxyz -_", min_size=1, max_size=8), min_size=1, max_size=3)
keys = st.tuples(st.integers(0, 2**31), words)


@given(keys, keys)
def test_streams_are_equal_exactly_if_seed_and_purpose_are(left, right):
    a, b = seeds.derive(left[0], *left[1]), seeds.derive(right[0], *right[1])
    assert (a == b) == (left == right)
    assert 0 <= a < 2**63


@given(st.integers(0, 2**31), words)
def test_neighbouring_seeds_and_longer_purposes_give_other_streams(seed, purpose):
    variants = [
        seeds.derive(seed, *purpose),
        seeds.derive(seed + 1, *purpose),
        seeds.derive(seed, *purpose, "head"),
        seeds.derive(seed, *purpose, "order"),
        seeds.derive(seed, *reversed([*purpose, "head"])),
    ]
    assert len(set(variants)) == len(variants)


def test_generators_of_neighbouring_seeds_are_uncorrelated():
    draws = np.array([seeds.generator(s, "splice", "head").normal(size=4000) for s in range(8)])
    correlations = np.corrcoef(draws)[np.triu_indices(8, k=1)]
    assert np.abs(correlations).max() < 4 / np.sqrt(4000)  # 4 standard errors, 28 pairs


def test_how_much_one_purpose_draws_moves_no_other():
    def order(draws_for_the_head: int) -> np.ndarray:
        seeds.generator(3, "splice", "head").normal(size=draws_for_the_head)
        return seeds.generator(3, "splice", "order").permutation(20)

    assert np.array_equal(order(1), order(1000))


def test_streams_do_not_depend_on_the_hash_seed_of_the_process():
    code = "from seqtransfer import seeds; print(seeds.derive(7, 'splice', 'map'))"
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=Path(seeds.__file__).parents[1],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert printed == {f"{seeds.derive(7, 'splice', 'map')}\n"}
