"""Training learns, repeats bit for bit, keeps the best, ends when it diverges, equals a plain loop.

The toy task: class 1 if a sequence holds a B, class 0 if it holds an A; other symbols are noise.
"""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import matthews_corrcoef
from torch import nn

import id_sequences
from seqtransfer import seeds
from seqtransfer.encoders.dropout import Dropout
from seqtransfer.files.arrow import Ragged
from seqtransfer.scoring.task_kinds import Classification, Regression
from seqtransfer.tokens.vocabulary import CLS, SEP
from seqtransfer.training import batches, classifier, devices, evaluations, finetuning, memory, runs
from seqtransfer.training.evaluations import DevWatch
from seqtransfer.training.steps import Schedule

A, B, NOISE = 5, 6, (7, 8, 9, 10)
TARGET = Classification(("a", "b"))
NUMBERS = Regression(0.5, 0.5)
CPU = {"device": "cpu"}
RUN = {"watch": DevWatch(4, 10**6, 10**6), "seed": 0, "task": "toy", **CPU}


def toy(n: int, seed: int) -> Ragged:
    """n sequences of 5 to 12 ids, half of each class."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    sequences = []
    for label in labels:
        body = rng.choice(NOISE, rng.integers(3, 11))
        body[rng.integers(len(body))] = (A, B)[label]
        sequences.append([CLS, *body, SEP])
    return id_sequences.joined(sequences, labels, [f"e{i}" for i in range(n)])


def relabelled(ragged: Ragged, labels) -> Ragged:
    return Ragged(ragged.ids, ragged.offsets, np.asarray(labels, dtype=np.int64), ragged.names)


def with_labels(ragged: Ragged, labels: np.ndarray) -> Ragged:
    return Ragged(ragged.ids, ragged.offsets, labels, ragged.names)


def build(sources, *, pooling="mean", dropout: bool = True, classes: int = 2):
    model = classifier.build("text", sources, pooling, classes)
    if not dropout:
        model.encoder.dropout = Dropout(0.0)
    return model


def schedule(steps=12, rate=2e-3, batch_size=16, warmup=0.1) -> Schedule:
    return Schedule(steps, batch_size, rate, warmup, weight_decay=0.01)


def test_a_run_that_learns_nothing_more_ends_early_at_a_falling_rate(sources_for, monkeypatch):
    """Labels are noise. What is left of the grid holds the best evaluation."""
    rates = []
    update = finetuning.AdamW.step
    monkeypatch.setattr(
        finetuning.AdamW,
        "step",
        lambda self, rate, norm: (rates.append(rate), update(self, rate, norm)),
    )
    plan = Schedule(200, 16, 1e-3, 0.02, 0.01, cooldown=0.5)
    train = relabelled(toy(96, 0), np.random.default_rng(2).integers(0, 2, 96))
    dev = relabelled(toy(64, 1), np.random.default_rng(3).integers(0, 2, 64))
    run = RUN | {"watch": evaluations.DevWatch(2, 4, 12)}
    outcome = finetuning.fit(build(sources_for()), train, dev, TARGET, plan, **run)
    assert outcome.plateau and not outcome.diverged
    assert len(rates) == outcome.steps < 200
    scores = [row["dev_score"] for row in outcome.history]
    found = next(
        row["step"]
        for i, row in enumerate(outcome.history)
        if row["step"] - max(12, outcome.history[int(np.argmax(scores[: i + 1]))]["step"]) >= 12
    )
    assert 2 * found <= outcome.steps < 2 * found + 4  # half of the steps, up to the grid
    assert rates[found - 1] == 1e-3 and rates[-1] == pytest.approx(2e-3 / outcome.steps)
    assert [row["step"] for row in outcome.history] == run["watch"].grid(200)
    held = [row for row in outcome.history if row["step"] > outcome.steps]
    assert held and {row["dev_score"] for row in held} == {outcome.best_dev["score"]}
    assert {row["examples"] for row in held} == {16 * outcome.steps}


@pytest.mark.parametrize("target", [TARGET, Classification(("a", "b"), "accuracy"), NUMBERS])
def test_dev_is_scored_without_each_group_at_every_evaluation(target, sources_for):
    """By MCC or a correlation; what a run does not take is held like its other scores. Labels are
    noise, so that it ends early."""
    noise = np.random.default_rng(2).integers(0, 2, 160).astype(float if target is NUMBERS else int)
    train, dev = with_labels(toy(96, 0), noise[:96]), with_labels(toy(64, 1), noise[96:])
    groups = np.arange(64) % 5
    run = RUN | {"watch": evaluations.DevWatch(2, 4, 8), "groups": groups}
    model = build(sources_for(), classes=target.outputs)
    plan = Schedule(64, 16, 1e-3, 0.02, 0.01, cooldown=0.5)
    outcome = finetuning.fit(model, train, dev, target, plan, **run)
    steps = [row["step"] for row in outcome.history]
    assert len(outcome.left_out) == len(steps) and {len(row) for row in outcome.left_out} == {5}
    held = [row for row, step in zip(outcome.left_out, steps, strict=True) if step > outcome.steps]
    best = outcome.left_out[steps.index(outcome.best_step)]
    assert held and all(row == best for row in held)
    answers = finetuning.predict(model, dev, target, **CPU)
    for group in range(5):
        rest = np.flatnonzero(groups != group)
        score = target.score(dev.labels[rest], answers[rest])[target.rising]
        assert best[group] == pytest.approx(score)
    records = runs.dev_left_out(outcome)
    assert len(records) == 5 * len(steps)
    assert records[-1] == {"step": 64, "group": 4, "score": best[4]}


def test_a_training_part_smaller_than_a_batch_is_seen_once_a_step(sources_for):
    plan = schedule(steps=4, batch_size=64)
    outcome = finetuning.fit(build(sources_for()), toy(10, 0), toy(20, 1), TARGET, plan, **RUN)
    assert [row["examples"] for row in outcome.history] == [0, 40]


def test_a_run_that_still_learns_takes_all_its_steps(sources_for):
    run = RUN | {"watch": evaluations.DevWatch(4, 8, 64)}
    plan = schedule(steps=64, rate=3e-3)
    outcome = finetuning.fit(build(sources_for()), toy(96, 0), toy(64, 1), TARGET, plan, **run)
    assert not outcome.plateau and outcome.steps == 64


def test_training_learns_a_separable_task_to_the_last_example(sources_for):
    train, dev = toy(96, 0), toy(64, 1)
    model = build(sources_for())
    outcome = finetuning.fit(model, train, dev, TARGET, schedule(steps=96, rate=3e-3), **RUN)
    assert not outcome.diverged
    assert outcome.best_dev["score"] > 0.9
    assert abs(outcome.history[0]["dev_score"]) < 0.5
    right = finetuning.predict(model, train, TARGET, **CPU).argmax(axis=1) == train.labels
    assert right.mean() == 1.0


def test_the_history_has_a_row_at_every_evaluation_and_its_first_has_no_train_loss(sources_for):
    plan = schedule(steps=12)
    outcome = finetuning.fit(build(sources_for()), toy(48, 0), toy(20, 1), TARGET, plan, **RUN)
    assert [row["step"] for row in outcome.history] == [0, 4, 8, 12]
    assert [row["examples"] for row in outcome.history] == [0, 64, 128, 192]
    assert math.isnan(outcome.history[0]["train_loss"])
    assert all(math.isfinite(row["train_loss"]) for row in outcome.history[1:])
    scores = {f"dev_{name}" for name in ("loss", "score", "accuracy", "mcc", "macro_f1", "f1")}
    assert set(outcome.history[0]) == {"step", "examples", "train_loss"} | scores


def test_a_seed_gives_the_same_weights_bit_for_bit_and_another_seed_others(sources_for):
    def weights(seed):
        with devices.reproducible(seed, threads=1):
            model = build(sources_for())
            run = RUN | {"seed": seed}
            finetuning.fit(model, toy(48, 0), toy(20, 1), TARGET, schedule(), **run)
        return torch.cat([p.flatten() for p in model.parameters()])

    assert torch.equal(weights(0), weights(0))
    assert not torch.equal(weights(0), weights(1))


def test_the_seed_and_the_task_decide_the_order_of_the_batches(sources_for):
    def losses(**changes):
        model, run = (
            build(sources_for(), dropout=False),
            RUN | {"watch": DevWatch(1, 10**6, 10**6)} | changes,
        )
        plan = schedule(steps=2)
        outcome = finetuning.fit(model, toy(48, 0), toy(20, 1), TARGET, plan, **run)
        return [row["train_loss"] for row in outcome.history[1:]]

    assert losses() == losses()
    assert losses() != losses(seed=1)
    assert losses() != losses(task="other")


def test_nondeterministic_kernels_are_refused_inside_and_allowed_again_after():
    with devices.reproducible(0, threads=1):
        first = torch.rand(3)
        assert torch.are_deterministic_algorithms_enabled()
        assert torch.get_num_threads() == 1
    with pytest.raises(RuntimeError), devices.reproducible(0, threads=1):
        assert torch.equal(torch.rand(3), first)
        raise RuntimeError
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize("rule", ["opposite", "coin"])
def test_the_best_step_is_the_first_of_the_highest_dev_scores_and_its_weights_come_back(
    rule, sources_for
):
    train, dev = toy(64, 0), toy(40, 1)
    coin = np.random.default_rng(3).integers(0, 2, 40)
    dev = relabelled(dev, 1 - dev.labels if rule == "opposite" else coin)
    model = build(sources_for())
    plan, run = schedule(steps=40, rate=3e-3), RUN | {"watch": DevWatch(1, 10**6, 10**6)}
    outcome = finetuning.fit(model, train, dev, TARGET, plan, **run)
    curve = [row["dev_score"] for row in outcome.history]
    best = curve.index(max(curve))
    assert outcome.best_step == outcome.history[best]["step"] < 40
    predictions = finetuning.predict(model, dev, TARGET, **CPU).argmax(axis=1)
    assert matthews_corrcoef(dev.labels, predictions) == pytest.approx(max(curve), abs=1e-12)
    assert outcome.best_dev["score"] == max(curve)


def test_a_rate_that_blows_up_ends_the_run_as_diverged_with_usable_weights(sources_for):
    model = build(sources_for())
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    train, dev = toy(48, 0), toy(20, 1)
    # At step 0 every dev answer is wrong (MCC -1): broken weights, whose constant answer scores 0,
    # must not pass for better ones.
    with torch.no_grad():
        logits = np.log(finetuning.predict(model, dev, TARGET, **CPU))
        model.head.bias[0] -= float(np.median(logits[:, 0] - logits[:, 1]))
    before["head.bias"] = model.head.bias.detach().clone()
    dev = relabelled(dev, 1 - finetuning.predict(model, dev, TARGET, **CPU).argmax(axis=1))
    run = RUN | {"watch": DevWatch(1, 10**6, 10**6)}
    outcome = finetuning.fit(model, train, dev, TARGET, schedule(rate=math.inf), **run)
    assert outcome.history[0]["dev_score"] == pytest.approx(-1)
    assert outcome.diverged
    assert outcome.best_step == 0
    # It takes one step, of 16 examples, and its curve goes on with the best score.
    curve = outcome.history
    assert [row["step"] for row in curve] == [0, 1, 2, 4, 8, 12]
    assert [row["examples"] for row in curve] == [0] + [16] * 5
    assert [row["dev_score"] for row in curve] == [pytest.approx(-1)] * 6
    assert all(math.isnan(row["train_loss"]) for row in curve)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert np.isfinite(finetuning.predict(model, dev, TARGET, **CPU)).all()


@pytest.mark.parametrize(("far", "exploded"), [(68.0, False), (1.0, True)])
def test_a_label_far_out_is_no_explosion(sources_for, far, exploded):
    """Its batch costs as much, whatever the rate: 8,000 lognormal labels may reach 68."""
    train = relabelled(toy(48, 0), np.where(np.arange(48) == 7, far, 0.1))
    given = (build(sources_for(), classes=1), train, toy(20, 1), Regression(0.0, 1.0), schedule())
    training = finetuning.FineTuning(*given, **RUN, sizes=memory.Sizes(16), groups=None, keep=())
    assert training.usable(0.3)
    assert training.usable(68.0**2 / 16) != exploded
    assert not training.usable(math.inf) and not training.usable(math.nan)


def test_a_run_whose_last_step_breaks_it_has_diverged_too(sources_for):
    plan = schedule(steps=1, rate=math.inf)
    outcome = finetuning.fit(build(sources_for()), toy(48, 0), toy(20, 1), TARGET, plan, **RUN)
    assert outcome.diverged


@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_a_model_that_is_not_finite_before_training_takes_no_step_and_has_no_score(
    kind, sources_for
):
    model, train, dev = build(sources_for(), classes=2), toy(48, 0), toy(20, 1)
    target = TARGET
    if kind == "regression":
        target, model = Regression(0.5, 0.5), build(sources_for(), classes=1)
    with torch.no_grad():
        model.head.weight[0, 0] = math.nan
    outcome = finetuning.fit(model, train, dev, target, schedule(), **RUN)
    assert outcome.diverged and outcome.best_step == 0
    assert math.isnan(outcome.best_dev["score"]) and math.isnan(outcome.best_dev["loss"])
    assert {row["examples"] for row in outcome.history} == {0}
    assert outcome.history[-1]["step"] == schedule().steps


def test_a_number_far_from_zero_is_answered_in_more_digits_than_float32_has(sources_for):
    answers = finetuning.predict(
        build(sources_for(), classes=1), toy(20, 1), Regression(1e9, 1.0), **CPU
    )
    assert answers.dtype == np.float64 and len(np.unique(answers)) > 10


def test_predictions_come_in_the_order_of_the_input_and_padding_does_not_change_them(sources_for):
    ragged = toy(150, 2)  # three batches of 64, sorted by length
    for pooling in classifier.POOLINGS:
        model = build(sources_for(), pooling=pooling, classes=3)
        together = finetuning.predict(model, ragged, TARGET, **CPU)
        assert (together.shape, together.dtype) == ((150, 3), np.float32)
        np.testing.assert_allclose(together.sum(axis=1), 1, rtol=1e-5)
        with torch.inference_mode():
            for i in range(150):
                ids = torch.from_numpy(ragged[i].astype(np.int64)).unsqueeze(0)
                alone = torch.exp(model(ids, None)[0].log_softmax(dim=-1)).numpy()
                np.testing.assert_allclose(together[i], alone, rtol=0, atol=1e-5)


def test_predicting_switches_dropout_off(sources_for):
    model, ragged = build(sources_for()).train(), toy(10, 2)
    first, second = (finetuning.predict(model, ragged, TARGET, **CPU) for _ in range(2))
    assert np.array_equal(first, second)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 2), st.lists(st.floats(0.01, 1), min_size=3, max_size=3))
                , min_size=1, max_size=12))  # fmt: skip
def test_the_dev_loss_is_the_mean_negative_log_likelihood_in_nats(rows):
    labels = [label for label, _ in rows]
    probabilities = np.array([p for _, p in rows], dtype=np.float64)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    scores = Classification(("a", "b", "c")).score(np.array(labels), probabilities)
    expected = nn.functional.nll_loss(torch.from_numpy(probabilities).log(), torch.tensor(labels))
    assert scores["loss"] == pytest.approx(float(expected))
    assert scores["n"] == len(rows)


def test_a_certain_and_wrong_answer_has_a_finite_loss():
    scores = TARGET.score(np.array([0]), np.array([[0.0, 1.0]]))
    assert scores["loss"] == pytest.approx(-math.log(1e-12))


def plain_losses(model, train: Ragged, plan: Schedule, seed: int) -> list[float]:
    """The loss of each step, by an ordinary PyTorch loop without any of our training code."""
    decayed = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": plan.weight_decay}, {"params": others}],
        lr=plan.learning_rate,
        weight_decay=0.0,
        foreach=False,
        fused=False,
    )
    rise = max(1, round(plan.warmup * plan.steps))

    def rate(step: int) -> float:
        return (step + 1) / rise if step < rise else (plan.steps - step) / (plan.steps - rise + 1)

    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
    generator = seeds.generator(seed, "toy", "order")
    losses = []
    model.train()
    for indices in batches.order(train.lengths, plan.batch_size, plan.steps, generator):
        rows = [torch.from_numpy(train[i].astype(np.int64)) for i in indices]
        ids = nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=0)
        loss = nn.CrossEntropyLoss()(
            model(ids, (ids != 0).long()), torch.tensor(train.labels[indices])
        )
        optimizer.zero_grad()
        loss.backward()
        gradients = [p.grad for p in model.parameters() if p.grad is not None]
        norm = torch.sqrt(sum((g**2).sum() for g in gradients))
        if norm > 1:
            for gradient in gradients:
                gradient /= norm
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
    return losses


def test_training_equals_a_plain_pytorch_loop(sources_for):
    train, plan = toy(64, 0), schedule(steps=16, rate=1e-3, warmup=0.25)
    expected = plain_losses(build(sources_for(), dropout=False), train, plan, seed=0)
    model = build(sources_for(), dropout=False)
    run = RUN | {"watch": DevWatch(1, 10**6, 10**6)}
    outcome = finetuning.fit(model, train, toy(20, 1), TARGET, plan, **run)
    means, start = [], 0
    for row in outcome.history[1:]:
        means.append(np.mean(expected[start : row["step"]]))
        start = row["step"]
    assert start == 16 and expected[0] != pytest.approx(expected[-1], abs=1e-3)
    train_losses = [row["train_loss"] for row in outcome.history[1:]]
    np.testing.assert_allclose(train_losses, means, rtol=0, atol=1e-5)


def test_a_batch_on_the_device_is_the_batch_of_collate():
    ragged = toy(6, 0)
    ids, mask = finetuning.to_tensors(ragged, np.arange(6), "cpu")
    expected_ids, expected_mask = batches.collate(ragged, np.arange(6))
    assert np.array_equal(ids.numpy(), expected_ids)
    assert np.array_equal(mask.numpy(), expected_mask)
    assert finetuning.to_tensors(ragged, np.array([2, 2]), "cpu")[1] is None


def test_a_number_is_learned_and_answered_in_its_own_unit(sources_for):
    def numbers(part):  # 1000 for an A, 1010 for a B
        return Ragged(part.ids, part.offsets, 1000.0 + 10 * part.labels, part.names)

    train, dev = numbers(toy(96, 0)), numbers(toy(64, 1))
    target = Regression(train.labels.mean(), train.labels.std(), "pearson")
    model = build(sources_for(), classes=1)
    outcome = finetuning.fit(model, train, dev, target, schedule(steps=96, rate=3e-3), **RUN)
    assert outcome.best_dev["pearson"] == outcome.best_dev["score"] > 0.9
    answers = finetuning.predict(model, dev, target, **CPU)
    assert answers.shape == (64, 1)
    assert np.abs(answers[:, 0] - dev.labels).mean() < 3


def test_the_loss_of_a_number_is_its_squared_error_in_units_of_the_deviation():
    target = Regression(5.0, 2.0)
    wanted = finetuning.answers(target, np.array([7.0, 3.0]), "cpu")
    loss = finetuning.loss_of(target, torch.tensor([[0.5], [-1.0]]), wanted)
    assert float(loss) == pytest.approx(((0.5 - 1) ** 2 + 0) / 2)
    scores = target.score(np.array([7.0, 3.0]), np.array([[6.0], [3.0]]))
    assert scores["loss"] == pytest.approx(((0.5 - 1) ** 2 + 0) / 2)
