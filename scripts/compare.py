"""Score pairs of arms at every depth, before, after and through fine-tuning, beside their null."""

from pathlib import Path

import pandas as pd
from threadpoolctl import threadpool_limits

from seqtransfer.files import json_tsv
from seqtransfer.similarity import encoder_comparison, encoder_pairs
from seqtransfer.similarity.encoder_pairs import STAGES, Encoder
from seqtransfer.similarity.representation_files import RepresentationFile
from seqtransfer.study import jobs


def main(
    *,
    files: dict[Encoder, Path],
    pairs: list[list[str]],
    maps: list[list[str]],
    measures: list[str],
    draws: int,
    memory: float,
    similarities: Path,
    task: str,
    seed: int,
    code: str,
) -> None:
    """Write one row per pair of encoders, pair of layers and measure.

    files: the representations of every arm at both stages; pairs: left and right arm; maps: left
    arm, right arm and stage of the pairs whose every layer is compared with every other; memory: in
    GiB, of layers held at the same time.
    """
    found = encoder_comparison.compare(
        {encoder: RepresentationFile(path) for encoder, path in files.items()},
        encoder_pairs.compared(dict.fromkeys(encoder.arm for encoder in files), pairs),
        {(Encoder(left, stage), Encoder(right, stage)) for left, right, stage in maps},
        measures,
        draws=draws,
        seed=seed,
        memory=memory * 2**30,
    )
    table = []
    for row in found:
        names = encoder_pairs.row_names(row.pop("left"), row.pop("right"), task, seed)
        print(names, row)
        table.append({**names, **row, "code": code})
    json_tsv.write_table(similarities, pd.DataFrame(table).astype({"layer": "Int64"}))


if __name__ == "__main__":
    with jobs.job(snakemake.log[0], snakemake.output), threadpool_limits(snakemake.threads):
        main(
            files={
                Encoder(arm, stage): Path(path)
                for stage in STAGES
                for arm, path in zip(
                    snakemake.params.initializations, snakemake.input[stage], strict=True
                )
            },
            pairs=snakemake.params.pairs,
            maps=snakemake.params.maps,
            measures=snakemake.params.measures,
            draws=snakemake.params.draws,
            memory=snakemake.params.memory,
            similarities=Path(snakemake.output.similarities),
            task=snakemake.wildcards.task,
            seed=int(snakemake.wildcards.seed),
            code=snakemake.params.code,
        )
