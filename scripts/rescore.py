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
    rescored: Path,
    left_out: Path,
) -> None:
    """`initializations` and `seeds` say of which run each file of predictions is."""
    target = task_kinds.of(json_tsv.read_json(task_record))
    near = near_rows.read_nearest(nearest)
    of_tokens = target.kind == task_kinds.TokenClassification.kind
    counted = (lambda labels: task_kinds.by_token(labels, labels)[0]) if of_tokens else np.asarray
    tables, without = [], []
    for path, initialization, seed in zip(predictions, initializations, seeds, strict=True):
        read, run = near_rows.read_strings(path), [task, initialization, seed]
        labels, answers, unit = (read[name].to_numpy() for name in ("label", "prediction", "unit"))
        groups = scoring_left_out.groups(unit, task, "left out")
        tables.append(
            named(
                without_near.rescored(read, near, target.score_written, counted),
                [*run, target.metric],
            )
        )
        scores = []
        if groups is not None:
            scores = scoring_left_out.scores(labels, answers, groups, target.score_written, counted)
        rows = pd.DataFrame({"group": range(len(scores)), "score": scores})
        without.append(named(rows, run))
    json_tsv.write_table(rescored, pd.concat(tables))
    json_tsv.write_table(left_out, pd.concat(without))


def named(rows: pd.DataFrame, names: list) -> pd.DataFrame:
    """The rows with the columns task, initialization, seed and metric before them."""
    columns = ["task", "initialization", "seed", "metric"][: len(names)]
    for place, (column, name) in enumerate(zip(columns, names, strict=True)):
        rows.insert(place, column, name)
    return rows


if __name__ == "__main__":
    with jobs.job(snakemake.log[0], snakemake.output):
        main(
            task=snakemake.wildcards.task,
            task_record=Path(snakemake.input.task),
            nearest=Path(snakemake.input.nearest),
            predictions=[Path(path) for path in snakemake.input.predictions],
            initializations=snakemake.params.initializations,
            seeds=snakemake.params.seeds,
            rescored=Path(snakemake.output.rescored),
            left_out=Path(snakemake.output.left_out),
        )
