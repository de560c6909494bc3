"""Our AdamW is torch.optim's, clipping included, and comes back from its tensors."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from seqtransfer.training.optimizer import AdamW


def model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(7, 5), nn.LayerNorm(5), nn.Linear(5, 3))


def loss(net: nn.Module, step: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(step)
    return net(torch.randn(11, 7, generator=generator)).square().sum() * 10.0 ** (step % 3 - 1)


def theirs(net: nn.Module, decay: float, steps: int, rate: float) -> nn.Module:
    groups = [
        {"params": [p for p in net.parameters() if p.ndim > 1], "weight_decay": decay},
        {"params": [p for p in net.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, foreach=False, fused=False)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * (step + 1)
        optimizer.zero_grad()
        loss(net, step).backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
    return net


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_weights_are_those_of_torch(decay):
    ours, expected = model(), theirs(model(), decay, 9, 1e-3)
    optimizer = AdamW(ours, decay)
    for step in range(9):
        loss(ours, step).backward()
        optimizer.step(1e-3 * (step + 1), max_norm=1.0)
        assert all(p.grad is None for p in ours.parameters())
    for mine, reference in zip(ours.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(mine, reference, rtol=1e-5, atol=1e-6)
        assert (mine - reference).abs().max() < 1e-4 * (mine - model()[0].weight.mean()).abs().max()


def test_frozen_and_unused_parameters_stay():
    net = model()
    net[1].requires_grad_(False)
    unused = nn.Parameter(torch.ones(2))
    net.register_parameter("unused", unused)
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    optimizer = AdamW(net, 0.1)
    loss(net, 0).backward()
    optimizer.step(0.1, max_norm=1.0)
    changed = {n for n, t in net.state_dict().items() if not torch.equal(t, before[n])}
    assert changed == {"0.weight", "0.bias", "2.weight", "2.bias"}


def test_it_goes_on_from_its_tensors():
    whole, half = model(), model()
    optimizers = [AdamW(net, 0.1) for net in (whole, half)]
    for net, optimizer in zip((whole, half), optimizers, strict=True):
        for step in range(3):
            loss(net, step).backward()
            optimizer.step(1e-2, max_norm=1.0)
    again = AdamW(half, 0.1)
    again.restore({name: tensor.clone() for name, tensor in optimizers[1].tensors().items()})
    for net, optimizer in ((whole, optimizers[0]), (half, again)):
        loss(net, 3).backward()
        optimizer.step(1e-2, max_norm=1.0)
    for a, b in zip(whole.parameters(), half.parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_gradient_that_is_not_finite_leaves_no_finite_lie():
    net = model()
    optimizer = AdamW(net, 0.0)
    (loss(net, 0) * float("inf")).backward()
    optimizer.step(1e-3, max_norm=1.0)
    assert not all(torch.isfinite(p).all() for p in net.parameters())


def test_training_does_not_import_the_compiler():
    code = (
        "import sys, torch; from torch import nn; from seqtransfer.training import finetuning;"
        "from seqtransfer.training.optimizer import AdamW; net = nn.Linear(2, 2);"
        "o = AdamW(net, 0.0); net(torch.ones(1, 2)).sum().backward(); o.step(0.1, 1.0);"
        "names = {'torch._dynamo', 'torch._inductor', 'transformers', 'sklearn', 'scipy'};"
        "print(sorted(names & set(sys.modules)))"
    )
    path = {"PYTHONPATH": ":".join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", code], env=path, capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr
