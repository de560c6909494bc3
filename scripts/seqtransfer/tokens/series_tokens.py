"""Series of numbers -> tokens, by the place of each value among others.

A series is cut in windows of `window` points, each channel on its own; a window's mean falls into
one of `size` bins, numbered from the lowest, and the number is the token: `0`, `1`, ... Between two
channels stands the token `|`.
"""

from collections.abc import Callable, Iterable
from statistics import NormalDist

import numpy as np

from seqtransfer.corpora.examples import Symbols
from seqtransfer.corpora.series import CHANNEL

FLAT = 1e-12  # of a channel's largest value: a smaller deviation is rounding


def symbolic_aggregate(symbols: Symbols, size: int, window: int) -> Symbols:
    """SAX: each channel minus its mean, over its standard deviation; bins equally likely under the
    normal distribution. A channel without variation falls into the bin of 0.

    Level and scale of a series are lost: a multiple of a series has the same tokens.
    Source: Lin, Keogh, Lonardi & Chiu 2003.
    """
    edges = np.array([NormalDist().inv_cdf(i / size) for i in range(1, size)])
    return _tokens([_binned(_means(_standard(c), window), edges) for c in channels(symbols)])


def level_bins(
    training: Iterable[Symbols], size: int, window: int, by: str
) -> Callable[[Symbols], Symbols]:
    """Learn the edges of bins from the windows of training series, channel by channel, and return
    the function that applies them; values beyond all of training fall into the outer bins.

    by: `quantile`, bins that hold equally many windows of training; `uniform`, equally wide ones.
    The function raises ValueError for another number of channels than training has.
    """
    pooled: list[list[np.ndarray]] = []
    for symbols in training:
        for number, values in enumerate(channels(symbols)):
            if number == len(pooled):
                pooled.append([])
            pooled[number].append(_means(values, window))
    inner = np.arange(1, size) / size
    edges = []
    for parts in pooled:
        values = np.concatenate(parts)
        if by == "quantile":
            edges.append(np.quantile(values, inner))
        else:
            edges.append(values.min() + inner * (values.max() - values.min()))

    def split(symbols: Symbols) -> Symbols:
        found = channels(symbols)
        if not found:
            return ()
        if len(found) != len(edges):
            raise ValueError(
                f"has {len(found)} channels, the training series have {len(edges)}; every series of"
                " a task needs the same channels"
            )
        return _tokens(
            [_binned(_means(c, window), own) for c, own in zip(found, edges, strict=True)]
        )

    return split


def channels(symbols: Symbols) -> list[np.ndarray]:
    """The (n,) float64 values of each channel; none for an empty sequence."""
    found: list[list[float]] = [[]] if symbols else []
    for symbol in symbols:
        if symbol == CHANNEL:
            found.append([])
        else:
            found[-1].append(float(symbol))
    return [np.array(values) for values in found]


def _standard(values: np.ndarray) -> np.ndarray:
    deviation = values.std()
    if deviation <= FLAT * np.abs(values).max():
        return np.zeros_like(values)
    return (values - values.mean()) / deviation


def _means(values: np.ndarray, window: int) -> np.ndarray:
    """Means of windows side by side; the last may be shorter."""
    starts = np.arange(0, len(values), window)
    counts = np.diff(np.append(starts, len(values)))
    return np.add.reduceat(values, starts) / counts


def _binned(values: np.ndarray, edges: np.ndarray) -> list[str]:
    return [str(number) for number in np.searchsorted(edges, values, side="right")]


def _tokens(parts: list[list[str]]) -> Symbols:
    found: list[str] = []
    for part in parts:
        found += [CHANNEL] * bool(found) + part
    return tuple(found)
