"""Gram matrices are exact in any memory; confusion is that of quadratics with known gradients."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile

from seqtransfer.analyses import gradient_confusion

CENTRES = torch.tensor([[1.0, 0, 0], [-2.0, 0, 0], [0, 3.0, 1]])


class Point(nn.Module):
    """A point, in three parts; with `half_square` its gradient for a centre is point - centre."""

    def __init__(self):
        super().__init__()
        self.embeddings = nn.Linear(1, 1, bias=False)
        self.layer = nn.Linear(1, 1, bias=False)
        self.head = nn.Linear(1, 1, bias=False)
        self.unused = nn.Linear(1, 1, bias=False)
        for weight in self.parameters():
            nn.init.zeros_(weight)

    def forward(self, ids, mask):
        parts = (self.embeddings, self.layer, self.head)
        return torch.cat([part.weight.flatten() for part in parts])


def half_square(outputs, centre):
    return 0.5 * (outputs - centre).square().sum()


def measure(centres, memory=1e9):
    batches = [(torch.zeros(1, 1), None, centre) for centre in centres]
    values = gradient_confusion.measure(Point(), batches, half_square, memory)
    return {(value.part, value.quantity): value for value in values}


def test_quadratics_have_the_confusion_of_their_centres():
    """At the origin the gradients are -c: of these, 1 and 2 pull against each other."""
    values = measure(CENTRES)
    assert values["all", "eta"].value == pytest.approx(2)
    assert values["all", "minimum_cosine"].value == pytest.approx(-1)
    assert values["all", "mean_cosine"].value == pytest.approx(-1 / 3)
    lengths = [1, 2, np.sqrt(10)]
    assert values["all", "norm"].value == pytest.approx(np.mean(lengths))
    assert values["embeddings", "eta"].value == pytest.approx(2)
    assert values["encoder", "eta"].value == values["head", "eta"].value == 0
    assert np.isnan(values["head", "minimum_cosine"].value)  # two gradients of the head are 0


def test_equal_batches_are_not_confused():
    values = measure(CENTRES[[2, 2, 2]])
    assert values["all", "eta"].value == 0
    assert values["all", "mean_cosine"].value == pytest.approx(1)


def test_the_reference_counts_only_rows_of_embeddings_that_some_batch_reads():
    torch.manual_seed(0)
    model = nn.Module()
    model.embeddings, model.head = nn.Embedding(10, 4), nn.Linear(4, 2)
    model.forward = lambda ids, mask: model.head(model.embeddings(ids).mean(1))
    wanted = torch.tensor([0])
    batches = [(torch.tensor([ids]), None, wanted) for ids in ([1, 2], [2, 3], [3, 1])]
    values = gradient_confusion.measure(model, batches, nn.functional.cross_entropy, 1e9)
    found = {value.part: value.reference for value in values if value.quantity == "minimum_cosine"}
    for part, entries in (("embeddings", 3 * 4), ("head", 4 * 2 + 2), ("all", 3 * 4 + 4 * 2 + 2)):
        of_one = gradient_confusion.summary(torch.eye(3, dtype=torch.float64), 1)
        assert found[part] == pytest.approx(of_one["minimum_cosine"][1] / np.sqrt(entries)), part


def test_confusion_scales_with_the_square_of_the_loss_and_cosines_do_not():
    once, thrice = measure(CENTRES), measure(3 * CENTRES)
    assert thrice["all", "eta"].value == pytest.approx(9 * once["all", "eta"].value)
    for name in ("minimum_cosine", "mean_cosine"):
        assert thrice["all", name].value == pytest.approx(once["all", name].value)


@pytest.mark.parametrize("held", [1, 2, 3, 6, 7, 10])
def test_the_gram_matrix_does_not_depend_on_how_many_gradients_are_held(held):
    sizes = {"a": 3, "b": 50}
    rows = {name: torch.randn(7, size, generator=torch.Generator().manual_seed(size))
            for name, size in sizes.items()}  # fmt: skip
    computed = []

    def gradient(number):
        computed.append(number)
        yield "b", rows["b"][number, :30].reshape(6, 5)
        yield "a", rows["a"][number]
        yield "b", rows["b"][number, 30:].reshape(4, 5)

    found = gradient_confusion.gram(gradient, sizes, 7, held)
    for name, part in rows.items():
        expected = part.double() @ part.double().T
        torch.testing.assert_close(found[name], expected, rtol=1e-12, atol=1e-12)
    blocks = range(0, 7, held)
    assert len(computed) == sum(7 - start for start in blocks)


@pytest.mark.parametrize("held", [1, 2, 3])
def test_the_gram_matrix_of_long_gradients_loses_nothing_to_rounding(held):
    """Equal gradients have cosines of 1, however many entries are summed and held at a time."""
    entries = torch.rand(3_000_000, generator=torch.Generator().manual_seed(0))
    found = gradient_confusion.gram(lambda number: [("a", entries)], {"a": len(entries)}, 3, held)
    exact = np.square(entries.double().numpy()).sum()
    np.testing.assert_allclose(found["a"].numpy(), exact, rtol=1e-12)


def test_memory_limits_how_many_gradients_are_held(monkeypatch):
    held = []
    plain = gradient_confusion.gram
    monkeypatch.setattr(
        gradient_confusion, "gram", lambda g, s, n, h: held.append(h) or plain(g, s, n, h)
    )
    for memory in (1, 4 * 4 * 3, 1e9):  # a gradient has four entries of four bytes
        measure(CENTRES, memory)
    assert held[:2] == [1, 2] and held[2] > 1e6


def peak(work):
    """The most bytes that PyTorch has allocated at a time while `work()` ran."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        work()
    events = sorted(profiled.events(), key=lambda event: event.time_range.start)
    return max(np.cumsum([event.self_cpu_memory_usage for event in events]))


@pytest.mark.parametrize("gradients", [2, 3, 5])
def test_gradients_take_no_more_than_the_given_memory(gradients):
    model = nn.Sequential(*(nn.Linear(400, 400) for _ in range(8)))
    model.forward = lambda ids, mask, plain=model.forward: plain(ids)
    batches = [(torch.ones(1, 400), None, torch.full((1, 400), float(i))) for i in range(6)]
    bytes_of_one = 4 * sum(weight.numel() for weight in model.parameters())
    memory = gradients * bytes_of_one
    used = peak(lambda: gradient_confusion.measure(model, batches, half_square, memory))
    assert memory - bytes_of_one / 2 < used < memory + bytes_of_one / 4


@pytest.mark.parametrize("lengths", [torch.ones(12), torch.linspace(0.1, 4, 12) ** 2])
def test_the_reference_is_what_independent_directions_give(lengths):
    generator = torch.Generator().manual_seed(0)
    size, found = 400, []
    for _ in range(300):
        rows = torch.randn(12, size, generator=generator, dtype=torch.float64)
        rows *= lengths[:, None] / np.sqrt(size)
        found.append(gradient_confusion.summary(rows @ rows.T, size))
    for name in ("minimum_cosine", "eta", "mean_cosine"):
        mean = np.mean([values[name][0] for values in found])
        assert mean == pytest.approx(found[0][name][1], rel=0.06, abs=2e-3), name


def test_a_gradient_that_is_not_finite_leaves_no_number():
    values = measure(CENTRES.clone().fill_(np.nan))
    assert all(np.isnan(value.value) for value in values.values())
