"""One grid point: task x initialization x seed -> a trained model, and what to write of it.

Fine-tuning and the settings sweep share this, so that a swept run is a study's run in everything
but the touch of the test set.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seqtransfer import seeds
from seqtransfer.corpora import text_files
from seqtransfer.encoders import initializations
from seqtransfer.files import arrow, json_tsv
from seqtransfer.files.arrow import Ragged
from seqtransfer.scoring import task_kinds
from seqtransfer.scoring.task_kinds import Target
from seqtransfer.tokens.token_maps import borrowed_rows
from seqtransfer.tokens.vocabulary import Vocabulary
from seqtransfer.training import classifier, devices, finetuning
from seqtransfer.training.checkpoints import Checkpoint
from seqtransfer.training.steps import Schedule


@dataclass(frozen=True)
class TaskFiles:
    """What every run of one task and seed reads: files, and the number of layers.

    tokens: folder of the task's id sequences and record; token_map: of the seed; encoder: folder of
    the text encoder; layers: how many of its layers are used.
    """

    tokens: Path
    token_map: Path
    encoder: Path
    layers: int

    @classmethod
    def of(cls, *, task: str, token_map: str, encoder: str, layers: int) -> "TaskFiles":
        """From the paths that Snakemake gives: of the task's record and of `encoder.json`."""
        return cls(Path(task).parent, Path(token_map), Path(encoder).parent, layers)

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
        """The files that training from these weights depends on."""
        read = [self.tokens / name for name in ("train.arrow", "dev.arrow", "task.json")]
        read += [self.token_map, self.encoder / "encoder.json"]
        return read + ([pretrained, pretrained.parent / "encoder.json"] if pretrained else [])


@dataclass(frozen=True)
class Point:
    """A grid point and its settings."""

    task: str
    initialization: str
    seed: int
    learning_rate: float
    pooling: str
    warmup: float

    @classmethod
    def of(cls, record: dict) -> "Point":
        """From a run's `metrics.json`."""
        return cls(**{name: record[name] for name in cls.__dataclass_fields__})

    @property
    def names(self) -> dict:
        """Which run a record belongs to."""
        return {"task": self.task, "initialization": self.initialization, "seed": self.seed}

    def sources(self, files: TaskFiles, pretrained: Path | None) -> classifier.WeightSources:
        """What the initialization may take weights from.

        pretrained: file of the weights that it starts from, beside the `encoder.json` that names
        their symbols; None for those of the text encoder.
        """
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
    """The model that the run of `record`, its `metrics.json`, began with.

    pretrained: by initialization, the weights that it starts from, where they are not those of the
    text encoder.
    """
    point = Point.of(record)
    sources = point.sources(files, pretrained.get(point.initialization))
    return classifier.build(point.initialization, sources, point.pooling, record["outputs"])


@dataclass(frozen=True)
class Trained:
    """A trained model, how it got there and on what kind of machine."""

    model: classifier.Classifier
    outcome: finetuning.Outcome
    device: str
    precision: str


def with_settings(
    table: Path, *, task: str, initialization: str, seed: int, warmup: float
) -> Point:
    """The grid point with the settings that the table gives its task and initialization.

    warmup: the study's share of the steps, for a table without a column of that name.
    Raises ValueError naming the table and what it lacks.
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
    return Point(
        task, initialization, seed, float(row["learning_rate"]), row["pooling"],
        float(row.get("warmup", warmup)),
    )  # fmt: skip


def train(
    point: Point,
    files: TaskFiles,
    pretrained: Path | None,
    settings: dict,
    threads: int,
    checkpoint: Checkpoint | None = None,
) -> Trained:
    """Build the model of `point` and fine-tune it by the study's `finetune` settings.

    pretrained: as `Point.sources` takes it. checkpoint: from which a killed run goes on.
    """
    sources, target = point.sources(files, pretrained), files.target()
    train_part = files.part("train")
    longest, positions = int(train_part.lengths.max()), sources.facts.positions
    if longest > positions:
        raise ValueError(
            f"{point.task}: sequences of {longest} tokens, but the encoder in {sources.folder} has "
            f"{positions} positions; lower max_length of the task"
        )
    device = devices.choose_device()
    precision = devices.choose_precision(device)
    schedule = Schedule(
        steps=settings["steps"],
        batch_size=settings["batch_size"],
        learning_rate=point.learning_rate,
        warmup=point.warmup,
        weight_decay=settings["weight_decay"],
    )
    print(f"{point}\n{schedule}\n{device}, {precision}, {threads} thread(s)", flush=True)
    with devices.reproducible(point.seed, threads):
        model = classifier.build(
            point.initialization,
            sources,
            point.pooling,
            target.outputs,
            settings["adaptation"],
            settings.get("lora"),
        )
        model.encoder.dtype = devices.DTYPES[precision]
        outcome = finetuning.fit(
            model,
            train_part,
            files.part("dev"),
            target,
            schedule,
            first_evaluation=settings["first_evaluation"],
            seed=point.seed,
            task=point.task,
            device=device,
            checkpoint=checkpoint,
        )
    return Trained(model, outcome, device, precision)


def predictions(test: Ragged, answers: np.ndarray, target: Target) -> list[dict]:
    """One record a test example: id, and what the target says of it, in the order of `test`."""
    columns = {"id": test.names, **target.predictions(test.labels, answers)}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def metrics(point: Point, outcome: finetuning.Outcome, settings: dict, target: Target) -> dict:
    """The record of a run before its test scores."""
    return {
        **point.names,
        "learning_rate": point.learning_rate,
        "pooling": point.pooling,
        "warmup": point.warmup,
        "adaptation": settings["adaptation"],
        "steps": settings["steps"],
        "batch_size": settings["batch_size"],
        "metric": target.metric,
        "best_step": outcome.best_step,
        "diverged": outcome.diverged,
        "dev": outcome.best_dev,
    }
