"""The probe is one for all encoders, and its hidden states are those of each sequence alone."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import BertConfig, BertModel

import id_sequences
from seqtransfer.files.arrow import Ragged
from seqtransfer.similarity import representation_files, representations
from seqtransfer.similarity.measures import permutation_null
from seqtransfer.tokens.vocabulary import CLS, SEP
from seqtransfer.training import classifier
from seqtransfer.training.microbatches import MicroBatch


def test_part(seed: int, n: int = 90) -> Ragged:
    """n sequences of 3 to 20 ids."""
    rng = np.random.default_rng(seed)
    sequences = [[CLS, *rng.integers(5, 11, rng.integers(1, 19)), SEP] for _ in range(n)]
    return id_sequences.joined(sequences, rng.integers(0, 2, n), [f"e{i}" for i in range(n)])


test_part.__test__ = False


@settings(max_examples=50)
@given(st.integers(0, 2**32), st.integers(2, 40), st.integers(1, 8))
def test_the_probe_is_sorted_distinct_and_never_the_first_or_last_position(seed, sequences, tokens):
    part = test_part(seed)
    rows, positions = representations.probe(part, "toy", sequences=sequences, tokens=tokens)
    eligible = int((part.lengths - 2 >= tokens).sum())
    assert rows.shape == (min(sequences, eligible),)
    positions = np.stack(positions)
    assert positions.shape == (len(rows), tokens)
    assert (np.diff(rows) > 0).all() and (np.diff(positions, axis=1) > 0).all()
    assert (positions >= 1).all()
    # A block of 20 units or more shares its positions.
    blocks, sizes = np.unique(positions, axis=0, return_counts=True)
    assert len(blocks) <= max(1, len(rows) // 20) and sizes.min() >= min(20, len(rows))
    assert (positions <= part.lengths[rows, None] - 2).all()


def test_the_probe_depends_on_the_task_alone():
    part = test_part(0)

    def probe(task):
        return representations.probe(part, task, sequences=20, tokens=4)

    for first, second in zip(probe("splice"), probe("splice"), strict=True):
        assert np.array_equal(np.stack(first), np.stack(second))
    assert not np.array_equal(probe("splice")[0], probe("composer")[0])


def test_every_position_but_the_ends_is_probed_equally_often():
    part = id_sequences.joined(
        [[CLS, 5, 6, 7, 8, SEP]] * 200, [0] * 200, np.arange(200).astype(str)
    )
    _, positions = representations.probe(part, "toy", sequences=200, tokens=1)
    values, counts = np.unique(np.stack(positions), return_counts=True)
    # Of 10 blocks of 20 sequences.
    assert values.tolist() == [1, 2, 3, 4] and np.ptp(counts) <= 20


def test_units_of_several_sequences_are_probed_at_one_set_of_positions():
    """Sequences of a unit stand beside those of another, which have its positions, too."""
    rng = np.random.default_rng(0)
    lists = [[CLS, *[5] * rng.integers(4, 30), SEP] for _ in range(300)]
    units = np.repeat(np.arange(60), 5).astype(str)
    ids, offsets = np.concatenate(lists), np.cumsum([0, *map(len, lists)])
    part = Ragged(ids, offsets, np.zeros(300, int), np.arange(300).astype(str), units)
    rows, positions = representations.probe(part, "toy", sequences=300, tokens=4)
    found = np.stack(positions)
    for unit in np.unique(units[rows]):
        assert len(np.unique(found[units[rows] == unit], axis=0)) == 1
    assert 2 <= len(np.unique(found, axis=0)) <= 3


def test_pairs_of_a_block_are_probed_at_the_same_of_their_tokens_wherever_their_break_is(
    tmp_path, sources_for
):
    """The null re-pairs them: a block is known by the ids, in which a break does not count."""
    rng = np.random.default_rng(0)
    pairs = [[CLS, *[5] * k, SEP, *[6] * (9 - k), SEP] for k in rng.integers(1, 8, 60)]
    part = id_sequences.joined(pairs, [0] * 60, [f"e{i}" for i in range(60)])
    probed = representations.probe(part, "toy", sequences=60, tokens=5)
    model = classifier.build("text", sources_for(), "mean", 2)
    representations.write(tmp_path / "x.arrow", model, part, probed, "cpu", MicroBatch(64))
    columns = representation_files.RepresentationFile(tmp_path / "x.arrow")
    positions = representation_files.positions(columns["ids"])
    blocks = permutation_null.blocks(columns["units"], positions)
    assert np.unique(blocks, return_counts=True)[1].tolist() == [100] * 3


def test_sequences_that_are_too_short_are_refused_with_the_number_and_the_remedy():
    part = id_sequences.joined([[CLS, *[5] * n, SEP] for n in (2, 3, 6)], [0] * 3, list("xyz"))
    message = r"represent\.tokens is 4, but only 1 test sequences of splice .*lower it"
    with pytest.raises(ValueError, match=message):
        representations.probe(part, "splice", sequences=3, tokens=4)
    rows, _ = representations.probe(part, "splice", sequences=3, tokens=3)
    assert rows.tolist() == [1, 2]


@pytest.mark.parametrize("pooling", classifier.POOLINGS)
def test_hidden_states_are_those_of_each_sequence_alone_layer_by_layer(pooling, sources_for):
    part = test_part(1, n=150)
    rows, positions = representations.probe(part, "toy", sequences=100, tokens=3)
    model = classifier.build(
        "text", sources_for(), pooling, 2
    ).train()  # dropout must be off all the same
    layers = representations.hidden_states(model, part, rows, positions, "cpu", MicroBatch(64))
    assert list(layers) == ["layer_0", "layer_1", "layer_2"]
    assert {layer.shape for layer in layers.values()} == {(300, 32)}
    assert {layer.dtype for layer in layers.values()} == {np.dtype(np.float32)}
    stock = BertModel(
        BertConfig.from_dict(sources_for().record()), add_pooling_layer=pooling == "first"
    ).eval()
    stock.load_state_dict(model.encoder.state_dict())
    with torch.inference_mode():
        for k, row in enumerate(rows):
            ids = torch.from_numpy(part[row].astype(np.int64)).unsqueeze(0)
            states = stock(ids, output_hidden_states=True).hidden_states
            wanted = slice(3 * k, 3 * k + 3)
            for i in range(3):
                expected = states[i][0, positions[k]].numpy()
                np.testing.assert_allclose(layers[f"layer_{i}"][wanted], expected, atol=1e-5)


def test_hidden_states_are_the_same_at_every_call(sources_for):
    part = test_part(1)
    rows, positions = representations.probe(part, "toy", sequences=30, tokens=2)
    model = classifier.build("random", sources_for(), "mean", 2).train()
    first, second = (
        representations.hidden_states(model, part, rows, positions, "cpu", MicroBatch(64))
        for _ in range(2)
    )
    assert all(np.array_equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("pooled", [False, True])
def test_hidden_states_are_the_same_where_memory_holds_fewer_sequences(
    pooled, sources_for, monkeypatch
):
    part = test_part(1, n=150)
    rows, positions = representations.probe(part, "toy", sequences=100, tokens=3, pooled=pooled)
    model = classifier.build("text", sources_for(), "mean", 2)
    whole = representations.hidden_states(
        model, part, rows, positions, "cpu", MicroBatch(64), pooled=pooled
    )
    hidden_states, sizes, tried = type(model.encoder).hidden_states, [], []

    def greedy(self, ids, mask, wanted):
        tried.append(len(ids))
        if len(ids) > 8:
            torch.empty(2**60, dtype=torch.uint8)  # no machine has them
        sizes.append(len(ids))
        return hidden_states(self, ids, mask, wanted)

    monkeypatch.setattr(type(model.encoder), "hidden_states", greedy)
    at_a_time = MicroBatch(64)
    for _ in range(2):  # as before and after fine-tuning
        found = representations.hidden_states(
            model, part, rows, positions, "cpu", at_a_time, pooled=pooled
        )
    assert set(sizes) == {8, 4} and sum(sizes) == 200  # 64 and 36 sequences, eight at a time
    assert tried.count(64) == 1
    for name, layer in whole.items():
        np.testing.assert_allclose(found[name], layer, rtol=0, atol=1e-5)


@pytest.mark.parametrize("pooled", [False, True])
def test_a_file_names_the_example_and_position_of_every_row(
    pooled, sources_for, tmp_path, monkeypatch
):
    part = test_part(1, n=40)
    probed = representations.probe(part, "toy", sequences=10, tokens=3, pooled=pooled)
    model = classifier.build("random", sources_for(), "mean", 2)
    monkeypatch.setattr(representations, "CHUNK", 4)  # three chunks
    representations.write(
        tmp_path / "x.arrow", model, part, probed, "cpu", MicroBatch(64), pooled=pooled
    )
    found = representation_files.RepresentationFile(tmp_path / "x.arrow")
    rows, positions = probed
    if pooled:
        assert found["ids"].tolist() == [f"{part.names[row]}:mean" for row in rows]
        assert found["sequences"].tolist() == list(range(10))
    else:
        named = zip(rows, positions, strict=True)
        assert found["ids"].tolist() == [f"{part.names[row]}:{p}" for row, ps in named for p in ps]
        assert found["sequences"].tolist() == np.repeat(np.arange(10), 3).tolist()
    layers = representations.hidden_states(
        model, part, rows, positions, "cpu", MicroBatch(64), pooled=pooled
    )
    for name, layer in layers.items():
        np.testing.assert_allclose(found[name], layer, atol=1e-6)


def states_in_file(path, model, part, probed, dropout):
    representations.write(path, model, part, probed, "cpu", MicroBatch(64), dropout=dropout)
    found = representation_files.RepresentationFile(path)
    return np.stack([found[f"layer_{number}"] for number in range(3)])


@pytest.mark.parametrize("arm", ["text", "random"])
def test_dropout_that_stays_on_is_noise_of_its_seed_around_the_states_without(
    arm, sources_for, tmp_path
):
    part = test_part(1, n=40)
    probed = representations.probe(part, "toy", sequences=20, tokens=3)
    model = classifier.build(arm, sources_for(), "mean", 2)
    path = tmp_path / "x.arrow"
    quiet = states_in_file(path, model, part, probed, None)
    first, again, other = (states_in_file(path, model, part, probed, seed) for seed in (7, 7, 8))
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert np.array_equal(quiet, states_in_file(path, model, part, probed, None))
    # A tenth of the normed embeddings is 0, the rest is larger by 10 / 9; 2^-15 is the rounding.
    assert (first[0] == 0).mean() == pytest.approx(0.1, abs=0.03)
    kept = first[0] != 0
    np.testing.assert_allclose(first[0][kept], quiet[0][kept] / 0.9, rtol=1e-3)


def test_a_pooled_row_is_the_mean_over_all_tokens_of_its_sequence(sources_for):
    part = test_part(1, n=30)
    rows, positions = representations.probe(part, "toy", sequences=5, tokens=2, pooled=True)
    model = classifier.build("random", sources_for(), "mean", 2)
    pooled = representations.hidden_states(
        model, part, rows, positions, "cpu", MicroBatch(64), pooled=True
    )
    for k, row in enumerate(rows):
        inner = np.arange(1, part.lengths[row] - 1)
        assert positions[k].tolist() == inner.tolist()
        each = representations.hidden_states(
            model, part, rows[k : k + 1], [inner], "cpu", MicroBatch(64)
        )
        for name, layer in each.items():
            np.testing.assert_allclose(pooled[name][k], layer.mean(axis=0), atol=1e-5)


def test_no_separator_of_a_pair_is_among_the_probe_tokens():
    pairs = [[CLS, 7, 8, SEP, 9, SEP]] * 50
    part = id_sequences.joined(pairs, [0] * 50, [f"e{i}" for i in range(50)])
    _, positions = representations.probe(part, "toy", sequences=50, tokens=3)
    assert np.stack(positions).tolist() == [[1, 2, 4]] * 50
