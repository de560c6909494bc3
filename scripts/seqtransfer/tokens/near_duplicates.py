"""Sequences -> which of them nearly repeat each other, by their sets of k-mers, and how nearly.

The similarity of two sequences is the Jaccard index of their sets of k-mers (runs of k symbols): 1
for equal sets, 0 for disjoint ones. Symbols may be of any kind: nucleotides, residues, pitches,
word pieces. A sequence shorter than k is one k-mer, filled up with blanks. Of a sequence and a copy
in which each symbol is replaced with probability m, it is about (1-m)^k / (2 - (1-m)^k).

Choose k so that unrelated sequences share few k-mers: alphabet^k well above the length (DNA of 60
symbols: 5 or more; of 500 symbols: 8 or more; proteins: 3 or more).

All similarities are exact: products of sparse incidence matrices count the shared k-mers, block by
block, so that memory does not grow with the number of pairs. MinHash with banding (datasketch 2.0,
128 permutations, its own choice of 25 bands of 5) was tried instead: signing 20,000 sequences takes
as long as all their exact similarities, and pairs at the threshold 0.5 are found with probability
1 - (1 - 0.5^5)^25 = 0.55. Prefix filtering was tried, too: 6 to 11 times slower, since in sequences
of few symbols no k-mer is rare.
"""

from collections.abc import Hashable, Iterator, Sequence
from itertools import chain

import numpy as np
import pandas as pd
from Bio.Align import PairwiseAligner
from scipy.sparse import csgraph, csr_array

CELLS = 1 << 23  # similarities of a block; about 200 MB while they are computed


def clusters(sequences: Sequence[Sequence[Hashable]], kmer: int, threshold: float) -> np.ndarray:
    """Cluster of every sequence: the connected components of `similarity >= threshold`.

    Two sequences of one cluster need not be similar themselves: a chain of similar ones suffices.
    Returns (n,) int64 numbers from 0 in order of first appearance. Which sequences share a cluster
    does not depend on their order. Time grows with the number of pairs that share a k-mer.

    Raises ValueError if kmer is below 1 or threshold not in (0, 1].
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"neighbours: threshold is {threshold}; it must be above 0, at most 1")
    sets = incidence(sequences, kmer)
    labels = np.arange(len(sequences), dtype=np.int64)
    for left, right in _similar_pairs(sets, threshold):
        # Merged block by block: one number a sequence, however many pairs there are.
        edges = csr_array(
            (np.ones(len(left), dtype=np.int8), (labels[left], labels[right])),
            shape=(len(labels), len(labels)),
        )
        labels = csgraph.connected_components(edges, directed=False)[1][labels].astype(np.int64)
    _, first, numbers = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first)).astype(np.int64)[numbers]


def nearest(
    queries: Sequence[Sequence[Hashable]], references: Sequence[Sequence[Hashable]], kmer: int
) -> tuple[np.ndarray, np.ndarray]:
    """The most similar reference of every query: similarities (q,) float64, indices (q,) int64.

    Of equally similar references the first; similarity 0 and index -1 where no k-mer is shared.
    Raises ValueError if kmer is below 1.
    """
    sets = incidence([*queries, *references], kmer)
    left, right = sets[: len(queries)], sets[len(queries) :].T.tocsr()
    left_sizes, right_sizes = np.diff(left.indptr), np.diff(sets.indptr)[len(queries) :]
    similarity = np.zeros(len(queries))
    index = np.full(len(queries), -1, dtype=np.int64)
    step = max(1, CELLS // max(1, len(references)))
    for start in range(0, len(queries), step):
        shared = left[start : start + step] @ right
        hits = np.diff(shared.indptr)
        rows = np.flatnonzero(hits)
        if not len(rows):
            continue
        sizes = np.repeat(left_sizes[start : start + step], hits)
        values = shared.data / (sizes + right_sizes[shared.indices] - shared.data)
        best = np.maximum.reduceat(values, shared.indptr[rows])
        candidates = np.where(
            values == np.repeat(best, hits[rows]), shared.indices, len(references)
        )
        similarity[start + rows] = best
        index[start + rows] = np.minimum.reduceat(candidates, shared.indptr[rows])
    return similarity, index


def identity(left: Sequence[Hashable], right: Sequence[Hashable]) -> float:
    """1 - edit distance / length of the longer: 1 for equal sequences, 0 for nothing in common.

    The edit distance (Levenshtein) counts replaced, inserted and deleted symbols.
    """
    if not left or not right:
        return float(len(left) == len(right))
    numbers = {symbol: i for i, symbol in enumerate({*left, *right})}
    arrays = [np.array([numbers[s] for s in side], dtype=np.int32) for side in (left, right)]
    aligner = PairwiseAligner(mode="global", match_score=0, mismatch_score=-1, gap_score=-1)
    return 1 + aligner.score(*arrays) / max(len(left), len(right))


def numbered(sequences: Sequence[Sequence[Hashable]]) -> np.ndarray:
    """(total,) int64: the symbols of all sequences, end to end, each by the number of its kind in
    order of first appearance."""
    total = sum(map(len, sequences))
    symbols = np.fromiter(chain.from_iterable(sequences), dtype=object, count=total)
    return pd.factorize(symbols, use_na_sentinel=False)[0]


def incidence(sequences: Sequence[Sequence[Hashable]], kmer: int) -> csr_array:
    """(n, m) int32 matrix with a 1 where sequence i holds k-mer j of those that occur.

    Raises ValueError if kmer is below 1.
    """
    if kmer < 1:
        raise ValueError(f"neighbours: kmer is {kmer}; it must be at least 1")
    if not len(sequences):
        return csr_array((0, 0), dtype=np.int32)
    sizes = np.fromiter(map(len, sequences), dtype=np.int64, count=len(sequences))
    lengths = np.maximum(kmer, sizes)
    blanks = np.cumsum(lengths - sizes) - (lengths - sizes)  # before each sequence
    flat = np.zeros(int(lengths.sum()), dtype=np.int64)  # 0 is the blank
    numbers = numbered(sequences) + 1
    flat[np.arange(len(numbers)) + np.repeat(blanks, sizes)] = numbers
    windows = lengths - kmer + 1
    rows = np.repeat(np.arange(len(sequences)), windows)
    first = np.arange(len(rows)) + rows * (kmer - 1)  # of each window; none crosses an end
    base = bound = int(numbers.max(initial=0)) + 1
    codes = flat[first]
    for shift in range(1, kmer):
        if bound > np.iinfo(np.int64).max // base:  # number only the prefixes that occur
            present, codes = np.unique(codes, return_inverse=True)
            bound = len(present)
        codes, bound = codes * base + flat[first + shift], bound * base
    present, columns = np.unique(codes, return_inverse=True)
    sets = csr_array(
        (np.ones(len(rows), dtype=np.int32), (rows, columns)),
        shape=(len(sequences), len(present)),
    )
    sets.sum_duplicates()
    sets.data[:] = 1
    return sets


def _similar_pairs(sets: csr_array, threshold: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Blocks of index pairs (left > right) whose similarity reaches the threshold."""
    sizes = np.diff(sets.indptr)
    step = max(1, CELLS // max(1, len(sizes)))
    for start in range(0, len(sizes), step):
        block = sets[start : start + step]
        skipped = sets.indptr[start]
        rest = csr_array(  # a view of the rows from `start` on
            (sets.data[skipped:], sets.indices[skipped:], sets.indptr[start:] - skipped),
            shape=(len(sizes) - start, sets.shape[1]),
        )
        shared = rest @ block.T.tocsr()
        # Shared k-mers are at least threshold x the size of either set: sift by the smallest.
        least = threshold * sizes[start : start + step].min()
        likely = np.flatnonzero(shared.data >= least * (1 - 1e-9))
        left = np.searchsorted(shared.indptr, likely, side="right") - 1 + start
        right, count = shared.indices[likely] + start, shared.data[likely]
        similar = (count / (sizes[left] + sizes[right] - count) >= threshold) & (left > right)
        if similar.any():
            yield left[similar], right[similar]
