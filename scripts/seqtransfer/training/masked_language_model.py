"""BERT's task of filling in masked tokens: the model, its corrupted batches, loss and accuracy."""

import math
from collections.abc import Iterator
from functools import partial

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from seqtransfer import seeds
from seqtransfer.encoders import bert
from seqtransfer.encoders.loading import State
from seqtransfer.encoders.transformers_encoder import TransformersEncoder
from seqtransfer.files.arrow import Ragged
from seqtransfer.tokens.vocabulary import MASK, SPECIALS
from seqtransfer.training import batches
from seqtransfer.training.memory import SCORED
from seqtransfer.training.microbatches import Inputs

IGNORED = -100  # label of a position that is not to be predicted


class MaskedLanguageModel(nn.Module):
    """An encoder and BERT's head over the vocabulary, whose matrix is the embedding table.

    scale: of the states that are multiplied by the table.
    """

    def __init__(
        self,
        encoder: bert.Bert | TransformersEncoder,
        width: int,
        generator: torch.Generator,
        scale: float = 1.0,
    ):
        super().__init__()
        self.encoder = encoder
        rows, narrow = encoder.table.shape  # the table of ALBERT and ELECTRA is narrower
        self.scale = scale
        self.transform = nn.Linear(width, narrow)
        self.norm = nn.LayerNorm(narrow, eps=1e-12)
        self.bias = nn.Parameter(torch.zeros(rows))
        nn.init.normal_(self.transform.weight, std=0.02, generator=generator)
        nn.init.zeros_(self.transform.bias)

    def forward(
        self, ids: torch.Tensor, mask: torch.Tensor | None, wanted: torch.Tensor | None
    ) -> torch.Tensor:
        """Logits (positions, vocabulary) float32 at the positions `wanted`, or at all if None.

        wanted: (positions,) int64 in (batch * length). The head computes only these, which saves
        time with a large vocabulary.
        """
        dtype = self.encoder.dtype
        states = self.encoder(ids, mask).flatten(0, 1)
        states = (states if wanted is None else states[wanted]).float()
        states = self.norm(functional.gelu(self.transform(states))) * self.scale
        return functional.linear(states.to(dtype), self.encoder.table.to(dtype)).float() + self.bias

    def head_state(self) -> State:
        """The head without the table, which is the encoder's, in the form of `masked_heads`."""
        state = {n: t for n, t in self.state_dict().items() if not n.startswith("encoder.")}
        numbers = {"epsilon": self.norm.eps, "scale": self.scale}
        return state | {n: torch.tensor(v, dtype=torch.float64) for n, v in numbers.items()}

    def load_head(self, state: State) -> None:
        """The inverse of `head_state`. Raises RuntimeError if the tensors have other shapes."""
        state = dict(state)
        self.norm.eps, self.scale = (float(state.pop(name)) for name in ("epsilon", "scale"))
        self.load_state_dict(
            state | {f"encoder.{n}": t for n, t in self.encoder.state_dict().items()}
        )


def mask_tokens(
    ids: np.ndarray, rate: float, vocabulary: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Corrupt a share `rate` of the tokens; return (corrupted ids, labels), both shaped like `ids`.

    Of the chosen tokens, 80 % become [MASK], 10 % a random symbol, and 10 % do not change (Devlin
    et al. 2019). Special tokens are never chosen. Labels: the true id where chosen, else IGNORED.
    """
    chosen = (generator.random(ids.shape) < rate) & (ids >= len(SPECIALS))
    kind = generator.random(ids.shape)
    noise = generator.integers(len(SPECIALS), vocabulary, ids.shape)
    corrupted = np.where(chosen & (kind < 0.8), MASK, ids)
    corrupted = np.where(chosen & (kind >= 0.8) & (kind < 0.9), noise, corrupted)
    return corrupted, np.where(chosen, ids, IGNORED)


def masked(
    model: MaskedLanguageModel,
    sequences: Ragged,
    examples: np.ndarray,
    rate: float,
    generator: np.random.Generator,
    device: str,
) -> Inputs:
    """A batch: the inputs of `model` (ids, mask, wanted), the true ids there, and their number.

    On the CPU only the chosen positions are predicted. On other devices all are, and the true id of
    the others is IGNORED: so batches have the same shapes, and steps can be recorded.
    """
    everywhere = device != "cpu"
    ids, mask = batches.collate(sequences, examples, batches.WIDTHS if everywhere else 1)
    corrupted, labels = mask_tokens(ids, rate, len(model.bias), generator)
    labels = labels.ravel()
    wanted = None if everywhere else np.flatnonzero(labels != IGNORED)
    # A batch may have no chosen position by chance: its loss is then 0, not 0 / 0.
    count = np.array(max(1, np.count_nonzero(labels != IGNORED)), dtype=np.float32)
    arrays = (corrupted, mask, wanted, labels if wanted is None else labels[wanted], count)
    return tuple(None if array is None else torch.from_numpy(array).to(device) for array in arrays)


def parts(
    size: int, ids: torch.Tensor, mask: torch.Tensor | None, wanted: torch.Tensor | None,
    true: torch.Tensor, count: torch.Tensor,
) -> Iterator[tuple[float, Inputs]]:  # fmt: skip
    """Yield the weight and the inputs of a batch of `masked`, `size` examples at a time.

    ids, mask: (batch, length) int64, or None for the mask; wanted, true: (positions,) int64, or
    None and (batch * length,) int64; count: () float32, the number of chosen positions.
    The loss of each divides by the number of chosen positions of the whole batch, so that losses
    add up to the mean over all of them: each has the weight 1.
    """
    length = ids.shape[1]
    for start in range(0, len(ids), size):
        end = min(start + size, len(ids))
        first, last = start * length, end * length
        if wanted is None:
            chosen, here = slice(first, last), None
        else:
            chosen = slice(*torch.searchsorted(wanted, torch.tensor([first, last])).tolist())
            here = wanted[chosen] - first
        part = (ids[start:end], None if mask is None else mask[start:end], here)
        yield 1.0, (*part, true[chosen], count)


def mean_loss(logits: torch.Tensor, true: torch.Tensor, count: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy over the chosen positions, () float32 in nats.

    logits: (positions, vocabulary) float32; true: (positions,) int64, IGNORED where none was
    chosen; count: () float32, what the sum is divided by.
    """
    return functional.cross_entropy(logits, true, reduction="sum", ignore_index=IGNORED) / count


def held_out_scores(model, sequences, rows, rate, task, device, at_a_time) -> tuple[float, float]:
    """Of the masked tokens of the first 256 rows, the share filled in right, and the mean
    cross-entropy in nats; every call has the same masks.

    at_a_time: `MicroBatch`, of how many examples go through the model at a time, which falls if
    memory runs out. NaN if no token of the rows is masked.
    """
    model.eval()
    generator = seeds.generator(0, task, "held-out masks")
    rows = rows[:256]
    right, loss, total = 0, 0.0, 0
    with torch.inference_mode():
        for indices in batches.in_length_order(sequences.lengths[rows], batch_size=SCORED):
            inputs = masked(model, sequences, rows[indices], rate, generator, device)
            filled_in = at_a_time.attempt(partial(_filled_in, model, inputs))
            right, loss = right + filled_in[0], loss + filled_in[1]
            total += int((inputs[-2] != IGNORED).sum())
    if not total:
        return math.nan, math.nan
    return right / total, loss / total


def _filled_in(model: MaskedLanguageModel, inputs: Inputs, size: int) -> tuple[int, float]:
    """How many tokens of a batch are filled in right, and the sum of all tokens' losses: of none
    whose true id is IGNORED."""
    right, loss = 0, 0.0
    for _, (*own, true, _) in parts(size, *inputs):
        logits = model(*own)
        right += int((logits.argmax(dim=-1) == true).sum())
        loss += float(mean_loss(logits, true, torch.ones(())))
    return right, loss
