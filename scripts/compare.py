"""Score every arm's representations against the reference arm's, stage by stage, layer by layer."""

from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from seqtransfer import formats, logs, similarity


def main(
    *,
    files: dict[str, dict[str, Path]],
    reference: str,
    similarities: Path,
    task: str,
    seed: int,
    draws: int,
    code: str,
) -> None:
    """files: by stage ("before", "after"), then by arm. Writes one row per score."""
    table = []
    for stage, paths in files.items():
        print(stage, *paths.values(), sep="\n")
        pairs = [(arm, reference) for arm in paths if arm != reference]
        with ExitStack() as stack:
            sides = {arm: stack.enter_context(np.load(path)) for arm, path in paths.items()}
            for scores in similarity.compare_layers(sides, pairs, draws=draws, seed=seed):
                pair = {name: scores.pop(name) for name in ("left", "right")}
                print(stage, pair, scores)
                run = {"task": task, **pair, "seed": seed}
                table.append({**run, "stage": stage, **scores, "code": code})
    formats.write_table(similarities, pd.DataFrame(table))


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
                for stage in ("before", "after")
            },
            reference=snakemake.params.reference,
            similarities=Path(snakemake.output.similarities),
            task=snakemake.wildcards.task,
            seed=int(snakemake.wildcards.seed),
            draws=snakemake.params.draws,
            code=snakemake.params.code,
        )
