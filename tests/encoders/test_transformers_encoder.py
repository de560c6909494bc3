"""Encoders by transformers, and adaptations, in the classifier: build, train, save, load."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file

import id_sequences
from seqtransfer.encoders import adaptations, bert, encoder_folders, initializations
from seqtransfer.encoders.tensor_roles import DECODERS
from seqtransfer.encoders.transformers_encoder import TransformersEncoder
from seqtransfer.files.arrow import Ragged
from seqtransfer.scoring.task_kinds import Classification
from seqtransfer.tokens.vocabulary import CLS, PAD, SEP
from seqtransfer.training import classifier, devices, finetuning, microbatches, pretraining
from seqtransfer.training.optimizer import AdamW
from seqtransfer.training.steps import Schedule, Steps

TARGET = Classification(("a", "b"))
PLAN = Schedule(3, 8, 1e-2, 0.1, weight_decay=0.01)
SIZES = {"vocab_size": 56, "hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2}
SIZES |= {"intermediate_size": 24, "max_position_embeddings": 32}
ENDS = {"pad_token_id": 1, "bos_token_id": 2, "eos_token_id": 3}
FAMILIES = {
    "roberta": transformers.RobertaConfig(**SIZES),
    "distilbert": transformers.DistilBertConfig(
        vocab_size=56, dim=16, n_layers=3, n_heads=2, hidden_dim=24, max_position_embeddings=32
    ),
    "esm": transformers.EsmConfig(
        **SIZES, pad_token_id=1, mask_token_id=32, position_embedding_type="rotary"
    ),
    "mpnet": transformers.MPNetConfig(**SIZES),
    "albert": transformers.AlbertConfig(**SIZES, embedding_size=8),
    "t5": transformers.T5Config(
        vocab_size=56, d_model=16, d_kv=6, d_ff=24, num_layers=3, num_heads=2
    ),
    "gpt2": transformers.GPT2Config(
        vocab_size=56, n_embd=16, n_layer=3, n_head=2, n_positions=32, **ENDS
    ),
    "llama": transformers.LlamaConfig(**SIZES, **ENDS),
}


def part(n: int) -> Ragged:
    rng = np.random.default_rng(n)
    sequences = [[CLS, *rng.integers(5, 11, rng.integers(2, 9)), SEP] for _ in range(n)]
    return id_sequences.joined(sequences, np.arange(n) % 2, [f"e{i}" for i in range(n)])


@pytest.fixture(params=FAMILIES)
def strange(request, tokenizer_folder, tmp_path) -> classifier.WeightSources:
    """Sources of which the text encoder is of another family."""
    torch.manual_seed(0)
    transformers.AutoModel.from_config(FAMILIES[request.param]).save_pretrained(tmp_path / "stock")
    house = tmp_path / "house"
    encoder_folders.write(
        house, "x", encoder_folders.read(tmp_path / "stock"), {}, None, tokenizer_folder
    )
    return classifier.WeightSources(house, 2, np.arange(20, 31), None, None, 3, "toy")


def fit(model: classifier.Classifier) -> classifier.Classifier:
    """Three steps; not `finetuning.fit`, which may put step 0 back."""
    data = part(8)
    with devices.reproducible(1, threads=1):
        optimizer = AdamW(model.train(), PLAN.weight_decay)
        batch = *finetuning.to_tensors(data, np.arange(8), "cpu"), torch.from_numpy(data.labels)
        update = Steps(
            optimizer,
            lambda ids, mask, wanted: finetuning.loss_of(TARGET, model(ids, mask), wanted),
            PLAN,
            microbatches.rows,
            recordable=False,
        )
        for step in range(PLAN.steps):
            update(step, 8, *batch)
    return model


@pytest.mark.parametrize("pooling", classifier.POOLINGS)
@pytest.mark.parametrize("arm", ["text", "random", "shuffled", "first-1"])
def test_any_family_trains_repeats_and_comes_back(arm, pooling, strange, tmp_path):
    if pooling == "first" and strange.facts.family in DECODERS:
        with pytest.raises(ValueError, match=r"decoder, whose position 0 .* use pooling mean"):
            classifier.build(arm, strange, pooling, 2)
        return
    model = classifier.build(arm, strange, pooling, 2)
    assert isinstance(model.encoder, TransformersEncoder)
    before = {name: t.clone() for name, t in classifier.plain_state(model).items()}
    state = classifier.plain_state(fit(model))
    assert any(not torch.equal(state[name], tensor) for name, tensor in before.items())
    again = classifier.plain_state(fit(classifier.build(arm, strange, pooling, 2)))
    assert all(torch.equal(state[name], tensor) for name, tensor in again.items())
    classifier.save(state, strange.record(), tmp_path / "run")
    loaded = classifier.build("random", strange, pooling, 2)
    classifier.restore(loaded, tmp_path / "run" / "weights.safetensors")
    answers = [finetuning.predict(m, part(10), TARGET, device="cpu") for m in (model, loaded)]
    np.testing.assert_allclose(*answers, atol=1e-6)
    config = transformers.AutoConfig.from_pretrained(tmp_path / "run")
    assert (config.vocab_size, config.num_hidden_layers) == (11, 2)


def test_the_hidden_states_of_a_family_end_with_what_is_pooled(strange):
    model = classifier.build("text", strange, "mean", 2).eval()
    ids, mask = finetuning.to_tensors(part(6), np.arange(6), "cpu")
    with torch.inference_mode():
        states = model.encoder.hidden_states(ids, mask)
        assert [state.shape for state in states] == [(*ids.shape, 16)] * 3
        assert torch.equal(states[-1], model.encoder(ids, mask))
        rows = torch.tensor([4, 1])
        *below, some = model.encoder.hidden_states(ids, mask, rows)
    assert all(torch.equal(*pair) for pair in zip(below, states[:-1], strict=True))
    assert torch.equal(some, states[-1].flatten(0, 1)[rows])


@pytest.mark.parametrize("arm", ["text", "random"])
def test_every_token_but_padding_starts_somewhere_and_is_trained(arm, strange):
    model = classifier.build(arm, strange, "mean", 2)
    before = model.encoder.table.detach().clone()
    if arm == "random":
        assert (before[PAD] == 0).all() or strange.facts.family not in ("mpnet", "roberta")
        assert (before[1:].abs().sum(1) > 0).all()
    after = fit(model).encoder.table.detach()
    used = np.unique(np.concatenate([part(8)[row] for row in range(8)]))
    moved = (after - before * (1 - PLAN.weight_decay * 1e-2)).abs().sum(1) > 1e-4
    assert moved[used].all()


def test_last_pools_the_last_token_that_is_no_padding(strange):
    model = classifier.build("text", strange, "last", 2).eval()
    ids, mask = finetuning.to_tensors(part(6), np.arange(6), "cpu")
    assert mask is not None and (ids == SEP).sum() == 6
    with torch.inference_mode():
        states = model.encoder(ids, mask)
        assert torch.equal(model.pooled(ids, mask), states[ids == SEP])
        longest = mask.sum(1) == ids.shape[1]
        assert torch.equal(
            model.pooled(ids[longest], None), model.encoder(ids[longest], None)[:, -1]
        )


def test_our_bert_and_transformers_are_one_model_in_the_classifier(sources_for):
    sources = sources_for()
    ours = classifier.build("text", sources, "first", 2).eval()
    stock = classifier.Classifier(
        TransformersEncoder(sources.record(), sources.facts, pooler=True), 32, "first", 2
    ).eval()
    stock.encoder.load_plain_state(ours.encoder.plain_state())
    stock.head.load_state_dict(ours.head.state_dict())
    batch = finetuning.to_tensors(part(6), np.arange(6), "cpu")
    with torch.inference_mode():
        torch.testing.assert_close(ours(*batch), stock(*batch), rtol=0, atol=1e-5)


@pytest.mark.parametrize("mode", ["full", "probe", "layernorm", "bias", "last-1"])
def test_a_classifier_changes_where_its_adaptation_says_and_nowhere_else(mode, sources_for):
    model = classifier.build("text", sources_for(), "first", 2, mode)
    assert isinstance(model.encoder, bert.Bert)
    before = {name: t.clone() for name, t in classifier.plain_state(model).items()}
    after = classifier.plain_state(fit(model))
    changed = {name for name, tensor in after.items() if not torch.equal(tensor, before[name])}
    names = [name.removeprefix("encoder.") for name in before if name.startswith("encoder.")]
    expected = {f"encoder.{name}" for name in adaptations.trained(mode, names, "bert")}
    # The key's bias moves all scores of a query alike: nothing depends on it.
    idle = {name for name in expected if name.endswith("self.key.bias")}
    assert changed - idle == (expected | {"head.weight", "head.bias"}) - idle


def test_lora_is_trained_and_saved_as_plain_weights(sources_for, tmp_path):
    sources = sources_for()
    model = classifier.build("text", sources, "mean", 2, "lora", {"rank": 2})
    before = sources.state("text")
    after = classifier.plain_state(fit(model))
    changed = {n for n, t in before.items() if not torch.allclose(t, after.get(f"encoder.{n}", t))}
    expected = {f"encoder.layer.{i}.attention.self.{p}.weight" for i in (0, 1)
                for p in ("query", "value")}  # fmt: skip
    assert changed == expected
    classifier.save(after, sources.record(), tmp_path)
    loaded = classifier.build("text", sources, "mean", 2)
    classifier.restore(loaded, tmp_path / "weights.safetensors")
    answers = [finetuning.predict(m, part(10), TARGET, device="cpu") for m in (model, loaded)]
    np.testing.assert_allclose(*answers, atol=1e-5)


def test_the_domain_arm_may_be_another_encoder_of_its_own_size(strange, sources_for):
    weights = strange.encoder / "model.safetensors"
    borrowed = np.array([0, 1, 2, 3, 4, 9, -1, 5, 7, -1, 6])
    sources = replace(sources_for(), pretrained=weights, borrowed=borrowed)
    state = sources.state("domain")
    table, saved = state[sources.facts.table], load_file(weights)[sources.facts.table]
    for row, source in zip(table, borrowed, strict=True):
        assert source < 0 or torch.equal(row, saved[source])
    assert classifier.build("domain", sources, "mean", 2).head.in_features == 16
    assert sources.depth == 3  # its own, not the study's 2
    assert initializations.is_pretrained("domain")


def test_any_family_learns_to_fill_in_masks(strange):
    sequences = [[CLS, *([5 + i % 6] * 10), SEP] for i in range(200)]
    ragged = id_sequences.joined(sequences, [-1] * 200, [f"e{i}" for i in range(200)])
    plan = Schedule(150, 16, 1e-2, 0.1, weight_decay=0.01)
    with devices.reproducible(1, threads=1):
        done = pretraining.pretrain(
            strange, ragged, plan, mask_rate=0.15, device="cpu", precision="float32"
        )
    assert done.masked_accuracy > 0.4 > 0.3 > done.unigram_accuracy
    assert set(done.encoder.plain_state()) <= set(strange.fresh())
