"""Score two runs' representations stage by stage and layer by layer, beside chance."""

from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from seqtransfer import formats, logs, similarity


def main(
    *, left: dict, right: dict, similarities: Path, task, left_name, right_name, seed, draws, code
) -> None:
    """Compare the files left["before"|"after"] and right[...]; write one row per score."""
    table = []
    for stage, path in left.items():
        names = f"{path} and {right[stage]}"
        print(f"{stage}: {names}, seed {seed}, {draws} draws")
        with np.load(path) as x, np.load(right[stage]) as y:
            for scores in similarity.compare_layers(x, y, draws=draws, seed=seed, names=names):
                print(scores)
                run = {"task": task, "left": left_name, "right": right_name, "seed": seed}
                table.append({**run, "stage": stage, **scores, "code": code})
    formats.write_table(similarities, pd.DataFrame(table))


if __name__ == "__main__":
    with logs.capture(snakemake.log[0]), threadpool_limits(snakemake.threads):
        main(
            left={"before": snakemake.input.left_before, "after": snakemake.input.left_after},
            right={"before": snakemake.input.right_before, "after": snakemake.input.right_after},
            similarities=Path(snakemake.output.similarities),
            task=snakemake.wildcards.task,
            left_name=snakemake.wildcards.left,
            right_name=snakemake.wildcards.right,
            seed=int(snakemake.wildcards.seed),
            draws=snakemake.params.draws,
            code=snakemake.params.code,
        )
