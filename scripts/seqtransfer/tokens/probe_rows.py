"""Which test sequences have enough tokens for hidden states to be compared at them."""

import numpy as np

from seqtransfer.files.arrow import Ragged
from seqtransfer.tokens.vocabulary import CLS, SEP


def long_enough(test: Ragged, task: str, tokens: int) -> np.ndarray:
    """(n,) int: rows of `test` with at least `tokens` tokens besides [CLS] and [SEP].

    Raises ValueError naming the task unless they are of at least 2 units.
    """
    own = [np.count_nonzero((test[row] != CLS) & (test[row] != SEP)) for row in range(len(test))]
    rows = np.flatnonzero(np.array(own, int) >= tokens)
    if len(np.unique(np.asarray(test.units)[rows])) < 2:
        raise ValueError(
            f"represent.tokens is {tokens}, but only {len(rows)} test sequences of {task}"
            f" have as many tokens, and the longest has {max(own)}; at least 2 that share nothing"
            " are needed: lower it"
        )
    return rows
