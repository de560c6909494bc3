"""Mutated study files against the planning: no crash, no hang, no wrong study accepted.

    python benchmarks/plan_studies.py [--studies 10000] [--first 0] [--dry-runs 40]

A study is a shipped one with one to three changes (tests/support/study_mutations.py). Each is
refused in one line that begins with a key, or planned, and then a second check of the rules
(tests/support/study_rules.py) agrees. Dry runs plan some of these studies with Snakemake itself: it
must refuse what is refused, in one line, too, and leave nothing behind. Stops at the first study
that is at fault; `--first N --studies 1` repeats study N. Prints a table of outcomes.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests/support")]

import planning_fuzz  # noqa: E402
import project  # noqa: E402

# What Snakemake says of a file that it cannot read, and planning of files that are not there.
ELSEWHERE = ("special characters are not allowed", "there is no file", "has no row for")

REFUSED = "The study is refused. "


def dry_run(number: int, study: dict, said: str | None) -> str:
    """What became of the study in `snakemake -n`. Raises Fault if planning said otherwise."""
    with tempfile.TemporaryDirectory() as folder:
        inner = Path(folder) / "a/b/c"
        inner.mkdir(parents=True)
        try:
            (inner / "study.yaml").write_text(yaml.safe_dump(study))
        except (yaml.YAMLError, UnicodeEncodeError):
            return "no YAML file"
        run = project.snakemake("-n", "-q", "rules", "--configfile", "study.yaml", cwd=inner)
        files = [path for path in Path(folder).rglob("*") if path.is_file()]
        left = {path.name for path in files if ".snakemake" not in path.parts}
        elsewhere = any(text in run.stdout for text in ELSEWHERE)
        # Of several mistakes Snakemake's merged configuration may show another one first.
        right = run.returncode == 0 if said is None else REFUSED in run.stdout
        if not (right or elsewhere) or left != {"study.yaml"}:
            raise planning_fuzz.Fault(
                f"study {number}: expected {said!r}, found {run.stdout[-3000:]}, files {left}"
            )
    return f"Snakemake {'plans' if run.returncode == 0 else 'refuses'} it"


def main(first: int, studies: int, dry_runs: int) -> None:
    outcomes, slowest = Counter(), 0.0
    with planning_fuzz.files_read_once():
        examine = planning_fuzz.examiner()
        for number in range(first, first + studies):
            started = time.perf_counter()
            study, said = examine(number)
            slowest = max(slowest, time.perf_counter() - started)
            outcomes["refused" if said else "planned"] += 1
            if number - first < dry_runs:
                outcomes[dry_run(number, study, said)] += 1
    for outcome, count in outcomes.most_common():
        print(f"{outcome:20} {count:6}")
    print(f"slowest {slowest:.1f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--studies", type=int, default=10_000)
    parser.add_argument("--dry-runs", type=int, default=40)
    arguments = parser.parse_args()
    main(arguments.first, arguments.studies, arguments.dry_runs)
