"""Train one arm with every candidate learning rate and pooling; keep dev scores. No test part."""

from pathlib import Path

from seqtransfer import formats, logs, models, provenance, runs


def main(
    *,
    points: list[runs.Point],
    tokens: Path,
    token_map: Path,
    encoder: Path,
    layers: int,
    domain: Path | None,
    settings: dict,
    threads: int,
    records: Path,
    code: str,
) -> None:
    """points: the candidates of one task, initialization and seed."""
    parts = {name: formats.read_ragged(tokens / f"{name}.arrow") for name in ("train", "dev")}
    classes = formats.read_json(tokens / "task.json")["classes"]
    sources = points[0].sources(encoder, layers, token_map, domain)
    scored = []
    for point in points:
        trained = runs.train(
            point, sources, parts["train"], parts["dev"], classes, settings, threads
        )
        where = {"device": trained.device, "precision": trained.precision}
        scored.append(
            runs.metrics(point, trained.outcome, settings)
            | {
                "history": trained.outcome.history[1:],
                "provenance": provenance.record(code, models.LIBRARIES, threads=threads, **where),
            }
        )
    formats.write_json(records, scored)


if __name__ == "__main__":
    with logs.capture(snakemake.log[0]):
        main(
            points=[
                runs.Point(
                    task=snakemake.wildcards.task,
                    initialization=snakemake.wildcards.initialization,
                    seed=int(snakemake.wildcards.seed),
                    learning_rate=learning_rate,
                    pooling=pooling,
                )
                for pooling in snakemake.params.poolings
                for learning_rate in snakemake.params.learning_rates
            ],
            tokens=Path(snakemake.input.train).parent,
            token_map=Path(snakemake.input.token_map),
            encoder=Path(snakemake.input.encoder) / snakemake.params.encoder_folder,
            layers=snakemake.params.layers,
            domain=Path(snakemake.input.domain).parent if snakemake.input.domain else None,
            settings=snakemake.params.training,
            threads=snakemake.threads,
            records=Path(snakemake.output.records),
            code=snakemake.params.code,
        )
