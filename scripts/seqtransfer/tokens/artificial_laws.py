"""Laws of symbols: frequencies, transitions, and pairs that nest or cross.

A law is a pure function (generator, number of sequences, tokens of each, options) -> symbols, an
array (sequences, tokens) int64 in which symbol 0 is the most frequent by law:
  zipf          symbols without any dependency, of the frequencies that words have
  markov        each symbol depends on the one before it, and on nothing else
  nested        every symbol has a partner further on; pairs nest as brackets do: A B C C B A D D
  flat          the same pairs, but closed in any order, so that they cross: A B C B A C D D
  shuffle_dyck  as flat, but brackets that close are symbols of their own: A B C b a c D d

Pairs follow Papadimitriou & Jurafsky (2020, section 3.3): both partners are the same symbol, which
opens or closes the pair by where it stands. Chiang & Lee (2022) found such dependencies, not
frequencies, to be what makes artificial pretraining useful for GLUE.
"""

from collections.abc import Callable

import numpy as np


def shares(symbols: int, exponent: float) -> np.ndarray:
    """Zipf's law: (symbols,) float64, in proportion to rank^-exponent; they add up to 1."""
    weights = np.arange(1, symbols + 1, dtype=np.float64) ** -exponent
    return weights / weights.sum()


def zipf(
    generator: np.random.Generator,
    sequences: int,
    tokens: int,
    *,
    symbols: int,
    exponent: float,
) -> np.ndarray:
    """Independent draws from `shares`: (sequences, tokens) int64."""
    return generator.choice(symbols, (sequences, tokens), p=shares(symbols, exponent))


def transitions(
    generator: np.random.Generator, *, symbols: int, exponent: float, successors: int
) -> np.ndarray:
    """(symbols, successors) int64: what may follow each symbol, each entry equally often.

    Entries are draws from `shares` and may repeat, so that after any symbol whatever, the expected
    frequencies over all such tables are those of the law: a chain of Zipf's frequencies, nearly.
    """
    return generator.choice(symbols, (symbols, successors), p=shares(symbols, exponent))


def markov(
    generator: np.random.Generator,
    sequences: int,
    tokens: int,
    *,
    symbols: int,
    exponent: float,
    successors: int,
) -> np.ndarray:
    """First-order chains, all by one table of `transitions`; the first symbol by `shares`:
    (sequences, tokens) int64. successors: entries of the table for each symbol."""
    follow = transitions(generator, symbols=symbols, exponent=exponent, successors=successors)
    chain = zipf(generator, sequences, tokens, symbols=symbols, exponent=exponent)
    chosen = generator.integers(successors, size=(sequences, tokens))
    for place in range(1, tokens):
        chain[:, place] = follow[chain[:, place - 1], chosen[:, place]]
    return chain


def _of_pairs(choose: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """The law of `_pairs` of which `choose`, of a generator and `last`, says which are closed."""

    def law(
        generator: np.random.Generator,
        sequences: int,
        tokens: int,
        *,
        symbols: int,
        exponent: float,
        opening: float,
    ) -> np.ndarray:
        options = {"symbols": symbols, "exponent": exponent, "opening": opening}
        return _pairs(generator, sequences, tokens, choose, **options)[0]

    law.__name__ = law.__qualname__ = choose.__name__
    law.__doc__ = choose.__doc__
    return law


@_of_pairs
def nested(generator: np.random.Generator, last: np.ndarray) -> np.ndarray:
    """Pairs of which the one opened last is closed first; `tokens` must be even.

    `opening`: how often a token opens a pair, where it may also close one.
    PAPER: the text of Papadimitriou & Jurafsky says 0.4; their code flips a fair coin.
    DIFFERS: theirs is one endless stream; here every pair closes within its sequence.
    """
    return last


def _any_open(generator: np.random.Generator, last: np.ndarray) -> np.ndarray:
    return generator.integers(last + 1)


@_of_pairs
def flat(generator: np.random.Generator, last: np.ndarray) -> np.ndarray:
    """Pairs opened and closed at the places of `nested`, each time any open one being closed.

    DIFFERS: Papadimitriou & Jurafsky draw the distance within a pair from a treebank. Here the mean
    distance is that of `nested`, whatever `opening` is, so that the two differ in crossing alone.
    """
    return _any_open(generator, last)


def shuffle_dyck(
    generator: np.random.Generator,
    sequences: int,
    tokens: int,
    *,
    symbols: int,
    exponent: float,
    opening: float,
) -> np.ndarray:
    """k-shuffle Dyck: brackets of k = symbols / 2 kinds, each kind balanced on its own; `symbols`
    and `tokens` must be even. Symbol i < k opens kind i, and symbol k + i closes it.

    The pairs of `flat`, but a symbol says whether it opens or closes. Hu et al. (2025,
    arXiv:2502.19249) train language models on it before text.
    """
    kinds = symbols // 2
    options = {"symbols": kinds, "exponent": exponent, "opening": opening}
    drawn, opens = _pairs(generator, sequences, tokens, _any_open, **options)
    return np.where(opens, drawn, drawn + kinds)


def _pairs(
    generator: np.random.Generator,
    sequences: int,
    tokens: int,
    choose: Callable[..., np.ndarray],
    *,
    symbols: int,
    exponent: float,
    opening: float,
) -> tuple[np.ndarray, np.ndarray]:
    """The symbols, and where they open a pair, bool.

    choose: of the generator and `last`; which open pair is closed, of those numbered 0 to `last` in
    any order.
    """
    wanted = generator.random((sequences, tokens)) < opening
    drawn = zipf(generator, sequences, tokens, symbols=symbols, exponent=exponent)
    waiting = np.empty((sequences, tokens // 2), dtype=np.int64)  # symbols of the open pairs
    depth = np.zeros(sequences, dtype=np.int64)  # how many are open
    opened = np.empty((sequences, tokens), dtype=bool)
    for place in range(tokens):
        opens = ((depth == 0) | wanted[:, place]) & (depth < tokens - place)
        opened[:, place] = opens
        rows = np.flatnonzero(opens)
        waiting[rows, depth[rows]] = drawn[rows, place]
        rows = np.flatnonzero(~opens)
        last = depth[rows] - 1
        chosen = choose(generator, last)
        drawn[rows, place] = waiting[rows, chosen]
        waiting[rows, chosen] = waiting[rows, last]
        depth += np.where(opens, 1, -1)
    return drawn, opened
