"""Id sequences -> batches: which examples, in which order, padded to the longest of the batch."""

from collections.abc import Iterator

import numpy as np

from seqtransfer.formats import Ragged
from seqtransfer.vocabulary import PAD

POOL = 8  # batches that are sorted by length together


def order(
    lengths: np.ndarray, batch_size: int, steps: int, generator: np.random.Generator
) -> Iterator[np.ndarray]:
    """Exactly `steps` batches of `batch_size` indices; epochs in fresh order, none padded much.

    Each epoch is a permutation, cut in pools of POOL batches; within a pool examples are sorted by
    length, and the pool's batches come in random order. What is left of an epoch after its last
    full batch is skipped. A set smaller than a batch gives batches of the whole set.
    """
    batch_size = min(batch_size, len(lengths))
    done = 0
    while done < steps:
        indices = generator.permutation(len(lengths))
        indices = indices[: len(indices) // batch_size * batch_size]
        for start in range(0, len(indices), POOL * batch_size):
            pool = indices[start : start + POOL * batch_size]
            pool = pool[np.argsort(lengths[pool], kind="stable")].reshape(-1, batch_size)
            for batch in pool[generator.permutation(len(pool))]:
                if done == steps:
                    return
                yield batch
                done += 1


def in_length_order(lengths: np.ndarray, batch_size: int) -> Iterator[np.ndarray]:
    """Every index once, in batches of similar length, for evaluation."""
    indices = np.argsort(lengths, kind="stable")
    for start in range(0, len(indices), batch_size):
        yield indices[start : start + batch_size]


def collate(ragged: Ragged, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """ids (batch, longest) int64 padded with PAD, and mask (batch, longest) int64 or None.

    The mask is None where no sequence is padded, so that attention needs none.
    """
    sequences = [ragged[i] for i in indices]
    longest = max(len(s) for s in sequences)
    ids = np.full((len(sequences), longest), PAD, dtype=np.int64)
    for row, sequence in zip(ids, sequences, strict=True):
        row[: len(sequence)] = sequence
    if all(len(s) == longest for s in sequences):
        return ids, None
    lengths = np.array([len(s) for s in sequences])
    return ids, (np.arange(longest) < lengths[:, None]).astype(np.int64)
