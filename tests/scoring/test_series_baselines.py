"""Baselines of series: distances by definition, features by definition, and known best scores."""

import numpy as np
import pytest

import id_sequences
import scored_baselines
from seqtransfer.corpora.examples import Example
from seqtransfer.scoring import series_baselines
from seqtransfer.scoring.minirocket import KERNELS, MiniRocket, spread
from seqtransfer.scoring.task_kinds import Classification, Regression

TARGET = Classification(("early", "late"))
SAX = {"kind": "sax", "size": 4, "window": 1}
BINS = {"kind": "bins", "size": 4, "window": 1, "by": "quantile"}


def warped(a, b, window):
    """Dynamic time warping by its recursion; b may lie `window` points off either diagonal."""
    n, m = len(a), len(b)
    cost = np.full((n + 1, m + 1), np.inf)
    cost[0, 0] = 0
    for i in range(n):
        for j in range(m):
            if -window - max(0, n - m) <= j - i <= window + max(0, m - n):
                before = min(cost[i, j], cost[i, j + 1], cost[i + 1, j])
                cost[i + 1, j + 1] = np.square(a[i] - b[j]).sum() + before
    return np.sqrt(cost[n, m])


@pytest.mark.parametrize("window", [0, 1, 3, 20])
def test_the_nearest_series_is_that_of_the_definition(window):
    rng = np.random.default_rng(window)
    train, others = (
        [rng.normal(size=(rng.integers(1, 12), 3)) for _ in range(count)] for count in (7, 5)
    )
    expected = np.array([[warped(a, b, window) for a in train] for b in others])
    index, distance = series_baselines.nearest(train, others, window)
    assert index.tolist() == expected.argmin(axis=1).tolist()
    assert distance == pytest.approx(expected.min(axis=1))


def test_without_a_window_series_of_one_length_have_their_euclidean_distance():
    rng = np.random.default_rng(0)
    train, others = rng.normal(size=(6, 8, 2)), rng.normal(size=(4, 8, 2))
    _, distance = series_baselines.nearest(train, others, 0)
    assert distance == pytest.approx([min(np.linalg.norm(a - b) for a in train) for b in others])


def test_features_are_the_shares_of_points_at_which_a_kernels_convolution_is_above_its_bias():
    rng = np.random.default_rng(1)
    series = rng.normal(size=(3, 4, 40))
    fitted = MiniRocket.fit(series, rng)
    features, start = fitted.transform(series), 0
    assert features.shape == (3, 84 * 119)
    for number, dilation in enumerate(fitted.dilations):
        for kernel, taps in enumerate(KERNELS):
            weights = np.full(9, -1.0)
            weights[taps] = 2
            spaced = np.zeros(8 * dilation + 1)
            spaced[::dilation] = weights
            for row in range(3):
                chosen = series[row, fitted.channels[number][kernel]].sum(axis=0)
                mode = "valid" if (number + kernel) % 2 else "same"
                padded = np.pad(chosen, 4 * dilation) if mode == "same" else chosen
                output = np.correlate(padded, spaced, "valid")
                biases = fitted.biases[number][kernel]
                shares = (output[:, None] > biases).mean(axis=0)
                found = features[row, start : start + len(biases)]
                # float32 here, float64 there: a point as high as the bias may fall on either side.
                assert np.abs(found - shares).max() <= 1.001 / len(output)
                assert np.abs(found - shares).mean() < 0.02
            start += len(biases)
    assert start == features.shape[1]


@pytest.mark.parametrize("length", [9, 10, 24, 100, 3000])
def test_every_kernel_has_119_features_and_its_widest_dilation_fits(length):
    dilations, counts = spread(length)
    assert sum(counts) == 119 and len(dilations) <= 32
    assert dilations[0] == 1 and 8 * dilations[-1] < length
    assert length < 17 or dilations[-1] >= (length - 1) // 16


def test_too_short_a_series_is_refused():
    with pytest.raises(ValueError, match="9 weights, the series 8 points; stretch"):
        MiniRocket.fit(np.zeros((2, 1, 8)), np.random.default_rng(0))


def bump(rng, late, length):
    """Numbers with a bump at a third or two thirds, at a random level of its own."""
    places = np.arange(length) / length
    return 3 * np.exp(-((places - (1 + late) / 3) ** 2) / 0.01) + rng.normal(0, 0.3, length)


def corpus(value, sizes=(60, 30, 40), channels=1):
    """Parts and examples: `value(rng, label, length)` in each channel, of unequal length."""
    rng, parts, examples = np.random.default_rng(0), {}, []
    for part, size in zip(("train", "dev", "test"), sizes, strict=True):
        labels = np.arange(size) % 2
        names = [f"{part}-{i}" for i in range(size)]
        parts[part] = id_sequences.joined([[5]] * size, labels, names)
        for name, label in zip(names, labels, strict=True):
            length = int(rng.integers(7, 30))
            texts = [" ".join(map(str, value(rng, label, length))) for _ in range(channels)]
            symbols = tuple(" | ".join(texts).split())
            examples.append(Example(name, symbols, str(label), None, None))
    return parts, examples[::-1]


def evaluate(parts, examples, tokens=SAX, target=TARGET):
    found = series_baselines.fitted(parts, examples, tokens, target)
    records = scored_baselines.records(found, parts["dev"], parts["test"], target)
    return {record["baseline"]: record for record in records}


@pytest.mark.parametrize("channels", [1, 3])
def test_shapes_are_told_apart_at_any_length_and_number_of_channels(channels):
    records = evaluate(*corpus(bump, channels=channels))
    assert list(records) == ["dtw", "minirocket"]
    for record in records.values():
        assert record["test"]["mcc"] > 0.8 and np.isnan(record["test"]["loss"])
        assert record["test"]["n"] == 40 and record["provenance"] == {"code": "abc"}


def test_the_level_is_seen_on_the_scale_of_training_alone():
    def level(rng, late, length):
        return rng.normal(2 * late, 0.1, length)

    parts, examples = corpus(level)
    assert all(r["test"]["mcc"] == 1 for r in evaluate(parts, examples, BINS).values())
    assert all(abs(r["test"]["mcc"]) < 0.5 for r in evaluate(parts, examples, SAX).values())


def test_noise_scores_like_chance():
    # MCC of 40 independent guesses has standard deviation 1 / sqrt(40) = 0.16.
    records = evaluate(*corpus(lambda rng, late, length: rng.normal(size=length)))
    assert all(abs(record["test"]["mcc"]) < 0.5 for record in records.values())


def test_the_test_split_has_no_say_and_the_same_input_gives_the_same_records():
    parts, examples = corpus(bump)
    first = evaluate(parts, examples)
    flipped = id_sequences.joined([[5]] * 40, 1 - parts["test"].labels, parts["test"].names)
    second = evaluate(parts | {"test": flipped}, examples)
    for name, record in first.items():
        assert (record["detail"], record["dev"]["mcc"]) == (
            second[name]["detail"], second[name]["dev"]["mcc"]
        )  # fmt: skip
        assert record["test"]["mcc"] == pytest.approx(-second[name]["test"]["mcc"])


def test_numbers_are_predicted_too():
    parts, examples = corpus(lambda rng, late, length: rng.normal(size=length))
    means = {e.id: np.mean([float(s) for s in e.symbols]) for e in examples}
    parts = {
        part: id_sequences.joined([[5]] * len(own), [means[n] for n in own.names], own.names)
        for part, own in parts.items()
    }
    records = evaluate(parts, examples, BINS, Regression(0.0, 1.0))
    assert all(record["test"]["spearman"] > 0.3 for record in records.values())
    assert np.isfinite(records["minirocket"]["test"]["loss"])
