"""Values of several seeds -> mean with a confidence interval, for tables and figures.

The tasks are fixed (the tables are about these tasks, not about a population of tasks); the seeds
are the random sample. Claims are judged by `claims.estimates`, which cover test examples, too.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import stdtrit  # of scipy.stats, which takes a second to import

LEVEL = 0.95  # coverage of every interval but those of one-sided claims
ROUNDING = 1e-12  # relative differences up to this are those of float64 arithmetic


def t_interval(values: Sequence[float], level: float = LEVEL) -> tuple[float, float, float]:
    """Mean of (n,) independent values and its two-sided Student t interval: (mean, low, high).

    `level` is the coverage in (0, 1). One value, or several equal ones, give nan limits, since they
    show no spread. Raises ValueError for no values, nan or infinity.
    """
    mean, low, high, _ = stratified_mean_interval({"values": values}, level)
    return mean, low, high


def stratified_mean_interval(
    groups: Mapping[str, Sequence[float]], level: float = LEVEL
) -> tuple[float, float, float, float]:
    """Mean over T groups of the group means, each group counting alike: (mean, low, high, degrees).

    groups: task -> (n_t,) paired differences, one per seed. Tasks are fixed and seeds random and
    independent, so the variance is sum_t(s_t^2 / n_t) / T^2, with Welch-Satterthwaite degrees of
    freedom (Satterthwaite 1946): exact for T = 1, and Welch's two-sample interval for T = 2.

    A group of one value leaves the variance unknown: limits and degrees are nan. So does no spread
    in any group, since another seed might well give another value. Raises ValueError for no groups,
    an empty group, nan or infinity, or a level outside (0, 1).
    """
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; give the coverage as a fraction such as 0.95")
    if not groups:
        raise ValueError("no groups of differences; at least one task is needed")
    samples = [_checked(name, values) for name, values in groups.items()]
    mean = float(np.mean([sample.mean() for sample in samples]))
    degrees = np.array([len(sample) - 1 for sample in samples])
    if (degrees == 0).any():
        return mean, np.nan, np.nan, np.nan
    shares = np.array([sample.var(ddof=1) / len(sample) for sample in samples])
    if all(np.ptp(sample) <= ROUNDING * np.abs(sample).max() for sample in samples):
        return mean, np.nan, np.nan, np.nan
    # Scaled by the largest share, so that squares of tiny variances do not vanish.
    relative = shares / shares.max()
    freedom = float(relative.sum() ** 2 / (relative**2 / degrees).sum())
    half = float(stdtrit(freedom, (1 + level) / 2) * np.sqrt(shares.sum()) / len(samples))
    return mean, mean - half, mean + half, freedom


def jackknife_error(without: Sequence[float]) -> float:
    """Standard error of a statistic from its g values without each of g groups (Shao & Tu 1995).

    sqrt((g - 1) / g sum (t_i - mean t)^2); for a mean of equally large groups, the usual one.
    """
    without = np.asarray(without, dtype=np.float64)
    count = len(without)
    return float(np.sqrt((count - 1) / count * np.square(without - without.mean()).sum()))


def _checked(name: str, values: Sequence[float]) -> np.ndarray:
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or len(sample) == 0:
        raise ValueError(f"{name}: shape {sample.shape}; need (n,) values, n >= 1")
    if not np.isfinite(sample).all():
        raise ValueError(f"{name}: value {np.flatnonzero(~np.isfinite(sample))[0]} is not finite")
    return sample
