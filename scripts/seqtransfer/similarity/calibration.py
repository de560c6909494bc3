"""What a similarity to the reference is read against: floor, ceiling, and the paper's own setting.

Floor: random initializations against the reference. Ceiling: the reference against itself from
another pretraining seed or, where there is none, one half of its neurons against the other (then of
half the width). All before fine-tuning, at equal relative depth, on the rows of one study seed.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from seqtransfer.similarity import state_files
from seqtransfer.similarity.comparison import first_rows
from seqtransfer.similarity.jackknife import Sample, groups
from seqtransfer.similarity.layer_pairs import Layers, partner
from seqtransfer.similarity.measures import MEASURES
from seqtransfer.similarity.measures.pairings import pair

PAPER_ROWS = 1000  # tokens, as in the paper
PAPER_MEASURE = "pwcca"  # weighted by the left side, as in the paper


def references(
    reference: Layers,
    arms: Mapping[str, Layers],
    floor: Mapping[int, Layers],
    again: Layers | None,
    measures: Sequence[str],
    *,
    count: int,
    seed: int,
) -> Iterator[dict]:
    """Yield rows: kind ("arm", "floor", "ceiling"), left, layer, measure, group, score.

    arms: those to read, by name; floor: random ones, by seed; count: groups of sequences of the
    jackknife. group is -1 for all rows, 0 .. count - 1 for all but that group of sequences; layer
    is the left encoder's, the reference's is at equal depth.
    """
    sides = dict(arms) | {f"random {number}": side for number, side in floor.items()}
    if again is not None:
        sides["again"] = again
    state_files.check_rows({"reference": reference} | sides)
    sequences, generator = reference["sequences"], np.random.default_rng(seed)
    group, seen = groups(sequences, count, generator), first_rows(sequences)
    chosen = [MEASURES[name] for name in measures]
    last = max(state_files.layers(reference))
    depths = {name: state_files.layers(side) for name, side in sides.items()}
    for number in state_files.layers(reference):
        matrix = reference[f"layer_{number}"]
        right = Sample(matrix, f"reference, layer {number}", group, seen)
        for name, side in sides.items():
            kind = "arm" if name in arms else "ceiling" if name == "again" else "floor"
            for layer in depths[name]:
                if partner(layer, max(depths[name]), last) == number:
                    left = Sample(side[f"layer_{layer}"], f"{name}, layer {layer}", group, seen)
                    yield from _rows(kind, name, layer, left, right, chosen)
        if again is None:
            halves = np.array_split(generator.permutation(matrix.shape[1]), 2)
            left, other = (Sample(matrix[:, half], "half", group, seen) for half in halves)
            yield from _rows("ceiling", "halves", number, left, other, chosen)


def _rows(kind, name, layer, left: Sample, right: Sample, measures) -> Iterator[dict]:
    for measure, group, score in left.scores(right, measures):
        cell = {"kind": kind, "left": name, "layer": layer, "measure": measure.name}
        yield cell | {"group": group, "score": score}


def paper_setting(
    reference: Layers, arms: Mapping[str, Layers], floor: Mapping[int, Layers], *, seed: int
) -> Iterator[dict]:
    """Yield rows of the paper's setting: last layer, 1000 tokens, PWCCA weighted by the left side.

    left: an arm, `random`, or `noise`, independent normal numbers of the same shape; rows, width
    (the larger) and expected: the score of independent sides, in the limit.
    DIFFERS: columns are centred and rank is by relative cut-off; the paper adds a ridge per task.
    """

    def last(side):
        return np.asarray(side[f"layer_{max(state_files.layers(side))}"][:PAPER_ROWS], np.float64)

    y, measure = last(reference), MEASURES[PAPER_MEASURE]
    noise = np.random.default_rng(seed).normal(size=y.shape)
    first = next(iter(floor.values()))
    sides = {name: last(side) for name, side in arms.items()}
    sides |= {"random": last(first), "noise": noise}
    for name, x in sides.items():
        row = {"left": name, "rows": len(y), "width": max(x.shape[1], y.shape[1])}
        pairing = pair(x, y)
        expected = float(measure.null(pairing))
        yield row | {"score": measure.of(pairing), "expected": expected}
