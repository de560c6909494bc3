"""Scores from moments of rows read in chunks: those of the in-memory SVD, at any conditioning."""

from itertools import pairwise

import numpy as np
import pytest

from seqtransfer.similarity import encoder_comparison, representation_files
from seqtransfer.similarity.measures import MEASURES, permutation_null, streaming
from seqtransfer.similarity.measures.pair import Pair
from seqtransfer.similarity.measures.representation import Representation
from seqtransfer.similarity.measures.streaming import StreamedRepresentation
from seqtransfer.similarity.representation_files import RepresentationFile

CLOSE = {"abs": 1e-8, "rel": 1e-8}
# Pairwise measures score the first rows, which are in memory.
STREAMED = [m.name for m in MEASURES.values() if m.streams and not m.pairwise]


def draw(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


def related(seed, n, p, q, condition=10.0):
    """Two matrices of one signal, in all directions, whose singular values span `condition`."""
    signal = draw([seed, 0], n, 3)

    def matrix(stream, width):
        rows = signal @ draw([stream, 1], 3, width) + draw([stream, 2], n, width)
        basis = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)[0]
        mixed = basis @ np.linalg.qr(draw([stream, 3], basis.shape[1], basis.shape[1]))[0]
        lengths = np.geomspace(1, 1 / condition, basis.shape[1])
        return mixed * lengths @ np.linalg.qr(draw([stream, 4], width, width))[0][: len(lengths)]

    return matrix(seed + 1, p), matrix(seed + 2, q)


def pairing(x, y):
    return Pair(StreamedRepresentation(x, "x"), StreamedRepresentation(y, "y"))


def scores(x, y, measures=STREAMED):
    """Scores of two streamed arrays, by measure."""
    both = pairing(x, y)
    return {name: MEASURES[name].of(both) for name in measures}


def by_svd(x, y):
    """Scores on LAPACK's SVD of the rows themselves, no covariance formed."""
    found = []
    for rows in (np.asarray(x, dtype=float), np.asarray(y, dtype=float)):
        centred = rows - rows.mean(axis=0)
        basis, singular, loadings = np.linalg.svd(centred, full_matrices=False)
        rank = np.count_nonzero(singular > 1e-5 * singular[0])
        representation = Representation(rows, "x")
        representation._decomposition = (
            basis[:, :rank],
            singular[:rank] / singular[0],
            loadings[:rank],
        )
        found.append(representation)
    return {name: MEASURES[name].of(Pair(*found)) for name in STREAMED}


def count_refinements(monkeypatch):
    calls, refined = [], streaming._refined
    monkeypatch.setattr(streaming, "_refined", lambda *given: calls.append(1) or refined(*given))
    return calls


@pytest.mark.parametrize("shape", [(300, 20, 31), (150, 64, 5)])
@pytest.mark.parametrize("tokens", [1, 4])
def test_the_table_is_that_of_the_in_memory_path(shape, tokens, tmp_path, monkeypatch):
    # In a file of several chunks, read in chunks of other sizes.
    n, draws, measures = shape[0] // tokens * tokens, 9, [*STREAMED, "neighbours"]
    encoders = {}
    for name, x in zip("ab", related(0, *shape), strict=True):
        ids, sequences = np.array([f"e{row}" for row in range(n)]), np.arange(n) // tokens
        layers = {"layer_0": x[:n], "layer_1": (x**2)[:n]}
        cuts = [0, 4 * tokens, 9 * tokens, n]
        chunks = [
            (
                ids[a:b],
                sequences[a:b],
                sequences[a:b],
                {key: rows[a:b] for key, rows in layers.items()},
            )
            for a, b in pairwise(cuts)
        ]
        representation_files.write(tmp_path / name, chunks)
        encoders[name] = RepresentationFile(tmp_path / name)
    monkeypatch.setattr(streaming, "CHUNK_BYTES", 8 * 20 * 11)
    monkeypatch.setattr(permutation_null, "CHUNK_ROWS", 50)

    def table(memory):
        return list(
            encoder_comparison.compare(
                encoders, [("a", "b")], [("a", "b")], measures, draws=draws, seed=0, memory=memory
            )
        )

    made = []
    monkeypatch.setattr(
        "seqtransfer.similarity.layer_comparison.StreamedRepresentation",
        lambda *given: made.append(given[1]) or StreamedRepresentation(*given),
    )
    expected = table(np.inf)
    assert not made
    found = table(0)
    assert len(made) == 4 and len(found) == len(expected) == 4 * len(measures)
    for row, other in zip(found, expected, strict=True):
        assert list(row) == list(other)
        for name, value in row.items():
            # Draws are of float32.
            error = 1e-5 if name in ("null_mean", "null_low", "null_high") else 1e-8
            same = (
                other[name]
                if isinstance(value, str | None)
                else pytest.approx(other[name], abs=error, rel=error, nan_ok=True)
            )
            assert value == same, (row, name)


@pytest.mark.parametrize("shape", [(30, 50, 40), (41, 40, 7), (60, 90, 12)])
def test_fewer_rows_than_neurons_are_no_obstacle(shape):
    x, y = related(3, *shape)
    free_of_ties = [name for name in STREAMED if not name.startswith("pwcca")]
    expected = by_svd(x, y)
    assert scores(x, y, free_of_ties) == pytest.approx(
        {name: expected[name] for name in free_of_ties}, **CLOSE
    )


@pytest.mark.parametrize("shape", [(400, 60, 50), (1200, 96, 130)])
@pytest.mark.parametrize("condition", [1e1, 1e3, 3e3, 4e3, 1e4, 9e4, 1.1e5, 1e6, 1e9, 1e14])
def test_conditioning_costs_no_accuracy(shape, condition):
    x, y = related(1, *shape, condition)
    assert scores(x, y) == pytest.approx(by_svd(x, y), **CLOSE)


def test_moments_alone_lose_digits_that_the_third_pass_restores(monkeypatch):
    x, y = related(1, 400, 60, 50, 9e4)
    calls = count_refinements(monkeypatch)
    expected = by_svd(x, y)
    assert scores(x, y) == pytest.approx(expected, abs=1e-11)
    assert calls
    monkeypatch.setattr(streaming, "PRECISE", 0.0)
    assert scores(x, y) != pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("factor", [0.999999, 1.000001])
def test_the_rank_is_decided_on_exact_singular_values_however_near_the_cutoff(factor):
    basis = np.linalg.qr(np.column_stack([np.ones(200), draw(0, 200, 9)]))[0][:, 1:]
    rows = basis * [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 1e-5 * factor]
    rotated = rows @ np.linalg.qr(draw(1, 9, 9))[0]
    found = StreamedRepresentation(rotated, "x")
    assert found.rank == 8 + (factor > 1)
    assert MEASURES["cca"].of(Pair(found, found)) == pytest.approx(1, abs=1e-9)


def test_well_conditioned_rows_take_no_third_pass(monkeypatch):
    calls = count_refinements(monkeypatch)
    x, y = related(1, 400, 60, 50, 1e3)
    constant_and_repeated = np.column_stack([x, x[:, :3], np.full(400, 7.0)])
    scores(constant_and_repeated, y)
    assert not calls


@pytest.mark.parametrize("condition", [10, 9e4])
def test_the_size_of_chunks_does_not_matter(monkeypatch, condition):
    x, y = related(2, 257, 12, 9, condition)
    whole = scores(x, y)
    for rows in (1, 7, 256):
        monkeypatch.setattr(streaming, "CHUNK_BYTES", rows * 8 * 12)
        assert scores(x, y) == pytest.approx(whole, abs=1e-11), rows


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("order", ["C", "F"])
def test_any_width_of_floats_and_order_is_read(kind, order):
    x, y = (np.asarray(rows * 100, dtype=kind, order=order) for rows in related(4, 200, 9, 14))
    assert scores(x, y) == pytest.approx(by_svd(x, y), **CLOSE)


def test_constant_columns_add_no_direction_however_large():
    x, y = (rows.astype(np.float32) for rows in related(5, 300, 8, 6))
    with_constants = np.column_stack([x, np.full((300, 2), [1e30, 0.1], dtype=np.float32)])
    padded = StreamedRepresentation(with_constants, "padded")
    assert (padded.width, padded.rank) == (10, StreamedRepresentation(x, "plain").rank)
    assert scores(with_constants, y) == pytest.approx(scores(x, y), abs=1e-12)


def test_large_means_lose_nothing():
    # Whole numbers, so that the shift itself rounds nothing: 1e12 / 1e2 would cost sums of squares
    # 20 of their 16 digits.
    x, y = (np.round(rows * 3e3) for rows in related(6, 300, 8, 6))
    shift = np.round(draw(7, 1, 8) * 1e12)
    assert scores(x + shift, y) == pytest.approx(scores(x, y), abs=1e-10)


def test_the_first_row_may_be_an_outlier(monkeypatch):
    x, y = related(6, 300, 8, 6)
    x[0] += 1e4
    monkeypatch.setattr(streaming, "CHUNK_BYTES", 50 * 8 * 8)
    found, expected = scores(x, y), by_svd(x, y)
    # The debiased HSIC of x with itself is 1e-9, a difference of numbers near 1.
    assert found.pop("cka") == pytest.approx(expected.pop("cka"), abs=1e-7)
    assert found == pytest.approx(expected, **CLOSE)


def test_the_order_of_rows_does_not_matter_but_their_pairing_does():
    x, y = related(8, 200, 9, 7)
    order = np.random.default_rng(0).permutation(200)
    expected = scores(x, y)
    assert scores(x[order], y[order]) == pytest.approx(expected, abs=1e-11)
    assert abs(scores(x, y[order])["cka"] - expected["cka"]) > 0.01


def test_a_representation_equals_itself():
    x, y = related(2, 200, 9, 9)
    same, others = scores(x, x), scores(x, y)
    for name in STREAMED:
        assert same[name] == pytest.approx(MEASURES[name].identical, abs=1e-9) != others[name]


# Refusals.


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [(0, 0), (93, 4), (199, 1)])
def test_what_is_not_finite_is_refused_by_name_row_and_column(monkeypatch, value, place):
    y = related(0, 200, 5, 5)[1].astype(np.float32)
    y[place] = value
    monkeypatch.setattr(streaming, "CHUNK_BYTES", 32 * 8 * 5)
    with pytest.raises(ValueError, match=rf"^y: {value} at row {place[0]}, column {place[1]};"):
        StreamedRepresentation(y, "y")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.ones((9, 3)) / 3, "all rows are equal"),
        (np.ones((3, 2)), "3 rows, but the measures need at least 4"),
        (np.arange(12).reshape(6, 2), r"int64 of shape \(6, 2\) is not floats"),
        (np.ones(8), r"float64 of shape \(8,\) is not floats"),
        (np.ones((8, 0)), r"shape \(8, 0\) is not floats"),
        (draw(0, 50, 5) * 1e150, "its squares exceed the range"),
        (np.where(draw(0, 50, 5) > 0, 1.5e308, -1.5e308), "its sums exceed the range"),
    ],
)
def test_arrays_without_similarities_are_refused(rows, message):
    with pytest.raises(ValueError, match=f"^x: .*{message}"):
        StreamedRepresentation(rows, "x")


def test_a_measure_that_needs_rows_says_what_to_do():
    with pytest.raises(ValueError, match=r"x: this measure needs its rows.* raise compare\.memory"):
        MEASURES["cka_minibatch"].of(pairing(*related(0, 40, 5, 5)))
