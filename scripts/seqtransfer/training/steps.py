"""Training steps: updates of the weights, as CUDA graphs on an NVIDIA device.

A small encoder's step is hundreds of kernels, and the processor takes longer to launch one than the
device to run it. A CUDA graph launches all kernels of a step at once, for one shape of the inputs.
So each shape is recorded: its first step is an ordinary one, in which the libraries choose
their kernels; the second is recorded; later ones are replayed. A replayed step gives the same bits
as an ordinary one, so that a killed and resumed run ends with the same weights.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch

from seqtransfer.training.microbatches import Inputs
from seqtransfer.training.optimizer import AdamW

MAX_NORM = 1.0  # to which gradients are clipped


@dataclass(frozen=True)
class Schedule:
    """The optimizer's settings, and how the learning rate rises, stays and falls.

    steps: at most; warmup: share of `steps` in which the rate rises; cooldown: share of the steps
    taken in which it falls; 1 for a fall that follows the rise.
    """

    steps: int
    batch_size: int
    learning_rate: float
    warmup: float
    weight_decay: float
    cooldown: float = 1.0

    def rate(self, step: int, end: int | None = None) -> float:
        """The share of the learning rate at `step`, from 0, of a run that takes `end` steps, all if
        None: linear warm-up, constant, linear fall."""
        end = end or self.steps
        rise = max(1, round(self.warmup * self.steps))
        fall = max(1, min(round(self.cooldown * end), end - rise + 1))
        return min((step + 1) / rise, (end - step) / fall, 1.0)


@dataclass(frozen=True)
class Recorded:
    """A recorded step: its graph, the tensors that it reads, and the tensor of its loss."""

    graph: torch.cuda.CUDAGraph
    inputs: Inputs
    loss: torch.Tensor

    def replay(self, inputs: Inputs) -> float:
        """Take the step on other inputs of the same shapes; return its loss."""
        for mine, given in zip(self.inputs, inputs, strict=True):
            if mine is not None:
                mine.copy_(given)
        self.graph.replay()
        return float(self.loss)


class Steps:
    """Updates of the parameters of `optimizer`, by `schedule`.

    end: the last step, once it is known that not all will be taken.
    loss: function of inputs, each a tensor or None, that returns a scalar; it must depend only on
    their values and shapes. split: of a number of examples and the inputs of a batch; yields the
    inputs of so many at a time, and the weight of their loss in the batch's, a number or a scalar.
    recordable: whether steps may be recorded as CUDA graphs.
    """

    def __init__(
        self,
        optimizer: AdamW,
        loss: Callable[..., torch.Tensor],
        schedule: Schedule,
        split: Callable[..., Iterator[tuple[float, Inputs]]],
        *,
        recordable: bool,
    ):
        self._optimizer, self._loss, self._schedule = optimizer, loss, schedule
        self._split = split
        self.end: int | None = None
        self._device = optimizer.parameters[0].device
        self._records = recordable and self._device.type == "cuda"
        self._rate: float | torch.Tensor = 0.0
        if self._device.type == "cuda":  # a graph rereads tensors, not numbers
            self._rate = torch.zeros((), device=self._device)
        self._recorded: dict[tuple, Recorded | None] = {}

    def __call__(self, step: int, size: int, *inputs: torch.Tensor | None) -> float:
        """Update at the rate of `step`, gradients clipped to MAX_NORM; return the loss before.

        size: how many examples go through the model at a time; until `abandon` always the same.
        """
        rate = self._schedule.learning_rate * self._schedule.rate(step, self.end)
        if isinstance(self._rate, torch.Tensor):
            self._rate.fill_(rate)
        else:
            self._rate = rate
        if not self._records:
            return float(self._update(size, *inputs))
        shapes = tuple(None if tensor is None else tensor.shape for tensor in inputs)
        if shapes not in self._recorded:
            self._recorded[shapes] = None
            return float(self._update(size, *inputs))
        if self._recorded[shapes] is None:
            self._recorded[shapes] = self._record(size, inputs)
        return self._recorded[shapes].replay(inputs)

    def abandon(self) -> None:
        """Drop the gradients of a step that failed, and the recorded steps of its size."""
        self._optimizer.clear()
        self._recorded.clear()

    def _update(self, size: int, *inputs: torch.Tensor | None) -> torch.Tensor:
        total: float | torch.Tensor = 0.0
        for weight, part in self._split(size, *inputs):
            loss = weight * self._loss(*part)
            loss.backward()
            total = total + loss.detach()
        self._optimizer.step(self._rate, MAX_NORM)
        return total

    def _record(self, size: int, inputs: Inputs) -> Recorded:
        inputs = tuple(None if tensor is None else tensor.clone() for tensor in inputs)
        graph = torch.cuda.CUDAGraph()
        # All graphs share one pool of memory, since no two steps run at the same time.
        others = [known.graph for known in self._recorded.values() if known]
        pool = others[0].pool() if others else None
        stream = torch.cuda.current_stream()
        try:
            with torch.cuda.graph(graph, pool=pool):
                loss = self._update(size, *inputs)
        except RuntimeError:
            torch.cuda.set_stream(stream)  # where the end of a recording fails, it is not left
            raise
        return Recorded(graph, inputs, loss)
