"""Which weights of an encoder fine-tuning may change.

The classifier's head, which is new, trains in every mode. Of the encoder:

  full        everything
  probe       nothing: a linear probe
  layernorm   gains and biases of every LayerNorm
  bias        every bias, those of LayerNorms and pooler included
  lora        nothing of its own: low-rank additions to the query and value projections
  last-k      the k last layers, a final LayerNorm above them, and the pooler

Only `full` trains embeddings: elsewhere a symbol keeps the embedding that its arm starts from, a
random word piece's in `text`, a random vector in `random` and `re-embedded`. The pooler is frozen
where it is not named, so that with pooling `first` a probe reads the pretrained one. Dropout stays.

PAPER: the paper fine-tunes everything. `bias` is BitFit (Ben Zaken et al. 2022), `lora` adapts what
Hu et al. 2022 adapt. ASSUME: rank 8 and alpha 16, the common setting; there is no dropout on it.
DIFFERS: FPT (Lu et al. 2021) trains positions and a new linear input layer beside LayerNorm and
head. Here symbols enter by the token map, and `layernorm` leaves input and positions as they were
pretrained: what differs between arms stays in place.
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


# Mode -> whether a tensor trains, by its name, its part, and the lowest of the last layers.
MODES = {
    "full": lambda name, where, lowest: where.role != "other",
    "probe": lambda name, where, lowest: False,
    "layernorm": lambda name, where, lowest: where.role == "layernorm",
    "bias": lambda name, where, lowest: where.role != "other" and name.endswith(".bias"),
    "lora": lambda name, where, lowest: False,
    "last-<layers>": _last,
}


def trained(adaptation: str, names: Iterable[str], family: str) -> set[str]:
    """Those of an encoder's tensors, given by `names`, that train.

    Raises ValueError for an unknown adaptation, and for more last layers than there are (ALBERT
    has as many as groups).
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
    return {name for name, where in parts.items() if MODES[mode](name, where, depth - last)}


def adapt(
    encoder: nn.Module, adaptation: str, *, seed: int, rank: int = RANK, alpha: float = ALPHA
) -> nn.Module:
    """The bare transformers encoder, changed in place: `requires_grad` on what trains alone.

    For `lora` it comes back wrapped (see `lora`; `seed`, `rank` and `alpha` are for it alone), to
    be saved by `merge`.
    """
    names = [name for name, _ in encoder.named_parameters()]
    chosen = trained(adaptation, names, encoder.config.model_type)
    for name, parameter in encoder.named_parameters():
        parameter.requires_grad_(name in chosen)
    return lora(encoder, seed=seed, rank=rank, alpha=alpha) if adaptation == "lora" else encoder


def lora(encoder: nn.Module, *, seed: int, rank: int = RANK, alpha: float = ALPHA) -> nn.Module:
    """The encoder, frozen, with W + alpha / rank * B A for each query and value projection W.

    A: (rank, in) is drawn from `seed`; B: (out, rank) is 0, so that step 0 is the encoder's own.
    Called like the encoder, whose modules are replaced in place.
    """
    import peft  # here: it takes a while, and few runs need it

    names = queries_and_values(encoder.state_dict(), encoder.config.model_type)
    settings = peft.LoraConfig(r=rank, lora_alpha=alpha, lora_dropout=0.0, target_modules=names)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return peft.get_peft_model(encoder, settings)


def merge(encoder: nn.Module) -> dict[str, torch.Tensor]:
    """The state, by plain names, of an encoder that `lora` wrapped: additions added in.

    It loads into the bare encoder. The wrapped one stays as it is.
    """
    return copy.deepcopy(encoder).merge_and_unload().state_dict()
