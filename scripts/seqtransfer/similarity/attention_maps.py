"""Attention maps of several encoders on the same sequences, compared head by head.

Layers are numbered from 1: layer l is the one that computes hidden state l. Encoders of different
depth are compared at equal relative depth, as their hidden states are. Sequences are processed in
batches and only numbers per head are kept, so that memory holds the maps of one batch.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence

import numpy as np
import torch
from torch.nn import functional

from seqtransfer.encoders import loading
from seqtransfer.encoders.bert import Bert
from seqtransfer.encoders.transformers_encoder import TransformersEncoder
from seqtransfer.files.arrow import Ragged
from seqtransfer.similarity.encoder_pairs import layer_at_equal_depth
from seqtransfer.similarity.measures import attention
from seqtransfer.training import batches
from seqtransfer.training.finetuning import to_tensors

BATCH = 4  # sequences: at 512 tokens, 12 heads and layers, 0.6 GB of maps per encoder
SIDES = ("left", "right")
FACTS = {"entropy": attention.entropy, "distance": attention.distance}
NUMBERS = "matched by_example repaired unmatched".split()
NUMBERS += [f"{side}_{fact}" for fact in FACTS for side in SIDES]


def maps(
    encoder: Bert | TransformersEncoder, ids: torch.Tensor, mask: torch.Tensor | None
) -> Iterator[np.ndarray]:
    """Yield each layer's attention maps, (batch, heads, length, length) float32.

    ids: (batch, length) int64; mask: the same shape, 0 at padding, or None where there is none.
    Rows of real tokens sum to 1; rows and columns of padding are 0. Dropout must be off.
    """
    found = (
        _by_transformers(encoder, ids, mask) if isinstance(encoder, TransformersEncoder) else None
    )
    for layer in found or _from_states(encoder, ids, mask):
        layer = layer.float()
        yield (layer if mask is None else layer * mask[:, None, :, None]).cpu().numpy()


def _from_states(encoder: Bert, ids, mask) -> Iterator[torch.Tensor]:
    """softmax(q k^T / sqrt(width of a head)) of every layer's input; our BERT returns no maps."""
    heads = encoder.config.num_attention_heads
    layers = zip(encoder.encoder["layer"], encoder.hidden_states(ids, mask), strict=False)
    for layer, state in layers:
        own = layer["attention"]["self"]
        query, key = (
            functional.linear(state, own[name].weight, own[name].bias)
            .unflatten(-1, (heads, -1))
            .transpose(1, 2)
            for name in ("query", "key")
        )
        scores = query @ key.transpose(2, 3) / query.shape[-1] ** 0.5
        if mask is not None:
            scores = scores.masked_fill(mask[:, None, None] == 0, -torch.inf)
        yield scores.softmax(dim=-1)


def _by_transformers(encoder: TransformersEncoder, ids, mask) -> tuple[torch.Tensor, ...]:
    encoder.model.set_attn_implementation("eager")  # no other returns maps
    given = loading.inputs(encoder.facts, ids, mask)
    return encoder.model(**given, output_attentions=True).attentions


def compare(
    encoders: Mapping[Hashable, Bert | TransformersEncoder],
    pairs: Sequence[tuple[Hashable, Hashable]],
    sequences: Ragged,
    device: str,
) -> Iterator[dict]:
    """Yield a row for every pair of encoders and every layer and head of the left one.

    encoders: by name; pairs: names of the left and right encoder. A row: left, right; layer,
    right_layer, from 1; head and partner, the right head that it is matched with, from 0; matched:
    the mean distance of the two, in [0, 2]; by_example: the same with a matching of its own for
    each example; repaired: matched anew where each left map meets the right one of an example of
    another unit and the same length, NaN without any in a batch; unmatched: the mean distance to
    all right heads, which a random matching expects; left_ and right_ entropy (nats) and distance
    (tokens) of the two heads; examples: how many. Where maps of one of the two are not finite, as
    of a run that diverged, these numbers are NaN and partner is None.
    Raises ValueError where two encoders do not have the same number of heads.
    """
    # Those of a unit, which stand together, go to other batches.
    sequences = sequences.take(np.random.default_rng(0).permutation(len(sequences)))
    sums = _Sums(pairs)
    with torch.inference_mode():
        for indices in batches.in_length_order(sequences.lengths, BATCH):
            ids, mask = to_tensors(sequences, indices, device)
            found = {name: list(maps(model, ids, mask)) for name, model in encoders.items()}
            sums.add(found, sequences.lengths[indices], np.asarray(sequences.units)[indices])
    for row in sums.rows():
        yield row | {"examples": len(sequences)}


class _Sums:
    """What is kept of the maps of all batches: numbers of heads, and of pairs of heads."""

    def __init__(self, pairs: Sequence[tuple[Hashable, Hashable]]):
        self.pairs = pairs
        self.shapes: dict[Hashable, tuple[int, int]] = {}  # name -> layers, heads
        self.failed: set[Hashable] = set()  # encoders with maps that are not finite
        self.facts = defaultdict(list)  # name, fact -> parts (layers, examples, heads)
        # left, right, layer -> parts (examples, heads, heads); repaired: of examples paired anew
        self.distances, self.repaired = defaultdict(list), defaultdict(list)

    def add(
        self, found: Mapping[Hashable, list[np.ndarray]], tokens: np.ndarray, units: np.ndarray
    ) -> None:
        """Take in a batch. found: each encoder's maps, layer by layer; tokens, units: of its
        examples."""
        for name, layers in found.items():
            self.shapes[name] = len(layers), layers[0].shape[1]
            if not all(np.isfinite(layer).all() for layer in layers):
                self.failed.add(name)
                continue
            for fact, measure in FACTS.items():
                self.facts[name, fact].append(np.stack([measure(one, tokens) for one in layers]))
        some, others = _of_other_units(tokens, units)
        for left, right in self.pairs:
            if {left, right} & self.failed:
                continue
            for layer, own in enumerate(found[left], start=1):
                key = left, right, layer
                other = found[right][self._beside(*key) - 1]
                self.distances[key].append(attention.head_distances(own, other, tokens))
                if len(some):
                    again = own[some], other[others], tokens[some]
                    self.repaired[key].append(attention.head_distances(*again))

    def rows(self) -> Iterator[dict]:
        """Yield the rows of `compare`, but for the number of examples."""
        means = {
            (name, fact): np.concatenate(parts, axis=1).mean(axis=1)
            for (name, fact), parts in self.facts.items()
            if name not in self.failed
        }
        for left, right in self.pairs:
            layers, heads = self.shapes[left]
            for layer in range(1, layers + 1):
                key = left, right, layer
                at = self._beside(*key)
                if {left, right} & self.failed:
                    nothing = dict.fromkeys(NUMBERS, np.nan)
                    found = [nothing | {"head": head, "partner": None} for head in range(heads)]
                else:
                    own = {fact: means[left, fact][layer - 1] for fact in FACTS}
                    theirs = {fact: means[right, fact][at - 1] for fact in FACTS}
                    every = np.concatenate(self.distances[key])
                    found = _matched(every, self.repaired[key], own, theirs)
                names = {"left": left, "right": right, "layer": layer, "right_layer": at}
                yield from (names | row for row in found)

    def _beside(self, left: Hashable, right: Hashable, layer: int) -> int:
        """The right encoder's layer at the depth of the left one's."""
        return max(1, layer_at_equal_depth(layer, self.shapes[left][0], self.shapes[right][0]))


def _of_other_units(tokens: np.ndarray, units: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which examples of a batch meet which others of their length, none one of its own unit."""
    some = np.argsort(tokens, kind="stable")
    others = some.copy()
    for length in np.unique(tokens):
        others[tokens[some] == length] = np.roll(some[tokens[some] == length], 1)
    meet = units[some] != units[others]
    return some[meet], others[meet]


def _matched(
    distances: np.ndarray, repaired: Sequence[np.ndarray], own: Mapping, theirs: Mapping
) -> Iterator[dict]:
    """The columns head to right_distance of two layers. repaired: distances of examples that were
    paired anew, part by part; own, theirs: facts of each head."""
    once, each = attention.match(distances), attention.match_by_example(distances)
    nothing = np.full(len(once.heads), np.nan)
    chance = attention.match(np.concatenate(repaired)).distances if repaired else nothing
    for head, other in enumerate(once.heads):
        row = {"head": head, "partner": int(other), "matched": once.distances[head]}
        row |= {"by_example": each.distances[:, head].mean()}
        row |= {"repaired": chance[head], "unmatched": distances[:, head].mean()}
        for fact in FACTS:
            row |= {f"left_{fact}": own[fact][head], f"right_{fact}": theirs[fact][other]}
        yield row
