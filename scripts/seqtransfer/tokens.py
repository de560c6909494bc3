"""Examples -> the id sequences of a task: repeats dropped, split, subsampled, encoded.

`build` is the whole chapter as one pure function: the same examples and settings give the same
arrays. Parts: `train`, `dev`, `test`, and `pretrain`, the unlabelled sequences of the training part
before subsampling, of every class that the corpus has.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from seqtransfer import splits
from seqtransfer.corpora import Example, read_fasta, read_text
from seqtransfer.formats import Ragged
from seqtransfer.midi import read_midi_folders
from seqtransfer.vocabulary import CLS, SEP, Vocabulary, WordPieces


@dataclass(frozen=True)
class Settings:
    """How a task's examples become parts. Sizes in examples, max_length in tokens."""

    classes: tuple[str, ...]
    split: str  # stratified, grouped or given
    truncate: str  # head, centre or tail
    max_length: int
    sizes: dict[str, int]
    split_seed: int


def read_examples(
    form: str, corpus: Sequence[Path], wordpieces: WordPieces, notes: int
) -> list[Example]:
    """Read a corpus of format `fasta`, `text` (split in word pieces) or `midi` (in windows)."""
    if form == "text":
        return [
            Example(e.id, wordpieces.split(e.text), e.label, e.group, e.split)
            for e in read_text(corpus[0])
        ]
    if form == "midi":
        return read_midi_folders([folder / "index.tsv" for folder in corpus], notes)
    return read_fasta(corpus[0])


def build(
    examples: Sequence[Example], settings: Settings
) -> tuple[dict[str, Ragged], Vocabulary, dict]:
    """Parts of id sequences, the vocabulary, and the counts of what was dropped and cut.

    The vocabulary holds every symbol of every part: a symbol that no training sequence has keeps
    its initial embedding, exactly as it would in the full table.
    Raises ValueError for a class with too few examples.
    """
    if not examples:
        raise ValueError("the corpus holds no examples")
    # Cut first: proteins that differ only past the cut are one sequence to the encoder.
    room = settings.max_length - 2
    truncated = {e.id for e in examples if len(e.symbols) > room}
    examples = [replace(e, symbols=cut(e.symbols, room, settings.truncate)) for e in examples]
    kept, counts = splits.drop_repeats(examples)
    examples = [examples[i] for i in kept]
    labelled = np.array([i for i, e in enumerate(examples) if e.label in settings.classes])
    if not len(labelled):
        raise ValueError(
            f"no example carries one of the classes {list(settings.classes)}; the corpus has"
            f" {sorted({str(e.label) for e in examples})[:20]}"
        )
    generator = np.random.default_rng(settings.split_seed)
    chosen = [examples[i] for i in labelled]
    if settings.split == "given":
        parts = splits.split_given(chosen)
    elif settings.split == "grouped":
        parts = splits.split_grouped(chosen, settings.sizes, generator)
    else:
        parts = splits.split_stratified(chosen, settings.sizes, generator)
    held_out = {int(labelled[i]) for part in ("dev", "test") for i in parts[part]}
    held_out |= {i for i, e in enumerate(examples) if e.split in ("dev", "test")}
    groups = {examples[i].group for i in held_out} - {None}
    pretrain = [i for i, e in enumerate(examples) if i not in held_out and e.group not in groups]
    parts = {
        part: splits.subsample(chosen, indices, settings.sizes[part], generator)
        for part, indices in parts.items()
    }
    splits.check_classes(chosen, parts, settings.classes)
    selected = {part: labelled[indices] for part, indices in parts.items()}
    selected["pretrain"] = np.array(pretrain)

    used = set().union(*(map(int, indices) for indices in selected.values()))
    vocabulary = Vocabulary.of(symbol for i in used for symbol in examples[i].symbols)
    ids = vocabulary.ids()
    arrays = {}
    for part, indices in selected.items():
        sequences = [[CLS, *(ids[symbol] for symbol in examples[i].symbols), SEP] for i in indices]
        labels = [
            -1 if part == "pretrain" else settings.classes.index(examples[i].label) for i in indices
        ]
        arrays[part] = Ragged.from_lists(sequences, labels, [examples[i].id for i in indices])
        counts[part] = len(indices)
        counts[f"{part}_truncated"] = sum(examples[i].id in truncated for i in indices)
    return arrays, vocabulary, counts


def cut(symbols: tuple[str, ...], room: int, policy: str) -> tuple[str, ...]:
    """At most `room` symbols: the first (`head`), the last (`tail`) or the middle (`centre`)."""
    extra = max(0, len(symbols) - room)
    start = {"head": 0, "centre": extra // 2, "tail": extra}[policy]
    return symbols[start : start + room]
