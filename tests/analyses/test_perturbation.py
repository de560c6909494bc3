"""Changes by noise are those of linear models, and of BERT's gradient where noise is small."""

from functools import partial

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from seqtransfer.analyses import perturbation
from seqtransfer.encoders import bert
from seqtransfer.scoring.task_kinds import TokenClassification
from seqtransfer.tokens.vocabulary import CLS, SEP
from seqtransfer.training.classifier import UNPOOLED, Classifier
from seqtransfer.training.finetuning import loss_of

IDS = torch.tensor([[CLS, 5, 6, 7, SEP], [CLS, 6, 6, 8, SEP]])
WANTED = torch.tensor([0, 1])


class Linear(nn.Module):
    """A classifier whose pooled state is linear in the encoder's only weight."""

    def __init__(self, width: int = 300):
        super().__init__()
        self.encoder = nn.Linear(6, width, bias=False)
        self.head = nn.Linear(width, 2)
        self.inputs = torch.randn(2, 6, dtype=torch.float64)

    def pooled(self, ids, mask):
        return self.encoder(self.inputs)


@pytest.fixture
def linear():
    torch.manual_seed(0)
    return Linear()


@pytest.fixture
def model():
    torch.manual_seed(0)
    config = bert.Config(
        vocab_size=20, hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=24, initializer_range=0.2,
    )  # fmt: skip
    encoder = bert.Bert(config, pooler=False)
    fresh = bert.fresh(config, torch.Generator().manual_seed(0))
    encoder.load_state_dict({k: v for k, v in fresh.items() if not k.startswith("pooler.")})
    return Classifier(encoder, 16, "mean", 2).eval()


def measure(model):
    values = perturbation.measure(model, [(IDS, None, WANTED)], functional.cross_entropy)
    return {(value.quantity, value.size): value for value in values}


def test_a_linear_model_changes_as_much_as_the_noise_says(linear):
    values = measure(linear)
    weight, x = linear.encoder.weight.double(), linear.inputs
    draws = [
        (x @ perturbation.noise_like({"weight": weight}, draw)["weight"].T).norm().item()
        for draw in range(perturbation.DRAWS)
    ]
    slope = np.sqrt(np.mean(np.square(draws))) / (x @ weight.T).norm().item()
    # In expectation, over noise of the weight's root mean square.
    closed = (
        weight.square().mean().sqrt() * x.norm() * np.sqrt(300) / (x @ weight.T).norm()
    ).item()
    assert slope == pytest.approx(closed, rel=0.1)
    for size in perturbation.SIZES:
        found = values["state_change", size]
        assert found.value == pytest.approx(size * slope, rel=1e-6)
        assert found.reference == pytest.approx(found.value, rel=1e-6)


def test_small_noise_changes_the_loss_as_its_gradient_says(model):
    value = measure(model)["loss_change", perturbation.SIZES[0]].value
    wide = model.double()
    wide.encoder.dtype = torch.float64
    loss = functional.cross_entropy(wide(IDS, None), WANTED)
    weights = dict(wide.encoder.named_parameters())
    gradient = dict(zip(weights, torch.autograd.grad(loss, weights.values()), strict=True))
    changes = []
    for draw in range(perturbation.DRAWS):
        noise = perturbation.noise_like({k: w.detach() for k, w in weights.items()}, draw)
        changes.append(sum((noise[k] * gradient[k]).sum() for k in weights).item())
    expected = perturbation.SIZES[0] * np.sqrt(np.mean(np.square(changes))) / loss.item()
    assert value == pytest.approx(expected, rel=1e-3)


def test_noise_is_relative_to_each_tensor(model):
    """A LayerNorm follows every projection of the embeddings: their scale changes nothing."""
    once = measure(model)["state_change", 0.01].value
    tables = ("word_embeddings", "position_embeddings", "token_type_embeddings")
    with torch.no_grad():
        for name in tables:
            model.encoder.embeddings[name].weight *= 8
    assert measure(model)["state_change", 0.01].value == pytest.approx(once, rel=1e-6)


def test_tensors_of_zeros_get_no_noise():
    noise = perturbation.noise_like({"bias": torch.zeros(4), "weight": torch.ones(4)}, 0)
    assert noise["bias"].tolist() == [0.0] * 4 and noise["weight"].abs().min() > 0


def test_the_model_is_left_as_it_was(model):
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    first, second = measure(model), measure(model)
    assert first == second
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name]) and tensor.dtype == before[name].dtype


def test_batches_count_by_their_examples(model):
    whole = measure(model)
    split = [(IDS[i : i + 1], None, WANTED[i : i + 1]) for i in range(2)]
    for value in perturbation.measure(model, split, functional.cross_entropy):
        assert value.value == pytest.approx(whole[value.quantity, value.size].value, rel=1e-9)


def test_batches_of_labelled_tokens_count_by_their_labels(model):
    model.pooling = UNPOOLED
    wanted = torch.tensor([[-1, 0, 1, 1, -1], [-1, -1, 0, -1, -1]])
    target = TokenClassification(("a", "b"))

    def measured(batches):
        values = perturbation.measure(model, batches, partial(loss_of, target))
        return [one.value for one in values if one.quantity == "loss_change"]

    rows = [(IDS[i : i + 1], None, wanted[i : i + 1]) for i in range(2)]
    assert measured(rows) == pytest.approx(measured([(IDS, None, wanted)]), rel=1e-9)
