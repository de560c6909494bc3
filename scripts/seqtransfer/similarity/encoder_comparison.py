"""Scores of the layers of many pairs of encoders, with few layers in memory at a time.

For each pair every layer of the left is compared with the right's layer at equal relative depth;
for the pairs in `maps` every layer of the left with every layer of the right.
"""

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence

import numpy as np

from seqtransfer.similarity import representation_files
from seqtransfer.similarity.encoder_pairs import layer_at_equal_depth
from seqtransfer.similarity.layer_comparison import Comparison

Layers = Mapping[str, np.ndarray]
# Memory of one number of a layer: its rows, its basis and the basis's Fourier transform, and what
# is allocated in between.
BYTES_PER_NUMBER = 32


def compare(
    encoders: Mapping[Hashable, Layers],
    pairs: Sequence[tuple[Hashable, Hashable]],
    maps: Collection[tuple[Hashable, Hashable]],
    measures: Sequence[str],
    *,
    draws: int,
    seed: int,
    memory: float = np.inf,
) -> Iterator[dict]:
    """Yield a row of results for every pair of encoders, pair of layers and measure.

    encoders: name -> ids, sequences, units and layers, such as a `RepresentationFile`; pairs: names
    of the left and right encoder; maps: those of the pairs whose every layer is compared with every
    other; memory: in bytes. A row: left, right; layer, the left layer's number where the two layers
    are at equal depth, else None; left_layer, right_layer; and the columns of `Comparison.rows`.

    All pairs see the same permutations of units, so their nulls differ by the encoders alone.
    A layer is read and decomposed once, and forgotten after its last comparison. Where the layers
    needed at the same time would take more than `memory` bytes, all are read in chunks instead,
    anew for each comparison. Raises ValueError as `representation_files.check_same_rows` and
    `Comparison`.
    """
    representation_files.check_same_rows(encoders)
    comparisons = _layer_pairs(encoders, pairs, maps)
    last_use = {end: place for place, (*ends, _) in enumerate(comparisons) for end in ends}
    first = next(iter(encoders.values()))
    sequences, generator = first["sequences"], np.random.default_rng(seed)
    comparison = Comparison(
        measures,
        sequences,
        first["units"],
        draws=draws,
        generator=generator,
        positions=representation_files.positions(first["ids"]),
    )
    neurons = _most_neurons(encoders, comparisons, last_use)
    streamed = BYTES_PER_NUMBER * len(sequences) * neurons > memory
    prepared = {}
    for place, (*ends, layer) in enumerate(comparisons):
        for name, number in ends:
            if (name, number) not in prepared:
                x = encoders[name][f"layer_{number}"]
                prepared[name, number] = comparison.prepare(
                    x, f"{name}, layer {number}", streamed=streamed
                )
        (left, i), (right, j) = ends
        for row in comparison.rows(prepared[left, i], prepared[right, j]):
            names = {"left": left, "right": right, "layer": layer}
            yield names | {"left_layer": i, "right_layer": j} | row
        for end in ends:
            if last_use[end] == place:
                prepared.pop(end, None)


def _layer_pairs(encoders: Mapping[Hashable, Layers], pairs: Sequence, maps: Collection) -> list:
    """((left, its layer), (right, its layer), depth or None) of every comparison.

    Sorted by the left layer, so that few layers are in memory at a time.
    """
    numbers = {name: representation_files.layer_numbers(x) for name, x in encoders.items()}
    found = []
    for left, right in pairs:
        last = max(numbers[left]), max(numbers[right])
        for i in numbers[left]:
            equal = layer_at_equal_depth(i, *last)
            for j in numbers[right] if (left, right) in maps else [equal]:
                found.append(((left, i), (right, j), i if j == equal else None))
    return sorted(found, key=lambda ends: (ends[0][1], ends[1][1]))


def _most_neurons(
    encoders: Mapping[Hashable, Layers], comparisons: Sequence[tuple], last_use: Mapping
) -> int:
    """The largest sum of widths of the layers that are in memory at the same time."""
    held, most = {}, 0
    for place, (*ends, _) in enumerate(comparisons):
        for name, number in ends:
            held[name, number] = encoders[name][f"layer_{number}"].shape[1]
        most = max(most, sum(held.values()))
        for end in ends:
            if last_use[end] == place:
                held.pop(end, None)
    return most
