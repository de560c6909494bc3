"""Canonical correlations: mean CCA, R2-CCA, SVCCA and projection-weighted CCA.

Formulas: paper-and-field notes, section 3; Raghu et al. 2017 (SVCCA), Morcos et al. 2018 (PWCCA),
Kornblith et al. 2019 (R2-CCA). All are in [0, 1], and all are far from 0 for independent sides
unless n is much larger than p and q: with n rows at least p + q - (n - 1) correlations are 1.

Published PWCCAs give other values on equal input (tests/test_measures_public.py):

| code | weight of a correlation | so that |
|---|---|---|
| here | sum over NEURONS of abs(<variate, neuron>), centred, of the named side | |
| repsim 0.1.5 | the mean of both sides' PWCCA | it is `pwcca_mean` |
| anatome | sum over EXAMPLES of abs(variate) | neurons do not enter: near mean CCA |
| google/svcca | by the side of fewer neurons; instead of its variates the QR of neurons | |
| | rotated as if they were white, their means added back; a right side's | it is ours for |
| | rotation is applied to the LEFT's neurons (IndexError, or other variates) | white rows only |
| the paper's release | QR of the variates, not centred; absolute ridge by task | means enter |

google/svcca drops single neurons of variance below an absolute epsilon and adds epsilon to the
rest; anatome divides by every singular value, that of dependent columns too. repsim's summaries of
plain CCA are named crosswise ("pillai" is the mean correlation, "yanai" the mean square), and its
SVCCA of centred rows drops no direction.
"""

from functools import partial

import numpy as np

from seqtransfer.similarity.measures.measure import (
    EVERYTHING,
    PERMUTATION,
    RIGID,
    SCALING,
    SHIFT,
    Measure,
)
from seqtransfer.similarity.measures.pairings import Pairing, Side, singular_values

VARIANCE = 0.99  # share of a side's variance that SVCCA keeps, as in Raghu et al. 2017
WEIGHTED = frozenset({PERMUTATION, SCALING, SHIFT})


def mean_cca(pairing: Pairing) -> float:
    """Mean canonical correlation: sum rho_i / k, k = min of the ranks."""
    return pairing.correlations.mean()


def r2_cca(pairing: Pairing) -> float:
    """Mean squared canonical correlation: sum rho_i^2 / k = |C|_F^2 / k; needs no SVD."""
    return np.square(pairing.cross).sum(dtype=np.float64) / min(pairing.cross.shape)


def kept_dimensions(side: Side) -> int:
    """The fewest leading directions that hold 99 % of the side's variance."""
    variance = np.cumsum(np.square(side.singular))
    return int(np.searchsorted(variance, VARIANCE * variance[-1])) + 1


def svcca(pairing: Pairing) -> float:
    """Mean CCA of the two sides' leading principal directions, `kept_dimensions` of each."""
    left, right = kept_dimensions(pairing.left), kept_dimensions(pairing.right)
    return singular_values(pairing.cross[:left, :right]).clip(0, 1).mean()


def pwcca_left(pairing: Pairing) -> float:
    """sum a_i rho_i / sum a_i with a_i = sum_j |<h_i, x_j>| over the LEFT side's neurons x_j.

    h_i, i = 1..k, are the left side's canonical variates (unit length). Where correlations tie (at
    least p + q - n + 1 of them are 1) the weights within a tie are arbitrary.
    """
    directions, correlations, _ = pairing.decomposition
    return _weighted(correlations, directions, pairing.left)


def pwcca_right(pairing: Pairing) -> float:
    """As `pwcca_left`, weighted by the RIGHT side's canonical variates and neurons."""
    _, correlations, directions = pairing.decomposition
    return _weighted(correlations, directions, pairing.right)


def pwcca_mean(pairing: Pairing) -> float:
    """The mean of both weightings: symmetric."""
    return (pairing.view(pwcca_left) + pairing.view(pwcca_right)) / 2


def _weighted(correlations: np.ndarray, directions: np.ndarray, side: Side) -> float:
    # <h_i, x_j> for h = basis @ directions: the neurons' coordinates in the canonical basis.
    neurons = side.view(_neurons).astype(directions.dtype, copy=False)
    weights = np.abs(directions.T @ neurons).sum(axis=1, dtype=np.float64)
    return np.average(correlations, weights=weights)


def _neurons(side: Side) -> np.ndarray:
    return side.singular[:, None] * side.loadings


def expected_r2(pairing: Pairing) -> float:
    """max(p, q) / (n - 1), exact: each entry of C has variance 1 / (n - 1)."""
    return min(1.0, max(pairing.cross.shape) / (len(pairing.left.rows) - 1))


def expected_correlation(p: int, q: int, n: int) -> float:
    """Mean canonical correlation of independent sides of rank p and q on n rows, asymptotically.

    The mean of the square root under Wachter's (1980) limit of the squared correlations, with an
    atom at 1 of p + q - (n - 1) of them. PWCCA's is the same: chance ties no weight to a
    correlation. Off by about 1 / (n p); by 0.25 % at p = q = 20, n = 200.
    """
    a, b = (min(p, q) / (n - 1), max(p, q) / (n - 1))
    if b >= 1:
        return 1.0
    centre = a * (1 - b) + b * (1 - a)
    radius = 2 * np.sqrt(a * (1 - b) * b * (1 - a))
    angle = (np.arange(4000) + 0.5) * np.pi / 4000
    squared = centre - radius * np.cos(angle)
    # density * d squared, with sqrt((high - s)(s - low)) = radius sin(angle).
    mass = np.square(radius * np.sin(angle)) / (2 * np.pi * a * squared * (1 - squared))
    one = max(0.0, (a + b - 1) / a)
    return float(one + (mass * np.sqrt(squared)).sum() * np.pi / 4000)


def _expected(pairing: Pairing, dimensions=lambda side: side.rank) -> float:
    ranks = dimensions(pairing.left), dimensions(pairing.right)
    return expected_correlation(*ranks, len(pairing.left.rows))


_canonical = partial(Measure, low=0.0, high=1.0, null=_expected, null_note="Wachter's limit")

MEASURES = (
    _canonical("pwcca", pwcca_left, "PWCCA, weighted by the left side (Morcos 2018)",
               WEIGHTED, EVERYTHING, symmetric=False),
    _canonical("pwcca_right", pwcca_right, "PWCCA, weighted by the right side",
               EVERYTHING, WEIGHTED, symmetric=False),
    _canonical("pwcca_mean", pwcca_mean, "PWCCA, mean of both weightings",
               WEIGHTED, WEIGHTED, symmetric=True),
    _canonical("cca", mean_cca, "mean canonical correlation",
               EVERYTHING, EVERYTHING, symmetric=True),
    _canonical("cca_squared", r2_cca, "R2-CCA, mean squared canonical correlation",
               EVERYTHING, EVERYTHING, symmetric=True, null=expected_r2, null_note=""),
    _canonical("svcca", svcca, "SVCCA, 99 % of the variance (Raghu 2017)",
               RIGID, RIGID, symmetric=True, dimensions=kept_dimensions,
               null=partial(_expected, dimensions=kept_dimensions)),
)  # fmt: skip
