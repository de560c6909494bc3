"""Procedural tasks: a random input, a separator, and what an algorithm makes of the input.

A law is a pure function (generator, number of sequences, tokens of each, options) -> symbols, an
array (sequences, at most tokens) int64; NOTHING stands where a shorter sequence has ended. Input,
separator and output are one sequence, so that masked-language modelling can fill in either side
from the other. The input has (tokens - 1) // 2 symbols, independent and of Zipf's frequencies; the
separator is the last symbol, `symbols` - 1.
  reverse   the input backwards: A B A C | C A B A
  sort      the input in the order of the symbols' numbers: C A B A | A A B C
  distinct  its symbols in the order in which they first appear: B A B C | B A C
  stack     a stack after pushes and pops, from bottom to top: A B pop C | A C

Wu, Li & Liang (2022, arXiv:2206.10139) found the set of distinct symbols to do most of what richer
synthetic tasks do. Shinnick et al. (2025, arXiv:2505.22308) and Jiang et al. (2026,
arXiv:2601.21725) pretrain on such tasks, and transfer attention or feed-forward blocks alone.
DIFFERS: they predict the output from left to right; here any token may be masked.
"""

from collections.abc import Callable

import numpy as np

from seqtransfer.tokens.artificial_laws import zipf

NOTHING = -1  # no symbol: the sequence has ended


def _of_input(make: Callable[[np.ndarray], np.ndarray]) -> Callable[..., np.ndarray]:
    """The law whose output `make` makes of the inputs, drawn by `zipf`: (sequences, n) int64 both,
    n = (tokens - 1) // 2. The law gives (sequences, 2 n + 1) int64."""

    def law(
        generator: np.random.Generator,
        sequences: int,
        tokens: int,
        *,
        symbols: int,
        exponent: float,
    ) -> np.ndarray:
        given = _inputs(generator, sequences, tokens, symbols, exponent)
        return _joined(given, make(given), symbols - 1)

    law.__name__ = law.__qualname__ = make.__name__
    law.__doc__ = make.__doc__
    return law


@_of_input
def reverse(given: np.ndarray) -> np.ndarray:
    """The input from the last symbol to the first: (sequences, 2 n + 1) int64 with input and
    separator before it, n = (tokens - 1) // 2."""
    return given[:, ::-1]


@_of_input
def sort(given: np.ndarray) -> np.ndarray:
    """The input with the least number first; equal symbols all stay: (sequences, 2 n + 1) int64
    with input and separator before it, n = (tokens - 1) // 2."""
    return np.sort(given, axis=1)


@_of_input
def distinct(given: np.ndarray) -> np.ndarray:
    """Each symbol of the input once, in the order of first appearance, then NOTHING: (sequences,
    2 n + 1) int64 with input and separator before it, n = (tokens - 1) // 2."""
    earlier = (given[:, :, None] == given[:, None, :]).argmax(axis=2)  # place of the first equal
    first = earlier == np.arange(given.shape[1])
    order = np.argsort(~first, axis=1, kind="stable")
    return np.take_along_axis(np.where(first, given, NOTHING), order, axis=1)


def stack(
    generator: np.random.Generator,
    sequences: int,
    tokens: int,
    *,
    symbols: int,
    exponent: float,
    pushing: float,
) -> np.ndarray:
    """Operations on an empty stack, and the stack after them, from bottom to top.

    A symbol of `zipf` pushes itself; symbol `symbols` - 2 pops. pushing: how often an operation
    pushes, where it may also pop: on an empty stack it always pushes.
    """
    wanted = generator.random((sequences, (tokens - 1) // 2)) < pushing
    operations = _inputs(generator, sequences, tokens, symbols - 1, exponent)
    held = np.full(operations.shape, NOTHING)
    depth = np.zeros(sequences, dtype=np.int64)
    for place in range(operations.shape[1]):
        pushes = (depth == 0) | wanted[:, place]
        rows = np.flatnonzero(pushes)
        held[rows, depth[rows]] = operations[rows, place]
        rows = np.flatnonzero(~pushes)
        held[rows, depth[rows] - 1] = NOTHING
        operations[rows, place] = symbols - 2
        depth += np.where(pushes, 1, -1)
    return _joined(operations, held, symbols - 1)


def _inputs(
    generator: np.random.Generator, sequences: int, tokens: int, symbols: int, exponent: float
) -> np.ndarray:
    """Draws of all symbols but the last."""
    return zipf(generator, sequences, (tokens - 1) // 2, symbols=symbols - 1, exponent=exponent)


def _joined(given: np.ndarray, made: np.ndarray, separator: int) -> np.ndarray:
    return np.hstack([given, np.full((len(given), 1), separator), made])
