"""Every tensor of every family has one role and one place; the oracle is the model's modules."""

import re

import pytest
import torch
from torch import nn
from transformers.pytorch_utils import Conv1D

import tiny_encoders
from seqtransfer.encoders import tensor_roles
from seqtransfer.encoders.tensor_roles import Part

FAMILIES = sorted(tiny_encoders.CONFIGS)
TABLE = tensor_roles.table("bert")


def by_module(model: nn.Module, name: str) -> str:
    """The role that type and widths of the module say: an account that reads no name's pattern."""
    module = model.get_submodule(name.rpartition(".")[0])
    if tiny_encoders.is_norm(module):
        return "layernorm"
    if isinstance(module, nn.Embedding):
        return "embedding"
    if not isinstance(module, nn.Linear | Conv1D) or 1 in module.weight.shape:
        return "other"
    if module in getattr(model, "pooler", nn.Identity()).modules():
        return "pooler"
    sizes = set(module.weight.shape)
    if {tiny_encoders.INNER, 2 * tiny_encoders.INNER} & sizes:
        return "feedforward"
    return "embedding" if tiny_encoders.NARROW in sizes else "attention"


@pytest.mark.parametrize("family", FAMILIES)
def test_the_role_of_a_tensor_is_that_of_its_module(family):
    model = tiny_encoders.encoder(family)
    names = list(model.state_dict())
    assert {name: tensor_roles.part(name, family).role for name in names} == {
        name: by_module(model, name) for name in names
    }


@pytest.mark.parametrize("family", FAMILIES)
def test_the_layer_of_a_tensor_is_its_place_in_the_models_list(family):
    model = tiny_encoders.encoder(family)
    (place,) = (
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.ModuleList) and name.count(".") <= 1
    )
    blocks = model.get_submodule(place)
    expected = dict.fromkeys(model.state_dict())
    for i, block in enumerate(blocks):
        expected |= {f"{place}.{i}.{name}": i for name in block.state_dict()}
    if family in ("t5", "mt5"):  # all layers use the first one's table of distances
        expected["block.0.layer.0.SelfAttention.relative_attention_bias.weight"] = None
    assert {name: tensor_roles.part(name, family).layer for name in model.state_dict()} == expected
    assert tensor_roles.layers(expected, family) == len(blocks) == tiny_encoders.LAYERS[family]


@pytest.mark.parametrize("family", FAMILIES)
def test_no_tensor_has_two_roles(family):
    for name in tiny_encoders.encoder(family).state_dict():
        module = name.rpartition(".")[0]
        patterns = tensor_roles.FAMILIES[family].values()
        assert sum(bool(re.fullmatch(pattern, module)) for pattern in patterns) == 1, name


@pytest.mark.parametrize("family", FAMILIES)
def test_the_table_of_tokens_is_the_models_input_embedding(family):
    model = tiny_encoders.encoder(family)
    assert model.get_parameter(tensor_roles.table(family)) is model.get_input_embeddings().weight
    of_tokens = {n for n in model.state_dict() if tensor_roles.part(n, family).of_tokens}
    assert of_tokens == {tensor_roles.table(family)}


@pytest.mark.parametrize("family", FAMILIES)
def test_queries_and_values_are_two_projections_a_block_or_one_with_the_keys(family):
    model = tiny_encoders.encoder(family)
    names = tensor_roles.queries_and_values(model.state_dict(), family)
    blocks = {name.rpartition(".")[0] for name in names}
    fused = {"gpt2": {"c_attn"}, "modernbert": {"Wqkv"}}.get(family)
    assert len(names) == (1 if fused else 2) * len(blocks)
    assert len(blocks) == (4 if family == "albert" else 3)
    pairs = [{"query", "value"}, {"q_lin", "v_lin"}, {"q", "v"}, {"q_proj", "v_proj"}]
    assert {name.rpartition(".")[2] for name in names} in ([fused] if fused else pairs)
    assert all(isinstance(model.get_submodule(name), nn.Linear | Conv1D) for name in names)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_decoder_is_a_family_whose_tokens_see_nothing_after_them(family):
    made, ids = tiny_encoders.wrapped(family), torch.arange(5, 13)[None]
    with torch.inference_mode():
        before = made(ids, None)
        ids[0, -1] = 14
        moved = not torch.allclose(made(ids, None)[0, :-1], before[0, :-1], atol=1e-6)
    assert moved != (family in tensor_roles.DECODERS)


def test_rotary_positions_are_no_learned_part():
    assert tensor_roles.part("rotary_embeddings.inv_freq", "esm") == Part("other", None)
    assert "rotary_embeddings.inv_freq" in tiny_encoders.encoder("esm").state_dict()


@pytest.mark.parametrize(
    ("name", "family", "message"),
    [
        (TABLE, "deberta", "family 'deberta' is unknown; known: bert, roberta, electra"),
        ("bert." + TABLE, "bert", "is no tensor of a bert encoder"),
        ("cls.predictions.bias", "bert", "'cls.predictions.bias' is no tensor of a bert"),
        ("transformer.layer.0.ffn.lin1.weight", "bert", "is no tensor of a bert"),
        ("encoder.layer.x.output.dense.weight", "bert", "is no tensor of a bert"),
        ("pooler.dense.weight", "distilbert", "is no tensor of a distilbert"),
        ("decoder.block.0.layer.0.layer_norm.weight", "t5", "is no tensor of a t5 encoder"),
    ],
)
def test_another_family_or_name_is_refused(name, family, message):
    with pytest.raises(ValueError, match=message):
        tensor_roles.part(name, family)
