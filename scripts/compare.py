"""Score pairs of arms at every depth, before and after fine-tuning and through it, beside nulls."""

from pathlib import Path

import pandas as pd
from threadpoolctl import threadpool_limits

from seqtransfer.files import json_tsv
from seqtransfer.similarity import layer_pairs, state_files
from seqtransfer.study import logs

STAGES = ("before", "after")
CHANGE = "change"  # an arm before against itself after


def main(
    *,
    files: dict[str, dict[str, Path]],
    pairs: list[list[str]],
    maps: list[list[str]],
    measures: list[str],
    similarities: Path,
    task: str,
    seed: int,
    draws: int,
    memory: float,
    code: str,
) -> None:
    """files: by stage ("before", "after"), then by arm; pairs: left and right arm; maps: left and
    right arm and stage of the layer-by-layer maps; memory: in GiB, of layers held at a time.
    Writes one row per score."""
    sides = {
        f"{arm} {stage}": state_files.States(path)
        for stage in STAGES
        for arm, path in files[stage].items()
    }
    wanted = [(f"{a} {stage}", f"{b} {stage}") for stage in STAGES for a, b in pairs]
    wanted += [tuple(f"{arm} {stage}" for stage in STAGES) for arm in files["before"]]
    mapped = {(f"{a} {stage}", f"{b} {stage}") for a, b, stage in maps}
    table = []
    found = layer_pairs.compare(
        sides, wanted, mapped, measures, draws=draws, seed=seed, memory=memory * 2**30
    )
    for row in found:
        left, stage = row.pop("left").split()
        right, right_stage = row.pop("right").split()
        stage = stage if stage == right_stage else CHANGE
        run = {"task": task, "left": left, "right": right, "seed": seed, "stage": stage}
        print(run, row)
        table.append({**run, **row, "code": code})
    json_tsv.write_table(similarities, pd.DataFrame(table).astype({"layer": "Int64"}))


if __name__ == "__main__":
    with logs.capture(snakemake.log[0]), threadpool_limits(snakemake.threads):
        main(
            files={
                stage: {
                    arm: Path(path)
                    for arm, path in zip(
                        snakemake.params.initializations, snakemake.input[stage], strict=True
                    )
                }
                for stage in STAGES
            },
            pairs=snakemake.params.pairs,
            maps=snakemake.params.maps,
            measures=snakemake.params.measures,
            similarities=Path(snakemake.output.similarities),
            task=snakemake.wildcards.task,
            seed=int(snakemake.wildcards.seed),
            draws=snakemake.params.draws,
            memory=snakemake.params.memory,
            code=snakemake.params.code,
        )
