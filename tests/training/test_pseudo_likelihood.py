"""The zero-shot score is that of transformers' own models in a direct loop, and a closed form."""

import numpy as np
import pytest
import torch

import id_sequences
import zero_shot as script
from seqtransfer.encoders import bert
from seqtransfer.files import json_tsv
from seqtransfer.files.arrow import Ragged
from seqtransfer.tokens.token_maps import borrowed_rows
from seqtransfer.tokens.vocabulary import CLS, MASK, SEP, Vocabulary, renamed
from seqtransfer.training import classifier, masked_language_model, pretraining, pseudo_likelihood
from seqtransfer.training.steps import Schedule

ROWS = np.arange(11)  # five special tokens and six symbols, all of which the model knows
SYMBOLS = range(5, 11)


def sequences(n=14, seed=0, longest=15):
    rng = np.random.default_rng(seed)
    bodies = [rng.integers(5, 11, rng.integers(1, longest)) for _ in range(n)]
    names = [f"e{i}" for i in range(n)]
    return id_sequences.joined([[CLS, *body, SEP] for body in bodies], [-1] * n, names)


def loop(stock, ragged, symbols=SYMBOLS):
    """One mask at a time, one sequence at a time."""
    found = []
    for number in range(len(ragged)):
        ids, terms = torch.from_numpy(ragged[number].astype(np.int64)), []
        for place in range(1, len(ids) - 1):
            copy = ids.clone()
            copy[place] = MASK
            with torch.no_grad():
                logits = stock(input_ids=copy[None]).logits[0, place].double()
            chances = torch.softmax(logits[list(symbols)], dim=0)
            terms.append(float(chances[list(symbols).index(int(ids[place]))].log()))
        found.append(np.mean(terms))
    return np.array(found)


def test_the_score_is_that_of_a_direct_loop_over_transformers_own_model(masked_model, stock):
    ragged = sequences()
    found = pseudo_likelihood.log_likelihoods(masked_model, ragged, ROWS, "cpu")
    assert found.dtype == np.float64 and found.shape == (14,)
    np.testing.assert_allclose(found, loop(stock, ragged), atol=2e-6)
    assert np.ptp(found) > 0.1  # or the agreement would say little


def test_probabilities_are_over_the_symbols_that_the_model_knows(masked_model, stock):
    ragged, rows = sequences(), ROWS.copy()
    rows[7] = -1
    known = pseudo_likelihood.knows(ragged, rows)
    assert known.tolist() == [7 not in ragged[i] for i in range(14)] and 0 < known.sum() < 14
    ragged = ragged.take(np.flatnonzero(known))
    found = pseudo_likelihood.log_likelihoods(masked_model, ragged, rows, "cpu")
    np.testing.assert_allclose(found, loop(stock, ragged, [5, 6, 8, 9, 10]), atol=2e-6)


def test_marginals_are_those_of_transformers_own_model_masked_at_each_place(masked_model, stock):
    rows = ROWS.copy()
    rows[9] = -1
    reference = np.array([CLS, 5, 6, 8, 10, 10, SEP], dtype=np.int32)
    known = [5, 6, 7, 8, 10]
    found = pseudo_likelihood.marginals(masked_model, reference, rows, "cpu")
    assert found.shape == (7, 11)
    assert np.isnan(found[[0, 6]]).all() and np.isnan(found[:, [0, 1, 2, 3, 4, 9]]).all()
    for place in range(1, 6):
        ids = torch.from_numpy(reference.astype(np.int64))
        ids[place] = MASK
        with torch.no_grad():
            logits = stock(input_ids=ids[None]).logits[0, place, known].double()
        np.testing.assert_allclose(found[place, known], torch.log_softmax(logits, 0), atol=2e-6)
    own = pseudo_likelihood.log_likelihoods(
        masked_model, id_sequences.joined([reference], [-1], ["wild type"]), rows, "cpu"
    )
    assert own[0] == pytest.approx(found[range(1, 6), reference[1:6]].mean(), abs=2e-6)


def test_neither_order_nor_batches_nor_padding_change_a_score(masked_model):
    ragged = sequences(longest=20)
    found = pseudo_likelihood.log_likelihoods(masked_model, ragged, ROWS, "cpu")
    order = np.random.default_rng(1).permutation(14)
    moved = pseudo_likelihood.log_likelihoods(masked_model, ragged.take(order), ROWS, "cpu")
    np.testing.assert_allclose(moved, found[order], atol=2e-6)
    for copies in (1, 5, 1000):
        other = pseudo_likelihood.log_likelihoods(masked_model, ragged, ROWS, "cpu", copies)
        np.testing.assert_allclose(other, found, atol=2e-6)


def test_no_more_copies_go_through_the_model_than_asked_and_fewer_where_memory_ends(masked_model):
    sizes, forward = [], masked_model.forward

    def watched(ids, mask, wanted):
        sizes.append(len(ids))
        if len(ids) > 3:
            raise MemoryError
        return forward(ids, mask, wanted)

    masked_model.forward = watched
    ragged = sequences()
    found = pseudo_likelihood.log_likelihoods(masked_model, ragged, ROWS, "cpu", 8)
    assert max(sizes) == 8 and max(sizes[2:]) <= 4 and sizes.count(8) == 1
    masked_model.forward = forward
    expected = pseudo_likelihood.log_likelihoods(masked_model, ragged, ROWS, "cpu")
    np.testing.assert_allclose(found, expected, atol=2e-6)


def test_a_model_of_a_known_distribution_gives_the_closed_form(masked_model):
    """A table of zeros leaves the bias alone: the same distribution at every position."""
    chances = np.array([0.4, 0.3, 0.1, 0.1, 0.06, 0.04])
    with torch.no_grad():
        masked_model.encoder.table.zero_()
        masked_model.bias[:5] = 9.0  # special tokens: however likely, they are no answer
        masked_model.bias[5:] = torch.tensor(np.log(chances)) + 2.5
    ragged = sequences(n=30)
    found = pseudo_likelihood.log_likelihoods(masked_model, ragged, ROWS, "cpu")
    expected = [np.log(chances[ragged[i][1:-1] - 5]).mean() for i in range(30)]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_pair_has_its_separator_as_context_and_no_score_of_it(masked_model, stock):
    ragged = id_sequences.joined([[CLS, 5, 6, SEP, 9, SEP]], [-1], ["e"])
    found = pseudo_likelihood.log_likelihoods(masked_model, ragged, ROWS, "cpu")
    terms = []
    for place in (1, 2, 4):
        ids = torch.tensor([[CLS, 5, 6, SEP, 9, SEP]])
        true, ids[0, place] = int(ids[0, place]), MASK
        with torch.no_grad():
            logits = stock(input_ids=ids, token_type_ids=bert.token_types(ids)).logits[0, place]
        terms.append(float(logits[5:].double().log_softmax(dim=0)[true - 5]))
    np.testing.assert_allclose(found, np.mean(terms), atol=2e-6)


def test_a_diverged_model_has_no_score_and_an_empty_sequence_none_either(masked_model):
    ragged = id_sequences.joined([[CLS, SEP], [CLS, 5, SEP]], [-1, -1], ["none", "one"])
    found = pseudo_likelihood.log_likelihoods(masked_model, ragged, ROWS, "cpu")
    assert np.isnan(found[0]) and found[1] < 0
    with torch.no_grad():
        masked_model.bias.fill_(np.nan)
    assert np.isnan(pseudo_likelihood.log_likelihoods(masked_model, ragged, ROWS, "cpu")).all()


@pytest.fixture
def pretrained(sources_for, tmp_path):
    """A folder of weights and head, as the job writes them, and the model that they are of."""
    plan = Schedule(steps=6, batch_size=8, learning_rate=1e-2, warmup=0.0, weight_decay=0.0)
    done = pretraining.pretrain(
        sources_for(), sequences(40), plan, mask_rate=0.15, device="cpu", precision="float32"
    )
    classifier.save(done.encoder.plain_state(), sources_for().record(), tmp_path)
    classifier.write_weights(tmp_path / "head.safetensors", done.head)
    json_tsv.write_json(tmp_path / "encoder.json", {"name": "toy", "symbols": {}})
    return tmp_path, done


def test_a_head_that_was_written_fills_in_masks_as_the_model_that_was_pretrained(
    pretrained, sources_for
):
    folder, done = pretrained
    generator = torch.Generator().manual_seed(9)
    model = masked_language_model.MaskedLanguageModel(done.encoder, 32, generator).eval()
    with torch.no_grad():
        for ours in ("transform.weight", "transform.bias", "norm.weight", "norm.bias", "bias"):
            model.get_parameter(ours).copy_(done.head[ours])
    assert done.head["epsilon"] == 1e-12 and done.head["scale"] == 1
    ragged = sequences(seed=4)
    expected = pseudo_likelihood.log_likelihoods(model, ragged, ROWS, "cpu")
    sources = sources_for(pretrained=folder / "weights.safetensors")
    made = pseudo_likelihood.model(sources, folder / "head.safetensors")
    assert not made.training
    found = pseudo_likelihood.log_likelihoods(made, ragged, ROWS, "cpu")
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_a_task_takes_the_rows_of_its_own_symbols(pretrained, sources_for):
    """Symbols in another order have other ids, and the same likelihoods."""
    folder, _ = pretrained
    ragged, moved = sequences(seed=4), np.array([0, 1, 2, 3, 4, 9, 5, 10, 6, 7, 8])
    ids = np.argsort(moved)[ragged.ids].astype(np.int32)
    renamed = Ragged(ids, ragged.offsets, ragged.labels, ragged.names)
    found = [
        pseudo_likelihood.log_likelihoods(
            pseudo_likelihood.model(
                sources_for(pretrained=folder / "weights.safetensors", borrowed=rows),
                folder / "head.safetensors",
            ),
            given, rows, "cpu",
        )
        for given, rows in ((ragged, ROWS), (renamed, moved))
    ]  # fmt: skip
    np.testing.assert_allclose(found[1], found[0], atol=2e-6)


def test_a_damaged_head_or_that_of_another_encoder_is_named(pretrained, sources_for):
    folder, done = pretrained
    sources = sources_for(pretrained=folder / "weights.safetensors")
    path = folder / "head.safetensors"
    classifier.write_weights(path, done.head | {"transform.weight": torch.zeros(3, 3)})
    with pytest.raises(ValueError, match=r"head\.safetensors: is no head of the encoder in"):
        pseudo_likelihood.model(sources, path)
    path.write_bytes(b"no head")
    with pytest.raises(ValueError, match=r"head\.safetensors: cannot be read"):
        pseudo_likelihood.model(sources, path)


@pytest.mark.parametrize(
    ("names", "masks"),
    [
        (["<pad>", "<cls>", "<eos>", "<unk>", "A", "<mask>"], True),
        (["[PAD]", "[CLS]", "[SEP]", "[UNK]", "A", "[MASK]"], True),
        (["<pad>", "<cls>", "<eos>", "<unk>", "A", "#"], False),  # </s> would stand for it
        (["<pad>", "<cls>", "<unk>", "A", "#"], False),  # it would be drawn at random
    ],
)
def test_an_encoder_without_a_mask_of_its_own_is_refused(names, masks):
    rows = borrowed_rows(
        Vocabulary(("A",)), renamed({name: row for row, name in enumerate(names)}), None
    )
    if masks:
        script.check_mask("toy", "theirs", rows)
        return
    with pytest.raises(ValueError, match="'theirs' has no token of its own that masks, under any"):
        script.check_mask("toy", "theirs", rows)
