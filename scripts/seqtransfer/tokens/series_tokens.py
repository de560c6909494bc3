"""Series of numbers -> tokens, by the place of each value among others.

A series is cut in windows of `window` points, each channel on its own; a window's mean falls into
one of `size` bins, numbered from the lowest, and the number is the token: `0`, `1`, ... Between two
channels stands the token `|`.
"""

import itertools
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
    Raises ValueError for values whose square overflows.
    Source: Lin, Keogh, Lonardi & Chiu 2003.
    """
    edges = np.array([NormalDist().inv_cdf(i / size) for i in range(1, size)])
    return _tokens([_binned(_means(standard(c), window), edges) for c in channels(symbols)])


def level_bins(
    training: Iterable[Symbols], size: int, window: int, by: str, *, lag: int = 0,
    own_scale: bool = False,
) -> Callable[[Symbols], Symbols]:  # fmt: skip
    """Learn the edges of bins from the windows of training series, channel by channel, and return
    the function that applies them; values beyond all of training fall into the outer bins.

    by: `quantile`, bins that hold equally many windows of training, as far as equal windows allow,
    which are never parted; `uniform`, equally wide ones.
    lag: 0, or of how many windows a window's change is binned, instead of its level; the first
    `lag` windows have none.
    own_scale: whether every channel of a series is first put on its own scale, as by `standard`.
    Raises ValueError, and so does the function, for series with unequal numbers of channels, for
    those of no more than `lag` windows, and for values too far apart for float64.
    """

    def read(symbols: Symbols) -> list[np.ndarray]:
        found = channels(symbols)
        scaled = map(standard, found) if own_scale else found
        return [_changes(_means(channel, window), lag) for channel in scaled]

    pooled: list[list[np.ndarray]] = []
    for symbols in training:
        found = read(symbols)
        pooled = pooled or [[] for _ in found]
        _check_channels(len(found), len(pooled))
        for own, values in zip(pooled, found, strict=True):
            own.append(values)
    inner = np.arange(1, size) / size
    edges = []
    for parts in pooled:
        values = np.concatenate(parts)
        with np.errstate(over="ignore", invalid="ignore"):
            uniform = values.min() + inner * (values.max() - values.min())
        edges.append(_equal_counts(values, size) if by == "quantile" else uniform)
        if not np.isfinite(edges[-1]).all():
            raise ValueError("values are too far apart for float64; give them in another unit")

    def split(symbols: Symbols) -> Symbols:
        found = read(symbols)
        if not found:
            return ()
        _check_channels(len(found), len(edges))
        return _tokens([_binned(*pair) for pair in zip(found, edges, strict=True)])

    return split


def _equal_counts(values: np.ndarray, bins: int) -> list[float]:
    """Edges of bins that hold equally many of the (n,) values: their quantiles.

    A value that fills more than a bin, as 0 does in counts that are mostly 0, has one of its own;
    the values between two such share the other bins by how many they are.
    """
    edges = np.quantile(values, np.arange(1, bins) / bins)
    tied = np.unique(edges[np.diff(edges, prepend=values.min()) == 0])
    if not len(tied):
        return edges.tolist()
    # Each has two edges or more, the least value at least one: the bins suffice for all gaps.
    gaps = [
        values[(values > low) & (values < high)]
        for low, high in itertools.pairwise([-np.inf, *tied, np.inf])
    ]
    shares = [min(1, len(gap)) for gap in gaps]
    while sum(shares) < bins - len(tied) and any(shares):
        shares[np.argmax([len(gap) / max(1, n) for gap, n in zip(gaps, shares, strict=True)])] += 1
    found: list[float] = []
    for gap, share, above in zip(gaps, shares, [*tied, None], strict=True):
        if share:
            found += [gap.min(), *_equal_counts(gap, share)]
        if above is not None:
            found.append(above)
    return found[1:]


def channels(symbols: Symbols) -> list[np.ndarray]:
    """The (n,) float64 values of each channel; none for an empty sequence."""
    found: list[list[float]] = [[]] if symbols else []
    for symbol in symbols:
        if symbol == CHANNEL:
            found.append([])
        else:
            found[-1].append(float(symbol))
    return [np.array(values) for values in found]


def _check_channels(count: int, expected: int) -> None:
    if count != expected:
        raise ValueError(
            f"one series has {count} channels, another one {expected}; every series of a task needs"
            " the same channels"
        )


def standard(values: np.ndarray) -> np.ndarray:
    """(n,) values minus their mean, over their standard deviation; 0 where they do not vary.

    Raises ValueError for values whose square overflows.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        deviation = values.std()
    if not np.isfinite(deviation):
        raise ValueError("values are too large for float64; give them in another unit")
    if deviation <= FLAT * np.abs(values).max():
        return np.zeros_like(values)
    return (values - values.mean()) / deviation


def _means(values: np.ndarray, window: int) -> np.ndarray:
    """Means of windows side by side; the last may be shorter."""
    starts = np.arange(0, len(values), window)
    counts = np.diff(np.append(starts, len(values)))
    return np.add.reduceat(values, starts) / counts


def _changes(values: np.ndarray, lag: int) -> np.ndarray:
    """Each value less the one `lag` before it; the values themselves without a lag."""
    if not lag:
        return values
    if len(values) <= lag:
        raise ValueError(
            f"a series of {len(values)} windows has none that another lies {lag} before; lower lag"
            " or window"
        )
    return values[lag:] - values[:-lag]


def _binned(values: np.ndarray, edges: np.ndarray) -> list[str]:
    return [str(number) for number in np.searchsorted(edges, values, side="right")]


def _tokens(parts: list[list[str]]) -> Symbols:
    found: list[str] = []
    for part in parts:
        found += [CHANNEL] * bool(found) + part
    return tuple(found)
