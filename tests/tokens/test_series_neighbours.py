"""Nearest series by definition, and which ones are near where it is known which are."""

import numpy as np
import pytest
from dtaidistance import dtw_ndim
from scipy.ndimage import gaussian_filter1d

from seqtransfer.corpora.examples import Example
from seqtransfer.tokens import leak_audit, series_neighbours
from seqtransfer.tokens.series_tokens import standard

LENGTH = 40


def series(rows):
    """Each row on its own scale, as one channel."""
    return [standard(row)[:, None] for row in rows]


def noise(rng, count):
    return series(rng.normal(size=(count, LENGTH)))


def windows(rng, recordings, each):
    """Windows of 100 points of smooth recordings, each shifted by one; and their recordings."""
    smooth = gaussian_filter1d(rng.normal(size=(recordings, 100 + each)), 4, axis=1)
    rows = [recording[i : i + 100] for recording in smooth for i in range(each)]
    return np.array(rows), np.repeat(np.arange(recordings), each)


@pytest.mark.parametrize("mebibytes", [1e-4, 128])
def test_the_nearest_series_of_one_length_is_that_of_the_definition(monkeypatch, mebibytes):
    monkeypatch.setattr(series_neighbours, "MEBIBYTES", mebibytes)
    rng = np.random.default_rng(0)
    queries, references = rng.normal(size=(7, 9, 2)), rng.normal(size=(11, 9, 2))
    expected = np.sqrt(np.square(queries[:, None] - references[None]).mean(axis=(2, 3)))
    distance, index = series_neighbours.nearest(list(queries), list(references))
    assert index.tolist() == expected.argmin(axis=1).tolist()
    assert distance == pytest.approx(expected.min(axis=1))


def test_the_distance_of_series_on_their_own_scale_says_their_correlation():
    left, right = np.random.default_rng(1).normal(size=(2, LENGTH))
    distance, _ = series_neighbours.nearest(series([left]), series([right]))
    assert distance[0] ** 2 / 2 == pytest.approx(1 - np.corrcoef(left, right)[0, 1])


def test_series_of_unequal_length_are_warped():
    rng = np.random.default_rng(2)
    queries, references = (
        [rng.normal(size=(length, 2)) for length in rng.integers(20, 31, count)] for count in (5, 6)
    )
    references[0] = rng.normal(size=(30, 2))
    expected = [
        [dtw_ndim.distance(a, b, window=4) / np.sqrt(2 * max(len(a), len(b))) for b in references]
        for a in queries
    ]  # a tenth of 30 points, and the diagonal
    distance, index = series_neighbours.nearest(queries, references)
    assert distance == pytest.approx(np.min(expected, axis=1))
    assert index.tolist() == np.argmin(expected, axis=1).tolist()


def test_the_nearest_of_many_series_of_unequal_length_is_hardly_ever_missed():
    rng = np.random.default_rng(10)
    train, test = (
        series(gaussian_filter1d(rng.normal(size=LENGTH - i % 5), 3) for i in range(count))
        for count in (1000, 60)
    )
    apart = series_neighbours.warped(test, train, round(0.1 * LENGTH))
    points = np.maximum.outer([len(one) for one in test], [len(one) for one in train])
    exact = (apart / np.sqrt(points)).min(axis=1)
    distance, _ = series_neighbours.nearest(test, train)
    assert (distance >= exact - 1e-12).all()
    found = distance < 1.001 * exact
    assert found.mean() >= 0.9 and found[exact < np.quantile(exact, 0.2)].all()


def test_series_of_the_own_unit_are_not_looked_at():
    rng = np.random.default_rng(3)
    rows = noise(rng, 6)
    units = np.array(list("aabbcc"))
    distance, index = series_neighbours.nearest(rows, rows, (units, units))
    assert (units[index] != units).all() and (distance > 0).all()
    distance, index = series_neighbours.nearest(rows, rows, (np.full(6, "a"), np.full(6, "a")))
    assert np.isnan(distance).all() and (index == -1).all()


@pytest.mark.parametrize("kind", ["equal", "unequal"])
def test_a_copy_in_another_unit_and_scale_is_at_distance_0(kind):
    rng = np.random.default_rng(4)
    train = rng.normal(size=(5, LENGTH))
    others = [1e4 + 1e-2 * train[3], rng.normal(size=LENGTH - (kind == "unequal"))]
    distance, index = series_neighbours.nearest(series(others), series(train))
    assert (distance[0], index[0]) == (0, 3) and distance[1] > 0


def test_of_independent_noise_one_in_a_hundred_is_near():
    # The limit is the 2nd least of 199 distances: the expected share is 2 / 200.
    rng, shares = np.random.default_rng(5), []
    for _ in range(60):
        train, test = noise(rng, 199), noise(rng, 60)
        limit, looked_at = series_neighbours.limit(train, np.arange(199), rng)
        assert looked_at == 199
        shares.append((leak_audit.distances(test, train, limit)["relative_distance"] < 1).mean())
    # Standard deviation of the mean: 0.7 % between training parts, 1.3 % within, over sqrt(60).
    assert np.mean(shares) == pytest.approx(0.01, abs=0.006)


def near_and_overlap(train, units, test):
    scaled = series(train), series(test)
    limit, _ = series_neighbours.limit(scaled[0], units, np.random.default_rng(0))
    near = leak_audit.distances(scaled[1], scaled[0], limit)["relative_distance"] < 1
    written = [[tuple(map(repr, map(float, row))) for row in rows] for rows in (test, train)]
    run = leak_audit.kmer_for(written[1])
    return near.mean(), (leak_audit.overlaps(*written, run)["overlap"] > 0.5).mean()


def test_windows_shifted_by_one_are_found_and_other_recordings_are_not():
    rng = np.random.default_rng(6)
    rows, recordings = windows(rng, 300, 4)
    held = recordings >= 250
    near, overlap = near_and_overlap(rows[~held], recordings[~held], rows[held])
    assert near <= 0.05 and overlap == 0
    # One window of every recording: the others of it, shifted by one to three, stay in train.
    again = np.arange(len(rows)) % 4 == 1
    near, overlap = near_and_overlap(rows[~again], recordings[~again], rows[again])
    assert near > 0.95 and overlap == 1


def test_windows_of_no_known_recording_are_found_by_their_numbers_alone():
    # A random split of units that nobody stated: train has as many twins in itself as test in it.
    rng = np.random.default_rng(7)
    rows, _ = windows(rng, 100, 6)
    test = np.zeros(len(rows), dtype=bool)
    test[rng.choice(len(rows), 100, replace=False)] = True
    near, overlap = near_and_overlap(rows[~test], np.arange(500), rows[test])
    assert near <= 0.05 and overlap > 0.95


@pytest.mark.parametrize(("count", "known"), [(198, False), (199, True)])
def test_too_few_training_series_say_not_what_is_near(count, known):
    rng = np.random.default_rng(8)
    train = noise(rng, count)
    limit, _ = series_neighbours.limit(train, np.arange(count), rng)
    assert np.isfinite(limit) == known
    # Copies say nothing of how near series are that are none.
    train, units = [*train, *train], np.arange(2 * count)
    assert np.isnan(series_neighbours.limit(train, units, rng)[0])


def test_a_unit_of_many_series_has_one_say():
    rng = np.random.default_rng(9)
    shape = rng.normal(size=LENGTH)
    alike = series(shape + rng.normal(0, 0.1, (201, LENGTH)))
    units = np.array([*map(str, range(200)), *["alike"] * 200, "other"])
    limit, _ = series_neighbours.limit([*noise(rng, 200), *alike], units, rng)
    # The limit is the 2nd least of 202: those of the units `alike` and `other`, which are twins.
    assert limit < 0.2
    units = np.array([*map(str, range(400)), *["alike"] * 200, "other"])
    limit, looked_at = series_neighbours.limit([*noise(rng, 400), *alike], units, rng)
    assert limit > 0.5 and looked_at == 402  # the 4th least


def test_channels_of_unequal_length_are_stretched_and_unequal_numbers_of_them_refused():
    examples = [Example("a", tuple("0 2 | 0 1 2".split()), "x", None, None)]
    [found] = series_neighbours.numbers({"train": ["a"]}, examples, False)["train"]
    assert found[:, 0] == pytest.approx(found[:, 1])
    examples = [
        Example("a", ("1",), "x", None, None),
        Example("b", ("1", "|", "2"), "x", None, None),
    ]
    with pytest.raises(ValueError, match="needs the same channels; 'a' has 1, 'b' has 2"):
        series_neighbours.numbers({"train": ["a", "b"]}, examples, False)


@pytest.mark.parametrize("own_scale", [True, False])
def test_values_whose_square_overflows_are_refused(own_scale):
    examples = [Example("a", ("1e200", "-1e200"), "x", None, None)]
    with pytest.raises(ValueError, match="too large for float64; give them in another unit"):
        series_neighbours.numbers({"train": ["a"]}, examples, own_scale)
