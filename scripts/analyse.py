"""The chosen analyses of one run's model, before and after its fine-tuning."""

from dataclasses import asdict
from pathlib import Path

import pandas as pd

from seqtransfer.analyses import arm_analysis
from seqtransfer.analyses.arm_analysis import Material
from seqtransfer.files import json_tsv
from seqtransfer.similarity.run_models import Runs
from seqtransfer.study import cards, jobs
from seqtransfer.training import devices
from seqtransfer.training.runs import TaskFiles

GIB = 2**30


def main(
    *, runs: Runs, arm: str, analyses: dict, batch_size: int, threads: int, table: Path, code: str
) -> None:
    """Write one row per stage, quantity and place.

    analyses: the section `analyse` of the study; batch_size: of fine-tuning, in examples.
    """
    device = devices.choose_device()
    run = runs.run(arm)
    trains = "gradient_confusion" in analyses["kinds"]
    sizes = {"sequences": analyses["sequences"], "train": analyses["batches"] if trains else 0}
    material = Material.of(runs.files, run.task, device, **sizes, batch_size=batch_size)
    rows = []
    with devices.reproducible(0, threads):
        model = runs.before(arm).to(device)
        for stage in ("before", "after"):
            if stage == "after":
                runs.fine_tune(arm, model)
            found = arm_analysis.analyse(
                model, analyses["kinds"], material, analyses["memory"] * GIB
            )
            rows += [{**run.key, "stage": stage, **asdict(value), "code": code} for value in found]
            print(f"{run}, {stage}: {len(found)} values", flush=True)
    frame = pd.DataFrame(rows)
    json_tsv.write_table(table, frame.astype({"layer": "Int64"}))


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
            analyses=snakemake.params.analyses,
            batch_size=snakemake.params.batch_size,
            threads=snakemake.threads,
            table=Path(snakemake.output.analyses),
            code=snakemake.params.code,
        )
