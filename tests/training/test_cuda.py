"""On an NVIDIA device: what the CPU computes, repeatably, and resumed without a trace.

The CPU's own tests hold the same code to independent oracles; here the CPU is the oracle.
"""

import numpy as np
import pytest
import torch
from test_checkpoints import PLAN, TARGET, killed_and_resumed, part, same
from test_pretraining import noise

from seqtransfer.encoders import bert
from seqtransfer.encoders.dropout import Dropout
from seqtransfer.similarity import representation_files, representations
from seqtransfer.training import classifier, devices, finetuning, microbatches, pretraining, steps
from seqtransfer.training.evaluations import DevWatch
from seqtransfer.training.microbatches import MicroBatch
from seqtransfer.training.optimizer import AdamW

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA device")
RUN = {"watch": DevWatch(2, 10**6, 10**6), "seed": 3, "task": "toy", "device": "cuda"}
SIZES = bert.Config(50, 64, 3, 4, 96, 40)


def batch(*, padded: bool):
    ids = torch.randint(5, 50, (6, 20), generator=torch.Generator().manual_seed(1))
    if not padded:
        return ids, None
    mask = (torch.arange(20) < torch.tensor([20, 13, 19, 2, 11, 20])[:, None]).long()
    return ids * mask, mask


def states_and_gradients(device: str, dtype: torch.dtype, padded: bool):
    """The encoder's last states, and the gradient of a weighted sum of them at every parameter."""
    generator = torch.Generator().manual_seed(0)
    encoder = bert.Bert(SIZES, pooler=True)
    encoder.load_state_dict(
        {
            name: torch.randn(tensor.shape, generator=generator) * 0.2 + ("Norm.weight" in name)
            for name, tensor in encoder.state_dict().items()
        }
    )
    ids, mask = batch(padded=padded)
    weights = torch.randn(6, 20, 64, generator=generator)
    weights = weights if mask is None else weights * mask[..., None]
    encoder.to(device, torch.float64 if dtype == torch.float64 else None)
    encoder.dtype = dtype
    encoder.eval()
    states = encoder(ids.to(device), None if mask is None else mask.to(device)).to(weights)
    pooled = encoder.pooled(states.to(device, encoder.table.dtype))
    loss = (states * weights).sum() + pooled.sum().cpu()
    loss.backward()
    gradients = {name: p.grad.double().cpu() for name, p in encoder.named_parameters()}
    states = states.detach() if mask is None else states.detach()[mask.bool()]
    return states.double(), gradients


def distance(left: torch.Tensor, right: torch.Tensor) -> float:
    """Norm of the difference over the norm of `right`."""
    return float((left - right).norm() / right.norm())


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize(
    ("dtype", "bound"), [(torch.float64, 1e-7), (torch.float32, 1e-5), (torch.bfloat16, 3e-2)]
)
def test_states_and_gradients_are_those_of_the_cpu(dtype, bound, padded):
    expected, gradients = states_and_gradients("cpu", torch.float64, padded)
    with devices.reproducible(0, threads=1):
        found, mine = states_and_gradients("cuda", dtype, padded)
    assert distance(found, expected) < bound
    for name, gradient in gradients.items():
        if float(gradient.norm()) > 1e-9:  # the key's bias moves no attention weight
            assert distance(mine[name], gradient) < 4 * bound, name


def test_dropout_keeps_its_share_in_independent_draws_that_a_seed_repeats():
    dropout, x = Dropout(0.1), torch.ones((400, 1000), device="cuda")
    dropout.seed(7)
    first, second = dropout(x.clone()), dropout(x.clone())
    for drawn in (first, second):
        kept = float((drawn > 0).double().mean())
        assert abs(kept - 0.9) < 4.5 * (0.1 * 0.9 / x.numel()) ** 0.5 + 2**-15
        torch.testing.assert_close(drawn.unique().cpu(), torch.tensor([0.0, 1 / 0.9]))
    both = float(((first > 0) & (second > 0)).double().mean())
    assert abs(both - 0.81) < 4.5 * (0.81 * 0.19 / x.numel()) ** 0.5 + 2**-14
    state = torch.cuda.get_rng_state()
    third = dropout(x.clone())
    torch.cuda.set_rng_state(state)
    assert torch.equal(dropout(x.clone()), third)
    torch.cuda.set_rng_state(state)
    z = x.clone().requires_grad_()
    added = dropout.add(torch.zeros_like(x), z)
    assert torch.equal(added, third)
    added.backward(torch.full_like(x, 3.0))
    torch.testing.assert_close(z.grad, third * 3)
    dropout.seed(7)
    assert torch.equal(dropout(x.clone()), first)


@pytest.mark.parametrize("size", [16, 5])
def test_a_replayed_step_is_an_ordinary_one_bit_for_bit(size, sources_for):
    def trained(recordable: bool):
        with devices.reproducible(0, threads=1):
            model = classifier.build("text", sources_for(), "mean", 2).cuda().train()
            model.encoder.dtype = torch.bfloat16
            model.encoder.dropout.seed(5)
            update = steps.Steps(
                AdamW(model, 0.01),
                lambda ids, mask, wanted: finetuning.loss_of(TARGET, model(ids, mask), wanted),
                PLAN,
                microbatches.rows,
                recordable=recordable,
            )
            data = part(64, 0)
            losses = []
            for step in range(PLAN.steps):  # two shapes by turns
                chosen = np.arange(8 + 8 * (step % 2)) + step
                wanted = finetuning.answers(TARGET, data.labels[chosen], "cuda")
                losses.append(
                    update(step, size, *finetuning.to_tensors(data, chosen, "cuda"), wanted)
                )
            assert all(update._recorded.values()) and bool(update._recorded) == recordable
        return losses, {name: tensor.cpu() for name, tensor in model.state_dict().items()}

    (replayed, state), (ordinary, expected) = trained(True), trained(False)
    assert replayed == ordinary
    assert same(state, expected)


def run(sources, checkpoint=None, *, adapted="full", dtype=torch.bfloat16, **changes):
    with devices.reproducible(0, threads=1):
        model = classifier.build("text", sources, "first", 2, adapted)
        model.encoder.dtype = dtype
        if dtype == torch.float32:
            model.encoder.dropout = Dropout(0.0)
        outcome = finetuning.fit(
            model, part(40, 0), part(20, 1), TARGET, PLAN, checkpoint=checkpoint, **RUN | changes
        )
    return {name: tensor.cpu() for name, tensor in model.state_dict().items()}, outcome


@pytest.mark.parametrize("adapted", ["full", "layernorm", "lora"])
def test_a_seed_repeats_a_run_bit_for_bit(adapted, sources_for):
    first, outcome = run(sources_for(), adapted=adapted)
    again, _ = run(sources_for(), adapted=adapted)
    assert same(first, again)
    other, _ = run(sources_for(seed=1), adapted=adapted, seed=4)
    assert not same(first, other)
    assert not outcome.diverged


def test_without_dropout_losses_are_those_of_the_cpu(sources_for):
    changes = {"dtype": torch.float32, "watch": DevWatch(1, 10**6, 10**6)}
    _, here = run(sources_for(), **changes)
    _, there = run(sources_for(), **changes, device="cpu")
    mine, theirs = ([r["train_loss"] for r in o.history[1:]] for o in (here, there))
    np.testing.assert_allclose(mine, theirs, rtol=1e-4)


@pytest.mark.parametrize("steps", [1, 5, 11])
def test_a_killed_run_ends_with_the_weights_of_an_uninterrupted_one(steps, sources_for, tmp_path):
    expected, whole = run(sources_for())
    path = tmp_path / "run.safetensors"
    state, resumed = killed_and_resumed(run, sources_for, path, steps, "cuda")
    assert same(state, expected)
    assert resumed.best_dev == whole.best_dev


def test_pretraining_repeats_bit_for_bit_and_learns_as_on_the_cpu(sources_for):
    def train(device: str, precision: str):
        with devices.reproducible(0, threads=1):
            return pretraining.pretrain(
                sources_for(), noise(200, 0), PLAN, mask_rate=0.15, device=device,
                precision=precision,
            )  # fmt: skip

    first, again = train("cuda", "bfloat16"), train("cuda", "bfloat16")
    assert same(first.encoder.state_dict(), again.encoder.state_dict())
    there = train("cpu", "float32")
    assert first.history[-1]["train_loss"] == pytest.approx(
        there.history[-1]["train_loss"], rel=0.05
    )


def test_representations_are_those_of_the_cpu(sources_for, tmp_path):
    test = part(30, 2)
    probed = representations.probe(test, task="toy", sequences=20, tokens=2)
    read = {}
    for device in ("cpu", "cuda"):
        model = classifier.build("text", sources_for(), "mean", 2)
        path = tmp_path / f"{device}.arrow"
        representations.write(path, model, test, probed, device, MicroBatch(64))
        found = representation_files.RepresentationFile(path)
        depths = representation_files.layer_numbers(found)
        read[device] = np.stack([found[f"layer_{depth}"] for depth in depths])
    np.testing.assert_allclose(read["cuda"], read["cpu"], atol=1e-4)


def test_a_step_of_the_optimizer_is_torchs():
    def moved(device: str, kind):
        torch.manual_seed(0)
        model = torch.nn.Linear(20, 10).to(device)
        optimizer = kind(model)
        for _ in range(5):
            model(torch.linspace(-1, 1, 20, device=device)).square().sum().backward()
            optimizer(model)
        return model.weight.detach().cpu()

    def ours(model):
        optimizer = AdamW(model, 0.01)
        return lambda model: optimizer.step(1e-2, max_norm=1.0)

    def torchs(model):
        groups = [
            {"params": [model.weight], "weight_decay": 0.01},
            {"params": [model.bias], "weight_decay": 0.0},
        ]
        optimizer = torch.optim.AdamW(groups, lr=1e-2)

        def step(model):
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()

        return step

    torch.testing.assert_close(moved("cuda", ours), moved("cpu", torchs), rtol=1e-5, atol=1e-6)
