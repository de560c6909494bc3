"""Singular values are those of networks whose spectrum is known, and of torch.func's Jacobians."""

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from seqtransfer.analyses import isometry
from seqtransfer.encoders import bert
from seqtransfer.tokens.vocabulary import CLS, SEP

WIDTH, LENGTH = 8, 5
IDS = torch.tensor([[CLS, 5, 6, 7, SEP]])
SIZES = {"vocab_size": 20, "hidden_size": WIDTH, "num_attention_heads": 2, "intermediate_size": 12}


class Maps(torch.nn.Module):
    """An encoder that multiplies all states of a sequence, as one vector, by a matrix a layer."""

    def __init__(self, *matrices: np.ndarray):
        super().__init__()
        self.table = torch.nn.Embedding(20, WIDTH)
        self.matrices = [torch.from_numpy(matrix).float() for matrix in matrices]

    def hidden_states(self, ids, mask, rows):
        states = [self.table(ids)]
        for matrix in self.matrices:
            states.append((states[-1].flatten(1) @ matrix.T).view_as(states[-1]))
        return [*states[:-1], states[-1].flatten(0, 1)[rows]]


def orthogonal(size: int, seed: int) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(size, size)))[0]


def found(encoder, position: int = 2) -> dict:
    values = isometry.measure(encoder, [(IDS, position), (IDS, position)])
    return {(value.layer, value.quantity): value for value in values}


def test_orthogonal_maps_are_isometries_through_all_layers():
    encoder = Maps(*(orthogonal(WIDTH * LENGTH, seed) for seed in range(3)))
    values = found(encoder)
    assert {layer for layer, _ in values} == {0, 1, 2}
    for value in values.values():
        assert value.value == pytest.approx(value.reference, abs=1e-5)


def test_a_known_spectrum_is_found_whatever_the_position_and_depth():
    """Both layers map each token by U diag(s) U', so that two of them have the squares of s."""
    spectrum = np.geomspace(0.01, 9, WIDTH)
    turn = orthogonal(WIDTH, 0)
    each = np.kron(np.eye(LENGTH), turn @ np.diag(spectrum) @ turn.T)
    for position in range(LENGTH):
        values = found(Maps(each, each), position)
        for layer, power in ((1, 1), (0, 2)):
            expected = np.log10(spectrum**power)
            # Two copies of each value: quantiles of both sequences together.
            for name, level in isometry.QUANTILES.items():
                kept = expected[expected - expected.max() > np.log10(isometry.NULL)]
                wanted = np.quantile(np.repeat(kept, 2), level)
                got = values[layer, f"log10_{name}"].value
                assert got == pytest.approx(wanted, abs=1e-3)
            square = np.mean(spectrum ** (2 * power))
            assert values[layer, "mean_square"].value == pytest.approx(square, rel=1e-4)
        assert values[1, "near_one"].value == pytest.approx(np.mean(spectrum >= 0.1))
        assert values[1, "null_directions"].value == 0
        assert values[0, "null_directions"].value == np.sum(
            spectrum**2 < 1e-4 * spectrum.max() ** 2
        )


def test_the_spread_does_not_depend_on_the_scale():
    matrix = np.random.default_rng(0).normal(size=(WIDTH * LENGTH,) * 2)
    once, tenfold = found(Maps(matrix)), found(Maps(10 * matrix))
    spread = once[0, "log10_spread"].value
    assert tenfold[0, "log10_spread"].value == pytest.approx(spread, rel=1e-4)
    median = once[0, "log10_median"].value
    assert tenfold[0, "log10_median"].value == pytest.approx(median + 1, rel=1e-4)


def test_jacobians_of_bert_are_those_of_torch_func_on_transformers_layers():
    torch.manual_seed(0)
    config = BertConfig(**SIZES, num_hidden_layers=3, initializer_range=0.3)
    config._attn_implementation = "eager"
    stock = BertModel(config).eval()
    ours = bert.Bert(bert.Config.of(config.to_dict()), pooler=True).eval()
    ours.load_state_dict(stock.state_dict())
    position = 3
    states = stock(IDS, output_hidden_states=True).hidden_states

    def upwards(layer):
        def of(state):
            for module in stock.encoder.layer[layer:]:
                state = module(state)
                state = state[0] if isinstance(state, tuple) else state
            return state[0, position]

        return of

    matrices = isometry.jacobians(ours, IDS, position)
    assert len(matrices) == 3
    for layer, matrix in enumerate(matrices):
        expected = torch.func.jacrev(upwards(layer))(states[layer].detach()).flatten(1)
        torch.testing.assert_close(matrix, expected, atol=1e-4, rtol=1e-4)


def test_the_last_layer_norm_takes_two_directions():
    torch.manual_seed(0)
    config = bert.Config(**SIZES, num_hidden_layers=2)
    encoder = bert.Bert(config, pooler=False).eval()
    values = found(encoder)
    assert values[1, "null_directions"].value == values[0, "null_directions"].value == 2


def test_singular_values_keep_the_digits_that_squaring_would_lose():
    rng = np.random.default_rng(0)
    left, right = orthogonal(6, 1), orthogonal(40, 2)[:6]
    spectrum = np.geomspace(1, 1e-10, 6)
    matrix = torch.from_numpy(left @ np.diag(spectrum) @ right)
    assert isometry.singular_values(matrix).numpy() == pytest.approx(spectrum, rel=1e-4)
    wide = torch.from_numpy(rng.normal(size=(6, 40)))
    expected = np.linalg.svd(wide.numpy(), compute_uv=False)
    assert isometry.singular_values(wide).numpy() == pytest.approx(expected)


def test_numbers_that_are_not_finite_stay_missing():
    matrix = np.eye(WIDTH * LENGTH)
    matrix[0, 0] = np.nan
    values = found(Maps(matrix), position=0)
    assert all(np.isnan(value.value) for value in values.values())
