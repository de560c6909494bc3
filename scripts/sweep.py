"""Train one arm with one learning rate and pooling; keep its dev score. Test is not touched."""

from pathlib import Path

from seqtransfer import formats, logs, models, provenance, runs


def main(
    *,
    point: runs.Point,
    tokens: Path,
    token_map: Path,
    encoder: Path,
    layers: int,
    domain: Path | None,
    settings: dict,
    threads: int,
    score: Path,
    code: str,
) -> None:
    parts = {name: formats.read_ragged(tokens / f"{name}.npz") for name in ("train", "dev")}
    classes = formats.read_json(tokens / "task.json")["classes"]
    sources = point.sources(encoder, layers, token_map, domain)
    trained = runs.train(point, sources, parts["train"], parts["dev"], classes, settings, threads)
    record = runs.metrics(point, trained.outcome, settings) | {
        "history": trained.outcome.history[1:],
        "provenance": provenance.record(
            code,
            models.LIBRARIES,
            threads=threads,
            device=trained.device,
            precision=trained.precision,
        ),
    }
    formats.write_json(score, record)


if __name__ == "__main__":
    with logs.capture(snakemake.log[0]):
        main(
            point=runs.Point(
                task=snakemake.wildcards.task,
                initialization=snakemake.wildcards.initialization,
                seed=int(snakemake.wildcards.seed),
                learning_rate=float(snakemake.wildcards.learning_rate),
                pooling=snakemake.wildcards.pooling,
            ),
            tokens=Path(snakemake.input.train).parent,
            token_map=Path(snakemake.input.token_map),
            encoder=Path(snakemake.input.encoder) / snakemake.params.encoder_folder,
            layers=snakemake.params.layers,
            domain=Path(snakemake.input.domain).parent if snakemake.input.domain else None,
            settings=snakemake.params.training,
            threads=snakemake.threads,
            score=Path(snakemake.output.score),
            code=snakemake.params.code,
        )
