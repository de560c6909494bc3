"""Gradient confusion: do the gradients of batches pull against each other?

Sankararaman et al. (2020): eta = max(0, -min <g_i, g_j>) over pairs of batches. Where it is small,
stochastic gradient descent is fast, as a step for one batch does not undo that for another.

DIFFERS: dropout is off in every arm and batches share no example; in the paper's release dropout is
on, so that a part of the angle between two gradients is noise.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import torch
from scipy.special import ndtri  # of scipy.stats, which takes a second to import

from seqtransfer.analyses.value import Batch, Loss, Value
from seqtransfer.training.classifier import Classifier

PARTS = ("embeddings", "encoder", "head")
# In the names of their tensors: of most families, GPT-2's, and MPNet's relative positions.
EMBEDDINGS = ("embed", "wte.", "wpe.", "relative_attention_bias")
BYTES = 4  # of an entry of a gradient
REACH, GRID = 8.0, 401  # standard deviations of a product, and points, that an integral covers
DOUBLES = 2**17  # entries that are multiplied in float64 at a time, 1 MiB
Gradient = Iterable[tuple[str, torch.Tensor]]  # of each weight, its part and its entries


def measure(model: Classifier, batches: Sequence[Batch], loss: Loss, memory: float) -> list[Value]:
    """Confusion, cosines and norms of the model's gradients, part by part and of all parts.

    memory: bytes that gradients may take at a time; two gradients are held at least. All weights
    of the model count, since all are trained in every study that has this analysis; the reference
    is of those that some batch moves, so not of rows of embeddings that none reads.
    """
    sizes = dict.fromkeys(PARTS, 0)
    for name, weight in model.named_parameters():
        sizes[part_of(name)] += weight.numel()
    held = max(1, int(memory / (BYTES * sum(sizes.values()))) - 1)

    moved: dict[int, torch.Tensor] = {}  # of each weight of the embeddings, which rows

    def gradient(batch: int) -> Gradient:
        ids, mask, wanted = batches[batch]
        for place, (part, entries) in enumerate(split(model, loss(model(ids, mask), wanted))):
            if part == "embeddings":
                rows = entries.reshape(len(entries), -1).any(dim=1)
                moved[place] = rows | moved.get(place, torch.zeros_like(rows))
            yield part, entries

    grams = gram(gradient, sizes, len(batches), held)
    weights = list(model.parameters())
    sizes["embeddings"] = sum(
        int(rows.sum()) * weights[place].numel() // len(rows) for place, rows in moved.items()
    )
    grams["all"], sizes["all"] = sum(grams.values()), sum(sizes.values())
    return [
        Value("gradient_confusion", quantity, number, reference, part=part)
        for part, products in grams.items()
        for quantity, (number, reference) in summary(products, sizes[part]).items()
    ]


def split(model: Classifier, loss: torch.Tensor) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield the part and the gradient of `loss` of each weight; the pooler counts to the head."""
    names, weights = zip(*model.named_parameters(), strict=True)
    found = torch.autograd.grad(loss, weights, allow_unused=True, materialize_grads=True)
    yield from zip(map(part_of, names), found, strict=True)


def part_of(name: str) -> str:
    """The part of a classifier's parameter, by its name."""
    if name.startswith("head.") or "pooler." in name:
        return "head"
    return "embeddings" if any(word in name for word in EMBEDDINGS) else "encoder"


def gram(
    gradient: Callable[[int], Gradient], sizes: Mapping[str, int], count: int, held: int
) -> dict[str, torch.Tensor]:
    """Inner products of all pairs of `count` gradients, by part: (count, count) float64.

    gradient: the i-th, computed anew at every call, weight by weight in one order; sizes: entries
    of each part. `held` gradients are in memory, besides one that is multiplied with them; about
    (count / held + 1) / 2 passes over all gradients are made.
    """
    found = {
        part: torch.zeros(count, count, dtype=torch.float64) for part, size in sizes.items() if size
    }
    for start in range(0, count, held):
        _multiply(found, gradient, sizes, start, min(start + held, count))
    return found


def _multiply(found, gradient, sizes, start: int, stop: int) -> None:
    """Products of the gradients start .. stop - 1 with each other and all later ones, in `found`.

    On its own, so that nothing of a block is held while the next is filled.
    """
    block: dict[str, torch.Tensor] = {}
    for place in range(stop - start):
        for part, entries, columns in _placed(gradient(start + place)):
            if part not in block:
                block[part] = entries.new_empty(stop - start, sizes[part])
            block[part][place, columns].view(entries.shape).copy_(entries)
    for part, rows in block.items():
        found[part][start:stop, start:stop] = inner_products(rows, rows)
    for other in range(stop, len(next(iter(found.values())))):
        for part, entries, columns in _placed(gradient(other)):
            pairs = inner_products(block[part][:, columns], entries.reshape(1, -1))
            found[part][start:stop, other] += pairs[:, 0]
    for products in found.values():
        products[stop:, start:stop] = products[start:stop, stop:].T


def inner_products(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Of the rows of two matrices of float32, summed in float64, as float32 loses a hundredth of
    the sum of 10^8 squares: (rows of left, rows of right)."""
    found = torch.zeros(len(left), len(right), dtype=torch.float64, device=left.device)
    step = max(1, DOUBLES // (len(left) + len(right)))
    for start in range(0, left.shape[1], step):
        columns = slice(start, start + step)
        found += left[:, columns].double() @ right[:, columns].double().T
    return found.cpu()


def _placed(gradient: Gradient) -> Iterator[tuple[str, torch.Tensor, slice]]:
    """Yield each weight's part and entries, and their place among the entries of the part."""
    ends: dict[str, int] = {}
    for part, entries in gradient:
        first = ends.get(part, 0)
        ends[part] = first + entries.numel()
        yield part, entries, slice(first, ends[part])


def summary(products: torch.Tensor, parameters: int) -> dict[str, tuple[float, float]]:
    """Quantity -> its value, and that of gradients in independent directions of the same space.

    products: (n, n) Gram matrix of n >= 2 gradients; parameters: dimensions of the space. `eta`:
    the confusion, in squared units of the gradient; `minimum_cosine` and `mean_cosine` over pairs,
    which do not depend on the scale of the loss; `norm`: the mean length. The cosine of two
    independent directions is near N(0, 1 / parameters); the reference is the expected minimum of as
    many (Blom 1958), for eta with the lengths that these gradients have. Gradients lie near few
    directions, so that their cosines are larger: it is the least that chance gives.
    """
    first, second = torch.triu_indices(len(products), len(products), offset=1)
    norms = products.diagonal().sqrt()
    pairs, lengths = products[first, second], norms[first] * norms[second]
    cosines = pairs / lengths
    least = ndtri((1 - 0.375) / (len(pairs) + 0.25))
    least = least / math.sqrt(parameters) if parameters else math.nan
    return {
        "eta": (_confusion(pairs), _expected_confusion(lengths, parameters)),
        "minimum_cosine": (float(cosines.min()), float(least)),
        "mean_cosine": (float(cosines.mean()), 0.0),
        "norm": (float(norms.mean()), math.nan),
    }


def _expected_confusion(lengths: torch.Tensor, parameters: int) -> float:
    """The expected confusion of products N(0, length^2 / parameters), independent of each other:
    the integral of the chance that one is below -t, for all t > 0. lengths: (pairs,)."""
    if not parameters or not lengths.isfinite().all() or not lengths.max() > 0:
        return math.nan
    spread = lengths / lengths.max()  # in units of the longest
    t = torch.linspace(0, REACH, GRID, dtype=torch.float64)
    none_below = torch.special.log_ndtr(t[:, None] / spread.clamp(min=1e-12)).sum(dim=1).exp()
    return float(torch.trapezoid(1 - none_below, t) * lengths.max() / math.sqrt(parameters))


def _confusion(pairs: torch.Tensor) -> float:
    """max(0, -least inner product); NaN if one is not finite, which `min` keeps."""
    return float((-pairs.min()).clamp(min=0))
