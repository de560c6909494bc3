"""Match the attention heads of pairs of arms, before, after and through fine-tuning."""

from pathlib import Path

import pandas as pd

from seqtransfer.files import json_tsv
from seqtransfer.similarity import attention_maps, encoder_pairs, representations
from seqtransfer.similarity.encoder_pairs import STAGES, Encoder
from seqtransfer.similarity.run_models import Runs
from seqtransfer.study import cards, jobs
from seqtransfer.training import devices
from seqtransfer.training.runs import TaskFiles


def main(
    *,
    runs: Runs,
    pairs: list[list[str]],
    probe: dict,
    threads: int,
    attention: Path,
    task: str,
    seed: int,
    code: str,
) -> None:
    """Write one row per pair of encoders, layer and head.

    pairs: left and right arm; probe: how many `sequences`, the first of those that are represented,
    and how many `tokens` they must have. All encoders are in memory at the same time.
    """
    device = devices.choose_device()

    def model(encoder: Encoder):
        model = runs.before(encoder.arm)
        if encoder.stage == "after":
            runs.fine_tune(encoder.arm, model)
        return model.encoder.to(device).eval()

    test = runs.files.part("test")
    rows, _ = representations.probe(test, task, **probe)
    sequences = test.take(rows)
    compared = encoder_pairs.compared(runs.metrics, pairs)
    table = []
    with devices.reproducible(0, threads):
        encoders = [Encoder(arm, stage) for arm in runs.metrics for stage in STAGES]
        models = {encoder: model(encoder) for encoder in encoders}
        for row in attention_maps.compare(models, compared, sequences, device):
            names = encoder_pairs.row_names(row.pop("left"), row.pop("right"), task, seed)
            print(names, row)
            table.append({**names, **row, "code": code})
    json_tsv.write_table(attention, pd.DataFrame(table))


if __name__ == "__main__":
    with jobs.job(snakemake.log[0], snakemake.output):
        cards.take(snakemake.resources.gpu)
        main(
            runs=Runs.of(
                TaskFiles.of(snakemake.input, snakemake.params.layers),
                snakemake.params.initializations,
                metrics=snakemake.input.metrics,
                weights=snakemake.input.weights,
                pretrained=snakemake.input.pretrained,
            ),
            pairs=snakemake.params.pairs,
            probe=snakemake.params.probe,
            threads=snakemake.threads,
            attention=Path(snakemake.output.attention),
            task=snakemake.wildcards.task,
            seed=int(snakemake.wildcards.seed),
            code=snakemake.params.code,
        )
