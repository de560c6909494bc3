"""Scores of two layers under several measures, each beside its permutation null.

All pairs of layers that one `Comparison` scores see the same permutations of units.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from seqtransfer.similarity.measures import MEASURES, permutation_null
from seqtransfer.similarity.measures.measure import Measure
from seqtransfer.similarity.measures.pair import Pair
from seqtransfer.similarity.measures.permutation_null import BLOCK, DRAW_ERROR, UnitPermutations
from seqtransfer.similarity.measures.representation import NoSimilarity, Representation
from seqtransfer.similarity.measures.streaming import StreamedRepresentation

# Pairwise measures score whole sequences of at most this many rows, equally many of each unit.
PAIRWISE_ROWS = 1024  # as in Huh et al. 2024
# With fewer rows per neuron than this, chance similarity is far from zero (`few_rows`).
MINIMUM_ROWS_PER_WIDTH = 10
TIED = 1 - 1e-6  # canonical correlations from here on are 1 but for rounding
# Columns of a row that are NaN where no similarity is defined.
NUMBERS = ("score", "null_mean", "null_low", "null_high", "p_value", "analytic_null")


class _Subset(NamedTuple):
    """Rows that some of the measures score: all of them, or those of some sequences."""

    measures: list[Measure]
    rows: slice | np.ndarray  # which of all rows
    counts: dict[str, int]  # sequences and units that these rows are of
    permutations: UnitPermutations


class Undefined(Representation):
    """States without any similarity, see `NoSimilarity`, of which only the shape is kept."""

    def __init__(self, count: int, width: int, name: str):
        super().__init__(np.broadcast_to(np.nan, (count, width)), name)


class Comparison:
    """The measures of a comparison, and the permutations that all pairs of layers share."""

    def __init__(
        self,
        measures: Sequence[str],
        sequences: np.ndarray,
        units: np.ndarray,
        *,
        draws: int,
        generator: np.random.Generator,
        positions: np.ndarray | None = None,
    ):
        """measures: names of `MEASURES`; sequences, units: (n,) int, those of each row; positions:
        (n,) int, where each row stands in its sequence; None where all units have the same.

        Raises ValueError for an unknown measure, and as `UnitPermutations.draw`.
        """
        unknown = [name for name in measures if name not in MEASURES]
        if unknown:
            raise ValueError(f"measure {unknown[0]!r} is unknown; known: {', '.join(MEASURES)}")
        sequences, units = np.asarray(sequences), np.asarray(units)
        self._row_count = len(sequences)
        chosen = [MEASURES[name] for name in measures]
        blocks = None if positions is None else permutation_null.blocks(units, positions)
        chosen_rows = pairwise_rows(sequences, units, blocks)
        self._subsets = []
        for pairwise in (False, True):
            wanted = [measure for measure in chosen if measure.pairwise == pairwise]
            if wanted:
                whole = not pairwise or chosen_rows.all()
                rows = slice(None) if whole else chosen_rows
                permutations = UnitPermutations.draw(
                    units[rows],
                    draws=draws,
                    generator=generator,
                    blocks=None if blocks is None else blocks[rows],
                )
                numbers = {"sequences": sequences[rows], "units": units[rows]}
                counts = {name: len(np.unique(number)) for name, number in numbers.items()}
                self._subsets.append(_Subset(wanted, rows, counts, permutations))

    def prepare(
        self, layer: np.ndarray, name: str, *, streamed: bool = False
    ) -> tuple[Representation, ...]:
        """Check one layer (n, width) and select the rows that each kind of measure scores.

        streamed: read the layer in chunks whenever something of it is needed. The sequences of
        pairwise measures, which are few, are in memory all the same. A layer without similarity is
        `Undefined`. Raises ValueError for another number of rows than that of `sequences`, and as
        `Representation.of`.
        """
        if len(layer) != self._row_count:
            raise ValueError(
                f"{name} has {len(layer)} rows, but there are sequences of {self._row_count}"
            )
        return tuple(
            prepared(layer, subset.rows, name, streamed and not subset.measures[0].pairwise)
            for subset in self._subsets
        )

    def rows(
        self, left: tuple[Representation, ...], right: tuple[Representation, ...]
    ) -> Iterator[dict]:
        """Yield a row of results for each measure, of two layers as `prepare` returns them.

        measure, score; null_mean, null_low and null_high: mean, least and greatest of the draws;
        p_value: (1 + draws at least as similar) / (1 + draws); analytic_null: the score expected of
        randomly paired rows by a formula, NaN if none is known; draws; rows, sequences and units:
        how many the measure scored; left_width, right_width and width, the larger; left_rank and
        right_rank: how many directions the measure uses; few_rows: whether rows < 10 x width; ties:
        canonical correlations of 1 that the measure uses. Where a side has no similarity, it
        has 0 directions, and scores, null and p-value are NaN.
        """
        for subset, first, second in zip(self._subsets, left, right, strict=True):
            yield from _rows(subset, Pair(first, second))


def _rows(subset: _Subset, pair: Pair) -> Iterator[dict]:
    measures, permutations = subset.measures, subset.permutations
    scores = [score_of(measure, pair) for measure in measures]
    null = np.empty((len(measures), permutations.draws))
    pairwise = all(measure.pairwise for measure in measures)
    drawn = permutations.pairs_without_cross_products if pairwise else permutations.pairs
    if np.isnan(scores).all():
        null[:] = np.nan
    else:
        for draw, permuted in enumerate(drawn(pair.left, pair.right)):
            null[:, draw] = [score_of(measure, permuted) for measure in measures]
    for measure, score, chance in zip(measures, scores, null, strict=True):
        if not (np.isfinite(score) and np.isfinite(chance).all()):
            row = {"measure": measure.name} | dict.fromkeys(NUMBERS, np.nan)
            yield row | {"draws": permutations.draws} | _sizes(measure, pair, subset.counts)
            continue
        # A draw with float32 cross products may fall short of an equal score by rounding.
        short = chance - score if measure.distance else score - chance
        reached = int(np.count_nonzero(short <= DRAW_ERROR * max(1.0, abs(score))))
        yield {
            "measure": measure.name,
            "score": score,
            "null_mean": float(chance.mean()),
            "null_low": float(chance.min()),
            "null_high": float(chance.max()),
            "p_value": (1 + reached) / (1 + permutations.draws),
            "analytic_null": float(measure.null(pair)) if measure.null else np.nan,
            "draws": permutations.draws,
            **_sizes(measure, pair, subset.counts),
        }


def score_of(measure: Measure, pair: Pair) -> float:
    """The score of a pair, NaN where the measure is not defined."""
    if isinstance(pair.left, Undefined) or isinstance(pair.right, Undefined):
        return np.nan
    try:
        return measure.of(pair)
    except NoSimilarity as reason:
        print(f"no similarity: {reason}", flush=True)
        return np.nan


def _sizes(measure: Measure, pair: Pair, counts: dict[str, int]) -> dict:
    """The columns of a row on the size of its input."""
    left, right = pair.left, pair.right
    width = max(left.width, right.width)
    defined = not (isinstance(left, Undefined) or isinstance(right, Undefined))
    ties = measure.saturates and defined and (pair.cached(measure.correlations) >= TIED).sum()
    return {
        "rows": len(left.rows),
        **counts,
        "left_width": left.width,
        "right_width": right.width,
        "width": width,
        "left_rank": 0 if isinstance(left, Undefined) else measure.dimensions(left),
        "right_rank": 0 if isinstance(right, Undefined) else measure.dimensions(right),
        "few_rows": len(left.rows) < MINIMUM_ROWS_PER_WIDTH * width,
        "ties": int(ties or 0),
    }


def prepared(
    layer: np.ndarray, rows: slice | np.ndarray, name: str, streamed: bool = False
) -> Representation:
    """The chosen rows of a layer (n, width), checked; `Undefined` where they have no similarity.

    Raises ValueError as `Representation.of`.
    """
    try:
        if streamed:
            return StreamedRepresentation(layer, name)
        return Representation.of(layer[rows], name)
    except NoSimilarity as reason:
        print(f"no similarity: {reason}", flush=True)
        return Undefined(len(np.arange(len(layer))[rows]), layer.shape[1], name)


def pairwise_rows(
    sequences: np.ndarray, units: np.ndarray, blocks: np.ndarray | None = None
) -> np.ndarray:
    """(n,) bool: the rows that a pairwise measure scores, of at most `PAIRWISE_ROWS`.

    sequences, units: (n,) int, those of each row; units have equally many sequences; blocks: as
    `UnitPermutations.draw` takes them. Whole sequences, equally many of every unit; where even one
    of each is too many, one of some units, at least two, in parcels of BLOCK units of one block.
    Which ones is drawn at random, the same for all encoders: units are numbered by their names,
    which may go with the classes.
    """
    generator = np.random.default_rng(0)
    names, first, counts = np.unique(sequences, return_index=True, return_counts=True)
    order = generator.permutation(len(names))
    of_units = units[first][order]
    count = len(np.unique(of_units))
    fit = max(2, PAIRWISE_ROWS // counts.max())
    turn = np.argsort(of_units, kind="stable").reshape(count, -1)  # a row a unit
    if fit >= count:
        chosen = turn[:, : fit // count]
    else:
        block = np.zeros(count, int) if blocks is None else blocks[first][order][turn[:, 0]]
        chosen = turn[parcels(block, fit, generator), :1]
    return np.isin(sequences, names[order[chosen]])


def parcels(block: np.ndarray, fit: int, generator: np.random.Generator) -> np.ndarray:
    """Numbers of `fit` units at most, each about as likely as any other: parcels drawn at random,
    each of BLOCK units of one block or more, or all of a block of fewer; the first cut to `fit`.

    block: (u,) int, that of each unit.
    """
    order = generator.permutation(len(block))
    parcels: list[np.ndarray] = []
    for number in np.unique(block):
        own = order[block[order] == number]
        parcels += np.array_split(own, max(1, len(own) // BLOCK))
    drawn = [parcels[index] for index in generator.permutation(len(parcels))]
    whole = np.searchsorted(np.cumsum([len(parcel) for parcel in drawn]), fit, side="right")
    return np.concatenate(drawn[: max(1, whole)])[:fit]
