"""Symbols -> ids of a task, and an encoder's own word pieces.

A task's own vocabulary is small: five special tokens, then its symbols in sorted order. Sequences
are stored in these ids, so that tokenizing happens once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

SPECIALS = ("[PAD]", "[CLS]", "[SEP]", "[MASK]", "[UNK]")
PAD, CLS, SEP, MASK = range(4)  # places in SPECIALS; none of ours is unknown
# What encoders that do not use BERT's names call the special tokens.
SPELLINGS = {
    "[PAD]": ("<pad>",),
    "[CLS]": ("<s>", "<cls>", "<|begin_of_text|>", "<bos>"),
    "[SEP]": ("</s>", "<eos>"),
    "[MASK]": ("<mask>", "<extra_id_0>"),  # the latter is T5's first gap in a text
    "[UNK]": ("<unk>",),
}
ENDS = ("<|endoftext|>", "<|end_of_text|>")  # of a text, in GPT-2 and Qwen, and in Llama 3


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
        # A text that says "[SEP]" is a text: it must not break a sequence in two.
        self.tokenizer.encode_special_tokens = True

    def split(self, text: str) -> tuple[str, ...]:
        """The word pieces of a text, as strings."""
        return tuple(self.tokenizer.encode(text, add_special_tokens=False).tokens)

    def rows(self) -> dict[str, int]:
        """Word piece -> row of the encoder's embedding table, special tokens under our names.

        Special are the tokens that the tokenizer adds to its vocabulary: MPNet's [CLS] is `<s>`,
        while a token that is called [CLS] is left over from BERT. Others that it adds, such as
        those of chats, are left out.
        """
        added = {token.content for token in self.tokenizer.get_added_tokens_decoder().values()}
        rows = self.tokenizer.get_vocab()
        for ours, others in SPELLINGS.items():
            if ours not in added and any(other in added and other in rows for other in others):
                rows.pop(ours, None)
        known = renamed(rows)
        return {name: row for name, row in known.items() if name in SPECIALS or name not in added}


def renamed(rows: dict[str, int]) -> dict[str, int]:
    """`rows` of an encoder with its special tokens under the names of SPECIALS.

    Where it has no such token, the one that ends a text stands for it, as decoders do.
    """
    ours = {}
    for name, others in SPELLINGS.items():
        other = next((other for other in others if other in rows), None)
        if name not in rows and other is not None:
            ours[other] = name
    named = {ours.get(name, name): row for name, row in rows.items()}
    end = next((named[name] for name in ("[SEP]", *ENDS) if name in named), None)
    lacking = [name for name in SPECIALS if name not in named] if end is not None else []
    return named | dict.fromkeys(lacking, end)
