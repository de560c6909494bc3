"""The permutation null against the package calibrated-similarity, on the same re-pairings."""

import math

import calibrated_similarity
import numpy as np
import pytest
import torch
from test_measures import related

from seqtransfer.similarity.layer_comparison import Comparison
from seqtransfer.similarity.measures import MEASURES
from seqtransfer.similarity.measures.permutation_null import UnitPermutations

DRAWS = 39


def linear_cka(x, y):
    """The example of its manual: biased linear CKA from Gram matrices."""
    x, y = x - x.mean(0), y - y.mean(0)
    left, right = x @ x.T, y @ y.T
    return (left * right).sum() / (left.norm() * right.norm())


def own(measure):
    return lambda x, y: MEASURES[measure](x.numpy(), y.numpy())


def both(measure, x, y, units, score):
    """Our row of results, and its (p-value, threshold) on our re-pairings of units."""
    comparison = Comparison(
        [measure], units, units, draws=DRAWS, generator=np.random.default_rng(4)
    )
    (row,) = comparison.rows(comparison.prepare(x, "left"), comparison.prepare(y, "right"))
    drawn = UnitPermutations.draw(units, draws=DRAWS, generator=np.random.default_rng(4))
    orders = iter([torch.as_tensor(drawn.permutation(draw)) for draw in range(DRAWS)])
    _, p_value, threshold = calibrated_similarity.calibrate(
        *map(torch.as_tensor, (x, y)), score, K=DRAWS, perm_fn=lambda n, device: next(orders)
    )
    return row, float(p_value), float(threshold)


@pytest.mark.parametrize(
    ("measure", "score"),
    [
        ("cka_biased", linear_cka),
        ("cka", own("cka")),
        ("pwcca", own("pwcca")),
        ("neighbours", own("neighbours")),
    ],
)
@pytest.mark.parametrize("share", [0.0, 0.03, 1.0])
def test_p_values_and_the_null_are_those_of_calibrated_similarity(measure, score, share):
    x, y = related(7, 160, 6, 9)
    x = share * x + (1 - share) * np.random.default_rng(8).normal(size=x.shape)
    row, p_value, threshold = both(measure, x, y, np.repeat(np.arange(40), 4), score)
    assert row["p_value"] == pytest.approx(p_value)
    # Its threshold: of the score and the draws, in order, number ceil(95 % (draws + 1)).
    above = math.ceil(0.95 * (DRAWS + 1))
    assert (row["score"] > threshold + 1e-6) == (p_value < (DRAWS + 1.5 - above) / (DRAWS + 1))
    assert row["null_mean"] < threshold


def test_unrelated_pairs_are_called_similar_in_5_of_100_only_if_whole_units_move():
    rng, called = np.random.default_rng(9), np.zeros(2)
    for _ in range(200):
        x, y = (np.repeat(rng.normal(size=(20, 3)), 3, axis=0) for _ in range(2))
        x, y = (part + 0.1 * rng.normal(size=part.shape) for part in (x, y))
        units = np.repeat(np.arange(20), 3)
        row, *_ = both("cka_biased", x, y, units, linear_cka)
        single = torch.Generator().manual_seed(int(rng.integers(1 << 31)))
        _, naive, _ = calibrated_similarity.calibrate(
            *map(torch.as_tensor, (x, y)), linear_cka, K=DRAWS, generator=single
        )
        called += row["p_value"] <= 0.05, float(naive) <= 0.05
    assert called[0] <= 21  # 10 expected; once in a thousand times more
    assert called[1] > 60  # its default moves single rows
