"""What a study of the paper's shape costs to report: tables, verdicts, figures, and the page.

    python benchmarks/page.py folder [--tasks 16] [--arms 9] [--seeds 25]

Writes the result files of a made-up study to `folder` and runs on them the scripts that a finished
study is reported with. Prints seconds of processor time, peak memory, and the size of the page.
"""

import argparse
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests/support")]

import judge  # noqa: E402
import page  # noqa: E402
import plot  # noqa: E402
import record  # noqa: E402
import summarize  # noqa: E402
import synthetic  # noqa: E402
from seqtransfer.report import register  # noqa: E402
from seqtransfer.study.peak_memory import peak_memory  # noqa: E402

ARMS = ["moments", "spectrum", "first-2", "re-embedded", "layernorm-only"]


def main(folder: Path, tasks: int, arms: int, seeds: int) -> None:
    """folder: an empty one; tasks, arms, seeds: how many the study has; arms: 2 to 9."""
    domains = list(synthetic.TASKS.items())
    for number in range(len(domains), tasks):
        task, domain = domains[number % len(domains)]
        synthetic.TASKS[f"{task}{number // len(domains) + 1}"] = domain
    for gained in (synthetic.GAIN, synthetic.SPEED):
        gained |= dict.fromkeys(ARMS, gained["shuffled"])
    names = [*synthetic.ARMS, *ARMS][:arms]
    paths = synthetic.write_study(
        folder, tasks=list(synthetic.TASKS)[:tasks], arms=names, seeds=range(seeds)
    )
    drawn = register.drawn_of(synthetic.CONFIG, swept=True)
    spent: dict[str, float] = {}
    for script in (summarize, judge, plot, record, page):
        script.main = timed(script.main, script.__name__, spent)
    changes = {"tasks": [task for task, _ in domains[:tasks]], "initializations": names}
    changes |= {"seeds": list(range(seeds))}
    written = synthetic.paged(folder / "report", paths, drawn, **changes)
    print(f"{len(paths['metrics'])} runs, {len(drawn)} figures; seconds of processor time:")
    for name, seconds in (spent | {"all": sum(spent.values())}).items():
        print(f"  {name} {seconds:.1f}")
    size = written["html"].stat().st_size / 2**20
    print(f"peak {peak_memory() / 2**30:.2f} GiB, page {size:.1f} MiB")


def timed(function, name: str, spent: dict[str, float]):
    """The function, which adds the seconds of processor time that it takes to `spent[name]`."""

    def run(**arguments: object) -> None:
        started = time.process_time()
        function(**arguments)
        spent[name] = spent.get(name, 0.0) + time.process_time() - started

    return run


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="an empty folder")
    parser.add_argument("--tasks", type=int, default=16)
    parser.add_argument("--arms", type=int, default=9)
    parser.add_argument("--seeds", type=int, default=25)
    main(**vars(parser.parse_args()))
