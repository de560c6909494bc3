"""Fine-tune a model for one task from one initialization and seed; score test once."""

from dataclasses import asdict
from pathlib import Path

from seqtransfer.files import json_tsv
from seqtransfer.study import logs, provenance
from seqtransfer.training import classifier, devices, finetuning, runs
from seqtransfer.training.checkpoints import Checkpoint, contents


def main(
    *,
    point: runs.Point,
    files: runs.TaskFiles,
    pretrained: Path | None,
    settings: dict,
    threads: int,
    folder: Path,
    checkpoint: Path,
    code: str,
) -> None:
    """checkpoint: file of an unfinished run's state, from which a killed job goes on."""
    identity = {"point": asdict(point), "settings": settings, "layers": files.layers}
    identity |= {"threads": threads, "code": code, "files": contents(files.inputs(pretrained))}
    unfinished = Checkpoint(checkpoint, identity)
    trained = runs.train(point, files, pretrained, settings, threads, unfinished)
    test, target = files.part("test"), files.target()
    with devices.reproducible(0, threads):
        answers = finetuning.predict(trained.model, test, target, device=trained.device)
    json_tsv.write_records(folder / "history.tsv", trained.outcome.history)
    json_tsv.write_records(folder / "predictions.tsv", runs.predictions(test, answers, target))
    architecture = point.sources(files, pretrained).record()
    classifier.save(classifier.plain_state(trained.model), architecture, folder)
    where = {"device": trained.device, "precision": trained.precision}
    record = runs.metrics(point, trained.outcome, settings, target) | {
        "outputs": target.outputs,
        "test": target.score(test.labels, answers),
        "provenance": provenance.record(code, classifier.LIBRARIES, threads=threads, **where),
    }
    json_tsv.write_json(folder / "metrics.json", record)
    timing = provenance.timing(trained.outcome.seconds_training)
    json_tsv.write_json(folder / "timing.json", {**point.names, **timing})
    unfinished.remove()


if __name__ == "__main__":
    with logs.capture(snakemake.log[0]):
        main(
            point=runs.with_settings(
                Path(snakemake.input.settings),
                task=snakemake.wildcards.task,
                initialization=snakemake.wildcards.initialization,
                seed=int(snakemake.wildcards.seed),
                warmup=snakemake.params.training["warmup"],
            ),
            files=runs.TaskFiles.of(
                task=snakemake.input.task,
                token_map=snakemake.input.token_map,
                encoder=snakemake.input.encoder,
                layers=snakemake.params.layers,
            ),
            pretrained=Path(snakemake.input.pretrained) if snakemake.input.pretrained else None,
            settings=snakemake.params.training,
            threads=snakemake.threads,
            folder=Path(snakemake.output.metrics).parent,
            checkpoint=Path(
                snakemake.params.unfinished,
                "finetune." + ".".join(snakemake.wildcards) + ".safetensors",
            ),
            code=snakemake.params.code,
        )
