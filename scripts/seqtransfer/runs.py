"""One grid point: task x initialization x seed -> a trained model, and what to write of it.

Fine-tuning and the settings sweep share this, so that a swept run is a study's run in everything
but the touch of the test set.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seqtransfer import arms, formats, models, reading, seeds, training
from seqtransfer.checkpoints import Checkpoint
from seqtransfer.formats import Ragged
from seqtransfer.steps import Schedule
from seqtransfer.targets import Target
from seqtransfer.vocabulary import Vocabulary, borrowed_rows

if TYPE_CHECKING:
    import pandas as pd

ARM = ["task", "initialization"]
BUDGET = ["adaptation", "steps", "batch_size"]  # what a choice of settings holds for


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

    def sources(
        self, encoder: Path, layers: int, token_map: Path, pretrained: Path | None, facts: Path
    ) -> models.Sources:
        """What the initialization draws on; `token_map` is the seed's `.npy` file, `pretrained` a
        file of weights beside its `encoder.json`, `facts` the task's record."""
        rows = np.load(token_map, allow_pickle=False)
        borrowed = None
        if pretrained:
            known = formats.read_json(pretrained.parent / "encoder.json")["symbols"]
            corpus = arms.parse(self.initialization).corpus
            borrowed = borrowed_rows(
                Vocabulary(tuple(formats.read_json(facts)["symbols"])),
                known,
                seeds.generator(self.seed, self.task, "map", corpus) if corpus else None,
            )
        return models.Sources(encoder, layers, rows, pretrained, borrowed, self.seed, self.task)


def start(
    record: dict, encoder: Path, layers: int, token_map: Path, pretrained: dict[str, Path],
    facts: Path,
) -> models.Classifier:  # fmt: skip
    """The model that the run of `record`, its `metrics.json`, began with.

    pretrained: by arm, the weights that it starts from, where they are not the text encoder's; the
    rest as `Point.sources` takes it.
    """
    point = Point.of(record)
    weights = pretrained.get(point.initialization)
    sources = point.sources(encoder, layers, token_map, weights, facts)
    return models.build(point.initialization, sources, point.pooling, record["outputs"])


@dataclass(frozen=True)
class Trained:
    """A trained model, how it got there and on what kind of machine."""

    model: models.Classifier
    outcome: training.Outcome
    device: str
    precision: str


def arm(table: Path, *, task: str, initialization: str, seed: int, warmup: float) -> Point:
    """The grid point with the settings that the table gives its arm.

    warmup: the study's share of the steps, for a table without a column of that name.
    Raises ValueError naming the table and the missing arm.
    """
    columns = ["task", "initialization", "learning_rate", "pooling"]
    settings = [row for _, row in reading.rows(table, columns, delimiter="\t")]
    rows = [row for row in settings if [row[name] for name in ARM] == [task, initialization]]
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
    sources: models.Sources,
    train_part: Ragged,
    dev: Ragged,
    target: Target,
    settings: dict,
    threads: int,
    checkpoint: Checkpoint | None = None,
) -> Trained:
    """Build the model of `point` and fine-tune it by the study's `finetune` settings."""
    longest, positions = int(train_part.lengths.max()), sources.facts.positions
    if longest > positions:
        raise ValueError(
            f"{point.task}: sequences of {longest} tokens, but the encoder in {sources.folder} has "
            f"{positions} positions; lower max_length of the task"
        )
    device = training.choose_device()
    precision = training.choose_precision(device)
    schedule = Schedule(
        steps=settings["steps"],
        batch_size=settings["batch_size"],
        learning_rate=point.learning_rate,
        warmup=point.warmup,
        weight_decay=settings["weight_decay"],
    )
    print(f"{point}\n{schedule}\n{device}, {precision}, {threads} thread(s)", flush=True)
    with training.reproducible(point.seed, threads):
        model = models.build(
            point.initialization,
            sources,
            point.pooling,
            target.outputs,
            settings["adaptation"],
            settings.get("lora"),
        )
        model.encoder.dtype = training.DTYPES[precision]
        outcome = training.fit(
            model,
            train_part,
            dev,
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


def names(point: Point) -> dict:
    """Which run a record belongs to."""
    return {"task": point.task, "initialization": point.initialization, "seed": point.seed}


def metrics(point: Point, outcome: training.Outcome, settings: dict, target: Target) -> dict:
    """The record of a run before its test scores."""
    return {
        **names(point),
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


def swept(records: list[dict]) -> "pd.DataFrame":
    """One row a sweep run: arm, seed, settings, budget, best dev score and the step of it."""
    import pandas as pd

    names = [*ARM, "pooling", "learning_rate", "warmup", "seed", *BUDGET, "best_step", "diverged"]
    rows = [{n: r[n] for n in names} | {"dev_score": r["dev"]["score"]} for r in records]
    return pd.DataFrame(rows)


def choose(sweep: "pd.DataFrame") -> "pd.DataFrame":
    """For each arm the settings of the best dev score, averaged over the sweep's seeds.

    All arms have the same candidates and the same budget. Of equal scores the lower learning rate
    wins, then the shorter warm-up, then the pooling first in the alphabet. `edge` says that the
    chosen learning rate is the lowest or highest candidate, so that a better one may lie outside
    the grid. The columns of BUDGET are the sweep's: the choice holds for runs like its own.
    """
    settings = ["learning_rate", "warmup", "pooling"]
    means = sweep.groupby([*ARM, *settings], as_index=False).agg(
        dev_score=("dev_score", "mean"), runs=("seed", "count")
    )
    best = means.sort_values(["dev_score", *settings], ascending=[False, True, True, True])
    best = best.drop_duplicates(ARM).sort_values(ARM).reset_index(drop=True)
    ends = (sweep["learning_rate"].min(), sweep["learning_rate"].max())
    budget = {name: sweep[name].iloc[0] for name in BUDGET}
    return best.assign(edge=best["learning_rate"].isin(ends), **budget)
