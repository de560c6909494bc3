"""Series of numbers -> how near each one is to its nearest training series, by the numbers.

The distance of two series is the root mean square of their differences, in standard deviations,
over all points and channels: of one length by point (Euclidean distance), else by dynamic time
warping (Sakoe & Chiba 1978), computed by dtaidistance, over the points of the longer one.

How small a distance is small differs from set to set, so the training part says it: a share SHARE
of its units, or fewer, have a series of another unit nearer than `limit`. A test series that is
like the training series, and independent of them, is nearer than that with about this probability:
its rank among them is any (Vovk, Gammerman & Shafer 2005). The smallest distances are those of
pairs, each the nearest of the other, so the limit is that of whole pairs, and chance moves it by
pairs (`chance`). In the same way a random split of series whose units nobody stated has no more
near series than that, however they came about: training series have their twins in train as test
series have. Windows of one recording are then found by the runs of numbers that they have in common
(`leak_audit.overlaps`).

scikit-learn and dtaidistance are imported where they are called: audits of other sequences, which
take less time than that, need neither.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from seqtransfer.corpora.examples import Example
from seqtransfer.tokens import series_tokens

Series = Sequence[np.ndarray]  # each (length, channels) float64

SHARE = 0.01  # leaving near series out costs a part without leaks one row in a hundred at most
LOOKED_AT = 1000  # units, of a training series each, whose nearest ones give the limit
CANDIDATES = 100  # whose distances are computed by warping
WINDOW = 0.1  # of the longest series: wider ones rarely help (Ratanamahatana & Keogh 2005)
ROUNDING = 1e-6  # a smaller distance is 0
MEBIBYTES = 128  # of distances at a time


def numbers(
    parts: Mapping[str, Iterable[str]], examples: Iterable[Example], own_scale: bool
) -> dict[str, Series]:
    """The series of every part, in the order of its names.

    parts: names of examples, `train` among the parts. own_scale: whether each channel of a series
    has its own mean and deviation, or all series those of train. A channel shorter than another of
    its series is stretched.
    Raises ValueError for series with unequal numbers of channels, and for values whose square
    overflows.
    """
    wanted = set().union(*parts.values())
    channels = {e.id: series_tokens.channels(e.symbols) for e in examples if e.id in wanted}
    counts = {len(found): name for name, found in channels.items()}
    if len(counts) > 1:
        said = ", ".join(f"{name!r} has {count}" for count, name in sorted(counts.items()))
        raise ValueError(f"every series of a task needs the same channels; {said}")
    if own_scale:
        channels = {
            name: [series_tokens.standard(values) for values in found]
            for name, found in channels.items()
        }
    arrays = {name: _array(found) for name, found in channels.items()}
    series = {part: [arrays[name] for name in names] for part, names in parts.items()}
    if own_scale:
        return series
    from sklearn.preprocessing import StandardScaler

    with np.errstate(over="ignore", invalid="ignore"):
        scaler = StandardScaler().fit(np.concatenate(series["train"]))
    if not np.isfinite(scaler.var_).all():
        raise ValueError("values are too large for float64; give them in another unit")
    return {part: [scaler.transform(one) for one in own] for part, own in series.items()}


def _array(channels: Sequence[np.ndarray]) -> np.ndarray:
    longest = max(map(len, channels))
    return np.hstack([stretched(values[:, None], longest) for values in channels])


def stretched(series: np.ndarray, length: int) -> np.ndarray:
    """A (n, channels) series at `length` evenly spaced places, linear between its points."""
    if len(series) == length:
        return series
    places = np.linspace(0, len(series) - 1, length)
    return np.stack(
        [np.interp(places, np.arange(len(series)), values) for values in series.T], axis=1
    )


def nearest(
    queries: Series,
    references: Series,
    units: tuple[np.ndarray, np.ndarray] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """(m,) distances of m queries to their nearest of n references, and its (m,) indices.

    units: (m,) of the queries and (n,) of the references, which only those of another unit may be;
    where there is none, the distance is missing and the index -1. Memory does not grow with m x n.
    Of unequal length, the nearest is among the CANDIDATES that are nearest when all are stretched
    to one length: a distance may then be a little too large.
    """
    from sklearn import config_context
    from sklearn.metrics import pairwise_distances_chunked

    lengths = np.array([len(one) for one in references])
    shortest, longest = (f(map(len, (*queries, *references))) for f in (min, max))
    count, window = 1, 0
    if shortest < longest:
        count, window = min(CANDIDATES, len(references)), round(WINDOW * longest)
    flat = [
        np.stack([stretched(one, longest).ravel() for one in side])
        for side in (queries, references)
    ]
    distance, index = np.full(len(queries), np.nan), np.full(len(queries), -1, dtype=np.int64)
    row = 0
    with config_context(working_memory=MEBIBYTES):
        for block in pairwise_distances_chunked(*flat, metric="euclidean"):
            if units is not None:
                block[units[0][row : row + len(block), None] == units[1][None]] = np.inf
            for apart in block:
                found = np.sort(np.argpartition(apart, count - 1)[:count])
                found = found[np.isfinite(apart[found])]
                if len(found):
                    # Anew, since matrix products lose digits of small distances.
                    exact = warped([queries[row]], [references[i] for i in found], window)[0]
                    points = np.maximum(len(queries[row]), lengths[found])
                    exact /= np.sqrt(points * references[0].shape[1])
                    index[row], distance[row] = found[exact.argmin()], exact.min()
                row += 1
    distance[distance < ROUNDING] = 0
    return distance, index


def pairs(looked_at: int) -> int:
    """How many pairs of nearest training units lie within the limit, of so many looked at."""
    return int(SHARE * (looked_at + 1) + 1e-9) // 2


def limit(train: Series, units: np.ndarray, generator: np.random.Generator) -> tuple[float, int]:
    """The distance below which a series is near to n training series of these (n,) units, and how
    many units it was taken from.

    Taken from one series of a unit, of at most LOOKED_AT units; series with an equal one are left
    out. NaN where too few are left to have a pair within it: fewer than 2 / SHARE - 1, as 199.
    """
    order = generator.permutation(len(train))
    _, first = np.unique(units[order], return_index=True)
    drawn = order[np.sort(first)[:LOOKED_AT]]
    distance, _ = nearest([train[i] for i in drawn], train, (units[drawn], units))
    distance = np.sort(distance[distance > 0])
    rank = 2 * pairs(len(distance))
    return float(distance[rank - 1]) if rank else np.nan, len(distance)


def warped(left: Series, right: Series, window: int) -> np.ndarray:
    """(m, n) distances by dynamic time warping: the root of the sum of squared differences.

    window: points that two that are matched may lie apart, further by the difference in length; 0
    gives series of one length their Euclidean distance.
    """
    from dtaidistance import dtw_ndim

    m, n = len(left), len(right)
    distances = dtw_ndim.distance_matrix_fast(
        [np.ascontiguousarray(one) for one in (*left, *right)],
        window=window + 1,
        block=((0, m), (m, m + n)),
        compact=True,
        parallel=False,
    )
    return np.asarray(distances).reshape(m, n)
