"""Laws of symbols hold, by chi-square tests and by second readers of the pairs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from seqtransfer.tokens import artificial_laws

PAIRS = {"symbols": 30, "exponent": 1.0, "opening": 0.4}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def reduced(sequence) -> list[int]:
    """What is left when equal neighbours are struck out until there are none.

    The order of striking out does not matter (these are the words of a free product of groups of
    order 2), so nothing is left if and only if the symbols pair up without crossing.
    """
    stack = []
    for symbol in sequence:
        if stack and stack[-1] == symbol:
            stack.pop()
        else:
            stack.append(symbol)
    return stack


@pytest.mark.parametrize("exponent", [0.0, 1.0, 1.5])
def test_zipf_s_symbols_have_zipf_s_frequencies_and_no_memory(exponent):
    drawn = artificial_laws.zipf(rng(), 2000, 40, symbols=50, exponent=exponent)
    weights = [rank**-exponent for rank in range(1, 51)]
    expected = drawn.size * np.array(weights) / sum(weights)
    assert stats.chisquare(np.bincount(drawn.ravel(), minlength=50), expected).pvalue > 1e-3
    before, after = (np.minimum(part.ravel(), 9) for part in (drawn[:, :-1:2], drawn[:, 1::2]))
    table = np.zeros((10, 10))
    np.add.at(table, (before, after), 1)
    assert stats.chi2_contingency(table).pvalue > 1e-3


def test_a_markov_chain_makes_each_transition_of_its_table_as_often_as_the_table_says():
    options = {"symbols": 20, "exponent": 1.0, "successors": 4}
    chain = artificial_laws.markov(rng(3), 3000, 40, **options)
    follow = artificial_laws.transitions(rng(3), **options)  # the table is the first thing drawn
    counts = np.zeros((20, 20))
    np.add.at(counts, (chain[:, :-1].ravel(), chain[:, 1:].ravel()), 1)
    chances = np.array([np.bincount(row, minlength=20) / 4 for row in follow])
    assert (counts[chances == 0] == 0).all() and (chances > 0).sum() <= 80
    for row, chance in zip(counts, chances, strict=True):
        possible = chance > 0
        if row.sum() and possible.sum() > 1:
            expected = row.sum() * chance[possible]
            assert stats.chisquare(row[possible], expected).pvalue > 1e-4


def test_the_transitions_of_many_tables_add_up_to_zipf_s_law_after_every_symbol():
    tables = [
        artificial_laws.transitions(rng(seed), symbols=8, exponent=1.0, successors=3)
        for seed in range(800)
    ]
    for after in np.stack(tables, axis=1).reshape(8, -1):
        expected = len(after) * artificial_laws.shares(8, 1.0)
        assert stats.chisquare(np.bincount(after, minlength=8), expected).pvalue > 1e-4


@given(st.integers(0, 2**32), st.integers(1, 20), st.floats(0, 1), st.integers(1, 40))
def test_nested_pairs_pair_up_without_crossing_and_flat_ones_pair_up(seed, half, opening, symbols):
    options = {"symbols": symbols, "exponent": 1.0, "opening": opening}
    for sequence in artificial_laws.nested(rng(seed), 5, 2 * half, **options):
        assert reduced(sequence) == []
    for sequence in artificial_laws.flat(rng(seed), 5, 2 * half, **options):
        assert (np.bincount(sequence) % 2 == 0).all()
        assert ((0 <= sequence) & (sequence < symbols)).all()


def test_flat_pairs_cross_in_most_sequences():
    drawn = artificial_laws.flat(rng(), 500, 60, **PAIRS)
    assert np.mean([bool(reduced(sequence)) for sequence in drawn]) > 0.9


def distances(sequence) -> list[int]:
    """Distances within pairs, where every symbol has one pair."""
    return [np.diff(np.flatnonzero(sequence == symbol))[0] for symbol in set(sequence)]


def test_flat_and_nested_pairs_stand_at_equal_mean_distance():
    # So many symbols that hardly any comes twice; sequences in which one does are left out.
    options = {"symbols": 10**6, "exponent": 0.0, "opening": 0.4}
    for seed in range(3):
        pair = (
            law(rng(seed), 50, 40, **options)
            for law in (artificial_laws.nested, artificial_laws.flat)
        )
        for a, b in zip(*pair, strict=True):
            if len(set(a)) == len(set(b)) == 20:
                assert np.mean(distances(a)) == pytest.approx(np.mean(distances(b)))


@pytest.mark.parametrize("law", [artificial_laws.nested, artificial_laws.flat])
def test_the_symbols_of_pairs_follow_zipf_s_law(law):
    drawn = law(rng(), 3000, 40, **PAIRS)
    counts = np.bincount(drawn.ravel(), minlength=30) / 2  # pairs, which are independent draws
    expected = counts.sum() * artificial_laws.shares(30, 1.0)
    assert stats.chisquare(counts, expected).pvalue > 1e-3


def test_pairs_open_as_often_as_asked_where_they_may_open_or_close():
    # With symbols that do not come twice, the first of a pair opens it.
    drawn = artificial_laws.nested(rng(), 2000, 60, symbols=10**6, exponent=0.0, opening=0.3)
    once = [sequence for sequence in drawn if len(set(sequence)) == 30]
    assert len(once) > 1900
    opened = possible = 0
    for sequence in once:
        depth, seen = 0, set()
        for place, symbol in enumerate(sequence):
            opens = symbol not in seen
            if 0 < depth < 60 - place:
                possible, opened = possible + 1, opened + opens
            depth += 1 if opens else -1
            seen.add(symbol)
    assert stats.binomtest(opened, possible, 0.3).pvalue > 1e-3


@given(st.integers(0, 2**32), st.integers(1, 20), st.floats(0, 1), st.integers(1, 20))
def test_every_kind_of_bracket_is_balanced_on_its_own(seed, half, opening, kinds):
    options = {"symbols": 2 * kinds, "exponent": 1.0, "opening": opening}
    for sequence in artificial_laws.shuffle_dyck(rng(seed), 5, 2 * half, **options):
        assert ((0 <= sequence) & (sequence < 2 * kinds)).all()
        for kind in range(kinds):
            depth = np.cumsum((sequence == kind).astype(int) - (sequence == kind + kinds))
            assert depth.min() >= 0 and depth[-1] == 0


def test_brackets_without_their_direction_are_the_flat_pairs():
    brackets = artificial_laws.shuffle_dyck(rng(), 50, 40, **PAIRS | {"symbols": 60})
    assert np.array_equal(brackets % 30, artificial_laws.flat(rng(), 50, 40, **PAIRS))


def test_any_open_bracket_is_closed_equally_often():
    # The first two places open and differ: which of the two does a third, closing, place close?
    options = {"symbols": 2000, "exponent": 0.0, "opening": 0.5}
    drawn = artificial_laws.shuffle_dyck(rng(), 8000, 8, **options)
    a, b, c = drawn[:, :3].T
    asked = (b < 1000) & (c >= 1000) & (a != b)
    assert asked.sum() > 1500
    assert stats.binomtest(int((c == b + 1000)[asked].sum()), int(asked.sum())).pvalue > 1e-3
