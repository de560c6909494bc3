"""Train one arm at one learning rate, with each pooling and warm-up, on train and dev alone."""

from itertools import product
from pathlib import Path

from seqtransfer.files import json_tsv
from seqtransfer.study import logs, provenance
from seqtransfer.training import classifier, runs


def main(
    *,
    points: list[runs.Point],
    files: runs.TaskFiles,
    pretrained: Path | None,
    settings: dict,
    threads: int,
    records: Path,
    code: str,
) -> None:
    """points: one task, initialization, seed and learning rate; each pooling and warm-up."""
    scored = []
    for point in points:
        trained = runs.train(point, files, pretrained, settings, threads)
        where = {"device": trained.device, "precision": trained.precision}
        scored.append(
            runs.metrics(point, trained.outcome, settings, files.target())
            | {
                "history": trained.outcome.history[1:],
                "provenance": provenance.record(
                    code, classifier.LIBRARIES, threads=threads, **where
                ),
            }
        )
    json_tsv.write_json(records, scored)


if __name__ == "__main__":
    with logs.capture(snakemake.log[0]):
        main(
            points=[
                runs.Point(
                    task=snakemake.wildcards.task,
                    initialization=snakemake.wildcards.initialization,
                    seed=int(snakemake.wildcards.seed),
                    learning_rate=float(snakemake.wildcards.learning_rate),
                    pooling=pooling,
                    warmup=warmup,
                )
                for pooling, warmup in product(snakemake.params.poolings, snakemake.params.warmups)
            ],
            files=runs.TaskFiles.of(
                task=snakemake.input.task,
                token_map=snakemake.input.token_map,
                encoder=snakemake.input.encoder,
                layers=snakemake.params.layers,
            ),
            pretrained=Path(snakemake.input.pretrained) if snakemake.input.pretrained else None,
            settings=snakemake.params.training,
            threads=snakemake.threads,
            records=Path(snakemake.output.records),
            code=snakemake.params.code,
        )
