"""The released code's own PWCCA: where it equals ours, and what means do to it."""

import numpy as np
import pytest
from test_measures import related

from seqtransfer.similarity.measures import MEASURES
from seqtransfer.similarity.measures.representation import NoSimilarity
from seqtransfer.similarity.released_pwcca import released_pwcca

PWCCA = MEASURES["pwcca"]


def centred(seed, n=400, p=12, q=9):
    return [x - x.mean(axis=0) for x in related(seed, n, p, q)]


@pytest.mark.parametrize("seed", range(3))
def test_of_centred_rows_it_is_ours_in_both_orders_since_the_ridge_does_nothing(seed):
    x, y = centred(seed)
    assert released_pwcca(x, y) == pytest.approx(PWCCA(x, y), abs=1e-6)
    assert released_pwcca(y, x) == pytest.approx(PWCCA(y, x), abs=1e-6)


def test_means_change_it_and_not_ours():
    x, y = centred(0)
    there = x + 20.0, y - 20.0
    assert PWCCA(*there) == pytest.approx(PWCCA(x, y))
    assert abs(released_pwcca(*there) - released_pwcca(x, y)) > 0.01


def test_of_noise_at_the_papers_ratio_of_rows_to_width_it_is_near_what_ours_is():
    drawn = np.random.default_rng(0).normal(size=(2, 260, 200))
    assert released_pwcca(*drawn) == pytest.approx(PWCCA(*drawn), abs=0.01)
    assert released_pwcca(*drawn) > 0.8


def test_fewer_rows_than_neurons_are_alike_whatever_they_are():
    drawn = np.random.default_rng(0).normal(size=(2, 20, 30))
    assert released_pwcca(*drawn) == pytest.approx(1.0) == PWCCA(*drawn)


def test_a_representation_is_as_alike_to_itself_as_can_be_and_a_constant_neuron_is_allowed():
    x, _ = centred(1)
    assert released_pwcca(x + 1, x + 1) == pytest.approx(1.0)
    constant = np.hstack([x, np.ones((len(x), 1))])
    # The constant variate correlates with itself by 0, not by 1.
    assert 0.5 < released_pwcca(constant, constant) < 1.0


def test_values_that_the_ridge_cannot_make_regular_have_no_score():
    x, y = centred(2)
    large = 1e12 * np.hstack([x, x])
    with pytest.raises(NoSimilarity, match="no solution at ridge"):
        released_pwcca(large, y)
