"""Floor and ceiling of the similarity to the reference arm, and the paper's own setting.

Floor: draws of random weights with the reference. Ceiling: the reference with itself, pretrained
with another seed; or, where there is no other, one half of its neurons with the other half (of half
the width, then). All before fine-tuning, at equal relative depth, on the rows of one study seed.
Arms and floor are scored with that second pretraining, too: the reference is one draw of many.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from seqtransfer.similarity import representation_files
from seqtransfer.similarity.encoder_comparison import Layers
from seqtransfer.similarity.encoder_pairs import layer_at_equal_depth
from seqtransfer.similarity.jackknife import GroupedLayer
from seqtransfer.similarity.layer_comparison import pairwise_rows
from seqtransfer.similarity.measures import MEASURES, permutation_null
from seqtransfer.similarity.measures.measure import Measure
from seqtransfer.similarity.measures.pair import Pair
from seqtransfer.similarity.measures.representation import NoSimilarity
from seqtransfer.similarity.released_pwcca import released_pwcca
from seqtransfer.tokens import units

PAPER_ROWS = 1000  # tokens, as in the paper
PAPER_MEASURE = "pwcca"  # weighted by the left representation, as in the paper


def references(
    reference: Layers,
    arms: Mapping[str, Layers],
    floor: Mapping[int, Layers],
    ceiling: Layers | None,
    measures: Sequence[str],
    *,
    count: int,
    seed: int,
) -> Iterator[dict]:
    """Yield rows of scores: kind, left, reference, layer, measure, group, score.

    arms: the arms to calibrate, by name; floor: draws of random weights, by seed; ceiling: the
    reference from another pretraining seed, or None for the halves of its neurons; count: groups
    of units of the jackknife; seed: of the groups and of the halves.

    kind: "arm", "floor" or "ceiling"; reference: "first", and for arms and floor "again" if there
    is another pretraining; layer: that of the left encoder, beside the reference's layer at equal
    depth (of the ceiling: that of the floor there); group: -1 for all rows, 0 .. count - 1 for all
    but that group of units. A score is NaN where no similarity is defined.
    Raises ValueError as `representation_files.check_same_rows` and `units.groups`.
    """
    encoders = dict(arms) | {f"random {number}": layers for number, layers in floor.items()}
    pretrained = {"first": reference} | ({} if ceiling is None else {"again": ceiling})
    representation_files.check_same_rows(pretrained | encoders)
    unit, generator = reference["units"], np.random.default_rng(seed)
    groups = units.groups(unit, count, generator)
    blocks = permutation_null.blocks(unit, representation_files.positions(reference["ids"]))
    pairwise = pairwise_rows(reference["sequences"], unit, blocks)
    chosen = [MEASURES[name] for name in measures]
    numbers = {name: representation_files.layer_numbers(x) for name, x in encoders.items()}
    reference_numbers = representation_files.layer_numbers(reference)
    floor_numbers = numbers[next(name for name in encoders if name not in arms)]
    deepest = max(floor_numbers), max(reference_numbers)
    depths = {layer: layer_at_equal_depth(layer, *deepest) for layer in floor_numbers}

    def grouped(matrix: np.ndarray, name: str) -> GroupedLayer:
        return GroupedLayer(matrix, name, groups, pairwise)

    for number in reference_numbers:
        rights = {
            name: grouped(layers[f"layer_{number}"], f"reference {name}, layer {number}")
            for name, layers in pretrained.items()
        }
        for name, layers in encoders.items():
            kind = "arm" if name in arms else "floor"
            for layer in numbers[name]:
                last = max(numbers[name]), max(reference_numbers)
                if layer_at_equal_depth(layer, *last) == number:
                    left = grouped(layers[f"layer_{layer}"], f"{name}, layer {layer}")
                    for which, right in rights.items():
                        cell = {"kind": kind, "left": name, "reference": which, "layer": layer}
                        yield from _rows(cell, left, right, chosen)
        if ceiling is not None:
            left, right, name = rights["again"], rights["first"], "again"
        else:
            matrix, name = reference[f"layer_{number}"], "halves"
            halves = np.array_split(generator.permutation(matrix.shape[1]), 2)
            left, right = (grouped(matrix[:, half], "half") for half in halves)
        # Beside the floor's layers, so that both ends are means over the same ones.
        beside = [layer for layer, at in depths.items() if at == number]
        cell = {"kind": "ceiling", "left": name, "reference": "first"}
        for row in _rows(cell, left, right, chosen) if beside else ():
            yield from (row | {"layer": layer} for layer in beside)


def _rows(
    cell: Mapping, left: GroupedLayer, right: GroupedLayer, measures: Sequence[Measure]
) -> Iterator[dict]:
    for measure, group, score in left.scores(right, measures):
        yield cell | {"measure": measure.name, "group": group, "score": score}


def paper_setting(
    reference: Layers, arms: Mapping[str, Layers], floor: Mapping[int, Layers], *, seed: int
) -> Iterator[dict]:
    """Yield a row per encoder in the paper's setting: last layer, 1000 tokens, PWCCA.

    left: an arm, "random" (the first of `floor`), or "noise", independent normal numbers of the
    reference's shape, drawn by `seed`; rows; width, the larger; score; expected: the score of
    independent representations, in the limit; released: the score by the released code's own PWCCA.
    PWCCA is weighted by the left.
    DIFFERS: for `score`, columns are centred and the rank is by a relative cut-off; the released
    code does not centre, and adds a ridge.
    """

    def last(layers):
        numbers = representation_files.layer_numbers(layers)
        return np.asarray(layers[f"layer_{max(numbers)}"][:PAPER_ROWS], np.float64)

    y, measure = last(reference), MEASURES[PAPER_MEASURE]
    noise = np.random.default_rng(seed).normal(size=y.shape)
    lefts = {name: last(layers) for name, layers in arms.items()}
    lefts |= {"random": last(next(iter(floor.values()))), "noise": noise}
    for name, x in lefts.items():
        row = {"left": name, "rows": len(y), "width": max(x.shape[1], y.shape[1])}
        try:
            pair = Pair.of(x, y)
            score, expected = measure.of(pair), float(measure.null(pair))
            row |= {"score": score, "expected": expected, "released": released_pwcca(x, y)}
        except NoSimilarity as reason:
            print(f"no similarity of {name}: {reason}", flush=True)
            row |= dict.fromkeys(("score", "expected", "released"), np.nan)
        yield row
