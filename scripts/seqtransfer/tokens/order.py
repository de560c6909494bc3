"""Id sequences -> the same tokens in random order: what a task can do without order."""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from seqtransfer import seeds
from seqtransfer.files.arrow import Ragged
from seqtransfer.tokens.vocabulary import CLS, SEP


def shuffled(ragged: Ragged, seed: int) -> Ragged:
    """The same sequences, the tokens of each text of a sequence in an order of their own.

    [CLS] and [SEP] stay where they are, so that no token of a pair changes sides. The order depends
    on `seed` and on the example's name alone: it is the same in every part, arm and study.
    """
    ids = ragged.ids.copy()
    for name, (start, end) in zip(ragged.names, pairwise(ragged.offsets), strict=True):
        sequence, generator = ids[start:end], seeds.generator(seed, str(name), "order of tokens")
        borders = np.flatnonzero((sequence == CLS) | (sequence == SEP))
        for left, right in pairwise(borders):
            generator.shuffle(sequence[left + 1 : right])
    return replace(ragged, ids=ids)
