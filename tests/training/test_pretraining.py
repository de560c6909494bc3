"""Masks follow the published shares, the loss is BERT's own, and a toy language is learned."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import id_sequences
from seqtransfer import seeds
from seqtransfer.files.arrow import Ragged
from seqtransfer.tokens.vocabulary import CLS, MASK, PAD, SEP
from seqtransfer.training import batches, masked_language_model, pretraining
from seqtransfer.training.checkpoints import Checkpoint
from seqtransfer.training.evaluations import DevWatch
from seqtransfer.training.masked_language_model import IGNORED
from seqtransfer.training.microbatches import MicroBatch
from seqtransfer.training.steps import Schedule

CPU = {"device": "cpu", "precision": "float32"}
PLAN = Schedule(steps=80, batch_size=32, learning_rate=1e-2, warmup=0.1, weight_decay=0.01)


def ragged_of(sequences) -> Ragged:
    names = [f"e{i}" for i in range(len(sequences))]
    return id_sequences.joined(sequences, [-1] * len(sequences), names)


def noise(n: int, seed: int, longest: int = 20) -> Ragged:
    """n random sequences of 3 to `longest` ids."""
    rng = np.random.default_rng(seed)
    bodies = [rng.integers(5, 11, rng.integers(1, longest - 1)) for _ in range(n)]
    return ragged_of([[CLS, *body, SEP] for body in bodies])


def within(count: int, n: int, share: float) -> bool:
    """Is a binomial count within 4.5 standard errors of its mean?"""
    return abs(count - n * share) < 4.5 * np.sqrt(n * share * (1 - share))


def test_of_the_chosen_80_percent_are_masked_10_percent_random_and_10_percent_stay():
    rng = np.random.default_rng(0)
    vocabulary = 25
    ids = rng.integers(0, vocabulary, (400, 500))
    corrupted, labels = masked_language_model.mask_tokens(ids, 0.15, vocabulary, rng)
    chosen, ordinary = labels != IGNORED, ids >= 5
    n = int(chosen.sum())
    assert within(n, int(ordinary.sum()), 0.15)
    masked = chosen & (corrupted == MASK)
    assert within(int(masked.sum()), n, 0.8)
    # A random symbol is the true one once in 20: those look as if they stayed.
    changed = chosen & ~masked & (corrupted != ids)
    assert within(int(changed.sum()), n, 0.1 * 19 / 20)
    assert within(int((chosen & (corrupted == ids)).sum()), n, 0.1 + 0.1 / 20)
    symbols, counts = np.unique(corrupted[changed], return_counts=True)
    assert symbols.tolist() == list(range(5, vocabulary))
    assert all(within(count, int(changed.sum()), 1 / 20) for count in counts)
    assert corrupted.shape == labels.shape == ids.shape


@given(st.integers(0, 2**32), st.floats(0, 1))
def test_special_tokens_are_never_chosen_and_labels_stand_only_at_chosen_places(seed, rate):
    rng = np.random.default_rng(seed)
    ids = rng.integers(0, 9, (6, 10))
    original = ids.copy()
    corrupted, labels = masked_language_model.mask_tokens(ids, rate, 9, rng)
    assert np.array_equal(ids, original)
    special = np.isin(ids, [PAD, CLS, SEP, MASK, 4])
    assert (labels[special] == IGNORED).all()
    assert np.array_equal(corrupted[labels == IGNORED], ids[labels == IGNORED])
    assert np.array_equal(labels[labels != IGNORED], ids[labels != IGNORED])
    assert not np.isin(corrupted[~special], [PAD, CLS, SEP, 4]).any()


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_a_rate_of_nothing_chooses_none_and_a_rate_of_one_chooses_all(rate):
    ids = np.random.default_rng(0).integers(0, 9, (6, 10))
    _, labels = masked_language_model.mask_tokens(ids, rate, 9, np.random.default_rng(1))
    assert np.array_equal(labels != IGNORED, (ids >= 5) & (rate == 1))


def test_the_loss_over_gathered_positions_is_that_of_the_whole_model(masked_model, stock):
    ragged = noise(12, 0)
    ids, mask = batches.collate(ragged, np.arange(12))
    *inputs, true, count = masked_language_model.masked(
        masked_model, ragged, np.arange(12), 0.3, np.random.default_rng(1), "cpu"
    )
    logits = masked_model(*inputs)
    corrupted, labels = masked_language_model.mask_tokens(ids, 0.3, 11, np.random.default_rng(1))
    with torch.inference_mode():
        output = stock(
            input_ids=torch.from_numpy(corrupted),
            attention_mask=torch.from_numpy(mask),
            labels=torch.from_numpy(labels),
        )
    loss = float(masked_language_model.mean_loss(logits, true, count).detach())
    assert loss == pytest.approx(float(output.loss), abs=1e-5)
    np.testing.assert_array_equal(inputs[0], corrupted)
    np.testing.assert_array_equal(true, labels[labels != IGNORED])
    assert count == (labels != IGNORED).sum()
    # As other devices have it: all positions, of which those not chosen count for nothing.
    everywhere = masked_model(inputs[0], inputs[1], None)
    loss = masked_language_model.mean_loss(everywhere, torch.from_numpy(labels.ravel()), count)
    assert float(loss.detach()) == pytest.approx(float(output.loss), abs=1e-5)


def test_held_out_scores_are_of_all_masked_tokens_whatever_the_batches(masked_model, stock):
    sequences = noise(200, 0, longest=36)  # four batches, the last of far longer sequences
    rows = np.arange(200)
    accuracy, loss = masked_language_model.held_out_scores(
        masked_model, sequences, rows, 0.3, "toy", "cpu", MicroBatch(64)
    )
    generator = seeds.generator(0, "toy", "held-out masks")
    right = total = 0
    losses = 0.0
    for indices in batches.in_length_order(sequences.lengths, 64):
        ids, _ = batches.collate(sequences, indices)
        corrupted, labels = masked_language_model.mask_tokens(ids, 0.3, 11, generator)
        with torch.inference_mode():
            states = stock(
                input_ids=torch.from_numpy(corrupted),
                attention_mask=torch.from_numpy((ids != PAD).astype(np.int64)),
            )
        right += int((states.logits.argmax(dim=-1).numpy() == labels).sum())
        total += int((labels != IGNORED).sum())
        losses += float(
            torch.nn.functional.cross_entropy(
                states.logits.flatten(0, 1),
                torch.from_numpy(labels).flatten(),
                reduction="sum",
                ignore_index=IGNORED,
            )
        )
    assert accuracy == pytest.approx(right / total)
    assert loss == pytest.approx(losses / total, rel=1e-5)


def pretrain(sources, sequences, plan=PLAN, **more):
    return pretraining.pretrain(sources, sequences, plan, mask_rate=0.15, **CPU, **more)


RNG = np.random.default_rng(0)
LANGUAGES = {  # which symbol is masked is told ...
    "place": [[5, 6] * 6 for _ in range(600)],  # ... by its place: ABABAB...
    "neighbours": [
        [5 + symbol] * 12 for symbol in RNG.integers(0, 6, 600)
    ],  # AAAA..., BBBB..., ...
}


@pytest.mark.parametrize("told_by", LANGUAGES)
def test_a_deterministic_language_is_learned_far_beyond_its_commonest_symbol(told_by, sources_for):
    bodies = [body[: 8 + i % 5] for i, body in enumerate(LANGUAGES[told_by])]
    done = pretrain(sources_for(), ragged_of([[CLS, *body, SEP] for body in bodies]))
    chance = {"place": 1 / 2, "neighbours": 1 / 6}[told_by]
    assert done.unigram_accuracy == pytest.approx(chance, abs=0.15)
    assert done.masked_accuracy > 0.9
    assert [row["step"] for row in done.history] == [10, 20, 40, 80]
    assert done.history[-1]["train_loss"] < 0.4 < 1 < done.history[0]["train_loss"]
    assert done.masked_accuracy == done.history[-1]["held_out_accuracy"]


def test_pretraining_counts_real_tokens_and_repeats_bit_for_bit(sources_for):
    plan = Schedule(steps=6, batch_size=10, learning_rate=1e-3, warmup=0.1, weight_decay=0.01)
    sequences = ragged_of([[CLS, *[5 + i % 6] * (4 + 2 * (i % 2)), SEP] for i in range(21)])
    # One of 21 is held out; the other 20 are two batches, each epoch sees them all.
    first, second = (pretrain(sources_for(), sequences, plan) for _ in range(2))
    lengths = {6, 8}
    total = int(sequences.lengths.sum())
    assert first.tokens_seen in {3 * (total - length) for length in lengths}
    state = second.encoder.state_dict()
    assert all(torch.equal(t, state[name]) for name, t in first.encoder.state_dict().items())


def test_the_commonest_symbol_is_that_of_the_sequences_trained_on(sources_for):
    plan = Schedule(steps=1, batch_size=4, learning_rate=1e-3, warmup=0.1, weight_decay=0.01)
    sequences = ragged_of([[CLS, 7, 7, 7, 8, SEP]] * 20)
    assert pretrain(sources_for(), sequences, plan).unigram_accuracy == pytest.approx(0.75)


SHORT = Schedule(steps=5, batch_size=8, learning_rate=1e-2, warmup=0.2, weight_decay=0.01)


def equal(a, b) -> bool:
    return all(torch.equal(tensor, b[name]) for name, tensor in a.items())


def test_keeping_weights_on_the_way_changes_nothing_and_sees_every_step(sources_for):
    sequences = noise(40, 1)
    plain = pretrain(sources_for(), sequences, SHORT)
    watched = pretrain(sources_for(), sequences, SHORT, keep=range(1, 6))
    kept = watched.kept
    assert plain.kept == {}
    assert list(kept) == [1, 2, 3, 4, 5]
    assert equal(watched.encoder.state_dict(), plain.encoder.state_dict())
    assert equal(kept[5], plain.encoder.state_dict())
    assert not any(equal(kept[n], kept[n + 1]) for n in range(1, 5))
    assert plain.history == watched.history


def test_a_kept_step_is_that_of_the_schedule_not_that_of_a_shorter_run(sources_for):
    """The weights after k steps are what the optimizer had then: checked by the first step, which
    a warm-up of one step makes the same in every schedule of this batch size."""
    sequences = noise(40, 1)
    plan = Schedule(steps=9, batch_size=8, learning_rate=1e-2, warmup=0.0, weight_decay=0.01)
    one = Schedule(steps=1, batch_size=8, learning_rate=1e-2, warmup=0.0, weight_decay=0.01)
    kept = pretrain(sources_for(), sequences, plan, keep=[1]).kept
    assert equal(kept[1], pretrain(sources_for(), sequences, one).encoder.state_dict())


def test_another_seed_is_another_run_on_the_same_held_out_sequences(sources_for):
    sequences = ragged_of([[CLS, *[5 + i % 6] * 8, SEP] for i in range(40)])
    first, again, other = (pretrain(sources_for(n), sequences, SHORT) for n in (0, 0, 1))
    assert equal(first.encoder.state_dict(), again.encoder.state_dict())
    fixed = {name for name, t in first.encoder.named_parameters() if t.ndim > 1}
    states = first.encoder.state_dict(), other.encoder.state_dict()
    assert not any(torch.equal(states[0][name], states[1][name]) for name in fixed)
    assert first.unigram_accuracy == other.unigram_accuracy


class Killed(Checkpoint):
    """A checkpoint after every step; the process ends with that of `last`."""

    last = 3

    def due(self) -> bool:
        return True

    def save(self, run, record, best) -> None:
        super().save(run, record, best)
        if record["done"] == self.last:
            raise KeyboardInterrupt


def test_a_killed_pretraining_ends_with_the_weights_of_an_uninterrupted_one(sources_for, tmp_path):
    sequences, path = noise(60, 1), tmp_path / "run.safetensors"
    whole = pretrain(sources_for(), sequences, SHORT, keep=[2, 4])
    with pytest.raises(KeyboardInterrupt):
        pretrain(sources_for(), sequences, SHORT, keep=[2, 4], checkpoint=Killed(path, {}))
    done = pretrain(sources_for(), sequences, SHORT, keep=[2, 4], checkpoint=Checkpoint(path, {}))
    assert equal(done.encoder.state_dict(), whole.encoder.state_dict())
    assert all(equal(done.kept[step], whole.kept[step]) for step in (2, 4))
    assert (done.history, done.tokens_seen) == (whole.history, whole.tokens_seen)


PATIENT = Schedule(400, 8, 1e-2, warmup=0.02, weight_decay=0.01, cooldown=pretraining.COOLDOWN)


def test_patience_ends_pretraining_with_the_weights_of_the_least_held_out_loss(sources_for):
    sequences = noise(200, 1)  # of which nothing can be learned but how frequent symbols are
    done = pretrain(sources_for(), sequences, PATIENT, patience=16, keep=range(1, 401))
    steps = [row["step"] for row in done.history]
    losses = [row["held_out_loss"] for row in done.history]
    assert done.plateau and done.steps_taken == steps[-1] < 400
    assert steps == list(range(4, steps[-1] + 1, 4))
    assert done.best_step == steps[int(np.argmin(losses))] < done.steps_taken
    assert equal(done.encoder.plain_state(), done.kept[done.best_step])
    assert not equal(done.encoder.plain_state(), done.kept[done.steps_taken])
    # The rate falls for a fifth of the steps, from the first evaluation on by which 16 steps
    # brought no lower loss, counted from step 16 on.
    best = [steps[int(np.argmin(losses[: i + 1]))] for i in range(len(steps))]
    since = zip(steps, best, strict=True)
    begins = next(step for step, so_far in since if step - max(16, so_far) >= 16)
    assert done.steps_taken == next(step for step in steps if 0.8 * step >= begins)


def test_a_pretraining_that_still_improves_takes_all_steps_and_says_so(sources_for):
    body = [[CLS, *([5 + i % 6] * 12), SEP] for i in range(200)]
    plan = Schedule(32, 8, 1e-3, warmup=0.02, weight_decay=0.01, cooldown=pretraining.COOLDOWN)
    done = pretrain(sources_for(), ragged_of(body), plan, patience=12)
    assert (done.plateau, done.steps_taken) == (False, 32)
    without = pretrain(sources_for(), ragged_of(body), plan)
    assert (without.plateau, without.best_step) == (None, 32)


def test_a_killed_pretraining_with_patience_ends_as_an_uninterrupted_one(sources_for, tmp_path):
    sequences = noise(200, 1)
    whole = pretrain(sources_for(), sequences, PATIENT, patience=16)
    for last in (whole.best_step + 1, whole.steps_taken - 1):  # before and after its end is known
        path = tmp_path / f"{last}.safetensors"
        killed = Killed(path, {})
        killed.last = last
        with pytest.raises(KeyboardInterrupt):
            pretrain(sources_for(), sequences, PATIENT, patience=16, checkpoint=killed)
        done = pretrain(
            sources_for(), sequences, PATIENT, patience=16, checkpoint=Checkpoint(path, {})
        )
        assert equal(done.encoder.state_dict(), whole.encoder.state_dict())
        assert equal(done.head, whole.head)
        assert done.history == whole.history
        assert (done.best_step, done.plateau) == (whole.best_step, whole.plateau)


def test_the_start_is_a_draw_of_its_own_not_that_of_the_random_arm(sources_for):
    still = Schedule(steps=1, batch_size=8, learning_rate=0.0, warmup=0.0, weight_decay=0.0)
    start = pretrain(sources_for(), noise(40, 1), still).encoder.state_dict()
    random = sources_for().state("random")
    moved = [name for name in start if start[name].ndim > 1]
    assert not any(torch.equal(start[name], random[name]) for name in moved)


def test_pretraining_that_diverges_stops_and_says_so_and_keeps_no_weights_but_its_own(sources_for):
    plan = Schedule(6, 8, 1e38, 0.0, 0.0)
    done = pretrain(sources_for(), noise(40, 1), plan, keep=[1, 3])
    last = done.history[-1]
    assert last["step"] < 6 and math.isnan(last["held_out_accuracy"])
    assert math.isnan(done.masked_accuracy)
    assert done.tokens_seen < 6 * 8 * 20
    assert list(done.kept) == [1, 3]
    for name, tensor in done.encoder.plain_state().items():
        assert torch.allclose(tensor, done.kept[3][name], equal_nan=True)


def test_weights_that_break_just_before_an_evaluation_diverge_with_patience_too(
    sources_for, monkeypatch
):
    every = DevWatch(1, 1, 16)  # after each step: none sees a loss of the broken weights before it
    monkeypatch.setattr(pretraining, "watch", lambda steps, patience: every)
    done = pretrain(sources_for(), noise(400, 1), Schedule(64, 8, 1e38, 0.0, 0.0), patience=16)
    assert math.isnan(done.history[-1]["held_out_loss"]) and done.steps_taken < 16


def test_held_out_sequences_of_which_no_token_is_masked_tell_nothing(masked_model):
    scores = masked_language_model.held_out_scores(
        masked_model, noise(4, 0), np.array([0]), 0.0, "x", "cpu", MicroBatch(4)
    )
    assert all(map(math.isnan, scores))


def test_one_sequence_is_too_few_to_pretrain_on(sources_for):
    with pytest.raises(ValueError, match=r"^toy: one sequence is too few to pretrain on"):
        pretrain(sources_for(), noise(1, 0), PATIENT)


def test_patience_without_a_held_out_loss_is_refused(sources_for):
    said = r"^pretrain\.patience: of toy no token of 2 held-out sequences is masked"
    with pytest.raises(ValueError, match=said):  # a sequence so short that chance leaves it whole
        pretrain(sources_for(), noise(40, 1), PATIENT, patience=16)
