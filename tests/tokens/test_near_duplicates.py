"""Near-duplicates are found exactly, as by brute force, and at the rate that mathematics says."""

from functools import lru_cache
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtransfer.tokens import near_duplicates

words = st.lists(st.text("ACG", max_size=9).map(tuple), max_size=14)
kmers = st.integers(1, 4)
thresholds = st.sampled_from([0.2, 1 / 3, 0.5, 0.6, 2 / 3, 0.75, 0.9, 1.0])


def kmer_set(sequence: tuple, k: int) -> set:
    padded = [*sequence, *[None] * (k - len(sequence))]
    return {tuple(padded[i : i + k]) for i in range(len(padded) - k + 1)}


def jaccard(left: tuple, right: tuple, k: int) -> float:
    left, right = kmer_set(left, k), kmer_set(right, k)
    return len(left & right) / len(left | right)


def brute_force(sequences, k: int, threshold: float) -> list[int]:
    """Cluster numbers by merging label lists pair by pair."""
    labels = list(range(len(sequences)))
    for i, j in combinations(range(len(sequences)), 2):
        if jaccard(sequences[i], sequences[j], k) >= threshold:
            labels = [labels[i] if label == labels[j] else label for label in labels]
    order = list(dict.fromkeys(labels))
    return [order.index(label) for label in labels]


def random_sequences(n: int, length: int, alphabet: str, seed: int) -> list[tuple[str, ...]]:
    drawn = np.random.default_rng(seed).choice(list(alphabet), (n, length))
    return [tuple(map(str, row)) for row in drawn]


def mutated(sequence: tuple, rate: float, alphabet: str, rng) -> tuple:
    """A copy in which each symbol is replaced by another one with probability `rate`."""
    return tuple(
        str(rng.choice([a for a in alphabet if a != s])) if rng.random() < rate else s
        for s in sequence
    )


@given(words, kmers, thresholds)
def test_clusters_are_those_of_brute_force(sequences, kmer, threshold):
    found = near_duplicates.clusters(sequences, kmer, threshold)
    assert found.dtype == np.int64
    assert found.tolist() == brute_force(sequences, kmer, threshold)


@given(words, kmers, thresholds, st.integers(1, 40))
def test_blocks_change_nothing(sequences, kmer, threshold, cells):
    whole = near_duplicates.clusters(sequences, kmer, threshold).tolist()
    near = [a.tolist() for a in near_duplicates.nearest(sequences[:5], sequences[5:], kmer)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(near_duplicates, "CELLS", cells)
        assert near_duplicates.clusters(sequences, kmer, threshold).tolist() == whole
        parts = near_duplicates.nearest(sequences[:5], sequences[5:], kmer)
        assert [a.tolist() for a in parts] == near


@given(words, kmers, thresholds, st.randoms(use_true_random=False))
def test_who_shares_a_cluster_does_not_depend_on_the_order(sequences, kmer, threshold, random):
    order = list(range(len(sequences)))
    random.shuffle(order)
    plain = near_duplicates.clusters(sequences, kmer, threshold)
    shuffled = near_duplicates.clusters([sequences[i] for i in order], kmer, threshold)
    together = plain[order][:, None] == plain[order][None]
    assert np.array_equal(shuffled[:, None] == shuffled[None], together)


@given(words, words, kmers)
def test_the_nearest_reference_is_that_of_brute_force(queries, references, kmer):
    similarity, index = near_duplicates.nearest(queries, references, kmer)
    for query, value, position in zip(queries, similarity, index, strict=True):
        values = [jaccard(query, reference, kmer) for reference in references]
        best = max(values, default=0.0)
        assert value == best
        assert position == (values.index(best) if best else -1)


@given(st.text("abc", max_size=8), st.text("abc", max_size=8))
def test_identity_is_one_minus_the_edit_distance_over_the_longer_length(left, right):
    @lru_cache
    def distance(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        replaced = distance(i - 1, j - 1) + (left[i - 1] != right[j - 1])
        return min(replaced, distance(i - 1, j) + 1, distance(i, j - 1) + 1)

    expected = 1 - distance(len(left), len(right)) / max(len(left), len(right), 1)
    assert near_duplicates.identity(tuple(left), tuple(right)) == pytest.approx(expected)


def test_identity_takes_symbols_of_any_kind():
    assert near_duplicates.identity(("the", "##m", "60"), ("the", "60")) == pytest.approx(2 / 3)
    assert near_duplicates.identity((300, 70_000), (300, 70_001)) == 0.5


@pytest.mark.parametrize("kmer", [3, 5, 8])
@pytest.mark.parametrize("rate", [0.02, 0.05, 0.1])
def test_a_mutant_is_as_similar_as_its_mutation_rate_says(rate, kmer):
    # Each k-mer survives with probability (1-m)^k; of L windows s survive: J = s / (2L - s).
    # Windows overlap: up to 2k-1 of them depend on one another, so the error is that of L / (2k-1).
    rng, length, pairs = np.random.default_rng(kmer), 400, 60
    originals = random_sequences(pairs, length, "ACDEFGHIKLMNPQRSTVWY", seed=1)
    mutants = [mutated(s, rate, "ACDEFGHIKLMNPQRSTVWY", rng) for s in originals]
    similarity, index = near_duplicates.nearest(mutants, originals, kmer)
    survive = (1 - rate) ** kmer
    error = np.sqrt(survive * (1 - survive) * (2 * kmer - 1) / (length * pairs))
    assert index.tolist() == list(range(pairs))
    assert abs(similarity.mean() - survive / (2 - survive)) < 4 * error + 0.01


def test_planted_mutants_join_their_originals_and_nothing_else_joins():
    # At 5 % mutations 8-mers survive with 0.66: J = 0.5 on average. 0.25 is 5 errors below that,
    # and two unrelated sequences of 200 share one of 65,536 8-mers with odds of 0.5: J < 0.01.
    rng = np.random.default_rng(0)
    originals = random_sequences(150, 200, "ACGT", seed=2)
    mutants = [mutated(s, 0.05, "ACGT", rng) for s in originals]
    found = near_duplicates.clusters([*originals, *mutants], 8, 0.25)
    assert found.tolist() == [*range(150), *range(150)]


def test_a_chain_of_similar_sequences_is_one_cluster():
    text = "".join(map(chr, range(65, 125)))
    chain = [tuple(text[i : i + 20]) for i in range(0, 40, 4)]  # neighbours share 15 of 23 pairs
    assert set(near_duplicates.clusters(chain, 2, 0.6)) == {0}
    assert jaccard(chain[0], chain[-1], 2) == 0
    assert near_duplicates.clusters(chain, 2, 0.7).tolist() == list(range(10))


def test_many_symbols_and_long_kmers_do_not_overflow():
    # 30,000 symbols: the number of possible 12-mers is far beyond 64 bits.
    rng = np.random.default_rng(0)
    rows = [tuple(rng.permutation(30_000)[:40].tolist()) for _ in range(20)]
    rows += [row[1:] for row in rows]
    everything = [tuple(range(30_000)), *rows]
    found = near_duplicates.clusters(everything, 12, 0.9)
    assert found.tolist() == [0, *range(1, 21), *range(1, 21)]
    assert brute_force(rows, 12, 0.9) == (found[1:] - 1).tolist()


@pytest.mark.parametrize("threshold", [0, -1, 1.01, float("nan")])
def test_a_threshold_outside_0_to_1_is_refused(threshold):
    with pytest.raises(ValueError, match=r"threshold is .*above 0, at most 1"):
        near_duplicates.clusters([("A",)], 1, threshold)


def test_a_kmer_of_no_symbols_is_refused():
    with pytest.raises(ValueError, match="kmer is 0; it must be at least 1"):
        near_duplicates.clusters([("A",)], 0, 0.5)
