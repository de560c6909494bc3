"""A classifier and labelled token sequences -> fine-tuned weights and the history of training."""

import math
from collections.abc import Collection
from dataclasses import dataclass, field, fields
from functools import partial

import numpy as np
import torch
from torch import nn

from seqtransfer import seeds
from seqtransfer.encoders.loading import State
from seqtransfer.files.arrow import Ragged
from seqtransfer.scoring import left_out, task_kinds
from seqtransfer.scoring.left_out import UNLABELLED
from seqtransfer.scoring.task_kinds import Target
from seqtransfer.training import batches, classifier, memory, microbatches, states
from seqtransfer.training.checkpoints import Checkpoint, TrainingState
from seqtransfer.training.classifier import Classifier
from seqtransfer.training.evaluations import DevWatch
from seqtransfer.training.loop import Training
from seqtransfer.training.memory import Sizes
from seqtransfer.training.microbatches import Inputs, MicroBatch
from seqtransfer.training.optimizer import AdamW
from seqtransfer.training.steps import Schedule, Steps

TOKENS = "token_classification"
# Training diverges at a loss of so many times the first loss, or times 1, which also is so many
# times what a constant answer costs where labels lie farthest out.
EXPLOSION, OUTLYING = 100.0, 4.0


@dataclass
class Outcome:
    """A run's history, one record per evaluation, and its weights at the best dev score.

    kept: step -> the weights after it, by their plain names, of the steps asked for that it took;
    left_out: evaluation by evaluation, dev scores without each group of examples, if asked for;
    steps: taken; plateau: whether the run ended because its dev score no longer improved;
    micro_batch: how many examples of a batch went through the model at a time, at the end;
    scored: how many did in scoring, at the end;
    seconds_before: of training in processes that were killed, up to the state that was kept.
    """

    history: list[dict] = field(default_factory=list)
    left_out: list[list[float]] = field(default_factory=list)
    best_step: int = 0
    best_dev: dict = field(default_factory=dict)
    best_state: dict = field(default_factory=dict)
    kept: dict[int, State] = field(default_factory=dict)
    steps: int = 0
    plateau: bool = False
    diverged: bool = False
    seconds_training: float = 0.0
    seconds_before: float = 0.0
    micro_batch: int = 0
    scored: int = 0

    def take(
        self,
        step: int,
        examples: int,
        losses: list[float],
        scores: dict,
        model: nn.Module,
        left_out: list[float],
    ) -> None:
        """Add an evaluation to the history; copy the weights if it is the best so far."""
        self.steps = step
        self.history.append(
            {
                "step": step,
                "examples": examples,
                "train_loss": float(np.mean(losses)) if losses else math.nan,
                **{f"dev_{name}": value for name, value in scores.items() if name != "n"},
            }
        )
        self.left_out.append(left_out)
        if not self.best_dev or scores["score"] > self.best_dev["score"]:
            self.best_step, self.best_dev = step, scores
            self.best_state = states.copied(model.state_dict())

    def hold(self, grid: Collection[int], examples: int) -> None:
        """Add the best evaluation once more at each step of `grid` that the run does not take.

        So all runs of a study have curves over the same steps. examples: seen until then.
        """
        (best,) = (i for i, row in enumerate(self.history) if row["step"] == self.best_step)
        for step in sorted(grid):
            if step > self.history[-1]["step"]:
                taken = {"step": step, "examples": examples, "train_loss": math.nan}
                self.history.append(self.history[best] | taken)
                self.left_out.append(self.left_out[best])


class FineTuning(Training):
    """The fine-tuning of a classifier; keeps the weights of the best dev score."""

    def __init__(
        self,
        model: Classifier,
        train: Ragged,
        dev: Ragged,
        target: Target,
        schedule: Schedule,
        *,
        watch: DevWatch,
        seed: int,
        task: str,
        device: str,
        sizes: Sizes,
        groups: np.ndarray | None,
        keep: Collection[int],
    ):
        model.to(device)
        model.encoder.dropout.seed(seeds.derive(seed, task, "dropout"))
        optimizer = AdamW(model, schedule.weight_decay)
        update = Steps(
            optimizer,
            lambda ids, mask, wanted: loss_of(target, model(ids, mask), wanted),
            schedule,
            partial(
                microbatches.labelled if target.kind == TOKENS else microbatches.rows,
                dropout=model.encoder.dropout,
            ),
            recordable=model.encoder.recordable,
        )
        order = batches.order(
            train.lengths, schedule.batch_size, schedule.steps, seeds.generator(seed, task, "order")
        )
        grid = watch.grid(schedule.steps)
        super().__init__(TrainingState(model, optimizer), update, order, grid, sizes.micro_batch)
        self.watch, self.scored = watch, MicroBatch(sizes.scored)
        self.model, self.target, self.schedule, self.device = model, target, schedule, device
        self.train_part, self.dev = train, dev
        self.batch_size = min(schedule.batch_size, len(train))
        self.groups = None if groups is None else task_kinds.rows(target, dev, groups)
        self.outcome, self.first_loss, self.keep = Outcome(), math.nan, keep
        self.outlying = OUTLYING * _worst_constant(target, train, self.batch_size)

    def begin(self) -> None:
        """Evaluate the untrained model, whose weights are the best so far."""
        self.evaluate(0)

    def batch(self, indices: np.ndarray) -> Inputs:
        """Ids, mask and true answers of the examples at `indices`."""
        return batch(self.target, self.train_part, indices, self.device)

    def after_step(self, step: int, indices: np.ndarray) -> None:
        """Copy the weights after the steps in `keep`."""
        if step in self.keep:
            self.outcome.kept[step] = states.copied(classifier.plain_state(self.model))

    def evaluate(self, step: int) -> None:
        """Score dev and add the scores to the history.

        Scores that are not finite end the run; scores that no longer improve let it cool down.
        """
        found = predict(self.model, self.dev, self.target, self.scored, device=self.device)
        scores = task_kinds.scores(self.target, self.dev, found)
        if step and not math.isfinite(scores["loss"]):
            print(f"step {step}: dev loss {scores['loss']}")
            return self.diverge(step)
        self.outcome.take(
            step, step * self.batch_size, self.losses, scores, self.model, self._left_out(found)
        )
        self.losses.clear()
        print(
            f"step {step:>5}/{self.schedule.steps}"
            f"  train loss {self.outcome.history[-1]['train_loss']:.4f}"
            f"  dev loss {scores['loss']:.4f}  dev {self.target.metric} {scores['score']:.3f}",
            flush=True,
        )
        if not math.isfinite(scores["loss"]):  # of the untrained model
            self.diverge(step)
        elif step == self.update.end:
            self.ended = True
            self._hold()
        elif not self.update.end:
            self._cool_down_without_gain(step)

    def _left_out(self, found: np.ndarray) -> list[float]:
        """Dev scores of the answers `found` without each group, by the metric of curves."""
        if self.groups is None:
            return []
        target = self.target

        def score(labels: np.ndarray, answers: np.ndarray) -> float:
            return target.score(labels, answers)[target.rising]

        return left_out.scores(target.labels(self.dev), found, self.groups, score)

    def _cool_down_without_gain(self, step: int) -> None:
        plan, best = self.schedule, self.outcome.best_step
        self.update.end = self.watch.end(step, best, plan.steps, plan.cooldown)
        if self.update.end:
            self.outcome.plateau = True
            print(f"no better score since step {best}: the run ends at {self.update.end}")

    def _hold(self) -> None:
        self.outcome.hold(self.grid, self.outcome.steps * self.batch_size)

    def usable(self, loss: float) -> bool:
        """Whether the loss is finite and has not exploded."""
        if math.isnan(self.first_loss):
            self.first_loss = loss
        return abs(loss) < max(EXPLOSION * max(self.first_loss, 1.0), self.outlying)

    def diverge(self, step: int) -> None:
        """End the run, which counts from here on with its best weights: the rest of its history."""
        super().diverge(step)
        loss = self.losses[-1] if self.losses else math.nan
        print(f"step {step}: loss {loss}; the run diverged and keeps its best weights", flush=True)
        self.outcome.diverged, self.outcome.plateau, self.outcome.steps = True, False, step
        self._hold()

    def record(self) -> dict:
        """Losses, and the outcome so far, without its weights."""
        outcome = {f.name: getattr(self.outcome, f.name) for f in fields(self.outcome)}
        del outcome["best_state"], outcome["kept"]
        state = {"first_loss": self.first_loss, "end": self.update.end, "outcome": outcome}
        return super().record() | state

    def tensors(self) -> dict[str, torch.Tensor]:
        """The weights of the best dev score so far, and those kept, by their step."""
        kept = {str(step): state for step, state in self.outcome.kept.items()}
        return states.joined(kept | {"best": self.outcome.best_state})

    def restore(self, record: dict, tensors: dict[str, torch.Tensor]) -> None:
        """The inverse of `record` and `tensors`."""
        super().restore(record, tensors)
        self.first_loss, self.update.end = record["first_loss"], record["end"]
        kept = states.parted(tensors)
        best = kept.pop("best")
        kept = {int(step): state for step, state in kept.items()}
        self.outcome = Outcome(**record["outcome"], best_state=best, kept=kept)


def fit(
    model: Classifier,
    train: Ragged,
    dev: Ragged,
    target: Target,
    schedule: Schedule,
    *,
    watch: DevWatch,
    seed: int,
    task: str,
    device: str,
    checkpoint: Checkpoint | None = None,
    sizes: Sizes | None = None,
    groups: np.ndarray | None = None,
    keep: Collection[int] = (),
) -> Outcome:
    """Fine-tune `model` in place; it gets the weights of its best dev score, the first of equals.

    A loss that is not finite, or explodes as EXPLOSION says, ends the run as `diverged`: it counts
    with its best weights, whose scores fill the rest of its history. A model whose answers are not
    finite before training has no score (NaN). sizes: how many examples go through the model at a
    time; None for whole batches. groups: (n,) int, of each dev example, as `left_out.groups` draws
    them: dev is scored without each of them, too. keep: steps after which its weights are kept.
    """
    training = FineTuning(
        model, train, dev, target, schedule,
        watch=watch, seed=seed, task=task, device=device,
        sizes=sizes or Sizes(schedule.batch_size), groups=groups, keep=keep,
    )  # fmt: skip
    training.train(checkpoint)
    training.outcome.seconds_training = training.seconds
    training.outcome.seconds_before = training.before
    training.outcome.micro_batch = training.micro_batch.size
    training.outcome.scored = training.scored.size
    model.load_state_dict(training.outcome.best_state)
    return training.outcome


def batch(target: Target, part: Ragged, indices: np.ndarray, device: str) -> Inputs:
    """Ids and mask of these examples, as `to_tensors` gives them, and their true answers: (batch,)
    int64 classes or standardized numbers in float32; of every token (batch, width) int64 classes,
    UNLABELLED where there is none."""
    ids, mask = to_tensors(part, indices, device)
    if target.kind == TOKENS:
        wanted = batches.padded(part, part.token_labels, indices, ids.shape[1], UNLABELLED)
        return ids, mask, torch.from_numpy(wanted).to(device)
    return ids, mask, answers(target, part.labels[indices], device)


def answers(target: Target, labels: np.ndarray, device: str) -> torch.Tensor:
    """(batch,) the true answers: int64 classes, or standardized numbers in float32."""
    if target.kind == "regression":
        labels = (labels - target.mean) / target.deviation
        return torch.from_numpy(labels).to(device, torch.float32)
    return torch.from_numpy(labels).to(device)


def _worst_constant(target: Target, train: Ragged, size: int) -> float:
    """The loss of the mean label on the batch of those numbers that lie farthest from it; 0 of
    classes, whose answers' cost does not depend on how far out labels lie."""
    if target.kind != "regression":
        return 0.0
    squares = np.sort(((train.labels - target.mean) / target.deviation) ** 2)
    return float(squares[-size:].mean())


def loss_of(target: Target, outputs: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Cross-entropy in nats, of tokens its mean over the labelled ones (0 without any), or the mean
    squared error of the standardized number."""
    if target.kind == "classification":
        return nn.functional.cross_entropy(outputs, wanted)
    if target.kind == "regression":
        return nn.functional.mse_loss(outputs[:, 0], wanted)
    total = nn.functional.cross_entropy(
        outputs, wanted.flatten(), reduction="sum", ignore_index=UNLABELLED
    )
    return total / (wanted != UNLABELLED).sum().clamp(min=1)


def predict(
    model: Classifier,
    ragged: Ragged,
    target: Target,
    at_a_time: MicroBatch | None = None,
    *,
    device: str,
) -> np.ndarray:
    """The model's answers without dropout, rows in the order of `ragged`: (n, classes) float32
    probabilities, (total, classes) of every id, or (n, 1) float64 numbers in the label's unit.

    at_a_time: how many examples go through the model at a time, which falls if memory runs out.
    """
    at_a_time = at_a_time or MicroBatch(memory.SCORED)

    def outputs_of(indices: np.ndarray) -> torch.Tensor:
        def of_parts(size: int) -> torch.Tensor:
            starts = range(0, len(indices), size)
            parts = [to_tensors(ragged, indices[i : i + size], device) for i in starts]
            return torch.cat([without_padding(model(*part), part[1]) for part in parts])

        return at_a_time.attempt(of_parts)

    def without_padding(outputs: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        return outputs[mask.flatten() > 0] if of_tokens and mask is not None else outputs

    of_tokens = target.kind == TOKENS
    model.eval()
    rows = len(ragged.ids) if of_tokens else len(ragged)
    answers = np.zeros((rows, model.head.out_features), dtype=np.float32)
    with torch.inference_mode():
        for indices in batches.in_length_order(ragged.lengths, batch_size=memory.SCORED):
            outputs = outputs_of(indices)
            if target.kind != "regression":
                outputs = outputs.softmax(dim=-1)
            answers[ragged.places(indices) if of_tokens else indices] = outputs.cpu().numpy()
    if target.kind != "regression":
        return answers
    return answers.astype(np.float64) * target.deviation + target.mean


def to_tensors(
    ragged: Ragged, indices: np.ndarray, device: str
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """The batch of `batches.collate` on the device: ids (batch, width) int64, and mask of the same
    shape and type or None. indices: (batch,) int, of the sequences."""
    multiple = 1 if device == "cpu" else batches.WIDTHS
    ids, mask = (
        None if array is None else torch.from_numpy(array)
        for array in batches.collate(ragged, indices, multiple)
    )
    if device != "cpu":  # copies from pinned memory run while the device computes
        ids, mask = ids.pin_memory(), None if mask is None else mask.pin_memory()
        ids = ids.to(device, non_blocking=True)
        mask = None if mask is None else mask.to(device, non_blocking=True)
    return ids, mask
