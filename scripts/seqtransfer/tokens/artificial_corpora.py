"""Artificial corpora: sequences with one trait of language each, and no meaning.

A law is a pure function (generator, number of sequences, tokens of each, options) -> symbols, an
array (sequences, tokens) int64 in which symbol 0 is the most frequent by law:
  zipf    symbols without any dependency, of the frequencies that words have
  markov  each symbol depends on the one before it, and on nothing else
  nested  every symbol has a partner further on, and pairs nest as brackets do: A B C C B A D D
  flat    the same pairs, but closed in any order, so that they cross: A B C B A C D D
`shuffled` is no law: it takes the order from sequences that exist.

Pairs follow Papadimitriou & Jurafsky (2020, section 3.3): both partners are the same symbol, which
opens or closes the pair by where it stands. Chiang & Lee (2022) found such dependencies, not
frequencies, to be what makes artificial pretraining useful for GLUE.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from seqtransfer.files.arrow import Ragged
from seqtransfer.tokens.vocabulary import CLS, SEP, SPECIALS


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
    """Independent draws from `shares`."""
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
    """First-order chains, all by one table of `transitions`; the first symbol by `shares`."""
    follow = transitions(generator, symbols=symbols, exponent=exponent, successors=successors)
    chain = zipf(generator, sequences, tokens, symbols=symbols, exponent=exponent)
    chosen = generator.integers(successors, size=(sequences, tokens))
    for place in range(1, tokens):
        chain[:, place] = follow[chain[:, place - 1], chosen[:, place]]
    return chain


def nested(
    generator: np.random.Generator,
    sequences: int,
    tokens: int,
    *,
    symbols: int,
    exponent: float,
    opening: float,
) -> np.ndarray:
    """Pairs of which the one opened last is closed first; `tokens` must be even.

    `opening`: how often a token opens a pair, where it may also close one.
    PAPER: the text of Papadimitriou & Jurafsky says 0.4; their code flips a fair coin.
    DIFFERS: theirs is one endless stream; here every pair closes within its sequence.
    """
    return _pairs(generator, sequences, tokens, symbols, exponent, opening, lambda last: last)


def flat(
    generator: np.random.Generator,
    sequences: int,
    tokens: int,
    *,
    symbols: int,
    exponent: float,
    opening: float,
) -> np.ndarray:
    """Pairs opened and closed at the places of `nested`, each time any open one being closed.

    DIFFERS: Papadimitriou & Jurafsky draw the distance within a pair from a treebank. Here the mean
    distance is that of `nested`, whatever `opening` is, so that the two differ in crossing alone.
    """
    return _pairs(
        generator, sequences, tokens, symbols, exponent, opening,
        lambda last: generator.integers(last + 1),
    )  # fmt: skip


def _pairs(
    generator: np.random.Generator,
    sequences: int,
    tokens: int,
    symbols: int,
    exponent: float,
    opening: float,
    choose: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """`choose` says which open pair is closed, of those numbered 0 to `last` in any order."""
    wanted = generator.random((sequences, tokens)) < opening
    drawn = zipf(generator, sequences, tokens, symbols=symbols, exponent=exponent)
    waiting = np.empty((sequences, tokens // 2), dtype=np.int64)  # symbols of the open pairs
    depth = np.zeros(sequences, dtype=np.int64)  # how many are open
    for place in range(tokens):
        opens = ((depth == 0) | wanted[:, place]) & (depth < tokens - place)
        rows = np.flatnonzero(opens)
        waiting[rows, depth[rows]] = drawn[rows, place]
        rows = np.flatnonzero(~opens)
        last = depth[rows] - 1
        chosen = choose(last)
        drawn[rows, place] = waiting[rows, chosen]
        waiting[rows, chosen] = waiting[rows, last]
        depth += np.where(opens, 1, -1)
    return drawn


LAWS: dict[str, Callable[..., np.ndarray]] = {
    "zipf": zipf,
    "markov": markov,
    "nested": nested,
    "flat": flat,
}


def draw(record: Mapping, generator: np.random.Generator) -> tuple[Ragged, list[str]]:
    """The unlabelled sequences `[CLS] symbols [SEP]` of a catalogue's artificial corpus, and the
    names of its symbols, which are their ranks.

    record: `kind`, one of LAWS; `sequences`; `length` in tokens with [CLS] and [SEP]; the options
    of the law. `title` is not read.
    """
    options = {k: v for k, v in record.items() if k not in ("kind", "title", "sequences", "length")}
    n, length = record["sequences"], record["length"]
    ids = np.empty((n, length), dtype=np.int32)
    ids[:, 0], ids[:, -1] = CLS, SEP
    ids[:, 1:-1] = LAWS[record["kind"]](generator, n, length - 2, **options) + len(SPECIALS)
    digits = len(str(options["symbols"] - 1))
    ragged = Ragged(
        ids.ravel(),
        np.arange(n + 1, dtype=np.int64) * length,
        np.full(n, -1, dtype=np.int64),
        np.arange(n).astype(str),
    )
    return ragged, [f"{rank:0{digits}d}" for rank in range(options["symbols"])]


def shuffled(ragged: Ragged, generator: np.random.Generator) -> Ragged:
    """The same sequences with their symbols in random order, each within itself; special tokens
    stay where they are."""
    places = np.flatnonzero(ragged.ids >= len(SPECIALS))
    owners = np.repeat(np.arange(len(ragged)), ragged.lengths)[places]
    ids = ragged.ids.copy()
    ids[places] = ids[places[np.lexsort((generator.random(len(places)), owners))]]
    return replace(ragged, ids=ids)
