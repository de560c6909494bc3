"""Score a constant answer and n-gram regression on one task."""

from pathlib import Path

from threadpoolctl import threadpool_limits

from seqtransfer.files import arrow, json_tsv
from seqtransfer.scoring import baselines as library
from seqtransfer.scoring import task_kinds
from seqtransfer.study import jobs, provenance


def main(
    *, train: Path, dev: Path, test: Path, task_record: Path, baselines: Path, task: str, code: str
) -> None:
    """Read a task's tokens and target; write one record per baseline."""
    splits = [arrow.read_ragged(path) for path in (train, dev, test)]
    target = task_kinds.of(json_tsv.read_json(task_record))
    facts = provenance.record(code=code, libraries=["numpy", "scikit-learn"])
    json_tsv.write_json(baselines, library.evaluate(task, *splits, target, facts))


if __name__ == "__main__":
    with jobs.job(snakemake.log[0], snakemake.output), threadpool_limits(snakemake.threads):
        main(
            train=Path(snakemake.input.train),
            dev=Path(snakemake.input.dev),
            test=Path(snakemake.input.test),
            task_record=Path(snakemake.input.task_record),
            baselines=Path(snakemake.output.baselines),
            task=snakemake.wildcards.task,
            code=snakemake.params.code,
        )
