"""The name of an encoder's tensor -> its role and layer, by family.

Names are those of transformers' encoders without a head (`state_dict` of AutoModel). Roles:

  embedding    tables of tokens, positions and types, and the projection of narrow ones to the width
  attention    query, key, value and output projection
  feedforward  the two projections of a layer's feed-forward block
  layernorm    gain and bias of every LayerNorm, the embeddings' and a final one included
  pooler       the tanh projection of position 0
  other        never trained: rotary frequencies (constants), ESM's contact head (unused)
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

TABLE = "embeddings.word_embeddings.weight"  # the tokens' table, in every family
_TABLES = r"embeddings\.(word|position|token_type)_embeddings"
_LAYER = r"encoder\.layer\.(?P<layer>\d+)\."
_GROUP = r"encoder\.albert_layer_groups\.(?P<layer>\d+)\.albert_layers\.\d+\."
_DISTIL = r"transformer\.layer\.(?P<layer>\d+)\."
_BERT = {
    "embedding": _TABLES,
    "attention": rf"{_LAYER}attention\.(self\.(query|key|value)|output\.dense)",
    "feedforward": rf"{_LAYER}(intermediate|output)\.dense",
    "layernorm": rf"embeddings\.LayerNorm|{_LAYER}(attention\.)?output\.LayerNorm",
    "pooler": r"pooler\.dense",
}
# Family (`model_type` of a transformers config) -> role -> pattern of the tensor's module.
FAMILIES = {
    "bert": _BERT,
    "roberta": _BERT,
    "electra": _BERT | {"embedding": rf"{_TABLES}|embeddings_project"},
    "distilbert": {
        "embedding": _TABLES,
        "attention": rf"{_DISTIL}attention\.(q|k|v|out)_lin",
        "feedforward": rf"{_DISTIL}ffn\.lin[12]",
        "layernorm": rf"embeddings\.LayerNorm|{_DISTIL}(sa|output)_layer_norm",
    },
    # The layers of a group share their weights: here a group counts as one layer.
    "albert": {
        "embedding": rf"{_TABLES}|encoder\.embedding_hidden_mapping_in",
        "attention": rf"{_GROUP}attention\.(query|key|value|dense)",
        "feedforward": rf"{_GROUP}ffn(_output)?",
        "layernorm": rf"embeddings\.LayerNorm|{_GROUP}(full_layer_layer_norm|attention\.LayerNorm)",
        "pooler": r"pooler",
    },
    "esm": _BERT
    | {
        "layernorm": rf"embeddings\.layer_norm|{_LAYER}(attention\.)?LayerNorm"
        r"|encoder\.emb_layer_norm_after",
        "other": r"contact_head\.regression|rotary_embeddings",
    },
}
# The projections that the LoRA paper adapts, by the end of the module's name.
_QUERY_OR_VALUE = re.compile(r"(.*\.(?:query|value|q_lin|v_lin))\.weight")


@dataclass(frozen=True)
class Part:
    """The role of a tensor, and its layer: 0 is the lowest; None outside the layers."""

    role: str  # one of those above
    layer: int | None


def part(name: str, family: str) -> Part:
    """The role and layer of tensor `name` of an encoder of `family`.

    Raises ValueError for a family that is not in FAMILIES, or a name that the family does not have.
    """
    if family not in FAMILIES:
        raise ValueError(
            f"encoder family {family!r} is unknown; known: {', '.join(FAMILIES)}. "
            "Describe its tensor names in seqtransfer/encoders/tensor_roles.py"
        )
    module = name.rpartition(".")[0]
    for role, pattern in FAMILIES[family].items():
        match = re.fullmatch(pattern, module)
        if match:
            layer = match.groupdict().get("layer")
            return Part(role, None if layer is None else int(layer))
    raise ValueError(
        f"{name!r} is no tensor of a {family} encoder without a head; if it is, add its pattern to "
        "seqtransfer/encoders/tensor_roles.py"
    )


def layers(names: Iterable[str], family: str) -> int:
    """The number of layers with weights of their own (ALBERT: of groups)."""
    found = {part(name, family).layer for name in names} - {None}
    return len(found)


def queries_and_values(names: Iterable[str], family: str) -> list[str]:
    """The modules (no `.weight`) that project to queries and values, in the order of `names`."""
    attention = (name for name in names if part(name, family).role == "attention")
    return [match[1] for name in attention if (match := _QUERY_OR_VALUE.fullmatch(name))]
