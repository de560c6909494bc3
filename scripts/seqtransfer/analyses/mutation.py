"""Mutation: how far does the pooled state move when symbols of a sequence are exchanged?

Vishniakov et al. (2026, doi 10.1101/2024.12.18.628606) find that pretrained models of genomes
hardly tell a sequence from its mutants, by cosines. A cosine is near 1 also between unrelated
sequences if all states share a direction, so that distances are in units of the distance between
two sequences here, and a mean over tokens moves little by one of them, so that each number stands
beside that of the counts of symbols.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch.nn.functional import normalize

from seqtransfer import seeds
from seqtransfer.analyses.value import Value
from seqtransfer.tokens.vocabulary import SPECIALS
from seqtransfer.training.classifier import Classifier

DRAWS = 2  # of the places and the new symbols of a sequence, the same for all models
ROWS = 16  # mutants that go through the model at a time


@torch.no_grad()
def measure(
    model: Classifier, sequences: Sequence[torch.Tensor], symbols: np.ndarray
) -> list[Value]:
    """Distances of mutants from their sequence by the number of substitutions; see `summary`.

    sequences: two or more, (1, length) int64 ids without padding; symbols: as in `mutants`. States
    are those that the head reads, or their mean where it reads every token, in float32, whose
    rounding moves them by 1e-6 of their length. The reference is the mean of one-hot vectors of the
    tokens. Raises ValueError for fewer than two symbols.
    """
    if len(symbols) < 2:
        raise ValueError(
            f"analyse.kinds: mutation exchanges symbols, but the training part has {len(symbols)};"
            " two are needed; leave mutation out"
        )
    generator = seeds.generator(0, "mutation")
    sizes = numbers_of_substitutions(max(int((ids >= len(SPECIALS)).sum()) for ids in sequences))
    vocabulary = 1 + max(int(symbols.max()), *(int(ids.max()) for ids in sequences))
    origins, moves = ([], []), ([], [])  # of states, and of counts of symbols
    for ids in sequences:
        plain = ids[0].cpu().numpy()
        drawn = [mutants(plain, symbols, sizes, generator) for _ in range(DRAWS)]
        rows = torch.from_numpy(np.concatenate([plain[None], *drawn])).to(ids.device)
        states = torch.cat([_states(model, part) for part in rows.split(ROWS)])
        for kind, vectors in enumerate((states.double().cpu(), shares(rows.cpu(), vocabulary))):
            origins[kind].append(vectors[0])
            moves[kind].append(moved(vectors).view(2, DRAWS, len(sizes)))
    found, counted = (
        summary(torch.stack(origin), torch.stack(move), sizes)
        for origin, move in zip(origins, moves, strict=True)
    )
    return [
        Value("mutation", quantity, number, counted[quantity, size], size=size)
        for (quantity, size), number in found.items()
    ]


def _states(model: Classifier, rows: torch.Tensor) -> torch.Tensor:
    """(n, width), one state a sequence."""
    states = model.pooled(rows, None)
    return states.view(len(rows), -1, states.shape[-1]).mean(dim=1)


def numbers_of_substitutions(longest: int) -> tuple[int, ...]:
    """1, 2, 4, 8, ... below `longest`, the most symbols that a sequence has, and `longest`."""
    return (*(2**power for power in range((longest - 1).bit_length())), longest)


def mutants(
    ids: np.ndarray, symbols: np.ndarray, sizes: Sequence[int], generator: np.random.Generator
) -> np.ndarray:
    """(len(sizes), length) int64, `ids` with so many symbols exchanged; at most all of them.

    ids: (length,) int64; symbols: sorted ids, those of the task's training part. Places are drawn
    without replacement, and each mutant keeps the substitutions of those with fewer. New symbols
    are uniform over the others. Special tokens stay.
    """
    places = generator.permutation(np.flatnonzero(ids >= len(SPECIALS)))
    old = ids[places]
    rank, known = np.searchsorted(symbols, old), np.isin(old, symbols)
    choice = generator.integers(len(symbols) - known)
    new = symbols[choice + (known & (choice >= rank))]
    rows = np.repeat(ids[None], len(sizes), axis=0)
    for row, size in zip(rows, sizes, strict=True):
        row[places[:size]] = new[:size]
    return rows


def shares(rows: torch.Tensor, vocabulary: int) -> torch.Tensor:
    """(n, vocabulary) float64: the share of each token in each row; rows: (n, length) int64."""
    counts = torch.zeros(len(rows), vocabulary, dtype=torch.float64)
    return counts.scatter_add_(1, rows, torch.ones(rows.shape, dtype=torch.float64)) / rows.shape[1]


def moved(vectors: torch.Tensor) -> torch.Tensor:
    """(2, n): Euclidean and cosine distance of each of the rows 1 .. n from row 0.

    1 - cosine is half the squared distance of the unit vectors, which loses no digits near 0.
    """
    units = normalize(vectors, dim=1)
    cosine = (units[1:] - units[0]).square().sum(dim=1) / 2
    return torch.stack([(vectors[1:] - vectors[0]).norm(dim=1), cosine])


def summary(
    origins: torch.Tensor, moves: torch.Tensor, sizes: Sequence[int]
) -> dict[tuple[str, int | None], float]:
    """Quantity and number of substitutions -> its value; without a number, of all of them.

    origins: (sequences, width); moves: (sequences, 2, draws, len(sizes)), Euclidean and cosine
    distances of mutants. Medians over mutants: `relative_distance`, Euclidean, over the median of
    two different sequences, and `cosine_distance`. `pair_cosine_distance`: the median cosine
    distance of two different sequences. `substitutions`: see `reached`. NaN where a state is not
    finite or all states are equal.
    """
    pair = np.median(torch.pdist(origins).numpy())
    pair_cosine = np.median(torch.pdist(normalize(origins, dim=1)).numpy() ** 2) / 2
    distance, cosine = np.median(moves.transpose(0, 1).flatten(1, 2).numpy(), axis=1)
    relative = distance / pair if pair > 0 else np.full(len(sizes), math.nan)
    return {
        **{("relative_distance", size): float(x) for size, x in zip(sizes, relative, strict=True)},
        **{("cosine_distance", size): float(x) for size, x in zip(sizes, cosine, strict=True)},
        ("pair_cosine_distance", None): float(pair_cosine),
        ("substitutions", None): reached(sizes, relative),
    }


def reached(sizes: Sequence[int], curve: np.ndarray) -> float:
    """The number of substitutions at which a mutant is as far as another sequence.

    curve: relative distances at `sizes`, from 0 at none; straight between them. NaN if it stays
    below 1, or if a distance is not finite.
    """
    x, y = np.array([0.0, *sizes]), np.array([0.0, *curve])
    beyond = np.flatnonzero(y >= 1)
    if not np.isfinite(y).all() or not len(beyond):
        return math.nan
    last = beyond[0]
    return float(np.interp(1.0, y[last - 1 : last + 1], x[last - 1 : last + 1]))
