"""Domain symbols -> tokens: the ways to cut a sequence in the pieces that an encoder reads.

A task names its way by the key `tokens`, for example `{kind: kmers, k: 3, stride: 1}`:

- `symbols` (the default): every symbol is a token. Text comes here as word pieces already.
- `kmers` {k, stride}: windows of k symbols that start `stride` symbols apart, 1 <= stride <= k:
  overlapping for stride < k, side by side for stride = k. The remainder (the last symbols that no
  whole window holds, or a sequence shorter than k) becomes one shorter token: nothing is lost.
- `bpe` {size}: byte-pair encoding with at most `size` tokens, whose merges are learned from
  training sequences only. Every symbol of the corpus is a token of its own, too, so that any
  sequence can be written.
- `intervals`, for music: every note but the first is two tokens, the interval to the note before
  it in semitones with its sign, and its pitch: 60 67 64 becomes 60 +7 67 -3 64. The two are
  separate tokens, so that the vocabulary stays small and a map draws a row for each.

PAPER: single symbols. DIFFERS: the other kinds are ours.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise

from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer

from seqtransfer.corpora.examples import Symbols

OPTIONS = {"symbols": (), "kmers": ("k", "stride"), "bpe": ("size",), "intervals": ()}


def check(tokens: Mapping) -> None:
    """Raise ValueError naming the fault unless `tokens` is a kind with exactly its options."""
    kind = tokens.get("kind")
    if kind not in OPTIONS:
        raise ValueError(f"tokens: kind {kind!r} is unknown; use one of {', '.join(OPTIONS)}")
    given, known = set(tokens) - {"kind"}, set(OPTIONS[kind])
    if given != known:
        raise ValueError(
            f"tokens: kind {kind} takes the options {sorted(known)}, but has {sorted(given)}"
        )
    for name in OPTIONS[kind]:
        if type(tokens[name]) is not int or tokens[name] < 1:
            raise ValueError(f"tokens: {name} is {tokens[name]!r}; it must be an integer from 1")
    if kind == "kmers" and tokens["stride"] > tokens["k"]:
        raise ValueError(
            f"tokens: stride {tokens['stride']} is longer than k {tokens['k']}; the symbols between"
            " two windows would be lost"
        )


def is_trained(tokens: Mapping) -> bool:
    """Whether the tokens depend on training sequences, so that a split must come first."""
    return tokens["kind"] == "bpe"


def notes_within(tokens: Mapping, room: int) -> int:
    """How many notes of music fill `room` tokens."""
    return (room + 1) // 2 if tokens["kind"] == "intervals" else room


def splitter(
    tokens: Mapping, training: Iterable[Symbols] = (), alphabet: Iterable[str] = ()
) -> Callable[[Symbols], Symbols]:
    """The function from a sequence of symbols to its tokens. It is pure.

    training and alphabet are used by trained kinds only: sequences to learn from, and every symbol
    that may occur anywhere. Raises ValueError for options that `check` refuses; the function does
    for symbols that the kind cannot take.
    """
    check(tokens)
    if tokens["kind"] == "kmers":
        return lambda symbols: kmers(symbols, tokens["k"], tokens["stride"])
    if tokens["kind"] == "bpe":
        return byte_pairs(training, alphabet, tokens["size"])
    return intervals if tokens["kind"] == "intervals" else lambda symbols: symbols


def kmers(symbols: Symbols, k: int, stride: int) -> Symbols:
    """Windows of k symbols, `stride` apart, then what no window holds as one shorter token."""
    joined = join(symbols)
    windows = [joined[i : i + k] for i in range(0, len(joined) - k + 1, stride)]
    held = (len(windows) - 1) * stride + k if windows else 0
    rest = joined[held:]
    return (*windows, rest) if rest else tuple(windows)


def byte_pairs(
    training: Iterable[Symbols], alphabet: Iterable[str], size: int
) -> Callable[[Symbols], Symbols]:
    """Learn byte-pair merges from `training` and return the function that applies them.

    Single symbols of `training` and of `alphabet` are tokens; the most frequent pair of neighbours
    is merged until there are `size` tokens or no pair occurs twice.
    Source: Sennrich, Haddow & Birch 2016; DNABERT-2 uses it for DNA.
    Raises ValueError if the single symbols are more than `size`.
    """
    sequences = [join(symbols) for symbols in training]
    single = sorted(set(alphabet).union(*map(set, sequences)))
    join(single)
    if len(single) > size:
        raise ValueError(
            f"tokens: bpe of size {size} cannot hold the {len(single)} single symbols; raise size"
        )
    tokenizer = Tokenizer(BPE())
    trainer = BpeTrainer(
        vocab_size=size, min_frequency=2, initial_alphabet=single, show_progress=False
    )
    tokenizer.train_from_iterator(sequences, trainer)

    def split(symbols: Symbols) -> Symbols:
        # tokenizers drops a symbol that it does not know without a word.
        unknown = set(symbols) - set(single)
        if unknown:
            raise ValueError(f"bpe was not given the symbols {sorted(unknown)}")
        return tuple(tokenizer.encode(join(symbols)).tokens)

    return split


def intervals(symbols: Symbols) -> Symbols:
    """Pitches, and before each but the first the interval from the one before it."""
    strange = [symbol for symbol in symbols if not re.fullmatch("[0-9]+", symbol)]
    if strange:
        raise ValueError(f"tokens: kind intervals needs MIDI pitches, not {strange[0]!r}")
    steps = ((f"{int(b) - int(a):+d}", b) for a, b in pairwise(symbols))
    return (*symbols[:1], *(token for step in steps for token in step))


def join(symbols: Iterable[str]) -> str:
    """The symbols as one string. Raises ValueError if one is not a single character."""
    if isinstance(symbols, str):
        return symbols
    long = [symbol for symbol in symbols if len(symbol) != 1]
    if long:
        raise ValueError(
            f"tokens: kinds kmers and bpe join symbols of one character; {long[0]!r} is not one"
        )
    return "".join(symbols)
