"""Outputs of procedural tasks are what a plain second reading of the input gives."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from seqtransfer.tokens import procedural_tasks
from seqtransfer.tokens.artificial_laws import shares


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def popped(operations: list[int], pop: int) -> list[int]:
    """What is on the stack: a pop takes away the last push that no pop has taken."""
    open_pushes, taken = 0, set()
    for place in reversed(range(len(operations))):
        if operations[place] == pop:
            open_pushes += 1
        elif open_pushes:
            open_pushes -= 1
            taken.add(place)
    assert not open_pushes, "a pop of the empty stack"
    return [s for place, s in enumerate(operations) if s != pop and place not in taken]


ORACLES = {
    procedural_tasks.reverse: lambda given, symbols: list(reversed(given)),
    procedural_tasks.sort: lambda given, symbols: sorted(given),
    procedural_tasks.distinct: lambda given, symbols: list(dict.fromkeys(given)),
    procedural_tasks.stack: lambda given, symbols: popped(given, symbols - 2),
}


def parts(row: np.ndarray, symbols: int) -> tuple[list[int], list[int]]:
    """Input and output; the separator stands once, and nothing follows an end."""
    tokens = [s for s in row.tolist() if s != procedural_tasks.NOTHING]
    assert row.tolist()[: len(tokens)] == tokens and tokens.count(symbols - 1) == 1
    place = tokens.index(symbols - 1)
    return tokens[:place], tokens[place + 1 :]


def drawn(law, seed, sequences, tokens, symbols, exponent=1.0):
    options = {"pushing": 0.6} if law is procedural_tasks.stack else {}
    return law(rng(seed), sequences, tokens, symbols=symbols, exponent=exponent, **options)


@pytest.mark.parametrize("law", ORACLES)
@given(seed=st.integers(0, 2**32), tokens=st.integers(3, 40), symbols=st.integers(3, 50))
def test_the_output_is_the_task_s_for_the_input(law, seed, tokens, symbols):
    result = drawn(law, seed, 5, tokens, symbols)
    assert result.shape[0] == 5 and result.shape[1] <= tokens
    for row in result:
        given_, made = parts(row, symbols)
        assert len(given_) == (tokens - 1) // 2
        assert made == ORACLES[law](given_, symbols)
        assert all(0 <= s < symbols - 1 for s in given_)


@pytest.mark.parametrize("law", [law for law in ORACLES if law is not procedural_tasks.stack])
def test_inputs_have_zipf_s_frequencies(law):
    inputs = drawn(law, 1, 3000, 41, 31)[:, :20]
    expected = inputs.size * shares(30, 1.0)
    assert stats.chisquare(np.bincount(inputs.ravel(), minlength=30), expected).pvalue > 1e-3


def test_a_set_has_as_many_symbols_as_its_expectation_in_closed_form():
    result = drawn(procedural_tasks.distinct, 2, 4000, 41, 31)
    counts = (result[:, 21:] >= 0).sum(axis=1)
    expected = (1 - (1 - shares(30, 1.0)) ** 20).sum()
    assert abs(counts.mean() - expected) < 4 * counts.std() / np.sqrt(len(counts))


def test_a_stack_is_as_deep_as_a_walk_reflected_at_0():
    """Second computation of the law: the distribution of depths, step by step."""
    result = procedural_tasks.stack(rng(3), 5000, 21, symbols=12, exponent=1.0, pushing=0.6)
    chances = np.zeros(12)
    chances[0] = 1
    for _ in range(10):
        after = np.zeros(12)
        after[1] = chances[0]
        after[2:] += 0.6 * chances[1:-1]
        after[:-1] += 0.4 * chances[1:]
        chances = after
    depths = np.bincount((result[:, 11:] >= 0).sum(axis=1), minlength=12)
    possible = chances * 5000 > 5
    assert depths[chances == 0].sum() == 0
    seen, asked = depths[possible], 5000 * chances[possible]
    rest = (5000 - seen.sum(), 5000 - asked.sum())
    assert stats.chisquare([*seen, rest[0]], [*asked, rest[1]]).pvalue > 1e-3


@pytest.mark.parametrize("pushing", [0.0, 1.0])
def test_a_stack_that_always_pushes_holds_all_and_one_that_need_not_holds_the_last_or_none(pushing):
    result = procedural_tasks.stack(rng(), 50, 15, symbols=9, exponent=0.0, pushing=pushing)
    for row in result:
        given_, made = parts(row, 9)
        if pushing:
            assert made == given_
        else:
            assert made == given_[-1:] and Counter(given_)[7] == 3  # push, pop, ..., push
