"""The loop of fine-tuning and of pretraining: resume, update, evaluate, save a checkpoint."""

import math
import time
from collections.abc import Collection, Iterator
from itertools import islice

import numpy as np
import torch

from seqtransfer.training.checkpoints import Checkpoint, TrainingState, randomness
from seqtransfer.training.microbatches import Inputs, MicroBatch
from seqtransfer.training.steps import Steps


class Training:
    """A model in training. Subclasses define its batches, its evaluation and its history.

    state: all that changes while the model trains; update: one step; order: the batches, each an
    array of indices; grid: steps after which the model is evaluated; losses: of the steps since the
    last evaluation; seconds: time spent in steps; before: time that the processes of a killed run
    trained, evaluations included; ended: whether it has ended before its last step;
    micro_batch: how many examples of a batch go through the model at a time.
    """

    def __init__(
        self,
        state: TrainingState,
        update: Steps,
        order: Iterator[np.ndarray],
        grid: Collection[int],
        micro_batch: int,
    ):
        self.state, self.update, self.order, self.grid = state, update, order, set(grid)
        self.micro_batch = MicroBatch(micro_batch)
        self.losses: list[float] = []
        self.seconds = self.before = 0.0
        self.began = time.perf_counter()
        self.ended = False

    def begin(self) -> None:
        """Called before the first step, unless a checkpoint is resumed."""

    def batch(self, indices: np.ndarray) -> Inputs:
        """The inputs of `update` for the examples at `indices`."""
        raise NotImplementedError

    def evaluate(self, step: int) -> None:
        """Evaluate the model after `step` steps and add a record to the history."""
        raise NotImplementedError

    def after_step(self, step: int, indices: np.ndarray) -> None:
        """Called after every step of a usable loss, with its batch."""

    def usable(self, loss: float) -> bool:
        """Whether training goes on after a step of this loss."""
        return math.isfinite(loss)

    def diverge(self, step: int) -> None:
        """End training after `step` steps, of which the last is not usable."""
        self.ended = True

    def record(self) -> dict:
        """What a checkpoint saves besides tensors: values that JSON can hold."""
        size = self.micro_batch.size
        trained = self.before + time.perf_counter() - self.began
        return {
            "losses": self.losses, "seconds": self.seconds, "before": trained, "micro_batch": size
        }  # fmt: skip

    def tensors(self) -> dict[str, torch.Tensor]:
        """The tensors that a checkpoint saves besides `state`."""
        raise NotImplementedError

    def restore(self, record: dict, tensors: dict[str, torch.Tensor]) -> None:
        """The inverse of `record` and `tensors`."""
        self.losses, self.seconds = record["losses"], record["seconds"]
        self.before = record["before"]
        # The same as before the kill, for the same weights; less, if there is less memory now.
        self.micro_batch.size = min(self.micro_batch.size, record["micro_batch"])

    def train(self, checkpoint: Checkpoint | None = None) -> None:
        """Take the steps of `order`, all unless it ends before.

        If `checkpoint` has the state of a killed run, training continues from it and ends with the
        same weights and history as if it had never been killed.
        """
        done = self._resume(checkpoint) if checkpoint else 0
        if not done:
            self.begin()
        if self.ended:
            return
        self.state.model.train()
        for step, indices in enumerate(islice(self.order, done, None), start=done):
            start = time.perf_counter()
            self.losses.append(self._step(step, self.batch(indices)))
            self.seconds += time.perf_counter() - start
            if not self.usable(self.losses[-1]):
                return self.diverge(step + 1)
            self.after_step(step + 1, indices)
            if step + 1 in self.grid:
                self.evaluate(step + 1)
                self.state.model.train()
            if self.ended:
                return
            if checkpoint and checkpoint.due():
                checkpoint.save(self.state, self.record() | {"done": step + 1}, self.tensors())

    def _step(self, step: int, inputs: Inputs) -> float:
        """The loss of a step, taken in as many parts as memory demands."""
        reset = randomness(self.state.model.encoder.dropout)

        def undo() -> None:
            self.update.abandon()
            reset()

        return self.micro_batch.attempt(lambda size: self.update(step, size, *inputs), undo)

    def _resume(self, checkpoint: Checkpoint) -> int:
        """The number of steps that the resumed run has taken; 0 if there is none to resume."""
        found = checkpoint.resume(self.state)
        if found is None:
            return 0
        record, tensors = found
        self.restore(record, tensors)
        print(f"step {record['done']}: goes on from {checkpoint.path}", flush=True)
        return record["done"]
