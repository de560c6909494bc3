"""Micro-batches give the update of the whole batch, and memory that runs out halves them.

The oracle is the whole batch, in float64 where the loss allows, and in pretraining without dropout.
"""

import os
import platform
import subprocess
import sys

import numpy as np
import pytest
import torch
from test_checkpoints import Killed, KilledAfter, part

from seqtransfer.encoders import bert, control_networks
from seqtransfer.encoders.dropout import Dropout
from seqtransfer.files.arrow import Ragged
from seqtransfer.scoring.task_kinds import Classification, Regression
from seqtransfer.training import classifier, finetuning, masked_language_model, microbatches
from seqtransfer.training.checkpoints import Checkpoint
from seqtransfer.training.evaluations import DevWatch
from seqtransfer.training.memory import Sizes
from seqtransfer.training.microbatches import MicroBatch
from seqtransfer.training.steps import Schedule

TARGETS = {
    "classification": Classification(("a", "b", "c")),
    "regression": Regression(0.4, 0.7, "pearson"),
}
PLAN = Schedule(4, 7, 1e-3, 0.1, weight_decay=0.01)
RUN = {"watch": DevWatch(2, 10**6, 10**6), "seed": 3, "task": "toy", "device": "cpu"}
TOO_LARGE = 2**60  # bytes: no machine has them, so the CPU's own allocator refuses


def encoder_of(kind: str, dropout: float):
    if kind != "bert":
        return control_networks.build(kind, vocabulary=11, width=16, positions=12, seed=1)
    config = bert.Config(11, 16, 2, 4, 24, 12, hidden_dropout_prob=dropout)
    encoder = bert.Bert(config, pooler=True)
    generator = torch.Generator().manual_seed(0)
    encoder.load_state_dict(
        {
            name: torch.randn(tensor.shape, generator=generator) * 0.2 + ("Norm.weight" in name)
            for name, tensor in encoder.state_dict().items()
        }
    )
    return encoder


def model_of(kind="bert", pooling="mean", outputs=3, dropout=0.0, dtype=torch.float32):
    torch.manual_seed(0)
    encoder = encoder_of(kind, dropout)
    encoder.dropout = Dropout(dropout)
    width = getattr(encoder, "output_width", 16)
    model = classifier.Classifier(encoder, width, pooling, outputs).to(dtype)
    model.encoder.dtype = dtype
    return model


def trained(model, target=TARGETS["classification"], micro_batch=7, checkpoint=None):
    return finetuning.fit(
        model, labelled(target), labelled(target), target, PLAN,
        checkpoint=checkpoint, sizes=Sizes(micro_batch), **RUN,
    )  # fmt: skip


def labelled(target) -> Ragged:
    """Fifteen sequences of 4 to 10 tokens: batches have padding, and parts of unequal size."""
    sequences = part(15, 0)
    kinds = np.arange(15) % 3
    labels = kinds if isinstance(target, Classification) else kinds / 2
    return Ragged(sequences.ids, sequences.offsets, labels, sequences.names)


def gradients(model, loss, split, size, inputs) -> tuple[float, dict[str, torch.Tensor]]:
    """The loss of a batch taken `size` examples at a time, and the gradient of every parameter."""
    model.train()
    model.zero_grad()
    total = 0.0
    for weight, taken in split(size, *inputs):
        value = weight * loss(*taken)
        value.backward()
        total += float(value.detach())
    named = model.named_parameters()
    return total, {name: p.grad.clone() for name, p in named if p.grad is not None}


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("kind", ["classification", "regression"])
@pytest.mark.parametrize(
    ("network", "pooling"),
    [*(("bert", pooling) for pooling in classifier.POOLINGS), ("cnn", "max")],
)
def test_gradients_of_micro_batches_add_up_to_those_of_the_batch(network, pooling, kind, dropout):
    target = TARGETS[kind]
    outputs = 3 if kind == "classification" else 1
    model = model_of(network, pooling, outputs, dropout, torch.float64)
    data = labelled(target)
    ids, mask = finetuning.to_tensors(data, np.arange(7), "cpu")
    wanted = finetuning.answers(target, data.labels[:7], "cpu")
    if kind == "regression":
        wanted = wanted.double()
    assert mask is not None

    def loss(ids, mask, wanted):
        return finetuning.loss_of(target, model(ids, mask), wanted)

    def split(*batch):
        model.encoder.dropout.seed(5)
        return microbatches.rows(*batch, dropout=model.encoder.dropout)

    batch = (ids, mask, wanted)
    whole, expected = gradients(model, loss, split, 7, batch)
    after = model.encoder.dropout.state()
    model.encoder.dropout.seed(5)
    assert whole == float(loss(*batch).detach())
    for size in (1, 3, 4):
        value, found = gradients(model, loss, split, size, batch)
        assert model.encoder.dropout.state() == after  # the next batch draws as it would have
        assert value == pytest.approx(whole, rel=1e-12)
        assert found.keys() == expected.keys()
        for name, gradient in found.items():
            torch.testing.assert_close(gradient, expected[name], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("everywhere", [False, True])
def test_masked_tokens_count_alike_in_whichever_micro_batch_they_are(everywhere):
    """The second example has no token to fill in, the others one to five."""
    generator = torch.Generator().manual_seed(0)
    model = masked_language_model.MaskedLanguageModel(encoder_of("bert", 0.0), 16, generator)
    ids = torch.randint(5, 11, (5, 8), generator=generator)
    labels = torch.full_like(ids, masked_language_model.IGNORED)
    for row, count in enumerate([1, 0, 5, 2, 3]):
        labels[row, :count] = ids[row, :count]
    labels, count = labels.flatten(), torch.tensor(11.0)
    wanted = None if everywhere else torch.nonzero(labels != masked_language_model.IGNORED)[:, 0]
    true = labels if everywhere else labels[wanted]
    batch = (ids, torch.ones_like(ids), wanted, true, count)

    def loss(*inputs):
        return masked_language_model.mean_loss(model(*inputs[:3]), *inputs[3:])

    split = masked_language_model.parts
    whole, expected = gradients(model, loss, split, 5, batch)
    assert whole == float(loss(*batch).detach())
    for size in (1, 2, 3):
        value, found = gradients(model, loss, split, size, batch)
        assert value == pytest.approx(whole, rel=1e-6)
        for name, gradient in found.items():
            torch.testing.assert_close(gradient, expected[name], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_a_run_in_micro_batches_has_the_losses_of_one_in_whole_batches(dropout):
    whole, parts = (trained(model_of(dropout=dropout), micro_batch=size) for size in (7, 3))
    for mine, theirs in zip(parts.history, whole.history, strict=True):
        assert mine["dev_loss"] == pytest.approx(theirs["dev_loss"], abs=1e-5)
    assert (whole.micro_batch, parts.micro_batch) == (7, 3)


def last_weights(model, monkeypatch, **options) -> dict[str, torch.Tensor]:
    """The weights after the last step of a run, not those of its best score."""
    kept = {}
    load = type(model).load_state_dict

    def keep(self, state, **how):
        kept.update({name: tensor.clone() for name, tensor in self.state_dict().items()})
        return load(self, state, **how)

    with monkeypatch.context() as patched:
        patched.setattr(type(model), "load_state_dict", keep)
        kept["outcome"] = trained(model, **options)
    return kept


def same(left: dict, right: dict) -> bool:
    return all(torch.equal(t, right[name]) for name, t in left.items() if name != "outcome")


def raised(error, after=None):
    """The error, raised while `after` was handled."""
    try:
        try:
            raise after or ValueError
        except type(after or ValueError()):
            raise error  # noqa: B904
    except type(error) as found:
        return found


@pytest.mark.parametrize(
    ("error", "after", "expected"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), None, True),
        (torch.AcceleratorError("CUDA error: out of memory"), None, True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling x"), None, True),
        (RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"), None, True),
        (MemoryError(), None, True),
        (RuntimeError("operation failed due to a previous error during capture"),
         torch.OutOfMemoryError("CUDA out of memory"), True),
        (RuntimeError("operation failed due to a previous error during capture"), None, False),
        (torch.AcceleratorError("CUDA error: device-side assert triggered"), None, False),
    ],
)  # fmt: skip
def test_memory_that_runs_out_is_known_by_whatever_says_so(error, after, expected):
    assert microbatches.is_out_of_memory(raised(error, after)) is expected


def test_memory_that_runs_out_halves_the_micro_batch_and_leaves_no_trace(monkeypatch, capsys):
    """The failure comes after dropout has drawn for two layers; the step begins anew."""
    expected = last_weights(model_of(dropout=0.1), monkeypatch, micro_batch=2)
    model, pooled = model_of(dropout=0.1), classifier.Classifier.pooled

    def greedy(self, ids, mask):
        states = pooled(self, ids, mask)
        if self.training and len(ids) > 2:
            torch.empty(TOO_LARGE, dtype=torch.uint8)
        return states

    monkeypatch.setattr(classifier.Classifier, "pooled", greedy)
    found = last_weights(model, monkeypatch, micro_batch=7)
    assert same(found, expected)
    assert found["outcome"].micro_batch == 2
    assert "with 7 examples at a time; on with 4" in capsys.readouterr().out


def test_a_killed_run_goes_on_with_its_micro_batch_though_memory_holds_more(monkeypatch, tmp_path):
    expected = last_weights(model_of(dropout=0.1), monkeypatch, micro_batch=3)
    checkpoint = KilledAfter(tmp_path / "run.safetensors", {})
    checkpoint.steps = 2
    with pytest.raises(Killed):
        trained(model_of(dropout=0.1), micro_batch=3, checkpoint=checkpoint)
    again = Checkpoint(tmp_path / "run.safetensors", {})
    found = last_weights(model_of(dropout=0.1), monkeypatch, micro_batch=7, checkpoint=again)
    assert same(found, expected) and found["outcome"].micro_batch == 3


def test_scoring_takes_fewer_examples_where_memory_runs_out(monkeypatch):
    model, data, target = model_of(), labelled(TARGETS["classification"]), TARGETS["classification"]
    expected = finetuning.predict(model, data, target, device="cpu")
    pooled = classifier.Classifier.pooled

    def greedy(self, ids, mask):
        if len(ids) > 4:
            torch.empty(TOO_LARGE, dtype=torch.uint8)
        return pooled(self, ids, mask)

    monkeypatch.setattr(classifier.Classifier, "pooled", greedy)
    found = finetuning.predict(model, data, target, device="cpu")
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def test_what_scoring_has_learned_of_memory_holds_for_the_whole_run(monkeypatch, capsys):
    """Three evaluations; only the first one meets the limit."""
    pooled = classifier.Classifier.pooled

    def greedy(self, ids, mask):
        if not self.training and len(ids) > 4:
            torch.empty(TOO_LARGE, dtype=torch.uint8)
        return pooled(self, ids, mask)

    monkeypatch.setattr(classifier.Classifier, "pooled", greedy)
    outcome = trained(model_of())
    assert len(outcome.history) == 3 and (outcome.micro_batch, outcome.scored) == (7, 4)
    halved = [line for line in capsys.readouterr().out.splitlines() if "memory ran out" in line]
    assert [line.split()[-1] for line in halved] == ["32", "16", "8", "4"]


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps freed memory")
def test_memory_of_a_model_that_is_gone_is_there_for_the_next():
    script = """
import psutil, torch
from seqtransfer.training import devices
def taken():
    return psutil.Process().memory_info().rss / 2**20
with devices.reproducible(0, threads=1):
    torch.ones(1)
    before = taken()
    kept = [torch.ones(2**18) for _ in range(300)]  # 300 MiB in tensors of 1 MiB
    held = [torch.ones(2**8) for _ in range(300)]  # behind them, so that the heap cannot shrink
    del kept
    freed = taken()
    devices.give_back_memory()
    print(before, freed, taken())
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    found = subprocess.check_output([sys.executable, "-c", script], env=environment)
    before, freed, given_back = map(float, found.split())
    assert freed - before > 290 and given_back - before < 20


def test_one_example_that_does_not_fit_fails_with_what_to_change():
    def work(size):
        torch.empty(TOO_LARGE, dtype=torch.uint8)

    with pytest.raises(MemoryError, match=r"one sequence at a time.*mem_mb.*max_length"):
        MicroBatch(5).attempt(work)


@pytest.mark.parametrize("error", [RuntimeError("shapes do not match"), ValueError("no")])
def test_any_other_error_is_raised_at_once(error):
    sizes = []

    def work(size):
        sizes.append(size)
        raise error

    with pytest.raises(type(error), match=str(error)):
        MicroBatch(8).attempt(work)
    assert sizes == [8]
