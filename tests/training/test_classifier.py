"""Initializations are what they say, the small table is exact, and arms share what they should."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from transformers import BertConfig, BertModel

from seqtransfer.encoders import bert
from seqtransfer.encoders.tensor_roles import table
from seqtransfer.tokens.vocabulary import CLS, PAD, SEP
from seqtransfer.training import classifier

TABLE = table("bert")
NAMES = ("text", "random", "shuffled", "domain")


@pytest.fixture(scope="module")
def domain_weights(encoder, tmp_path_factory):
    """A "domain-pretrained" encoder of 2 layers and 11 ids, saved as the workflow saves it."""
    folder = tmp_path_factory.mktemp("domain")
    record = classifier.WeightSources(encoder, 2, np.arange(11), None, None, 0, "toy").record()
    model = BertModel(BertConfig.from_dict(record), add_pooling_layer=False)
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.3, generator=generator)
    classifier.save(model.state_dict(), record, folder)
    return folder / "weights.safetensors"


def double(model: classifier.Classifier) -> classifier.Classifier:
    model.encoder.dtype = torch.float64
    return model.double()


@pytest.fixture
def batch():
    """ids (4, 9) with padding, and their mask."""
    generator = np.random.default_rng(0)
    ids = np.full((4, 9), PAD)
    lengths = np.array([9, 7, 4, 3])
    for row, n in zip(ids, lengths, strict=True):
        row[:n] = [CLS, *generator.integers(5, 11, n - 2), SEP]
    mask = (np.arange(9) < lengths[:, None]).astype(np.int64)
    return torch.from_numpy(ids), torch.from_numpy(mask)


def test_text_is_the_pretrained_encoder_on_the_rows_of_the_token_map(encoder, sources_for, batch):
    ids, mask = batch
    sources = sources_for()
    ours = double(classifier.build("text", sources, "first", 2)).eval()
    theirs = BertModel.from_pretrained(encoder, num_hidden_layers=2).eval().double()
    full_ids = torch.from_numpy(sources.token_map)[ids]
    assert not torch.equal(full_ids, ids)
    with torch.inference_mode():
        a = ours.encoder(ids, mask)
        b = theirs(input_ids=full_ids, attention_mask=mask)
        pooled = ours.encoder.pooled(a)
    real = mask.bool()
    torch.testing.assert_close(a[real], b.last_hidden_state[real], rtol=0, atol=1e-6)
    torch.testing.assert_close(pooled, b.pooler_output, rtol=0, atol=1e-6)


@pytest.mark.parametrize("make", [torch.optim.SGD, torch.optim.AdamW], ids=["SGD", "AdamW"])
def test_a_step_on_the_small_table_is_exactly_a_step_on_the_full_table(
    make, encoder, sources_for, batch
):
    ids, mask = batch
    sources = sources_for()
    rows = torch.from_numpy(sources.token_map)
    small = double(classifier.build("text", sources, "mean", 2)).eval()  # eval: no dropout
    whole = replace(sources, token_map=np.arange(BertConfig.from_pretrained(encoder).vocab_size))
    full = classifier.Classifier(bert.Bert(whole.config(), pooler=False), 32, "mean", 2).eval()
    pretrained = load_file(encoder / "model.safetensors")
    full.encoder.load_state_dict({name: pretrained[name] for name in full.encoder.state_dict()})
    full.head.load_state_dict(small.head.state_dict())
    full = double(full)
    before = full.encoder.state_dict()[TABLE].clone()
    labels = torch.tensor([0, 1, 1, 0])
    for model, seen in ((small, ids), (full, rows[ids])):
        optimizer = make(model.parameters(), lr=0.01, weight_decay=0.0)
        for _ in range(2):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(seen, mask), labels).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
    after = full.encoder.state_dict()[TABLE]
    torch.testing.assert_close(small.encoder.state_dict()[TABLE], after[rows], rtol=0, atol=1e-9)
    used = torch.zeros(len(after), dtype=torch.bool).index_fill(0, rows[ids].unique(), True)
    assert torch.equal(after[~used], before[~used])
    moved = (after != before).any(dim=1)
    assert moved[rows[ids[mask == 1]].unique()].all()
    for name, tensor in small.state_dict().items():
        if not name.endswith(TABLE):
            torch.testing.assert_close(tensor, full.state_dict()[name], rtol=0, atol=1e-9)


def test_shuffled_keeps_the_values_of_each_tensor_and_moves_them(encoder, sources_for):
    pretrained = load_file(encoder / "model.safetensors")
    state = sources_for().state("shuffled")
    for name, tensor in state.items():
        original = pretrained[name].flatten()
        if name == TABLE:
            assert torch.isin(tensor, original).all()
            assert not torch.equal(tensor, sources_for().state("text")[TABLE])
        else:
            assert torch.equal(tensor.flatten().sort().values, original.sort().values)
            assert not torch.equal(tensor.flatten(), original)
    rows = torch.arange(len(pretrained[TABLE])).numpy()
    whole = replace(sources_for(), token_map=rows).state("shuffled")[TABLE]
    assert torch.equal(whole.flatten().sort().values, pretrained[TABLE].flatten().sort().values)


def test_random_weights_are_drawn_as_the_architecture_says(sources_for):
    state = sources_for().state("random")
    drawn = []
    for name, tensor in state.items():
        if name.endswith("LayerNorm.weight"):
            assert (tensor == 1).all()
        elif name.endswith("bias"):
            assert (tensor == 0).all()
        else:
            drawn.append((tensor[1:] if name == TABLE else tensor).flatten())
    assert (state[TABLE][PAD] == 0).all()
    drawn = torch.cat(drawn)
    error = 0.02 / len(drawn) ** 0.5
    assert abs(float(drawn.mean())) < 4 * error
    assert abs(float(drawn.std()) - 0.02) < 4 * error / 2**0.5


def test_random_weights_leave_the_global_generator_alone(sources_for):
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    sources_for().state("random")
    assert torch.equal(torch.rand(3), expected)


def test_domain_is_the_saved_encoder_with_its_own_embeddings_whatever_the_map(
    sources_for, domain_weights
):
    saved = load_file(domain_weights)
    for seed in (0, 1):
        state = sources_for(seed, pretrained=domain_weights).state("domain")
        assert all(torch.equal(state[name], tensor) for name, tensor in saved.items())
        assert set(state) - set(saved) == {"pooler.dense.weight", "pooler.dense.bias"}
    with pytest.raises(ValueError, match="needs `pretrained`, a file of weights"):
        sources_for().state("domain")


@pytest.mark.parametrize("arm", ["from-zipf", "checkpoint-8"])
def test_a_strange_table_gives_its_rows_as_told_and_the_rest_is_fresh(
    arm, sources_for, domain_weights
):
    borrowed = [0, 1, 2, 3, 4, 9, -1, 5, 7, -1, 6]
    sources = sources_for(pretrained=domain_weights, borrowed=borrowed)
    state = classifier.build(arm, sources, "mean", 2).encoder.state_dict()
    saved, fresh = load_file(domain_weights), sources.state("random")
    for row, source, own in zip(state[TABLE], borrowed, fresh[TABLE], strict=True):
        assert torch.equal(row, saved[TABLE][source] if source >= 0 else own)
    assert all(torch.equal(state[name], saved[name]) for name in saved if name != TABLE)


@pytest.mark.parametrize("pooling", classifier.POOLINGS)
def test_arms_of_a_task_and_seed_share_the_head_and_differ_in_the_encoder(
    pooling, sources_for, domain_weights
):
    sources = sources_for(pretrained=domain_weights)
    states = {name: classifier.build(name, sources, pooling, 3).state_dict() for name in NAMES}
    for name in NAMES[1:]:
        assert torch.equal(states[name]["head.weight"], states["text"]["head.weight"])
        assert torch.equal(states[name]["head.bias"], torch.zeros(3))
    for key in ("encoder." + TABLE, "encoder.encoder.layer.1.output.dense.weight"):
        for i, left in enumerate(NAMES):
            for right in NAMES[i + 1 :]:
                assert not torch.equal(states[left][key], states[right][key]), (left, right, key)
    other = classifier.build("text", sources_for(1), pooling, 3).state_dict()
    assert not torch.equal(other["head.weight"], states["text"]["head.weight"])


@pytest.mark.parametrize("name", NAMES)
def test_building_twice_gives_the_same_weights_whatever_was_drawn_before(
    name, sources_for, domain_weights
):
    sources = sources_for(pretrained=domain_weights)
    torch.manual_seed(1)
    first = classifier.build(name, sources, "first", 2).state_dict()
    torch.manual_seed(2)
    second = classifier.build(name, sources, "first", 2).state_dict()
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_mean_pooling_is_the_mean_over_real_tokens(sources_for, batch):
    ids, mask = batch
    model = classifier.build("text", sources_for(), "mean", 3).eval()
    with torch.inference_mode():
        logits = model(ids, mask)
        for row, tokens, weights in zip(logits, ids, mask, strict=True):
            alone = tokens[: int(weights.sum())].unsqueeze(0)
            states = model.encoder(alone, None)[0]
            pooled = torch.zeros(32)
            for state in states:
                pooled += state / len(states)
            expected = model.head.weight @ pooled + model.head.bias
            torch.testing.assert_close(row, expected, rtol=0, atol=1e-5)


def test_first_pooling_is_the_encoders_own_pooler(encoder, sources_for, batch):
    ids, mask = batch
    sources = sources_for()
    model = classifier.build("text", sources, "first", 3).eval()
    theirs = BertModel.from_pretrained(encoder, num_hidden_layers=2).eval()
    with torch.inference_mode():
        full_ids = torch.from_numpy(sources.token_map)[ids]
        pooled = theirs(input_ids=full_ids, attention_mask=mask).pooler_output
        expected = pooled @ model.head.weight.T + model.head.bias
        torch.testing.assert_close(model(ids, mask), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("pooling", classifier.POOLINGS)
def test_what_stands_in_the_padding_does_not_matter(pooling, sources_for, batch):
    ids, mask = batch
    model = classifier.build("text", sources_for(), pooling, 3).eval()
    noise = torch.from_numpy(np.random.default_rng(1).integers(5, 11, ids.shape))
    with torch.inference_mode():
        clean, noisy = model(ids, mask), model(torch.where(mask == 1, ids, noise), mask)
    torch.testing.assert_close(clean, noisy, rtol=0, atol=1e-6)


def test_the_last_layers_of_the_encoder_are_left_out(sources_for):
    for layers in (1, 3):
        model = classifier.build("text", sources_for(layers=layers), "mean", 2)
        assert len(model.encoder.encoder["layer"]) == layers


def test_names_and_numbers_that_do_not_exist_are_refused(sources_for):
    with pytest.raises(
        ValueError, match=r"initialization 'bert' is unknown; known: random, moments"
    ):
        classifier.build("bert", sources_for(), "mean", 2)
    with pytest.raises(
        ValueError, match=r"pooling 'min' is not one of \('mean', 'first', 'last', 'max', 'none'\)"
    ):
        classifier.build("text", sources_for(), "min", 2)
    for layers in (0, 4):
        with pytest.raises(ValueError, match=rf"encoder\.layers is {layers}; .* has 3"):
            classifier.build("text", sources_for(layers=layers), "mean", 2)


@pytest.mark.parametrize("pooling", classifier.POOLINGS)
def test_a_saved_classifier_comes_back_with_its_configuration(
    pooling, sources_for, tmp_path, batch
):
    sources = sources_for()
    model = classifier.build("text", sources, pooling, 2).eval()
    classifier.save(classifier.plain_state(model), sources.record(), tmp_path / "run")
    config = BertConfig.from_pretrained(tmp_path / "run")
    assert (config.vocab_size, config.num_hidden_layers, config.hidden_size) == (11, 2, 32)
    again = classifier.build("random", sources, pooling, 2).eval()
    classifier.restore(again, tmp_path / "run" / "weights.safetensors")
    with torch.inference_mode():
        torch.testing.assert_close(model(*batch), again(*batch), rtol=0, atol=1e-5)
    assert {f.name for f in (tmp_path / "run").iterdir()} == {"config.json", "weights.safetensors"}


def test_the_table_follows_the_token_map_of_the_seed(encoder, sources_for):
    pretrained = load_file(encoder / "model.safetensors")[TABLE]
    for seed in (0, 1):
        sources = sources_for(seed)
        model = classifier.build("text", sources, "mean", 2)
        for row, full_row in zip(model.encoder.state_dict()[TABLE], sources.token_map, strict=True):
            assert torch.equal(row, pretrained[int(full_row)])
    assert not np.array_equal(sources_for(0).token_map, sources_for(1).token_map)


def test_the_second_text_of_a_pair_has_type_one_and_single_sequences_and_padding_type_zero():
    ids = torch.tensor(
        [
            [CLS, 7, 8, SEP, 9, SEP, PAD],
            [CLS, 7, 8, 9, 9, 9, SEP],
            [CLS, 7, SEP, PAD, PAD, PAD, PAD],
        ]
    )
    expected = [[0, 0, 0, 0, 1, 1, 0], [0] * 7, [0] * 7]
    assert bert.token_types(ids).tolist() == expected


def test_the_order_of_a_pair_matters_to_the_encoder_by_its_types(sources_for):
    model = classifier.build("text", sources_for(), "mean", 1).eval()
    pair, single = torch.tensor([[CLS, 7, SEP, 8, SEP]]), torch.tensor([[CLS, 7, 9, 8, SEP]])
    with torch.inference_mode():
        typed = model(pair, None)
        model.encoder.embeddings["token_type_embeddings"].weight[1] = model.encoder.embeddings[
            "token_type_embeddings"
        ].weight[0]
        plain = model.encoder(pair, None).mean(dim=1)
        assert not torch.allclose(typed, model.head(plain), atol=1e-4)
        plain = model.encoder(single, None).mean(dim=1)
        assert torch.allclose(model(single, None), model.head(plain), atol=1e-6)


@pytest.mark.parametrize("kept", [0, 7, -1])
def test_a_truncated_file_of_weights_is_named(kept, tmp_path):
    path = tmp_path / "weights.safetensors"
    classifier.write_weights(path, {"head.weight": torch.zeros(3)})
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ValueError, match=r"weights\.safetensors: cannot be read .*and rerun"):
        classifier.restore(None, path)
