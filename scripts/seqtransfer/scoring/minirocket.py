"""MiniRocket: series of one length -> features, the shares of points where a kernel answers high.

The 84 kernels have nine weights: three are 2, the others -1. Each is spread (dilated) over up to 32
widths, its output compared with biases, quantiles of its output on a training series drawn at
random. A feature is the share of points above the bias. Every other kernel sees the series padded
with zeros. With several channels, a kernel at a dilation adds up a random few of them, 9 at most.

Source: Dempster, Schmidt & Webb 2021 (arXiv:2012.08791); channels as in the authors' extension.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

TAPS = 9  # the least length of a series
KERNELS = np.array(list(combinations(range(TAPS), 3)))  # (84, 3): the places of the weight 2
PER_KERNEL = 119  # features: 9996 in all
MOST_DILATIONS = 32
MOST_CHANNELS = 9
GOLDEN = (5**0.5 + 1) / 2
BLOCK = 256  # series at a time, to bound the memory


@dataclass(frozen=True)
class MiniRocket:
    """Kernels fitted to series of (channels, length).

    dilations: points from one weight to the next. channels: of each dilation and kernel those that
    are added up. biases: of each dilation (84, count) float32.
    """

    dilations: tuple[int, ...]
    channels: tuple[tuple[np.ndarray, ...], ...]
    biases: tuple[np.ndarray, ...]

    @classmethod
    def fit(cls, series: np.ndarray, generator: np.random.Generator) -> "MiniRocket":
        """From (n, channels, length) training series.

        Raises ValueError for a length below 9.
        """
        n, channels, length = series.shape
        if length < TAPS:
            raise ValueError(
                f"a kernel has {TAPS} weights, the series {length} points; stretch them"
            )
        dilations, counts = spread(length)
        chosen, biases, first = [], [], 1
        for dilation, count in zip(dilations, counts, strict=True):
            own, quantiles = [], []
            for taps in KERNELS:
                own.append(_draw_channels(channels, generator))
                shifted = _shifted(series[generator.integers(n)][None, own[-1]], dilation)
                places = np.arange(first, first + count) * GOLDEN % 1  # spread evenly, any count
                quantiles.append(np.quantile(_output(shifted, taps), places))
                first += count
            chosen.append(tuple(own))
            biases.append(np.array(quantiles, dtype=np.float32))
        return cls(dilations, tuple(chosen), tuple(biases))

    def transform(self, series: np.ndarray) -> np.ndarray:
        """(n, 9996) float32 features in [0, 1] of (n, channels, length) series."""
        blocks = [series[start : start + BLOCK] for start in range(0, len(series), BLOCK)]
        return np.concatenate([self._features(block) for block in blocks])

    def _features(self, series: np.ndarray) -> np.ndarray:
        features = []
        for number, dilation in enumerate(self.dilations):
            shifted, padding = _shifted(series, dilation), dilation * (TAPS // 2)
            for kernel, taps in enumerate(KERNELS):
                output = _output(shifted[:, :, self.channels[number][kernel]], taps)
                if (number + kernel) % 2:
                    output = output[:, padding:-padding]
                high = output[:, :, None] > self.biases[number][kernel]
                features.append(high.mean(axis=1, dtype=np.float32))
        return np.concatenate(features, axis=1)


def spread(length: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Dilations, evenly spaced on a logarithmic scale up to the widest that fits a series of this
    length, and how many of a kernel's 119 features each has: its share, rounded down, and of those
    that are left one each, from the narrowest on."""
    exponents = np.linspace(0, np.log2((length - 1) / (TAPS - 1)), MOST_DILATIONS)
    dilations, times = np.unique((2**exponents).astype(int), return_counts=True)
    counts = times * PER_KERNEL // MOST_DILATIONS
    left = PER_KERNEL - counts.sum()
    counts += left // len(counts) + (np.arange(len(counts)) < left % len(counts))
    return tuple(dilations.tolist()), tuple(counts.tolist())


def _draw_channels(channels: int, generator: np.random.Generator) -> np.ndarray:
    """A random few of them: the count is even on a logarithmic scale."""
    most = min(channels, MOST_CHANNELS)
    count = int(2 ** generator.uniform(0, np.log2(most + 1)))
    return np.sort(generator.choice(channels, count, replace=False))


def _shifted(series: np.ndarray, dilation: int) -> np.ndarray:
    """(9, n, channels, length): what each weight meets at each point; 0 beyond the series."""
    length, padding = series.shape[2], dilation * (TAPS // 2)
    padded = np.pad(series.astype(np.float32), ((0, 0), (0, 0), (padding, padding)))
    starts = dilation * np.arange(TAPS)
    return np.stack([padded[:, :, start : start + length] for start in starts])


def _output(shifted: np.ndarray, taps: np.ndarray) -> np.ndarray:
    """(n, length) output of a kernel, channels added up."""
    return (3 * shifted[taps].sum(axis=0) - shifted.sum(axis=0)).sum(axis=1)
