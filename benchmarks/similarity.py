"""Seconds for all pairs of layers of two encoders, beside the published algorithm pair by pair.

    python benchmarks/similarity.py            (about 2 minutes; keep the machine idle)
    python benchmarks/similarity.py --table    (cost as rows, width and layers grow; 2 minutes more)
    python benchmarks/similarity.py --decompositions    (of one draw of the null; 10 seconds)

Both run in one process in turns, with one thread as in the workflow's jobs: PWCCA (both
weightings), SVCCA and debiased CKA of 7 x 7 layers of 10,000 rows and 384 neurons. The published
algorithm is anatome's, in torch: for each pair a QR of both layers and an SVD. It is the fastest
public code whose formulas could be corrected in a line each (weights over neurons, SVCCA's 99 % of
squared singular values, debiased CKA's own norms). It is timed on a few pairs and scaled to all.
repsim 0.1.5 gives the same PWCCA (the mean of both weightings) but is much slower: `--repsim`
times it on one pair.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import scipy.linalg
import torch
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))
from seqtransfer.similarity.measures import MEASURES, correlation
from seqtransfer.similarity.measures.pair import Pair
from seqtransfer.similarity.measures.permutation_null import UnitPermutations
from seqtransfer.similarity.measures.representation import Representation

NAMES = ("pwcca", "pwcca_right", "pwcca_mean", "svcca", "cka")
DRAWS, ROUNDS = 199, 3


def encoders(rows: int, width: int, layers: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Layers that share some signal and have the steep spectra of hidden states."""
    generator = np.random.default_rng(0)
    signal = generator.normal(size=(rows, 32))

    def layer():
        noise = generator.normal(size=(rows, width)) * np.geomspace(1, 0.03, width)
        mixed = noise @ np.linalg.qr(generator.normal(size=(width, width)))[0]
        return (mixed + signal @ generator.normal(size=(32, width)) / 10).astype(np.float32)

    return [layer() for _ in range(layers)], [layer() for _ in range(layers)]


def ours(left: list[np.ndarray], right: list[np.ndarray], names=NAMES) -> list[float]:
    """Every measure of every pair of layers; each layer is decomposed once."""
    left, right = ([Representation.of(x, "layer") for x in layers] for layers in (left, right))
    return [
        MEASURES[name].of(pair)
        for pair in (Pair(x, y) for x in left for y in right)
        for name in names
    ]


def published(x: np.ndarray, y: np.ndarray) -> list[float]:
    """The same measures of one pair by anatome's algorithm, each measure on its own."""
    x, y = (torch.from_numpy(a).double() for a in (x, y))
    x, y = x - x.mean(0), y - y.mean(0)

    def cca(a, b):
        first, second = torch.linalg.qr(a)[0], torch.linalg.qr(b)[0]
        u, correlations, v = torch.linalg.svd(first.T @ second, full_matrices=False)
        return first @ u, correlations, second @ v.T

    def reduce(a):
        _, singular, v = torch.linalg.svd(a, full_matrices=False)
        share = (singular**2).cumsum(0) / (singular**2).sum()
        return a @ v[: int((share < 0.99).sum()) + 1].T

    def hsic(a, b):
        n, first, second = len(a), (a * a).sum(1), (b * b).sum(1)
        offset = first.sum() * second.sum() / ((n - 1) * (n - 2))
        return (a.T @ b).square().sum() - n / (n - 2) * (first @ second) + offset

    h, correlations, g = cca(x, y)
    a, b = (h.T @ x).abs().sum(1), (g.T @ y).abs().sum(1)
    left, right = (a @ correlations) / a.sum(), (b @ correlations) / b.sum()
    svcca = cca(reduce(x), reduce(y))[1].mean()
    cka = hsic(x, y) / (hsic(x, x) * hsic(y, y)).sqrt()
    return [float(score) for score in (left, right, (left + right) / 2, svcca, cka)]


def null(
    draws: UnitPermutations, x: Representation, y: Representation, names: Sequence[str]
) -> None:
    """All draws of one pair, on decompositions that the scores have computed."""
    for pair in draws.pairs(x, y):
        for name in names:
            MEASURES[name].of(pair)


def decompositions(width: int, rounds: int = 7) -> None:
    """PWCCA of one draw by each way to decompose C: milliseconds, and the error against an SVD."""
    (x,), (y,) = encoders(10_000, width, 1)
    layers = Representation.of(x, "left"), Representation.of(y, "right")
    generator = np.random.default_rng(0)
    draws = UnitPermutations.draw(np.arange(10_000), draws=rounds, generator=generator)
    crosses = [pair.cross_products for pair in draws.pairs(*layers)]

    def by_vectors(decompose):
        def vectors(cross):
            near = decompose(cross @ cross.T)
            far = cross.T @ near
            correlations = np.linalg.norm(far, axis=0)
            return near, correlations, far / correlations

        return vectors

    def by_svd(cross, svd=np.linalg.svd):
        left, correlations, right = map(np.asarray, svd(cross))
        return left, correlations, right.T

    def by_qr(cross):
        turn, triangle = np.linalg.qr(cross.T)
        left, correlations, right = by_svd(triangle.T)
        return left, correlations, turn @ right

    def by_torch(gram):
        return torch.linalg.eigh(torch.from_numpy(gram))[1].numpy()

    def refined(gram):
        """One step of Ogita & Aishima (2018) from float32's eigenvectors."""
        near = scipy.linalg.eigh(gram.astype(np.float32), driver="evd")[1].astype(np.float64)
        excess = np.eye(len(gram)) - near.T @ near
        turned = near.T @ gram @ near
        values = np.diag(turned) / (1 - np.diag(excess))
        gaps = values - values[:, None]
        tied = np.abs(gaps) < 1e-7 * values.max()
        change = (turned + values * excess) / np.where(tied, 1, gaps)
        return near + near @ np.where(tied, excess / 2, change)

    ways = {
        f"eigenvectors of C C^T, LAPACK's {name}": by_vectors(
            lambda gram, name=name: scipy.linalg.eigh(gram, driver=name, check_finite=False)[1]
        )
        for name in ("evd", "evr", "ev")
    } | {
        "eigenvectors of C C^T, torch": by_vectors(by_torch),
        "eigenvectors in float32, one step of refinement": by_vectors(refined),
        "SVD of C (gesdd)": by_svd,
        "SVD of C, torch": lambda c: by_svd(c, lambda c: torch.linalg.svd(torch.from_numpy(c))),
        "QR, then SVD": by_qr,
    }  # fmt: skip
    neurons = [layer.cached(correlation._neurons) for layer in layers]

    def scores(vectors, cross):
        left, correlations, right = vectors(cross)
        weights = (
            np.abs(v.T @ n.astype(v.dtype)).sum(axis=1)
            for v, n in zip((left, right), neurons, strict=True)
        )
        return [np.average(correlations, weights=weight) for weight in weights]

    print(f"one draw of PWCCA, d = {width}")
    for kind in (np.float32, np.float64):
        spent, errors = {name: [] for name in ways}, dict.fromkeys(ways, 0.0)
        for cross in crosses:
            exact = scores(by_svd, cross.astype(np.float64))
            for name, vectors in ways.items():
                time_spent, found = seconds(scores, vectors, cross.astype(kind))
                spent[name].append(time_spent)
                errors[name] = max(errors[name], *np.abs(np.subtract(found, exact)))
        for name, times in spent.items():
            print(f"  {kind.__name__}, {name}: {1e3 * statistics.median(times):.1f} ms", end="")
            print(f", off by {errors[name]:.0e}")


def seconds(function, *arguments) -> tuple[float, object]:
    """Wall time of one call, and what it returned."""
    start = time.perf_counter()
    result = function(*arguments)
    return time.perf_counter() - start, result


def race(rows: int, width: int, layers: int) -> None:
    """Both algorithms in turns; the median of the rounds."""
    left, right = encoders(rows, width, layers)
    mine, theirs = [], []
    for turn in range(ROUNDS):
        time_ours, scores = seconds(ours, left, right)
        pair = turn % layers
        time_pair, expected = seconds(published, left[pair], right[pair])
        start = pair * (layers + 1) * len(NAMES)
        found = scores[start : start + len(NAMES)]
        assert np.allclose(found, expected, atol=1e-6), (found, expected)
        mine.append(time_ours)
        theirs.append(time_pair * layers**2)
    point, loop = statistics.median(mine), statistics.median(theirs)
    print(f"{layers} x {layers} pairs, n = {rows}, d = {width}: PWCCA, SVCCA and CKA")
    print(f"  here {point:.2f} s; published algorithm, pair by pair {loop:.1f} s", end="")
    print(f" ({loop / layers**2:.2f} s a pair): {loop / point:.1f} x")
    first = Representation.of(left[0], "layer"), Representation.of(right[0], "layer")
    draws = UnitPermutations.draw(np.arange(rows), draws=DRAWS, generator=np.random.default_rng(0))
    for names in (("cka",), ("cka", "cka_biased", "cca_squared", "gulp"), NAMES):
        alone = statistics.median(seconds(ours, left, right, names)[0] for _ in range(2))
        null(draws, *first, names)
        pair = min(seconds(null, draws, *first, names)[0] for _ in range(2))
        total = pair * layers**2
        print(f"  {DRAWS} draws of {', '.join(names)}: {total:.1f} s ({pair:.2f} s a pair)")
        print(f"    {total / alone:.1f} x their scores' {alone:.2f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1, help="of both algorithms")
    parser.add_argument("--table", action="store_true", help="cost as sizes grow")
    parser.add_argument("--repsim", action="store_true", help="time repsim on one pair")
    parser.add_argument("--decompositions", action="store_true", help="ways to decompose one draw")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with threadpool_limits(options.threads):
        if options.decompositions:
            decompositions(384)
            return
        if options.repsim:
            import repsim

            (x,), (y,) = encoders(10_000, 384, 1)
            print("repsim", seconds(lambda: repsim.pwcca([x.astype(float), y.astype(float)])[0, 1]))
        race(10_000, 384, 7)
        if options.table:
            for rows, width, layers in (
                (1_000, 384, 7), (4_000, 384, 7), (40_000, 384, 7),
                (10_000, 128, 7), (10_000, 768, 7),
                (10_000, 384, 3), (10_000, 384, 13),
            ):  # fmt: skip
                time_ours, _ = seconds(ours, *encoders(rows, width, layers))
                print(f"n = {rows}, d = {width}, {layers} x {layers}: {time_ours:.2f} s")


if __name__ == "__main__":
    main()
