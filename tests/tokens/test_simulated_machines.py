"""Machines run as an independent reading of their rule, or PyTorch's network, says."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from seqtransfer.tokens import simulated_machines
from seqtransfer.tokens.simulated_machines import Lstm


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def alone(cells: int) -> np.ndarray:
    """A row with one cell on, in the middle."""
    row = np.zeros(cells, dtype=int)
    row[cells // 2] = 1
    return row


def test_rule_30_from_one_cell_has_the_middle_column_of_the_literature():
    column = simulated_machines.rows(30, alone(61), 20)[:, 30]
    # OEIS A051023
    assert column.tolist() == [1, 1, 0, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 1, 0, 1, 1, 0, 0, 1]


def test_rule_110_from_one_cell_grows_to_the_left_as_in_the_literature():
    found = simulated_machines.rows(110, alone(41), 6)
    read = ["".join(map(str, row)).strip("0") for row in found]
    assert read == ["1", "11", "111", "1101", "11111", "110001"]  # OEIS A006978
    assert not found[:, 21:].any()


def test_rule_90_from_one_cell_is_pascal_s_triangle_modulo_2():
    found = simulated_machines.rows(90, alone(65), 30)
    row = np.array([1], dtype=object)
    for steps in range(30):
        places = 32 - steps + 2 * np.arange(steps + 1)
        assert found[steps][places].tolist() == [c % 2 for c in row]
        assert found[steps].sum() == sum(c % 2 for c in row)
        row = np.convolve(row, [1, 1])


@given(st.integers(0, 2**32), st.integers(3, 30))
def test_rule_184_keeps_the_number_of_cars_and_turning_the_ring_turns_its_rows(seed, cells):
    first = rng(seed).integers(2, size=cells)
    found = simulated_machines.rows(184, first, 8)
    assert set(found.sum(axis=1)) == {first.sum()}
    turned = simulated_machines.rows(110, np.roll(first, 2), 8)
    assert np.array_equal(turned, np.roll(simulated_machines.rows(110, first, 8), 2, axis=1))


@given(
    st.integers(0, 2**32), st.integers(0, 255), st.integers(1, 5), st.integers(1, 9),
    st.integers(2, 40),
)  # fmt: skip
def test_tokens_are_blocks_of_cells_of_rows_that_follow_the_rule(seed, rule, cells, width, tokens):
    drawn = simulated_machines.automaton(
        rng(seed), 3, tokens, symbols=2**cells, rule=rule, width=width
    )
    assert drawn.shape == (3, tokens)
    digits = f"{rule:08b}"[::-1]  # Wolfram's table from 000 to 111
    for sequence in drawn:
        states = "".join(f"{token:0{cells}b}" for token in sequence)
        ring = width * cells
        for place in range(ring, len(states)):
            above = states[(place // ring - 1) * ring : place // ring * ring]
            column = place % ring
            around = above[column - 1] + above[column] + above[(column + 1) % ring]
            assert states[place] == digits[int(around, 2)]


def test_the_first_row_is_uniform():
    drawn = simulated_machines.automaton(rng(), 4000, 8, symbols=16, rule=110, width=4)
    assert stats.chisquare(np.bincount(drawn[:, :4].ravel(), minlength=16)).pvalue > 1e-3


def torch_states(network: Lstm, sequences: np.ndarray) -> np.ndarray:
    """Hidden states of PyTorch's LSTM of the same weights after each symbol of each sequence."""
    symbols, units = network.inputs.shape[0], network.recurrent.shape[0]
    theirs = torch.nn.LSTM(symbols, units, batch_first=True, bias=False, dtype=torch.float64)
    with torch.no_grad():
        theirs.weight_ih_l0.copy_(torch.from_numpy(network.inputs.T))
        theirs.weight_hh_l0.copy_(torch.from_numpy(network.recurrent.T))
        one_hot = torch.nn.functional.one_hot(torch.from_numpy(sequences), symbols).double()
        return theirs(one_hot)[0].numpy()


def test_a_step_is_that_of_pytorch_s_lstm():
    network = Lstm.draw(rng(1), 9, 6)
    sequences = rng(2).integers(9, size=(4, 12))
    expected = torch_states(network, sequences)
    hidden = cell = np.zeros((4, 6))
    for place in range(12):
        hidden, cell = network.step(sequences[:, place], hidden, cell)
        assert hidden == pytest.approx(expected[:, place], abs=1e-12)


def test_symbols_come_as_often_as_pytorch_s_network_expects_after_what_stands_before():
    options = {"symbols": 20, "units": 8, "temperature": 0.4}
    drawn = simulated_machines.lstm(rng(3), 4000, 15, **options)
    network = Lstm.draw(rng(3), 20, 8)  # the network is the first thing drawn
    assert stats.chisquare(np.bincount(drawn[:, 0], minlength=20)).pvalue > 1e-3
    logits = torch_states(network, drawn)[:, :-1] @ network.readout / 0.4
    log = torch.log_softmax(torch.from_numpy(logits), dim=-1).numpy()
    for place in range(14):
        chances = np.exp(log[:, place])
        seen = np.bincount(drawn[:, place + 1], minlength=20)
        spread = np.sqrt((chances * (1 - chances)).sum(axis=0))
        assert (np.abs(seen - chances.sum(axis=0)) < 4.5 * spread).all()
    # What a symbol's chance was, by its logarithm: on average the entropy.
    said = -np.take_along_axis(log, drawn[:, 1:, None], axis=2)[..., 0]
    surplus = said + (np.exp(log) * log).sum(axis=2)
    assert abs(surplus.mean()) < 4 * surplus.std() / np.sqrt(surplus.size)
    assert said.mean() < 0.8 * np.log(20)
