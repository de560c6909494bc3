"""Artificial corpora: the catalogue's entry -> sequences without meaning.

LAWS says which there are: frequencies and pairs (`artificial_laws`), inputs with what an algorithm
makes of them (`procedural_tasks`), and runs of machines (`simulated_machines`). `shuffled` is no
law: it takes the order from sequences that exist.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from seqtransfer.files.arrow import Ragged
from seqtransfer.tokens import artificial_laws, procedural_tasks, simulated_machines
from seqtransfer.tokens.vocabulary import CLS, SEP, SPECIALS

# Kind -> law: (generator, sequences, tokens, options) -> symbols, (sequences, at most tokens)
# int64, at least 0; in procedural tasks NOTHING where a sequence has ended.
LAWS: dict[str, Callable[..., np.ndarray]] = {
    "zipf": artificial_laws.zipf,
    "markov": artificial_laws.markov,
    "nested": artificial_laws.nested,
    "flat": artificial_laws.flat,
    "shuffle_dyck": artificial_laws.shuffle_dyck,
    "reverse": procedural_tasks.reverse,
    "sort": procedural_tasks.sort,
    "set": procedural_tasks.distinct,
    "stack": procedural_tasks.stack,
    "automaton": simulated_machines.automaton,
    "lstm": simulated_machines.lstm,
}


def draw(record: Mapping, generator: np.random.Generator) -> tuple[Ragged, list[str]]:
    """The unlabelled sequences `[CLS] symbols [SEP]` of a catalogue's artificial corpus, and the
    names of its symbols, which are their numbers.

    record: `kind`, one of LAWS; `sequences`; `length` in tokens with [CLS] and [SEP], which no
    sequence exceeds; the options of the law. `title` is not read.
    """
    options = {k: v for k, v in record.items() if k not in ("kind", "title", "sequences", "length")}
    n = record["sequences"]
    drawn = LAWS[record["kind"]](generator, n, record["length"] - 2, **options)
    there = drawn != procedural_tasks.NOTHING
    lengths = there.sum(axis=1) + 2
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    ids = np.full(offsets[-1], SEP, dtype=np.int32)
    ids[offsets[:-1]] = CLS
    body = np.ones(len(ids), dtype=bool)
    body[offsets[:-1]] = body[offsets[1:] - 1] = False
    ids[body] = drawn[there] + len(SPECIALS)
    digits = len(str(options["symbols"] - 1))
    ragged = Ragged(ids, offsets, np.full(n, -1, dtype=np.int64), np.arange(n).astype(str))
    return ragged, [f"{number:0{digits}d}" for number in range(options["symbols"])]


def shuffled(ragged: Ragged, generator: np.random.Generator) -> Ragged:
    """The same sequences with their symbols in random order, each within itself; special tokens
    stay where they are."""
    places = np.flatnonzero(ragged.ids >= len(SPECIALS))
    owners = np.repeat(np.arange(len(ragged)), ragged.lengths)[places]
    ids = ragged.ids.copy()
    ids[places] = ids[places[np.lexsort((generator.random(len(places)), owners))]]
    return replace(ragged, ids=ids)
