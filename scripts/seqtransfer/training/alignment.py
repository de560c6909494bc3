"""An encoder's embeddings of a task's symbols, moved so that its sequences lie where texts lie.

The first stage of ORCA (Shen et al. 2023, arXiv:2302.05738): the encoder is as text pretraining
left it, and only what stands before it learns; fine-tuning, which is the second stage, then trains
everything. A sequence is a point, the mean of its tokens' embeddings as the first layer reads them.

DIFFERS: ORCA draws a new convolution that makes embeddings; here the symbols' rows of the table are
what learns, from random word pieces' on, so that the arm is `text` with other rows. ORCA's distance
has an entropic term; ours is exact.
ASSUME: only sequences that one class each describes have classes to compare. Numbers to predict are
no classes, and classes of tokens are not of sequences: there the points alone are compared.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch

from seqtransfer.encoders.bert import Bert
from seqtransfer.encoders.transformers_encoder import TransformersEncoder
from seqtransfer.files.arrow import Ragged
from seqtransfer.tokens.vocabulary import SPECIALS
from seqtransfer.training import finetuning
from seqtransfer.training.dataset_distance import dataset_distance
from seqtransfer.training.memory import SCORED
from seqtransfer.training.optimizer import AdamW
from seqtransfer.training.steps import Schedule

Encoder = Bert | TransformersEncoder
COMPARED = 512  # sequences of each side, at most, that the distances before and after are of


@dataclass(frozen=True)
class Sequences:
    """Sequences and the encoder that embeds them. classes: (n,) int64, or None without any."""

    encoder: Encoder
    ragged: Ragged
    classes: np.ndarray | None

    def points(self, rows: np.ndarray) -> torch.Tensor:
        """(len(rows), width) float64: of each sequence the mean embedding of its tokens, special
        ones included, with their places and normalized, as the first layer reads them."""
        ids, mask = finetuning.to_tensors(self.ragged, rows, "cpu")
        states = next(iter(self.encoder.hidden_states(ids, mask))).double()
        weights = (torch.ones_like(ids) if mask is None else mask)[..., None]
        return (states * weights).sum(dim=1) / weights.sum(dim=1)

    def fixed_points(self, rows: np.ndarray) -> torch.Tensor:
        """The same without a gradient, whatever their number."""
        with torch.no_grad():
            parts = [rows[i : i + SCORED] for i in range(0, len(rows), SCORED)]
            return torch.cat([self.points(part) for part in parts])

    def classes_of(self, rows: np.ndarray) -> torch.Tensor | None:
        """(len(rows),) int64."""
        return None if self.classes is None else torch.from_numpy(self.classes[rows])


@dataclass(frozen=True)
class Alignment:
    """Squared distances to the texts. between_texts: of one half of them to the other; history: one
    record per step, of its batch."""

    before: float
    after: float
    between_texts: float
    history: list[dict]


def align(
    sequences: Sequences,
    texts: Sequences,
    schedule: Schedule,
    generator: np.random.Generator,
) -> Alignment:
    """Move the rows of the symbols in the table of `sequences.encoder`, in place; nothing else.

    Each step draws a batch of sequences and as many texts (all, if there are fewer) and follows the
    gradient of their distance. Symbols that no sequence has keep their rows.
    """
    encoder = sequences.encoder
    encoder.eval()
    texts.encoder.eval()
    encoder.requires_grad_(False)
    encoder.table.requires_grad_(True)
    known = texts.fixed_points(np.arange(len(texts.ragged)))

    def distance(rows: np.ndarray, others: np.ndarray, points: torch.Tensor) -> torch.Tensor:
        return dataset_distance(
            points, known[others], sequences.classes_of(rows), texts.classes_of(others)
        )

    def drawn(side: Sequences, number: int) -> np.ndarray:
        return generator.permutation(len(side.ragged))[:number]

    def overall() -> float:
        return float(distance(rows, others, sequences.fixed_points(rows)))

    rows, others = drawn(sequences, COMPARED), drawn(texts, COMPARED)
    first, second = np.array_split(drawn(texts, 2 * COMPARED), 2)
    before, history = overall(), []
    optimizer = AdamW(encoder, schedule.weight_decay)
    for step in range(schedule.steps):
        batch, beside = (drawn(side, schedule.batch_size) for side in (sequences, texts))
        loss = distance(batch, beside, sequences.points(batch))
        loss.backward()
        encoder.table.grad[: len(SPECIALS)] = 0
        optimizer.step(schedule.learning_rate * schedule.rate(step), max_norm=math.inf)
        history.append({"step": step + 1, "distance": loss.item()})
    between = dataset_distance(
        known[first], known[second], texts.classes_of(first), texts.classes_of(second)
    )
    return Alignment(before, overall(), float(between), history)
