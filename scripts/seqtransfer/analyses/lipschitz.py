"""Lipschitz constants: how much can a LayerNorm, or a whole layer, stretch a small change?

A LayerNorm scales what is orthogonal to its input's mean and direction by gain / standard deviation
of the input, unit by unit. The spectral norm of a layer's Jacobian is the most that the layer, its
attention included, stretches any small change of the states of a sequence.

DIFFERS: all arms, and sequences without padding. The paper's release shows random weights alone.
"""

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from scipy.sparse.linalg import LinearOperator, eigsh
from torch import nn

from seqtransfer.analyses.value import Value
from seqtransfer.encoders.loading import LAYER

TOLERANCE = 1e-3  # relative, of the square of a spectral norm


def measure(encoder: nn.Module, sequences: Sequence[torch.Tensor]) -> list[Value]:
    """The gains of every LayerNorm and the spectral norm of every layer, means over `sequences`.

    sequences: (1, length) int64 ids without padding. `gain` is the mean over units and tokens,
    `largest_gain` the mean over tokens of the largest unit's. The reference, 1, keeps lengths.
    """
    gains: dict[tuple[int, str], list[list[float]]] = {}
    norms = []
    for ids in sequences:
        for place, found in layer_norm_gains(encoder, ids):
            gains.setdefault(place, []).append(
                [float(found.mean()), float(found.amax(dim=1).mean())]
            )
        norms.append(spectral_norms(encoder, ids))
    rows = []
    for (layer, part), found in gains.items():
        for quantity, number in zip(("gain", "largest_gain"), np.mean(found, axis=0), strict=True):
            rows.append(Value("lipschitz", quantity, float(number), 1.0, layer, part))
    for layer, number in enumerate(np.mean(norms, axis=0), start=1):
        rows.append(Value("lipschitz", "spectral_norm", float(number), 1.0, layer, "layer"))
    return rows


@torch.no_grad()
def layer_norm_gains(
    encoder: nn.Module, ids: torch.Tensor
) -> Iterator[tuple[tuple[int, str], torch.Tensor]]:
    """Layer and part of each LayerNorm, with |gain| / sqrt(variance + eps) of its inputs.

    The latter is (length, width) on the CPU; the largest unit bounds the Lipschitz constant of the
    LayerNorm at a token. In an RMSNorm the mean square stands for the variance. Parts: embeddings
    (layer 0), attention, feed-forward, and final, of families with one after all layers. Layers
    that share one module (ALBERT) are told apart by the order of the calls. Norms of queries and
    keys, head by head, are left out.
    """
    calls: list[tuple[str, nn.Module, torch.Tensor]] = []
    hooks = [
        module.register_forward_pre_hook(
            lambda module, inputs, name=name: calls.append((name, module, inputs[0]))
        )
        for name, module in encoder.named_modules()
        if isinstance(module, nn.LayerNorm) or _is_rms_norm(module)
        if not name.endswith(("q_norm", "k_norm"))
    ]
    try:
        encoder(ids, None)
    finally:
        for hook in hooks:
            hook.remove()
    counts = {"embeddings": -1, "attention": 0, "feed-forward": 0, "final": 0}
    for name, module, states in calls:
        part, numbered = part_of(name), LAYER.search(name)
        counts[part] = int(numbered[1]) + 1 if numbered else counts[part] + 1
        layer = counts["feed-forward"] if part == "final" else counts[part]
        states = states.flatten(0, -2)
        if _is_rms_norm(module):
            scale = (states.square().mean(-1, keepdim=True) + module.variance_epsilon).rsqrt()
        else:
            scale = (states.var(-1, correction=0, keepdim=True) + module.eps).rsqrt()
        yield (layer, part), (module.weight.abs() * scale).cpu()


def _is_rms_norm(module: nn.Module) -> bool:
    """Whether the module is an RMSNorm, of which each family of transformers has a class; T5 calls
    it a LayerNorm."""
    return type(module).__name__.endswith(("RMSNorm", "T5LayerNorm"))


def part_of(name: str) -> str:
    """The part of a layer that a LayerNorm belongs to, by its name in transformers."""
    last = name.rpartition(".")[2]
    if "embeddings" in name:
        return "embeddings"
    if last in ("emb_layer_norm_after", "final_norm", "final_layer_norm", "ln_f", "norm"):
        return "final"
    if last in ("attn_norm", "ln_1", "input_layernorm", "sa_layer_norm"):
        return "attention"
    if ".attention." in name or name.endswith(".layer.0.layer_norm"):  # the latter is T5's
        return "attention"
    return "feed-forward"


def spectral_norms(encoder: nn.Module, ids: torch.Tensor) -> list[float]:
    """The largest singular value of each layer's Jacobian, layer after layer, at one sequence.

    ids: (1, length) int64 without padding. The Jacobian is of all states after the layer by all
    before it, (length * width) squared. The last layer's is with the norm that follows all layers
    in families that have one (GPT-2, Llama, T5, ModernBERT, ESM-2), as their last states are.
    """
    states = list(encoder.hidden_states(ids, None))
    if not states[-1].isfinite().all():
        return [math.nan] * (len(states) - 1)
    return [largest(x, y) for x, y in itertools.pairwise(states)]


def largest(x: torch.Tensor, y: torch.Tensor) -> float:
    """The largest singular value of dy / dx; y depends on x by autograd.

    By Lanczos iteration on its square, which takes some 20 products with the Jacobian J and its
    transpose; power iteration takes hundreds, as the next singular values are near the largest.
    J v is the derivative of J' u, which is linear in u, by u.
    """
    cotangent = torch.zeros_like(y, requires_grad=True)
    (transposed,) = torch.autograd.grad(y, x, cotangent, create_graph=True)

    def squared(vector: np.ndarray) -> np.ndarray:
        given = torch.from_numpy(vector.ravel()).to(x).view_as(x)
        (image,) = torch.autograd.grad(transposed, cotangent, given, retain_graph=True)
        (back,) = torch.autograd.grad(y, x, image, retain_graph=True)
        return back.flatten().cpu().numpy()

    size = x.numel()
    square = LinearOperator((size, size), matvec=squared, dtype=np.float64)
    start = np.random.default_rng(0).normal(size=size)
    (found,) = eigsh(square, k=1, tol=TOLERANCE, v0=start, return_eigenvectors=False)
    return math.sqrt(max(found, 0.0))
