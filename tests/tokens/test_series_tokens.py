"""Bins of series: the published break points, invariances, and no look at what is held out."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from seqtransfer.tokens.series_tokens import (
    CHANNEL,
    channels,
    level_bins,
    standard,
    symbolic_aggregate,
)

WHOLE = st.lists(st.integers(-1000, 1000), min_size=2, max_size=40)


def symbols(*parts):
    return tuple(f" {CHANNEL} ".join(" ".join(map(str, part)) for part in parts).split())


@pytest.mark.parametrize(
    ("size", "edges"),  # Lin et al. 2003, table 3
    [(3, [-0.43, 0.43]), (4, [-0.67, 0, 0.67]), (6, [-0.97, -0.43, 0, 0.43, 0.97])],
)
def test_break_points_are_the_published_ones(size, edges):
    grid = np.round(np.linspace(-2, 2, 401), 2)
    standard = (grid - grid.mean()) / grid.std()
    tokens = list(map(int, symbolic_aggregate(symbols(grid), size, 1)))
    crossed = [b for (a, s), (b, t) in pairwise(zip(standard, tokens, strict=True)) if s != t]
    assert crossed == pytest.approx(edges, abs=0.015)
    assert set(tokens) == set(range(size))


@given(WHOLE, st.integers(2, 10), st.integers(1, 7), st.integers(1, 50), st.integers(-99, 99))
def test_level_and_scale_of_a_series_do_not_matter(values, size, window, factor, shift):
    assume(len(set(values)) > 1)
    means = [np.mean(values[i : i + window]) for i in range(0, len(values), window)]
    standard = (np.array(means) - np.mean(values)) / np.std(values)
    edges = stats.norm.ppf(np.arange(1, size) / size)
    assume(np.abs(standard[:, None] - edges).min() > 1e-9)  # rounding decides there
    tokens = symbolic_aggregate(symbols(values), size, window)
    assert list(map(int, tokens)) == [int((z > edges).sum()) for z in standard]
    moved = [factor * value + shift for value in values]
    assert symbolic_aggregate(symbols(moved), size, window) == tokens


def test_a_flat_channel_is_in_the_middle_and_channels_stay_apart():
    found = symbolic_aggregate(symbols([5, 5, 5], [0, 0, 9, 9]), 3, 1)
    assert found == ("1", "1", "1", CHANNEL, "0", "0", "2", "2")
    assert symbolic_aggregate((), 3, 1) == ()


def test_windows_are_means_and_the_last_may_be_shorter():
    split = level_bins([symbols([0, 10])], 10, 1, "uniform")
    assert split(symbols([0, 1, 2, 9])) == ("0", "1", "2", "9")
    wide = level_bins([symbols([0, 0, 10, 10])], 10, 2, "uniform")
    assert wide(symbols([0, 2, 4, 6, 9])) == ("1", "5", "9")


@given(st.lists(WHOLE, min_size=1, max_size=5), st.integers(2, 6))
def test_quantile_bins_hold_equally_many_training_windows(corpus, size):
    values = np.concatenate(corpus)
    assume(len(set(values)) == len(values) >= 4 * size)
    split = level_bins([symbols(part) for part in corpus], size, 1, "quantile")
    tokens = [token for part in corpus for token in split(symbols(part))]
    counts = np.bincount(np.array(tokens, dtype=int), minlength=size)
    assert counts.max() - counts.min() <= 2


@given(
    st.lists(st.integers(-1000, 1000), unique=True, min_size=40, max_size=60),
    st.lists(st.integers(-20, 20), unique=True, min_size=1, max_size=2),
    st.integers(5, 10),
)
def test_a_value_that_fills_several_bins_has_one_and_the_others_share_the_rest(rare, often, size):
    rare = sorted(set(rare) - set(often))
    values = symbols(rare + 500 * often)
    counts = Counter(level_bins([values], size, 1, "quantile")(values))
    assert len(counts) == size
    for value in often:
        (token,) = set(level_bins([values], size, 1, "quantile")(symbols([value])))
        assert counts.pop(token) == 500
    assert sum(counts.values()) == len(rare)


def test_counts_that_are_mostly_zero_fill_their_bins():
    values = symbols([0] * 850 + list(range(1, 151)))
    counts = Counter(level_bins([values], 12, 1, "quantile")(values))
    assert counts.pop("0") == 850
    assert len(counts) == 11 and set(counts.values()) <= {13, 14}


@pytest.mark.parametrize("size", [2, 3, 100])
def test_values_of_fewer_kinds_than_bins_stay_apart(size):
    values = symbols([7, 7, 7, 7, 7, 8])
    assert len(set(level_bins([values], size, 1, "quantile")(values))) == 2


def test_edges_are_those_of_training_alone_and_of_each_channel():
    training = [symbols([0, 100], [0, 1])]
    split = level_bins(training, 2, 1, "uniform")
    assert split(symbols([49, 51], [0.4, 0.6])) == ("0", "1", CHANNEL, "0", "1")
    assert split(symbols([-1e9, 1e9], [0, 0])) == ("0", "1", CHANNEL, "0", "0")
    with pytest.raises(ValueError, match="one series has 1 channels, another one 2"):
        split(symbols([1, 2]))
    assert split(()) == ()


@given(st.lists(WHOLE, min_size=1, max_size=5), st.integers(1, 3), st.integers(1, 4))
def test_lags_are_bins_of_changes(corpus, window, lag):
    def changes(values):
        means = [np.mean(values[i : i + window]) for i in range(0, len(values), window)]
        return [repr(float(b) - float(a)) for a, b in zip(means, means[lag:], strict=False)]

    assume(all(-(-len(values) // window) > lag for values in corpus))
    for by in ("quantile", "uniform"):
        split = level_bins([symbols(values) for values in corpus], 4, window, by, lag=lag)
        plain = level_bins([symbols(changes(values)) for values in corpus], 4, 1, by)
        for values in corpus:
            assert split(symbols(values)) == plain(symbols(changes(values)))
            shifted = symbols([value + 2**20 for value in values])
            assert window > 1 or split(shifted) == split(symbols(values))  # the level is lost


@given(
    st.lists(st.lists(st.integers(-50, 50), min_size=2, max_size=9), min_size=1, max_size=5),
    st.sampled_from([2.0, 0.5, 8.0]),
    st.integers(-8, 8),
)
def test_shapes_are_bins_of_series_on_their_own_scale(corpus, factor, shift):
    """By the definition, and by what it must not see: each series in a unit of its own."""
    for by in ("quantile", "uniform"):
        split = level_bins([symbols(values) for values in corpus], 4, 1, by, own_scale=True)
        own = [symbols(standard(np.array(values, float)).tolist()) for values in corpus]
        plain = level_bins(own, 4, 1, by)
        assert [split(symbols(values)) for values in corpus] == [plain(one) for one in own]
    values = np.array([1.0, 2, 4, 8, 16])
    split = level_bins([symbols(values)], 5, 1, "quantile", own_scale=True)
    assert split(symbols(factor * values + shift)) == split(symbols(values)) == tuple("01234")


def test_series_that_cannot_be_binned_are_refused():
    with pytest.raises(ValueError, match="of 2 windows has none that another lies 3 before"):
        level_bins([symbols([1, 2])], 4, 1, "quantile", lag=3)
    with pytest.raises(ValueError, match="one series has 1 channels, another one 2"):
        level_bins([symbols([1, 2], [3]), symbols([1])], 2, 1, "quantile")
    with pytest.raises(ValueError, match="too far apart"):
        level_bins([symbols([-1.7e308, 1.7e308])], 4, 1, "uniform")
    with pytest.raises(ValueError, match="too large"):
        symbolic_aggregate(symbols([1e300, -1e300]), 4, 1)


def test_channels_are_parted():
    assert [list(part) for part in channels(symbols([1, 2], [3]))] == [[1, 2], [3]]
    assert channels(()) == []
