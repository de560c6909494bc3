"""Fine-tune a model for one task from one initialization and seed; score test once."""

from pathlib import Path

from seqtransfer.encoders.controls import CONTROLS
from seqtransfer.files import json_tsv
from seqtransfer.scoring import left_out, task_kinds
from seqtransfer.study import cards, jobs, provenance
from seqtransfer.training import classifier, devices, energy, finetuning, operations, runs, states
from seqtransfer.training.microbatches import MicroBatch


def main(
    *,
    run: runs.Run,
    files: runs.TaskFiles,
    pretrained: Path | None,
    settings: dict,
    keep: list[int],
    threads: int,
    memory: int,
    folder: Path,
    unfinished: Path,
    code: str,
) -> None:
    """keep: steps after which weights are kept, as `along.safetensors` has them by step; memory: MB
    that the job was given; folder: of the results; unfinished: file of the state from which a
    killed job continues."""
    meter = energy.Meter(devices.choose_device())
    setting = (run, files, pretrained, settings, threads)
    checkpoint = runs.checkpoint_of(*setting, code, unfinished, keep)
    groups = left_out.groups(files.part("dev").units, run.task, "dev left out")
    trained = runs.train(*setting, checkpoint, memory, groups, keep)
    test, target = files.part("test"), files.target()
    with devices.reproducible(0, threads):
        at_a_time = MicroBatch(trained.outcome.scored)
        answers = finetuning.predict(trained.model, test, target, at_a_time, device=trained.device)
    json_tsv.write_records(folder / "history.tsv", trained.outcome.history)
    without = runs.dev_left_out(trained.outcome)
    json_tsv.write_records(folder / "dev-left-out.tsv", without, ("step", "group", "score"))
    json_tsv.write_records(folder / "predictions.tsv", runs.predictions(test, answers, target))
    sources = run.sources(files, pretrained)
    architecture = classifier.architecture(run.initialization, sources)
    classifier.save(classifier.plain_state(trained.model), architecture, folder)
    if keep:
        kept = {str(step): state for step, state in trained.outcome.kept.items()}
        classifier.write_weights(folder / "along.safetensors", states.joined(kept))
    record = runs.metrics(run, trained, settings, target) | {
        "outputs": target.outputs,
        "test": task_kinds.scores(target, test, answers),
        "provenance": provenance.record(code, classifier.LIBRARIES, **trained.machine),
    }
    json_tsv.write_json(folder / "metrics.json", record)
    at_once = min(settings["batch_size"], record["train_n"])
    controls = run.initialization in CONTROLS
    each = operations.passes("full" if controls else settings["adaptation"], sources.depth)
    passes = each * record["steps_taken"] * at_once
    evaluations = sum(row["step"] <= record["steps_taken"] for row in trained.outcome.history)
    passes += evaluations * record["dev"]["n"] + record["test"]["n"]
    once = operations.forward(
        sources.depth, sources.facts.width, record["max_tokens"], run.initialization
    )
    outcome = trained.outcome
    spent = (outcome.seconds_training, outcome.seconds_before, meter.joules())
    timing = provenance.timing(*spent)
    taken = devices.card_memory(trained.device)
    timing |= {"operations": passes * once, "peak_gpu_memory": taken}
    json_tsv.write_json(folder / "timing.json", {**run.key, **timing})
    checkpoint.remove()


if __name__ == "__main__":
    with jobs.job(snakemake.log[0], snakemake.output):
        cards.take(snakemake.resources.gpu)
        main(
            run=runs.with_settings(
                Path(snakemake.input.settings),
                task=snakemake.wildcards.task,
                initialization=snakemake.wildcards.initialization,
                seed=int(snakemake.wildcards.seed),
                warmup=snakemake.params.training["warmup"],
            ),
            files=runs.TaskFiles.of(snakemake.input, snakemake.params.layers),
            pretrained=Path(snakemake.input.pretrained) if snakemake.input.pretrained else None,
            settings=snakemake.params.training,
            keep=snakemake.params.keep,
            threads=snakemake.threads,
            memory=snakemake.resources.mem_mb,
            folder=Path(snakemake.output.metrics).parent,
            unfinished=Path(
                snakemake.params.unfinished,
                "finetune." + ".".join(snakemake.wildcards) + ".safetensors",
            ),
            code=snakemake.params.code,
        )
