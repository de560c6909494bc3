"""Score the runs of one task once more, without test rows near train, and group by group."""

from pathlib import Path

import numpy as np
import pandas as pd

from seqtransfer.files import json_tsv
from seqtransfer.scoring import left_out as scoring_left_out
from seqtransfer.scoring import task_kinds, without_near
from seqtransfer.study import jobs
from seqtransfer.tokens import near_rows


def main(
    *,
    task: str,
    task_record: Path,
    nearest: Path,
    predictions: list[Path],
    initializations: list[str],
    seeds: list[int],
    baselines: Path,
    rescored: Path,
    left_out: Path,
    baselines_left_out: Path,
) -> None:
    """`initializations` and `seeds` say of which run each file of predictions is; baselines: the
    table of what each baseline predicts."""
    target = task_kinds.of(json_tsv.read_json(task_record))
    near = near_rows.read_nearest(nearest)
    of_tokens = target.kind == task_kinds.TokenClassification.kind
    counted = (lambda labels: task_kinds.by_token(labels, labels)[0]) if of_tokens else np.asarray

    def without_groups(read: pd.DataFrame) -> pd.DataFrame:
        labels, answers, unit = (read[name].to_numpy() for name in ("label", "prediction", "unit"))
        groups = scoring_left_out.groups(unit, task, "left out")
        scores = []
        if groups is not None:
            scores = scoring_left_out.scores(labels, answers, groups, target.score_written, counted)
        return pd.DataFrame({"group": range(len(scores)), "score": scores})

    tables, without = [], []
    for path, initialization, seed in zip(predictions, initializations, seeds, strict=True):
        read = near_rows.read_strings(path)
        run = {"task": task, "initialization": initialization, "seed": seed}
        scores = without_near.rescored(read, near, target.score_written, counted)
        tables.append(named(scores, run | {"metric": target.metric}))
        without.append(named(without_groups(read), run))
    json_tsv.write_table(rescored, pd.concat(tables))
    json_tsv.write_table(left_out, pd.concat(without))
    of_baselines = [
        named(without_groups(read), {"task": task, "baseline": name})
        for name, read in near_rows.read_strings(baselines).groupby("baseline", sort=False)
    ]
    json_tsv.write_table(baselines_left_out, pd.concat(of_baselines))


def named(rows: pd.DataFrame, names: dict) -> pd.DataFrame:
    """The rows with columns of these values before them."""
    return rows.assign(**names)[[*names, *rows.columns]]


if __name__ == "__main__":
    with jobs.job(snakemake.log[0], snakemake.output):
        main(
            task=snakemake.wildcards.task,
            task_record=Path(snakemake.input.task),
            nearest=Path(snakemake.input.nearest),
            predictions=[Path(path) for path in snakemake.input.predictions],
            initializations=snakemake.params.initializations,
            seeds=snakemake.params.seeds,
            baselines=Path(snakemake.input.baselines),
            rescored=Path(snakemake.output.rescored),
            left_out=Path(snakemake.output.left_out),
            baselines_left_out=Path(snakemake.output.baselines_left_out),
        )
