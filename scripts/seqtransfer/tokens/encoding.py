"""Examples -> the id sequences of a task: repeats dropped, split, subsampled, encoded.

`read` reads the corpus; `build` is all the rest, one step after another: what the encoder will see
(`views`), repeats dropped, who is in which part (`divided`), ids (`encode_part`). The same examples
and settings give the same arrays. Parts: `train`, `dev`, `test`, and `pretrain`, the unlabelled
sequences of the training part before subsampling, of every class that the corpus has.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np

from seqtransfer.corpora.examples import SPLITS, Example, Symbols
from seqtransfer.corpora.fasta import read_fasta
from seqtransfer.corpora.midi import read_midi_folders
from seqtransfer.corpora.series import check_numbers
from seqtransfer.corpora.symbol_tables import read_symbols
from seqtransfer.corpora.texts import read_text
from seqtransfer.files.arrow import Ragged
from seqtransfer.tokens import (
    equal_tokens,
    manifests,
    near_duplicates,
    order,
    splits,
    tokenizations,
    units,
    whole_channels,
)
from seqtransfer.tokens.views import (
    Seen,
    Settings,
    classes_of,
    is_usable,
    learned_view,
    token_labels,
    view,
)
from seqtransfer.tokens.vocabulary import CLS, PAD, SEP, SPECIALS, Vocabulary, WordPieces

CHUNK = 10_000  # sequences encoded at a time, to bound the memory of intermediate arrays
MOST_ALIKE = 0.5  # share of the examples that the cut may make equal to one with another label
FRAME = "\xff"  # stands for a special token among ASCII symbols


def read(
    record: Mapping, corpus: Sequence[Path], encoder: Path, settings: Settings
) -> Sequence[Example]:
    """The examples of a task's corpus: of format `fasta`, `symbols`, `series`, `text` (split into
    the word pieces of the encoder in the folder `encoder`) or `midi` (in windows that fill a
    sequence).

    record: the catalogue's entry of the task. corpus: its file, or folders of MIDI files.
    Raises ValueError if the task's tokens are not for its format, and as `read_midi_folders`,
    `read_fasta`, `read_symbols` and `read_text`.
    """
    form, kind = record["format"], settings.tokens["kind"]
    if form not in tokenizations.TOKENIZATIONS[kind].formats:
        raise ValueError(f"tokens: kind {kind} is not for the format {form}; leave out `tokens`")
    if form == "midi":
        notes = tokenizations.notes_within(settings.tokens, settings.max_length - 2)
        return read_midi_folders([folder / "index.tsv" for folder in corpus], notes)
    if form == "fasta":
        return read_fasta(corpus[0])
    if form == "symbols":
        return read_symbols(corpus[0])
    if form == "series":
        return read_symbols(corpus[0], check_numbers)
    pieces = WordPieces(encoder).split
    return [
        Example(e.id, pieces(e.text), e.label, e.group, e.split, pieces(e.second))
        for e in read_text(corpus[0])
    ]


def build(
    examples: Sequence[Example], settings: Settings
) -> tuple[dict[str, Ragged], Vocabulary, dict]:
    """Parts of id sequences, the vocabulary, and facts for the task's record.

    The vocabulary holds every token of every part: a token that no training sequence has keeps its
    initial embedding, exactly as it would in the full table. Facts: `counts` of what is in each
    part and what was dropped; `units`, how many each part has; `cut`, {part: {n, cut, share}}, how
    many of a part's n sequences were cut; `manifest`, the table of `manifests.manifest`; for
    regression `target`, mean and standard deviation of train.
    Raises ValueError for a class with too few examples, a part that is empty, and where the task is
    a regression for a label that is no number, and as `moments` and `whole_channels.check`.
    """
    if "series" in tokenizations.TOKENIZATIONS[settings.tokens["kind"]].formats:
        whole_channels.check(examples, settings)
    found = divided(examples, settings)
    seen, unit, parts, counts = found.seen, found.unit, found.parts, found.counts
    if tokenizations.is_lossy(settings.tokens) and settings.duplicates == "dropped":
        parts, went = equal_tokens.without_copies(parts, seen.examples)
        if settings.train_fraction < 1:
            rows = parts["train"]
            own = [seen.examples[i] for i in rows]
            strata = _strata(own, unit[rows], settings)
            parts["train"] = rows[_thinned(np.arange(len(rows)), strata, unit[rows], settings)]
        counts = {name: count + went.get(name, 0) for name, count in counts.items()}
        if settings.kind != "regression":
            left = {part: parts[part] for part in SPLITS}
            usable = {int(row) for rows in left.values() for row in rows}
            carried = [
                classes_of(e, settings) if row in usable else set()
                for row, e in enumerate(seen.examples)
            ]
            splits.check_classes(carried, left, settings.classes, unit)
        elif empty := [part for part in SPLITS if not len(parts[part])]:
            raise ValueError(
                f"nothing is left for {' and '.join(empty)}: in these tokens its sequences equal"
                " others; take more bins (`size`) or a shorter `window`"
            )
        splits.check_units(parts["test"], unit)
    vocabulary = Vocabulary.of(
        chain.from_iterable(seen.examples[i].symbols for part in parts.values() for i in part)
    )
    arrays = {
        part: encode_part(seen.take(rows), vocabulary, unit[rows], settings)
        for part, rows in parts.items()
    }
    arrays["pretrain"] = unlabelled(arrays["pretrain"])
    if settings.shuffled:  # last, so that a split never depends on it
        arrays = {p: order.shuffled(ragged, settings.split_seed) for p, ragged in arrays.items()}
    copies = settings.duplicates == "kept"
    facts = {
        "counts": counts | {part: len(rows) for part, rows in parts.items()},
        "units": {part: len(np.unique(unit[rows])) for part, rows in parts.items()},
        "cut": {part: _cut_share(seen.was_cut[rows]) for part, rows in parts.items()},
        "manifest": manifests.manifest(seen.originals, parts, unit, copies=copies),
    }
    if settings.kind == "regression":
        found = {part: moments(part, arrays[part].labels) for part in SPLITS}
        facts["target"] = found["train"]
    return arrays, vocabulary, facts


@dataclass(frozen=True)
class Divided:
    """n examples as the encoder sees them and who is in which part.

    unit: (n,) str; parts: sorted indices by part (train, dev, test and pretrain); counts: of what
    was dropped, and of other labels.
    """

    seen: Seen
    unit: np.ndarray
    parts: dict[str, np.ndarray]
    counts: dict[str, int]


def divided(examples: Sequence[Example], settings: Settings) -> Divided:
    """The parts before anything is encoded. Trained tokens are learned from their `pretrain`; those
    of a lossy kind may have made sequences equal that differed. Raises ValueError as `build`."""
    if not examples:
        raise ValueError("the corpus holds no examples")
    # What is compared and split is what the encoder sees: proteins that differ only past the cut
    # are one sequence to it.
    seen = view(examples, settings)
    clusters = None
    if settings.neighbours:
        symbols = [example.symbols for example in seen.examples]
        clusters = near_duplicates.clusters(symbols, **settings.neighbours)
    copies = settings.duplicates == "kept"
    unit = units.of(seen.examples, clusters, join_copies=not copies)
    if copies:
        kept, counts = np.arange(len(seen)), dict.fromkeys(splits.DROPPED, 0)
    else:
        kept, counts = splits.drop_repeats(seen.examples)
    counts["cut_conflicts"] = alike = _alike_by_cut(seen, kept)
    if alike > MOST_ALIKE * len(seen):
        raise ValueError(
            f"{alike} of {len(seen)} examples are equal to one with another label once they are cut"
            f" to max_length {settings.max_length}: what tells them apart lies past the cut. Raise"
            " `max_length`, take another `truncate`, or cut the sequences of the source to the"
            " region in which they differ, such as that of a scan's mutations"
        )
    if settings.split == "given" and len(kept):
        splits.check_given(seen.examples, kept)
    if not len(kept):
        flat = "; series that do not vary are alike on a scale of their own, see bins"
        raise ValueError(
            "no example is left: whatever the encoder sees of one, within max_length"
            f" {settings.max_length}, another has with another label; look at the labels"
            f"{flat if tokenizations.has_own_scale(settings.tokens) else ''}"
        )
    seen, unit = seen.take(kept), unit[kept]
    parts, further = divide(seen, unit, settings)
    if tokenizations.is_trained(settings.tokens):
        seen = learned_view(seen, parts, settings)
    return Divided(seen, unit, parts, counts | further)


def _alike_by_cut(seen: Seen, kept: np.ndarray) -> int:
    """How many of n examples were dropped for another label of sequences that are equal only as the
    encoder sees them, cut. kept: indices of the examples that were not dropped."""
    held = {(seen.examples[i].symbols, seen.examples[i].second) for i in kept}
    dropped: dict[tuple, list[int]] = {}
    for index, example in enumerate(seen.examples):
        if (key := (example.symbols, example.second)) not in held:
            dropped.setdefault(key, []).append(index)
    return sum(
        len(rows)
        for rows in dropped.values()
        if seen.was_cut[rows].any()
        and len({(seen.originals[i].symbols, seen.originals[i].second) for i in rows}) > 1
    )


def moments(part: str, labels: np.ndarray) -> dict[str, float]:
    """Mean and standard_deviation of the (n,) float64 targets of a part.

    Raises ValueError where targets that are equal, or too large or too near for float64, leave a
    model nothing to learn or a score undefined.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        mean, deviation = float(labels.mean()), float(labels.std())
    if labels.min() == labels.max():
        raise ValueError(
            f"all {len(labels)} labels of {part} are {labels[0]:g}; a regression needs numbers that"
            " differ: look at the column of the label"
        )
    if not (math.isfinite(deviation) and deviation > 0):
        raise ValueError(
            f"the labels of {part}, {labels.min():g} to {labels.max():g}, have no standard"
            " deviation in float64; give them in another unit, or their logarithms"
        )
    return {"mean": mean, "standard_deviation": deviation}


def divide(
    seen: Seen, unit: np.ndarray, settings: Settings
) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    """Who is in which part of n examples.

    unit: (n,) str, of what each example is one, see `units`. Returns sorted indices by part (train,
    dev, test and pretrain) and counts: `neighbours_dropped`, as in `splits.split`; `other_labels`,
    examples of no class of the task: only pretraining may see them.
    Raises ValueError if no example has a class of the task, and as `splits.split` and its
    `check_groups`, `check_classes`, `check_filled` and `check_units`.
    """
    examples, regression = seen.examples, settings.kind == "regression"
    usable = np.array([i for i, e in enumerate(examples) if is_usable(e, settings)], dtype=int)
    if not len(usable):
        raise ValueError(
            f"no example carries one of the classes {list(settings.classes)}; the corpus has"
            f" {sorted({str(e.label) for e in examples})[:20]}"
        )
    generator = np.random.default_rng(settings.split_seed)
    chosen, own = [examples[i] for i in usable], unit[usable]
    if settings.split == "grouped":
        splits.check_groups(own)
    strata = _strata(chosen, own, settings)
    parts, counts = splits.split(chosen, settings.split, settings.sizes, generator, own, strata)
    held_out = {int(usable[i]) for part in ("dev", "test") for i in parts[part]}
    held_out |= {i for i, e in enumerate(examples) if e.split in ("dev", "test")}
    parts = {
        part: splits.subsample(chosen, rows, settings.sizes[part], generator, strata)
        for part, rows in parts.items()
    }
    # Copies that learned tokens make are looked for in all of train: `build` thins it then.
    copies_come = tokenizations.is_lossy(settings.tokens) and settings.duplicates == "dropped"
    if settings.train_fraction < 1 and not copies_come:
        parts["train"] = _thinned(parts["train"], strata, own, settings)
    if not regression:
        carried = [classes_of(e, settings) for e in chosen]
        splits.check_classes(carried, parts, settings.classes, own)
    splits.check_filled(parts, own)
    splits.check_units(parts["test"], own)
    parts = {part: usable[rows] for part, rows in parts.items()}
    parts["pretrain"] = np.flatnonzero(~np.isin(unit, unit[sorted(held_out)]))
    return parts, counts | {"other_labels": len(examples) - len(usable)}


def _strata(
    examples: Sequence[Example], unit: np.ndarray, settings: Settings
) -> Sequence[Hashable]:
    """What n examples of these (n,) units are divided by, so that all parts have their share."""
    if settings.kind == "token_classification":
        return [None] * len(examples)  # hardly any two have the same labels
    if settings.kind == "regression":
        return splits.quantiles(examples, splits.most_strata(unit, settings.sizes))
    return splits.labels(examples)


def _thinned(
    rows: np.ndarray, strata: Sequence[Hashable], unit: np.ndarray, settings: Settings
) -> np.ndarray:
    """The rows of train that stay at the study's fraction, some of those of a larger one.

    strata, unit: of all n examples that rows are indices of.
    """
    # A stream of its own: dev, test and pretrain are the same at every fraction.
    drawn = np.random.default_rng([settings.split_seed, 1])
    fraction = settings.train_fraction
    return splits.nested(rows, [fraction], drawn, strata, unit)[fraction]


def encode_part(seen: Seen, vocabulary: Vocabulary, unit: np.ndarray, settings: Settings) -> Ragged:
    """The id sequences of these n examples, with their labels, names and (n,) units."""
    ids, offsets = encode([example.symbols for example in seen.examples], vocabulary)
    names = np.array([example.id for example in seen.examples], dtype=str)
    tokens = None
    if settings.kind == "token_classification":
        tokens = token_labels(seen.examples, settings.classes)
    return Ragged(ids, offsets, seen.labels, names, unit, tokens)


def unlabelled(ragged: Ragged) -> Ragged:
    """The same sequences without their labels: -1, or NaN of a regression."""
    empty = np.nan if ragged.labels.dtype.kind == "f" else -1
    return replace(ragged, labels=np.full_like(ragged.labels, empty), token_labels=None)


def _cut_share(was_cut: np.ndarray) -> dict:
    """How many of n sequences were cut."""
    n, cut_off = len(was_cut), int(was_cut.sum())
    return {"n": n, "cut": cut_off, "share": cut_off / max(1, n)}


def encode(sequences: Sequence[Symbols], vocabulary: Vocabulary) -> tuple[np.ndarray, np.ndarray]:
    """ids (total,) int32 and offsets (n + 1,) int64 of [CLS] tokens [SEP], end to end.

    Raises KeyError for a token that is not in the vocabulary.
    """
    ids = vocabulary.ids()
    lengths = np.fromiter(map(len, sequences), dtype=np.int64, count=len(sequences))
    offsets = np.concatenate([[0], np.cumsum(lengths + 2)]).astype(np.int64)
    flat = np.empty(int(offsets[-1]), dtype=np.int32)
    for start in range(0, len(sequences), CHUNK):
        bounds = offsets[start : start + CHUNK + 1] - offsets[start]
        chunk = flat[offsets[start] :][: bounds[-1]]
        chunk[:] = _look_up(sequences[start : start + CHUNK], ids)
        chunk[bounds[:-1]], chunk[bounds[1:] - 1] = CLS, SEP
    return flat, offsets


def _look_up(sequences: Sequence[Symbols], ids: Mapping[str, int]) -> np.ndarray:
    """Ids of all tokens of `sequences`, end to end, with a [PAD] at either end of each."""
    if set(map(type, sequences)) != {str} or not "".join(sequences).isascii():
        framed = ((SPECIALS[PAD], *sequence, SPECIALS[PAD]) for sequence in sequences)
        return np.array([ids[token] for sequence in framed for token in sequence], dtype=np.int32)
    # Of single characters: one look-up in a table indexed by their codes.
    table = np.full(256, -1, dtype=np.int32)
    table[ord(FRAME)] = PAD
    for name, number in ids.items():
        if len(name) == 1 and name.isascii():
            table[ord(name)] = number
    joined = FRAME + (2 * FRAME).join(sequences) + FRAME
    codes = np.frombuffer(joined.encode("latin-1"), dtype=np.uint8)
    found = table[codes]
    if found.min() < 0:
        raise KeyError(chr(codes[found.argmin()]))
    return found
