"""Encoders in file formats of their own packages -> encoders of transformers.

The files are read and their tensors renamed; the packages themselves are never imported.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import torch
import transformers

from seqtransfer.corpora.text_files import find
from seqtransfer.encoders.encoder_folders import Encoder, config_record, symbol_rows
from seqtransfer.encoders.loading import State
from seqtransfer.files import json_tsv
from seqtransfer.tokens.vocabulary import renamed

FAIRSEQ = {  # part of a layer in fairseq -> in transformers
    "self_attn.q_proj": "attention.self.query",
    "self_attn.k_proj": "attention.self.key",
    "self_attn.v_proj": "attention.self.value",
    "self_attn.out_proj": "attention.output.dense",
    "self_attn_layer_norm": "attention.output.LayerNorm",
    "fc1": "intermediate.dense",
    "fc2": "output.dense",
    "final_layer_norm": "output.LayerNorm",
}
GPT2_CONSTANTS = (".attn.bias", ".attn.masked_bias")  # masks that older releases stored
FAIRSEQ_SPECIALS = ("<s>", "<pad>", "</s>", "<unk>")  # the first rows; `<mask>` is the last


def onnx_bert(folder: Path) -> Encoder:
    """A BERT without pooler that sentence-transformers exported to ONNX.

    Biases, norms and embeddings keep their names in the export; the matrices lose theirs and are
    transposed, but the nodes that multiply by them are still called by their place.
    Raises ValueError if there is not exactly one ONNX file or its matrices have other names.
    """
    import onnx
    from onnx.numpy_helper import to_array

    paths = sorted(Path(folder).rglob("*.onnx"))
    if len(paths) != 1:
        raise ValueError(f"{folder}: holds {len(paths)} ONNX files instead of one; check `extract`")
    graph = onnx.load(paths[0]).graph
    tensors = {item.name: torch.from_numpy(to_array(item).copy()) for item in graph.initializer}
    inside = "model.0.auto_model."
    state = {
        name.removeprefix(inside): tensors.pop(name)
        for name in list(tensors)
        if name.startswith(inside)
    }
    for node in graph.node:
        factors = [name for name in node.input if name in tensors]
        if node.op_type == "MatMul" and factors:
            place = node.name.partition("/auto_model/")[2].removesuffix("/MatMul")
            state[f"{place.replace('/', '.')}.weight"] = tensors.pop(factors[0]).T
    if tensors:
        raise ValueError(f"{folder}: no place in a BERT for the tensors {sorted(tensors)[:3]}")
    rows, width = state["embeddings.word_embeddings.weight"].shape
    (epsilon,) = {
        attribute.f
        for node in graph.node
        if node.op_type == "LayerNormalization"
        for attribute in node.attribute
        if attribute.name == "epsilon"
    }
    config = transformers.BertConfig(
        vocab_size=rows,
        hidden_size=width,
        num_hidden_layers=_layers(state),
        num_attention_heads=width // 32,  # ASSUME: MiniLM's; the graph has them in its reshapes
        intermediate_size=len(state["encoder.layer.0.intermediate.dense.bias"]),
        max_position_embeddings=len(state["embeddings.position_embeddings.weight"]),
        layer_norm_eps=round(epsilon, 15),  # 1e-12, stored in 32 bits
    )
    return Encoder(config_record(config), state)


def antiberty(folder: Path) -> Encoder:
    """AntiBERTy (Ruffolo et al. 2021): a BERT of antibodies, pickled with heads of its own."""
    weights = find(folder, "pytorch_model.bin")
    config = transformers.BertConfig(**json_tsv.read_json(weights.with_name("config.json")))
    stored = torch.load(weights, weights_only=True, map_location="cpu")
    state = {
        name.removeprefix("bert."): tensor
        for name, tensor in stored.items()
        if name.startswith("bert.") and not name.endswith("position_ids")
    }
    return Encoder(config_record(config), state, symbol_rows(find(folder, "vocab.txt")))


def sapiens(folder: Path, chain: str) -> Encoder:
    """Sapiens (Prihoda et al. 2022): a RoBERTa of one antibody chain, vh or vl, by fairseq."""
    with torch.serialization.safe_globals([argparse.Namespace]):
        path = find(folder, f"checkpoint_{chain}.pt")
        stored = torch.load(path, weights_only=True, map_location="cpu")
    settings, inside = stored["args"], "decoder.sentence_encoder."
    state = {
        _from_fairseq(name.removeprefix(inside)): tensor
        for name, tensor in stored["model"].items()
        if name.startswith(inside)
    }
    rows, width = state["embeddings.word_embeddings.weight"].shape
    # fairseq has no token types; transformers always adds one.
    state["embeddings.token_type_embeddings.weight"] = torch.zeros(1, width)
    letters = [line.split()[0] for line in find(folder, "dict.txt").read_text().splitlines()]
    names = [*FAIRSEQ_SPECIALS, *letters, "<mask>"]
    if len(names) != rows:
        raise ValueError(f"{folder}: dict.txt names {len(names)} rows, {path.name} has {rows}")
    config = transformers.RobertaConfig(
        vocab_size=rows,
        hidden_size=width,
        num_hidden_layers=settings.encoder_layers,
        num_attention_heads=settings.encoder_attention_heads,
        intermediate_size=settings.encoder_ffn_embed_dim,
        max_position_embeddings=len(state["embeddings.position_embeddings.weight"]),
        type_vocab_size=1,
        layer_norm_eps=1e-5,  # fairseq's
        pad_token_id=names.index("<pad>"),
    )
    return Encoder(
        config_record(config), state, renamed({name: row for row, name in enumerate(names)})
    )


def iglm(folder: Path, size: str) -> Encoder:
    """IgLM (Shuai et al. 2023): a GPT-2 of antibodies, pickled with a head.

    size: its folder, IgLM or IgLM-S.
    """
    weights = find(folder, f"{size}/pytorch_model.bin")
    config = transformers.GPT2Config(**json_tsv.read_json(weights.with_name("config.json")))
    stored = torch.load(weights, weights_only=True, map_location="cpu")
    state = {
        name.removeprefix("transformer."): tensor
        for name, tensor in stored.items()
        if name.startswith("transformer.") and not name.endswith(GPT2_CONSTANTS)
    }
    return Encoder(config_record(config), state, symbol_rows(find(folder, "vocab.txt")))


def _from_fairseq(name: str) -> str:
    for other, ours in (
        ("embed_tokens", "word_embeddings"),
        ("embed_positions", "position_embeddings"),
        ("emb_layer_norm", "LayerNorm"),
    ):
        if name.startswith(other):
            return f"embeddings.{ours}{name.removeprefix(other)}"
    _, layer, part = name.split(".", 2)
    module, _, kind = part.rpartition(".")
    return f"encoder.layer.{layer}.{FAIRSEQ[module]}.{kind}"


def _layers(state: State) -> int:
    return 1 + max(int(name.split(".")[2]) for name in state if name.startswith("encoder.layer."))


CONVERSIONS: dict[str, Callable[[Path], Encoder]] = {
    "onnx_bert": onnx_bert,
    "antiberty": antiberty,
    "iglm": lambda folder: iglm(folder, "IgLM"),
    "iglm_s": lambda folder: iglm(folder, "IgLM-S"),
    "sapiens_vh": lambda folder: sapiens(folder, "vh"),
    "sapiens_vl": lambda folder: sapiens(folder, "vl"),
}
