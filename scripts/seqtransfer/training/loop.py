"""The loop that fine-tuning and pretraining share: resume, update, evaluate, keep a checkpoint."""

import time
from collections.abc import Collection, Iterator
from itertools import islice

import numpy as np
import torch

from seqtransfer.training.checkpoints import Checkpoint, Running
from seqtransfer.training.steps import Steps


class Training:
    """A model in training; a subclass says what its batches, evaluations and records are.

    run: what changes while the model trains. update: one step. order: the batches, each an array of
    indices. grid: steps after which the model is evaluated. losses: of the steps since the last
    evaluation. seconds: spent inside steps.
    """

    def __init__(
        self, run: Running, update: Steps, order: Iterator[np.ndarray], grid: Collection[int]
    ):
        self.run, self.update, self.order, self.grid = run, update, order, set(grid)
        self.losses: list[float] = []
        self.seconds = 0.0

    def begin(self) -> None:
        """What happens before the first step of a run that is not resumed."""

    def batch(self, indices: np.ndarray) -> tuple[torch.Tensor | None, ...]:
        """The inputs of `update` for these examples."""
        raise NotImplementedError

    def evaluate(self, step: int) -> None:
        """Evaluate the model after `step` steps and add a record to the history."""
        raise NotImplementedError

    def after_step(self, step: int, indices: np.ndarray) -> bool:
        """Note what a step was, the last of `losses`; return whether training goes on."""
        raise NotImplementedError

    def record(self) -> dict:
        """What a checkpoint keeps besides weights, as JSON can hold it."""
        return {"losses": self.losses, "seconds": self.seconds}

    def tensors(self) -> dict[str, torch.Tensor]:
        """The weights that a checkpoint keeps besides the model's own."""
        raise NotImplementedError

    def restore(self, record: dict, tensors: dict[str, torch.Tensor]) -> None:
        """The inverse of `record` and `tensors`."""
        self.losses, self.seconds = record["losses"], record["seconds"]

    def train(self, checkpoint: Checkpoint | None = None) -> None:
        """Take all steps of `order`. A run that `checkpoint` knows goes on from there, and ends as
        if it had never been interrupted."""
        done = self._resume(checkpoint) if checkpoint else 0
        if not done:
            self.begin()
        self.run.model.train()
        for step, indices in enumerate(islice(self.order, done, None), start=done):
            start = time.perf_counter()
            self.losses.append(self.update(step, *self.batch(indices)))
            self.seconds += time.perf_counter() - start
            if not self.after_step(step + 1, indices):
                return
            if step + 1 in self.grid:
                self.evaluate(step + 1)
                self.run.model.train()
            if checkpoint and checkpoint.due():
                checkpoint.save(self.run, self.record() | {"done": step + 1}, self.tensors())

    def _resume(self, checkpoint: Checkpoint) -> int:
        """Steps that a run before this one has taken; 0 if there is none to resume."""
        found = checkpoint.resume(self.run)
        if found is None:
            return 0
        record, tensors = found
        self.restore(record, tensors)
        print(f"step {record['done']}: goes on from {checkpoint.path}", flush=True)
        return record["done"]
