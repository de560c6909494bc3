"""Two layers' scores beside their permutation nulls: what a row of results says."""

from collections import Counter

import numpy as np
import pytest

from seqtransfer.similarity import layer_comparison
from seqtransfer.similarity.measures import MEASURES, streaming
from seqtransfer.similarity.measures.pair import Pair


def draw(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


def scored(x, y, sequences, measures=("pwcca", "cka"), draws=19, seed=0, units=None,
           positions=None):  # fmt: skip
    """The rows of a comparison of two layers; each sequence is a unit of its own by default."""
    units = sequences if units is None else units
    generator = np.random.default_rng(seed)
    comparison = layer_comparison.Comparison(
        measures, sequences, units, draws=draws, generator=generator, positions=positions
    )
    return list(comparison.rows(comparison.prepare(x, "left"), comparison.prepare(y, "right")))


def test_a_row_reports_the_score_its_nulls_and_the_sizes():
    signal = draw(0, 200, 3)
    x, y = signal @ draw(1, 3, 6) + draw(2, 200, 6), signal @ draw(3, 3, 9) + draw(4, 200, 9)
    sequences = np.repeat(np.arange(50), 4)
    table = scored(x, y, sequences, MEASURES, draws=39)
    assert table == scored(x, y, sequences, MEASURES, draws=39)
    assert {row["measure"] for row in table} == set(MEASURES)
    for row in table:
        measure = MEASURES[row["measure"]]
        assert row["score"] == pytest.approx(measure(x, y), abs=1e-12)
        assert row["null_low"] <= row["null_mean"] <= row["null_high"]
        assert (row["score"] > row["null_high"]) != measure.distance
        assert row["p_value"] == 1 / 40
        if measure.null:
            assert row["analytic_null"] == measure.null(Pair.of(x, y))
        else:
            assert np.isnan(row["analytic_null"])
        sizes = "draws rows sequences units left_width right_width width left_rank right_rank"
        assert [row[name] for name in sizes.split()] == [39, 200, 50, 50, 6, 9, 9, 6, 9]
        assert row["few_rows"] is False


def test_all_pairs_of_a_comparison_see_the_same_permutations():
    generator = np.random.default_rng(3)
    alone = np.arange(60)
    comparison = layer_comparison.Comparison(["cca"], alone, alone, draws=19, generator=generator)
    left = [comparison.prepare(draw([0, i], 60, 4), f"left {i}") for i in range(2)]
    right = [comparison.prepare(draw([1, i], 60, 5), f"right {i}") for i in range(3)]
    table = [row for a in left for b in right for row in comparison.rows(a, b)]
    assert table[-1:] == scored(draw([0, 1], 60, 4), draw([1, 2], 60, 5), np.arange(60), ["cca"],
                                seed=3)  # fmt: skip


def test_pairwise_measures_see_whole_sequences_up_to_the_limit(monkeypatch):
    monkeypatch.setattr(layer_comparison, "PAIRWISE_ROWS", 50)
    x, y, sequences = draw(0, 90, 4), draw(1, 90, 5), np.tile(np.arange(30), 3)
    knn, cca = scored(x, y, sequences, ["neighbours", "cca"])[::-1]
    assert (knn["rows"], knn["sequences"], cca["rows"], cca["sequences"]) == (48, 16, 90, 30)
    seen = layer_comparison.pairwise_rows(sequences, sequences)
    assert seen.sum() == 48 and knn["score"] == MEASURES["neighbours"](x[seen], y[seen])


@pytest.mark.parametrize(
    ("limit", "units", "each"),
    [
        (12, 6, 1),  # one sequence of each of six units
        (23, 6, 1),
        (24, 6, 2),  # both of each
        (9, 4, 1),  # one of each of some units
    ],
)
def test_pairwise_measures_see_equally_many_sequences_of_each_unit(monkeypatch, limit, units, each):
    monkeypatch.setattr(layer_comparison, "PAIRWISE_ROWS", limit)
    sequences = np.repeat(np.arange(12), 2)
    seen = np.unique(sequences[layer_comparison.pairwise_rows(sequences, sequences // 2)])
    assert np.unique(seen // 2, return_counts=True)[1].tolist() == [each] * units


def test_pairwise_measures_see_a_sample_of_the_units_not_those_whose_names_come_first(
    monkeypatch,
):
    """Units are numbered by their names, such as `neg-7` and `pos-7`, which may go with a class."""
    monkeypatch.setattr(layer_comparison, "PAIRWISE_ROWS", 200)
    sequences = np.arange(1000)
    seen = sequences[layer_comparison.pairwise_rows(sequences, sequences)]
    assert len(seen) == 200
    assert abs((seen < 500).sum() - 100) < 4 * np.sqrt(200 * 0.25 * 0.8)


def rejections(studies, cause, sequences, asked, weight):
    """How often two encoders that share nothing but what each makes of `cause(generator)`, (n,)
    int, are said to be alike at 5 %: by what `scored` is `asked`, a function of the cause."""
    rejected = Counter()
    for seed in range(studies):
        generator = np.random.default_rng(seed)
        causes = cause(generator)
        x, y = (
            weight * generator.normal(size=(causes.max() + 1, 6))[causes]
            + generator.normal(size=(len(causes), 6))
            for _ in range(2)
        )
        for name, how in asked(causes).items():
            (row,) = scored(x, y, sequences, ["cka"], seed=seed, **how)
            rejected[name] += row["p_value"] <= 0.05
    return rejected


def test_encoders_that_share_nothing_but_what_positions_give_are_not_above_the_null():
    """Units meet those of their positions; if they met all, positions would pass for likeness."""

    def places(generator):
        sets = np.sort(generator.permutation(32).reshape(4, 8), axis=1)
        return sets[np.repeat(generator.permutation(80) % 4, 8), np.tile(np.arange(8), 80)]

    found = rejections(
        60, places, np.repeat(np.arange(80), 8),
        lambda causes: {"blocks": {"positions": causes}, "all": {}}, weight=2,
    )  # fmt: skip
    assert found["blocks"] <= 8  # 3 expected, standard deviation 1.7
    assert found["all"] >= 40


def test_where_sequences_of_a_piece_are_alike_only_whole_units_give_a_true_null():
    # The piece's share of the variance is 1/2.
    found = rejections(
        100, lambda _: np.repeat(np.arange(40), 5), np.arange(200),
        lambda causes: {"units": {"units": causes}, "sequences": {}}, weight=1,
    )  # fmt: skip
    assert found["units"] <= 12  # 5 expected, standard deviation 2.2
    assert found["sequences"] >= 30


def test_pairwise_measures_see_few_blocks_of_enough_units_each(monkeypatch):
    """Of a block of few units a draw of the null would pair many with themselves."""
    monkeypatch.setattr(layer_comparison, "PAIRWISE_ROWS", 640)
    units = np.repeat(np.arange(240), 10)
    blocks = units // 20
    seen = layer_comparison.pairwise_rows(units, units, blocks)
    found, counts = np.unique(blocks[seen], return_counts=True)
    assert len(found) == 3 and counts.tolist() == [200] * 3  # whole blocks
    large = layer_comparison.pairwise_rows(units, units, units // 60)
    assert all(count >= 200 for count in np.unique(units[large] // 60, return_counts=True)[1])


@pytest.mark.parametrize("sizes", [[300] + [20] * 15, [1000, 20, 20], [900] + [20] * 10, [240]])
@pytest.mark.parametrize("fit", [25, 60, 200])
def test_each_unit_is_about_as_likely_to_be_seen_whatever_the_size_of_its_block(sizes, fit):
    block = np.repeat(np.arange(len(sizes)), sizes)
    seen = np.zeros(len(block))
    for seed in range(400):
        chosen = layer_comparison.parcels(block, fit, np.random.default_rng(seed))
        assert fit - 40 < len(set(chosen)) == len(chosen) <= fit
        assert min(np.unique(block[chosen], return_counts=True)[1]) >= 20
        seen[chosen] += 1
    shares = [seen[block == number].mean() / 400 for number in range(len(sizes))]
    expected = seen.mean() / 400
    # A parcel of 20 units of a small block comes or not: its share is a binomial one.
    assert shares[0] == pytest.approx(expected, rel=0.25)
    others = np.mean(shares[1:]) if shares[1:] else expected
    assert others == pytest.approx(expected, rel=0.5)


def test_of_blocks_smaller_than_a_parcel_whole_ones_are_seen_as_far_as_they_fit():
    block = np.repeat(np.arange(30), 4)
    chosen = layer_comparison.parcels(block, 18, np.random.default_rng(0))
    assert np.unique(block[chosen], return_counts=True)[1].tolist() == [4] * 4
    (first,) = np.unique(block[layer_comparison.parcels(block, 3, np.random.default_rng(0))])
    assert first < 30


def test_few_rows_and_the_dimensions_svcca_keeps_are_reported():
    x = draw(0, 90, 10) * np.geomspace(1, 1e-3, 10)
    table = {row["measure"]: row for row in scored(x, x, np.arange(90), ["svcca", "cca"])}
    assert table["svcca"]["left_rank"] < table["cca"]["left_rank"] == 10
    assert table["svcca"]["few_rows"] is True


@pytest.mark.parametrize("name", MEASURES)
def test_a_score_that_every_draw_equals_has_p_value_one(name):
    # Rows that depend on the position alone: permuting sequences changes nothing.
    positions = np.tile(np.arange(12), 20)
    x, y = draw(30, 12, 3)[positions], draw(31, 12, 4)[positions]
    (row,) = scored(x, y, np.repeat(np.arange(20), 12), [name])
    assert row["p_value"] == 1
    assert row["null_mean"] == pytest.approx(row["score"], abs=1e-5)


@pytest.mark.parametrize("name", ["pwcca", "cka", "gulp", "neighbours"])
def test_p_values_of_unrelated_representations_are_uniform(name):
    values = [
        scored(draw([s, 0], 40, 3), draw([s, 1], 40, 4), np.arange(40), [name], 9, s)[0]["p_value"]
        for s in range(200)
    ]
    counts = np.bincount(np.rint(np.array(values) * 10).astype(int), minlength=11)[1:]
    assert counts.sum() == 200
    # Uniform on 0.1 .. 1: 20 each, standard deviation 4.2. Ties push upward only.
    assert counts[0] < 20 + 4 * 4.2
    assert np.mean(values) == pytest.approx(0.55, abs=4 * 0.287 / np.sqrt(200))


def states(seed, n, count):
    """(n, 4): rows that are one of `count` discrete states each, so that many are equal."""
    return draw([seed, 0], count, 4)[np.random.default_rng(seed).integers(0, count, n)]


@pytest.mark.parametrize("name", ["neighbours", "neighbours_jaccard", "cknna", "rsa_euclidean"])
def test_independent_sides_of_discrete_states_are_not_similar(name):
    values = [
        scored(states(2 * s, 240, 12), states(2 * s + 1, 240, 12), np.arange(240), [name], 19, s)
        for s in range(20)
    ]
    assert sum(row["p_value"] <= 0.05 for (row,) in values) <= 5  # expected 1, deviation 1


# Batches of `cka_minibatch` are of rows by their numbers.
@pytest.mark.parametrize("name", [name for name in MEASURES if name != "cka_minibatch"])
def test_neither_score_nor_null_of_discrete_states_depends_on_the_order_of_rows(name):
    x, y, measure = states(0, 120, 20), states(1, 120, 30), MEASURES[name]
    order = np.random.default_rng(2).permutation(120)
    assert measure(x[order], y[order]) == pytest.approx(measure(x, y), abs=1e-9)
    whole = Pair.of(x, y)
    drawn = Pair(whole.left, whole.right, order)
    assert measure.of(drawn) == pytest.approx(measure(x, y[order]), abs=1e-9)


def test_another_number_of_rows_and_an_unknown_measure_are_refused():
    x, y = draw(0, 5, 2), draw(1, 5, 2)
    with pytest.raises(ValueError, match="left has 5 rows, but there are sequences of 4"):
        scored(x, y, [0, 1, 2, 3])
    with pytest.raises(ValueError, match="measure 'rtd' is unknown; known: pwcca"):
        scored(x, y, [0, 1, 2, 3, 4], ["rtd"])


@pytest.mark.parametrize("broken", [0.1, np.nan, np.inf])
def test_a_layer_without_a_similarity_has_rows_without_numbers(broken):
    states = draw([0], 60, 4)
    sequences = np.repeat(np.arange(20), 3)
    comparison = layer_comparison.Comparison(
        ["cka", "pwcca", "rsa_euclidean"], sequences, sequences, draws=3,
        generator=np.random.default_rng(0),
    )  # fmt: skip
    for streamed in (False, True):
        sides = [
            comparison.prepare(x, "x", streamed=streamed)
            for x in (states, np.full((60, 4), broken))
        ]
        for left, right in (sides, sides[::-1]):
            rows = list(comparison.rows(left, right))
            assert len(rows) == 3
            for row in rows:
                numbers = [row[name] for name in ("score", "null_mean", "null_high", "p_value")]
                assert np.isnan(numbers).all()
                assert row["rows"] and row["draws"] == 3


def test_a_streamed_layer_without_a_similarity_is_not_copied(monkeypatch):
    monkeypatch.setattr(streaming, "CHUNK_BYTES", 16 * 64 * 8)

    class Read(np.ndarray):
        """Counts the rows that are read at a time."""

        most = 0

        def __getitem__(self, index):
            found = super().__getitem__(index)
            Read.most = max(Read.most, len(np.atleast_1d(found)))
            return np.asarray(found)

    sequences = np.arange(100)
    layer = np.full((100, 64), np.nan).view(Read)
    comparison = layer_comparison.Comparison(
        ["cka"], sequences, sequences, draws=1, generator=np.random.default_rng(0)
    )
    (side,) = comparison.prepare(layer, "x", streamed=True)
    assert (len(side.rows), side.width) == (100, 64)
    assert 0 < Read.most < 100


def test_svcca_counts_the_correlations_of_1_that_it_uses():
    """Independent normal data: p + q - (n - 1) of the directions that are kept, whatever these."""
    rows = scored(draw(0, 100, 80), draw(1, 100, 80), np.arange(100), ["svcca", "cca"])
    for row in rows:
        assert row["ties"] == row["left_rank"] + row["right_rank"] - 99 > 30
    assert rows[0]["ties"] != rows[1]["ties"]
    narrow = scored(draw(0, 100, 20), draw(1, 100, 20), np.arange(100), ["svcca", "cca"])
    assert [row["ties"] for row in narrow] == [0, 0]
