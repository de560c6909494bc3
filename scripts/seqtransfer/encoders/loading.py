"""An encoder folder (see `encoder_folders`) -> its first layers, and the embedding rows in use.

All that differs between BERT, ALBERT, RoBERTa, GPT-2 and other families when they are cut and
called is in this file; how their tensors are called, in `tensor_roles`. Only `build` imports
transformers, which takes longer to import than tensors take to read.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from torch import nn

from seqtransfer.encoders.bert import token_types
from seqtransfer.encoders.tensor_roles import ENCODER_DECODERS
from seqtransfer.files import damage
from seqtransfer.files.json_tsv import read_json
from seqtransfer.tokens.vocabulary import CLS, MASK, PAD, SEP

State = dict[str, torch.Tensor]
# The layer in a tensor's name. ALBERT's layers share their tensors, which are those of
# `encoder.albert_layer_groups.0.albert_layers.0`: no layer's own.
LAYER = re.compile(r"(?:^|\.)(?:block|layers?|h)\.(\d+)\.")
# Keys of a configuration for the number of layers.
DEPTHS = ("num_hidden_layers", "n_layers", "n_layer", "num_layers")
# And for the number of attention heads.
HEADS = ("num_attention_heads", "n_heads", "n_head", "num_heads")
# An encoder folder, which has the names of T5's stack alone, is a source as well as a checkpoint.
STACK_NAMES = {r"^(embed_tokens|block|final_layer_norm)\.": r"encoder.\1."}
IDS = {
    "pad_token_id": PAD,
    "cls_token_id": CLS,
    "bos_token_id": CLS,
    "sep_token_id": SEP,
    "eos_token_id": SEP,
    "mask_token_id": MASK,
}


@dataclass(frozen=True)
class Facts:
    """What jobs need to know of an encoder besides its tensors; `encoder.json` holds it."""

    family: str  # `model_type` of transformers
    layers: int
    width: int  # of the hidden states
    vocabulary: int  # rows of the embedding table
    table: str  # name of the embedding table's tensor
    positions: int  # longest sequence in tokens
    first_position: int  # row of the position table that the first token gets
    token_types: bool  # whether an embedding distinguishes the two texts of a pair
    pooler: bool  # whether it has a pretrained tanh pooler on position 0

    @classmethod
    def of(cls, folder: Path) -> "Facts":
        """From the `encoder.json` of an encoder folder."""
        record = read_json(Path(folder) / "encoder.json")
        return cls(**{name: record[name] for name in cls.__dataclass_fields__})


def configuration(folder: Path, layers: int, rows: np.ndarray) -> dict:
    """The `config.json` of the encoder cut to its first `layers` and to `rows` of its table.

    Special tokens get the ids of `vocabulary`: ESM recognizes masked tokens by their id, and the
    embedding of the padding id is never trained.
    Raises ValueError if the encoder has fewer layers, or if its layers share weights in several
    groups, which cannot be cut.
    """
    config = read_json(Path(folder) / "config.json")
    (depth,) = (name for name in DEPTHS if name in config)
    if not 1 <= layers <= config[depth]:
        raise ValueError(f"encoder.layers is {layers}; {folder} has {config[depth]}")
    if layers < config[depth] and config.get("num_hidden_groups", 1) > 1:
        raise ValueError(
            f"{folder}: its {config[depth]} layers share weights in {config['num_hidden_groups']} "
            f"groups, so that no first {layers} can be taken; set encoder.layers: {config[depth]}"
        )
    if config.get("layer_types"):  # what each layer attends to
        config["layer_types"] = config["layer_types"][:layers]
    known = {name: id_ for name, id_ in IDS.items() if config.get(name) is not None}
    return config | known | {depth: layers, "vocab_size": len(rows), "pad_token_id": PAD}


def pretrained(folder: Path, layers: int, rows: np.ndarray) -> State:
    """The tensors of the first `layers`; row i of the embedding table is its row `rows[i]`.

    rows: (vocabulary,) integers. Only these tensors are read; they keep their names.
    Raises ValueError if a row is not in the table.
    """
    facts = Facts.of(folder)
    index = torch.from_numpy(np.asarray(rows, dtype=np.int64))
    if len(index) and not 0 <= int(index.min()) <= int(index.max()) < facts.vocabulary:
        raise ValueError(
            f"{folder}: rows {int(index.min())} to {int(index.max())} are asked for; its embedding "
            f"table has {facts.vocabulary}"
        )
    path = Path(folder) / "model.safetensors"
    with damage.named(path), safe_open(path, "pt") as file:
        state = {name: file.get_tensor(name) for name in file.keys() if _layer(name) < layers}
    state[facts.table] = state[facts.table][index]
    return state


def _layer(name: str) -> int:
    """The layer of a tensor, from 0; -1 for tensors outside the layers or shared by all."""
    found = LAYER.search(name)
    return int(found[1]) if found else -1


def auto_class(family: str) -> type:
    """The class of transformers that makes encoders of `family`: of T5, it makes no decoder."""
    from transformers import AutoModel, AutoModelForTextEncoding

    return AutoModelForTextEncoding if family in ENCODER_DECODERS else AutoModel


def bare(model: nn.Module) -> nn.Module:
    """The encoder in a model of `auto_class`: T5's stack, which stands below a table that it shares
    with the decoder, or the model itself."""
    return model.encoder if model.config.model_type in ENCODER_DECODERS else model


def build(config: dict, *, pooler: bool, attention: str = "eager") -> nn.Module:
    """An encoder of transformers without a head; its fresh weights come from the global generator.

    config: a config.json; pooler: whether the encoder has one; attention: `eager` or `sdpa`, the
    kernel; families for which transformers has only `eager` (MPNet) get that.
    ESM's contact head is left out, as in encoder folders: no hidden state depends on it.
    Raises ValueError if transformers knows no such family, or makes no bare encoder of it.
    """
    from transformers import AutoConfig

    settings = {name: value for name, value in config.items() if name != "model_type"}
    if "use_cache" in settings:  # of decoders: keys and values for the next token
        settings["use_cache"] = False
    made, kind = AutoConfig.for_model(config["model_type"], **settings), config["model_type"]
    try:
        model = auto_class(kind).from_config(made, attn_implementation=attention)
    except ValueError:
        if attention == "eager":
            raise
        model = auto_class(kind).from_config(made, attn_implementation="eager")
    model = bare(model)
    _pad_at(model.get_input_embeddings(), config.get("pad_token_id"))
    for name, wanted in (("pooler", pooler), ("contact_head", False)):
        if getattr(model, name, None) is not None and not wanted:
            setattr(model, name, None)
    return model


def _pad_at(table: nn.Embedding, row: int | None) -> None:
    """Make `row` the one that is never trained and starts at 0: MPNet takes row 1, whatever its
    configuration says."""
    if row is None or table.padding_idx in (None, row):
        return
    with torch.no_grad():
        table.weight[table.padding_idx] = table.weight[row]
        table.weight[row] = 0
    table.padding_idx = row


def inputs(facts: Facts, ids: torch.Tensor, mask: torch.Tensor | None) -> State:
    """The keyword arguments of an encoder's `forward` for a batch of our ids.

    ids: (batch, length) int64; mask: the same shape, 0 at padding, or None without padding.
    Families that count positions from their padding id (RoBERTa) are given positions: they would
    count from our padding id otherwise.
    """
    given = {"input_ids": ids, "attention_mask": mask}
    if facts.token_types:
        given["token_type_ids"] = token_types(ids)
    if facts.first_position:
        positions = torch.arange(ids.shape[1], device=ids.device) + facts.first_position
        positions = positions.expand(ids.shape)
        if mask is not None:
            positions = torch.where(mask > 0, positions, facts.first_position - 1)
        given["position_ids"] = positions
    return given
