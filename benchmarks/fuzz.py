"""Mutated MIDI files against the reader: no crash, no hang, no silent misreading.

    python benchmarks/fuzz.py [--inputs 10000] [--keep tests/data/midi]

Each input is a real performance (the smaller ones of ../shared/data/music/asap) or a small file
with every kind of event, with one to eight bytes changed, dropped, repeated, or the file cut.
Inputs are read in child processes of CHUNK inputs, so that a crash of the reader kills a child
only. What kills one, hangs, raises anything but a ValueError with the file's name, or is read where
the strict second reader (tests/support/plain_midi.py) refuses it or finds other notes, is kept.
Prints a table of outcomes. Inputs depend on their number alone: `--first N --inputs 1` repeats one.
"""

import argparse
import contextlib
import json
import random
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests/support")]

import plain_midi  # noqa: E402
from seqtransfer.corpora import midi  # noqa: E402

ASAP = ROOT.parent / "shared" / "data" / "music" / "asap"
CHUNK, PATIENCE = 500, 10  # inputs a child; seconds an input


def originals() -> list[bytes]:
    """The 20 smallest real performances, if they are there, and as often the file of all events."""
    real = sorted(ASAP.rglob("*.mid"), key=lambda path: (path.stat().st_size, path))[:20]
    return [path.read_bytes() for path in real] + [plain_midi.rich_file()] * 20


def mutated(content: bytes, rng: random.Random) -> bytes:
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 8))):
        # A fifth of all changes falls on the first bytes, where the structure is.
        place = rng.randrange(min(len(data), 64) if rng.random() < 0.2 else len(data))
        length = rng.choice((1, 1, 2, 4, 16))
        match rng.randrange(6):
            case 0:
                data[place] ^= 1 << rng.randrange(8)
            case 1:
                data[place] = rng.choice((0, 1, 0x2F, 0x7F, 0x80, 0x90, 0xF0, 0xF7, 0xFF))
            case 2:
                data[place : place + length] = rng.randbytes(length)
            case 3:
                del data[place : place + length]
            case 4:
                data[place:place] = data[place : place + length]
            case 5:
                if rng.random() < 0.2:
                    del data[place:]
        if not data:
            break
    return bytes(data)


def make(number: int, sources: list[bytes]) -> bytes:
    rng = random.Random(number)
    return mutated(rng.choice(sources), rng)


def judge(content: bytes, path: Path) -> str:
    """What becomes of one input; `BAD: ...` is a fault of the reader."""
    path.write_bytes(content)
    try:
        ours = [tuple(row) for row in midi.read_notes(path).tolist()]
    except ValueError as error:
        if str(path) not in str(error):
            return f"BAD: {error} names no file"
        ours = []
    except Exception as error:
        return f"BAD: {type(error).__name__}"
    try:
        theirs = plain_midi.notes(content)
    except plain_midi.Fault as fault:
        if not ours:
            return "refused"
        return f"BAD: read in spite of a fault: {fault}"
    if ours != theirs:
        return "BAD: other notes" if ours else "BAD: refused without a fault"
    return "read, equal notes" if ours else "refused for want of notes"


def child(first: int, inputs: int) -> None:
    """Judge inputs one by one; a line with the number is out before each is tried."""
    sources = originals()
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # the alarm ends the process even within C++
    with tempfile.TemporaryDirectory() as folder:
        for number in range(first, first + inputs):
            print(json.dumps([number]), flush=True)
            content = make(number, sources)
            signal.alarm(PATIENCE)
            outcome = judge(content, Path(folder, f"{number}.mid"))
            signal.alarm(0)
            print(json.dumps([number, outcome]), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=ROOT / "tests" / "data" / "midi")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.first, options.inputs)
        return
    outcomes, number, last = Counter(), options.first, options.first + options.inputs
    while number < last:
        command = [sys.executable, __file__, "--child", "--first", str(number)]
        command += ["--inputs", str(min(CHUNK, last - number))]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        lines = []
        for line in done.stdout.splitlines():
            with contextlib.suppress(json.JSONDecodeError):
                lines.append(json.loads(line))
        judged = {line[0]: line[1] for line in lines if len(line) == 2}
        if done.returncode:
            judged[lines[-1][0]] = f"BAD: the process died ({done.returncode})"
        for judged_one, outcome in judged.items():
            outcomes[outcome] += 1
            if outcome.startswith("BAD"):
                options.keep.mkdir(parents=True, exist_ok=True)
                kept = options.keep / f"fuzz-{judged_one}.mid"
                kept.write_bytes(make(judged_one, originals()))
                print(f"{outcome}: kept as {kept}", flush=True)
        number = max(judged) + 1
    for outcome, count in outcomes.most_common():
        print(f"{count:7d}  {outcome}")


if __name__ == "__main__":
    main()
