"""Fine-tune a model for one task from one initialization and seed; score test once."""

from dataclasses import asdict
from pathlib import Path

from seqtransfer.files import arrow, json_tsv
from seqtransfer.scoring import task_kinds
from seqtransfer.study import logs, provenance
from seqtransfer.training import classifier, devices, finetuning, runs
from seqtransfer.training.checkpoints import Checkpoint, contents


def main(
    *,
    point: runs.Point,
    tokens: Path,
    token_map: Path,
    encoder: Path,
    layers: int,
    pretrained: Path | None,
    settings: dict,
    threads: int,
    folder: Path,
    checkpoint: Path,
    code: str,
) -> None:
    """checkpoint: file of an unfinished run's state, from which a killed job goes on."""
    parts = {name: arrow.read_ragged(tokens / f"{name}.arrow") for name in ("train", "dev", "test")}
    target = task_kinds.of(json_tsv.read_json(tokens / "task.json"))
    sources = point.sources(encoder, layers, token_map, pretrained, tokens / "task.json")
    read = [tokens / name for name in ("train.arrow", "dev.arrow", "task.json")]
    read += [token_map, encoder / "encoder.json"]
    read += [pretrained, pretrained.parent / "encoder.json"] if pretrained else []
    settled = {"point": asdict(point), "settings": settings, "layers": layers, "threads": threads}
    unfinished = Checkpoint(checkpoint, settled | {"code": code, "files": contents(read)})
    trained = runs.train(
        point, sources, parts["train"], parts["dev"], target, settings, threads, unfinished
    )
    where = {"device": trained.device, "precision": trained.precision}
    with devices.reproducible(0, threads):
        answers = finetuning.predict(trained.model, parts["test"], target, device=trained.device)
    json_tsv.write_records(folder / "history.tsv", trained.outcome.history)
    json_tsv.write_records(
        folder / "predictions.tsv", runs.predictions(parts["test"], answers, target)
    )
    classifier.save(classifier.plain_state(trained.model), sources.record(), folder)
    record = runs.metrics(point, trained.outcome, settings, target) | {
        "outputs": target.outputs,
        "test": target.score(parts["test"].labels, answers),
        "provenance": provenance.record(code, classifier.LIBRARIES, threads=threads, **where),
    }
    json_tsv.write_json(folder / "metrics.json", record)
    timing = provenance.timing(trained.outcome.seconds_training)
    json_tsv.write_json(folder / "timing.json", {**runs.names(point), **timing})
    unfinished.remove()


if __name__ == "__main__":
    with logs.capture(snakemake.log[0]):
        main(
            point=runs.arm(
                Path(snakemake.input.settings),
                task=snakemake.wildcards.task,
                initialization=snakemake.wildcards.initialization,
                seed=int(snakemake.wildcards.seed),
                warmup=snakemake.params.training["warmup"],
            ),
            tokens=Path(snakemake.input.train).parent,
            token_map=Path(snakemake.input.token_map),
            encoder=Path(snakemake.input.encoder).parent,
            layers=snakemake.params.layers,
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
