"""Peak memory of a conversion against the size of the files that it reads.

    python benchmarks/conversion_memory.py [--megabytes 20 80]

Files of each size are made and converted in a process of their own: FASTA, a CSV and a JSONL of
texts, gzipped, and MIDI files with their table. Peaks are above what a process needs that converts
a few records. Prints a row a file: megabytes read, megabytes of memory, and their ratio.
"""

import argparse
import gzip
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests/support")]

from plain_midi import header, on, track  # noqa: E402

MB = 1 << 20
TEXT, LETTERS, NOTES = 200, 300, 5000  # characters of a text, symbols, notes of a piece
RECORDS = {
    "fasta": {"converter": "fasta", "layout": {"file": "x.fasta.gz"}},
    "csv": {"converter": "table", "layout": {"file": "x.csv.gz"}},
    "jsonl": {"converter": "table", "layout": {"file": "x.jsonl.gz"}},
    "midi": {"converter": "midi", "layout": {"table": "x.csv"}},
}
CORPORA = {"fasta": "out.fasta", "csv": "out.tsv", "jsonl": "out.tsv", "midi": "out.midi"}


def records(kind: str, size: int) -> Iterator[bytes]:
    """Lines of a file of about `size` bytes."""
    rng, written, number = random.Random(0), 0, 0
    base = "".join(rng.choices("ACGT" if kind == "fasta" else "abcdefgh ", k=4 * LETTERS))
    if kind == "csv":
        yield b"text,label\n"
    while number < 4 or written < size:
        start, label = rng.randrange(3 * LETTERS), number % 2
        text = f"{number} {base[start : start + TEXT]}"
        line = {
            "fasta": f">r{number} label={label}\n{base[start : start + LETTERS]}\n",
            "csv": f"{text},{label}\n",
            "jsonl": json.dumps({"text": text, "label": label}) + "\n",
        }[kind].encode()
        yield line
        written, number = written + len(line), number + 1


def make(kind: str, size: int, folder: Path) -> int:
    """Write the files of a source, and return how many bytes they unpack to."""
    if kind == "midi":
        events = [event for i in range(NOTES) for event in (on(1, i % 128), on(1, i % 128, 0))]
        song = header(1, 1) + track(*events)
        names = [f"{number}.mid" for number in range(max(4, size // len(song)))]
        for name in names:
            (folder / name).write_bytes(song)
        rows = (f"{name},{number % 2}\n" for number, name in enumerate(names))
        (folder / "x.csv").write_text("file,label\n" + "".join(rows))
        return len(names) * len(song)
    total = 0
    with gzip.open(folder / RECORDS[kind]["layout"]["file"], "wb", compresslevel=1) as file:
        for line in records(kind, size):
            total += file.write(line)
    return total


def peak(kind: str, size: int) -> tuple[int, int]:
    """Bytes read, and bytes of memory at the fullest of a process that converts them."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "raw").mkdir()
        read = make(kind, size, Path(folder) / "raw")
        command = [sys.executable, __file__, "--convert", kind, folder]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return read, int(done.stdout.split()[-1])


def convert(kind: str, folder: Path) -> None:
    """The child: convert, and print the peak."""
    from seqtransfer.corpora import converters
    from seqtransfer.study.peak_memory import peak_memory

    record = RECORDS[kind] | {"classes": ["0", "1"]}
    converters.convert(record, folder / "raw", folder / CORPORA[kind])
    print(peak_memory())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--megabytes", type=int, nargs="+", default=[20, 80])
    parser.add_argument("--convert", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.convert:
        convert(options.convert[0], Path(options.convert[1]))
        return
    print(f"{'file':8}{'MB read':>10}{'MB of memory':>15}{'ratio':>8}")
    for kind in RECORDS:
        _, empty = peak(kind, 0)
        for megabytes in options.megabytes:
            read, most = peak(kind, megabytes * MB)
            above = most - empty
            print(f"{kind:8}{read / MB:10.1f}{above / MB:15.1f}{above / read:8.2f}", flush=True)


if __name__ == "__main__":
    main()
