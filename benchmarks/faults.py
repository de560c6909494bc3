"""Kill a study at random moments; the same command must go on, to the files of one left alone.

    python benchmarks/faults.py                    (50 kills in about 20 minutes on 2 cores)
    python benchmarks/faults.py --encoder E --kills 2 --seed 1

The study is made up: one task, two arms, one layer of the encoder. Its training jobs save their
state twice a second, so that kills find something to resume. Each kill (SIGKILL) hits
Snakemake, a job, or Snakemake and all jobs, at a moment drawn anew, for every second one while a
job trains; then the same command is given again. Whenever a study ends, its files must be those of
one that nobody disturbed, its times aside, `verify` must find nothing, and a new study begins.
"""

import argparse
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import psutil
import yaml

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("Snakefile", "config.yaml", "workflow", "scripts", "envs", "profiles")
ARMS = ("text", "domain")
TARGETS = ("snakemake", "job", "both")
GRACE = 60.0  # seconds within which jobs must end; while one imports its libraries, it goes on
LIMIT = 1800.0  # seconds that a study left alone may take
STEPS = 300  # of a training job, so that it lasts some seconds
TRAINING = (0.0, 1.0)  # seconds from a saved state to the kill, of which the training lasts more
STUDY = {
    "study": "faults",
    "tasks": ["toy"],
    "initializations": list(ARMS),
    "seeds": [0],
    "encoder": {"name": "toy", "layers": 1},
    "max_length": {"toy": 24},
    "examples": {"train": 96, "dev": 24, "test": 48},
    "pretrain": {"steps": STEPS, "batch_size": 16},
    "finetune": {
        "steps": STEPS, "batch_size": 16, "first_evaluation": STEPS // 4, "settings": "rates.tsv"
    },
    "catalogue": {
        "sources": {"toy-data": {"path": "toy.csv"}, "toy-encoder": {"path": "encoder"}},
        "encoders": {"toy": {"source": "toy-encoder"}},
        "tasks": {
            "toy": {
                "domain": "DNA", "title": "toy", "source": "toy-data", "converter": "table",
                "format": "fasta", "classes": ["0", "1"], "split": "stratified",
                "truncate": "head",
                "layout": {"file": "toy.csv", "label": "label",
                           "alphabet": "dna"},
            }
        },
    },
}  # fmt: skip
GOALS = [f"results/faults/runs/toy/{arm}/seed-0/metrics.json" for arm in ARMS]


def prepare(folder: Path, encoder: Path) -> None:
    """Make a checkout in `folder` with the study, its data and its encoder."""
    folder.mkdir()
    for part in PARTS:
        source = ROOT / part
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / part)
    checkpoints = folder / "scripts/seqtransfer/training/checkpoints.py"
    text, changed = re.subn(
        r"^SECONDS = 60\.0", "SECONDS = 0.5", checkpoints.read_text(), flags=re.M
    )
    if changed != 1:
        raise ValueError(f"{checkpoints}: has no line `SECONDS = 60.0`; correct this script")
    checkpoints.write_text(text)
    shutil.copytree(encoder, folder / "encoder")
    (folder / "study.yaml").write_text(yaml.safe_dump(STUDY))
    rows = "".join(f"toy\t{arm}\t0.001\tmean\n" for arm in ARMS)
    (folder / "rates.tsv").write_text(f"task\tinitialization\tlearning_rate\tpooling\n{rows}")
    drawn = random.Random(0)
    lines = [f"{''.join(drawn.choices('ACGT', k=40))},{i % 2}\n" for i in range(240)]
    (folder / "toy.csv").write_text("sequence,label\n" + "".join(lines))


def start(folder: Path, *arguments: str) -> subprocess.Popen:
    """Give the one command in `folder`; arguments: its targets."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile", "study.yaml"]
    with (folder / "output.txt").open("a") as output:
        return subprocess.Popen(
            [*command, "--", *arguments], cwd=folder, stdout=output, stderr=output,
            start_new_session=True,
        )  # fmt: skip


def jobs(snakemake: int) -> list[psutil.Process]:
    """The processes of Snakemake's jobs: a shell each, and Python with the job's script."""
    found = []
    with suppress(psutil.NoSuchProcess):
        for child in psutil.Process(snakemake).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if ".snakemake/scripts/" in " ".join(child.cmdline()):
                    found.append(child)
    return found


def kill(process: subprocess.Popen, drawn: random.Random) -> tuple[str, float]:
    """Kill a target, Snakemake if no job runs: which it was, and seconds until all had ended."""
    running = jobs(process.pid)
    target = drawn.choice(TARGETS) if running else "snakemake"
    victims = {"snakemake": [], "job": [drawn.choice(running or [None])], "both": running}[target]
    if target != "job":
        process.kill()
    for victim in victims:
        if victim.is_running():
            victim.kill()
    begun = time.monotonic()
    process.wait()
    _, left = psutil.wait_procs(running, timeout=GRACE)
    if left:
        raise ValueError(f"{target} killed: {left} still run after {GRACE} s")
    return target, time.monotonic() - begun


def written(folder: Path) -> dict[str, bytes]:
    """The files of a study, but for those that hold times: path -> content."""
    found = {}
    for top in ("data", "results"):
        for path in sorted((folder / top).rglob("*")):
            if path.is_file():
                timed = path.name.startswith(("timing.", "timings."))
                found[str(path.relative_to(folder))] = b"" if timed else path.read_bytes()
    return found


def check(folder: Path, whole: dict[str, bytes]) -> None:
    """Raise ValueError if a finished study differs from the undisturbed one, or left anything."""
    now = written(folder)
    apart = [name for name in sorted(whole | now) if whole.get(name) != now.get(name)]
    hidden = [p for p in (folder / "logs").rglob("*") if ".partial" in p.name]
    stale = [p for name in ("locks", "alive") for p in (folder / ".snakemake" / name).glob("*")]
    if apart or hidden or stale:
        raise ValueError(f"{folder}: differing {apart}, left {hidden + stale}")
    if start(folder, "verify").wait():
        raise ValueError(f"{folder}: verify found differences; see output.txt")


def training_begins(folder: Path, process: subprocess.Popen) -> bool:
    """Wait until a job writes its state anew; False where the study ends before."""
    begun = time.time()
    while process.poll() is None:
        for path in (folder / "results/faults/unfinished").glob("*.safetensors"):
            with suppress(FileNotFoundError):  # a job that ends removes its state
                if path.stat().st_mtime > begun:
                    return True
        time.sleep(0.05)
    return False


def disturb(folder: Path, kills: int, span: float, drawn: random.Random) -> Counter:
    """Run the study in `folder` to its end, killed at most so often; count kills and resumed jobs.

    span: seconds of the undisturbed study; a kill that waits for no training comes in its first
    eighth.
    """
    counts: Counter = Counter()
    while True:
        process = start(folder, *GOALS)
        left = counts.total() < kills
        trains = left and drawn.random() < 0.5 and training_begins(folder, process)
        try:
            wait = drawn.uniform(*(TRAINING if trains else (0.5, span / 8))) if left else LIMIT
            code = process.wait(wait)
        except subprocess.TimeoutExpired:
            target, seconds = kill(process, drawn)
            counts[target] += 1
            when = "of training" if trains else "of the study"
            print(f"{target} killed {wait:.1f} s {when}, all ended {seconds:.1f} s later")
            continue
        if code:
            raise ValueError(f"{folder}: ended with {code}; see output.txt there")
        logs = (folder / "logs").rglob("*.log")
        counts["resumed"] += sum("goes on from" in path.read_text() for path in logs)
        return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--encoder", type=Path, default=ROOT / "data/encoders/minilm-l6")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    place, drawn = Path(tempfile.mkdtemp(prefix="faults-")), random.Random(options.seed)
    begun = time.monotonic()
    prepare(place / "whole", options.encoder)
    if start(place / "whole", *GOALS).wait(LIMIT):
        sys.exit(f"{place}/whole: the undisturbed study failed; see output.txt there")
    span, whole = time.monotonic() - begun, written(place / "whole")
    print(f"undisturbed: {span:.0f} s, {len(whole)} files", flush=True)
    counts, kills, studies = Counter(), 0, 0
    while kills < options.kills:
        folder = place / f"study-{studies}"
        prepare(folder, options.encoder)
        found = disturb(folder, options.kills - kills, span, drawn)
        check(folder, whole)
        shutil.rmtree(folder)
        counts, studies = counts + found, studies + 1
        kills = sum(counts[target] for target in TARGETS)
    print(f"{studies} studies, {kills} kills: the same files every time; {dict(counts)}")
    shutil.rmtree(place)


if __name__ == "__main__":
    main()
