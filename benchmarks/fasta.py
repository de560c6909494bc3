"""FASTA to token ids: this library and a loop over Biopython's records, by turns.

    python benchmarks/fasta.py [--records 1000000] [--rounds 3]

Both read the same files and map the same symbols to the same ids, which is checked; ours also reads
labels, refuses what is no house FASTA, and frames each sequence by [CLS] and [SEP]. Files: DNA of
60 symbols on one line, and proteins of 60 to 447 residues (mean 254) in lines of 80, a fifth as
many. A line gives CPU seconds (the median over rounds of both sides in one process), records a
second, and the peak memory of a process of its own for each side, above what its imports take.
Then two files are read and encoded by two processes, one after another and at once: the ratio of
these wall times is how tokenizing, one job a task, scales to two cores.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
from Bio import SeqIO

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))
from seqtransfer.corpora import fasta
from seqtransfer.tokens import encoding
from seqtransfer.tokens.vocabulary import Vocabulary

CORPORA = {"dna": ("ACGT", (60, 61), 1), "protein": ("ACDEFGHIKLMNPQRSTVWY", (60, 448), 5)}
LINE = 80


def write(path: Path, records: int, alphabet: str, lengths: tuple[int, int], seed: int) -> None:
    """Random sequences of three classes, in house FASTA."""
    rng = np.random.default_rng(seed)
    letters = np.frombuffer(alphabet.encode(), dtype=np.uint8)
    ends = np.cumsum(rng.integers(*lengths, records)).tolist()
    drawn = letters[rng.integers(0, len(letters), ends[-1], dtype=np.uint8)].tobytes().decode()
    with open(path, "w") as file:
        for number, (start, end) in enumerate(pairwise([0, *ends])):
            sequence = drawn[start:end]
            lines = (sequence[i : i + LINE] for i in range(0, len(sequence), LINE))
            file.write("\n".join([f">seq{number} label=class{number % 3}", *lines]) + "\n")


def ours(path: Path, vocabulary: Vocabulary) -> tuple[np.ndarray, np.ndarray]:
    return encoding.encode(fasta.read_fasta(path).symbols, vocabulary)


def biopython(path: Path, vocabulary: Vocabulary) -> list[list[int]]:
    ids = vocabulary.ids()
    return [[ids[symbol] for symbol in record.seq.upper()] for record in SeqIO.parse(path, "fasta")]


SIDES = {"ours": ours, "biopython": biopython}


def child(side: str, path: Path, alphabet: str) -> None:
    """Print when one side began and ended, and its peak memory in MB above that of its imports."""
    before, began = _peak(), time.perf_counter()
    found = SIDES[side](path, Vocabulary.of(alphabet))
    print(json.dumps([began, time.perf_counter(), _peak() - before]))
    del found


def _peak() -> float:
    status = Path("/proc/self/status").read_text()  # getrusage counts the parent's memory, too
    return int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) / 1024


def start(side: str, path: Path, alphabet: str) -> subprocess.Popen:
    command = [sys.executable, __file__, "--child", side, str(path), alphabet]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen) -> tuple[float, float, float]:
    return tuple(json.loads(process.communicate()[0]))


def compare(name: str, path: Path, records: int, alphabet: str, rounds: int) -> None:
    vocabulary = Vocabulary.of(alphabet)
    seconds = {side: [] for side in SIDES}
    for _ in range(rounds):
        found = {}
        for side, read in SIDES.items():
            began = time.process_time()
            found[side] = read(path, vocabulary)
            seconds[side].append(time.process_time() - began)
        ids, offsets = found["ours"]
        lengths = np.fromiter(map(len, found["biopython"]), dtype=np.int64)
        theirs = np.fromiter((i for row in found["biopython"] for i in row), dtype=np.int32)
        assert np.array_equal(np.diff(offsets), lengths + 2)
        assert np.array_equal(np.delete(ids, [*offsets[:-1], *(offsets[1:] - 1)]), theirs)
        del found, ids, offsets, lengths, theirs
    base = statistics.median(seconds["ours"])
    for side, times in seconds.items():
        median, peak = statistics.median(times), finish(start(side, path, alphabet))[2]
        print(
            f"{name}, {records:,} records, {side:9}: {median:6.2f} s CPU, {records / median:9,.0f}"
            f" records/s, {median / base:4.1f} times ours; peak {peak:,.0f} MB",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        side, path, alphabet = options.child
        child(side, Path(path), alphabet)
        return
    with tempfile.TemporaryDirectory() as folder:
        for name, (alphabet, lengths, share) in CORPORA.items():
            records = options.records // share
            paths = [Path(folder, f"{name}{seed}.fasta") for seed in range(2)]
            for seed, path in enumerate(paths):
                write(path, records, alphabet, lengths, seed)
            compare(name, paths[0], records, alphabet, options.rounds)
            alone = [finish(start("ours", path, alphabet)) for path in paths]
            together = [finish(job) for job in [start("ours", path, alphabet) for path in paths]]
            apart = sum(end - began for began, end, _ in alone)
            wall = max(end for _, end, _ in together) - min(began for began, _, _ in together)
            print(
                f"{name}, two files: {apart:.2f} s one after another, {wall:.2f} s at once in two"
                f" processes, {apart / wall:.2f} times as fast",
                flush=True,
            )


if __name__ == "__main__":
    main()
