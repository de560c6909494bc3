"""Hidden states of runs of one task and seed on the probe tokens, before and after fine-tuning."""

from pathlib import Path

from seqtransfer.encoders import initializations
from seqtransfer.files import arrow, json_tsv
from seqtransfer.similarity import representations
from seqtransfer.study import logs
from seqtransfer.training import classifier, devices, runs


def main(
    *,
    metrics: list[Path],
    weights: list[Path],
    test: Path,
    token_map: Path,
    encoder: Path,
    layers: int,
    pretrained: dict[str, Path],
    facts: Path,
    settings: dict,
    threads: int,
    before: list[Path],
    after: list[Path],
) -> None:
    """The four lists have one entry an arm, in the same order. pretrained: the weights that an arm
    starts from, where they are not those of the text encoder."""
    ragged = arrow.read_ragged(test)
    device = devices.choose_device()
    pooled = settings.get("pooled", False)
    for record_path, weights_path, *paths in zip(metrics, weights, before, after, strict=True):
        record = json_tsv.read_json(record_path)
        probed = representations.probe(ragged, record["task"], **settings)
        with devices.reproducible(0, threads):
            model = runs.start(record, encoder, layers, token_map, pretrained, facts)
            for path, trained in zip(paths, (None, weights_path), strict=True):
                if trained:
                    classifier.restore(model, trained)
                representations.write(path, model, ragged, probed, device, pooled=pooled)
        count = sum(map(len, probed[1]))
        print(f"{runs.Point.of(record)}: {count} tokens of {len(probed[0])} sequences")


if __name__ == "__main__":
    with logs.capture(snakemake.log[0]):
        main(
            metrics=[Path(path) for path in snakemake.input.metrics],
            weights=[Path(path) for path in snakemake.input.weights],
            test=Path(snakemake.input.test),
            token_map=Path(snakemake.input.token_map),
            encoder=Path(snakemake.input.encoder).parent,
            layers=snakemake.params.layers,
            pretrained={
                arm: Path(path)
                for arm, path in zip(
                    filter(initializations.is_pretrained, snakemake.params.initializations),
                    snakemake.input.pretrained,
                    strict=True,
                )
            },
            facts=Path(snakemake.input.task),
            settings=snakemake.params.probe,
            threads=snakemake.threads,
            before=[Path(path) for path in snakemake.output.before],
            after=[Path(path) for path in snakemake.output.after],
        )
