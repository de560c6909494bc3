"""Orthogonal Procrustes and GULP: how far one side is from the other, as a shape or a predictor.

Sources: Ding et al. 2021 and Williams et al. 2021 (Procrustes); Boix-Adsera et al. 2022 (GULP).
"""

import numpy as np

from seqtransfer.similarity.measures.measure import RIGID, Measure
from seqtransfer.similarity.measures.pairings import Pairing, Side, singular_values

# GULP's ridge as a share of the side's mean variance over its directions: relative, so that the
# distance does not depend on the scale of activations. Towards 0 GULP is like CCA, above 1 like
# CKA.
RIDGE = 0.1


def procrustes(pairing: Pairing) -> float:
    """|X^T Y|_* of centred sides of unit Frobenius norm, in [0, 1].

    The squared distance after the best rotation is 2 - 2 times this, the angular one its arc
    cosine.
    """
    left, right = (side.singular / np.linalg.norm(side.singular) for side in _sides(pairing))
    scaled = left[:, None] * pairing.cross * right
    return singular_values(scaled.astype(pairing.cross.dtype, copy=False)).sum()


def gulp(pairing: Pairing) -> float:
    """Squared GULP distance, at least 0 and 0 for equality.

    tr(S_l^-1 S_x S_l^-1 S_x) + the same of y - 2 tr(S_l^-1 S_xy S_l^-1 S_yx), S_l = S + ridge: by
    how much the ridge predictions of any one target of unit norm can differ, on average.
    """
    left, right = (side.view(_shrinkage) for side in _sides(pairing))
    shared = left @ np.square(pairing.cross, dtype=np.float64) @ right
    return np.square(left).sum() + np.square(right).sum() - 2 * shared


def expected_gulp(pairing: Pairing) -> float:
    """Exact over all pairings of the rows: each squared entry of C expects 1 / (n - 1)."""
    left, right = (side.view(_shrinkage) for side in _sides(pairing))
    shared = left.sum() * right.sum() / (len(pairing.left.rows) - 1)
    return np.square(left).sum() + np.square(right).sum() - 2 * shared


def _sides(pairing: Pairing) -> tuple[Side, Side]:
    return pairing.left, pairing.right


def _shrinkage(side: Side) -> np.ndarray:
    variances = np.square(side.singular)
    return variances / (variances + RIDGE * variances.mean())


MEASURES = (
    Measure("procrustes", procrustes, "orthogonal Procrustes, nuclear norm (Ding 2021)",
            RIGID, RIGID, symmetric=True, low=0.0, high=1.0, null=None),
    Measure("gulp", gulp, "squared GULP distance, ridge 0.1 mean variance (Boix-Adsera 2022)",
            RIGID, RIGID, symmetric=True, low=0.0, high=np.inf, null=expected_gulp,
            identical=0.0, distance=True),
)  # fmt: skip
