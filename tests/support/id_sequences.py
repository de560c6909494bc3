"""Lists of ids -> id sequences, as a task's files hold them."""

from collections.abc import Sequence

import numpy as np

from seqtransfer.files.arrow import Ragged


def joined(sequences: Sequence, labels: Sequence[float], names: Sequence[str]) -> Ragged:
    """Sequences (each a list of ints) end to end. Integer labels become int64, others float64."""
    offsets = np.concatenate([[0], np.cumsum([len(s) for s in sequences])]).astype(np.int64)
    ids = np.fromiter((i for s in sequences for i in s), dtype=np.int32, count=int(offsets[-1]))
    labels = np.asarray(labels)
    kind = np.float64 if labels.size and labels.dtype.kind == "f" else np.int64
    return Ragged(ids, offsets, labels.astype(kind), np.asarray(names, dtype=str))
