"""A checkpoint -> its head that fills in masks, which encoder folders do without.

A head is a dense layer, a GELU, a LayerNorm, and a product with the tokens' table plus a bias. It
is kept as tensors in float32: `transform.weight` (width, width), `transform.bias`, `norm.weight`,
`norm.bias`, and `bias` (rows of the table); and as float64 numbers `epsilon`, the LayerNorm's, and
`scale`, by which states are multiplied before the table.

A study is planned with this file, which imports torch only in functions.
"""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from seqtransfer.corpora.text_files import find
from seqtransfer.encoders.tensor_roles import DECODERS
from seqtransfer.files import damage, json_tsv

if TYPE_CHECKING:
    import torch

    State = dict[str, torch.Tensor]

_LIKE_ROBERTA = {"transform": "lm_head.dense", "norm": "lm_head.layer_norm", "bias": "lm_head.bias"}
# Family -> ours -> the names in a checkpoint of transformers.
NAMES = {
    "bert": {
        "transform": "cls.predictions.transform.dense",
        "norm": "cls.predictions.transform.LayerNorm",
        "bias": "cls.predictions.bias",
    },
    "roberta": _LIKE_ROBERTA,
    "esm": _LIKE_ROBERTA,
}
TABLE = "embeddings.word_embeddings.weight"
# What the head multiplies by, where it is stored: the table once more.
OUTPUTS = ("predictions.decoder.weight", "lm_head.decoder.weight", "lm_head.weight")


def refusal(record: Mapping) -> str | None:
    """Why an encoder of the catalogue has no head that can be kept, as far as its record says;
    None if it may have one."""
    conversion, family = record.get("conversion"), record.get("shape", {}).get("family")
    if family in DECODERS:
        return f"is a decoder, {family}, which reads no masks"
    if conversion and conversion not in CONVERSIONS:
        return f"comes without a head that fills in masks (conversion {conversion})"
    if not conversion and not record.get("symbols"):
        return "is an encoder of text, whose head knows no symbols of a domain"
    if not conversion and family and family not in NAMES:
        return f"has a head of family {family!r}; known are those of {', '.join(NAMES)}"
    return None


def read(folder: Path, record: Mapping) -> "State":
    """The head of the checkpoint in `folder`. record: of the catalogue.

    Raises ValueError if it has none, or one of another form.
    """
    if "conversion" in record:
        return CONVERSIONS[record["conversion"]](folder)
    return of_transformers(folder)


def of_transformers(folder: Path) -> "State":
    """That of a folder in the form of transformers, `config.json` and safetensors."""
    from safetensors import safe_open

    config = json_tsv.read_json(folder / "config.json")
    family, stored = config.get("model_type"), {}
    if family not in NAMES:
        raise ValueError(
            f"{folder}: heads of family {family!r} are not known, only those of {', '.join(NAMES)};"
            " leave its tasks out of analyse.zero_shot"
        )
    for path in sorted(folder.glob("model*.safetensors")):
        with damage.named(path), safe_open(path, "pt") as file:
            wanted = ("cls.predictions.", "lm_head.")
            stored |= {
                _modern(name): file.get_tensor(name)
                for name in file.keys()
                if name.startswith(wanted) or name.endswith(TABLE)
            }
    return _head(folder, stored, config, NAMES[family])


def _modern(name: str) -> str:
    """The name of a tensor as newer checkpoints have it: bert-base-uncased's are of 2018."""
    return name.replace("LayerNorm.gamma", "LayerNorm.weight").replace(
        "LayerNorm.beta", "LayerNorm.bias"
    )


def antiberty(folder: Path) -> "State":
    """That of AntiBERTy, whose other heads say species, chain and graft."""
    import torch

    weights = find(folder, "pytorch_model.bin")
    stored = torch.load(weights, weights_only=True, map_location="cpu")
    config = json_tsv.read_json(weights.with_name("config.json"))
    return _head(folder, stored, config, NAMES["bert"])


def sapiens(folder: Path, chain: str) -> "State":
    """That of Sapiens, by fairseq."""
    import torch

    with torch.serialization.safe_globals([argparse.Namespace]):
        path = find(folder, f"checkpoint_{chain}.pt")
        stored = torch.load(path, weights_only=True, map_location="cpu")
    config = {"hidden_act": stored["args"].activation_fn, "layer_norm_eps": 1e-5}  # fairseq's
    state = {name.removeprefix("decoder."): tensor for name, tensor in stored["model"].items()}
    state[TABLE] = state["sentence_encoder.embed_tokens.weight"]
    return _head(folder, state, config, _LIKE_ROBERTA)


def _head(folder: Path, stored: "State", config: Mapping, names: Mapping[str, str]) -> "State":
    """The head of `stored`, whose parts have these `names`.

    Raises ValueError if a part is missing, if the head activates by another function, or if it has
    a table of its own.
    """
    import torch

    activation = config.get("hidden_act", "gelu")
    if activation != "gelu":
        raise ValueError(f"{folder}: its head activates by {activation!r}, not by gelu")
    wanted = {
        f"{ours}.{kind}": f"{names[ours]}.{kind}"
        for ours in ("transform", "norm")
        for kind in ("weight", "bias")
    }
    wanted["bias"] = names["bias"]
    lacking = [name for name in wanted.values() if name not in stored]
    if lacking:
        raise ValueError(
            f"{folder}: has no head that fills in masks ({lacking[0]} is missing); leave its tasks"
            " out of analyse.zero_shot"
        )
    table = next((tensor for name, tensor in stored.items() if name.endswith(TABLE)), None)
    if table is None:
        raise ValueError(f"{folder}: has no {TABLE}, by which its head multiplies")
    outputs = [t for name, t in stored.items() if name.endswith(OUTPUTS)]
    if any(output.shape != table.shape or not torch.equal(output, table) for output in outputs):
        raise ValueError(f"{folder}: its head has a table apart from the embeddings'")
    numbers = {"epsilon": config.get("layer_norm_eps", 1e-12), "scale": 1.0}
    return {ours: stored[name].float() for ours, name in wanted.items()} | {
        name: torch.tensor(number, dtype=torch.float64) for name, number in numbers.items()
    }


CONVERSIONS: dict[str, Callable[[Path], "State"]] = {
    "antiberty": antiberty,
    "sapiens_vh": lambda folder: sapiens(folder, "vh"),
    "sapiens_vl": lambda folder: sapiens(folder, "vl"),
}
