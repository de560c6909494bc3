"""What an arm does to pretrained weights before it takes them: pure functions of a state of tensors
and a generator, which give a new state of the same names, shapes and dtypes.

Studies are planned with the table of arms, so torch is imported only where weights are changed.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    State = dict[str, torch.Tensor]


def unchanged(state: "State", generator: "torch.Generator") -> "State":
    """The weights as they are."""
    return state


def shuffled(state: "State", generator: "torch.Generator") -> "State":
    """Each tensor permuted within itself: the same values, no structure.

    Keeps every statistic of a tensor that does not ask where a value stands; destroys rows,
    columns, their correlations, and what connects one tensor with another.
    """
    import torch

    changed = {}
    for name, tensor in state.items():
        order = torch.randperm(tensor.numel(), generator=generator)
        changed[name] = tensor.flatten()[order].reshape(tensor.shape)
    return changed


def moments(state: "State", generator: "torch.Generator") -> "State":
    """Normal numbers with each tensor's mean and variance: its scale, and nothing else of it.

    The moments are met exactly (the draw is standardized, in float64), not only in expectation, so
    that `shuffled` and `moments` differ in the distribution's shape alone. Destroys outliers, too.
    A tensor of one value, or of equal values, stays as it is.
    """
    import torch

    changed = {}
    for name, tensor in state.items():
        noise = torch.randn(tensor.shape, generator=generator, dtype=torch.float64)
        noise -= noise.mean()
        noise /= noise.std(correction=0).clamp(min=torch.finfo(noise.dtype).tiny)
        wide = tensor.double()
        noise *= wide.std(correction=0)
        noise += wide.mean()
        changed[name] = noise.to(tensor.dtype)
    return changed


def spectrum(state: "State", generator: "torch.Generator") -> "State":
    """Each matrix with its singular values and random singular vectors; vectors permuted.

    Keeps how strongly a matrix stretches, but not in which directions: between `moments`, whose
    spectrum is that of noise, and `text`. The vectors are the orthogonal factors of normal draws,
    with the signs that make them uniform (Mezzadri, "How to generate random matrices from the
    classical compact groups", 2007): those of a library's factors are tied to the diagonal.
    """
    import torch

    def vectors(size: int, count: int) -> "torch.Tensor":
        drawn = torch.randn((size, count), generator=generator, dtype=torch.float64)
        factor, triangle = torch.linalg.qr(drawn)
        return factor * triangle.diagonal().sign()

    changed = shuffled({name: t for name, t in state.items() if t.ndim < 2}, generator)
    for name, tensor in state.items():
        if tensor.ndim >= 2:
            matrix = tensor.flatten(1).double()
            values = torch.linalg.svdvals(matrix)
            left, right = (vectors(size, len(values)) for size in matrix.shape)
            changed[name] = ((left * values) @ right.T).reshape(tensor.shape).to(tensor.dtype)
    return changed
