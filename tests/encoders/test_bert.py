"""bert.py against transformers' BertModel, against finite differences, and dropout by its laws."""

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from seqtransfer.encoders import bert
from seqtransfer.encoders.dropout import Dropout, cleared
from seqtransfer.tokens.vocabulary import CLS, PAD, SEP

SIZES = {
    "vocab_size": 50,
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 40,
}


@pytest.fixture
def both():
    """The stock model and ours with the same weights, in evaluation."""
    torch.manual_seed(0)
    config = BertConfig(**SIZES, attn_implementation="eager", initializer_range=0.2)
    stock = BertModel(config).eval()
    ours = bert.Bert(bert.Config.of(config.to_dict()), pooler=True).eval()
    ours.load_state_dict(stock.state_dict())
    return stock, ours


def batch(*, padded: bool) -> tuple[torch.Tensor, torch.Tensor | None]:
    ids = torch.randint(5, 50, (6, 20), generator=torch.Generator().manual_seed(1))
    ids[:, 0], ids[:, -1], ids[2, 9] = CLS, SEP, SEP
    if not padded:
        return ids, None
    mask = torch.ones_like(ids)
    for row, length in enumerate([20, 13, 19, 2, 11, 20]):
        ids[row, length - 1] = SEP
        ids[row, length:], mask[row, length:] = PAD, 0
    return ids, mask


@pytest.mark.parametrize("padded", [False, True])
def test_states_and_pooled_equal_transformers(both, padded):
    stock, ours = both
    ids, mask = batch(padded=padded)
    with torch.no_grad():
        expected = stock(ids, mask, token_type_ids=bert.token_types(ids), output_hidden_states=True)
        states = list(ours.hidden_states(ids, mask))
        real = torch.ones_like(ids, dtype=torch.bool) if mask is None else mask.bool()
        assert len(states) == 4
        for mine, theirs in zip(states, expected.hidden_states, strict=True):
            torch.testing.assert_close(mine[real], theirs[real], atol=2e-5, rtol=1e-5)
        pooled = ours.pooled(states[-1])
    torch.testing.assert_close(pooled, expected.pooler_output, atol=2e-5, rtol=1e-5)


@pytest.mark.parametrize("padded", [False, True])
def test_the_last_layers_states_at_some_rows_are_those_of_all_at_these_rows(both, padded):
    _, ours = both
    rows = torch.tensor([1, 3, 20, 25, 29, 100])
    *below, whole = ours.hidden_states(*batch(padded=padded))
    *same, some = ours.hidden_states(*batch(padded=padded), rows)
    assert all(torch.equal(*pair) for pair in zip(same, below, strict=True))
    torch.testing.assert_close(some, whole.flatten(0, 1)[rows])
    sides = ((some, same), (whole.flatten(0, 1)[rows], below))
    found = [torch.autograd.grad(states.square().sum(), at[0]) for states, at in sides]
    torch.testing.assert_close(*found)


@pytest.mark.parametrize("padded", [False, True])
def test_gradients_equal_transformers(both, padded):
    stock, ours = (model.double() for model in both)
    ours.dtype = torch.float64
    ids, mask = batch(padded=padded)
    weight = torch.randn(6, 20, 32, generator=torch.Generator().manual_seed(2)).double()
    if mask is not None:
        weight = weight * mask.unsqueeze(-1)
    (ours(ids, mask) * weight).sum().backward()
    theirs = stock(ids, mask, token_type_ids=bert.token_types(ids)).last_hidden_state
    (theirs * weight).sum().backward()
    expected = dict(stock.named_parameters())
    for name, parameter in ours.named_parameters():
        if name.startswith("pooler"):
            continue
        torch.testing.assert_close(
            parameter.grad, expected[name].grad, atol=1e-6, rtol=1e-6, msg=lambda m, n=name: n + m
        )


@pytest.mark.parametrize("masked", [False, True])
def test_the_gradient_of_softmax_is_its_derivative(masked):
    scores = torch.randn(4, 3, 3, dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(2, 1, 1, 3, dtype=torch.float64)
    bias[1, ..., 2] = -torch.inf if masked else 0.0

    def softmax(scores):
        return bert._Softmax.apply(scores, bias if masked else None, 0.3)

    expected = (scores.view(2, 2, 3, 3) * 0.3 + bias).softmax(-1).view(4, 3, 3)
    torch.testing.assert_close(softmax(scores), expected)
    assert torch.autograd.gradcheck(softmax, scores)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5])
def test_the_gradient_of_an_added_dropout_is_its_derivative(share):
    x, z = torch.randn(2, 6, 8, dtype=torch.float64).requires_grad_().unbind()

    def added(x, z):
        """The same mask at every call."""
        dropout = Dropout(share)
        dropout.seed(5)
        return dropout.add(x, z.clone())

    assert torch.autograd.gradcheck(added, (x, z))


def test_bfloat16_is_near_float32(both):
    _, ours = both
    ids, mask = batch(padded=True)
    wide = ours(ids, mask).detach()
    ours.dtype = torch.bfloat16
    narrow = ours(ids, mask)
    assert narrow.dtype == torch.bfloat16
    narrow.float().square().sum().backward()
    assert all(p.grad.dtype == torch.float32 for p in ours.embeddings.parameters())
    real = mask.bool()
    error = (narrow.float() - wide)[real].norm() / wide[real].norm()
    assert error < 0.03  # three layers of bfloat16's 2^-9 at weights ten times the usual


def test_padding_does_not_matter(both):
    _, ours = both
    ids, mask = batch(padded=True)
    with torch.no_grad():
        whole = ours(ids, mask)
        alone = ours(ids[3:4, :2], None)
        other = ids.masked_fill(mask == 0, 17)
    torch.testing.assert_close(whole[3, :2], alone[0], atol=1e-5, rtol=1e-5)
    with torch.no_grad():
        torch.testing.assert_close(
            ours(other, mask)[0], whole[0], atol=1e-6, rtol=1e-6
        )  # row 0 has no padding, and no row sees another


def test_fresh_draws_what_the_architecture_prescribes():
    config = bert.Config(200, 64, 2, 4, 128)
    state = bert.fresh(config, torch.Generator().manual_seed(3))
    again = bert.fresh(config, torch.Generator().manual_seed(3))
    assert all(torch.equal(state[name], again[name]) for name in state)
    for name, tensor in state.items():
        if tensor.ndim > 1:
            error = 5 * 0.02 / tensor.numel() ** 0.5  # five standard errors of the mean
            assert abs(tensor.mean()) < error and abs(tensor.std() - 0.02) < error, name
        else:
            assert (tensor == (1 if name.endswith("LayerNorm.weight") else 0)).all(), name
    assert (state["embeddings.word_embeddings.weight"][PAD] == 0).all()
    assert set(state) == set(BertModel(BertConfig(num_hidden_layers=2)).state_dict())


@pytest.mark.parametrize(
    ("key", "value"),
    [("hidden_act", "relu"), ("position_embedding_type", "relative_key"), ("is_decoder", True)],
)
def test_another_model_is_refused(key, value):
    with pytest.raises(ValueError, match=f"{key} is {value!r}"):
        bert.Config.of({**SIZES, key: value})


def test_with_one_token_type_both_texts_of_a_pair_have_it():
    config = BertConfig(**SIZES | {"type_vocab_size": 1}, attn_implementation="eager")
    stock = BertModel(config).eval()
    ours = bert.Bert(bert.Config.of(config.to_dict()), pooler=True).eval()
    ours.load_state_dict(stock.state_dict())
    ids, _ = batch(padded=False)
    torch.testing.assert_close(ours(ids, None), stock(ids).last_hidden_state, atol=2e-5, rtol=1e-5)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5])
def test_dropout_drops_its_share_and_keeps_the_mean(dtype, share):
    dropout = Dropout(share)
    dropout.seed(1)
    x = torch.ones(400, 250, dtype=dtype)
    out = dropout(x)
    dropped = (out == 0).double().mean()
    assert abs(dropped - share) <= 4 * (share * (1 - share) / 1e5) ** 0.5 + 2**-16
    kept = out[out != 0].double()
    assert torch.allclose(kept, torch.full_like(kept, 1 / (1 - share)), rtol=0.004)


def test_dropout_is_independent_between_elements_and_draws():
    dropout = Dropout(0.5)
    dropout.seed(2)
    first, second = ((dropout.mask(torch.ones(2**16)) != 0).double() for _ in range(2))
    bound = 4 / 2**8  # four standard errors of a correlation of 2^16 pairs
    assert abs(np.corrcoef(first, second)[0, 1]) < bound
    for lag in (1, 2, 3, 4, 8, 64):
        assert abs(np.corrcoef(first[lag:], first[:-lag])[0, 1]) < bound


def test_dropout_continues_where_its_state_was_taken():
    dropout = Dropout(0.3)
    dropout.seed(7)
    dropout.mask(torch.ones(33))
    state = dropout.state()
    expected = [dropout.mask(torch.ones(5, 7)) for _ in range(3)]
    other = Dropout(0.3)
    other.restore(state)
    assert all(torch.equal(other.mask(torch.ones(5, 7)), e) for e in expected)


def test_cleared_leaves_the_kept_bits_alone():
    x = torch.tensor([1.5, -2.25, torch.inf, torch.nan])
    kept = cleared(x.clone(), torch.tensor([-1, 0, -1, 0], dtype=torch.int32))
    assert kept.tolist() == [1.5, 0.0, torch.inf, 0.0]


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_a_share_outside_its_range_is_refused(share):
    with pytest.raises(ValueError, match="not in"):
        Dropout(share)
