"""Canonical correlations: mean CCA, R2-CCA, SVCCA and projection-weighted CCA (PWCCA).

Sources: Raghu et al. 2017 (SVCCA), Morcos et al. 2018 (PWCCA), Kornblith et al. 2019 (R2-CCA).
Notation: X (n, p) and Y (n, q) are the centred rows; rho_i, i = 1 .. k, the canonical correlations;
k the smaller rank. All measures are in [0, 1], and all are far from 0 for independent
representations unless n is much larger than p and q: at least p + q - (n - 1) correlations are 1.

Published implementations of PWCCA give other values on equal input
(tests/similarity/test_measures_public.py):

| code | weight of a correlation | consequence |
|---|---|---|
| here | sum over NEURONS of abs(<variate, neuron>), centred, of the left or the right | |
| repsim 0.1.5 | the mean of both weightings | it equals `pwcca_mean` |
| anatome | sum over EXAMPLES of abs(variate) | neurons do not enter: near mean CCA |
| google/svcca | by the representation of fewer neurons, with a QR of its neurons in place of | |
| | its variates, rotated as if they were white, means added back; the rotation | it equals ours |
| | of the right is applied to the LEFT's neurons (IndexError, or other variates) | for white rows |
| the paper's release | QR of the variates, not centred; absolute ridge by task | means enter: |
| | | see `released_pwcca` |

google/svcca drops single neurons whose variance is below an absolute epsilon and adds epsilon to
the rest; anatome divides by every singular value, also by that of dependent columns. repsim's two
summaries of plain CCA have each other's names ("pillai" is the mean correlation, "yanai" the mean
square), and its SVCCA of centred rows drops no direction.
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
from seqtransfer.similarity.measures.pair import Pair, singular_values
from seqtransfer.similarity.measures.representation import Representation

VARIANCE = 0.99  # share of the variance that SVCCA keeps, as in Raghu et al. 2017
WEIGHTED = frozenset({PERMUTATION, SCALING, SHIFT})  # what weights over neurons ignore


def mean_cca(pair: Pair) -> float:
    """CCA, the mean canonical correlation: sum rho_i / k (Kornblith et al. 2019)."""
    return pair.canonical_correlations.mean()


def r2_cca(pair: Pair) -> float:
    """R2-CCA, the mean squared canonical correlation: sum rho_i^2 / k (Kornblith et al. 2019).

    It is |C|_F^2 / k and needs no SVD of C.
    """
    cross = pair.cross_products
    return np.square(cross).sum(dtype=np.float64) / min(cross.shape)


def kept_dimensions(representation: Representation) -> int:
    """The smallest number of leading directions that hold 99 % of the variance."""
    variance = np.cumsum(np.square(representation.singular_values))
    return int(np.searchsorted(variance, VARIANCE * variance[-1])) + 1


def svcca(pair: Pair) -> float:
    """SVCCA, mean CCA of the principal directions with 99 % of the variance (Raghu et al. 2017).

    `kept_dimensions` of each representation.
    """
    return pair.cached(kept_correlations).mean()


def kept_correlations(pair: Pair) -> np.ndarray:
    """(k,) in [0, 1]: canonical correlations of the `kept_dimensions` of both sides."""
    left, right = kept_dimensions(pair.left), kept_dimensions(pair.right)
    return singular_values(pair.cross_products[:left, :right]).clip(0, 1)


def pwcca_left(pair: Pair) -> float:
    """PWCCA, weighted by the left representation (Morcos et al. 2018).

    sum a_i rho_i / sum a_i with a_i = sum_j |<h_i, x_j>| over the LEFT neurons x_j; h_i, i = 1..k,
    are the left canonical variates, of unit length. Among equal correlations (at least
    p + q - n + 1 of them are 1) the weights are arbitrary.
    """
    directions, correlations, _ = pair.canonical_variates
    return _weighted(correlations, directions, pair.left)


def pwcca_right(pair: Pair) -> float:
    """PWCCA, weighted by the right representation (Morcos et al. 2018).

    As `pwcca_left`, with the RIGHT canonical variates and neurons.
    """
    _, correlations, directions = pair.canonical_variates
    return _weighted(correlations, directions, pair.right)


def pwcca_mean(pair: Pair) -> float:
    """PWCCA, the mean of both weightings, symmetric (Morcos et al. 2018)."""
    return (pair.cached(pwcca_left) + pair.cached(pwcca_right)) / 2


def _weighted(
    correlations: np.ndarray, directions: np.ndarray, representation: Representation
) -> float:
    # <h_i, x_j> for h = basis @ directions: the neurons' coordinates in the canonical basis.
    neurons = representation.cached(_neurons).astype(directions.dtype, copy=False)
    weights = np.abs(directions.T @ neurons).sum(axis=1, dtype=np.float64)
    return np.average(correlations, weights=weights)


def _neurons(representation: Representation) -> np.ndarray:
    """(rank, p) float64: each neuron's coordinates in the basis."""
    return representation.singular_values[:, None] * representation.loadings


def expected_r2(pair: Pair) -> float:
    """The mean of `r2_cca` over all permutations, max(p, q) / (n - 1) for ranks p and q.

    Each entry of C has variance 1 / (n - 1).
    """
    return min(1.0, max(pair.cross_products.shape) / (len(pair.left.rows) - 1))


def expected_correlation(p: int, q: int, n: int) -> float:
    """The mean canonical correlation of independent representations of ranks p and q on n rows.

    Asymptotic: the mean of the square root under Wachter's (1980) limit of the squared
    correlations, with p + q - (n - 1) of them equal to 1. PWCCA has the same limit, since by chance
    no weight goes with a correlation. For few neurons the limit is too high: for normal data by
    1.6 % at p = 5, q = 8, n = 60, by 0.75 % at p = q = 20, n = 200 and by 0.2 % at p = q = 64,
    n = 1000, for mean CCA and PWCCA alike (tests/similarity/test_measures.py).
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


def _all_correlations(pair: Pair) -> np.ndarray:
    return pair.canonical_correlations


def _rank(representation: Representation) -> int:
    return representation.rank


def _expected(pair: Pair, dimensions=_rank) -> float:
    ranks = dimensions(pair.left), dimensions(pair.right)
    return expected_correlation(*ranks, len(pair.left.rows))


_canonical = partial(Measure, low=0.0, high=1.0, null=_expected, asymptotic=True,
                     correlations=_all_correlations,
                     depends_on_width=True)  # fmt: skip

MEASURES = (
    _canonical("pwcca", pwcca_left, WEIGHTED, EVERYTHING, symmetric=False),
    _canonical("pwcca_right", pwcca_right, EVERYTHING, WEIGHTED, symmetric=False),
    _canonical("pwcca_mean", pwcca_mean, WEIGHTED, WEIGHTED, symmetric=True),
    _canonical("cca", mean_cca, EVERYTHING, EVERYTHING, symmetric=True),
    _canonical("cca_squared", r2_cca, EVERYTHING, EVERYTHING, symmetric=True,
               null=expected_r2, asymptotic=False),
    _canonical("svcca", svcca, RIGID, RIGID, symmetric=True, correlations=kept_correlations,
               dimensions=kept_dimensions, null=partial(_expected, dimensions=kept_dimensions)),
)  # fmt: skip
