"""Perturbation: how far do small changes of the weights move what the model computes?

Every tensor of the encoder gets normal noise of a size relative to its own root mean square, so
that arms whose weights differ in scale are treated alike.

DIFFERS: evaluation mode, float64, and weights restored from a copy. The paper's release compares
two passes in training mode, which differ by their dropout masks even without noise, and adds and
subtracts noise of 1e-8 in float32, where 1 + 1e-8 is 1.
"""

import copy
from collections.abc import Sequence

import torch

from seqtransfer.analyses.value import Batch, Loss, Value
from seqtransfer.scoring.left_out import UNLABELLED
from seqtransfer.seeds import derive
from seqtransfer.training.classifier import Classifier

SIZES = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)  # of the noise, relative to a tensor's root mean square
DRAWS = 5  # of the noise, the same for all sizes and all models of one architecture


def measure(model: Classifier, batches: Sequence[Batch], loss: Loss) -> list[Value]:
    """Relative changes of the pooled state and of the loss, size by size.

    `state_change`: length of the change of all sequences' pooled states over the length of the
    states. `loss_change`: |change of the loss| over the loss. Both are root mean squares over the
    draws. The reference is a linear model with the same change at the smallest size.
    """
    wide = _in_float64(model)
    original = {name: weight.clone() for name, weight in wide.encoder.named_parameters()}
    states, value = _evaluate(wide, batches, loss)
    squares = torch.zeros(2, len(SIZES), dtype=torch.float64)
    for draw in range(DRAWS):
        noise = noise_like(original, draw)
        for place, size in enumerate(SIZES):
            _set(wide.encoder, {name: original[name] + size * noise[name] for name in original})
            moved, other = _evaluate(wide, batches, loss)
            squares[0, place] += ((moved - states).norm() / states.norm()).cpu() ** 2
            squares[1, place] += ((other - value) / value).cpu() ** 2
    changes = (squares / DRAWS).sqrt()
    linear = changes[:, :1] * torch.tensor(SIZES, dtype=torch.float64) / SIZES[0]
    return [
        Value("perturbation", quantity, float(number), float(reference), size=size)
        for quantity, row, line in zip(
            ("state_change", "loss_change"), changes, linear, strict=True
        )
        for size, number, reference in zip(SIZES, row, line, strict=True)
    ]


def noise_like(weights: dict[str, torch.Tensor], draw: int) -> dict[str, torch.Tensor]:
    """Normal noise of each tensor's shape and root mean square; a tensor of zeros gets none."""
    noise = {}
    for name, weight in weights.items():
        stream = torch.Generator().manual_seed(derive(draw, "perturbation", name))
        drawn = torch.randn(weight.shape, generator=stream, dtype=weight.dtype)
        noise[name] = drawn.to(weight.device) * weight.square().mean().sqrt()
    return noise


def _in_float64(model: Classifier) -> Classifier:
    wide = copy.deepcopy(model).double().requires_grad_(False)
    wide.encoder.dtype = torch.float64
    return wide


def _set(module: torch.nn.Module, weights: dict[str, torch.Tensor]) -> None:
    for name, parameter in module.named_parameters():
        parameter.copy_(weights[name])


@torch.no_grad()
def _evaluate(
    model: Classifier, batches: Sequence[Batch], loss: Loss
) -> tuple[torch.Tensor, torch.Tensor]:
    """The pooled state of every sequence, (n, width), and their mean loss, a scalar; where tokens
    have classes, of every token and its mean over the labelled ones."""
    states, losses, counts = [], [], []
    for ids, mask, wanted in batches:
        pooled = model.pooled(ids, mask)
        states.append(pooled)
        scored = int((wanted != UNLABELLED).sum()) if wanted.ndim == 2 else len(ids)
        losses.append(loss(model.head(pooled), wanted) * scored)
        counts.append(scored)
    return torch.cat(states), torch.stack(losses).sum() / sum(counts)
