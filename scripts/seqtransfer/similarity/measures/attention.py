"""Distances between the attention heads of two encoders, their matching, and facts on each head.

Arrays are (examples, heads, tokens, tokens) floats: [e, h, i, j] is the weight that token i gives
to token j. Every row of a real token sums to 1; rows and columns of padding are 0. `tokens`,
(examples,) int, counts each example's real tokens. Matching is that of the paper's released code,
with its errors repaired (see `match_by_example`):

    match(head_distances(left, right, tokens))

Everything but the matching is one row per example, so that examples may be passed in parts.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist


@dataclass(frozen=True)
class Matching:
    """Left heads matched one to one with right heads.

    heads: (heads,) int, the right head of each left head, or (examples, heads) where every example
    has its own matching. distances: of the same shape, float64, between the two matched heads.
    """

    heads: np.ndarray
    distances: np.ndarray


def head_distances(left: np.ndarray, right: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    """(examples, heads, heads) float64: mean over tokens of sum_j |left - right|, in [0, 2].

    left, right: (examples, heads, tokens, tokens); tokens: (examples,) int, real tokens. Raises
    ValueError for unequal shapes, NaN, rows that are no distribution, or padding with weight.
    """
    left, right = _check(left, tokens, "left"), _check(right, tokens, "right")
    if left.shape != right.shape:
        raise ValueError(
            f"left has shape {left.shape}, right {right.shape}; heads are matched one to one"
        )
    flat = (maps.reshape(*maps.shape[:2], -1) for maps in (left, right))
    sums = [cdist(*example, metric="cityblock") for example in zip(*flat, strict=True)]
    return np.stack(sums) / np.asarray(tokens)[:, None, None]


def match(distances: np.ndarray) -> Matching:
    """One matching for all examples: the one of the least mean distance (Hungarian algorithm).

    distances: (examples, heads, heads), as `head_distances` returns them.
    """
    mean = distances.mean(axis=0)
    rows, heads = linear_sum_assignment(mean)
    return Matching(heads, mean[rows, heads])


def match_by_example(distances: np.ndarray) -> Matching:
    """As `match`, with one matching for each example; its mean distance is never larger."""
    # PAPER: analysis/PWCCA_and_attn_match/matching.py matches heads anew in every example.
    # DIFFERS: that code adds up `c[layer][row, column]`, whose first index is then an example and
    # not a head, so that exactly permuted heads have a distance of thousands instead of 0; it sums
    # instead of averaging over tokens, and counts padding.
    found = [linear_sum_assignment(example) for example in distances]
    heads = np.stack([columns for _, columns in found])
    pairs = zip(distances, found, strict=True)
    return Matching(heads, np.stack([example[rows, cols] for example, (rows, cols) in pairs]))


def entropy(maps: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    """(examples, heads) float64: mean entropy of a token's attention, in nats, over real tokens.

    maps: (examples, heads, tokens, tokens) floats; tokens: (examples,) int, real tokens. 0 if each
    token attends to one token only, log(tokens) if to all equally. Raises ValueError as
    `head_distances`.
    """
    maps = _check(maps, tokens, "attention")
    logs = np.log(maps, where=maps > 0, out=np.zeros_like(maps))
    return _mean_over_tokens(-(maps * logs).sum(axis=-1), tokens)


def distance(maps: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    """(examples, heads) float64: mean distance |i - j| that attention spans, in tokens.

    Over real tokens; maps, tokens: as in `entropy`. Raises ValueError as `head_distances`.
    """
    maps = _check(maps, tokens, "attention")
    positions = np.arange(maps.shape[-1])
    spans = np.abs(positions[:, None] - positions)
    return _mean_over_tokens(np.einsum("ehij,ij->ehi", maps, spans), tokens)


def _mean_over_tokens(values: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    """(examples, heads, tokens), 0 at padding -> (examples, heads)."""
    return values.sum(axis=2) / np.asarray(tokens)[:, None]


def _check(maps: np.ndarray, tokens: np.ndarray, name: str) -> np.ndarray:
    maps, tokens = np.asarray(maps, dtype=np.float64), np.asarray(tokens)
    if maps.ndim != 4 or maps.shape[2] != maps.shape[3]:
        raise ValueError(f"{name}: shape {maps.shape} is not (examples, heads, tokens, tokens)")
    if tokens.shape != maps.shape[:1] or not ((tokens > 0) & (tokens <= maps.shape[2])).all():
        raise ValueError(
            f"{name}: tokens must be {maps.shape[0]} counts from 1 to {maps.shape[2]}, not {tokens}"
        )
    real = np.arange(maps.shape[2]) < tokens[:, None]
    # float32 softmax rows are off by about 1e-6; bfloat16 ones must be made in float32 first.
    wrong = np.abs(maps.sum(axis=3) - real[:, None]) > 1e-3
    outside = (maps < 0) | (np.abs(maps) * ~real[:, None, None] > 0)
    # Comparisons with NaN are false, so that NaN needs a check of its own.
    if wrong.any() or outside.any() or not np.isfinite(maps).all():
        bad = wrong | outside.any(axis=3) | ~np.isfinite(maps).all(axis=3)
        example, head, row = np.argwhere(bad)[0]
        raise ValueError(
            f"{name}: row {row} of example {example}, head {head} is no distribution over the"
            f" example's {tokens[example]} tokens (it sums to {maps[example, head, row].sum()})"
        )
    return maps
