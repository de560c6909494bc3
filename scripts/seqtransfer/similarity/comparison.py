"""Two models' layers on the same examples -> tidy rows of scores, each beside its nulls.

The measures are in `measures`; here layers meet. Every layer is checked and factored once however
many pairs it is in, and all measures and pairs see the same re-pairings of the rows.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from seqtransfer.similarity.measures import MEASURES
from seqtransfer.similarity.measures.measure import Measure
from seqtransfer.similarity.measures.pairings import Pairing, Side, prepare
from seqtransfer.similarity.measures.permutation_null import DRAW_ERROR, Repairings
from seqtransfer.similarity.measures.permutation_null import draw as draw_repairings
from seqtransfer.similarity.measures.streaming import StreamedSide

# Measures of n x n distances see whole sequences of at most this many rows, the first ones.
PAIRWISE_ROWS = 1024  # as in Huh et al. 2024
ROWS_PER_WIDTH = 10  # below, chance similarity is far from zero: `few_rows`


def score_all(
    left_layers: Mapping[str, np.ndarray],
    right_layers: Mapping[str, np.ndarray],
    measures: Sequence[str],
    sequences: np.ndarray,
    *,
    draws: int,
    generator: np.random.Generator,
) -> Iterator[dict]:
    """Yield one row for every left layer, right layer and measure.

    left_layers, right_layers: layer name -> (n, width) floats, same row same example; measures:
    names of `MEASURES`; sequences: (n,) int, the sequence of each row, as in `repairings.draw`.

    A row: left_layer, right_layer, measure, score, null_mean, null_low and null_high (2.5 and
    97.5 % of the draws), p_value ((1 + draws at least as similar) / (1 + draws)), analytic_null
    (expected for randomly paired rows; NaN if no closed form is known), draws, rows, sequences (how
    many), left_width, right_width, width (the larger), left_rank and right_rank (directions the
    measure uses), few_rows (rows < 10 x the larger width). Rows and sequences are those the measure
    saw: a pairwise one sees the first sequences, at most `PAIRWISE_ROWS` rows of them.
    Raises ValueError for unknown measures, input a measure refuses, and as `repairings.draw`.
    """
    comparison = Comparison(measures, sequences, draws=draws, generator=generator)
    right_sides = {
        name: comparison.prepare(x, f"right layer {name}") for name, x in right_layers.items()
    }
    for left_name, x in left_layers.items():
        left = comparison.prepare(x, f"left layer {left_name}")
        for right_name, right in right_sides.items():
            for row in comparison.rows(left, right):
                yield {"left_layer": left_name, "right_layer": right_name, **row}


class Comparison:
    """Measures, and the re-pairings of the rows that all pairs of layers are scored against."""

    def __init__(
        self,
        measures: Sequence[str],
        sequences: np.ndarray,
        *,
        draws: int,
        generator: np.random.Generator,
    ):
        unknown = [name for name in measures if name not in MEASURES]
        if unknown:
            raise ValueError(f"measure {unknown[0]!r} is unknown; known: {', '.join(MEASURES)}")
        sequences = np.asarray(sequences)
        self._rows = len(sequences)
        chosen = [MEASURES[name] for name in measures]
        first = _first_sequences(sequences) if any(m.pairwise for m in chosen) else sequences
        # Every row, or the first sequences only: which rows, their sequences, their re-pairings.
        self._parts = []
        for pairwise, part in ((False, sequences), (True, first)):
            wanted = [measure for measure in chosen if measure.pairwise == pairwise]
            if wanted:
                kept = slice(None) if len(part) == len(sequences) else np.isin(sequences, part)
                seen = sequences[kept]
                repairings = draw_repairings(seen, len(seen), draws=draws, generator=generator)
                self._parts.append((wanted, kept, seen, repairings))

    def prepare(self, x: np.ndarray, name: str, *, streamed: bool = False) -> tuple[Side, ...]:
        """Check one layer (n, width) and cut out the rows that each kind of measure sees.

        streamed: read it in chunks whenever something of it is needed; but the first sequences,
        which are few, are held.
        """
        if len(x) != self._rows:
            raise ValueError(f"{name} has {len(x)} rows, but there are sequences of {self._rows}")
        return tuple(
            StreamedSide(x, name)
            if streamed and not measures[0].pairwise
            else prepare(x[kept], name)
            for measures, kept, _, _ in self._parts
        )

    def rows(self, left: tuple[Side, ...], right: tuple[Side, ...]) -> Iterator[dict]:
        """Yield the rows of one pair of prepared layers, as `score_all` but without their names."""
        parts = zip(self._parts, left, right, strict=True)
        for (measures, _, sequences, repairings), left_side, right_side in parts:
            yield from _scored(measures, left_side, right_side, sequences, repairings)


def _scored(
    measures: Sequence[Measure],
    left: Side,
    right: Side,
    sequences: np.ndarray,
    repairings: Repairings,
) -> Iterator[dict]:
    pairing = Pairing(left, right)
    scores = [measure.of(pairing) for measure in measures]
    null = np.empty((len(measures), repairings.draws))
    pairwise = all(measure.pairwise for measure in measures)
    drawn = repairings.orders(left, right) if pairwise else repairings.pairings(left, right)
    for draw, repaired in enumerate(drawn):
        null[:, draw] = [measure.of(repaired) for measure in measures]
    distinct = len(np.unique(sequences))
    for measure, score, chance in zip(measures, scores, null, strict=True):
        low, high = np.quantile(chance, [0.025, 0.975])
        # A draw whose C is float32 may fall short of an equal score by rounding.
        short = chance - score if measure.distance else score - chance
        reached = int(np.count_nonzero(short <= DRAW_ERROR * max(1.0, abs(score))))
        yield {
            "measure": measure.name,
            "score": score,
            "null_mean": float(chance.mean()),
            "null_low": float(low),
            "null_high": float(high),
            "p_value": (1 + reached) / (1 + repairings.draws),
            "analytic_null": float(measure.null(pairing)) if measure.null else np.nan,
            "draws": repairings.draws,
            **sizes(measure, pairing, distinct),
        }


def first_rows(sequences: np.ndarray) -> np.ndarray:
    """(n,) bool: the rows that a pairwise measure sees."""
    return np.isin(sequences, _first_sequences(sequences))


def sizes(measure: Measure, pairing: Pairing, sequences: int) -> dict:
    """A row's facts on its input: rows, sequences, widths, ranks and few_rows of `score_all`."""
    left, right = pairing.left, pairing.right
    width = max(left.width, right.width)
    return {
        "rows": len(left.rows),
        "sequences": sequences,
        "left_width": left.width,
        "right_width": right.width,
        "width": width,
        "left_rank": measure.dimensions(left),
        "right_rank": measure.dimensions(right),
        "few_rows": len(left.rows) < ROWS_PER_WIDTH * width,
    }


def _first_sequences(sequences: np.ndarray) -> np.ndarray:
    """The rows' sequences of as many first sequences as hold at most `PAIRWISE_ROWS` rows."""
    names, counts = np.unique(sequences, return_counts=True)
    kept = names[: max(2, np.count_nonzero(np.cumsum(counts) <= PAIRWISE_ROWS))]
    return sequences[np.isin(sequences, kept)]
