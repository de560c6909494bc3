"""A classifier and probe sequences -> hidden states of every layer at the same token positions."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from seqtransfer import seeds
from seqtransfer.files.arrow import Ragged
from seqtransfer.similarity import state_files
from seqtransfer.tokens.vocabulary import CLS, SEP
from seqtransfer.training import batches
from seqtransfer.training.classifier import Classifier
from seqtransfer.training.finetuning import to_tensors

CHUNK = 4096  # sequences whose states are in memory at a time


def probe(
    test: Ragged, task: str, *, sequences: int, tokens: int, pooled: bool = False
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Which tokens are compared: (s,) rows of `test` and, of each, the positions in it, sorted.

    Drawn without replacement from a stream that depends on the task alone, so that all encoders of
    a task are seen at the same places: `tokens` of each sequence, or if `pooled` all of them. [CLS]
    and [SEP] are left out, and so are sequences with fewer than `tokens` others.
    Raises ValueError if fewer than 2 sequences are long enough.
    """
    generator = seeds.generator(0, task, "probe")
    places = [np.flatnonzero((test[row] != CLS) & (test[row] != SEP)) for row in range(len(test))]
    long_enough = np.array([row for row, place in enumerate(places) if len(place) >= tokens])
    if len(long_enough) < 2:
        raise ValueError(
            f"represent.tokens is {tokens}, but only {len(long_enough)} test sequences of {task}"
            " have as many tokens; lower it"
        )
    rows = np.sort(generator.permutation(long_enough)[:sequences])
    if pooled:
        return rows, [places[row] for row in rows]
    return rows, [np.sort(generator.permutation(places[row])[:tokens]) for row in rows]


def write(
    path: Path, model: Classifier, test: Ragged, probed: tuple, device: str, *, pooled: bool = False
) -> None:
    """Write the hidden states at `probed`, which is what `probe` chose, as `states` describes.

    A row is a token, called "example:position"; or if `pooled` the mean over a sequence's
    positions, called "example:mean".
    """
    state_files.write(path, _chunks(model, test, *probed, device, pooled))


def _chunks(model, test, rows, positions, device, pooled) -> Iterator[state_files.Chunk]:
    for start in range(0, len(rows), CHUNK):
        part = slice(start, start + CHUNK)
        places = ["mean"] if pooled else None
        named = zip(test.names[rows[part]], positions[part], strict=True)
        ids = np.array([f"{name}:{p}" for name, row in named for p in places or row])
        counts = [1 if pooled else len(row) for row in positions[part]]
        sequences = np.repeat(np.arange(start, start + len(counts), dtype=np.int32), counts)
        layers = hidden_states(model, test, rows[part], positions[part], device, pooled=pooled)
        yield ids, sequences, layers


def hidden_states(
    model: Classifier, test: Ragged, rows: np.ndarray, positions, device: str, *, pooled=False
) -> dict[str, np.ndarray]:
    """`layer_0` (embeddings) .. `layer_L`: (n, width) float32, sequence after sequence.

    rows: (s,) of `test`; positions: s arrays of positions, equally many unless `pooled`, which
    takes the mean over them, so that n = s. Dropout is off and arithmetic is float32.
    DIFFERS: the released code leaves dropout on for random encoders and off for pretrained ones.
    """
    model.to(device).eval()
    subset = Ragged.from_lists([test[r] for r in rows], test.labels[rows], test.names[rows])
    layers: list[np.ndarray] = []
    with torch.inference_mode():
        for indices in batches.in_length_order(subset.lengths, batch_size=64):
            ids, mask = to_tensors(subset, indices, device)
            counts = [len(positions[index]) for index in indices]
            starts = np.repeat(np.arange(len(indices)) * ids.shape[1], counts)
            places = starts + np.concatenate([positions[index] for index in indices])
            found = model.encoder.hidden_states(ids, mask, torch.as_tensor(places, device=device))
            found = [state.cpu().split(counts) for state in found]
            if not layers:
                each = 1 if pooled else len(positions[0])
                shape = (len(rows), each, found[0][0].shape[-1])
                layers = [np.zeros(shape, dtype=np.float32) for _ in found]
            for layer, picked in zip(layers, found, strict=True):
                for index, states_there in zip(indices, picked, strict=True):
                    kept = states_there.mean(dim=0) if pooled else states_there
                    layer[index] = kept.numpy()
    return {f"layer_{i}": layer.reshape(-1, layer.shape[-1]) for i, layer in enumerate(layers)}
