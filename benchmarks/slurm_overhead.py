"""A study through profiles/slurm beside the same on this machine: wall time and overhead of both.

    python benchmarks/slurm_overhead.py --configfile mine.yaml [--cores 2] [--runs 4]

Tokens and encoder are made first; then the rest runs once here and once on a cluster of one node,
which Debian's Slurm makes of this machine, with its cores; as many jobs wait in its queue as the
profile allows. Overhead is that of benchmarks/overhead.py; the ratio is Slurm's over this
machine's. Jobs that want a GPU get one of two pretend ones, which torch does not see. --runs: so
many runs share a job of Slurm, as the guide of clusters says. Needs root and the packages that
.ci/run names.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

ENCODER = "data/encoders/minilm-l6/encoder.json"  # of config.yaml
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests/support"), str(ROOT / "benchmarks")]

import overhead  # noqa: E402

import slurm_cluster  # noqa: E402
from project import PARTS  # noqa: E402


def snakemake(folder: Path, *arguments: str, environment: dict[str, str] | None = None) -> None:
    """The one command in `folder`, to its end; raises CalledProcessError where it fails."""
    command = [sys.executable, "-m", "snakemake", "--configfile", "study.yaml", *arguments]
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=sys.stderr)


def copy(source: Path, folder: Path, parts: tuple[str, ...]) -> None:
    """A checkout, or a part of one, in another folder."""
    folder.mkdir()
    for part in parts:
        found = source / part
        if found.is_dir():
            shutil.copytree(found, folder / part, symlinks=True)
        else:
            shutil.copy2(found, folder / part)


def share(profile: Path, runs: int) -> None:
    """Let so many runs be one job of Slurm."""
    settings = yaml.safe_load(profile.read_text())
    settings["groups"]["finetune"] = "runs"
    settings["group-components"]["runs"] = runs
    profile.write_text(yaml.safe_dump(settings))


def main(configfile: Path, cores: int, runs: int) -> None:
    """Run all three and print the two reports and the ratio."""
    text = configfile.read_text()
    described = yaml.safe_load(text)
    study = described["study"]
    with tempfile.TemporaryDirectory() as temporary:
        base, here, there = (Path(temporary, name) for name in ("base", "here", "slurm"))
        copy(ROOT, base, PARTS)
        (base / "study.yaml").write_text(text)
        inputs = [f"results/{study}/tokens/{task}/task.json" for task in described["tasks"]]
        snakemake(base, "--cores", str(cores), "--", *inputs, ENCODER)
        shutil.rmtree(base / "logs")
        for folder in (here, there):
            copy(base, folder, tuple(path.name for path in base.iterdir()))
        if runs > 1:
            share(there / "profiles/slurm/config.yaml", runs)
        snakemake(here, "--cores", str(cores))
        (folder := Path(temporary, "cluster")).mkdir()
        with slurm_cluster.running(folder, accounting=True, cpus=cores) as cluster:
            profile = ("--workflow-profile", "profiles/slurm")
            snakemake(there, *profile, environment=cluster.environment)
        walls = []
        for title, folder in (("here", here), ("through Slurm", there)):
            found = overhead.jobs(folder / "results" / study)
            trained = overhead.training(folder / "results" / study)
            print(f"\n{title}: {overhead.report(found, trained, cores)}")
            walls.append(max(job.end for job in found) - min(job.start for job in found))
    print(f"\nSlurm over here: {walls[1] / walls[0]:.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--configfile", type=Path, required=True, help="a study")
    parser.add_argument("--cores", type=int, default=os.cpu_count(), help="jobs at a time")
    parser.add_argument("--runs", type=int, default=1, help="fine-tuning runs in a job of Slurm")
    given = parser.parse_args()
    if reason := slurm_cluster.missing():
        raise SystemExit(reason)
    main(given.configfile, given.cores, given.runs)
