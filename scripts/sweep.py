"""Train one arm at one learning rate, with each pooling and warm-up, on train and dev alone."""

from itertools import product
from pathlib import Path

from seqtransfer.files import json_tsv
from seqtransfer.study import cards, jobs, provenance
from seqtransfer.training import classifier, devices, runs


def main(
    *,
    candidates: list[runs.Run],
    files: runs.TaskFiles,
    pretrained: Path | None,
    settings: dict,
    threads: int,
    memory: int,
    records: Path,
    unfinished: Path,
    code: str,
) -> None:
    """candidates: runs that differ in pooling and warm-up alone; memory: MB that the job was given;
    unfinished: file, but for its
    suffix, of the states from which a killed job continues."""
    scored, checkpoints = [], []
    for run in candidates:
        setting = (run, files, pretrained, settings, threads)
        path = unfinished.with_name(f"{unfinished.name}.{run.pooling}.{run.warmup}.safetensors")
        checkpoints.append(runs.checkpoint_of(*setting, code, path))
        trained = runs.train(*setting, checkpoints[-1], memory)
        record = runs.metrics(run, trained, settings, files.target()) | {
            "history": trained.outcome.history,
            "provenance": provenance.record(code, classifier.LIBRARIES, **trained.machine),
        }
        scored.append(record)
        del trained  # its model: the next one's batches are as large as memory allows
        devices.give_back_memory()
    json_tsv.write_json(records, scored)
    for checkpoint in checkpoints:
        checkpoint.remove()


if __name__ == "__main__":
    with jobs.job(snakemake.log[0], snakemake.output):
        cards.take(snakemake.resources.gpu)
        main(
            candidates=[
                runs.Run(
                    task=snakemake.wildcards.task,
                    initialization=snakemake.wildcards.initialization,
                    seed=int(snakemake.wildcards.seed),
                    learning_rate=float(snakemake.wildcards.learning_rate),
                    pooling=pooling,
                    warmup=warmup,
                )
                for pooling, warmup in product(snakemake.params.poolings, snakemake.params.warmups)
            ],
            files=runs.TaskFiles.of(snakemake.input, snakemake.params.layers),
            pretrained=Path(snakemake.input.pretrained) if snakemake.input.pretrained else None,
            settings=snakemake.params.training,
            threads=snakemake.threads,
            memory=snakemake.resources.mem_mb,
            records=Path(snakemake.output.records),
            unfinished=Path(snakemake.params.unfinished, "sweep." + ".".join(snakemake.wildcards)),
            code=snakemake.params.code,
        )
