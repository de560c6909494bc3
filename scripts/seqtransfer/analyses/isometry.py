"""Dynamical isometry: do signals and gradients keep their length through the network?

Saxe et al. (2014) and Pennington et al. (2017): yes where the singular values of the Jacobian of
the output with respect to the input are all near 1. Here the output is the last layer's state at
one position, and the input the states of a lower layer at every position of the sequence.

DIFFERS: the paper's release takes the block of one input position at a time, which cannot show how
gradients from all of them add up, and draws its positions without a seed.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch

from seqtransfer.analyses.value import Value

COTANGENTS = 64  # rows of a Jacobian that are computed together
# A singular value below this share of the largest is not told from 0: rounding in float32 leaves
# up to 1e-5 of the two directions that a LayerNorm takes away (measured, width 384).
NULL = 1e-4
NEAR = 10.0  # a singular value is near 1 from 1 / NEAR to NEAR
QUANTILES = {"q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95}
ORTHOGONAL = {  # what each quantity is of an orthogonal map
    **{f"log10_{name}": 0.0 for name in QUANTILES},
    **{"log10_spread": 0.0, "mean_square": 1.0, "near_one": 1.0, "null_directions": 0.0},
}


def measure(encoder: torch.nn.Module, sequences: Sequence[tuple[torch.Tensor, int]]) -> list[Value]:
    """The spectra from every layer to the last, over all sequences together; see `summary`.

    sequences: (1, length) int64 ids without padding, and a position in them. Layer 0 is through the
    whole encoder. The reference is an orthogonal map.
    """
    spectra: list[list[torch.Tensor]] = []
    for ids, position in sequences:
        found = [singular_values(matrix) for matrix in jacobians(encoder, ids, position)]
        spectra = spectra or [[] for _ in found]
        for layer, values in zip(spectra, found, strict=True):
            layer.append(values.cpu())
    return [
        Value("isometry", quantity, number, reference, layer)
        for layer, values in enumerate(spectra)
        for quantity, (number, reference) in summary(torch.stack(values)).items()
    ]


def jacobians(encoder: torch.nn.Module, ids: torch.Tensor, position: int) -> list[torch.Tensor]:
    """d(last state at `position`) / d(all states of a layer), for each layer below the last.

    ids: (1, length) int64 without padding. Layer 0 are the embeddings. Each is (width,
    length * width) of the encoder's dtype; column `t * width + i` belongs to unit i of position t.
    """
    *below, last = encoder.hidden_states(ids, None, torch.tensor([position], device=ids.device))
    state = last[0]
    identity = torch.eye(len(state), dtype=state.dtype, device=state.device)
    matrices = [state.new_empty(len(state), lower.numel()) for lower in below]
    for start in range(0, len(state), COTANGENTS):
        rows = slice(start, start + COTANGENTS)
        found = torch.autograd.grad(
            state, below, identity[rows], retain_graph=True, is_grads_batched=True
        )
        for matrix, part in zip(matrices, found, strict=True):
            matrix[rows] = part.flatten(1)
    return matrices


def singular_values(matrix: torch.Tensor) -> torch.Tensor:
    """Of a wide (m, n) matrix, m <= n: (m,) in descending order; NaN if an entry is not finite.

    From the triangular factor of its transpose, which is as accurate as from the matrix, and three
    times as fast. The square roots of the eigenvalues of `matrix @ matrix.T` would lose half of the
    digits.
    """
    if not matrix.isfinite().all():
        return matrix.new_full((len(matrix),), math.nan)
    return torch.linalg.svdvals(torch.linalg.qr(matrix.T, mode="r").R)


def summary(values: torch.Tensor) -> dict[str, tuple[float, float]]:
    """Quantity -> its value, and that of an orthogonal map.

    values: (sequences, width) singular values. `null_directions`: how many of a sequence's are
    below NULL of its largest. A LayerNorm makes two, as it takes away the mean and the length.
    `log10_<quantile>` and `log10_spread` (95 % less 5 %) are of the others, since the logarithm of
    rounding error says nothing. `mean_square` and `near_one` (the share from 1 / NEAR to NEAR) are
    over all, null ones included.
    """
    if not values.isfinite().all():
        return {name: (math.nan, reference) for name, reference in ORTHOGONAL.items()}
    values = values.double()
    null = values < NULL * values.amax(dim=1, keepdim=True)
    # Of a map that is 0 altogether nothing is left.
    left = values[~null & (values > 0)].log10().numpy()
    levels = list(QUANTILES.values())
    found = np.quantile(left, levels).tolist() if len(left) else [math.nan] * len(levels)
    near = (values >= 1 / NEAR) & (values <= NEAR)
    numbers = [
        *found,
        found[-1] - found[0],
        float(values.square().mean()),
        float(near.double().mean()),
        float(null.sum(dim=1).double().mean()),
    ]
    return dict(zip(ORTHOGONAL, zip(numbers, ORTHOGONAL.values(), strict=True), strict=True))
