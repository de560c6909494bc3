"""PWCCA as the paper's released code computes it, for the table `paper`: not a measure to choose.

Source: analysis/PWCCA_and_attn_match/{utils,rcca}.py of the released code, which solves

    [0 X'Y; Y'X 0] v = r [X'X + ridge, 0; 0, Y'Y + ridge] v

on rows that are not centred, so that means enter both the variates X v and their weights, the sums
over neurons of their absolute inner products (after a QR decomposition). A variate's correlation is
Pearson's, which centres it; a constant one has 0.
"""

import numpy as np

from seqtransfer.similarity.measures.representation import NoSimilarity

RIDGE = 1e-4  # of localization; the released code has 1e-3 and 1.5e-3 for its two other tasks


def released_pwcca(x: np.ndarray, y: np.ndarray) -> float:
    """The released PWCCA of x (n, p) and y (n, q), weighted by x: at most 1, larger is more alike.

    Row i of both is the same token; there are no more variates than rows. Raises
    NoSimilarity where the values are so large that the ridge leaves a covariance singular.
    """
    import scipy.linalg  # here, as everywhere in the room

    p, q = x.shape[1], y.shape[1]
    between = np.zeros((p + q, p + q))
    between[:p, p:] = x.T @ y
    between[p:, :p] = between[:p, p:].T
    within = scipy.linalg.block_diag(x.T @ x, y.T @ y) + RIDGE * np.eye(p + q)
    leading = [p + q - min(p, q, len(x)), p + q - 1]
    try:
        found = scipy.linalg.eigh(between, within, subset_by_index=leading)[1]
    except np.linalg.LinAlgError as error:
        raise NoSimilarity(f"the released PWCCA has no solution at ridge {RIDGE:g}") from error
    left, right = x @ found[:p, ::-1], y @ found[p:, ::-1]
    correlations = [_pearson(a, b) for a, b in zip(left.T, right.T, strict=True)]
    weights = np.abs(x.T @ np.linalg.qr(left)[0]).sum(axis=0)
    return float(np.average(correlations, weights=weights))


def _pearson(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a - a.mean(), b - b.mean()
    scale = np.linalg.norm(a) * np.linalg.norm(b)
    return float(a @ b / scale) if scale else 0.0
