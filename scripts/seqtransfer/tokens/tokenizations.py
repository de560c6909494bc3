"""Symbols of a sequence -> tokens, the pieces that an encoder reads: every kind by its name.

A task names its kind by the key `tokens`, for example `{kind: kmers, k: 3, stride: 1}`:

- `symbols` (the default): every symbol is a token. Text comes here as word pieces already.
- `kmers` {k, stride}: windows of k symbols that start `stride` symbols apart, 1 <= stride <= k:
  overlapping for stride < k, side by side for stride = k. The remainder (the last symbols that no
  whole window holds, or a sequence shorter than k) becomes one shorter token: nothing is lost.
- `bpe` {size}: byte-pair encoding with at most `size` tokens, whose merges are learned from
  training sequences only. Every symbol of the corpus is a token of its own, too, so that any
  sequence can be written.
- `classes` {classes}: every symbol becomes the first of its class, such as AGPST, C, DENQ, FWY, HKR
  and ILMV for residues (Dayhoff's six); symbols of no class stay. What a smaller alphabet loses.
- `intervals`, for music: every note but the first is two tokens, the interval to the note before
  it in semitones with its sign, and its pitch: 60 67 64 becomes 60 +7 67 -3 64. The two are
  separate tokens, so that the vocabulary stays small and a map draws a row for each.
- `sax` {size, window}, for series of numbers: means of windows, on the scale of their own series,
  in `size` bins.
- `bins` {size, window, by}, for series of numbers: the same on the scale of all training series.
- `shapes` {size, window, by}: as `bins`, of values on the scale of their own series, as for `sax`.
- `lags` {size, window, by, lag}: as `bins`, of changes, of a window from the one `lag` before it.

To add a kind, write its function and enter it in TOKENIZATIONS; if it has options, in OPTIONS too.

PAPER: single symbols. DIFFERS: the other kinds are ours.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

from seqtransfer.corpora.examples import Symbols
from seqtransfer.tokens import series_tokens

Split = Callable[[Symbols], Symbols]  # from the symbols of a sequence to its tokens


@dataclass(frozen=True)
class Tokenization:
    """formats: of the corpora that it is for.
    split: from a task's `tokens` to the function that splits a sequence; of a trained kind from
    these, training sequences and every symbol that may occur.
    trained: whether it learns from training sequences, so that the parts must be known first.
    lossy: of a trained kind, whether different symbols may become equal tokens.
    own_scale: whether every series of numbers is read on a scale of its own.
    symbols_within: how many symbols make so many tokens."""

    formats: tuple[str, ...]
    split: Callable[..., Split]
    trained: bool = False
    lossy: bool = False
    own_scale: bool = False
    symbols_within: Callable[[int], int] = lambda room: room


@dataclass(frozen=True)
class Options:
    """What `tokens` has besides `kind`. keys: the JSON Schema of each, all required. check: raises
    ValueError for values that contradict each other."""

    keys: Mapping[str, dict] = field(default_factory=dict)
    check: Callable[[Mapping], None] = lambda tokens: None

    def schema(self) -> dict:
        """The JSON Schema of a task's `tokens`."""
        return {
            "type": "object",
            "additionalProperties": False,
            "properties": {"kind": {"type": "string"}, **self.keys},
            "required": ["kind", *self.keys],
        }


def is_trained(tokens: Mapping) -> bool:
    """Whether the tokens depend on training sequences, so that a split must come first."""
    return TOKENIZATIONS[tokens["kind"]].trained


def is_lossy(tokens: Mapping) -> bool:
    """Whether only learned tokens, and not the symbols, say which sequences are equal."""
    return TOKENIZATIONS[tokens["kind"]].lossy


def has_own_scale(tokens: Mapping) -> bool:
    """Whether the tokens lose level and scale of each series, as baselines on numbers then do."""
    return TOKENIZATIONS[tokens["kind"]].own_scale


def notes_within(tokens: Mapping, room: int) -> int:
    """How many notes of music fill `room` tokens."""
    return TOKENIZATIONS[tokens["kind"]].symbols_within(room)


def splitter(
    tokens: Mapping, training: Iterable[Symbols] = (), alphabet: Iterable[str] = ()
) -> Split:
    """The function from a sequence of symbols to its tokens. It is pure.

    training and alphabet are used by trained kinds only: sequences to learn from, and every symbol
    that may occur anywhere. The function raises ValueError for symbols that the kind cannot take.
    """
    kind = TOKENIZATIONS[tokens["kind"]]
    return kind.split(tokens, training, alphabet) if kind.trained else kind.split(tokens)


def check_stride(tokens: Mapping) -> None:
    """Raise ValueError if symbols between two windows would be lost."""
    if tokens["stride"] > tokens["k"]:
        raise ValueError(
            f"stride {tokens['stride']} is longer than k {tokens['k']}; the symbols between two"
            " windows would be lost"
        )


def kmers(symbols: Symbols, k: int, stride: int) -> Symbols:
    """Windows of k symbols, `stride` apart, then what no window holds as one shorter token."""
    joined = join(symbols)
    windows = [joined[i : i + k] for i in range(0, len(joined) - k + 1, stride)]
    held = (len(windows) - 1) * stride + k if windows else 0
    rest = joined[held:]
    return (*windows, rest) if rest else tuple(windows)


def check_classes(tokens: Mapping) -> None:
    """Raise ValueError if a symbol is in two classes, or in small letters, which no corpus has."""
    seen = "".join(tokens["classes"])
    if seen != seen.upper():
        small = next(symbol for symbol in seen if symbol != symbol.upper())
        raise ValueError(
            f"the symbol {small!r} of the classes is a small letter, and corpora have capital ones;"
            f" write {small.upper()!r}"
        )
    twice = next((symbol for symbol in seen if seen.count(symbol) > 1), None)
    if twice is not None:
        raise ValueError(f"the symbol {twice!r} stands in the classes twice; keep it in one")


def reduced(symbols: Symbols, classes: Iterable[str]) -> Symbols:
    """The symbols, each replaced by the first symbol of its class if it has one."""
    first = {symbol: members[0] for members in classes for symbol in members}
    if isinstance(symbols, str):
        return symbols.translate(str.maketrans(first))
    return tuple(first.get(symbol, symbol) for symbol in symbols)


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
    from tokenizers import Tokenizer  # here: a study is planned without it
    from tokenizers.models import BPE
    from tokenizers.trainers import BpeTrainer

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


BINS = Tokenization(
    ("series",),
    lambda tokens, training, alphabet: series_tokens.level_bins(
        training,
        tokens["size"],
        tokens["window"],
        tokens["by"],
        lag=tokens.get("lag", 0),
        own_scale=has_own_scale(tokens),
    ),
    trained=True,
    lossy=True,
)
TOKENIZATIONS = {
    "symbols": Tokenization(
        ("fasta", "midi", "symbols", "text"), lambda tokens: lambda symbols: symbols
    ),
    "kmers": Tokenization(
        ("fasta",), lambda tokens: lambda symbols: kmers(symbols, tokens["k"], tokens["stride"])
    ),
    "bpe": Tokenization(
        ("fasta",),
        lambda tokens, training, alphabet: byte_pairs(training, alphabet, tokens["size"]),
        trained=True,
    ),
    "classes": Tokenization(
        ("fasta",), lambda tokens: lambda symbols: reduced(symbols, tokens["classes"])
    ),
    "intervals": Tokenization(
        ("midi",), lambda tokens: intervals, symbols_within=lambda room: (room + 1) // 2
    ),
    "sax": Tokenization(
        ("series",),
        lambda tokens: (
            lambda symbols: series_tokens.symbolic_aggregate(
                symbols, tokens["size"], tokens["window"]
            )
        ),
        own_scale=True,
    ),
    "bins": BINS,
    "shapes": replace(BINS, own_scale=True),
    "lags": BINS,
}

SERIES = {
    "size": {"description": "Number of bins", "type": "integer", "minimum": 2, "maximum": 1000},
    "window": {
        "description": "Points whose mean is one token",
        "type": "integer",
        "minimum": 1,
        "maximum": 100000,
    },
}
BY = {
    "by": {
        "description": "Bins that hold equally many training values, or equally wide ones",
        "enum": ["quantile", "uniform"],
    }
}

# For planning and docs. They are apart from TOKENIZATIONS since jobs depend on that: a description
# may change without encoding anew. A kind that is not here has no options.
OPTIONS = {
    "kmers": Options(
        {
            "k": {
                "description": "Symbols of a k-mer",
                "type": "integer",
                "minimum": 1,
                "maximum": 32,
            },
            "stride": {
                "description": "Symbols from one k-mer to the next",
                "type": "integer",
                "minimum": 1,
                "maximum": 32,
            },
        },
        check_stride,
    ),
    "bpe": Options(
        {
            "size": {
                "description": "Tokens of the vocabulary, at most",
                "type": "integer",
                "minimum": 2,
                "maximum": 100000,
            }
        }
    ),
    "classes": Options(
        {
            "classes": {
                "description": "Symbols that become one, a text a class",
                "type": "array",
                "minItems": 1,
                "items": {"type": "string", "minLength": 1},
            }
        },
        check_classes,
    ),
    "sax": Options(SERIES),
    "bins": Options(SERIES | BY),
    "shapes": Options(SERIES | BY),
    "lags": Options(
        SERIES
        | BY
        | {
            "lag": {
                "description": "Windows from one to the other whose change from it is a token",
                "type": "integer",
                "minimum": 1,
                "maximum": 100000,
            }
        }
    ),
}
