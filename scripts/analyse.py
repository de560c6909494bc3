"""The chosen analyses of one run's model, before and after its fine-tuning, and along it."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from seqtransfer.analyses import arm_analysis
from seqtransfer.analyses.arm_analysis import Material
from seqtransfer.files import json_tsv
from seqtransfer.similarity.run_models import Runs
from seqtransfer.study import cards, jobs
from seqtransfer.training import classifier, devices, states
from seqtransfer.training.runs import TaskFiles

GIB = 2**30


def main(
    *,
    runs: Runs,
    arm: str,
    along: Path | None,
    analyses: dict,
    batch_size: int,
    threads: int,
    table: Path,
    code: str,
) -> None:
    """Write one row per stage, step, quantity and place; n: sequences or batches that it is over.

    along: weights by step, on whose gradients alone it is repeated; analyses: the section `analyse`
    of the study; batch_size: of fine-tuning, in examples.
    """
    device = devices.choose_device()
    run = runs.run(arm)
    trains = "gradient_confusion" in analyses["kinds"]
    sizes = {"sequences": analyses["sequences"], "train": analyses["batches"] if trains else 0}
    material = Material.of(runs.files, run.task, device, **sizes, batch_size=batch_size)
    rows: list[dict] = []

    def add(stage: str, step: int | None, kinds: Sequence[str]) -> None:
        found = arm_analysis.analyse(model, kinds, material, analyses["memory"] * GIB)
        place = {**run.key, "stage": stage, "step": step}
        for value in found:
            counted = {"n": material.counted(value.analysis), "code": code}
            rows.append({**place, **asdict(value), **counted})
        print(f"{run}, {stage}{f' {step}' if step else ''}: {len(found)} values", flush=True)

    with devices.reproducible(0, threads):
        model = runs.before(arm).to(device)
        add("before", 0, analyses["kinds"])
        passed = states.parted(classifier.read_weights(along)) if along else {}
        for step in sorted(map(int, passed)):
            classifier.load(model, passed[str(step)])
            add("during", step, ["gradient_confusion"])
        runs.fine_tune(arm, model)
        add("after", None, analyses["kinds"])
    frame = pd.DataFrame(rows)
    json_tsv.write_table(table, frame.astype({"layer": "Int64", "step": "Int64"}))


if __name__ == "__main__":
    with jobs.job(snakemake.log[0], snakemake.output):
        cards.take(snakemake.resources.gpu)
        main(
            runs=Runs.of(
                TaskFiles.of(snakemake.input, snakemake.params.layers),
                [snakemake.wildcards.initialization],
                metrics=[snakemake.input.metrics],
                weights=[snakemake.input.weights],
                pretrained=[snakemake.input.pretrained] if snakemake.input.pretrained else [],
            ),
            arm=snakemake.wildcards.initialization,
            along=Path(snakemake.input.along[0]) if snakemake.input.along else None,
            analyses=snakemake.params.analyses,
            batch_size=snakemake.params.batch_size,
            threads=snakemake.threads,
            table=Path(snakemake.output.analyses),
            code=snakemake.params.code,
        )
