"""Encoders and sequences -> their attention maps, head beside head.

Layer l, from 1, is the one that makes hidden state l of the one before. Encoders of other depth
meet at equal relative depth, as their hidden states do. Sequences come in batches and only numbers
per head are kept, so that memory holds the maps of one batch.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence

import numpy as np
import torch
from torch.nn import functional

from seqtransfer.encoders import loading
from seqtransfer.encoders.bert import Bert
from seqtransfer.encoders.hugging_face import Stock
from seqtransfer.files.arrow import Ragged
from seqtransfer.similarity.layer_pairs import partner
from seqtransfer.similarity.measures import attention
from seqtransfer.training import batches
from seqtransfer.training.finetuning import to_tensors

BATCH = 4  # sequences: at 512 tokens, 12 heads and layers, 0.6 GB of maps an encoder
FACTS = {"entropy": attention.entropy, "distance": attention.distance}


def maps(
    encoder: Bert | Stock, ids: torch.Tensor, mask: torch.Tensor | None
) -> Iterator[np.ndarray]:
    """Yield each layer's attention, (batch, heads, length, length) float32, for `attention`.

    ids: (batch, length) int64; mask: the same shape, 0 at padding, or None where there is none.
    Rows of real tokens sum to 1, rows and columns of padding are 0. Dropout must be off.
    """
    found = _by_transformers(encoder, ids, mask) if isinstance(encoder, Stock) else None
    for layer in found or _from_states(encoder, ids, mask):
        layer = layer.float()
        yield (layer if mask is None else layer * mask[:, None, :, None]).cpu().numpy()


def _from_states(encoder: Bert, ids, mask) -> Iterator[torch.Tensor]:
    """softmax(q k^T / sqrt(width of a head)) of every layer's input: `bert` keeps no maps."""
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


def _by_transformers(encoder: Stock, ids, mask) -> tuple[torch.Tensor, ...]:
    encoder.model.set_attn_implementation("eager")  # the others return no maps
    given = loading.inputs(encoder.facts, ids, mask)
    return encoder.model(**given, output_attentions=True).attentions


def compare(
    encoders: Mapping[Hashable, Bert | Stock],
    pairs: Sequence[tuple[Hashable, Hashable]],
    sequences: Ragged,
    device: str,
) -> Iterator[dict]:
    """Yield a row for every pair of names, layer and head of the left, beside the right's head.

    A row: left, right; layer, right_layer, from 1; head, partner, from 0; matched: the pair's mean
    distance, in [0, 2]; by_example: that of this head's partner of each example; unmatched: that to
    all right heads, what a partner at random expects; left_ and right_ entropy (nats) and distance
    (tokens) of the pair; examples. Raises ValueError where two have not equally many heads.
    """
    distances, facts = defaultdict(list), defaultdict(list)
    with torch.inference_mode():
        for indices in batches.in_length_order(sequences.lengths, BATCH):
            ids, mask = to_tensors(sequences, indices, device)
            tokens = sequences.lengths[indices]
            layers = {name: list(maps(side, ids, mask)) for name, side in encoders.items()}
            for name, found in layers.items():
                for fact, measure in FACTS.items():
                    facts[name, fact].append(np.stack([measure(layer, tokens) for layer in found]))
            for left, right in pairs:
                for layer, own in enumerate(layers[left], start=1):
                    at = max(1, partner(layer, len(layers[left]), len(layers[right])))
                    found = attention.head_distances(own, layers[right][at - 1], tokens)
                    distances[left, right, layer, at].append(found)
    means = {key: np.concatenate(parts, axis=1).mean(axis=1) for key, parts in facts.items()}
    for (left, right, layer, at), parts in distances.items():
        found = np.concatenate(parts)
        once, each = attention.match(found), attention.match_by_example(found)
        for head, other in enumerate(once.partners):
            row = {"left": left, "right": right, "layer": layer, "right_layer": at}
            row |= {"head": head, "partner": int(other), "matched": once.costs[head]}
            row |= {"by_example": each.costs[:, head].mean(), "unmatched": found[:, head].mean()}
            for fact in FACTS:
                row[f"left_{fact}"] = means[left, fact][layer - 1, head]
                row[f"right_{fact}"] = means[right, fact][at - 1, other]
            yield row | {"examples": len(found)}
