"""Hidden states of one arm before fine-tuning on the probe tokens, once per seed of its weights."""

from pathlib import Path

from seqtransfer import seeds
from seqtransfer.similarity import representations, run_models
from seqtransfer.study import cards, jobs
from seqtransfer.training import devices, memory
from seqtransfer.training.microbatches import MicroBatch
from seqtransfer.training.runs import TaskFiles


def main(
    *,
    files: TaskFiles,
    task: str,
    arm: str,
    pretrained: Path | None,
    probe: dict,
    dropout: list[str],
    threads: int,
    states: dict[int, Path],
) -> None:
    """pretrained: weights that the arm starts from, if any; dropout: arms whose dropout stays on;
    states: where to write, by seed."""
    test = files.part("test")
    device, at_a_time = devices.choose_device(), MicroBatch(memory.SCORED)
    probed = representations.probe(test, task, **probe)
    pooled = probe.get("pooled", False)
    for seed, path in states.items():
        with devices.reproducible(0, threads):
            model = run_models.untrained(files, task, arm, seed, pretrained)
            drawn = seeds.derive(seed, task, "dropout", path.stem) if arm in dropout else None
            representations.write(
                path, model, test, probed, device, at_a_time, pooled=pooled, dropout=drawn
            )
        print(f"{arm}, seed {seed}, {pretrained or 'fresh'} -> {path}")


if __name__ == "__main__":
    with jobs.job(snakemake.log[0], snakemake.output):
        cards.take(snakemake.resources.gpu)
        main(
            files=TaskFiles.of(snakemake.input, snakemake.params.layers),
            task=snakemake.wildcards.task,
            arm=snakemake.params.arm,
            pretrained=next(map(Path, snakemake.input.get("pretrained", [])), None),
            probe=snakemake.params.probe,
            dropout=snakemake.params.dropout,
            threads=snakemake.threads,
            states=dict(zip(snakemake.params.seeds, map(Path, snakemake.output), strict=True)),
        )
