"""How likely a masked language model finds sequences before any fine-tuning: the zero-shot score.

The pseudo-log-likelihood (Salazar et al. 2020, doi 10.18653/v1/2020.acl-main.240; Meier et al.
2021, doi 10.1101/2021.07.09.450648, rank mutations by it): each symbol is masked in turn, and the
log-probabilities of the true ones are averaged, so that sequences of several lengths compare.

Probabilities are over the symbols of the task that the model knows, not over its whole vocabulary.
Special tokens are never masked, so that no answer is one, and encoders from elsewhere have rows
for tokens that the task never has: normalized over the same symbols, all models have the same
chance, -log(symbols).
"""

from functools import partial
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from seqtransfer.encoders.loading import State
from seqtransfer.files import damage
from seqtransfer.files.arrow import Ragged
from seqtransfer.tokens.vocabulary import MASK, SPECIALS
from seqtransfer.training import batches, microbatches
from seqtransfer.training.classifier import WeightSources, without_pooler
from seqtransfer.training.masked_language_model import MaskedLanguageModel
from seqtransfer.training.memory import SCORED
from seqtransfer.training.microbatches import Inputs, MicroBatch


def model(sources: WeightSources, head: Path) -> MaskedLanguageModel:
    """The encoder that the arm `domain` starts from, with its own head, in evaluation mode.

    sources: its weights as `pretrained`, and in `borrowed` the row of its table that each id of the
    task has; head: file in the form of `masked_heads`, as trained together with these weights.
    Raises ValueError, naming the file, if it is damaged or of another encoder.
    """
    encoder = sources.module(pooler=False)
    encoder.load_plain_state(without_pooler(sources.state("domain")))
    made = MaskedLanguageModel(encoder, sources.facts.width, torch.Generator())
    with damage.named(head):
        state = load_file(head)
    try:
        made.load_head(_of_rows(state, sources.borrowed))
    except (KeyError, IndexError, RuntimeError) as error:
        raise ValueError(
            f"{head}: is no head of the encoder in {sources.pretrained.parent} ({error}); delete it"
            " and run again"
        ) from error
    return made.eval()


def _of_rows(state: State, rows: np.ndarray) -> State:
    """The head with a bias for each id; arbitrary where it has no row, -1."""
    return state | {"bias": state["bias"][torch.from_numpy(rows).clamp(min=0)]}


def knows(sequences: Ragged, rows: np.ndarray) -> np.ndarray:
    """(n,) bool: whether the encoder has a row for every token of a sequence. rows: (vocabulary,)
    int64, of each id, -1 for none."""
    unknown = np.concatenate([[0], np.cumsum(rows[sequences.ids] < 0)])
    return np.diff(unknown[sequences.offsets]) == 0


def log_likelihoods(
    made: MaskedLanguageModel,
    sequences: Ragged,
    rows: np.ndarray,
    device: str,
    copies: int = SCORED,
) -> np.ndarray:
    """(n,) float64, each sequence's mean log-probability of a symbol given all others, in nats, at
    most 0; NaN if the model's answers are not finite, or for a sequence without symbols.

    sequences: known to the model, see `knows`; rows: as there; copies: masked copies of sequences
    that go through the model at a time, fewer if memory runs out. Neither these nor the order of
    the sequences change a score, but for rounding. The model is used as it is: in evaluation mode.
    """
    symbols = np.flatnonzero(rows >= 0)
    symbols = torch.from_numpy(symbols[symbols >= len(SPECIALS)]).to(device)
    flat = np.flatnonzero(sequences.ids >= len(SPECIALS))
    owner = np.repeat(np.arange(len(sequences)), sequences.lengths)[flat]
    place = flat - sequences.offsets[owner]
    found = np.empty(len(flat))
    at_a_time = MicroBatch(copies)
    with torch.inference_mode():
        for chosen in batches.in_length_order(sequences.lengths[owner], copies):
            ids, mask = batches.collate(sequences, owner[chosen])
            inputs = _masked(ids, mask, place[chosen], device)
            found[chosen] = at_a_time.attempt(partial(_true, made, inputs, symbols))
    totals = np.bincount(owner, weights=found, minlength=len(sequences))
    counts = np.bincount(owner, minlength=len(sequences))
    return np.divide(totals, counts, out=np.full(len(counts), np.nan), where=counts > 0)


def marginals(
    made: MaskedLanguageModel, reference: np.ndarray, rows: np.ndarray, device: str
) -> np.ndarray:
    """(length, vocabulary) float64: log-probabilities of each symbol at each place of `reference`
    masked there, the others as they are; NaN at special tokens and for ids that do not count.

    reference: (length,) ids of one sequence that the model knows; made, rows, device: as in
    `log_likelihoods`. These are the masked marginals of Meier et al. (2021) for its mutants of one
    place; of several, their formula masks all mutated places together, these one at a time.
    """
    symbols = np.flatnonzero(rows >= 0)
    symbols = symbols[symbols >= len(SPECIALS)]
    places = np.flatnonzero(reference >= len(SPECIALS))
    ids = np.repeat(reference[None].astype(np.int64), len(places), axis=0)
    inputs = _masked(ids, None, places, device)
    found = np.full((len(reference), len(rows)), np.nan)

    def normalized(size: int) -> np.ndarray:
        parts = []
        for _, (part, mask, place, _) in microbatches.rows(size, *inputs):
            logits = _logits_at(made, part, mask, place)[:, torch.from_numpy(symbols).to(device)]
            parts.append(logits.log_softmax(dim=1).cpu().numpy())
        return np.concatenate(parts)

    with torch.inference_mode():
        found[np.ix_(places, symbols)] = MicroBatch(SCORED).attempt(normalized)
    return found


def _masked(ids: np.ndarray, mask: np.ndarray | None, place: np.ndarray, device: str) -> Inputs:
    """Ids with a mask at the place of each row, the mask of padding, places, and true ids there."""
    copy = np.arange(len(ids))
    true = ids[copy, place]
    ids[copy, place] = MASK
    arrays = (ids, mask, place, true)
    return tuple(None if array is None else torch.from_numpy(array).to(device) for array in arrays)


def _true(
    made: MaskedLanguageModel, inputs: Inputs, symbols: torch.Tensor, size: int
) -> np.ndarray:
    """(copies,) float64: log-probabilities of the true ids, `size` copies at a time."""
    parts = []
    for _, (ids, mask, place, true) in microbatches.rows(size, *inputs):
        logits = _logits_at(made, ids, mask, place)
        normalized = logits.gather(1, true[:, None])[:, 0] - logits[:, symbols].logsumexp(dim=1)
        parts.append(normalized.cpu().numpy())
    return np.concatenate(parts)


def _logits_at(
    made: MaskedLanguageModel, ids: torch.Tensor, mask: torch.Tensor | None, place: torch.Tensor
) -> torch.Tensor:
    """(copies, vocabulary) float64: the model's answers at one place of each row."""
    wanted = torch.arange(len(ids), device=ids.device) * ids.shape[1] + place
    return made(ids, mask, wanted).double()
