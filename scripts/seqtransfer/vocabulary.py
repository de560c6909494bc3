"""Symbols -> ids, and symbols -> rows of an encoder's embedding table: the token maps.

A task's own vocabulary is small: five special tokens, then its symbols in sorted order. Sequences
are stored in these ids, so that tokenizing happens once. A token map then says, for one seed, which
row of the text-pretrained table each id gets.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

SPECIALS = ("[PAD]", "[CLS]", "[SEP]", "[MASK]", "[UNK]")
PAD, CLS, SEP, MASK, UNKNOWN = range(len(SPECIALS))


@dataclass(frozen=True)
class Vocabulary:
    """Ids of a task: SPECIALS are 0..4, symbols follow in sorted order."""

    symbols: tuple[str, ...]

    @classmethod
    def of(cls, symbols: Iterable[str]) -> "Vocabulary":
        """The vocabulary of all distinct `symbols`; specials among them are not symbols."""
        return cls(tuple(sorted(set(symbols) - set(SPECIALS))))

    def __len__(self) -> int:
        return len(SPECIALS) + len(self.symbols)

    def ids(self) -> dict[str, int]:
        """Name -> id of every special token and symbol."""
        return {name: i for i, name in enumerate([*SPECIALS, *self.symbols])}


class WordPieces:
    """The encoder's own tokenizer (its `tokenizer.json`), without truncation or special tokens."""

    def __init__(self, folder: Path):
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self.tokenizer.encode_special_tokens = True  # a text that says "[SEP]" does not end there

    def split(self, text: str) -> tuple[str, ...]:
        """The word pieces of a text, as strings."""
        return tuple(self.tokenizer.encode(text, add_special_tokens=False).tokens)

    def rows(self) -> dict[str, int]:
        """Word piece -> row of the encoder's embedding table."""
        return self.tokenizer.get_vocab()


def token_map(
    vocabulary: Vocabulary, rows: dict[str, int], generator: np.random.Generator
) -> np.ndarray:
    """Draw a token map: (len(vocabulary),) int64 rows of the encoder's embedding table.

    A seeded permutation of the encoder's ordinary rows, of which the task's symbols take the first
    ones: a random one-to-one map. Special tokens keep their meaning, and no symbol gets a special
    or `[unused]` row. For text this permutes the meanings of the word pieces in use.

    PAPER: section 3 assigns non-text symbols to tokens at random, and permutes token meanings.
    DIFFERS: the released code permutes [CLS], [SEP] and [PAD] too, so that position 0 holds a
    random word; here special tokens are kept apart.
    """
    missing = [name for name in SPECIALS if name not in rows]
    if missing:
        raise ValueError(f"the encoder's tokenizer has no {missing[0]} token")
    ordinary = sorted(
        row for name, row in rows.items() if not (name.startswith("[") and name.endswith("]"))
    )
    if len(vocabulary.symbols) > len(ordinary):
        raise ValueError(
            f"{len(vocabulary.symbols)} symbols do not fit the encoder's {len(ordinary)} tokens"
        )
    permuted = generator.permutation(np.array(ordinary, dtype=np.int64))
    specials = np.array([rows[name] for name in SPECIALS], dtype=np.int64)
    return np.concatenate([specials, permuted[: len(vocabulary.symbols)]])
