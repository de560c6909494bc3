"""Batches: the right number, each epoch a permutation, little padding, and masks that mean it."""

from itertools import islice

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import id_sequences
from seqtransfer.training import batches

lengths = st.lists(st.integers(2, 30), min_size=1, max_size=70).map(np.array)


@given(lengths, st.integers(1, 12), st.integers(0, 40), st.integers(0, 2**32))
def test_there_are_exactly_so_many_batches_and_no_repeats_inside_an_epoch(
    lengths, batch_size, steps, seed
):
    drawn = list(batches.order(lengths, batch_size, steps, np.random.default_rng(seed)))
    size = min(batch_size, len(lengths))
    assert len(drawn) == steps
    assert all(batch.shape == (size,) for batch in drawn)
    per_epoch = len(lengths) // size
    for start in range(0, steps, per_epoch):
        epoch = np.concatenate(drawn[start : start + per_epoch])
        assert len(set(epoch.tolist())) == len(epoch)
        assert set(epoch.tolist()) <= set(range(len(lengths)))


def test_an_epoch_of_whole_batches_is_a_permutation_and_the_next_one_is_another():
    lengths = np.random.default_rng(0).integers(3, 40, 60)
    drawn = list(batches.order(lengths, 4, 45, np.random.default_rng(1)))
    epochs = [np.concatenate(drawn[start : start + 15]) for start in (0, 15, 30)]
    for epoch in epochs:
        assert sorted(epoch.tolist()) == list(range(60))
    assert not np.array_equal(epochs[0], epochs[1])


def test_what_is_skipped_in_one_epoch_is_seen_in_others():
    drawn = batches.order(np.full(10, 5), 4, 2 * 30, np.random.default_rng(0))
    assert set(np.concatenate(list(drawn)).tolist()) == set(range(10))


def test_batches_are_padded_far_less_than_in_random_order():
    lengths = np.random.default_rng(0).integers(3, 64, 1024)
    drawn = list(batches.order(lengths, 16, 64, np.random.default_rng(1)))
    shuffled = np.random.default_rng(2).permutation(1024).reshape(64, 16)

    def padding(batches_of_indices) -> int:
        return sum(16 * lengths[b].max() - lengths[b].sum() for b in batches_of_indices)

    assert padding(drawn) < padding(shuffled) / 3


def test_long_batches_come_anywhere_in_an_epoch():
    lengths = np.random.default_rng(0).integers(3, 64, 128)
    first = [
        lengths[next(batches.order(lengths, 16, 1, np.random.default_rng(seed)))].mean()
        for seed in range(40)
    ]
    assert min(first) < 20 and max(first) > 45


def test_the_order_is_the_seeds_alone_and_more_steps_only_go_on():
    lengths = np.random.default_rng(0).integers(3, 64, 50)

    def drawn(steps, seed):
        return list(batches.order(lengths, 8, steps, np.random.default_rng(seed)))

    assert np.array_equal(drawn(20, 1), drawn(20, 1))
    assert not np.array_equal(drawn(20, 1), drawn(20, 2))
    assert np.array_equal(drawn(20, 1)[:13], drawn(13, 1))


@given(lengths, st.integers(1, 12))
def test_evaluation_sees_every_index_once_in_order_of_length(lengths, batch_size):
    drawn = list(batches.in_length_order(lengths, batch_size))
    everything = np.concatenate(drawn)
    assert sorted(everything.tolist()) == list(range(len(lengths)))
    assert (np.diff(lengths[everything]) >= 0).all()
    assert all(len(batch) == batch_size for batch in islice(drawn, len(drawn) - 1))


@given(
    st.lists(st.lists(st.integers(1, 99), min_size=1, max_size=6), min_size=1, max_size=8),
    st.data(),
)
def test_a_batch_is_each_sequence_and_then_padding_with_a_mask_only_where_needed(sequences, data):
    ragged = id_sequences.joined(sequences, [0] * len(sequences), ["x"] * len(sequences))
    positions = st.integers(0, len(sequences) - 1)
    indices = data.draw(st.lists(positions, min_size=1, max_size=8))
    ids, mask = batches.collate(ragged, np.array(indices))
    chosen = [sequences[i] for i in indices]
    longest = max(map(len, chosen))
    assert ids.tolist() == [s + [0] * (longest - len(s)) for s in chosen]
    assert ids.dtype == np.int64
    if len(set(map(len, chosen))) == 1:
        assert mask is None
    else:
        assert mask.tolist() == [[1] * len(s) + [0] * (longest - len(s)) for s in chosen]
        assert mask.dtype == np.int64
