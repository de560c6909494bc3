"""A domain's sequences without labels, from end to end: what an encoder can be pretrained on.

A task's own part `pretrain` holds what fine-tuning sees, such as the first 62 residues of each
training protein. A domain corpus holds these proteins whole, window after window, and the sequences
of a further source where it has one; it may serve several tasks. Nothing that one of them holds out
is in it: no example of dev or test that the study uses, under its own or another name, none that
shares a group with one, and no window that is equal to what the encoder sees of one. A genome is
not cut where examples are: of it, windows that share a run of tokens with an example can be left
out, too.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat

import numpy as np
import pandas as pd
from Bio.Seq import reverse_complement

from seqtransfer.corpora.examples import Example, Symbols
from seqtransfer.files.arrow import Ragged
from seqtransfer.tokens import encoding, manifests, tokenizations
from seqtransfer.tokens.views import Settings, arrange
from seqtransfer.tokens.vocabulary import Vocabulary


@dataclass(frozen=True)
class Served:
    """A task that a corpus serves. examples: of its whole corpus; manifest: of its split; settings:
    by which it sees an example."""

    examples: Sequence[Example]
    manifest: pd.DataFrame
    settings: Settings

    def pretrained_on(self) -> list[Example]:
        """The examples that the task's own part `pretrain` has, as its corpus has them."""
        ids = set(self.manifest["id"][self.manifest["part"] == "pretrain"])
        return [example for example in self.examples if example.id in ids]

    @cached_property
    def held_out_rows(self) -> pd.DataFrame:
        """Those of the manifest that are of dev or test."""
        return self.manifest[self.manifest["part"].isin(manifests.HELD_OUT)]

    @cached_property
    def groups(self) -> set[str]:
        """The groups of these examples."""
        return set(self.held_out_rows["group"]) - {""}

    @cached_property
    def views(self) -> set[Symbols]:
        """What the encoder sees of these examples, in the order that they have in the corpus."""
        ids = set(self.held_out_rows["id"])
        return {self.view(example) for example in self.examples if example.id in ids}

    @cached_property
    def split(self) -> tokenizations.Split:
        return tokenizations.splitter(self.settings.tokens)

    def view(self, example: Example) -> Symbols:
        """What the encoder sees of an example. Of two with one view, one may give the other away,
        whatever they are called and whatever follows."""
        return arrange(example, self.split, self.settings)[0]

    def holds_out(self, example: Example) -> bool:
        """Whether the task holds the example out, or one of its group or view. An example without a
        group may be a whole one, called as the group: a genome of which examples were cut."""
        return (example.group or example.id) in self.groups or self.view(example) in self.views


@dataclass(frozen=True)
class Apart:
    """How far another source keeps from what the tasks hold out: a window of it has no run of
    `kmer` tokens in common with what the encoder sees of dev and test; both_strands: nor with its
    reverse complement, for DNA."""

    kmer: int
    both_strands: bool = False


def build(
    served: Sequence[Served],
    further: Iterable[Example],
    settings: Settings,
    apart: Apart | None = None,
) -> tuple[Ragged, Vocabulary, dict[str, int]]:
    """The windows of a corpus, each once and unlabelled, its vocabulary, and counts.

    further: examples of another source, whose labels are not read; settings: of the tasks, with
    the greatest of their `max_length`; apart: of `further`, more than equal windows are left out.
    Windows of one example, or of one group, are one unit.
    Counts: `sequences` and `further`, examples of the tasks and of the other source, without
    `examples_dropped`, which one of the tasks holds out; `held_out_dropped`, windows equal to one
    of dev or test, or not apart from it; `repeats_dropped`; `pretrain`, windows.
    Raises ValueError if none is left.
    """
    split = tokenizations.splitter(settings.tokens)
    held_out = set().union(*(task.views for task in served))
    unseen = {form for tokens in held_out for form in _forms(tuple(tokens))}
    room = settings.max_length - 2
    shared = _runs(held_out, apart) if apart else set()
    found = [example for task in served for example in task.pretrained_on()], list(further)
    own, further = (
        [e for e in chosen if not any(task.holds_out(e) for task in served)] for chosen in found
    )
    units: dict[Symbols, tuple[str, str]] = {}
    counts = {"sequences": len(own), "further": len(further)}
    counts |= {"examples_dropped": sum(map(len, found)) - len(own) - len(further)}
    counts |= {"held_out_dropped": 0, "repeats_dropped": 0}
    for example, runs in (*zip(own, repeat(set())), *zip(further, repeat(shared))):
        for number, window in enumerate(_windows_of(example, split, room)):
            if window in unseen or (runs and not runs.isdisjoint(_kmers(window, apart.kmer))):
                counts["held_out_dropped"] += 1
            elif window in units:
                counts["repeats_dropped"] += 1
            else:
                name = f"{example.id}:{number}"
                units[window] = (name, example.group or example.id)
    if not units:
        raise ValueError("no sequence is left to pretrain on: all are held out by the tasks")
    vocabulary = Vocabulary.of({token for window in units for token in window})
    ids, offsets = encoding.encode(list(units), vocabulary)
    names, unit = (np.array(column, dtype=str) for column in zip(*units.values(), strict=True))
    labels = np.full(len(units), -1, dtype=np.int64)
    counts["pretrain"] = len(units)
    return Ragged(ids, offsets, labels, names, unit), vocabulary, counts


def windows(tokens: Symbols, room: int) -> list[Symbols]:
    """`tokens` cut into windows of `room`, one after another. A rest shorter than half a window is
    left out, unless it is all there is."""
    cuts = [tokens[start : start + room] for start in range(0, len(tokens), room)]
    return cuts[:-1] if len(cuts) > 1 and 2 * len(cuts[-1]) < room else cuts


def _windows_of(example: Example, split: tokenizations.Split, room: int) -> Iterator[Symbols]:
    for side in (example.symbols, example.second):
        if side:
            yield from windows(split(side), room)


def _runs(held_out: Iterable[Symbols], apart: Apart) -> set[Symbols]:
    """The runs of tokens that no window of another source may have."""
    sides = [tuple(tokens) for tokens in held_out]
    if apart.both_strands:
        sides += [tuple(map(reverse_complement, reversed(tokens))) for tokens in sides]
    return {form for side in sides for run in _kmers(side, apart.kmer) for form in _forms(run)}


def _kmers(tokens: Symbols, kmer: int) -> Iterator[Symbols]:
    """Every run of `kmer` tokens."""
    return (tokens[start : start + kmer] for start in range(len(tokens) - kmer + 1))


def _forms(tokens: tuple[str, ...]) -> tuple[Symbols, str]:
    """A sequence as a tuple and, where tokens are characters, as a string: a window is either."""
    return tokens, "".join(tokens)
