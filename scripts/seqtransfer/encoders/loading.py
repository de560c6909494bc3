"""Encoders of any family, read from their house folders: fewer layers, fewer rows, one way to call.

A house folder (see `encoders`) holds `config.json`, `model.safetensors` and `encoder.json`. A job
takes from it the first layers and, of the embedding table, the rows that its own ids use; what
differs between BERT, ALBERT, RoBERTa, DistilBERT, ELECTRA, ESM-2 and others is said here.
transformers is imported by `build` alone, so that who needs only tensors does not pay for it.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from torch import nn

from seqtransfer.encoders.bert import token_types
from seqtransfer.files.json_tsv import read_json
from seqtransfer.tokens.vocabulary import CLS, MASK, PAD, SEP

State = dict[str, torch.Tensor]
# The first number in a tensor's name that counts layers; ALBERT's layers share their tensors, which
# lie in `encoder.albert_layer_groups.0.albert_layers.0`.
LAYER = re.compile(r"(?:^|\.)layers?\.(\d+)\.")
DEPTHS = ("num_hidden_layers", "n_layers")  # what configurations call the number of layers
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
    """What a job must know of an encoder besides its tensors; part of its `encoder.json`."""

    family: str  # `model_type` of transformers
    layers: int
    width: int  # of the hidden states
    vocabulary: int  # rows of the embedding table
    table: str  # name of the embedding table's tensor
    positions: int  # longest sequence in tokens
    first_position: int  # row of the position table that the first token gets
    token_types: bool  # whether two texts of a pair are told apart by an embedding
    pooler: bool  # whether it has a pretrained tanh pooler on position 0

    @classmethod
    def of(cls, folder: Path) -> "Facts":
        """The facts of a house folder."""
        record = read_json(Path(folder) / "encoder.json")
        return cls(**{name: record[name] for name in cls.__dataclass_fields__})


def configuration(folder: Path, layers: int, rows: np.ndarray) -> dict:
    """`config.json` of the encoder cut to its first `layers` and to a table of the given `rows`.

    Its special ids are those of `vocabulary`: ESM knows masked tokens by their id, and padding has
    an embedding that is never trained.
    Raises ValueError if the encoder has fewer layers, or shares them in several groups.
    """
    config = read_json(Path(folder) / "config.json")
    (depth,) = (name for name in DEPTHS if name in config)
    if not 1 <= layers <= config[depth]:
        raise ValueError(f"encoder.layers is {layers}; {folder} has {config[depth]}")
    if layers < config[depth] and config.get("num_hidden_groups", 1) > 1:
        raise ValueError(
            f"{folder}: its {config[depth]} layers share tensors in {config['num_hidden_groups']} "
            f"groups, of which no first {layers} can be taken; set encoder.layers: {config[depth]}"
        )
    if config.get("layer_types"):  # what each layer attends to
        config["layer_types"] = config["layer_types"][:layers]
    known = {name: id_ for name, id_ in IDS.items() if config.get(name) is not None}
    return config | known | {depth: layers, "vocab_size": len(rows), "pad_token_id": PAD}


def pretrained(folder: Path, layers: int, rows: np.ndarray) -> State:
    """The tensors of the first `layers`, and row `rows[i]` of the embedding table as its row i.

    rows: (vocabulary,) integers. Names are those of the whole encoder; only what is taken is read.
    Raises ValueError if a row is not in the table.
    """
    facts = Facts.of(folder)
    index = torch.from_numpy(np.asarray(rows, dtype=np.int64))
    if len(index) and not 0 <= int(index.min()) <= int(index.max()) < facts.vocabulary:
        raise ValueError(
            f"{folder}: rows {int(index.min())} to {int(index.max())} are asked for; its embedding "
            f"table has {facts.vocabulary}"
        )
    with safe_open(Path(folder) / "model.safetensors", "pt") as file:
        state = {name: file.get_tensor(name) for name in file.keys() if layer(name) < layers}
    state[facts.table] = state[facts.table][index]
    return state


def layer(name: str) -> int:
    """Which layer a tensor belongs to, from 0; -1 for those outside of layers or shared by all."""
    found = LAYER.search(name)
    return int(found[1]) if found else -1


def build(config: dict, *, pooler: bool, attention: str = "eager") -> nn.Module:
    """A bare encoder of transformers as `config` says; fresh weights from the global generator.

    pooler: whether it has one; attention: `eager` or `sdpa`, the kernel. Families that transformers
    runs by the first alone (MPNet) get that.
    ESM's contact head, which no hidden state depends on, is left out, as in house folders.
    """
    from transformers import AutoConfig, AutoModel

    settings = {name: value for name, value in config.items() if name != "model_type"}
    made = AutoConfig.for_model(config["model_type"], **settings)
    try:
        model = AutoModel.from_config(made, attn_implementation=attention)
    except ValueError:
        if attention == "eager":
            raise
        model = AutoModel.from_config(made, attn_implementation="eager")
    for name, wanted in (("pooler", pooler), ("contact_head", False)):
        if getattr(model, name, None) is not None and not wanted:
            setattr(model, name, None)
    return model


def load(folder: Path, layers: int, rows: np.ndarray, attention: str = "eager") -> nn.Module:
    """The pretrained encoder in evaluation mode, cut to its first `layers` and to `rows`.

    What a family does once after its last layer (ESM's norm), it does after the last that is left.
    """
    config = configuration(folder, layers, rows)
    model = build(config, pooler=Facts.of(folder).pooler, attention=attention)
    model.load_state_dict(pretrained(folder, layers, rows))
    return model.eval()


def inputs(facts: Facts, ids: torch.Tensor, mask: torch.Tensor | None) -> State:
    """Keyword arguments of an encoder's `forward` for a batch of our ids.

    ids: (batch, length) int64; mask: the same shape, 0 at padding, or None where there is none.
    Of families whose positions count from their own padding's id (RoBERTa), positions are given:
    left alone, the model would count from ours.
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
