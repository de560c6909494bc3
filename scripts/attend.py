"""Match the attention heads of pairs of arms, before, after and through fine-tuning."""

from pathlib import Path

import pandas as pd

from seqtransfer.encoders import arms
from seqtransfer.files import arrow, json_tsv
from seqtransfer.similarity import attention_maps, encoder_pairs, representations
from seqtransfer.similarity.encoder_pairs import STAGES, Encoder
from seqtransfer.study import logs
from seqtransfer.training import classifier, devices, runs


def main(
    *,
    metrics: dict[str, Path],
    weights: dict[str, Path],
    test: Path,
    token_map: Path,
    encoder: Path,
    layers: int,
    pretrained: dict[str, Path],
    facts: Path,
    pairs: list[list[str]],
    sequences: int,
    tokens: int,
    threads: int,
    attention: Path,
    task: str,
    seed: int,
    code: str,
) -> None:
    """metrics, weights: by arm; pretrained: as in `represent`; pairs: left and right arm;
    sequences: how many, the first of those that are represented. Writes one row per pair, stage,
    layer and head. All arms' encoders are in memory at a time."""
    device = devices.choose_device()

    def encoder_of(arm: str, stage: str):
        record = json_tsv.read_json(metrics[arm])
        model = runs.start(record, encoder, layers, token_map, pretrained, facts)
        if stage == "after":
            classifier.restore(model, weights[arm])
        return model.encoder.to(device).eval()

    ragged = arrow.read_ragged(test)
    rows, _ = representations.probe(ragged, task, sequences=sequences, tokens=tokens)
    chosen = arrow.Ragged.from_lists(
        [ragged[row] for row in rows], ragged.labels[rows], ragged.names[rows]
    )
    wanted = encoder_pairs.compared(metrics, pairs)
    table = []
    with devices.reproducible(0, threads):
        encoders = {
            Encoder(arm, stage): encoder_of(arm, stage) for arm in metrics for stage in STAGES
        }
        for row in attention_maps.compare(encoders, wanted, chosen, device):
            names = encoder_pairs.row_names(row.pop("left"), row.pop("right"), task, seed)
            print(names, row)
            table.append({**names, **row, "code": code})
    json_tsv.write_table(attention, pd.DataFrame(table))


if __name__ == "__main__":
    with logs.capture(snakemake.log[0]):
        names = snakemake.params.initializations
        main(
            metrics=dict(zip(names, map(Path, snakemake.input.metrics), strict=True)),
            weights=dict(zip(names, map(Path, snakemake.input.weights), strict=True)),
            test=Path(snakemake.input.test),
            token_map=Path(snakemake.input.token_map),
            encoder=Path(snakemake.input.encoder).parent,
            layers=snakemake.params.layers,
            pretrained=dict(
                zip(
                    filter(arms.is_pretrained, names),
                    map(Path, snakemake.input.pretrained),
                    strict=True,
                )
            ),
            facts=Path(snakemake.input.task),
            pairs=snakemake.params.pairs,
            sequences=snakemake.params.sequences,
            tokens=snakemake.params.tokens,
            threads=snakemake.threads,
            attention=Path(snakemake.output.attention),
            task=snakemake.wildcards.task,
            seed=int(snakemake.wildcards.seed),
            code=snakemake.params.code,
        )
