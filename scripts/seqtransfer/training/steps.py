"""Training steps: updates of the weights, as CUDA graphs on an NVIDIA device.

A small encoder's step is hundreds of kernels, and the processor takes longer to launch one than the
device to run it. A CUDA graph launches all kernels of a step at once, for one shape of the inputs.
So each shape is recorded: its first step is an ordinary one, in which the libraries choose
their kernels; the second is recorded; later ones are replayed. A replayed step gives the same bits
as an ordinary one, so that a killed and resumed run ends with the same weights.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch

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
    inputs: tuple[torch.Tensor | None, ...]
    loss: torch.Tensor

    def replay(self, inputs: tuple[torch.Tensor | None, ...]) -> float:
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
    their values and shapes. recordable: whether steps may be recorded as CUDA graphs.
    """

    def __init__(
        self,
        optimizer: AdamW,
        loss: Callable[..., torch.Tensor],
        schedule: Schedule,
        *,
        recordable: bool,
    ):
        self._optimizer, self._loss, self._schedule = optimizer, loss, schedule
        self.end: int | None = None
        self._device = optimizer.parameters[0].device
        self._records = recordable and self._device.type == "cuda"
        self._rate: float | torch.Tensor = 0.0
        if self._device.type == "cuda":  # a graph rereads tensors, not numbers
            self._rate = torch.zeros((), device=self._device)
        self._recorded: dict[tuple, Recorded | None] = {}

    def __call__(self, step: int, *inputs: torch.Tensor | None) -> float:
        """Update at the rate of `step`, gradients clipped to MAX_NORM; return the loss before."""
        rate = self._schedule.learning_rate * self._schedule.rate(step, self.end)
        if isinstance(self._rate, torch.Tensor):
            self._rate.fill_(rate)
        else:
            self._rate = rate
        if not self._records:
            return float(self._update(*inputs))
        shapes = tuple(None if tensor is None else tensor.shape for tensor in inputs)
        if shapes not in self._recorded:
            self._recorded[shapes] = None
            return float(self._update(*inputs))
        if self._recorded[shapes] is None:
            self._recorded[shapes] = self._record(inputs)
        return self._recorded[shapes].replay(inputs)

    def _update(self, *inputs: torch.Tensor | None) -> torch.Tensor:
        loss = self._loss(*inputs)
        loss.backward()
        self._optimizer.step(self._rate, MAX_NORM)
        return loss.detach()

    def _record(self, inputs: tuple[torch.Tensor | None, ...]) -> Recorded:
        inputs = tuple(None if tensor is None else tensor.clone() for tensor in inputs)
        graph = torch.cuda.CUDAGraph()
        # All graphs share one pool of memory, since no two steps run at the same time.
        others = [known.graph for known in self._recorded.values() if known]
        pool = others[0].pool() if others else None
        with torch.cuda.graph(graph, pool=pool):
            loss = self._update(*inputs)
        return Recorded(graph, inputs, loss)
