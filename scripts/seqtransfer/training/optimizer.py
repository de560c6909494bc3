"""AdamW (Loshchilov & Hutter 2019) by torch's fused kernel, without torch.optim.

torch.optim imports the compiler, which takes as long as fifteen steps of a small model. Tests check
that weights match torch.optim.AdamW's.
"""

import torch
from torch import nn

BETAS, EPSILON = (0.9, 0.999), 1e-8


class AdamW:
    """AdamW over the trainable parameters of `model`; biases and LayerNorms are not decayed."""

    def __init__(self, model: nn.Module, weight_decay: float):
        trained = [p for p in model.parameters() if p.requires_grad]
        decayed = [p for p in trained if p.ndim > 1]
        others = [p for p in trained if p.ndim <= 1]
        self._groups = [(decayed, weight_decay), (others, 0.0)]
        self.parameters = [*decayed, *others]
        self._means = {p: torch.zeros_like(p) for p in self.parameters}
        self._squares = {p: torch.zeros_like(p) for p in self.parameters}
        self._steps = torch.zeros((), device=self.parameters[0].device)

    @torch.no_grad()
    def step(self, learning_rate: float | torch.Tensor, max_norm: float) -> None:
        """Update the parameters by their gradients, clipped to the norm `max_norm`; clear these.

        learning_rate: a number, or a scalar float32 tensor on the parameters' NVIDIA device.
        Parameters without a gradient do not change.
        """
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        # The kernel divides the gradients by the scale, so that clipping needs no pass of its own.
        scale = (nn.utils.get_total_norm(gradients) / max_norm).clamp(min=1.0)
        self._steps += 1
        for group, decay in self._groups:
            moved = [p for p in group if p.grad is not None]
            if not moved:
                continue
            torch._fused_adamw_(
                moved,
                [p.grad for p in moved],
                [self._means[p] for p in moved],
                [self._squares[p] for p in moved],
                [],
                [self._steps] * len(moved),
                lr=learning_rate,
                beta1=BETAS[0],
                beta2=BETAS[1],
                weight_decay=decay,
                eps=EPSILON,
                amsgrad=False,
                maximize=False,
                grad_scale=scale,
            )
        self.clear()

    def clear(self) -> None:
        """Drop the gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    def tensors(self) -> dict[str, torch.Tensor]:
        """The moments, by the position of their parameter, and the number of steps."""
        state = {"steps": self._steps}
        for i, parameter in enumerate(self.parameters):
            state |= {f"{i}.mean": self._means[parameter], f"{i}.square": self._squares[parameter]}
        return state

    def restore(self, tensors: dict[str, torch.Tensor]) -> None:
        """The inverse of `tensors`."""
        self._steps.copy_(tensors["steps"])
        for i, parameter in enumerate(self.parameters):
            self._means[parameter].copy_(tensors[f"{i}.mean"])
            self._squares[parameter].copy_(tensors[f"{i}.square"])
