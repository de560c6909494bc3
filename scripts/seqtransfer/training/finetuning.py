"""A model, token sequences and a specification -> fine-tuned weights and their history."""

import math
import time
from dataclasses import dataclass, field, fields
from itertools import islice

import numpy as np
import torch
from torch import nn

from seqtransfer import seeds
from seqtransfer.files.arrow import Ragged
from seqtransfer.scoring.task_kinds import Target
from seqtransfer.training import batches, evaluations
from seqtransfer.training.checkpoints import Checkpoint, Running
from seqtransfer.training.classifier import Classifier
from seqtransfer.training.optimizer import AdamW
from seqtransfer.training.steps import Schedule, Steps

EXPLOSION = 100.0  # a loss this many times the first (or 1, if that is more) has exploded


@dataclass
class Outcome:
    """A run's history (one record an evaluation) and the state of its best dev score."""

    history: list[dict] = field(default_factory=list)
    best_step: int = 0
    best_dev: dict = field(default_factory=dict)
    best_state: dict = field(default_factory=dict)
    diverged: bool = False
    seconds_training: float = 0.0

    def take(
        self, step: int, examples: int, losses: list[float], scores: dict, model: nn.Module
    ) -> None:
        """Add an evaluation to the history; keep a copy of the weights if it is the best so far."""
        self.history.append(
            {
                "step": step,
                "examples": examples,
                "train_loss": float(np.mean(losses)) if losses else math.nan,
                **{f"dev_{name}": value for name, value in scores.items() if name != "n"},
            }
        )
        usable = math.isfinite(
            scores["loss"]
        )  # broken weights answer one thing: score 0, not worse
        if not self.best_dev or (usable and scores["score"] > self.best_dev["score"]):
            self.best_step, self.best_dev = step, scores
            self.best_state = {k: v.detach().cpu().clone() for k, v in model.state_dict().items()}


def fit(
    model: Classifier,
    train: Ragged,
    dev: Ragged,
    target: Target,
    schedule: Schedule,
    *,
    first_evaluation: int,
    seed: int,
    task: str,
    device: str,
    checkpoint: Checkpoint | None = None,
) -> Outcome:
    """Fine-tune `model` in place; keep the state of the best dev score (the earliest of equals).

    A loss that is not finite, or EXPLOSION times the first, ends the run: the outcome says
    `diverged`, and its history ends with the score of the best state before. A run that
    `checkpoint` knows goes on from there, and ends as if it had never been interrupted.
    """
    model.to(device)
    run = Running(model, AdamW(model, schedule.weight_decay))
    outcome, losses, first_loss = Outcome(), [], math.nan
    grid = set(evaluations.grid(schedule.steps, first_evaluation))
    model.encoder.dropout.seed(seeds.derive(seed, task, "dropout"))
    update = Steps(
        run.optimizer,
        lambda ids, mask, wanted: loss_of(target, model(ids, mask), wanted),
        schedule,
        recordable=model.encoder.recordable,
    )

    def evaluate(step: int) -> None:
        scores = target.score(dev.labels, predict(model, dev, target, device=device))
        model.train()
        outcome.take(step, step * schedule.batch_size, losses, scores, model)
        outcome.diverged |= not math.isfinite(scores["loss"])
        losses.clear()
        print(
            f"step {step:>5}/{schedule.steps}"
            f"  train loss {outcome.history[-1]['train_loss']:.4f}"
            f"  dev loss {scores['loss']:.4f}  dev {target.metric} {scores['score']:.3f}",
            flush=True,
        )

    done, found = 0, checkpoint.resume(run) if checkpoint else None
    if found:
        record, best = found
        done, losses, first_loss = record["done"], record["losses"], record["first_loss"]
        outcome = Outcome(**record["outcome"], best_state=best)
        print(f"step {done:>5}/{schedule.steps}  goes on from {checkpoint.path}", flush=True)
    else:
        evaluate(0)
    order = batches.order(
        train.lengths, schedule.batch_size, schedule.steps, seeds.generator(seed, task, "order")
    )
    model.train()
    for step, indices in enumerate(islice(order, done, None), start=done):
        start = time.perf_counter()
        wanted = answers(target, train.labels[indices], device)
        losses.append(update(step, *to_tensors(train, indices, device), wanted))
        outcome.seconds_training += time.perf_counter() - start
        first_loss = losses[-1] if step == 0 else first_loss
        if not abs(losses[-1]) < EXPLOSION * max(first_loss, 1.0):
            outcome.diverged = True
            print(f"step {step + 1}: loss is {losses[-1]}; the run diverged, its best state stays")
            model.load_state_dict(outcome.best_state)
            losses.clear()
            evaluate(step + 1)
            break
        if step + 1 in grid:
            evaluate(step + 1)
        if checkpoint and checkpoint.due():
            facts = {f.name: getattr(outcome, f.name) for f in fields(outcome)}
            del facts["best_state"]
            record = {"done": step + 1, "losses": losses, "first_loss": first_loss}
            checkpoint.save(run, record | {"outcome": facts}, outcome.best_state)
    model.load_state_dict(outcome.best_state)
    return outcome


def answers(target: Target, labels: np.ndarray, device: str) -> torch.Tensor:
    """(batch,) what the model should say: int64 classes, or standardized numbers in float32."""
    if target.kind == "classification":
        return torch.from_numpy(labels).to(device)
    return torch.from_numpy((labels - target.mean) / target.deviation).to(device, torch.float32)


def loss_of(target: Target, outputs: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Cross-entropy in nats, or the mean squared error of the standardized number."""
    if target.kind == "classification":
        return nn.functional.cross_entropy(outputs, wanted)
    return nn.functional.mse_loss(outputs[:, 0], wanted)


def predict(model: Classifier, ragged: Ragged, target: Target, *, device: str) -> np.ndarray:
    """Answers (n, outputs) float32, rows in the order of `ragged`; dropout off.

    Class probabilities, or the number in the label's unit.
    """
    model.eval()
    answers = np.zeros((len(ragged), model.head.out_features), dtype=np.float32)
    with torch.inference_mode():
        for indices in batches.in_length_order(ragged.lengths, batch_size=64):
            outputs = model(*to_tensors(ragged, indices, device))
            if target.kind == "classification":
                outputs = outputs.softmax(dim=-1)
            else:
                outputs = outputs * target.deviation + target.mean
            answers[indices] = outputs.cpu().numpy()
    return answers


def to_tensors(
    ragged: Ragged, indices: np.ndarray, device: str
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """The batch of `batches.collate` on the device."""
    multiple = 1 if device == "cpu" else batches.WIDTHS
    ids, mask = (
        None if array is None else torch.from_numpy(array)
        for array in batches.collate(ragged, indices, multiple)
    )
    if device != "cpu":  # from pinned memory the copy runs beside the step before
        ids, mask = ids.pin_memory(), None if mask is None else mask.pin_memory()
        ids = ids.to(device, non_blocking=True)
        mask = None if mask is None else mask.to(device, non_blocking=True)
    return ids, mask
