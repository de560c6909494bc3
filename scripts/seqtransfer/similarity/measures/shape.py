"""Orthogonal Procrustes and GULP: similarity of shapes, and of what ridge regression can predict.

Sources: Ding et al. 2021 and Williams et al. 2021 (Procrustes); Boix-Adsera et al. 2022 (GULP).
"""

import numpy as np

from seqtransfer.similarity.measures.measure import RIGID, Measure
from seqtransfer.similarity.measures.pair import Pair, singular_values
from seqtransfer.similarity.measures.representation import Representation

# GULP's ridge as a share of the representation's mean variance over its directions: relative, so
# that the distance does not depend on the scale of activations. Towards 0 GULP is like CCA, above 1
# like CKA.
RIDGE = 0.1


def procrustes(pair: Pair) -> float:
    """Orthogonal Procrustes similarity, a nuclear norm (Ding et al. 2021).

    |X^T Y|_* of centred representations of unit Frobenius norm, in [0, 1]. The squared distance
    after the best rotation is 2 - 2 times this; the angular distance is its arc cosine.
    """
    left, right = pair.of_both(_unit_singular_values)
    scaled = left[:, None] * pair.cross_products * right
    return singular_values(scaled.astype(pair.cross_products.dtype, copy=False)).sum()


def gulp(pair: Pair) -> float:
    """Squared GULP distance with ridge 0.1 of the mean variance (Boix-Adsera et al. 2022).

    tr(S_l^-1 S_x S_l^-1 S_x) + the same of y - 2 tr(S_l^-1 S_xy S_l^-1 S_yx), S_l = S + ridge: by
    how much the two ridge predictions of a target of unit norm can differ, on average over targets.
    At least 0; 0 for equal representations.
    """
    left, right = pair.of_both(_shrinkage)
    shared = left @ np.square(pair.cross_products, dtype=np.float64) @ right
    return np.square(left).sum() + np.square(right).sum() - 2 * shared


def expected_gulp(pair: Pair) -> float:
    """The mean of `gulp` over all permutations: each squared entry of C expects 1 / (n - 1)."""
    left, right = pair.of_both(_shrinkage)
    shared = left.sum() * right.sum() / (len(pair.left.rows) - 1)
    return np.square(left).sum() + np.square(right).sum() - 2 * shared


def _unit_singular_values(representation: Representation) -> np.ndarray:
    return representation.singular_values / np.linalg.norm(representation.singular_values)


def _shrinkage(representation: Representation) -> np.ndarray:
    """(rank,) in [0, 1]: how much of each direction ridge regression keeps."""
    variances = np.square(representation.singular_values)
    return variances / (variances + RIDGE * variances.mean())


MEASURES = (
    Measure("procrustes", procrustes, RIGID, RIGID, symmetric=True, low=0.0, high=1.0, null=None,
            depends_on_width=True),
    Measure("gulp", gulp, RIGID, RIGID, symmetric=True, low=0.0, high=np.inf, null=expected_gulp,
            identical=0.0, distance=True, depends_on_width=True),
)  # fmt: skip
