"""Pretrain an encoder on a corpus of unlabelled sequences, by filling in masks."""

from pathlib import Path

import numpy as np
import pandas as pd

from seqtransfer import formats, logs, models, pretraining, provenance, training
from seqtransfer.checkpoints import Checkpoint, contents
from seqtransfer.steps import Schedule
from seqtransfer.vocabulary import Vocabulary


def main(
    *,
    task: str,
    sequences: Path,
    facts: Path,
    encoder: Path,
    layers: int,
    settings: dict,
    seed: int,
    threads: int,
    folder: Path,
    checkpoints: dict[int, Path],
    checkpoint: Path,
    code: str,
) -> None:
    """task: the corpus, a task's or an artificial one; checkpoints: file of weights by step;
    checkpoint: file of an unfinished run's state, from which a killed job goes on."""
    vocabulary = Vocabulary(tuple(formats.read_json(facts)["symbols"]))
    rows = np.arange(len(vocabulary))
    sources = models.Sources(encoder, layers, rows, None, None, seed, task)
    ragged = formats.read_ragged(sequences)
    schedule = Schedule(**{name: settings[name] for name in Schedule.__dataclass_fields__})
    device = training.choose_device()
    precision = training.choose_precision(device)
    print(f"{task}: {len(ragged)} sequences, {len(vocabulary)} ids, seed {seed}")
    print(f"{schedule}\n{device}, {precision}")
    settled = {"settings": settings, "layers": layers, "seed": seed, "threads": threads}
    settled |= {"keep": sorted(checkpoints), "code": code}
    read = contents([sequences, facts, encoder / "encoder.json"])
    unfinished = Checkpoint(checkpoint, settled | {"files": read})
    with training.reproducible(seed, threads):
        done = pretraining.pretrain(
            sources,
            ragged,
            schedule,
            mask_rate=settings["mask_rate"],
            device=device,
            precision=precision,
            keep=checkpoints,
            checkpoint=unfinished,
        )
    for step, path in checkpoints.items():
        models.write_weights(path, done.kept[step])
    formats.write_table(folder / "history.tsv", pd.DataFrame(done.history))
    models.save(done.encoder.plain_state(), sources.record(), folder)
    formats.write_json(folder / "encoder.json", {"name": task, "symbols": vocabulary.ids()})
    summary = {
        "task": task,
        "seed": seed,
        "steps": schedule.steps,
        "batch_size": schedule.batch_size,
        "learning_rate": schedule.learning_rate,
        "sequences": len(ragged),
        "tokens_seen": done.tokens_seen,
        "masked_accuracy": done.masked_accuracy,
        "unigram_accuracy": done.unigram_accuracy,
        "provenance": provenance.record(
            code, models.LIBRARIES, device=device, precision=precision, threads=threads
        ),
    }
    formats.write_json(folder / "summary.json", summary)
    formats.write_json(
        folder / "timing.json", {"task": task, **provenance.timing(done.seconds_training)}
    )
    unfinished.remove()


if __name__ == "__main__":
    with logs.capture(snakemake.log[0]):
        main(
            task=snakemake.wildcards.corpus,
            sequences=Path(snakemake.input.sequences),
            facts=Path(snakemake.input.task),
            encoder=Path(snakemake.input.encoder).parent,
            layers=snakemake.params.layers,
            settings=snakemake.params.settings,
            seed=int(snakemake.wildcards.get("seed", 0)),
            threads=snakemake.threads,
            folder=Path(snakemake.output.summary).parent,
            # By the outputs, not by a parameter: a step dropped from the list reruns nothing.
            checkpoints={
                int(Path(path).stem.removeprefix("step-")): Path(path)
                for path in snakemake.output.checkpoints
            },
            checkpoint=Path(
                snakemake.params.unfinished,
                "pretrain." + ".".join(snakemake.wildcards) + ".safetensors",
            ),
            code=snakemake.params.code,
        )
