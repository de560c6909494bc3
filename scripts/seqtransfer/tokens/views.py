"""Examples -> what the encoder will see of them: tokens, cut to fit, and labels.

A sequence is `[CLS] a [SEP]`, a pair `[CLS] a [SEP] b [SEP]`. Sequences that are too long are cut,
token by token, by one of four policies (`cut`); of a pair, the longer one first (`arrange`).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from seqtransfer.corpora.examples import SPLITS, Example, Symbols, check_symbol_labels
from seqtransfer.corpora.series import NUMBER
from seqtransfer.tokens import tokenizations
from seqtransfer.tokens.vocabulary import SEP, SPECIALS

BREAK = SPECIALS[SEP]  # stands between the two sequences of a pair


@dataclass(frozen=True)
class Settings:
    """How a task's examples become parts. Sizes in examples, max_length in tokens."""

    classes: tuple[str, ...]  # none for regression
    split: str  # stratified, grouped, given or random
    truncate: str  # head, centre, tail or ends
    max_length: int
    sizes: dict[str, int]
    split_seed: int
    kind: str = "classification"  # regression or token_classification
    tokens: Mapping = field(default_factory=lambda: {"kind": "symbols"})
    train_fraction: float = 1.0  # of the training part; a smaller one lies within a larger one
    neighbours: Mapping | None = None  # {kmer, threshold}: near-duplicates stay on one side
    shuffled: bool = False  # whether the tokens of each sequence lose their order
    duplicates: str = "dropped"  # or kept: a sequence may be in several parts, with two labels

    @classmethod
    def of(cls, record: Mapping, sizes: Mapping, max_length: int) -> "Settings":
        """From the catalogue's record of a task (after `configuration.complete`), the study's
        `examples` and the task's length."""
        return cls(
            classes=tuple(record.get("classes", ())),
            split=record["split"],
            truncate=record["truncate"],
            max_length=max_length,
            sizes={part: sizes[part] for part in SPLITS},
            split_seed=sizes["split_seed"],
            kind=record["kind"],
            tokens=record["tokens"],
            train_fraction=sizes.get("train_fraction", 1.0),
            neighbours=record.get("neighbours"),
            shuffled=record.get("order") == "shuffled",
            duplicates=sizes.get("duplicates", "dropped"),
        )

    def __post_init__(self):
        if tokenizations.is_trained(self.tokens) and self.truncate == "centre":
            raise ValueError("truncate: centre needs tokens of one width; use head, tail or ends")


@dataclass(frozen=True)
class Seen:
    """n examples as the encoder sees them.

    examples: their symbols are the tokens of the sequence (or pair) between [CLS] and the last
    [SEP]. originals: as the corpus has them. was_cut: (n,) bool, whether tokens were cut off.
    labels: (n,) int64, index of the class or -1 for another label; of a regression float64 targets.
    Of a token classification the examples' labels are cut as their symbols are, and these are -1.
    """

    examples: list[Example]
    originals: Sequence[Example]
    was_cut: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.examples)

    def take(self, indices: np.ndarray) -> "Seen":
        """These of them, in this order."""
        return Seen(
            [self.examples[i] for i in indices],
            [self.originals[i] for i in indices],
            self.was_cut[indices],
            self.labels[indices],
        )


def view(examples: Sequence[Example], settings: Settings) -> Seen:
    """The examples as the encoder will see them: see `arrange`.

    Trained tokens need a split first, so their symbols stand in for them, cut to as many as there
    may be tokens: each token holds at least one symbol, so whatever becomes equal when tokens are
    cut is equal here already (and some sequences are dropped as repeats that would differ later).
    Of a lossy kind the symbols are not cut: see `learned_view`.
    Raises ValueError as `targets`, `seen_label` and `arrange` do.
    """
    regression = settings.kind == "regression"
    labels = targets(examples) if regression else class_indices(examples, settings.classes)
    trained = tokenizations.is_trained(settings.tokens)
    split = tokenizations.splitter({"kind": "symbols"} if trained else settings.tokens)
    if tokenizations.is_lossy(settings.tokens):
        arranged = [(e.symbols, False) for e in examples]
    else:
        arranged = [arrange(e, split, settings) for e in examples]
    # Of a regression, "1" and "1.0" are one label.
    names = map(str, labels) if regression else (seen_label(e, settings) for e in examples)
    return Seen(
        [
            Example(e.id, tokens, name, e.group, e.split)
            for e, (tokens, _), name in zip(examples, arranged, names, strict=True)
        ],
        examples,
        np.array([was_cut for _, was_cut in arranged]),
        labels,
    )


def learned_view(seen: Seen, parts: Mapping[str, np.ndarray], settings: Settings) -> Seen:
    """The examples in `parts`, seen by tokens learned from the part `pretrain` alone: training
    sequences of every class, none of them held out. The others stay as they were. Of a lossy kind,
    sequences that differed may be equal now."""
    used = sorted(set().union(*(map(int, rows) for rows in parts.values())))
    originals = seen.originals
    split = tokenizations.splitter(
        settings.tokens,
        training=[originals[i].symbols for i in parts["pretrain"]],
        alphabet=set().union(*(originals[i].symbols for i in used)),
    )
    examples, was_cut = list(seen.examples), seen.was_cut.copy()
    for i in used:
        tokens, was_cut[i] = arrange(originals[i], split, settings)
        examples[i] = replace(examples[i], symbols=tokens)
    return replace(seen, examples=examples, was_cut=was_cut)


def targets(examples: Sequence[Example]) -> np.ndarray:
    """(n,) float64 targets. Raises ValueError naming the id and value of a label that is not a
    finite decimal number."""
    for example in examples:
        label = example.label or ""
        if not NUMBER.fullmatch(label) or not math.isfinite(float(label)):
            raise ValueError(
                f"example {example.id!r}: label {example.label!r} is not a finite decimal number;"
                " correct it, or make the task a classification"
            )
    return np.array([float(example.label) for example in examples])


def class_indices(examples: Sequence[Example], classes: Sequence[str]) -> np.ndarray:
    """(n,) int64 indices in `classes`, -1 for other labels."""
    index = {name: i for i, name in enumerate(classes)}
    return np.array([index.get(e.label, -1) for e in examples], dtype=np.int64)


def seen_label(example: Example, settings: Settings) -> str | None:
    """The label, None if it has none; of a token classification those of the tokens that the
    encoder sees.

    Raises ValueError naming the example unless there are as many labels as symbols.
    """
    if settings.kind != "token_classification":
        return example.label
    labels = example.label.split(" ")
    check_symbol_labels(f"example {example.id!r}", example.symbols, labels)
    return " ".join(cut(labels, settings.max_length - 2, settings.truncate))


def token_labels(examples: Sequence[Example], classes: Sequence[str]) -> np.ndarray:
    """(total,) int64 class of every id of [CLS] tokens [SEP], end to end; -1 at these two and for
    other labels."""
    index = {name: i for i, name in enumerate(classes)}
    words = (word for e in examples for word in (None, *e.label.split(" "), None))
    return np.array([index.get(word, -1) for word in words], dtype=np.int64)


def classes_of(example: Example, settings: Settings) -> set[str]:
    """Which of the task's classes an example carries: one or none, or those of its tokens."""
    tokens = settings.kind == "token_classification"
    labels = example.label.split(" ") if tokens else [example.label]
    return set(labels).intersection(settings.classes)


def is_usable(example: Example, settings: Settings) -> bool:
    """Whether it may be in train, dev or test: it has one of the task's classes, or a number."""
    return settings.kind == "regression" or bool(classes_of(example, settings))


def arrange(
    example: Example, split: Callable[[Symbols], Symbols], settings: Settings
) -> tuple[Symbols, bool]:
    """The tokens between [CLS] and the last [SEP], and whether any were cut off to fit in.

    A pair has [SEP] between its sequences. If it is too long, the longer of the two is cut until
    both are equally long, then both by turns; the second is the shorter one by one token if need
    be. Both are cut by the same policy.
    Raises ValueError naming the example if its symbols are not for this kind of tokens.
    """
    try:
        first, second = split(example.symbols), split(example.second)
    except ValueError as error:
        raise ValueError(f"example {example.id!r}: {error}") from error
    if not second:
        room = settings.max_length - 2
        return cut(first, room, settings.truncate), len(first) > room
    if tokenizations.is_trained(settings.tokens):
        kind = settings.tokens["kind"]
        raise ValueError(
            f"example {example.id!r} is a pair; tokens of kind {kind} are for sequences"
        )
    room = settings.max_length - 3
    a = min(len(first), room - min(len(second), room // 2))
    b = min(len(second), room - a)
    pair = (*cut(first, a, settings.truncate), BREAK, *cut(second, b, settings.truncate))
    return pair, len(first) + len(second) > room


def cut(tokens: Symbols, room: int, policy: str) -> Symbols:
    """At most `room` tokens: the first (`head`), the last (`tail`), the middle (`centre`), or both
    `ends` (half of them from the head, the odd one too, and half from the tail)."""
    extra = max(0, len(tokens) - room)
    if extra and policy == "ends":
        head = room - room // 2
        return tokens[:head] + tokens[len(tokens) - room // 2 :]
    start = {"head": 0, "ends": 0, "centre": extra // 2, "tail": extra}[policy]
    return tokens[start : start + room]
