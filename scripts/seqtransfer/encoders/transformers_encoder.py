"""Encoders that the transformers library computes: other families than BERT, and LoRA on any.

TransformersEncoder has the methods and attributes of `bert.Bert`.
"""

import torch
from torch import nn

from seqtransfer.encoders import adaptations, loading
from seqtransfer.encoders.dropout import Dropout
from seqtransfer.encoders.loading import Facts, State

# Keys of a configuration for the dropout on hidden states; families without one (Llama), and
# those that drop their last states themselves (T5), have none.
DROPOUTS = ("hidden_dropout_prob", "dropout", "resid_pdrop", "mlp_dropout")


class TransformersEncoder(nn.Module):
    """The encoder, without a head, that `config` (a config.json) describes; takes our ids and mask.

    Raises ValueError if transformers knows no such model.
    """

    recordable = False  # some families read values on the CPU in the middle of a step

    def __init__(self, config: dict, facts: Facts, *, pooler: bool):
        super().__init__()
        self.facts = facts
        self.dtype = torch.float32
        attention = "sdpa" if torch.cuda.is_available() else "eager"
        self.model = loading.build(config, pooler=pooler, attention=attention)
        # For the classifier's head: inside the encoder, transformers applies its own dropout.
        shares = (config.get(name) for name in DROPOUTS)
        self.dropout = Dropout(next((share for share in shares if share is not None), 0.0))

    def hidden_states(
        self, ids: torch.Tensor, mask: torch.Tensor | None, rows: torch.Tensor | None = None
    ) -> list[torch.Tensor]:
        """The embeddings and then each layer's output: (batch, length, width), of the last only
        `rows` of (batch * length), (n, width), where they are given."""
        *below, last = self._run(ids, mask, output_hidden_states=True).hidden_states
        return [*below, last if rows is None else last.flatten(0, 1)[rows]]

    def forward(self, ids: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """The last of `hidden_states`."""
        return self._run(ids, mask).last_hidden_state

    def pooled(self, state: torch.Tensor) -> torch.Tensor:
        """(batch, width): the family's pooler on the last hidden state, or its position 0."""
        pooler, wide = getattr(self.model, "pooler", None), state.to(self.table.dtype)
        if isinstance(pooler, nn.Linear):  # of ALBERT, which leaves the rest to its model
            return torch.tanh(pooler(wide[:, 0]))
        return pooler(wide) if pooler else wide[:, 0]

    @property
    def table(self) -> nn.Parameter:
        """(vocabulary, embedding width): the embedding of each id."""
        return self.model.get_input_embeddings().weight

    def adapt(self, mode: str, **options) -> None:
        """Train what the adaptation `mode` trains; `options` as `adaptations.adapt` takes them."""
        self.model = adaptations.adapt(self.model, mode, **options)

    def plain_state(self) -> State:
        """The state by transformers' names, LoRA's additions merged into the weights."""
        merged = hasattr(self.model, "merge_and_unload")
        return adaptations.merge(self.model) if merged else self.model.state_dict()

    def load_plain_state(self, state: State) -> None:
        """The inverse of `plain_state`, before `adapt`."""
        self.model.load_state_dict(state)

    def _run(self, ids: torch.Tensor, mask: torch.Tensor | None, **options):
        narrow = self.dtype == torch.bfloat16
        with torch.autocast(ids.device.type, torch.bfloat16, enabled=narrow):
            return self.model(**loading.inputs(self.facts, ids, mask), **options)
