"""Id sequences -> batches: which examples, in which order, padded to the longest of the batch."""

from collections.abc import Iterator

import numpy as np

from seqtransfer.files.arrow import Ragged
from seqtransfer.tokens.vocabulary import PAD

POOL = 8  # batches whose examples are sorted by length together
WIDTHS = 16  # on a GPU, the width of a batch is a multiple of this: few shapes to record


def order(
    lengths: np.ndarray, batch_size: int, steps: int, generator: np.random.Generator
) -> Iterator[np.ndarray]:
    """Yield exactly `steps` batches of indices, (batch_size,) int64, with little padding.

    lengths: (n,) int, tokens of each example.
    Each epoch is a new permutation, cut into pools of POOL batches. Within a pool, examples are
    sorted by length and cut into batches, which come in random order. Examples after the last full
    batch of an epoch are skipped. A set smaller than a batch gives batches of the whole set.
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
    """Yield every index once, in batches of similar length, for evaluation: (batch_size,) int64, or
    fewer in the last. lengths: (n,) int, tokens of each example."""
    indices = np.argsort(lengths, kind="stable")
    for start in range(0, len(indices), batch_size):
        yield indices[start : start + batch_size]


def collate(
    ragged: Ragged, indices: np.ndarray, multiple: int = 1
) -> tuple[np.ndarray, np.ndarray | None]:
    """ids (batch, width) int64, padded with PAD, and mask (batch, width) int64, 0 at padding, or
    None.

    indices: (batch,) int, of the sequences.
    The width is the length of the batch's longest sequence, rounded up to a multiple of `multiple`,
    but at most the length of the longest sequence of `ragged`. Without padding the mask is None.
    """
    lengths = ragged.lengths[indices]
    width = int(lengths.max())
    if width % multiple:
        width = min(width + multiple - width % multiple, int(ragged.lengths.max()))
    ids = padded(ragged, ragged.ids, indices, width, PAD)
    if lengths.min() == width:
        return ids, None
    return ids, (np.arange(width) < lengths[:, None]).astype(np.int64)


def padded(
    ragged: Ragged, values: np.ndarray, indices: np.ndarray, width: int, fill: int
) -> np.ndarray:
    """(batch, width) int64: the values of these sequences' ids, then `fill`.

    values: (total,) int, one for each id of `ragged`; indices: (batch,) int, of the sequences;
    width: at least the length of the longest of them.
    """
    rows = np.full((len(indices), width), fill, dtype=np.int64)
    for row, index in zip(rows, indices, strict=True):
        start, end = ragged.offsets[index], ragged.offsets[index + 1]
        row[: end - start] = values[start:end]
    return rows
