"""Hidden states of one run's encoder on the probe tokens, before and after fine-tuning."""

from pathlib import Path

from safetensors.torch import load_file

from seqtransfer import formats, logs, models, representations, runs, training


def main(
    *,
    metrics: Path,
    weights: Path,
    test: Path,
    token_map: Path,
    encoder: Path,
    layers: int,
    domain: Path | None,
    settings: dict,
    threads: int,
    before: Path,
    after: Path,
) -> None:
    record = formats.read_json(metrics)
    point = runs.Point(**{name: record[name] for name in runs.Point.__dataclass_fields__})
    ragged = formats.read_ragged(test)
    rows, positions = representations.probe(ragged, point.task, **settings)
    sources = point.sources(encoder, layers, token_map, domain)
    device = training.choose_device()
    with training.reproducible(0, threads):
        model = models.build(point.initialization, sources, point.pooling, len(record["classes"]))
        for path in (before, after):
            if path == after:
                model.load_state_dict(load_file(weights))
            states = representations.hidden_states(model, ragged, rows, positions, device)
            representations.write(path, ragged.names[rows], positions, states)
    print(f"{point}: {positions.size} tokens of {len(rows)} sequences, layers {list(states)}")


if __name__ == "__main__":
    with logs.capture(snakemake.log[0]):
        main(
            metrics=Path(snakemake.input.metrics),
            weights=Path(snakemake.input.weights),
            test=Path(snakemake.input.test),
            token_map=Path(snakemake.input.token_map),
            encoder=Path(snakemake.input.encoder) / snakemake.params.encoder_folder,
            layers=snakemake.params.layers,
            domain=Path(snakemake.input.domain).parent if snakemake.input.domain else None,
            settings=snakemake.params.probe,
            threads=snakemake.threads,
            before=Path(snakemake.output.before),
            after=Path(snakemake.output.after),
        )
