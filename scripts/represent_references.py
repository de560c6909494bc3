"""Hidden states of what a similarity is read against: random encoders, and the reference again."""

from pathlib import Path

from seqtransfer.files import arrow
from seqtransfer.similarity import representations
from seqtransfer.study import logs
from seqtransfer.training import classifier, devices, runs


def main(
    *,
    task: str,
    seed: int,
    test: Path,
    token_map: Path,
    encoder: Path,
    layers: int,
    facts: Path,
    settings: dict,
    threads: int,
    reference: str,
    again: tuple[Path, Path] | None,
    floor: dict[int, Path],
) -> None:
    """floor: output by seed of the random draw; again: weights of the reference pretrained with
    another seed, and their output. The token map is that of the study's `seed`."""
    ragged = arrow.read_ragged(test)
    device = devices.choose_device()
    probed = representations.probe(ragged, task, **settings)
    pooled = settings.get("pooled", False)
    wanted = [("random", number, None, path) for number, path in floor.items()]
    if again:
        wanted.append((reference, seed, *again))
    for arm, number, pretrained, path in wanted:
        # Before fine-tuning: no learning rate is used, and pooling adds nothing to the states.
        point = runs.Point(task, arm, number, learning_rate=0.0, pooling="mean", warmup=0.0)
        sources = point.sources(encoder, layers, token_map, pretrained, facts)
        with devices.reproducible(0, threads):
            model = classifier.build(arm, sources, point.pooling, 1)
            representations.write(path, model, ragged, probed, device, pooled=pooled)
        print(f"{arm}, seed {number}, {pretrained or 'fresh'} -> {path}")


if __name__ == "__main__":
    with logs.capture(snakemake.log[0]):
        main(
            task=snakemake.wildcards.task,
            seed=snakemake.params.seed,
            test=Path(snakemake.input.test),
            token_map=Path(snakemake.input.token_map),
            encoder=Path(snakemake.input.encoder).parent,
            layers=snakemake.params.layers,
            facts=Path(snakemake.input.task),
            settings=snakemake.params.probe,
            threads=snakemake.threads,
            reference=snakemake.params.reference,
            again=tuple(map(Path, [*snakemake.input.again, *snakemake.output.again])) or None,
            floor={
                number: Path(path)
                for number, path in zip(
                    snakemake.params.floor_seeds, snakemake.output.floor, strict=True
                )
            },
        )
