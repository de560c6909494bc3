"""Two encoders and sequences -> their attention maps, head beside head.

Layer l, from 1, is the one that makes hidden state l of the one before. Encoders of other depth
meet at equal relative depth, as their hidden states do. Sequences come in batches and only numbers
per head are kept, so that memory holds the maps of one batch.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch.nn import functional

from seqtransfer import batches, families
from seqtransfer.bert import Bert
from seqtransfer.formats import Ragged
from seqtransfer.layerwise import partner
from seqtransfer.measures import attention
from seqtransfer.stock import Stock
from seqtransfer.training import to_tensors

BATCH = 16  # sequences
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
    given = families.inputs(encoder.facts, ids, mask)
    return encoder.model(**given, output_attentions=True).attentions


def compare(
    left: Bert | Stock, right: Bert | Stock, sequences: Ragged, device: str
) -> Iterator[dict]:
    """Yield a row for every layer and head of the left, beside the right head it is matched with.

    A row: layer, right_layer, from 1; head, partner, from 0; matched: the pair's mean distance, in
    [0, 2]; by_example: that of this head's partner of each example; unmatched: that to all right
    heads, what a partner at random expects; left_ and right_ entropy (nats) and distance (tokens)
    of the pair; examples. Raises ValueError where the two have not equally many heads.
    """
    parts: dict[tuple[int, int], list] = {}
    with torch.inference_mode():
        for indices in batches.in_length_order(sequences.lengths, BATCH):
            ids, mask = to_tensors(sequences, indices, device)
            tokens = sequences.lengths[indices]
            sides = [list(maps(side.to(device).eval(), ids, mask)) for side in (left, right)]
            for layer, own in enumerate(sides[0], start=1):
                at = max(1, partner(layer, *map(len, sides)))
                other = sides[1][at - 1]
                facts = [fact(side, tokens) for fact in FACTS.values() for side in (own, other)]
                distances = attention.head_distances(own, other, tokens)
                parts.setdefault((layer, at), []).append((distances, *facts))
    names = [f"{side}_{name}" for name in FACTS for side in ("left", "right")]
    for (layer, at), found in parts.items():
        distances, *facts = (np.concatenate(part) for part in zip(*found, strict=True))
        once, each = attention.match(distances), attention.match_by_example(distances)
        means = {name: fact.mean(axis=0) for name, fact in zip(names, facts, strict=True)}
        for head, other in enumerate(once.partners):
            row = {"layer": layer, "right_layer": at, "head": head, "partner": int(other)}
            row |= {"matched": once.costs[head], "by_example": each.costs[:, head].mean()}
            row |= {"unmatched": distances[:, head].mean()}
            for name, fact in means.items():
                row[name] = fact[head if name.startswith("left") else other]
            yield row | {"examples": len(distances)}
