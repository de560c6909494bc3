"""Classes of tokens: loss and gradient by hand, what is masked, and tasks that are learnt whole.

Constructed tasks: the class of a token is its symbol, or the symbol after it.
"""

import math

import numpy as np
import pytest
import torch
from test_microbatches import gradients, model_of

import id_sequences
from seqtransfer.files.arrow import Ragged
from seqtransfer.scoring.task_kinds import TokenClassification
from seqtransfer.tokens.vocabulary import CLS, SEP
from seqtransfer.training import classifier, finetuning, microbatches
from seqtransfer.training.classifier import UNPOOLED
from seqtransfer.training.evaluations import DevWatch
from seqtransfer.training.microbatches import MicroBatch
from seqtransfer.training.steps import Schedule

TARGET = TokenClassification(("a", "b", "c"))
CPU = {"device": "cpu"}


def sequences(n: int, seed: int, shift: int) -> Ragged:
    """n sequences of 3 to 9 of three symbols; the class of a token is the symbol `shift` after it,
    and that of the last `shift` tokens is unknown."""
    rng = np.random.default_rng(seed)
    bodies = [rng.integers(0, 3, rng.integers(3, 10)) for _ in range(n)]
    labels = [
        np.concatenate([[-1], body[shift:], np.full(shift, -1), [-1]]).astype(np.int64)
        for body in bodies
    ]
    ids = [[CLS, *(body + 5), SEP] for body in bodies]
    made = id_sequences.joined(ids, [-1] * n, [f"e{i}" for i in range(n)])
    return Ragged(
        made.ids, made.offsets, made.labels, made.names, token_labels=np.concatenate(labels)
    )


def test_the_loss_is_the_mean_over_labelled_tokens_alone():
    """Logits of equal size give ln 3; a token of certainty p gives -ln p."""
    outputs = torch.tensor([[0.0, 0, 0], [math.log(2), 0, 0], [9, -9, 5], [0, 0, 0]])
    wanted = torch.tensor([[0, 0], [-1, -1]])
    loss = finetuning.loss_of(TARGET, outputs, wanted)
    assert float(loss) == pytest.approx((math.log(3) - math.log(2 / 4)) / 2)
    nothing = finetuning.loss_of(TARGET, outputs, torch.full((2, 2), -1))
    assert float(nothing) == 0


def test_the_gradient_is_softmax_minus_truth_and_zero_where_no_label_is():
    outputs = torch.randn(6, 3, generator=torch.Generator().manual_seed(0)).requires_grad_()
    wanted = torch.tensor([[0, 2, -1], [-1, 1, -1]])
    finetuning.loss_of(TARGET, outputs, wanted).backward()
    known = wanted.flatten() >= 0
    truth = torch.nn.functional.one_hot(wanted.flatten().clamp(min=0), 3)
    expected = (outputs.detach().softmax(dim=1) - truth) / 3
    torch.testing.assert_close(outputs.grad[known], expected[known])
    assert (outputs.grad[~known] == 0).all()


def test_a_batch_has_a_class_at_every_token_and_none_at_specials_and_padding():
    data = sequences(5, 0, shift=0)
    ids, mask, wanted = finetuning.batch(TARGET, data, np.arange(5), "cpu")
    assert wanted.shape == ids.shape and (mask == 0).any()
    assert torch.equal(wanted >= 0, ids >= 5)
    assert torch.equal(wanted[ids >= 5], ids[ids >= 5] - 5)


@pytest.mark.parametrize("network", ["bert", "cnn"])
def test_gradients_of_micro_batches_weigh_every_labelled_token_alike(network):
    """Sequences are of unequal length, and the first has no labelled token."""
    model = model_of(network, UNPOOLED, 3, dtype=torch.float64)
    data = sequences(7, 1, shift=2)
    data.token_labels[: data.offsets[1]] = -1
    batch = finetuning.batch(TARGET, data, np.arange(7), "cpu")

    def loss(ids, mask, wanted):
        return finetuning.loss_of(TARGET, model(ids, mask), wanted)

    whole, expected = gradients(model, loss, microbatches.labelled, 7, batch)
    assert whole == float(loss(*batch).detach())
    by_rows, _ = gradients(model, loss, microbatches.rows, 1, batch)
    assert abs(by_rows - whole) > 1e-3  # sequences would weigh alike
    for size in (1, 3, 4):
        value, found = gradients(model, loss, microbatches.labelled, size, batch)
        assert value == pytest.approx(whole, rel=1e-7)  # the weights are float32
        for name, gradient in found.items():
            torch.testing.assert_close(gradient, expected[name], rtol=1e-5, atol=1e-8)


def test_predictions_are_in_the_order_of_the_ids_and_padding_does_not_change_them(sources_for):
    data = sequences(150, 2, shift=0)  # three batches of 64, sorted by length
    model = classifier.build("text", sources_for(), UNPOOLED, 3)
    together = finetuning.predict(model, data, TARGET, **CPU)
    assert (together.shape, together.dtype) == ((len(data.ids), 3), np.float32)
    halved = finetuning.predict(model, data, TARGET, MicroBatch(7), **CPU)
    np.testing.assert_allclose(halved, together, rtol=0, atol=1e-5)
    with torch.inference_mode():
        for i in range(0, 150, 10):
            ids = torch.from_numpy(data[i].astype(np.int64)).unsqueeze(0)
            alone = model(ids, None).softmax(dim=-1).numpy()
            own = together[data.offsets[i] : data.offsets[i + 1]]
            np.testing.assert_allclose(own, alone, rtol=0, atol=1e-5)


@pytest.mark.parametrize("network", ["random", "cnn"])
@pytest.mark.parametrize("shift", [0, 1])
def test_a_task_whose_classes_are_symbols_is_learnt_whole(sources_for, network, shift):
    train, dev = sequences(256, 3, shift), sequences(64, 4, shift)
    model = classifier.build(network, sources_for(), UNPOOLED, 3)
    plan = Schedule(300, 16, 3e-3, 0.1, weight_decay=0.01)
    watch = DevWatch(100, 10**6, 10**6)
    outcome = finetuning.fit(
        model, train, dev, TARGET, plan, watch=watch, seed=0, task="toy", **CPU
    )
    found = TARGET.score(dev.token_labels, finetuning.predict(model, dev, TARGET, **CPU))
    assert found["mcc"] == outcome.best_dev["mcc"] == pytest.approx(1.0)
    assert found["n"] == sum(dev.lengths - 2 - shift) and outcome.best_dev["n"] == 64
