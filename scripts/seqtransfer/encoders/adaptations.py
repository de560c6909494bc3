"""Which weights of an encoder fine-tuning may change.

The classifier's head, which is new, trains in every mode. Of the encoder:

  full        everything
  probe       nothing: a linear probe
  layernorm   gains and biases of every LayerNorm
  bias        every bias, those of LayerNorms and pooler included
  lora        nothing of its own: low-rank additions to the query and value projections, in GPT-2
              and ModernBERT to the one for queries, keys and values
  last-k      the k last layers, a final LayerNorm above them, and the pooler

Only `full` trains embeddings. In the other modes a symbol keeps the embedding of its arm's start: a
random word piece's in `text`, a random vector in `random` and `re-embedded`. Modes that do not name
the pooler freeze it: with pooling `first`, a probe uses the pretrained one. Dropout is the same in
all modes.

PAPER: the paper fine-tunes everything. `bias` is BitFit (Ben Zaken et al. 2022), `lora` adapts what
Hu et al. 2022 adapt. ASSUME: rank 8 and alpha 16, the common setting; there is no dropout on it.
DIFFERS: FPT (Lu et al. 2021) trains positions and a new linear input layer beside LayerNorm and
head. Here symbols enter by the token map, and `layernorm` keeps input and positions as pretrained,
because they are what differs between arms.
"""

import copy
import re
from collections.abc import Iterable

import torch
from torch import nn

from seqtransfer.encoders.tensor_roles import Part, layers, part, queries_and_values

RANK, ALPHA = 8, 16.0  # of LoRA


def _last(name: str, where: Part, lowest: int) -> bool:
    if where.layer is not None:
        return where.layer >= lowest
    final_norm = where.role == "layernorm" and not name.startswith("embeddings.")
    return final_norm or where.role == "pooler"


# Mode -> does a tensor train? Given its name, its part, and the lowest of the last layers.
MODES = {
    "full": lambda name, where, lowest: where.role != "other",
    "probe": lambda name, where, lowest: False,
    "layernorm": lambda name, where, lowest: where.role == "layernorm",
    "bias": lambda name, where, lowest: where.role != "other" and name.endswith(".bias"),
    "lora": lambda name, where, lowest: False,
    "last-<layers>": _last,
}


def trained(adaptation: str, names: Iterable[str], family: str) -> set[str]:
    """The tensors that train, of an encoder's tensor `names`.

    Raises ValueError for an unknown adaptation, for `bias` of a family without biases, and for more
    last layers than the encoder has (ALBERT: than groups).
    """
    parts = {name: part(name, family) for name in names}
    number = re.fullmatch(r"last-([1-9][0-9]*)", adaptation)
    mode, last = ("last-<layers>", int(number[1])) if number else (adaptation, 0)
    if mode not in MODES or adaptation == "last-<layers>":
        raise ValueError(f"adaptation {adaptation!r} is unknown; known: {', '.join(MODES)}")
    depth = layers(parts, family)
    if last > depth:
        raise ValueError(
            f"adaptation {adaptation!r}: the encoder has {depth} layers of weights; "
            "lower the number, or use `full`"
        )
    chosen = {name for name, where in parts.items() if MODES[mode](name, where, depth - last)}
    if mode == "bias" and not chosen:
        raise ValueError(
            f"adaptation 'bias': {family} encoders have no biases; use `layernorm` or another"
        )
    return chosen


def adapt(
    encoder: nn.Module, adaptation: str, *, seed: int, rank: int = RANK, alpha: float = ALPHA
) -> nn.Module:
    """A transformers encoder without a head, changed in place: only what trains requires gradients.

    For `lora` it is wrapped: see `lora`, which alone uses `seed`, `rank` and `alpha`, and `merge`,
    which gives the state.
    """
    names = [name for name, _ in encoder.named_parameters()]
    chosen = trained(adaptation, names, encoder.config.model_type)
    for name, parameter in encoder.named_parameters():
        parameter.requires_grad_(name in chosen)
    return lora(encoder, seed=seed, rank=rank, alpha=alpha) if adaptation == "lora" else encoder


def lora(encoder: nn.Module, *, seed: int, rank: int = RANK, alpha: float = ALPHA) -> nn.Module:
    """The encoder, frozen, with W + alpha / rank * B A for each query and value projection W.

    A: (rank, in) is drawn from `seed`; B: (out, rank) is 0, so that training starts from what the
    encoder computes. The result is called like the encoder, whose modules are replaced in place.
    """
    import peft  # here: the import is slow, and few runs need it

    names = queries_and_values(encoder.state_dict(), encoder.config.model_type)
    settings = peft.LoraConfig(r=rank, lora_alpha=alpha, lora_dropout=0.0, target_modules=names)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return peft.get_peft_model(encoder, settings)


def merge(encoder: nn.Module) -> dict[str, torch.Tensor]:
    """The state of an encoder that `lora` wrapped, its additions merged into the weights.

    It loads into the encoder without LoRA. The wrapped encoder is not changed.
    """
    return copy.deepcopy(encoder).merge_and_unload().state_dict()
