"""Hidden states of one task and seed's runs on the probe tokens, before and after fine-tuning."""

from pathlib import Path

from seqtransfer import seeds
from seqtransfer.similarity import representations
from seqtransfer.similarity.run_models import Runs
from seqtransfer.study import cards, jobs
from seqtransfer.training import devices, memory
from seqtransfer.training.microbatches import MicroBatch
from seqtransfer.training.runs import TaskFiles


def main(
    *,
    runs: Runs,
    probe: dict,
    dropout: list[str],
    threads: int,
    before: list[Path],
    after: list[Path],
) -> None:
    """dropout: arms whose dropout stays on; before, after: where to write, in the order of the
    runs' arms."""
    test = runs.files.part("test")
    device, at_a_time = devices.choose_device(), MicroBatch(memory.SCORED)
    pooled = probe.get("pooled", False)

    def write(path, model, run, probed):
        drawn = seeds.derive(run.seed, run.task, "dropout", run.initialization, path.stem)
        drawn = drawn if run.initialization in dropout else None
        representations.write(
            path, model, test, probed, device, at_a_time, pooled=pooled, dropout=drawn
        )

    for arm, path_before, path_after in zip(runs.metrics, before, after, strict=True):
        run = runs.run(arm)
        probed = representations.probe(test, run.task, **probe)
        with devices.reproducible(0, threads):
            model = runs.before(arm)
            write(path_before, model, run, probed)
            runs.fine_tune(arm, model)
            write(path_after, model, run, probed)
        print(f"{run}: {sum(map(len, probed[1]))} tokens of {len(probed[0])} sequences")


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
            probe=snakemake.params.probe,
            dropout=snakemake.params.dropout,
            threads=snakemake.threads,
            before=[Path(path) for path in snakemake.output.before],
            after=[Path(path) for path in snakemake.output.after],
        )
