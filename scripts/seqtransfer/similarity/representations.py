"""Representations: a model's hidden states of every layer, at the same tokens for all encoders.

The probe is the set of tokens that are compared: some sequences of a task's test part, and some
positions in each.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
import torch

from seqtransfer import seeds
from seqtransfer.files.arrow import Ragged
from seqtransfer.similarity import representation_files
from seqtransfer.similarity.measures.permutation_null import BLOCK
from seqtransfer.tokens import probe_rows, units
from seqtransfer.tokens.vocabulary import CLS, SEP
from seqtransfer.training import batches
from seqtransfer.training.checkpoints import randomness
from seqtransfer.training.classifier import Classifier
from seqtransfer.training.finetuning import to_tensors
from seqtransfer.training.memory import SCORED
from seqtransfer.training.microbatches import MicroBatch

MOST_BLOCKS = 64  # more would tell nothing more of positions, and take long to re-pair
CHUNK = 4096  # sequences whose hidden states are in memory at a time


def probe(
    test: Ragged, task: str, *, sequences: int, tokens: int, pooled: bool = False
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Choose the tokens to compare: (s,) int, rows of `test`, and s arrays of positions, sorted.

    Drawn without replacement from a random stream that depends on the task alone, so that all
    encoders of a task are represented at the same tokens: at most `sequences` sequences, equally
    many of each unit (`units.balanced`), with `tokens` positions each, or with all positions if
    `pooled`. Positions are those of a block of units (see `_positions`), so that units re-paired
    within it share what encoders make of positions alone. [CLS] and [SEP] are left out, and so are
    sequences with fewer than `tokens` other tokens. Raises ValueError unless sequences of at least
    2 units are long enough.
    """
    generator = seeds.generator(0, task, "probe")
    long_enough = probe_rows.long_enough(test, task, tokens)
    unit = np.asarray(test.units)
    rows = units.balanced(generator.permutation(long_enough), unit, sequences)
    places = [_probed(test[row]) for row in rows]
    if pooled:
        return rows, places
    return rows, _positions(places, unit[rows], tokens, generator)


def _positions(
    places: Sequence[np.ndarray], units: np.ndarray, tokens: int, generator: np.random.Generator
) -> list[np.ndarray]:
    """`tokens` of the `places` of each sequence, which may be probed, sorted.

    Units of about one length are a block, of BLOCK units or more, and all its sequences have the
    same of their places, within the shortest: those that were taken least often before, drawn among
    equals. With many blocks, about as many pairs of rows share a place as of all tokens of a task.
    """
    number = np.unique(units, return_inverse=True)[1]
    shortest = np.full(number.max() + 1, max(map(len, places)))
    np.minimum.at(shortest, number, list(map(len, places)))
    by_length = generator.permutation(len(shortest))
    by_length = by_length[np.argsort(shortest[by_length], kind="stable")]
    count = max(1, min(len(shortest) // BLOCK, MOST_BLOCKS))
    starts = np.arange(1, count) * (len(shortest) // count)  # the last has what is left, too
    taken, chosen = np.zeros(shortest.max(), int), {}
    for block in np.split(by_length, starts):
        room = shortest[block].min()
        least = np.lexsort((generator.random(room), taken[:room]))[:tokens]
        taken[least] += 1
        chosen |= dict.fromkeys(block.tolist(), np.sort(least))
    return [place[chosen[unit]] for place, unit in zip(places, number.tolist(), strict=True)]


def _probed(sequence: np.ndarray) -> np.ndarray:
    """Positions of a sequence's tokens but [CLS] and [SEP]."""
    return np.flatnonzero((sequence != CLS) & (sequence != SEP))


def write(
    path: Path,
    model: Classifier,
    test: Ragged,
    probed: tuple,
    device: str,
    at_a_time: MicroBatch,
    *,
    pooled: bool = False,
    dropout: int | None = None,
) -> None:
    """Write the hidden states at `probed`, the result of `probe`, as a `representation_files` file.

    A row is a token, with the id "example:number", its number, from 1, among the sequence's tokens
    but [CLS] and [SEP]; if `pooled`, the mean over these, with the id "example:mean". device: "cpu"
    or "cuda". at_a_time: how many sequences go through the model at a time, which falls if memory
    runs out. dropout: seed of the dropout that stays on; off when None.
    """
    if dropout is not None:
        model.encoder.dropout.seed(dropout)
        torch.manual_seed(dropout)  # encoders of the transformers library draw from it
    chunks = _chunks(
        model, test, *probed, device, at_a_time, pooled=pooled, dropout=dropout is not None
    )
    representation_files.write(path, chunks)


def _chunks(
    model, test, rows, positions, device, at_a_time, *, pooled, dropout
) -> Iterator[representation_files.Chunk]:
    numbers = np.unique(test.units[rows], return_inverse=True)[1].astype(np.int32)
    for start in range(0, len(rows), CHUNK):
        part = slice(start, start + CHUNK)
        named = zip(test.names[rows[part]], rows[part], positions[part], strict=True)
        counted = (
            (name, ["mean"] if pooled else 1 + np.searchsorted(_probed(test[row]), places))
            for name, row, places in named
        )
        ids = np.array([f"{name}:{number}" for name, own in counted for number in own])
        counts = [1 if pooled else len(row) for row in positions[part]]
        sequences = np.repeat(np.arange(start, start + len(counts), dtype=np.int32), counts)
        layers = hidden_states(
            model, test, rows[part], positions[part], device, at_a_time,
            pooled=pooled, dropout=dropout,
        )  # fmt: skip
        yield ids, sequences, np.repeat(numbers[part], counts), layers


def hidden_states(
    model: Classifier, test: Ragged, rows: np.ndarray, positions, device: str,
    at_a_time: MicroBatch, *, pooled: bool = False, dropout: bool = False,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Compute `layer_0` (embeddings) .. `layer_L`: (n, width) float32, sequence after sequence.

    rows: (s,) int, rows of `test`; positions: s arrays of positions, of equal length t, so that
    n = s t; if `pooled`, of any length, and their means are taken, so that n = s. dropout: whether
    it stays on. Arithmetic is float32. at_a_time: as in `write`.
    DIFFERS: the released code leaves dropout on for random encoders and the protein model, and off
    for the text-pretrained one; here it is off unless `represent.dropout` names the arm.
    """
    model.to(device).train(dropout)
    subset = test.take(rows)
    layers: list[np.ndarray] = []

    def found_at(indices: np.ndarray, size: int) -> list[list[torch.Tensor]]:
        starts = range(0, len(indices), size)
        parts = [_found(model, subset, indices[i : i + size], positions, device) for i in starts]
        return [list(chain(*of_layer)) for of_layer in zip(*parts, strict=True)]

    with torch.inference_mode():
        for indices in batches.in_length_order(subset.lengths, batch_size=SCORED):
            undo = randomness(model.encoder.dropout)
            found = at_a_time.attempt(partial(found_at, indices), undo)
            if not layers:
                each = 1 if pooled else len(positions[0])
                shape = (len(rows), each, found[0][0].shape[-1])
                layers = [np.zeros(shape, dtype=np.float32) for _ in found]
            for layer, picked in zip(layers, found, strict=True):
                for index, states_there in zip(indices, picked, strict=True):
                    kept = states_there.mean(dim=0) if pooled else states_there
                    layer[index] = kept.numpy()
    return {f"layer_{i}": layer.reshape(-1, layer.shape[-1]) for i, layer in enumerate(layers)}


def _found(
    model: Classifier, subset: Ragged, indices: np.ndarray, positions, device: str
) -> list[Sequence[torch.Tensor]]:
    """Of each layer the states of each sequence at its positions, (t, width)."""
    ids, mask = to_tensors(subset, indices, device)
    counts = [len(positions[index]) for index in indices]
    starts = np.repeat(np.arange(len(indices)) * ids.shape[1], counts)
    places = starts + np.concatenate([positions[index] for index in indices])
    at = torch.as_tensor(places, device=device)
    states = model.encoder.hidden_states(ids, mask, at)
    return [_at(state, at).cpu().split(counts) for state in states]


def _at(state: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """(n, width): these rows of a layer's states; those of the last layer are no others."""
    return state if state.ndim == 2 else state.flatten(0, 1)[rows]
