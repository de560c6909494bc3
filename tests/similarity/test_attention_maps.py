"""Attention maps are those of transformers, and two encoders' heads are compared at equal depth."""

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

import id_sequences
import tiny_encoders
from seqtransfer.encoders import bert, encoder_folders, loading
from seqtransfer.encoders.transformers_encoder import TransformersEncoder
from seqtransfer.similarity import attention_maps
from seqtransfer.tokens.vocabulary import CLS, PAD, SEP
from seqtransfer.training import batches

SIZES = {"vocab_size": 20, "hidden_size": 32, "num_attention_heads": 4, "intermediate_size": 24}


def part(n=11):
    rng = np.random.default_rng(0)
    sequences = [[CLS, *rng.integers(5, 20, rng.integers(1, 9)), SEP] for _ in range(n)]
    sequences[0][1] = SEP  # a pair
    return id_sequences.joined(sequences, np.zeros(n, dtype=int), [f"e{i}" for i in range(n)])


def own(seed, layers=3):
    """Our BERT and transformers' with the same weights."""
    torch.manual_seed(seed)
    config = BertConfig(**SIZES, num_hidden_layers=layers, initializer_range=0.3)
    config._attn_implementation = "eager"
    stock = BertModel(config).eval()
    ours = bert.Bert(bert.Config.of(config.to_dict()), pooler=True).eval()
    ours.load_state_dict(stock.state_dict())
    return ours, stock


def compare(left, right, sequences=None):
    encoders = {"left": left, "right": right, "again": left}
    pairs = [("again", "right"), ("left", "right")]
    rows = list(attention_maps.compare(encoders, pairs, sequences or part(), "cpu"))
    again, found = ([row for row in rows if row["left"] == name] for name in ("again", "left"))
    assert [row | {"left": "left"} for row in again] == found and len(rows) == 2 * len(found)
    return [{key: value for key, value in row.items() if key not in encoders} for row in found]


def padded(ids, mask):
    """The same sequences with three places more."""
    wide = torch.nn.functional.pad(ids, (0, 3), value=PAD)
    mask = torch.ones_like(ids) if mask is None else mask
    return wide, torch.nn.functional.pad(mask, (0, 3))


@pytest.mark.parametrize("pad", [False, True])
def test_our_maps_are_those_that_transformers_returns(pad):
    ours, stock = own(0)
    ids = torch.from_numpy(batches.collate(part(), np.array([0]))[0])
    ids, mask = padded(ids, None) if pad else (ids, None)
    with torch.inference_mode():
        found = list(attention_maps.maps(ours, ids, mask))
        expected = stock(
            ids, mask, token_type_ids=bert.token_types(ids), output_attentions=True
        ).attentions
    real = slice(None, -3 if pad else None)
    assert len(found) == len(expected) == 3
    for mine, theirs in zip(found, expected, strict=True):
        assert mine.dtype == np.float32
        np.testing.assert_allclose(mine[:, :, real], theirs[:, :, real], atol=1e-6)
        if pad:
            assert not mine[:, :, -3:].any() and not mine[..., -3:].any()


@pytest.mark.parametrize("family", tiny_encoders.CONFIGS)
def test_every_familys_maps_are_distributions_over_real_tokens(family, tokenizer_folder, tmp_path):
    tiny_encoders.encoder(family).save_pretrained(tmp_path / "stock")
    house, rows = tmp_path / "house", np.arange(tiny_encoders.ROWS)
    encoder_folders.write(
        house, "x", encoder_folders.read(tmp_path / "stock"), {}, None, tokenizer_folder
    )
    facts = loading.Facts.of(house)
    encoder = TransformersEncoder(loading.configuration(house, 3, rows), facts, pooler=False).eval()
    ids, mask = map(torch.from_numpy, batches.collate(part(), np.arange(11)))
    with torch.inference_mode():
        found = list(attention_maps.maps(encoder, ids, mask))
        alone = list(attention_maps.maps(encoder, ids[3:4, : int(mask[3].sum())], None))
    assert len(found) == (6 if family == "albert" else 3)  # this ALBERT's layers are two each
    for whole, single in zip(found, alone, strict=True):
        assert whole.shape == (11, 2, ids.shape[1], ids.shape[1])
        length = single.shape[-1]
        np.testing.assert_allclose(whole.sum(axis=3), mask[:, None].expand(-1, 2, -1), atol=1e-5)
        np.testing.assert_allclose(whole[3, :, :length, :length], single[0], atol=1e-5)


def test_an_encoder_has_no_distance_from_itself_and_permuted_heads_are_found():
    left, _ = own(0)
    right, _ = own(0)
    order = [2, 0, 3, 1]
    for layer in right.encoder["layer"]:
        for name in ("query", "key", "value"):
            for tensor in layer["attention"]["self"][name].parameters():
                tensor.data = tensor.data.unflatten(0, (4, -1))[order].flatten(0, 1)
        dense = layer["attention"]["output"]["dense"].weight
        dense.data = dense.data.unflatten(1, (4, -1))[:, order].flatten(1, 2)
    rows = compare(left, right)
    assert [(row["layer"], row["right_layer"], row["head"]) for row in rows] == [
        (layer, layer, head) for layer in (1, 2, 3) for head in range(4)
    ]
    for row in rows:
        assert row["partner"] == order.index(row["head"]) and row["examples"] == 11
        assert row["matched"] < 1e-5 and row["unmatched"] > 0.1
        for name in ("entropy", "distance"):
            assert row[f"left_{name}"] == pytest.approx(row[f"right_{name}"], abs=1e-4)


def test_batches_do_not_matter_and_depths_are_relative(monkeypatch):
    left, right = own(0)[0], own(1, layers=2)[0]
    rows = compare(left, right)
    assert [row["right_layer"] for row in rows[::4]] == [1, 1, 2]
    assert all(0 < row["by_example"] <= 2 and 0 < row["matched"] <= 2 for row in rows)
    mean = np.mean([(row["by_example"], row["matched"], row["unmatched"]) for row in rows], axis=0)
    assert mean[0] < mean[1] < mean[2]
    monkeypatch.setattr(attention_maps, "BATCH", 2)
    for row, other in zip(compare(left, right), rows, strict=True):
        # But for which of them meet when they are paired anew.
        assert row == pytest.approx(other | {"repaired": row["repaired"]}, abs=1e-6, nan_ok=True)


def test_sequences_are_paired_anew_with_those_of_other_units():
    tokens = np.array([7, 9, 7, 9, 7, 8])
    units = np.array(["a", "b", "a", "c", "d", "e"])
    some, others = attention_maps._of_other_units(tokens, units)
    assert (units[some] != units[others]).all() and (tokens[some] == tokens[others]).all()
    assert {1, 3, 4} <= set(some.tolist()) and 5 not in some
    alone, _ = attention_maps._of_other_units(np.full(4, 7), np.array(["a"] * 4))
    assert len(alone) == 0


def test_heads_that_attend_by_position_alone_are_as_near_when_sequences_are_paired_anew():
    encoder, _ = own(0)
    symbols = np.random.default_rng(0).integers(5, 20, (8, 6))
    alike = id_sequences.joined([[CLS, *row, SEP] for row in symbols], [0] * 8, list("abcdefgh"))
    plain = compare(encoder, encoder, alike)
    mean = {key: np.mean([row[key] for row in plain]) for key in ("repaired", "unmatched")}
    assert min(mean.values()) > 0.1
    assert all(row["matched"] < 1e-6 for row in plain)
    with torch.no_grad():
        for layer in encoder.encoder["layer"]:  # every token attends to all tokens alike
            for name in ("query", "key"):
                layer["attention"]["self"][name].weight.zero_()
                layer["attention"]["self"][name].bias.zero_()
    assert all(row["repaired"] < 1e-5 for row in compare(encoder, encoder, alike))
