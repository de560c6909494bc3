"""Every tensor of every family has one role and one place; the oracle is the model's modules."""

import re

import pytest
from torch import nn

import tiny_encoders
from seqtransfer.encoders import tensor_roles
from seqtransfer.encoders.tensor_roles import Part

FAMILIES = sorted(tiny_encoders.CONFIGS)


def by_module(model: nn.Module, name: str) -> str:
    """The role that type and widths of the module say: an account that reads no name's pattern."""
    module = model.get_submodule(name.rpartition(".")[0])
    if isinstance(module, nn.LayerNorm):
        return "layernorm"
    if isinstance(module, nn.Embedding):
        return "embedding"
    if not isinstance(module, nn.Linear) or module.out_features == 1:
        return "other"
    if module in getattr(model, "pooler", nn.Identity()).modules():
        return "pooler"
    sizes = {module.in_features, module.out_features}
    if tiny_encoders.INNER in sizes:
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
        if isinstance(module, nn.ModuleList) and name.count(".") == 1
    )
    blocks = model.get_submodule(place)
    expected = dict.fromkeys(model.state_dict())
    for i, block in enumerate(blocks):
        expected |= {f"{place}.{i}.{name}": i for name in block.state_dict()}
    assert {name: tensor_roles.part(name, family).layer for name in model.state_dict()} == expected
    assert tensor_roles.layers(expected, family) == len(blocks) == tiny_encoders.LAYERS[family]


@pytest.mark.parametrize("family", FAMILIES)
def test_no_tensor_has_two_roles(family):
    for name in tiny_encoders.encoder(family).state_dict():
        module = name.rpartition(".")[0]
        patterns = tensor_roles.FAMILIES[family].values()
        assert sum(bool(re.fullmatch(pattern, module)) for pattern in patterns) == 1, name


@pytest.mark.parametrize("family", FAMILIES)
def test_the_table_of_tokens_has_one_name_everywhere(family):
    model = tiny_encoders.encoder(family)
    assert tensor_roles.TABLE.removesuffix(".weight") in {
        name for name, module in model.named_modules() if module is model.get_input_embeddings()
    }


@pytest.mark.parametrize("family", FAMILIES)
def test_queries_and_values_are_two_square_projections_a_block(family):
    model = tiny_encoders.encoder(family)
    names = tensor_roles.queries_and_values(model.state_dict(), family)
    blocks = {name.rpartition(".")[0] for name in names}
    assert len(names) == 2 * len(blocks) == (8 if family == "albert" else 6)
    assert {name.rpartition(".")[2] for name in names} in ({"query", "value"}, {"q_lin", "v_lin"})
    assert all(isinstance(model.get_submodule(name), nn.Linear) for name in names)


def test_rotary_positions_are_no_learned_part():
    assert tensor_roles.part("rotary_embeddings.inv_freq", "esm") == Part("other", None)
    assert "rotary_embeddings.inv_freq" in tiny_encoders.encoder("esm").state_dict()


@pytest.mark.parametrize(
    ("name", "family", "message"),
    [
        (tensor_roles.TABLE, "gpt2", "family 'gpt2' is unknown; known: bert, roberta, electra"),
        ("bert." + tensor_roles.TABLE, "bert", "is no tensor of a bert encoder"),
        ("cls.predictions.bias", "bert", "'cls.predictions.bias' is no tensor of a bert"),
        ("transformer.layer.0.ffn.lin1.weight", "bert", "is no tensor of a bert"),
        ("encoder.layer.x.output.dense.weight", "bert", "is no tensor of a bert"),
        ("pooler.dense.weight", "distilbert", "is no tensor of a distilbert"),
    ],
)
def test_another_family_or_name_is_refused(name, family, message):
    with pytest.raises(ValueError, match=message):
        tensor_roles.part(name, family)
