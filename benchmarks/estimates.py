"""What whole finished studies took, beside what was estimated for them before they ran.

    python benchmarks/estimates.py results/default [results/genome ...]

Core-seconds are those of the processor, by every job's `benchmark:` file, over those that `costs`
predicts for it from the study alone: training with the share of its steps that runs usually take,
in float32 `durations.FLOAT32` as long. Other work on the machine does not count. Disk is what lies
in the study's results, over what is predicted for the rules that write much. A resumed job has the
seconds of its last process alone.
"""

import argparse
import csv
import json
import sys
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))

from seqtransfer.encoders.controls import CONTROLS
from seqtransfer.study.estimates import costs, durations

# What these write is no part of a study's results, or is deleted once used.
STATES = ("represent", "represent_floor", "represent_ceiling")
ELSEWHERE = (*costs.ENCODER_RULES, *STATES, "download")


def wildcards(parts: tuple[str, ...], study: dict) -> dict[str, str]:
    """Of a job, from the path of its benchmark: of its task, arm, corpus, source and encoder."""
    catalogue = study["catalogue"]
    known = {
        "task": study["tasks"],
        "initialization": [*study["initializations"], *CONTROLS],
        "corpus": [*catalogue["corpora"], *catalogue["artificial"], *study["tasks"]],
        "artificial": catalogue["artificial"],
        "source": catalogue["sources"],
        "encoder": catalogue["encoders"],
    }
    names = [part.removesuffix(".tsv") for part in parts]
    return {key: name for key, values in known.items() for name in names if name in values}


def jobs(results: Path) -> pd.DataFrame:
    """One row a job: rule, seconds predicted and taken.

    results: `results/{study}` of a study with its page, in a folder with its `logs`.
    """
    record = json.loads((results / "report/study.json").read_text())
    study, root = record["configuration"], results.parent.parent
    encoder = costs.Encoder.of(study, root / "data/encoders")
    precisions = {json.loads(path.read_text())["provenance"]["precision"]
                  for path in (results / "runs").rglob("metrics.json")}  # fmt: skip
    slower = durations.FLOAT32 if precisions == {"float32"} else 1.0
    rows = []
    benchmarks = root / "logs" / results.name / "benchmarks"
    for path in sorted(benchmarks.rglob("*.tsv")):
        rule, *parts = path.relative_to(benchmarks).parts
        rule = rule.removesuffix(".tsv")
        *_, took = csv.DictReader(path.read_text().splitlines(), delimiter="\t")
        seconds = took["s"] if took["cpu_time"] in ("-", "NA", "0.0") else took["cpu_time"]
        job = costs.Job(0, rule, wildcards(tuple(parts), study))
        predicted = costs.seconds(job, study, encoder, costs.SHARES[1])
        began = costs.start(rule, gpu=False)
        if rule in costs.TRAINED:
            predicted = began + slower * (predicted - began)
        disk = costs.disk(job, study, encoder)
        rows.append({"rule": rule, "predicted": predicted, "took": float(seconds), "disk": disk})
    return pd.DataFrame(rows)


def summary(found: pd.DataFrame) -> pd.DataFrame:
    """Training, all other jobs, and everything: jobs, core-seconds predicted and taken, ratio."""
    trained = found["rule"].isin(costs.TRAINED)
    rows = []
    for name, part in (("training", found[trained]), ("other", found[~trained]), ("all", found)):
        row = {"jobs": len(part), "predicted": part["predicted"].sum(), "took": part["took"].sum()}
        rows.append({"of": name} | row | {"ratio": row["took"] / row["predicted"]})
    return pd.DataFrame(rows).round({"predicted": 0, "took": 0, "ratio": 2})


def main(results: Path) -> None:
    """Print what a study took beside what was estimated for it."""
    found = jobs(results)
    print(results.name, summary(found).to_string(index=False), sep="\n")
    kept = found.loc[~found["rule"].isin(ELSEWHERE), "disk"].sum()
    there = sum(path.stat().st_size for path in results.rglob("*") if path.is_file())
    print(f"results: {there / 1e6:.0f} MB, predicted {kept / 1e6:.0f} MB: {there / kept:.2f}\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("studies", type=Path, nargs="+", help="folders such as results/default")
    for path in parser.parse_args().studies:
        main(path)
