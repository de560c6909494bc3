"""Attention maps: matched heads, entropy and distance, on maps whose answers are known."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtransfer.similarity.measures import attention


def maps(seed, examples=3, heads=4, size=6, tokens=None):
    """Random attention: rows of real tokens sum to 1, padding is 0."""
    scores = np.exp(np.random.default_rng(seed).normal(size=(examples, heads, size, size)))
    tokens = np.full(examples, size) if tokens is None else np.asarray(tokens)
    real = np.arange(size) < tokens[:, None]
    scores *= real[:, None, :, None] * real[:, None, None, :]
    return scores / np.maximum(scores.sum(axis=3, keepdims=True), 1e-300), tokens


def test_exactly_permuted_heads_are_found_at_no_distance():
    left, tokens = maps(0, tokens=[6, 4, 2])
    order = np.array([2, 0, 3, 1])
    distances = attention.head_distances(left, left[:, order], tokens)
    for match in (attention.match, attention.match_by_example):
        found = match(distances)
        np.testing.assert_allclose(found.distances, 0, atol=1e-15)
        assert distances.mean() > 0.1
        expected = np.broadcast_to(np.argsort(order), found.heads.shape)
        np.testing.assert_array_equal(found.heads, expected)


def test_heads_permuted_anew_in_every_example_fool_the_matching_by_example_only():
    left, tokens = maps(1)
    right = np.stack([example[np.random.default_rng(i).permutation(4)]
                      for i, example in enumerate(left)])  # fmt: skip
    distances = attention.head_distances(left, right, tokens)
    assert attention.match_by_example(distances).distances == pytest.approx(0)
    assert attention.match(distances).distances.mean() > 0.05


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 4))
def test_the_global_matching_is_the_nearest_of_all_permutations(seed, heads, examples):
    left, tokens = maps([seed, 0], examples, heads)
    right, _ = maps([seed, 1], examples, heads)
    nearest = min(
        np.mean([np.abs(left[:, h] - right[:, p]).sum(axis=2).mean() for h, p in enumerate(order)])
        for order in itertools.permutations(range(heads))
    )
    distances = attention.head_distances(left, right, tokens)
    found, by_example = attention.match(distances), attention.match_by_example(distances)
    mean = found.distances.mean()
    assert mean == pytest.approx(nearest)
    assert 0 <= by_example.distances.mean() <= mean + 1e-12
    assert mean <= distances.mean() + 1e-12 <= 2 + 1e-12
    assert by_example.distances.shape == by_example.heads.shape == (examples, heads)


def test_the_distance_of_heads_that_share_no_weight_is_two():
    left, right = np.zeros((1, 1, 3, 3)), np.zeros((1, 1, 3, 3))
    left[..., 0], right[..., 1] = 1, 1
    assert attention.match(attention.head_distances(left, right, [3])).distances == 2


def test_entropy_and_distance_of_known_maps():
    # Head 0 looks at itself, head 1 everywhere alike, head 2 at token 0.
    size, tokens = 5, np.array([4, 2])
    known = np.zeros((2, 3, size, size))
    for example, real in enumerate(tokens):
        known[example, 0, :real, :real] = np.eye(real)
        known[example, 1, :real, :real] = 1 / real
        known[example, 2, :real, 0] = 1
    np.testing.assert_allclose(
        attention.entropy(known, tokens), [[0, np.log(4), 0], [0, np.log(2), 0]], atol=1e-15
    )
    # Uniform over m tokens: (m^2 - 1) / (3 m). To token 0: (m - 1) / 2.
    np.testing.assert_allclose(
        attention.distance(known, tokens), [[0, 15 / 12, 1.5], [0, 3 / 6, 0.5]]
    )


def test_more_padding_changes_nothing():
    left, tokens = maps(3, tokens=[3, 5, 6])
    right, _ = maps(4, tokens=[3, 5, 6])
    wide = [np.pad(m, ((0, 0), (0, 0), (0, 7), (0, 7))) for m in (left, right)]
    before = attention.head_distances(left, right, tokens)
    np.testing.assert_allclose(attention.head_distances(*wide, tokens), before)
    for measure in (attention.entropy, attention.distance):
        np.testing.assert_allclose(measure(wide[0], tokens), measure(left, tokens))


@pytest.mark.parametrize(
    ("change", "tokens", "message"),
    [
        (lambda m: m[0], [6] * 3, r"shape \(4, 6, 6\) is not"),
        (lambda m: m[..., :5], [6] * 3, r"shape \(3, 4, 6, 5\) is not"),
        (lambda m: m * 0.9, [6] * 3, "row 0 of example 0, head 0 is no distribution.*0.9"),
        (lambda m: np.where(np.arange(6) == 2, np.nan, m), [6] * 3, "sums to nan"),
        (lambda m: m, [6, 5, 6], "row 0 of example 1, head 0 .* 5 tokens"),
        (lambda m: m - 2 * np.eye(6) + 2 * np.roll(np.eye(6), 1, 0), [6] * 3, "no distribution"),
        (lambda m: m, [6, 0, 6], "counts from 1 to 6"),
        (lambda m: m, [6, 6], "must be 3 counts"),
    ],
)
def test_faulty_maps_are_refused(change, tokens, message):
    good, _ = maps(5)
    for measure in (
        attention.entropy,
        attention.distance,
        lambda m, t: attention.head_distances(m, good, t),
        lambda m, t: attention.head_distances(good, m, t),
    ):
        with pytest.raises(ValueError, match=message):
            measure(change(good), tokens)


def test_maps_of_other_shapes_are_refused():
    with pytest.raises(ValueError, match="right"):
        attention.head_distances(maps(0)[0], maps(1, heads=3)[0], [6, 6, 6])
