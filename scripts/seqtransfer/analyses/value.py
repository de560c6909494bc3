"""What an analysis takes and gives: batches, a loss, and one result with its reference."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

Batch = tuple[torch.Tensor, torch.Tensor | None, torch.Tensor]  # ids, mask, true answers
Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]  # of outputs and true answers


@dataclass(frozen=True)
class Value:
    """`value` and `reference` have the same unit; NaN where there is none.

    layer: 0 = embeddings; part: of the model or of a layer; size: of noise, or the number
    of substitutions.
    """

    analysis: str
    quantity: str
    value: float
    reference: float
    layer: int | None = None
    part: str = "all"
    size: float | None = None
