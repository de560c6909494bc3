"""What planning a study costs beside a bare Snakefile of the same jobs, files and arrows.

    python benchmarks/planning.py [--seeds 110] [--repeats 3]

The study has the default's four tasks, nine arms and as many seeds as asked for. Its plan is
written out as a second Snakefile, whose rules have the same names, outputs and logs, take their
inputs from a table, and know no study: what Snakemake itself needs. Both are planned in turn by
`snakemake -n`. Prints jobs, files, processor seconds (user and system), wall seconds and memory of
each, and their ratio.
"""

import argparse
import json
import logging
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]

ARMS = (
    "random layernorm-only attention-only first-1 shuffled moments re-embedded text domain"
).split()

# Runs with the workflow: writes its plan as JSON once Snakemake has made it.
DUMP = """
include: {snakefile!r}

import sys

sys.path.insert(0, {here!r})
import planning

workflow.logger_manager.logger.addHandler(planning.Dump(workflow, {plan!r}))
"""


class Dump(logging.Handler):
    """Writes rules and jobs of a plan to a file."""

    def __init__(self, workflow, path: str):
        super().__init__()
        self.workflow, self.path = workflow, path

    def emit(self, record: logging.LogRecord) -> None:
        if str(getattr(record, "event", "")) != "run_info" or Path(self.path).exists():
            return
        rules: dict = {}
        for job in self.workflow.dag.needrun_jobs():
            rule, names = job.rule, sorted(job.rule.wildcard_names)
            parts = {"output": rule.output, "log": rule.log, "wildcards": names}
            entry = {kind: [str(path) for path in part] for kind, part in parts.items()}
            inputs = rules.setdefault(rule.name, entry | {"inputs": {}})["inputs"]
            key = " ".join(str(job.wildcards_dict[name]) for name in names)
            inputs[key] = [str(path) for path in job.input]
        Path(self.path).write_text(json.dumps(rules))


def study(seeds: int) -> dict:
    """The default study with nine arms, a sweep, and `seeds` seeds."""
    return {
        "study": "planning",
        "initializations": ARMS,
        "seeds": list(range(1000, 1000 + seeds)),
        "finetune": {"settings": "sweep"},
        "compare": {"seeds": seeds, "floor_seeds": [0, 1, 2, 3, 4]},
    }


def bare(plan: dict, table: str) -> str:
    """A Snakefile with the rules of the plan; table: the file of their inputs."""
    lines = [
        "import json",
        f"with open({table!r}) as file:",
        "    RULES = json.load(file)",
    ]
    lines += ["wildcard_constraints:", '    seed="[0-9]+",', '    initialization="[A-Za-z0-9_-]+",']
    lines += [
        '    learning_rate="[0-9.e+-]+",',
        '    task="[a-z0-9_]+",',
        '    source="[a-z0-9_]+",',
    ]
    for name, rule in sorted(plan.items(), key=lambda item: item[0] != "all"):
        names = ", ".join(f"wildcards.{name}" for name in rule["wildcards"])
        key = f'" ".join([{names}])'
        lines += [f"rule {name}:"]
        lines += [f"    input: lambda wildcards: RULES[{name!r}]['inputs'][{key}]"]
        for kind in ("output", "log"):
            if rule[kind]:
                lines += [f"    {kind}: {', '.join(repr(path) for path in rule[kind])}"]
        if rule["output"]:
            lines += ['    shell: "touch {output}"']
    return "\n".join(lines) + "\n"


def planned(folder: Path, *arguments: str) -> dict:
    """Processor and wall seconds and peak memory (bytes) of `snakemake -n`, and what it said."""
    command = [sys.executable, "-m", "snakemake", "-n", *arguments]
    started = time.perf_counter()
    child = subprocess.Popen(
        command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    said = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{said}")
    return {
        "cpu": usage.ru_utime + usage.ru_stime,
        "wall": time.perf_counter() - started,
        "memory": usage.ru_maxrss * 1024,
        "said": said,
    }


def same_jobs(said: str, jobs: int) -> None:
    """Raise RuntimeError unless a plan of the bare Snakefile has as many jobs as the study's."""
    found = re.search(r"^total +(\d+)$", said, re.M)
    if not found or int(found[1]) != jobs:
        raise RuntimeError(f"the study plans {jobs} jobs, and the bare Snakefile others:\n{said}")


def main(seeds: int, repeats: int, alone: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config, plan = folder / "study.yaml", folder / "plan.json"
        config.write_text(yaml.safe_dump(study(seeds)))
        dump, other = folder / "dump.smk", folder / "bare.smk"
        snakefile = str(ROOT / "Snakefile")
        dump.write_text(
            DUMP.format(snakefile=snakefile, plan=str(plan), here=str(ROOT / "benchmarks"))
        )
        ours = ["--snakefile", snakefile, "--configfile", str(config)]
        ours += ["--workflow-profile", str(ROOT / "profiles/default")]
        planned(folder, "all", "--snakefile", str(dump), *ours[2:])
        found = json.loads(plan.read_text())
        other.write_text(bare(found, str(plan)))
        inputs = [paths for rule in found.values() for paths in rule["inputs"].values()]
        files = {path for paths in inputs for path in paths}
        print(f"{len(inputs)} jobs, {len(files)} files that jobs read")
        theirs = ["--snakefile", str(other), "--cores", "2"]
        same_jobs(planned(folder, *theirs)["said"], len(inputs))
        theirs += ["--quiet", "all"]
        sides = {"study": ours} if alone else {"study": ours, "bare": theirs}
        times = {side: [] for side in sides}
        for _ in range(repeats):
            for side, arguments in sides.items():
                times[side].append(planned(folder, *arguments))
    for side, runs in times.items():
        middle = {
            key: statistics.median(run[key] for run in runs) for key in ("cpu", "wall", "memory")
        }
        print(
            f"{side:6} {middle['cpu']:7.2f} s of processor {middle['wall']:7.2f} s"
            f" {middle['memory'] / 1e6:7.0f} MB"
        )
    if alone:
        return
    ratios = [a["cpu"] / b["cpu"] for a, b in zip(times["study"], times["bare"], strict=True)]
    print(f"ratio  {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=110)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--ours", action="store_true", help="without the bare Snakefile")
    given = parser.parse_args()
    main(given.seeds, given.repeats, given.ours)
