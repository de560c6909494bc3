"""Zero-shot scores are pairs counted and ranks correlated; intervals, independent bootstraps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

import id_sequences
from seqtransfer.scoring import zero_shot
from seqtransfer.scoring.task_kinds import Classification, Regression


@given(st.integers(0, 10_000))
def test_the_auc_is_the_share_of_pairs_in_the_right_order_ties_by_half(seed):
    rng = np.random.default_rng(seed)
    labels = np.concatenate([[0, 1], rng.integers(0, 2, 30)])
    numbers = rng.integers(0, 6, 32).astype(float)
    pairs = numbers[labels == 1][:, None] - numbers[labels == 0]
    found = zero_shot.score("auc", labels, numbers)
    assert found == pytest.approx(((pairs > 0) + (pairs == 0) / 2).mean())
    assert zero_shot.score("auc", 1 - labels, numbers) == pytest.approx(1 - found)


@given(st.integers(0, 10_000))
def test_the_correlations_are_numpys_with_ties(seed):
    rng = np.random.default_rng(seed)
    labels, numbers = rng.normal(size=25).round(), rng.normal(size=25).round(1)
    sides = {"pearson": (labels, numbers)}
    sides["spearman"] = tuple(stats.rankdata(side) for side in (labels, numbers))
    for metric, pair in sides.items():
        found = zero_shot.score(metric, labels, numbers)
        assert found == pytest.approx(np.corrcoef(*pair)[0, 1])


def test_a_constant_answer_is_chance_and_what_cannot_be_scored_is_not():
    labels, numbers = np.array([0.0, 1.0, 1.0, 0.0]), np.ones(4)
    assert zero_shot.score("auc", labels, numbers) == 0.5
    assert zero_shot.score("spearman", labels, numbers) == 0.0
    assert zero_shot.score("pearson", labels, numbers) == 0.0
    for metric in ("auc", "spearman", "pearson"):
        assert np.isnan(zero_shot.score(metric, np.ones(4), np.arange(4.0)))
        broken = np.array([1.0, np.nan, 2.0, 3.0])
        assert np.isnan(zero_shot.score(metric, labels, broken))
        found = zero_shot.interval(metric, labels, broken, list("abcd"), np.random.default_rng(0))
        assert np.isnan(found).all()
    with pytest.raises(ValueError, match="metric 'mcc': use one of spearman, pearson, auc"):
        zero_shot.score("mcc", labels, numbers)


def test_a_regression_is_scored_by_its_own_metric_and_classes_by_the_auc():
    for target, metric in (
        (Regression(0.0, 1.0, "spearman"), "spearman"),
        (Regression(0.0, 1.0, "pearson"), "pearson"),
        (Classification(("a", "b"), "f1"), "auc"),
    ):
        assert zero_shot.metric_of(target) == metric


@pytest.mark.parametrize("metric", ["auc", "spearman"])
def test_the_interval_is_that_of_scipys_bootstrap_where_every_example_is_a_unit(metric):
    rng = np.random.default_rng(1)
    numbers = rng.normal(size=300)
    labels = numbers + rng.normal(size=300)
    labels = (labels > 0).astype(float) if metric == "auc" else labels
    found = zero_shot.interval(
        metric, labels, numbers, [str(i) for i in range(300)], np.random.default_rng(2)
    )
    statistic = roc_auc_score if metric == "auc" else lambda a, b: stats.spearmanr(a, b).statistic
    theirs = stats.bootstrap(
        (labels, numbers), statistic, paired=True, vectorized=False, n_resamples=1000,
        method="percentile", rng=np.random.default_rng(3),
    ).confidence_interval  # fmt: skip
    # Each end is a percentile of 1000 draws: some 3 % of the width apart by chance.
    assert np.allclose(found, theirs, atol=0.1 * (theirs.high - theirs.low))


def test_copies_of_an_example_in_one_unit_do_not_narrow_the_interval():
    rng = np.random.default_rng(4)
    numbers = rng.normal(size=80)
    labels = numbers + 2 * rng.normal(size=80)
    units = np.array([str(i) for i in range(80)])
    widths = {}
    for name, copies, own in (("plain", 1, False), ("units", 5, False), ("rows", 5, True)):
        named = np.arange(80 * copies).astype(str) if own else np.repeat(units, copies)
        low, high = zero_shot.interval(
            "spearman", np.repeat(labels, copies), np.repeat(numbers, copies), named,
            np.random.default_rng(5),
        )  # fmt: skip
        widths[name] = high - low
    assert widths["units"] == pytest.approx(widths["plain"], rel=0.1)
    assert widths["rows"] == pytest.approx(widths["plain"] / np.sqrt(5), rel=0.15)


@pytest.mark.parametrize(
    ("metric", "labels", "units", "drawn"),
    [
        ("auc", [0, 1] * 10, range(20), True),
        ("auc", [0, 1] * 10, [0] * 20, False),  # would be 1.0 to 1.0
        ("auc", [0] * 16 + [1] * 4, range(20), False),
        ("auc", [0, 1], range(2), False),
        ("spearman", np.arange(20.0), range(20), True),
        ("spearman", np.arange(20.0), [n // 4 for n in range(20)], False),
    ],
)
def test_few_units_have_a_score_but_no_interval(metric, labels, units, drawn):
    labels = np.asarray(labels)
    numbers = labels + np.arange(len(labels)) / 100
    names = [str(unit) for unit in units]
    assert zero_shot.score(metric, labels, numbers) == pytest.approx(1.0)
    found = zero_shot.interval(metric, labels, numbers, names, np.random.default_rng(0))
    assert np.isfinite(found).all() == drawn


def test_frequencies_of_symbols_are_counted_by_hand():
    def ragged(*rows):
        return id_sequences.joined(
            [[1, *row, 2] for row in rows], [-1] * len(rows), ["e"] * len(rows)
        )

    trained_on = ragged([5, 5, 5], [6, 5])  # 5 four times, 6 once, 7 never; one more of each
    found = zero_shot.symbol_frequencies(ragged([5, 7], [6]), trained_on, np.array([5, 6, 7]))
    np.testing.assert_allclose(found, [np.log(5 / 8 * 1 / 8) / 2, np.log(2 / 8)])


def mutants(*bodies):
    return id_sequences.joined([[0, *body, 1] for body in bodies], [-1] * len(bodies), [*"abcdef"])


def test_the_wild_type_is_what_most_mutants_have_at_each_place():
    part = mutants([5, 6, 7, 8], [5, 6, 7, 9], [5, 5, 7, 8], [6, 6, 7, 8])
    assert zero_shot.wild_type(part, part, 5).tolist() == [0, 5, 6, 7, 8, 1]
    assert zero_shot.wild_type(mutants([5, 6], [5, 6, 7]), part, 5) is None
    assert zero_shot.wild_type(part, mutants([5, 6, 7]), 5) is None
    far = mutants([7, 8, 5, 6])
    assert zero_shot.wild_type(part, far, 5) is None  # what is scored is no mutant of it
    third = mutants([5, 6, 7, 8], [5, 6, 8, 7], [6, 5, 7, 8])  # a third of the symbols
    assert zero_shot.wild_type(third, third, 5) is None
    unlike = mutants([5, 6, 7, 8], [6, 5, 8, 7], [7, 8, 5, 6], [8, 7, 6, 5])  # half of the tokens
    assert zero_shot.wild_type(unlike, unlike, 5) is None


def test_a_mutant_s_number_is_the_sum_of_the_log_odds_of_its_mutations():
    """Of a model without context it is the difference of two sequences' log-likelihoods."""
    rng = np.random.default_rng(0)
    chances = np.log(rng.dirichlet(np.ones(10), 6))
    chances[[0, 5]] = np.nan  # special tokens
    wild, part = np.array([0, 5, 6, 7, 8, 1]), mutants([5, 6, 7, 8], [5, 6, 7, 9], [9, 6, 5, 8])
    found = zero_shot.mutation_scores(part, wild, chances)
    inner = [chances[range(1, 5), part[i][1:5]].sum() for i in range(3)]
    assert found == pytest.approx(np.array(inner) - inner[0]) and found[0] == 0
