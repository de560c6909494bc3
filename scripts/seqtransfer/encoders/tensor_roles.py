"""The name of an encoder's tensor -> its role and layer, by family.

Names are those of transformers' encoders without a head (`state_dict` of AutoModel; of T5's stack
of encoder layers). Roles:

  embedding    tables of tokens, positions (relative ones, too) and types, and the projection of
               narrow ones to the width
  attention    query, key, value and output projection
  feedforward  the projections of a layer's feed-forward block, a gate included
  layernorm    gain and bias of every LayerNorm or RMSNorm, the embeddings' and a final one included
  pooler       the tanh projection of position 0
  other        never trained: rotary frequencies (constants), ESM's contact head (unused)
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_TABLE = "embeddings.word_embeddings"  # the tokens' table of most families
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
_PLAIN = r"layers\.(?P<layer>\d+)\."
_LLAMA = {
    "embedding": r"embed_tokens",
    "attention": rf"{_PLAIN}self_attn\.[qkvo]_proj",
    "feedforward": rf"{_PLAIN}mlp\.(gate|up|down)_proj",
    "layernorm": rf"{_PLAIN}((input|post_attention)_layernorm|self_attn\.[qk]_norm)|norm",
}
_LIKE_LLAMA = ("llama", "mistral", "qwen2", "qwen3")
_GPT2 = r"h\.(?P<layer>\d+)\."
_BLOCK = r"block\.(?P<layer>\d+)\.layer\."
_BIAS = r"0\.SelfAttention\.relative_attention_bias"  # a table of distances, one entry a head
_T5 = {
    "embedding": rf"embed_tokens|block\.0\.layer\.{_BIAS}",  # all layers share the first's
    "attention": rf"{_BLOCK}0\.SelfAttention\.[qkvo]",
    "feedforward": rf"{_BLOCK}1\.DenseReluDense\.w(i|i_[01]|o)",
    "layernorm": rf"{_BLOCK}[01]\.layer_norm|final_layer_norm",
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
    "mpnet": _BERT
    | {
        "embedding": rf"{_TABLES}|encoder\.relative_attention_bias",
        "attention": rf"{_LAYER}attention\.attn\.[qkvo]",
        "layernorm": rf"embeddings\.LayerNorm|{_LAYER}(attention|output)\.LayerNorm",
    },
    "modernbert": {
        "embedding": r"embeddings\.tok_embeddings",
        "attention": rf"{_PLAIN}attn\.W(qkv|o)",
        "feedforward": rf"{_PLAIN}mlp\.W[io]",
        "layernorm": rf"embeddings\.norm|{_PLAIN}(attn|mlp)_norm|final_norm",
    },
    # The encoders of encoder-decoders.
    "t5": _T5,
    "mt5": _T5,
    "umt5": _T5 | {"embedding": rf"embed_tokens|{_BLOCK}{_BIAS}"},
    # Decoders: a token sees only what stands before it.
    "gpt2": {
        "embedding": r"wte|wpe",
        "attention": rf"{_GPT2}attn\.c_(attn|proj)",
        "feedforward": rf"{_GPT2}mlp\.c_(fc|proj)",
        "layernorm": rf"{_GPT2}ln_[12]|ln_f",
    },
    **dict.fromkeys(_LIKE_LLAMA, _LLAMA),
}
DECODERS = ("gpt2", *_LIKE_LLAMA)
ENCODER_DECODERS = ("t5", "mt5", "umt5")
# Of which no tensor is a bias, unless a configuration asks for some.
WITHOUT_BIASES = ("modernbert", "llama", "mistral", "qwen3", *ENCODER_DECODERS)
_OWN_TABLES = {"modernbert": "embeddings.tok_embeddings", "gpt2": "wte"}
_OWN_TABLES |= dict.fromkeys((*_LIKE_LLAMA, *ENCODER_DECODERS), "embed_tokens")
# The projections that the LoRA paper adapts, by the end of the module's name; GPT-2 and ModernBERT
# have one matrix for queries, keys and values.
_QUERY_OR_VALUE = re.compile(
    r"(.*\.(?:query|value|q_lin|v_lin|(?:attn|SelfAttention)\.[qv]|[qv]_proj|c_attn|Wqkv))\.weight"
)


@dataclass(frozen=True)
class Part:
    """What a tensor is.

    role: one of those above; layer: 0 is the lowest, None outside the layers; of_tokens: whether it
    is the tokens' table.
    """

    role: str
    layer: int | None
    of_tokens: bool = False


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
            return Part(role, None if layer is None else int(layer), name == table(family))
    raise ValueError(
        f"{name!r} is no tensor of a {family} encoder without a head; if it is, add its pattern to "
        "seqtransfer/encoders/tensor_roles.py"
    )


def table(family: str) -> str:
    """The name of the tokens' table."""
    return f"{_OWN_TABLES.get(family, _TABLE)}.weight"


def layers(names: Iterable[str], family: str) -> int:
    """The number of layers with weights of their own (ALBERT: of groups)."""
    found = {part(name, family).layer for name in names} - {None}
    return len(found)


def queries_and_values(names: Iterable[str], family: str) -> list[str]:
    """The modules (no `.weight`) that project to queries and values, in the order of `names`; one
    that projects to keys as well counts."""
    attention = (name for name in names if part(name, family).role == "attention")
    return [match[1] for name in attention if (match := _QUERY_OR_VALUE.fullmatch(name))]
