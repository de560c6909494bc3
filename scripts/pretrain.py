"""Pretrain an encoder on a corpus of unlabelled sequences, by filling in masks."""

from pathlib import Path

import numpy as np

from seqtransfer.files import arrow, json_tsv
from seqtransfer.study import logs, provenance
from seqtransfer.tokens.vocabulary import Vocabulary
from seqtransfer.training import classifier, devices, pretraining
from seqtransfer.training.checkpoints import Checkpoint, contents
from seqtransfer.training.steps import Schedule


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
    vocabulary = Vocabulary(tuple(json_tsv.read_json(facts)["symbols"]))
    rows = np.arange(len(vocabulary))
    sources = classifier.WeightSources(encoder, layers, rows, None, None, seed, task)
    ragged = arrow.read_ragged(sequences)
    schedule = Schedule(**{name: settings[name] for name in Schedule.__dataclass_fields__})
    device = devices.choose_device()
    precision = devices.choose_precision(device)
    print(f"{task}: {len(ragged)} sequences, {len(vocabulary)} ids, seed {seed}")
    print(f"{schedule}\n{device}, {precision}")
    settled = {"settings": settings, "layers": layers, "seed": seed, "threads": threads}
    settled |= {"keep": sorted(checkpoints), "code": code}
    read = contents([sequences, facts, encoder / "encoder.json"])
    unfinished = Checkpoint(checkpoint, settled | {"files": read})
    with devices.reproducible(seed, threads):
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
        classifier.write_weights(path, done.kept[step])
    json_tsv.write_records(folder / "history.tsv", done.history)
    classifier.save(done.encoder.plain_state(), sources.record(), folder)
    json_tsv.write_json(folder / "encoder.json", {"name": task, "symbols": vocabulary.ids()})
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
            code, classifier.LIBRARIES, device=device, precision=precision, threads=threads
        ),
    }
    json_tsv.write_json(folder / "summary.json", summary)
    json_tsv.write_json(
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
