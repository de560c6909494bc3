"""What MiniRocket fits, by the published definition (Dempster, Schmidt & Webb 2021), written anew:
dilations, how many features each has, and biases."""

from itertools import combinations

import numpy as np
import pytest

from seqtransfer.scoring.minirocket import MiniRocket, spread

FEATURES = 119  # of a kernel
PHI = (1 + np.sqrt(5)) / 2


def widths(length):
    """The 32 dilations of the definition, of which short series have many twice."""
    step = np.log2((length - 1) / 8) / 31
    return [int(np.floor(2 ** (step * place) + 1e-9)) for place in range(32)]


def published_counts(length):
    """As the authors' program: each dilation's share of 119, rounded down, and what then lacks one
    by one from the first."""
    found = widths(length)
    counts = [int(found.count(width) * FEATURES / 32) for width in sorted(set(found))]
    for place in range(FEATURES - sum(counts)):
        counts[place % len(counts)] += 1
    return counts


@pytest.mark.parametrize("length", [9, 17, 24, 40, 100, 1000, 10**6])
def test_dilations_and_their_features_are_those_of_the_definition(length):
    dilations, counts = spread(length)
    assert list(dilations) == sorted(set(widths(length)))
    assert list(counts) == published_counts(length) and sum(counts) == FEATURES


def outputs(series, dilation, taps):
    """(n, length) convolution with weights 2 at `taps`, else -1, series padded with zeros."""
    spaced = np.zeros(8 * dilation + 1)
    spaced[::dilation] = -1
    spaced[dilation * np.array(taps)] = 2
    padded = np.pad(series, ((0, 0), (4 * dilation, 4 * dilation)))
    return np.array([np.correlate(one, spaced, "valid") for one in padded])


@pytest.mark.parametrize("channels", [1, 4])
def test_biases_are_golden_quantiles_of_one_random_examples_output(channels):
    rng = np.random.default_rng(0)
    examples = rng.normal(size=(5, channels, 40))
    fitted = MiniRocket.fit(examples, np.random.default_rng(1))
    feature, drawn = 0, []
    for number, dilation in enumerate(fitted.dilations):
        assert fitted.biases[number].shape[0] == 84
        for kernel, taps in enumerate(combinations(range(9), 3)):
            biases = fitted.biases[number][kernel]
            # The features of all kernels and dilations are numbered in one row, from 1.
            places = np.array([(feature + 1 + i) * PHI for i in range(len(biases))]) % 1
            feature += len(biases)
            added = examples[:, fitted.channels[number][kernel]].sum(axis=1)
            expected = np.quantile(outputs(added, dilation, taps), places, axis=1).T
            off = np.abs(expected - biases).max(axis=1)
            assert off.min() < 1e-4 and np.sort(off)[1] > 1e-3  # of one example, and of no other
            drawn.append(off.argmin())
    assert feature == 84 * FEATURES
    counts, mean = np.bincount(drawn, minlength=5), len(drawn) / 5
    assert np.abs(counts - mean).max() < 5 * np.sqrt(mean)  # drawn anew every time
    assert np.mean(np.diff(drawn) == 0) < 0.35
