"""Runs of machines: a cellular automaton row by row, and a random recurrent network.

A law is a pure function (generator, number of sequences, tokens of each, options) -> symbols, an
array (sequences, tokens) int64. One machine makes all sequences of a corpus.
"""

from dataclasses import dataclass

import numpy as np


def rows(rule: int, first: np.ndarray, count: int) -> np.ndarray:
    """The first `count` rows of an elementary cellular automaton on a ring, by Wolfram's rule.

    rule: 0 to 255, whose bit 4 l + 2 c + r is the next state of a cell in state c with neighbours
    l and r; first: (..., cells) of 0 and 1, the row to begin with.
    Returns (..., count, cells) int64.
    """
    after = rule >> np.arange(8) & 1
    found = [first.astype(np.int64)]
    for _ in range(1, count):
        row = found[-1]
        found.append(after[4 * np.roll(row, 1, axis=-1) + 2 * row + np.roll(row, -1, axis=-1)])
    return np.stack(found, axis=-2)


def automaton(
    generator: np.random.Generator,
    sequences: int,
    tokens: int,
    *,
    symbols: int,
    rule: int,
    width: int,
) -> np.ndarray:
    """`rows` from random ones on, end to end, the last one cut off where the sequence ends.

    A token is log2(`symbols`) neighbouring cells, read as a binary number, and `symbols` a power of
    2, at least 2; width: tokens of a row. Zhang et al. (2024, arXiv:2410.02536) find rules of
    complex behaviour, such as 110, best to pretrain on. DIFFERS: their networks read whole rows as
    vectors, of a window of a larger automaton; here cells are tokens, of a whole ring.
    """
    cells = symbols.bit_length() - 1
    first = generator.integers(2, size=(sequences, width * cells))
    states = rows(rule, first, -(-tokens // width))
    read = states.reshape(sequences, -1, cells) @ (1 << np.arange(cells)[::-1])
    return read[:, :tokens]


@dataclass(frozen=True)
class Lstm:
    """The weights of a network, float64. inputs: (symbols, 4 units), what a symbol adds to the
    gates input, forget, cell and output, in this order; recurrent: (units, 4 units), what the
    hidden state adds; readout: (units, symbols)."""

    inputs: np.ndarray
    recurrent: np.ndarray
    readout: np.ndarray

    @classmethod
    def draw(cls, generator: np.random.Generator, symbols: int, units: int) -> "Lstm":
        """Independent normal weights, the recurrent ones with variance 1 / `units`, others 1."""
        inputs = generator.standard_normal((symbols, 4 * units))
        recurrent = generator.standard_normal((units, 4 * units)) / np.sqrt(units)
        return cls(inputs, recurrent, generator.standard_normal((units, symbols)))

    def step(
        self, symbol: np.ndarray, hidden: np.ndarray, cell: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Hidden and cell state after reading a symbol of each sequence; states: (n, units)."""
        gates = self.inputs[symbol] + hidden @ self.recurrent
        enter, forget, new, leave = np.split(gates, 4, axis=1)
        cell = _sigmoid(forget) * cell + _sigmoid(enter) * np.tanh(new)
        return _sigmoid(leave) * np.tanh(cell), cell


def lstm(
    generator: np.random.Generator,
    sequences: int,
    tokens: int,
    *,
    symbols: int,
    units: int,
    temperature: float,
) -> np.ndarray:
    """Draws of a random LSTM that reads what it has drawn; the first symbol is uniform.

    units: hidden neurons; temperature: that logits are divided by before the softmax; low ones
    make the next symbol nearly certain. After Bloem (2025, arXiv:2506.20057). DIFFERS: there random
    symbols pass through several random networks; here one network reads what it has drawn.
    """
    network = Lstm.draw(generator, symbols, units)
    hidden = cell = np.zeros((sequences, units))
    drawn = np.empty((sequences, tokens), dtype=np.int64)
    for place in range(tokens):
        logits = hidden @ network.readout / temperature
        weights = np.exp(logits - logits.max(axis=1, keepdims=True)).cumsum(axis=1)
        level = generator.random((sequences, 1)) * weights[:, -1:]
        drawn[:, place] = (weights[:, :-1] <= level).sum(axis=1)
        hidden, cell = network.step(drawn[:, place], hidden, cell)
    return drawn


def _sigmoid(values: np.ndarray) -> np.ndarray:
    return (1 + np.tanh(values / 2)) / 2
