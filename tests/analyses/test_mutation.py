"""Mutants differ as asked, and move states as closed forms of simple encoders say."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn
from torch.nn.functional import one_hot

from seqtransfer import seeds
from seqtransfer.analyses import mutation
from seqtransfer.encoders import bert
from seqtransfer.tokens.vocabulary import CLS, SEP, SPECIALS
from seqtransfer.training.classifier import UNPOOLED, Classifier

SYMBOLS = np.array([5, 6, 8, 9, 10])  # 7 is in the test part alone
LENGTH, ROWS = 12, 11


def sequences(count: int = 20, length: int = LENGTH) -> list[torch.Tensor]:
    rng = np.random.default_rng(1)
    drawn = rng.integers(len(SPECIALS), ROWS, (count, length))
    return [torch.tensor([[CLS, *row, SEP]]) for row in drawn]


class Pooled(nn.Module):
    """A classifier whose pooled state is `function` of the ids."""

    def __init__(self, function):
        super().__init__()
        self.pooled = lambda ids, mask: function(ids)


def measure(function, given=None) -> dict:
    values = mutation.measure(Pooled(function), given or sequences(), SYMBOLS)
    return {(value.quantity, value.size): value for value in values}


def curve(values: dict, quantity: str) -> np.ndarray:
    return np.array([value.value for (name, _), value in values.items() if name == quantity])


def one_hots(ids: torch.Tensor) -> torch.Tensor:
    return one_hot(ids, ROWS).double()


@pytest.fixture
def encoder():
    torch.manual_seed(0)
    config = bert.Config(
        vocab_size=ROWS, hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=24, initializer_range=0.2,
    )  # fmt: skip
    encoder = bert.Bert(config, pooler=False)
    fresh = bert.fresh(config, torch.Generator().manual_seed(0))
    encoder.load_state_dict({k: v for k, v in fresh.items() if not k.startswith("pooler.")})
    return encoder


def test_mutants_differ_from_their_sequence_at_as_many_symbols_as_asked():
    sizes, ids = (0, 1, 2, 4, 8, 12, 50), sequences(1)[0][0].numpy()
    rows = mutation.mutants(ids, SYMBOLS, sizes, np.random.default_rng(0))
    assert (rows != ids).sum(axis=1).tolist() == [0, 1, 2, 4, 8, 12, 12]
    assert (rows[:, [0, -1]] == [CLS, SEP]).all()
    for fewer, more in itertools.pairwise(rows):
        changed = fewer != ids
        assert (more[changed] == fewer[changed]).all()
    assert set(rows[-1, 1:-1]) <= set(SYMBOLS)


def test_places_and_new_symbols_are_uniform_over_all_that_may_be_drawn():
    ids, rng = np.array([CLS, 6, 7, SEP, 6, 7, SEP]), np.random.default_rng(0)
    drawn = [mutation.mutants(ids, SYMBOLS, [1], rng)[0] for _ in range(4000)]
    places = [int(np.flatnonzero(row != ids)[0]) for row in drawn]
    found = {}
    for place, row in zip(places, drawn, strict=True):
        found.setdefault(int(ids[place]), []).append(int(row[place]))
    assert stats.chisquare(np.bincount(places)[[1, 2, 4, 5]]).pvalue > 0.01
    for old, others in {6: [5, 8, 9, 10], 7: list(SYMBOLS)}.items():
        assert set(found[old]) == set(others)
        assert stats.chisquare(np.bincount(found[old])[others]).pvalue > 0.01


def test_numbers_of_substitutions_double_up_to_all_symbols():
    assert [mutation.numbers_of_substitutions(n) for n in (1, 2, 5, 8)] == [
        (1,), (1, 2), (1, 2, 4, 5), (1, 2, 4, 8)
    ]  # fmt: skip


def test_one_hots_side_by_side_move_by_the_hamming_distance():
    values = measure(lambda ids: one_hots(ids).flatten(1))
    rows = torch.cat(sequences()).numpy()
    between = np.median([(x != y).sum() for x, y in itertools.combinations(rows, 2)])
    sizes = np.array([1, 2, 4, 8, LENGTH])
    assert curve(values, "relative_distance") == pytest.approx(np.sqrt(sizes / between))
    tokens = LENGTH + 2  # squared length of a state
    assert curve(values, "cosine_distance") == pytest.approx(sizes / tokens)
    assert values["pair_cosine_distance", None].value == pytest.approx(between / tokens)


def test_a_bag_of_embeddings_moves_by_the_mean_of_what_is_exchanged():
    table = torch.randn(ROWS, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    values = measure(lambda ids: table[ids].mean(dim=1))
    given, rng, sizes = sequences(), seeds.generator(0, "mutation"), (1, 2, 4, 8, LENGTH)
    steps = []
    for (ids,) in given:
        for _ in range(mutation.DRAWS):
            rows = mutation.mutants(ids.numpy(), SYMBOLS, sizes, rng)
            exchanged = [table[row].sum(dim=0) - table[ids].sum(dim=0) for row in rows]
            steps.append([(step / len(ids)).norm().item() for step in exchanged])
    means = [table[ids[0]].mean(dim=0) for ids in given]
    between = np.median([(x - y).norm() for x, y in itertools.combinations(means, 2)])
    expected = np.median(steps, axis=0) / between
    assert curve(values, "relative_distance") == pytest.approx(expected)


def test_the_reference_is_a_mean_of_one_hots():
    for value in measure(lambda ids: one_hots(ids).mean(dim=1)).values():
        assert value.value == pytest.approx(value.reference, rel=1e-12)


def test_embeddings_in_many_random_directions_are_as_one_hots():
    stream = torch.Generator().manual_seed(0)
    table = torch.randn(ROWS, 20_000, dtype=torch.float64, generator=stream)
    for value in measure(lambda ids: table[ids].mean(dim=1)).values():
        assert value.value == pytest.approx(value.reference, rel=0.05)


def test_scale_and_rotation_of_the_states_change_nothing():
    stream = torch.Generator().manual_seed(0)
    table = torch.randn(ROWS, 6, dtype=torch.float64, generator=stream)
    rotation, _ = torch.linalg.qr(torch.randn(6, 6, dtype=torch.float64, generator=stream))
    plain = measure(lambda ids: table[ids].amax(dim=1))
    other = measure(lambda ids: 1e3 * table[ids].amax(dim=1) @ rotation)
    for place, value in plain.items():
        assert other[place].value == pytest.approx(value.value, nan_ok=True), place


def test_a_shift_of_all_states_changes_cosines_alone():
    plain = measure(lambda ids: one_hots(ids).mean(dim=1))
    other = measure(lambda ids: one_hots(ids).mean(dim=1) + 5)
    for place, value in plain.items():
        same = "cosine" not in place[0]
        assert (other[place].value == pytest.approx(value.value)) == same, place


@pytest.mark.parametrize("pooling", ["mean", "last", "max"])
def test_no_substitution_does_not_move_a_state(encoder, pooling):
    model, (ids,) = Classifier(encoder, 16, pooling, 2).eval(), sequences(1)
    rows = mutation.mutants(ids[0].numpy(), SYMBOLS, (0, 1), np.random.default_rng(0))
    with torch.no_grad():
        states = model.pooled(torch.cat([ids, torch.from_numpy(rows)]), None)
    (none, one), _ = mutation.moved(states.double())
    assert none < 1e-6 * states[0].norm() and one > 1e-3 * states[0].norm()


def test_arithmetic_in_float32_is_as_good_as_in_float64(encoder):
    model = Classifier(encoder, 16, "mean", 2).eval()
    narrow = mutation.measure(model, sequences(), SYMBOLS)
    model.double().encoder.dtype = torch.float64
    for once, wide in zip(narrow, mutation.measure(model, sequences(), SYMBOLS), strict=True):
        assert once.value == pytest.approx(wide.value, rel=1e-4), once


def test_another_sequence_is_reached_where_the_curve_crosses_one():
    assert mutation.reached((1, 2, 4), np.array([0.25, 0.5, 1.5])) == pytest.approx(3)
    assert mutation.reached((1, 2), np.array([1.0, 0.5])) == 1
    assert mutation.reached((1, 2), np.array([4.0, 5.0])) == pytest.approx(0.25)
    assert math.isnan(mutation.reached((1, 2), np.array([0.2, 0.9])))
    assert math.isnan(mutation.reached((1, 2), np.array([2.0, math.nan])))


def test_states_that_are_not_finite_or_all_equal_have_no_distance():
    for state in (math.nan, 1.0):
        values = measure(lambda ids, state=state: torch.full((len(ids), 3), state))
        found = [v.value for (name, _), v in values.items() if "cosine" not in name]
        assert np.isnan(found).all()
        assert np.isfinite([v.reference for v in values.values()]).all()


def test_a_task_of_one_symbol_has_nothing_to_exchange():
    with pytest.raises(ValueError, match=r"^analyse\.kinds: mutation .* training part has 1;"):
        mutation.measure(Pooled(one_hots), sequences(), SYMBOLS[:1])


def test_where_every_token_is_classified_their_mean_moves(encoder):
    found = [
        [value.value for value in mutation.measure(model.eval(), sequences(), SYMBOLS)]
        for model in (Classifier(encoder, 16, pooling, 2) for pooling in ("mean", UNPOOLED))
    ]
    assert found[0] == pytest.approx(found[1], rel=1e-5, nan_ok=True)
