"""An encoder of every family in miniature: widths that tell the parts apart, few layers."""

from pathlib import Path

import numpy as np
import torch
from transformers import (
    AlbertConfig,
    BertConfig,
    DistilBertConfig,
    ElectraConfig,
    EsmConfig,
    GPT2Config,
    LlamaConfig,
    MistralConfig,
    ModernBertConfig,
    MPNetConfig,
    MT5Config,
    PreTrainedModel,
    Qwen2Config,
    Qwen3Config,
    RobertaConfig,
    T5Config,
    UMT5Config,
)

from seqtransfer.encoders import loading
from seqtransfer.encoders.transformers_encoder import TransformersEncoder

WIDTH, NARROW, INNER, ROWS = 8, 6, 14, 56
_SIZES = {
    "vocab_size": ROWS,
    "hidden_size": WIDTH,
    "num_attention_heads": 2,
    "num_hidden_layers": 3,
    "intermediate_size": INNER,
    "max_position_embeddings": 16,
}
_T5 = {
    "vocab_size": ROWS,
    "d_model": WIDTH,
    "d_kv": 5,
    "d_ff": INNER,
    "num_layers": 3,
    "num_heads": 2,
}
_ENDS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
CONFIGS = {
    "bert": BertConfig(**_SIZES),
    "roberta": RobertaConfig(**_SIZES),
    "electra": ElectraConfig(**_SIZES, embedding_size=NARROW),
    "distilbert": DistilBertConfig(
        vocab_size=ROWS,
        dim=WIDTH,
        n_heads=2,
        n_layers=3,
        hidden_dim=INNER,
        max_position_embeddings=16,
    ),
    "albert": AlbertConfig(**_SIZES, embedding_size=NARROW, num_hidden_groups=2, inner_group_num=2),
    "esm": EsmConfig(
        **_SIZES,
        position_embedding_type="rotary",
        emb_layer_norm_before=True,
        pad_token_id=1,
        mask_token_id=2,
    ),
    "mpnet": MPNetConfig(**_SIZES),
    "modernbert": ModernBertConfig(**_SIZES, **_ENDS, local_attention=4),
    "t5": T5Config(**_T5, feed_forward_proj="relu"),
    "mt5": MT5Config(**_T5, feed_forward_proj="gated-gelu"),
    "umt5": UMT5Config(**_T5, feed_forward_proj="gated-gelu"),
    "gpt2": GPT2Config(
        vocab_size=ROWS, n_embd=WIDTH, n_head=2, n_layer=3, n_inner=INNER, n_positions=16, **_ENDS
    ),
    "llama": LlamaConfig(**_SIZES, **_ENDS, num_key_value_heads=1),
    "mistral": MistralConfig(**_SIZES, **_ENDS, num_key_value_heads=1),
    "qwen2": Qwen2Config(**_SIZES, **_ENDS, num_key_value_heads=2),
    "qwen3": Qwen3Config(**_SIZES, **_ENDS, num_key_value_heads=1, head_dim=4),
}
# Layers that have weights of their own: ALBERT's three share those of two groups.
LAYERS = {family: 2 if family == "albert" else 3 for family in CONFIGS}


def is_norm(module: torch.nn.Module) -> bool:
    return isinstance(module, torch.nn.LayerNorm) or type(module).__name__.endswith(
        ("RMSNorm", "T5LayerNorm")
    )


def encoder(family: str, seed: int = 0, rows: int = ROWS) -> PreTrainedModel:
    """A bare encoder, every learned tensor distinctive: gains about 1, the rest N(0, 0.2)."""
    config = type(CONFIGS[family])(**CONFIGS[family].to_dict() | {"vocab_size": rows})
    model = loading.bare(loading.auto_class(family).from_config(config)).eval()
    generator = torch.Generator().manual_seed(seed)
    norms = {f"{name}.weight" for name, module in model.named_modules() if is_norm(module)}
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.normal_(std=0.2, generator=generator)
            if name in norms:
                parameter += 1
    return model


def wrapped(family: str) -> TransformersEncoder:
    """Such an encoder as the classifier takes it, in evaluation mode."""
    offset = 2 if family in ("roberta", "mpnet") else 0
    facts = loading.Facts(family, 3, WIDTH, ROWS, "", 16, offset, token_types=False, pooler=False)
    stock = encoder(family)
    made = TransformersEncoder(stock.config.to_dict(), facts, pooler=False).eval()
    made.model.load_state_dict(stock.state_dict(), strict=False)
    return made


def load(folder: Path, layers: int, rows: np.ndarray, attention: str = "eager") -> PreTrainedModel:
    """A folder's encoder in evaluation mode, cut to `layers` and to `rows` of its table."""
    config = loading.configuration(folder, layers, rows)
    pooler = loading.Facts.of(folder).pooler
    model = loading.build(config, pooler=pooler, attention=attention)
    model.load_state_dict(loading.pretrained(folder, layers, rows))
    return model.eval()
