"""Match the attention heads of pairs of arms, before, after and through fine-tuning."""

from pathlib import Path

import pandas as pd

from seqtransfer import arms, attentions, formats, logs, models, representations, runs, training

STAGES = ("before", "after")
CHANGE = "change"  # an arm before against itself after


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
    layer and head. The two models of a pair are in memory at a time."""

    def encoder_of(arm: str, stage: str):
        record = formats.read_json(metrics[arm])
        point = runs.Point.of(record)
        sources = point.sources(encoder, layers, token_map, pretrained.get(arm), facts)
        model = models.build(arm, sources, point.pooling, record["outputs"])
        if stage == "after":
            models.restore(model, weights[arm])
        return model.encoder

    ragged = formats.read_ragged(test)
    rows, _ = representations.probe(ragged, task, sequences=sequences, tokens=tokens)
    chosen = formats.Ragged.from_lists(
        [ragged[row] for row in rows], ragged.labels[rows], ragged.names[rows]
    )
    wanted = [((left, s), (right, s), s) for s in STAGES for left, right in pairs]
    wanted += [(*((arm, s) for s in STAGES), CHANGE) for arm in metrics]
    table = []
    with training.reproducible(0, threads):
        for left, right, stage in wanted:
            run = {"task": task, "left": left[0], "right": right[0], "seed": seed, "stage": stage}
            sides = (encoder_of(*left), encoder_of(*right))
            found = attentions.compare(*sides, chosen, training.choose_device())
            table += [{**run, **row, "code": code} for row in found]
            print(run, len(table), "rows")
    formats.write_table(attention, pd.DataFrame(table))


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
