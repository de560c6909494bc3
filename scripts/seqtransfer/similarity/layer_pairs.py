"""Encoders' layers meet: at equal depth for every pair, and layer by layer for the mapped pairs.

Depth is relative: layer l of L meets the layer nearest to l / L of the other encoder, so that
encoders of different depth meet, embeddings with embeddings and last with last.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np

from seqtransfer.similarity import state_files
from seqtransfer.similarity.comparison import Comparison

Layers = Mapping[str, np.ndarray]
# Bytes of a row's neuron: rows, basis and its transform along circles, and what passes between.
HELD = 32


def partner(layer: int, left_last: int, right_last: int) -> int:
    """The right encoder's layer at the relative depth of the left one's `layer`; halves go down."""
    return (2 * layer * right_last + left_last - 1) // (2 * left_last)


def compare(
    sides: Mapping[str, Layers],
    pairs: Sequence[tuple[str, str]],
    maps: Collection[tuple[str, str]],
    measures: Sequence[str],
    *,
    draws: int,
    seed: int,
    memory: float = np.inf,
) -> Iterator[dict]:
    """Yield `similarity.score_all`'s rows with `left`, `right` and `layer`.

    sides: name -> ids, sequences and layers, such as `states.States`; pairs: names of sides; maps:
    those of the pairs whose every layer meets every other. `layer` is the left layer's number where
    the two are at equal depth, else None. All cells see the same re-pairings of sequences, so their
    nulls differ by the models alone. A layer is read and factored once, and forgotten after the
    last cell that it is in; where those needed at a time would take more than `memory` bytes, all
    are read in chunks instead, again for each cell. Raises ValueError as `states.check_rows` and
    `similarity.Comparison`.
    """
    state_files.check_rows(sides)
    numbers = {name: state_files.layers(side) for name, side in sides.items()}
    cells = []
    for left, right in pairs:
        last = max(numbers[left]), max(numbers[right])
        for i in numbers[left]:
            at = partner(i, *last)
            for j in numbers[right] if (left, right) in maps else [at]:
                cells.append(((left, i), (right, j), i if j == at else None))
    # By the left layer, so that few layers are in memory at a time.
    cells.sort(key=lambda cell: (cell[0][1], cell[1][1]))
    needed = {end: place for place, cell in enumerate(cells) for end in cell[:2]}
    sequences = next(iter(sides.values()))["sequences"]
    generator = np.random.default_rng(seed)
    comparison = Comparison(measures, sequences, draws=draws, generator=generator)
    streamed = HELD * len(sequences) * _most_neurons(sides, cells, needed) > memory
    prepared = {}
    for place, (*ends, layer) in enumerate(cells):
        for name, number in ends:
            if (name, number) not in prepared:
                x = sides[name][f"layer_{number}"]
                prepared[name, number] = comparison.prepare(
                    x, f"{name}, layer {number}", streamed=streamed
                )
        (left, i), (right, j) = ends
        for row in comparison.rows(prepared[left, i], prepared[right, j]):
            named = {"left": left, "right": right, "layer": layer}
            yield named | {"left_layer": i, "right_layer": j} | row
        for end in ends:
            if needed[end] == place:
                prepared.pop(end, None)


def _most_neurons(sides: Mapping[str, Layers], cells: Sequence[tuple], needed: Mapping) -> int:
    """The largest sum of widths of the layers that are in memory at a time."""
    held, most = {}, 0
    for place, (*ends, _) in enumerate(cells):
        held |= {end: sides[end[0]][f"layer_{end[1]}"].shape[1] for end in ends if end not in held}
        most = max(most, sum(held.values()))
        for end in ends:
            if needed[end] == place:
                held.pop(end, None)
    return most
