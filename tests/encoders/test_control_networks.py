"""Controls compute what torch's own modules compute; order and padding change what they should."""

import pytest
import torch
from torch import nn

from seqtransfer.encoders import control_networks
from seqtransfer.encoders.control_networks import FILTERS, HEADS, SPANS
from seqtransfer.encoders.controls import CONTROLS, TITLES
from seqtransfer.tokens.vocabulary import CLS, PAD, SEP
from seqtransfer.training import classifier

SIZES = {"vocabulary": 11, "width": 32, "positions": 16}
LENGTHS = (9, 7, 4, 3)
NAMES = tuple(CONTROLS)


@pytest.fixture
def batch():
    """ids (4, 9) with padding, and their mask."""
    generator = torch.Generator().manual_seed(0)
    ids = torch.full((4, 9), PAD)
    for row, n in zip(ids, LENGTHS, strict=True):
        row[:n] = torch.tensor(
            [CLS, *torch.randint(5, 11, (n - 2,), generator=generator).tolist(), SEP]
        )
    return ids, (torch.arange(9) < torch.tensor(LENGTHS)[:, None]).long()


def model_of(name, seed=0, outputs=3):
    """The control with its pooling and a head, in float64, without dropout; gains off 1."""
    network = control_networks.build(name, **SIZES, seed=seed)
    model = classifier.Classifier(network, network.output_width, CONTROLS[name].pooling, outputs)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.3)
    return model.double().eval()


def plain(name, model):
    """The same function of one sequence's ids (length,), of torch's own modules and this model's
    parameters."""
    inner = model.encoder

    def bag(ids):
        return inner.norm(nn.functional.embedding(ids, inner.tokens.weight)).mean(dim=0)

    def cnn(ids):
        x = inner.norm(inner.tokens(ids)).T[None]
        layers = []
        for convolution in inner.convolutions:
            left, right = (
                (len(convolution.weight[0, 0]) - 1) // 2,
                len(convolution.weight[0, 0]) // 2,
            )
            padded = nn.ConstantPad1d((left, right), 0.0)(x)
            layers.append(nn.functional.conv1d(padded, convolution.weight, convolution.bias))
        return nn.AdaptiveMaxPool1d(1)(torch.cat(layers, dim=1).relu())[0, :, 0]

    def attention(ids):
        x = inner.norm(inner.tokens(ids) + inner.places(torch.arange(len(ids))))
        whole = nn.MultiheadAttention(SIZES["width"], HEADS, batch_first=True).double()
        whole.in_proj_weight, whole.in_proj_bias = inner.projection.weight, inner.projection.bias
        whole.out_proj.weight, whole.out_proj.bias = inner.output.weight, inner.output.bias
        attended, _ = whole(x[None], x[None], x[None])
        return inner.output_norm(x + attended[0]).mean(dim=0)

    states = {"bag-of-embeddings": bag, "cnn": cnn, "self-attention": attention}[name]
    return lambda ids: model.head(states(ids))


@pytest.mark.parametrize("name", NAMES)
def test_logits_and_gradients_are_those_of_torchs_modules(name, batch):
    ids, mask = batch
    model = model_of(name)
    reference = plain(name, model)
    ours = model(ids, mask)
    theirs = torch.stack([reference(row[:n]) for row, n in zip(ids, LENGTHS, strict=True)])
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-10)
    weights = torch.randn(ours.shape, generator=torch.Generator().manual_seed(2)).double()
    parameters = list(model.parameters())
    ours = torch.autograd.grad((ours * weights).sum(), parameters)
    theirs = torch.autograd.grad((theirs * weights).sum(), parameters)
    assert all(gradient.abs().max() > 0 for gradient in ours)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_padding_changes_no_answer(name, batch):
    ids, mask = batch
    model = model_of(name)
    padded = model(ids, mask)
    for row, n, answer in zip(ids, LENGTHS, padded, strict=True):
        torch.testing.assert_close(model(row[None, :n], None)[0], answer, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", NAMES)
def test_only_a_bag_of_embeddings_is_blind_to_order(name, batch):
    ids = batch[0][:1]
    moved = ids[:, [0, 3, 1, 2, 7, 5, 6, 4, 8]]
    assert not torch.equal(ids, moved) and torch.equal(ids.sort().values, moved.sort().values)
    model = model_of(name)
    blind = torch.allclose(model(ids, None), model(moved, None), rtol=0, atol=1e-10)
    assert blind == (name == "bag-of-embeddings")


@pytest.mark.parametrize("name", NAMES)
def test_weights_are_those_of_the_seed_and_leave_torchs_generator_alone(name):
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    first, again, other = (
        control_networks.build(name, **SIZES, seed=seed).plain_state() for seed in (3, 3, 4)
    )
    assert torch.equal(torch.rand(3), expected)
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not torch.equal(first["tokens.weight"], other["tokens.weight"])
    assert float(first["tokens.weight"].std()) == pytest.approx(0.02, rel=0.2)


def test_states_have_a_row_per_token(batch):
    widths = {"cnn": FILTERS * len(SPANS)}
    for name in NAMES:
        network = control_networks.build(name, **SIZES, seed=0)
        assert network(*batch).shape == (4, 9, widths.get(name, SIZES["width"]))


def test_a_width_that_heads_do_not_divide_is_refused():
    with pytest.raises(ValueError, match="a width of 30 is not divisible by 4 heads"):
        control_networks.build("self-attention", vocabulary=9, width=30, positions=8, seed=0)


def test_every_control_has_a_network_and_a_pooling_that_is_known():
    assert set(control_networks.NETWORKS) == set(TITLES) == set(CONTROLS)
    assert {control.pooling for control in CONTROLS.values()} <= set(classifier.POOLINGS)
