"""A run of the study's grid: task, initialization and seed -> a trained model and its records.

Fine-tuning and the sweep of settings share this file, so that they train in the same way; only
fine-tuning reads the test set.
"""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from seqtransfer import seeds
from seqtransfer.corpora import text_files
from seqtransfer.encoders import initializations
from seqtransfer.files import arrow, damage, json_tsv
from seqtransfer.files.arrow import Ragged
from seqtransfer.scoring import task_kinds
from seqtransfer.scoring.task_kinds import Target
from seqtransfer.tokens.token_maps import borrowed_rows
from seqtransfer.tokens.vocabulary import Vocabulary
from seqtransfer.training import classifier, devices, finetuning, fitting
from seqtransfer.training.checkpoints import Checkpoint, file_digests
from seqtransfer.training.evaluations import DevWatch
from seqtransfer.training.steps import Schedule


class JobInputs(Protocol):
    """The named input files of a job that trains or rebuilds a run's model."""

    task: str
    token_map: str
    encoder: str


@dataclass(frozen=True)
class TaskFiles:
    """The files that all runs of one task and seed read.

    tokens: folder of the task's id sequences and record; token_map: the seed's; encoder: folder of
    the text encoder, of which the first `layers` are used.
    """

    tokens: Path
    token_map: Path
    encoder: Path
    layers: int

    @classmethod
    def of(cls, inputs: JobInputs, layers: int) -> "TaskFiles":
        """From the input files of a job, of which the encoder's is its `encoder.json`."""
        tokens, encoder = Path(inputs.task).parent, Path(inputs.encoder).parent
        return cls(tokens, Path(inputs.token_map), encoder, layers)

    @property
    def record(self) -> Path:
        """The task's record."""
        return self.tokens / "task.json"

    def part(self, name: str) -> Ragged:
        """The id sequences of train, dev or test."""
        return arrow.read_ragged(self.tokens / f"{name}.arrow")

    def target(self) -> Target:
        """What the task asks of a model."""
        return task_kinds.of(json_tsv.read_json(self.record))

    def inputs(self, pretrained: Path | None) -> list[Path]:
        """The files that training reads if it starts from the weights `pretrained`."""
        read = [self.tokens / name for name in ("train.arrow", "dev.arrow", "task.json")]
        read += [self.token_map, self.encoder / "encoder.json"]
        return read + ([pretrained, pretrained.parent / "encoder.json"] if pretrained else [])


@dataclass(frozen=True)
class Run:
    """A run of the grid: its task, initialization and seed, and the settings of its training."""

    task: str
    initialization: str
    seed: int
    learning_rate: float
    pooling: str
    warmup: float

    @classmethod
    def of(cls, record: dict) -> "Run":
        """From a run's `metrics.json`."""
        return cls(**{name: record[name] for name in cls.__dataclass_fields__})

    @property
    def key(self) -> dict:
        """Task, initialization and seed: every record of the run begins with them."""
        return {"task": self.task, "initialization": self.initialization, "seed": self.seed}

    def sources(self, files: TaskFiles, pretrained: Path | None) -> classifier.WeightSources:
        """Where the initialization takes weights from.

        pretrained: the file of weights that it starts from, beside the `encoder.json` that lists
        their symbols; None for the text encoder.
        """
        with damage.named(files.token_map):
            rows = np.load(files.token_map, allow_pickle=False)
        borrowed = None
        if pretrained:
            known = json_tsv.read_json(pretrained.parent / "encoder.json")["symbols"]
            corpus = initializations.parse(self.initialization).corpus
            borrowed = borrowed_rows(
                Vocabulary(tuple(json_tsv.read_json(files.record)["symbols"])),
                known,
                seeds.generator(self.seed, self.task, "map", corpus) if corpus else None,
            )
        return classifier.WeightSources(
            files.encoder, files.layers, rows, pretrained, borrowed, self.seed, self.task
        )


def initial_model(
    record: dict, files: TaskFiles, pretrained: dict[str, Path]
) -> classifier.Classifier:
    """The model of a run before its training; `record` is the run's `metrics.json`.

    pretrained: initialization -> the file of weights that it starts from, for the initializations
    that do not start from the text encoder.
    """
    run = Run.of(record)
    sources = run.sources(files, pretrained.get(run.initialization))
    return classifier.build(run.initialization, sources, run.pooling, record["outputs"])


@dataclass(frozen=True)
class Trained:
    """A trained model, its history, and on what it was trained.

    scale: encoder, layers, train_n and max_tokens, the sequences and the longest of them in tokens.
    """

    model: classifier.Classifier
    outcome: finetuning.Outcome
    scale: dict
    threads: int
    device: str
    precision: str

    @property
    def machine(self) -> dict:
        """Threads, device, card, precision and micro-batch, for the provenance of results."""
        return {
            "threads": self.threads,
            "device": self.device,
            "card": devices.card(self.device),
            "precision": self.precision,
            "micro_batch": self.outcome.micro_batch,
        }


def with_settings(table: Path, *, task: str, initialization: str, seed: int, warmup: float) -> Run:
    """The run with the settings that the table has for its task and initialization.

    warmup: share of the steps, used if the table has no column `warmup`.
    Raises ValueError if the table has no row for them, or several.
    """
    columns = ["task", "initialization", "learning_rate", "pooling"]
    settings = [row for _, row in text_files.rows(table, columns, delimiter="\t")]
    rows = [
        row for row in settings if [row["task"], row["initialization"]] == [task, initialization]
    ]
    if len(rows) != 1:
        raise ValueError(
            f"{table} has {len(rows)} rows for task {task!r}, initialization {initialization!r};"
            " it needs one. Set `finetune: {settings: sweep}` to choose settings by a sweep"
        )
    (row,) = rows
    return Run(
        task, initialization, seed, float(row["learning_rate"]), row["pooling"],
        float(row.get("warmup", warmup)),
    )  # fmt: skip


def checkpoint_of(
    run: Run,
    files: TaskFiles,
    pretrained: Path | None,
    settings: dict,
    threads: int,
    code: str,
    path: Path,
    keep: Collection[int] = (),
) -> Checkpoint:
    """The file `path` for the state of the unfinished run, which another run does not continue.

    code: digest of the code that trains it; the others as in `train`. A state is continued where
    it is computed alike alone: not half of it on another device, in another precision or by other
    versions of the libraries.
    """
    device = devices.choose_device()
    identity = {"run": asdict(run), "settings": settings, "layers": files.layers}
    identity["keep"] = sorted(keep)
    identity |= {"device": device, "precision": devices.choose_precision(device)}
    identity["versions"] = classifier.versions()
    identity |= {"threads": threads, "code": code, "files": file_digests(files.inputs(pretrained))}
    return Checkpoint(path, identity)


def train(
    run: Run,
    files: TaskFiles,
    pretrained: Path | None,
    settings: dict,
    threads: int,
    checkpoint: Checkpoint | None = None,
    memory: int | None = None,
    groups: np.ndarray | None = None,
    keep: Collection[int] = (),
) -> Trained:
    """Build the model of `run` and fine-tune it by the study's `finetune` settings.

    pretrained: as in `Run.sources`. checkpoint: where the state of an unfinished run is kept.
    memory: MB that the job was given; None: all that is free. groups: of dev, and keep, as in
    `finetuning.fit`.
    Raises ValueError if a training sequence has more tokens than the encoder positions, and as
    `classifier.build`.
    """
    sources, target = run.sources(files, pretrained), files.target()
    train_part, dev = files.part("train"), files.part("dev")
    longest, positions = int(train_part.lengths.max()), sources.facts.positions
    if longest > positions:
        raise ValueError(
            f"{run.task}: sequences of {longest} tokens, but the encoder in {sources.folder} has "
            f"{positions} positions; lower max_length of the task"
        )
    device = devices.choose_device()
    precision = devices.choose_precision(device)
    schedule = Schedule(
        steps=settings["steps"],
        batch_size=settings["batch_size"],
        learning_rate=run.learning_rate,
        warmup=run.warmup,
        weight_decay=settings["weight_decay"],
        cooldown=settings["cooldown"],
    )
    print(f"{run}\n{schedule}\n{device}, {precision}, {threads} thread(s)", flush=True)
    with devices.reproducible(run.seed, threads):
        model = classifier.build(
            run.initialization,
            sources,
            run.pooling,
            target.outputs,
            settings["adaptation"],
            settings.get("lora"),
        )
        model.encoder.dtype = devices.DTYPES[precision]
        tokens = max(longest, int(dev.lengths.max()))
        taken = fitting.footprint(model, sources, tokens, device, kept=len(keep))
        sizes = fitting.sizes(taken, settings["batch_size"], device, memory)
        outcome = finetuning.fit(
            model,
            train_part,
            dev,
            target,
            schedule,
            watch=DevWatch.of(settings),
            seed=run.seed,
            task=run.task,
            device=device,
            checkpoint=checkpoint,
            sizes=sizes,
            groups=groups,
            keep=keep,
        )
    scale = {"encoder": sources.folder.name, "layers": sources.depth}
    scale |= {"train_n": len(train_part), "max_tokens": longest}
    return Trained(model, outcome, scale, threads, device, precision)


def predictions(test: Ragged, answers: np.ndarray, target: Target) -> list[dict]:
    """One record per test example, in the order of `test`: id, unit, label and prediction."""
    columns = {"id": test.names, "unit": test.units, **target.predictions(test, answers)}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def dev_left_out(outcome: finetuning.Outcome) -> list[dict]:
    """One record per evaluation and group of dev: step, group, score without it."""
    return [
        {"step": row["step"], "group": group, "score": score}
        for row, scores in zip(outcome.history, outcome.left_out, strict=True)
        for group, score in enumerate(scores)
    ]


def metrics(run: Run, trained: Trained, settings: dict, target: Target) -> dict:
    """The record of a run, without its test scores."""
    outcome = trained.outcome
    return {
        **run.key,
        "learning_rate": run.learning_rate,
        "pooling": run.pooling,
        "warmup": run.warmup,
        "adaptation": settings["adaptation"],
        **trained.scale,
        **{name: settings[name] for name in ("steps", "batch_size", "patience", "cooldown")},
        "metric": target.metric,
        "steps_taken": outcome.steps,
        "plateau": outcome.plateau,
        "best_step": outcome.best_step,
        "diverged": outcome.diverged,
        "dev": outcome.best_dev,
    }
