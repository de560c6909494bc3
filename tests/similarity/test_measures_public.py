"""The measures against public packages on well-posed input, and why some of those differ."""

import numpy as np
import pytest
import rcca
import repsim
import rsatoolbox
import scipy.linalg
from test_measures import related

from seqtransfer.similarity.measures import MEASURES
from seqtransfer.similarity.measures.pair import Pair


@pytest.fixture(params=[(200, 6, 9), (500, 30, 40), (90, 12, 12)])
def matrices(request):
    return related(5, *request.param)


@pytest.mark.parametrize(
    ("name", "public"),
    [
        ("pwcca_mean", repsim.pwcca),
        # Its two summaries of the correlations are named crosswise.
        ("cca", lambda pair: repsim.cca(pair, "pillai")),
        ("cca_squared", lambda pair: repsim.cca(pair, "yanai")),
        ("cka_biased", lambda pair: repsim.cka(pair, "linear", "gretton")),
    ],
)
def test_repsim_agrees(name, public, matrices):
    assert MEASURES[name](*matrices) == pytest.approx(public(list(matrices))[0, 1], abs=1e-8)


def test_repsims_debiased_hsic_agrees_and_its_cka_divides_by_biased_ones(matrices):
    def hsic(x, y, estimator="song"):
        # Its matrix holds the biased estimate on the diagonal, whichever was asked for.
        return repsim.hsic([x, y], "linear", estimator)[0, 1]

    x, y = matrices
    exact = hsic(x, y) / np.sqrt(hsic(x, x) * hsic(y, y))
    assert MEASURES["cka"](x, y) == pytest.approx(exact, abs=1e-8)
    mixed = hsic(x, y) / np.sqrt(hsic(x, x, "gretton") * hsic(y, y, "gretton"))
    assert repsim.cka([x, y], "linear", "song")[0, 1] == pytest.approx(mixed, abs=1e-8)
    assert abs(mixed - exact) > 1e-3


def test_repsims_svcca_drops_no_direction_of_centred_rows(matrices):
    centred = [matrix - matrix.mean(axis=0) for matrix in matrices]
    found = repsim.svcca(centred, "pillai")[0, 1]
    assert MEASURES["cca"](*matrices) == pytest.approx(found, abs=1e-8)
    assert abs(MEASURES["svcca"](*matrices) - found) > 1e-4


@pytest.mark.parametrize(
    ("name", "method"), [("rsa_euclidean", "euclidean"), ("rsa_correlation", "correlation")]
)
def test_rsatoolbox_agrees(name, method, matrices):
    left, right = (
        rsatoolbox.rdm.calc_rdm(rsatoolbox.data.Dataset(matrix), method=method)
        for matrix in matrices
    )
    expected = rsatoolbox.rdm.compare(left, right, method="spearman")[0, 0]
    assert MEASURES[name](*matrices) == pytest.approx(expected, abs=1e-8)


def test_pyrcca_agrees_as_its_ridge_goes_to_zero(matrices, monkeypatch):
    def eigh(left, right, eigvals):  # the keyword by which pyrcca 0.2 calls it is gone from SciPy
        return scipy.linalg.eigh(left, right, subset_by_index=eigvals)

    monkeypatch.setattr("rcca.rcca.eigh", eigh)
    # It does not centre: the paper's code, which is built on it, leaves that to the caller.
    centred = [matrix - matrix.mean(axis=0) for matrix in matrices]
    k = min(matrix.shape[1] for matrix in matrices)
    model = rcca.CCA(kernelcca=False, reg=0.0, numCC=k, verbose=False)
    model.train(centred)
    left, right = (matrix @ weights for matrix, weights in zip(centred, model.ws, strict=True))
    found = [abs(np.corrcoef(left[:, i], right[:, i])[0, 1]) for i in range(k)]
    expected = np.sort(Pair.of(*matrices).canonical_correlations)
    np.testing.assert_allclose(np.sort(found), expected, atol=1e-8)


# Published PWCCAs that give another value, from their formulas: weights by the left in both.


def weighted(correlations, directions, neurons):
    return np.average(correlations, weights=np.abs(directions.T @ neurons).sum(axis=1))


def anatome(x, y):
    """distance.py: canonical variates, but the neurons they are laid against are not centred."""
    pair = Pair.of(x, y)
    rotation, correlations, _ = pair.canonical_variates
    coefficients = (pair.left.loadings.T / pair.left.singular_values) @ rotation
    return np.average(correlations, weights=np.abs(x @ coefficients).sum(axis=0))


def google(x, y):
    """pwcca.py for p <= q: QR of the neurons, rotated as if they were white, plus their means."""
    left, right = x - x.mean(axis=0), y - y.mean(axis=0)
    white = [scipy.linalg.inv(scipy.linalg.sqrtm(a.T @ a)) for a in (left, right)]
    u, correlations, _ = np.linalg.svd(white[0] @ left.T @ right @ white[1], full_matrices=False)
    directions, _ = np.linalg.qr(left @ u + x.mean(axis=0))
    return weighted(correlations, directions, x)


def test_anatomes_weights_sum_over_examples_and_not_over_neurons(matrices):
    x, y = matrices
    assert abs(anatome(x, y) - MEASURES["pwcca"](x, y)) > 1e-3


def test_googles_pwcca_is_ours_for_white_centred_rows_alone(matrices):
    x, y = matrices
    white = Pair.of(x, y).left.basis
    assert google(white, y) == pytest.approx(MEASURES["pwcca"](white, y), abs=1e-8)
    assert abs(google(x - x.mean(axis=0), y) - MEASURES["pwcca"](x, y)) > 1e-3
    assert abs(google(x, y) - google(x - x.mean(axis=0), y)) > 1e-3
