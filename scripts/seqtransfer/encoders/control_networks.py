"""The networks of the controls: token embeddings, and at most one layer above them.

They have the methods and attributes of `bert.Bert` that a classifier asks for. Embeddings are made
as BERT makes them: a table drawn from N(0, 0.02), LayerNorm, dropout. Layers are drawn as torch
draws them. No state depends on padding.
"""

import math

import torch
from torch import nn

from seqtransfer.encoders.dropout import Dropout

DEVIATION, DROPOUT = 0.02, 0.1  # of BERT's embeddings
HEADS = 4
SPANS, FILTERS = (3, 5, 7), 100  # DIFFERS: Kim 2014 has spans of 3, 4, 5, and starts from word2vec


class BagOfEmbeddings(nn.Module):
    """The embedding of each token, whatever stands beside it.

    width: of the embeddings; output_width: of the states.
    """

    recordable = False  # the gradient of an embedding sorts ids, which a CUDA graph cannot record

    def __init__(self, vocabulary: int, width: int, positions: int):
        super().__init__()
        self.dtype = torch.float32
        self.dropout = Dropout(DROPOUT)
        self.output_width = width
        self.tokens = nn.Embedding(vocabulary, width)
        self.norm = nn.LayerNorm(width)
        nn.init.normal_(self.tokens.weight, std=DEVIATION)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """The state of each token: (batch, length, output_width).

        ids: (batch, length) int64; mask: the same shape, 0 at padding, or None without padding.
        States at padding are arbitrary.
        """
        narrow = self.dtype == torch.bfloat16
        with torch.autocast(ids.device.type, torch.bfloat16, enabled=narrow):
            embedded = self.norm(self.embedded(ids))
            return self.states(self.dropout(embedded) if self.training else embedded, mask)

    def embedded(self, ids: torch.Tensor) -> torch.Tensor:
        """(batch, length, width): the sum of the tables, before LayerNorm."""
        return self.tokens(ids)

    def states(self, x: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """From embeddings (batch, length, width) to what `forward` returns."""
        return x

    def plain_state(self) -> dict[str, torch.Tensor]:
        """The weights by name."""
        return self.state_dict()

    def load_plain_state(self, state: dict[str, torch.Tensor]) -> None:
        """The inverse of `plain_state`."""
        self.load_state_dict(state)


class Cnn(BagOfEmbeddings):
    """ReLU of convolutions, FILTERS for each of SPANS; beyond the ends of a sequence are zeros."""

    def __init__(self, vocabulary: int, width: int, positions: int):
        super().__init__(vocabulary, width, positions)
        self.output_width = FILTERS * len(SPANS)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(width, FILTERS, span, padding="same") for span in SPANS
        )

    def states(self, x: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """Each token's filters over its neighbours."""
        if mask is not None:
            x = x * mask[..., None].to(x.dtype)
        found = [convolution(x.transpose(1, 2)) for convolution in self.convolutions]
        return torch.cat(found, dim=1).transpose(1, 2).relu()


class SelfAttention(BagOfEmbeddings):
    """norm(x + attention(x)) of HEADS heads, without a feed-forward block; embeddings of places are
    added to those of tokens."""

    def __init__(self, vocabulary: int, width: int, positions: int):
        super().__init__(vocabulary, width, positions)
        if width % HEADS:
            raise ValueError(
                f"self-attention: a width of {width} is not divisible by {HEADS} heads"
            )
        self.places = nn.Embedding(positions, width)
        self.projection = nn.Linear(width, 3 * width)  # to query, key and value
        self.output = nn.Linear(width, width)
        self.output_norm = nn.LayerNorm(width)
        nn.init.normal_(self.places.weight, std=DEVIATION)

    def embedded(self, ids: torch.Tensor) -> torch.Tensor:
        """The sum of the embeddings of tokens and of places."""
        return self.tokens(ids) + self.places.weight[: ids.shape[1]]

    def states(self, x: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """Each token with what it attends to."""
        heads = self.projection(x).unflatten(-1, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
        query, key, value = heads  # each (batch, heads, length, width of a head)
        scores = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])
        if mask is not None:
            scores = scores.masked_fill(mask[:, None, None] == 0, -math.inf)
        attended = scores.softmax(dim=-1) @ value
        return self.output_norm(x + self.output(attended.transpose(1, 2).flatten(2)))


NETWORKS = {"bag-of-embeddings": BagOfEmbeddings, "cnn": Cnn, "self-attention": SelfAttention}


def build(name: str, *, vocabulary: int, width: int, positions: int, seed: int) -> BagOfEmbeddings:
    """The control `name`, of `controls.CONTROLS`, with weights drawn from `seed`.

    positions: tokens of the longest sequence. torch's own generator is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return NETWORKS[name](vocabulary, width, positions)
