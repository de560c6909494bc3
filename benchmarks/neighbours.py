"""CPU seconds to cluster near-duplicates, against brute force in the same run.

    python benchmarks/neighbours.py                (about 10 minutes and 1 GB on one core)
    python benchmarks/neighbours.py --sizes 3000

Sequences are random, a fifth of them mutated copies of others (5 % of symbols replaced). Brute
force compares Python sets pair by pair; it is timed on 1,000 sequences and scaled by the number of
pairs, since that is what its time is proportional to.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))
from seqtransfer.study.peak_memory import peak_memory
from seqtransfer.tokens import near_duplicates

BRUTE = 1000
CORPORA = {  # name: alphabet, length, kmer, threshold
    "DNA, 60 nt, 5-mers": (4, 60, 5, 0.5),
    "DNA, 500 nt, 8-mers": (4, 500, 8, 0.4),
    "protein, 254 residues, 5-mers": (20, 254, 5, 0.4),
}


def corpus(n: int, alphabet: int, length: int, rng: np.random.Generator) -> list[tuple[int, ...]]:
    """n random sequences; the last fifth are mutants of random ones of the others."""
    sequences = rng.integers(0, alphabet, (n, length))
    copies = n // 5
    sequences[n - copies :] = sequences[rng.integers(0, n - copies, copies)]
    mutated = rng.random((copies, length)) < 0.05
    sequences[n - copies :][mutated] = rng.integers(0, alphabet, int(mutated.sum()))
    return [tuple(row) for row in sequences.tolist()]


def brute_force(sequences: list[tuple[int, ...]], kmer: int, threshold: float) -> int:
    """Number of similar pairs, by comparing sets pair by pair."""
    sets = [{s[i : i + kmer] for i in range(len(s) - kmer + 1)} for s in sequences]
    found = 0
    for i, left in enumerate(sets):
        for right in sets[:i]:
            shared = len(left & right)
            found += shared / (len(left) + len(right) - shared) >= threshold
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[3000, 20_000, 100_000])
    sizes = parser.parse_args().sizes
    for name, (alphabet, length, kmer, threshold) in CORPORA.items():
        rng = np.random.default_rng(0)
        few = corpus(BRUTE, alphabet, length, rng)
        start = time.process_time()
        brute_force(few, kmer, threshold)
        per_pair = (time.process_time() - start) / (BRUTE * (BRUTE - 1) / 2)
        for n in sizes:
            sequences = corpus(n, alphabet, length, rng)
            start = time.process_time()
            found = near_duplicates.clusters(sequences, kmer, threshold)
            seconds = time.process_time() - start
            ratio = per_pair * n * (n - 1) / 2 / seconds
            peak = peak_memory() / 2**20
            print(
                f"{name}, n = {n:,}: {seconds:.1f} s, {found.max() + 1:,} clusters; brute force"
                f" takes {ratio:.0f} times as long; peak memory so far {peak:.0f} MB",
                flush=True,
            )


if __name__ == "__main__":
    main()
