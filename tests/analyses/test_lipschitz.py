"""Spectral norms are those of exact Jacobians, gains those of LayerNorms alone."""

import numpy as np
import pytest
import torch
from torch import nn

import tiny_encoders
from seqtransfer.analyses import lipschitz
from seqtransfer.encoders import bert
from seqtransfer.encoders.tensor_roles import DECODERS, ENCODER_DECODERS
from seqtransfer.tokens.vocabulary import CLS, SEP

IDS = torch.tensor([[CLS, 5, 6, 7, 6, SEP]])


@pytest.fixture
def encoder():
    torch.manual_seed(0)
    config = bert.Config(
        vocab_size=20, hidden_size=8, num_hidden_layers=3, num_attention_heads=2,
        intermediate_size=12,
    )  # fmt: skip
    made = bert.Bert(config, pooler=False).eval()
    with torch.no_grad():
        for name, weight in made.named_parameters():
            weight.normal_(std=0.4)
            if name.endswith("LayerNorm.weight"):
                weight += 1
    return made


def test_spectral_norms_are_those_of_the_whole_jacobian(encoder):
    found = lipschitz.spectral_norms(encoder, IDS)
    states = list(encoder.hidden_states(IDS, None))
    assert len(found) == 3
    for before, after, norm in zip(states, states[1:], found, strict=False):
        rows = [
            torch.autograd.grad(entry, before, retain_graph=True)[0].flatten()
            for entry in after.flatten()
        ]
        exact = torch.linalg.svdvals(torch.stack(rows).detach())[0].item()
        assert norm == pytest.approx(exact, rel=2e-3)


@pytest.mark.parametrize("size", [2, 30])
def test_the_largest_singular_value_of_a_known_map_is_found(size):
    rng = np.random.default_rng(0)
    left, right = (np.linalg.qr(rng.normal(size=(size, size)))[0] for _ in range(2))
    matrix = torch.from_numpy(left @ np.diag(np.linspace(3.5, 3.4, size)) @ right)
    x = torch.randn(1, 1, size, dtype=torch.float64, requires_grad=True)
    assert lipschitz.largest(x, x @ matrix.T) == pytest.approx(3.5, rel=1e-3)


@pytest.mark.parametrize("eps", [1e-12, 0.5])
def test_gains_bound_the_jacobian_of_each_layer_norm(encoder, eps):
    """With equal gains all singular values but two are the gain: one is 0, and one, of the length,
    the gain times eps / (variance + eps)."""
    module = nn.LayerNorm(8, eps=eps)
    nn.init.constant_(module.weight, -1.7)
    encoder.encoder["layer"][1]["output"]["LayerNorm"] = module
    inputs = []
    module.register_forward_pre_hook(lambda module, given: inputs.append(given[0].detach()))
    gains = dict(lipschitz.layer_norm_gains(encoder, IDS))[2, "feed-forward"]
    assert gains.shape == (IDS.shape[1], 8)
    for token, gain in zip(inputs[0].view(-1, 8), gains, strict=True):
        exact = torch.linalg.svdvals(torch.func.jacrev(module)(token)).tolist()
        assert exact[:6] == pytest.approx([gain.max().item()] * 6, rel=1e-4)
        share = eps / (token.var(correction=0).item() + eps)
        assert exact[6:] == pytest.approx([exact[0] * share, 0], abs=1e-3 * exact[0])


def test_gains_bound_the_jacobian_of_each_rms_norm():
    """With equal gains all singular values but one are the gain; eps is as large as the states."""
    made, norms = tiny_encoders.wrapped("llama"), []
    for module in made.modules():
        if hasattr(module, "variance_epsilon"):
            module.variance_epsilon = 0.5
            nn.init.constant_(module.weight, -1.7)
            module.register_forward_pre_hook(lambda module, given: norms.append((module, given[0])))
    gains = [found for _, found in lipschitz.layer_norm_gains(made, IDS)]
    assert len(gains) == len(norms) == 2 * 3 + 1
    for (module, states), gain in zip(list(norms), gains, strict=True):
        exact = torch.linalg.svdvals(torch.func.jacrev(module)(states[0, 2].detach()))
        assert exact[:-1].tolist() == pytest.approx(
            [gain[2].max().item()] * (len(exact) - 1), rel=1e-4
        )


def test_means_are_over_tokens_of_a_sequence_and_then_over_sequences(encoder):
    other = IDS[:, [0, 2, 5]]
    values = {
        (v.quantity, v.layer, v.part): v.value for v in lipschitz.measure(encoder, [IDS, other])
    }
    each = [dict(lipschitz.layer_norm_gains(encoder, ids))[1, "attention"] for ids in (IDS, other)]
    expected = np.mean([gains.mean().item() for gains in each])
    assert values["gain", 1, "attention"] == pytest.approx(expected)
    norms = [lipschitz.spectral_norms(encoder, ids)[2] for ids in (IDS, other)]
    assert values["spectral_norm", 3, "layer"] == pytest.approx(np.mean(norms))


@pytest.mark.parametrize("family", tiny_encoders.CONFIGS)
def test_every_family_has_its_layer_norms_at_their_places(family):
    made = tiny_encoders.wrapped(family)
    places = [place for place, _ in lipschitz.layer_norm_gains(made, IDS)]
    inner = 6 if family == "albert" else 3  # ALBERT runs its two inner layers three times
    expected = {
        (layer, part) for layer in range(1, inner + 1) for part in ("attention", "feed-forward")
    }
    if family == "modernbert":  # its first layer takes the embeddings as they are
        expected.remove((1, "attention"))
    if family not in (*DECODERS, *ENCODER_DECODERS):
        expected.add((0, "embeddings"))
    if family in ("esm", "modernbert", *DECODERS, *ENCODER_DECODERS):
        expected.add((3, "final"))
    assert set(places) == expected and len(places) == len(expected)
    assert len(lipschitz.spectral_norms(made, IDS)) == inner


def test_states_that_are_not_finite_have_no_norm(encoder):
    with torch.no_grad():
        encoder.encoder["layer"][2]["output"]["dense"].weight[0, 0] = np.nan
    assert np.isnan(lipschitz.spectral_norms(encoder, IDS)).all()
