"""Ids of a task -> rows of a pretrained encoder's embedding table, for one seed."""

import re
from collections.abc import Mapping, Sequence

import numpy as np

from seqtransfer.tokens.vocabulary import SPECIALS, Vocabulary


def token_map(
    vocabulary: Vocabulary,
    rows: dict[str, int],
    generator: np.random.Generator,
    kind: str = "permutation",
    shift: int = 0,
    specials: str = "kept",
) -> np.ndarray:
    """The token map of a vocabulary: (len(vocabulary),) int64 rows of the encoder's table.

    rows: token -> row of the encoder's tokenizer. Ordinary rows are all but the special and
    `[unused]` ones; no symbol gets one of these, and special tokens keep their meaning. With
    specials `moved`, the special tokens are mapped, too: by a permutation to ordinary rows that no
    symbol has; by a shift as the symbols are, in the circle of all rows.
      permutation: a seeded permutation of the ordinary rows, of which the symbols take the first
        ones: a random one-to-one map. For text this permutes the meanings of the word pieces.
      shift: symbol s gets the ordinary row `shift` places after its own, in a circle.
      identity: each symbol keeps its own row: what pretraining gives to text that is text.
    The last two need symbols that are the encoder's own tokens.

    PAPER: section 3 assigns non-text symbols to tokens at random; for text it shifts token ids by a
    constant c (1000 in the released code), or permutes them.
    DIFFERS: the released code moves [CLS], [SEP] and [PAD] too, so that position 0 holds some
    other word; here special tokens are kept apart unless `specials` says otherwise.
    Raises ValueError for symbols that do not fit.
    """
    missing = [name for name in SPECIALS if name not in rows]
    if missing:
        raise ValueError(f"the encoder's tokenizer has no {missing[0]} token")
    # A byte-level vocabulary has ordinary tokens such as `[]`, too.
    ordinary = np.array(
        sorted(row for name, row in rows.items() if not re.fullmatch(r"\[[A-Za-z_]+\d*\]", name)),
        dtype=np.int64,
    )
    kept = specials == "kept"
    mapped = vocabulary.symbols if kept else (*vocabulary.symbols, *SPECIALS)
    circle = ordinary if kept or kind == "permutation" else np.unique(list(rows.values()))
    if len(mapped) > len(circle):
        raise ValueError(f"{len(mapped)} symbols do not fit the encoder's {len(circle)} tokens")
    if kind == "permutation":
        chosen = generator.permutation(circle)[: len(mapped)]
    else:
        chosen = _moved(mapped, rows, circle, 0 if kind == "identity" else shift)
    symbols, others = np.split(chosen, [len(vocabulary.symbols)])
    own = np.array([rows[name] for name in SPECIALS], dtype=np.int64)
    return np.concatenate([own if kept else others, symbols])


def borrowed_rows(
    vocabulary: Vocabulary, known: Mapping[str, int], generator: np.random.Generator | None
) -> np.ndarray:
    """Which row of a table pretrained on other sequences each id gets: (len(vocabulary),) int64, -1
    where it gets none and its embedding is fresh.

    known: special token or symbol -> row of that table. Special tokens keep their meaning. Without
    a generator symbols keep theirs, too: the table is that of the task's own domain. With one they
    get rows at random, one to one, as by `token_map`, so that no other corpus shares symbols with
    the task; if there are fewer rows than symbols, a random choice of symbols gets them. Where the
    corpus has exactly the task's symbols (its own sequences, perhaps shuffled), they keep their
    rows. Raises ValueError if the task's own domain is to know them, and knows none.
    """
    ordinary = sorted(set(known) - set(SPECIALS))
    if generator is None and not set(ordinary) & set(vocabulary.symbols):
        raise ValueError(
            f"the encoder knows none of the symbols {list(vocabulary.symbols[:5])}; its own are "
            f"{ordinary[:5]}: it is of another domain"
        )
    rows = np.array([known.get(name, -1) for name in vocabulary.ids()], dtype=np.int64)
    if generator is None or ordinary == list(vocabulary.symbols):
        return rows
    there = np.array([known[name] for name in ordinary], dtype=np.int64)
    given = min(len(there), len(vocabulary.symbols))
    rows[len(SPECIALS) :] = -1
    chosen = len(SPECIALS) + generator.permutation(len(vocabulary.symbols))[:given]
    rows[chosen] = generator.permutation(there)[:given]
    return rows


def _moved(
    names: Sequence[str], rows: dict[str, int], circle: np.ndarray, shift: int
) -> np.ndarray:
    strange = [symbol for symbol in names if symbol not in rows]
    if strange:
        raise ValueError(
            f"symbol {strange[0]!r} is no token of the encoder, so it has no place to move from; "
            "token maps `shift` and `identity` are for text, use `permutation`"
        )
    own = np.array([rows[symbol] for symbol in names], dtype=np.int64)
    return circle[(np.searchsorted(circle, own) + shift) % len(circle)]
