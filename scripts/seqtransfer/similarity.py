"""Two representations of the same examples -> how similar they are, and how similar by chance.

Each side is reduced once to an orthonormal basis U, singular values s and neurons' loadings V, all
that both measures need: with C = U_left^T U_right, the singular values of C are the canonical
correlations (PWCCA), and diag(s_left) C diag(s_right) is the cross-covariance (CKA). A re-pairing
of the rows changes C alone, so a null of many draws costs one small product and one SVD per draw.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

# DIFFERS: the paper's released code adds an absolute ridge (1.5e-3, 1e-3 or 1e-4 by task) to the
# covariances. A relative cut-off does not depend on the scale of a model's activations: directions
# whose singular value is below this fraction of the largest are dropped. It lies above the rounding
# of float32 activations (about 1e-7) and drops 1e-10 of the largest direction's variance.
RELATIVE_CUTOFF = 1e-5


@dataclass(frozen=True)
class Prepared:
    """One side, centred and factored: centred = scale * basis @ diag(singular) @ loadings.

    basis: (n, rank) float64, orthonormal columns; singular: (rank,) float64, descending from 1
    (both measures ignore one common scale); loadings: (rank, width) float64, orthonormal rows.
    """

    basis: np.ndarray
    singular: np.ndarray
    loadings: np.ndarray

    @property
    def rank(self) -> int:
        """Directions kept; below `width` where columns are constant, repeated or dependent."""
        return len(self.singular)

    @property
    def width(self) -> int:
        """Neurons, dependent ones included."""
        return self.loadings.shape[1]

    @cached_property
    def squared_norms(self) -> np.ndarray:
        """(n,) float64: squared length of each centred row, the Gram matrix's diagonal."""
        return np.square(self.basis) @ np.square(self.singular)

    @cached_property
    def self_hsic(self) -> float:
        """Debiased HSIC of this side with itself; at least 0."""
        return _debiased_hsic(self, self, np.eye(self.rank), self.squared_norms)


def prepare(x: np.ndarray, side: str = "representation") -> Prepared:
    """Centre and factor x: (n, p) floats, one row per example, n >= 4.

    Raises ValueError, calling the array `side`, if it is not two-dimensional, has fewer than 4 rows
    (the debiased HSIC divides by n - 3), holds NaN or infinity, or all its rows are equal. Constant
    and dependent columns are no error: they add no direction.
    """
    x = np.asarray(x, dtype=np.float64)
    if x.ndim != 2 or x.shape[1] == 0:
        raise ValueError(f"{side}: shape {x.shape} is not (examples, neurons); flatten it first")
    if len(x) < 4:
        raise ValueError(f"{side}: {len(x)} rows, but the measures need at least 4 examples")
    if not np.isfinite(x).all():
        row, column = np.argwhere(~np.isfinite(x))[0]
        raise ValueError(
            f"{side}: {x[row, column]} at row {row}, column {column}; did the run diverge?"
        )
    if (x == x[0]).all():
        raise ValueError(f"{side}: all {len(x)} rows are equal, so no similarity is defined")
    basis, singular, loadings = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    rank = int(np.count_nonzero(singular > RELATIVE_CUTOFF * singular[0]))
    return Prepared(basis[:, :rank], singular[:rank] / singular[0], loadings[:rank])


def pwcca(x: np.ndarray, y: np.ndarray) -> float:
    """Projection-weighted canonical correlation of y with x, weighted by x (Morcos et al. 2018).

    x: (n, p), y: (n, q) floats; row i of both is the same example. With canonical variates h_i of
    x, i = 1..min(rank x, rank y), correlations rho_i and weights a_i = sum_j |<h_i, x_j>| over the
    centred neurons x_j of the LEFT side, returns sum a_i rho_i / sum a_i, in [0, 1], unitless.

    Asymmetric: the right side may be transformed by any invertible linear map, the left side only
    permuted, scaled and shifted. Biased upward: for independent sides the mean squared correlation
    is max(p, q) / (n - 1), so compare only at equal n and beside `shuffled_null`. Where
    correlations tie (at least p + q - n + 1 of them are 1) the weights within a tie are arbitrary.
    Raises ValueError as `prepare` does, and if the row counts differ.
    """
    return _score(_pwcca, x, y)


def debiased_linear_cka(x: np.ndarray, y: np.ndarray) -> float:
    """Linear centred kernel alignment from the unbiased HSIC_1 (Song et al. 2012).

    x: (n, p), y: (n, q) floats; row i of both is the same example. Returns
    HSIC_1(K, L) / sqrt(HSIC_1(K, K) HSIC_1(L, L)) for K = x x^T, L = y y^T, in [-1, 1], unitless:
    1 for equality up to rotation, one common scale and a shift; about 0 for independent sides at
    any n, and negative by chance.

    Raises ValueError as `prepare` does, if the row counts differ, and if a side's rows are all
    equally far apart up to one offset per row: then HSIC_1(K, K) is 0 and the ratio undefined.
    """
    return _score(_debiased_cka, x, y)


def canonical_correlations(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(min(rank x, rank y),) float64 canonical correlations of x and y, descending, in [0, 1]."""
    left, right = _pair(x, y)
    return np.linalg.svd(left.basis.T @ right.basis, compute_uv=False).clip(0, 1)


def shuffled_null(
    left: Prepared,
    right: Prepared,
    sequences: np.ndarray,
    *,
    draws: int,
    generator: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Scores after re-pairing whole sequences: what models that share no example would score.

    sequences: (n,) int, the sequence each row was taken from; every sequence has the same number
    of rows, in the same order of positions. Each draw permutes the sequences of the right side.
    Rows of one sequence stay together since they are dependent (shuffling single rows would make
    the null too low) and keep their position, so similarity owed to position alone is in the null.

    Returns {measure: (draws,) float64}; both measures see the same re-pairings. Raises ValueError
    for unequal sequences, fewer than two of them, or fewer than one draw.
    """
    rows = _rows_by_sequence(np.asarray(sequences), len(left.basis))
    if draws < 1:
        raise ValueError(f"draws is {draws}; a null needs at least one re-pairing")
    null = {name: np.empty(draws) for name in MEASURES}
    order = np.empty(rows.size, dtype=np.intp)
    for draw in range(draws):
        order[rows] = rows[generator.permutation(len(rows))]
        cross = left.basis.T @ right.basis[order]
        for name, measure in MEASURES.items():
            null[name][draw] = measure(left, right, cross, right.squared_norms[order])
    return null


def compare(
    left: Prepared,
    right: Prepared,
    sequences: np.ndarray,
    *,
    draws: int,
    generator: np.random.Generator,
) -> list[dict]:
    """Score two prepared sides of the same rows by every measure beside the score by chance.

    sequences: (n,) int as in `shuffled_null`. Returns one dict per measure: measure, score,
    null_mean, null_low and null_high (2.5 and 97.5 % of the draws), draws, rows (n), sequences (how
    many), width (max(p, q), so that width / (rows - 1) is the mean squared canonical correlation by
    chance). Raises ValueError as the measures do.
    """
    cross = left.basis.T @ right.basis
    null = shuffled_null(left, right, sequences, draws=draws, generator=generator)
    table = []
    for name, measure in MEASURES.items():
        low, high = np.quantile(null[name], [0.025, 0.975])
        table.append(
            {
                "measure": name,
                "score": measure(left, right, cross, right.squared_norms),
                "null_mean": float(null[name].mean()),
                "null_low": float(low),
                "null_high": float(high),
                "draws": draws,
                "rows": len(left.basis),
                "sequences": len(np.unique(sequences)),
                "width": max(left.width, right.width),
            }
        )
    return table


def compare_layers(
    sides: Mapping[str, Mapping[str, np.ndarray]],
    pairs: Sequence[tuple[str, str]],
    *,
    draws: int,
    seed: int,
) -> Iterator[dict]:
    """Yield `compare`'s dicts with their `left`, `right` and `layer`, for every pair of sides.

    sides: name -> a mapping with ids (n,) str, sequences (n,) int and layer_0 .. layer_L (n, width)
    floats, such as an open `.npz` file, of which one layer at a time is read and factored once,
    however many pairs it is in. Raises ValueError if ids, sequences or layer numbers differ.
    """
    (first, reference), *others = sides.items()
    numbers = {name: _layers(side) for name, side in sides.items()}
    if not numbers[first]:
        raise ValueError(f"{first}: no array is called layer_<number>")
    for name, side in others:
        for field in ("ids", "sequences"):
            if not np.array_equal(side[field], reference[field]):
                raise ValueError(
                    f"{name} and {first} differ in {field}: represent both with the same probe"
                )
        if numbers[name] != numbers[first]:
            raise ValueError(
                f"{name} holds layers {numbers[name]}, {first} {numbers[first]}; they must agree"
            )
    sequences = reference["sequences"]
    for layer in numbers[first]:
        prepared = {
            name: prepare(side[f"layer_{layer}"], f"{name}, layer {layer}")
            for name, side in sides.items()
        }
        for left, right in pairs:
            # The same re-pairings in every layer and pair: their nulls differ by the model alone.
            generator = np.random.default_rng(seed)
            for scores in compare(
                prepared[left], prepared[right], sequences, draws=draws, generator=generator
            ):
                yield {"left": left, "right": right, "layer": layer, **scores}


def _layers(side: Mapping[str, np.ndarray]) -> list[int]:
    return sorted(int(key.removeprefix("layer_")) for key in side if key.startswith("layer_"))


def _pwcca(left: Prepared, right: Prepared, cross: np.ndarray, _: np.ndarray) -> float:
    rotation, correlations, _ = np.linalg.svd(cross, full_matrices=False)
    # <h_i, x_j> for h = U_left @ rotation: the neurons' coordinates in the canonical basis.
    projections = rotation.T @ (left.singular[:, None] * left.loadings)
    weights = np.abs(projections).sum(axis=1)
    return float(np.average(correlations.clip(0, 1), weights=weights))


def _debiased_cka(
    left: Prepared, right: Prepared, cross: np.ndarray, right_norms: np.ndarray
) -> float:
    for side, name in ((left, "left"), (right, "right")):
        # Rounding leaves about 1e-16 of the squared leading singular value, which is 1.
        if side.self_hsic <= 1e-12:
            raise ValueError(
                f"{name} representation: its debiased HSIC with itself is 0 (its rows differ only "
                "by an offset each, as when one row differs from the rest); use more examples"
            )
    shared = _debiased_hsic(left, right, cross, right_norms)
    return float(np.clip(shared / np.sqrt(left.self_hsic * right.self_hsic), -1, 1))


MEASURES: dict[str, Callable[[Prepared, Prepared, np.ndarray, np.ndarray], float]] = {
    "pwcca": _pwcca,
    "cka": _debiased_cka,
}


def _debiased_hsic(
    left: Prepared, right: Prepared, cross: np.ndarray, right_norms: np.ndarray
) -> float:
    """n(n - 3) HSIC_1 of the two Gram matrices, without forming them.

    For centred rows the Gram matrix with its diagonal a removed has row sums -a, so the three terms
    tr(KL), 1'K1 1'L1 / ((n-1)(n-2)) and -2/(n-2) 1'KL1 need only a, b and the cross-covariance.
    """
    n = len(left.basis)
    covariance = left.singular[:, None] * cross * right.singular
    norms = left.squared_norms
    return float(
        np.square(covariance).sum()
        + norms.sum() * right_norms.sum() / ((n - 1) * (n - 2))
        - norms @ right_norms * n / (n - 2)
    )


def _pair(x: np.ndarray, y: np.ndarray) -> tuple[Prepared, Prepared]:
    if len(x) != len(y):
        raise ValueError(
            f"left has {len(x)} rows, right has {len(y)}; both sides must hold the same examples"
        )
    return prepare(x, "left representation"), prepare(y, "right representation")


def _score(measure: Callable, x: np.ndarray, y: np.ndarray) -> float:
    left, right = _pair(x, y)
    return measure(left, right, left.basis.T @ right.basis, right.squared_norms)


def _rows_by_sequence(sequences: np.ndarray, n: int) -> np.ndarray:
    """(sequences, rows per sequence) int: which rows belong to each sequence, in their order."""
    if sequences.shape != (n,):
        raise ValueError(f"sequences has shape {sequences.shape}, but there are {n} rows")
    names, counts = np.unique(sequences, return_counts=True)
    if len(names) < 2:
        raise ValueError("all rows are of one sequence; re-pairing needs at least two sequences")
    if (counts != counts[0]).any():
        odd = np.flatnonzero(counts != counts[0])[0]
        raise ValueError(
            f"sequence {names[odd]} has {counts[odd]} rows, sequence {names[0]} has {counts[0]}; "
            "take the same number of positions from each"
        )
    return np.argsort(sequences, kind="stable").reshape(len(names), counts[0])
