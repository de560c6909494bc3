"""Score the runs of one task once more, without the test rows that are near to train."""

from pathlib import Path

import numpy as np
import pandas as pd

from seqtransfer.files import json_tsv
from seqtransfer.scoring import task_kinds
from seqtransfer.study import jobs
from seqtransfer.tokens import leak_audit


def main(
    *,
    task: str,
    task_record: Path,
    nearest: Path,
    predictions: list[Path],
    initializations: list[str],
    seeds: list[int],
    rescored: Path,
) -> None:
    """`initializations` and `seeds` say of which run each file of predictions is."""
    target = task_kinds.of(json_tsv.read_json(task_record))
    index = {name: i for i, name in enumerate(target.classes)}

    def score(labels: np.ndarray, predicted: np.ndarray) -> float:
        if (predicted == "").any():  # of a run that has no score
            return np.nan
        if target.kind == "regression":
            return target.score(labels.astype(float), predicted.astype(float)[:, None])["score"]
        chosen = np.array([index[name] for name in predicted])
        answers = np.eye(target.outputs)[chosen]
        return target.score(np.array([index[name] for name in labels]), answers)["score"]

    near = read_strings(nearest).astype({"similarity": float})
    near["duplicate"] = near["duplicate"] == "True"
    tables = []
    for path, initialization, seed in zip(predictions, initializations, seeds, strict=True):
        rows = leak_audit.rescored(read_strings(path), near, score)
        rows.insert(0, "task", task)
        rows.insert(1, "initialization", initialization)
        rows.insert(2, "seed", seed)
        rows.insert(3, "metric", target.metric)
        tables.append(rows)
    json_tsv.write_table(rescored, pd.concat(tables))


def read_strings(path: Path) -> pd.DataFrame:
    """A TSV table with every cell a string: the class "0" stays what it is."""
    return pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)


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
        )
