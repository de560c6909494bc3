"""Pretrain an encoder on a corpus of unlabelled sequences, by filling in masks."""

from pathlib import Path

import numpy as np

from seqtransfer.files import checksums, json_tsv
from seqtransfer.study import cards, jobs, provenance
from seqtransfer.training import (
    classifier,
    devices,
    energy,
    operations,
    pretraining,
    shared_pretrainings,
)
from seqtransfer.training.checkpoints import Checkpoint, file_digests
from seqtransfer.training.steps import Schedule


def main(
    *,
    task: str,
    files: pretraining.CorpusFiles,
    settings: dict,
    seed: int,
    threads: int,
    memory: int,
    folder: Path,
    kept: dict[int, Path],
    outputs: list[Path],
    unfinished: Path,
    cache: Path | None,
    code: str,
) -> None:
    """task: the corpus: a task's, a domain's or an artificial one; memory: MB that the job was
    given; folder: of the results; kept: step -> file for the weights after it; outputs: all files
    of the results; unfinished: file of the state from which a killed job continues; cache: folder
    of pretrainings that studies share."""
    identity = {"settings": settings, "layers": files.layers, "seed": seed, "threads": threads}
    identity |= {"keep": sorted(kept), "code": code, "files": file_digests(files.inputs())}
    device = devices.choose_device()
    machine = {"device": device, "precision": devices.choose_precision(device)}
    versions = {"versions": classifier.versions()}
    checkpoint = Checkpoint(unfinished, identity | machine | versions)
    shared = cache and shared_pretrainings.place(cache, follows_from(identity, task, files))
    if shared and shared_pretrainings.take(shared, outputs):
        checkpoint.remove()
        return
    meter = energy.Meter(device)
    vocabulary, sequences = files.vocabulary(), files.sequences()
    rows = np.arange(len(vocabulary))
    sources = classifier.WeightSources(files.encoder, files.layers, rows, None, None, seed, task)
    schedule = pretraining.schedule(settings)
    print(f"{task}: {len(sequences)} sequences, {len(vocabulary)} ids, seed {seed}")
    print(f"{schedule}\n{machine}")
    with devices.reproducible(seed, threads):
        done = pretraining.pretrain(
            sources,
            sequences,
            schedule,
            patience=settings.get("patience"),
            mask_rate=settings["mask_rate"],
            **machine,
            keep=kept,
            checkpoint=checkpoint,
            memory=memory,
        )
    for step, path in kept.items():
        classifier.write_weights(path, done.kept[step])
    json_tsv.write_records(folder / "history.tsv", done.history)
    classifier.save(done.encoder.plain_state(), sources.record(), folder)
    classifier.write_weights(folder / "head.safetensors", done.head)
    json_tsv.write_json(folder / "encoder.json", {"name": task, "symbols": vocabulary.ids()})
    facts = {"threads": threads, "micro_batch": done.micro_batch, "card": devices.card(device)}
    made = provenance.record(code, classifier.LIBRARIES, **machine, **facts)
    key = {"task": task, "tasks": files.served(), "seed": seed, "sequences": len(sequences)}
    json_tsv.write_json(
        folder / "summary.json", key | summary(done, schedule) | {"provenance": made}
    )
    once = operations.forward(sources.depth, sources.facts.width, int(sequences.lengths.max()))
    spent = (done.seconds_training, done.seconds_before, meter.joules())
    timing = {"task": task, **provenance.timing(*spent)} | cost(done, schedule, once, device)
    json_tsv.write_json(folder / "timing.json", timing)
    if shared:
        shared_pretrainings.give(shared, outputs)
    checkpoint.remove()


def summary(done: pretraining.Pretrained, schedule: Schedule) -> dict:
    """What a pretraining came to, and by which settings."""
    return {
        "steps": done.best_step,
        "steps_taken": done.steps_taken,
        "plateau": done.plateau,
        "batch_size": schedule.batch_size,
        "learning_rate": schedule.learning_rate,
        "held_out": done.held_out,
        "tokens_seen": done.tokens_seen,
        "masked_accuracy": done.masked_accuracy,
        "unigram_accuracy": done.unigram_accuracy,
    }


def cost(done: pretraining.Pretrained, schedule: Schedule, once: float, device: str) -> dict:
    """Floating-point operations of its steps, and bytes of the card's memory at most, None on the
    CPU. once: operations of one sequence's forward pass."""
    at_once = min(schedule.batch_size, done.trained_on)
    operation_count = operations.STEP * done.steps_taken * at_once * once
    return {"operations": operation_count, "peak_gpu_memory": devices.card_memory(device)}


def follows_from(identity: dict, task: str, files: pretraining.CorpusFiles) -> dict:
    """What a pretraining of this identity follows from, wherever its files lie. The machine is not
    part of it: what a GPU has made, a study on a processor may use."""
    facts = {name: identity[name] for name in ("settings", "layers", "seed", "keep", "code")}
    facts |= {"task": task, "tasks": files.served(), "symbols": files.vocabulary().ids()}
    facts["sequences"] = checksums.sha256(files.tokens / "pretrain.arrow")
    facts["encoder"] = checksums.sha256(files.encoder / "encoder.json")
    return facts


if __name__ == "__main__":
    with jobs.job(snakemake.log[0], snakemake.output):
        cards.take(snakemake.resources.gpu)
        main(
            task=snakemake.wildcards.corpus,
            files=pretraining.CorpusFiles.of(snakemake.input, snakemake.params.layers),
            settings=snakemake.params.settings,
            seed=int(snakemake.wildcards.get("seed", 0)),
            threads=snakemake.threads,
            memory=snakemake.resources.mem_mb,
            folder=Path(snakemake.output.summary).parent,
            # By the outputs, not by a parameter: a step dropped from the list reruns nothing.
            kept={
                int(Path(path).stem.removeprefix("step-")): Path(path)
                for path in snakemake.output.checkpoints
            },
            outputs=[Path(path) for path in snakemake.output],
            unfinished=Path(
                snakemake.params.unfinished,
                "pretrain." + ".".join(snakemake.wildcards) + ".safetensors",
            ),
            cache=snakemake.params.cache and Path(snakemake.params.cache).expanduser(),
            code=snakemake.params.code,
        )
