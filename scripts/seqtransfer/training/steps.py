"""One update of the weights after another; on an NVIDIA device recorded once and then replayed.

A small encoder's step is hundreds of kernels, and to launch one takes the processor longer than to
run it takes the device. A CUDA graph launches all of a step's at once. It holds for one shape of
the inputs, so each shape is recorded: the first step of a shape is an ordinary one, in which the
libraries choose their kernels, the second is recorded, and from then on it is replayed. A replayed
step gives the same bits as an ordinary one, so that where a killed run goes on leaves no trace.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from seqtransfer.training.optimizer import AdamW

MAX_NORM = 1.0  # of the gradients, to which they are clipped


@dataclass(frozen=True)
class Schedule:
    """The optimizer's settings. Steps in batches; warm-up as a share of the steps."""

    steps: int
    batch_size: int
    learning_rate: float
    warmup: float
    weight_decay: float

    def rate(self, step: int) -> float:
        """Share of the learning rate at `step` (0 is the first): linear warm-up, linear decay."""
        rise = max(1, round(self.warmup * self.steps))
        return min((step + 1) / rise, (self.steps - step) / max(1, self.steps - rise + 1), 1.0)


@dataclass(frozen=True)
class Recorded:
    """A graph, the tensors that it reads its inputs from, and the one it leaves its loss in."""

    graph: torch.cuda.CUDAGraph
    inputs: tuple[torch.Tensor | None, ...]
    loss: torch.Tensor

    def replay(self, inputs: tuple[torch.Tensor | None, ...]) -> float:
        """The step on other inputs of the same shapes; returns its loss."""
        for mine, given in zip(self.inputs, inputs, strict=True):
            if mine is not None:
                mine.copy_(given)
        self.graph.replay()
        return float(self.loss)


class Steps:
    """Updates by `schedule` of what `optimizer` holds.

    loss: inputs, each a tensor or None, -> a scalar; what it computes depends on their values and
    shapes alone. recordable: may the steps be recorded, where the device can?
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
        self._device = optimizer.parameters[0].device
        self._records = recordable and self._device.type == "cuda"
        self._rate: float | torch.Tensor = 0.0
        if self._device.type == "cuda":  # a graph holds numbers fast, and reads tensors anew
            self._rate = torch.zeros((), device=self._device)
        self._recorded: dict[tuple, Recorded | None] = {}

    def __call__(self, step: int, *inputs: torch.Tensor | None) -> float:
        """Update at the rate of `step`, gradients clipped to MAX_NORM; returns the loss before."""
        rate = self._schedule.learning_rate * self._schedule.rate(step)
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
        # One pool of memory serves all shapes: no two steps run at once.
        others = [known.graph for known in self._recorded.values() if known]
        pool = others[0].pool() if others else None
        with torch.cuda.graph(graph, pool=pool):
            loss = self._update(*inputs)
        return Recorded(graph, inputs, loss)
