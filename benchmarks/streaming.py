"""Memory and seconds of scores from files read in chunks, beside scores in memory.

    python benchmarks/streaming.py                 (about 5 minutes)
    python benchmarks/streaming.py --least 1e-5    (conditioning that needs the third pass)

Two float32 layers of 1,000,000 x 768 (2.9 GiB each) are written below --folder as hidden states
are, and deleted at the end. A child process scores every measure that can be streamed, beside 19
permutations, in one thread; its CPU time is printed. Its peak counts every page that was resident
at the same time, pages of mapped files included. Before that, 100,000 rows are scored both ways,
each in a child of its own.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))
from seqtransfer.similarity import encoder_comparison, representation_files
from seqtransfer.similarity.measures import MEASURES
from seqtransfer.similarity.representation_files import RepresentationFile
from seqtransfer.study.peak_memory import peak_memory

GIB = 2**30
PATHS = ("streamed", "in memory")
STREAMED = [m.name for m in MEASURES.values() if m.streams and not m.pairwise]
DRAWS, TOKENS, CHUNK = 19, 4, 20_000


def write(path: Path, rows: int, width: int, seed: int, least: float) -> None:
    """One encoder's hidden states: 32 shared directions, noise of a steep spectrum, means not 0."""
    common, own = np.random.default_rng(0), np.random.default_rng(seed)
    mixing = own.standard_normal((32, width), dtype=np.float32) / 10
    lengths = np.geomspace(1, least, width, dtype=np.float32)

    def chunks():
        for start in range(0, rows, CHUNK):
            at = np.arange(start, min(start + CHUNK, rows))
            signal = common.standard_normal((len(at), 32), dtype=np.float32)
            part = own.standard_normal((len(at), width), dtype=np.float32) * lengths
            ids = np.char.mod("%d", at)
            sequences = at // TOKENS
            yield ids, sequences, sequences, {"layer_1": part + signal @ mixing + 5}

    representation_files.write(path, chunks())


def child(path: str, folder: Path) -> dict:
    """Score by one path; seconds of CPU, peaks in GiB before and after, and the scores."""
    layers = {name: RepresentationFile(folder / f"{name}.arrow") for name in ("left", "right")}
    before, start = peak_memory() / GIB, time.process_time()
    memory = 0 if path == "streamed" else np.inf
    with threadpool_limits(1):
        found = encoder_comparison.compare(
            layers, [("left", "right")], [], STREAMED, draws=DRAWS, seed=0, memory=memory
        )
        scores = {row["measure"]: row["score"] for row in found}
    seconds = time.process_time() - start
    return {"seconds": seconds, "before": before, "peak": peak_memory() / GIB, "scores": scores}


def measure(folder: Path, rows: int, width: int, least: float, paths: tuple[str, ...]) -> None:
    """Write two encoders, run each path in a child of its own, print, and delete the files."""
    folder = Path(tempfile.mkdtemp(prefix="streaming-", dir=folder))
    try:
        for seed, name in enumerate(("left", "right"), start=1):
            write(folder / f"{name}.arrow", rows, width, seed, least)
        results = {}
        for path in paths:
            command = [sys.executable, __file__, "--child", path, "--folder", str(folder)]
            run = subprocess.run(command, check=True, stdout=subprocess.PIPE)
            results[path] = found = json.loads(run.stdout)
            print(f"{rows} x {width}, {path}: {found['seconds']:.1f} s,", end=" ")
            print(f"peak {found['peak']:.2f} GiB ({found['before']:.2f} after imports)", flush=True)
    finally:
        shutil.rmtree(folder)
    if len(results) > 1:
        streamed, memory = (results[path] for path in PATHS)
        times, peaks = (memory[key] / streamed[key] for key in ("seconds", "peak"))
        error = max(abs(streamed["scores"][m] - memory["scores"][m]) for m in STREAMED)
        print(
            f"  in memory: {times:.2f} x the time and {peaks:.1f} x the peak of streamed;", end=" "
        )
        print(f"scores differ by {error:.0e}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the large arrays")
    parser.add_argument("--width", type=int, default=768)
    parser.add_argument("--least", type=float, default=0.03, help="shortest direction's length")
    parser.add_argument("--child", choices=PATHS, help="used by the benchmark itself")
    options = parser.parse_args()
    if options.child:
        print(json.dumps(child(options.child, options.folder)))
        return
    needed = 2 * options.rows * (4 * options.width + 40)
    free = shutil.disk_usage(options.folder).free
    if free < 2 * needed:
        raise SystemExit(
            f"{options.folder} has {free / GIB:.1f} GiB free; the arrays take {needed / GIB:.1f}"
        )
    measure(options.folder, options.rows // 10, options.width, options.least, PATHS)
    measure(options.folder, options.rows, options.width, options.least, PATHS[:1])


if __name__ == "__main__":
    main()
