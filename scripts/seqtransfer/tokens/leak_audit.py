"""Parts -> the leak audit: how near test and dev are to train, and what that does to scores.

For each test (and dev) sequence the audit finds the training sequence with the most similar set of
k-mers (`neighbours`), the Jaccard similarity of the two sets, and the identity of the two sequences
in edits. It does so `before` (a plain random split of the corpus as it came, repeats and all, into
parts of the same sizes) and `after` (the split that the study uses). Scores of the study's runs
are then given once more without the test rows that are near to train (`scoring.without_near`).

Series are compared by their numbers, too: by the distance to the nearest training series
(`series_neighbours`), and by the runs of numbers, digit by digit, that they have in common.
"""

import itertools
from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import pandas as pd

from seqtransfer.corpora.examples import Example, Symbols
from seqtransfer.tokens import near_duplicates, series_neighbours
from seqtransfer.tokens.near_rows import THRESHOLDS
from seqtransfer.tokens.series_neighbours import Series

SIMILARITIES = ("similarity", "identity", "overlap")
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
SPARSENESS = 16  # possible k-mers for each k-mer of the longest sequence
COLUMNS = ["task", "part", "stage", "measure", "value", "n"]


def kmer_for(sequences: Sequence[Sequence[Hashable]]) -> int:
    """The shortest k >= 2 at which unrelated sequences share few k-mers.

    There must be SPARSENESS times as many possible k-mers as symbols in the longest sequence, where
    symbols count by their perplexity (2 ** entropy): about 4 for DNA, 18 for proteins.
    """
    counts = np.bincount(near_duplicates.numbered(sequences))
    shares = counts / counts.sum()
    perplexity = max(1.1, float(2 ** -(shares * np.log2(shares)).sum()))
    longest = max(len(sequence) for sequence in sequences)
    return max(2, int(np.ceil(np.log(SPARSENESS * longest) / np.log(perplexity))))


def random_parts(
    n: int, sizes: Mapping[str, int], generator: np.random.Generator
) -> dict[str, np.ndarray]:
    """A plain random split: parts of exactly `sizes` of n items, as (size,) int64 indices in the
    order in which they were drawn.

    Raises ValueError if the sizes add up to more than n.
    """
    order, ends = generator.permutation(n), np.cumsum(list(sizes.values()))
    if ends[-1] > n:
        raise ValueError(f"a random split into {dict(sizes)} needs more than {n} items")
    return dict(zip(sizes, np.split(order[: ends[-1]], ends[:-1]), strict=True))


def nearest(
    test: Mapping[str, Sequence[Hashable]], train: Mapping[str, Sequence[Hashable]], kmer: int
) -> pd.DataFrame:
    """One row a test sequence: id, nearest, similarity, identity, duplicate.

    test, train: id -> symbols. nearest: id of the training sequence with the highest Jaccard
    similarity of k-mer sets, the first of equals, but an equal sequence before any other; empty
    where no k-mer is shared, and then the identity is missing. similarity, identity: in [0, 1].
    duplicate: whether an equal sequence is in train.
    """
    names = list(train)
    copies: dict[tuple, int] = {}
    for number, sequence in enumerate(train.values()):
        copies.setdefault(tuple(sequence), number)
    similarity, index = near_duplicates.nearest(list(test.values()), list(train.values()), kmer)
    rows = []
    for (name, sequence), value, found in zip(test.items(), similarity, index, strict=True):
        copy = copies.get(tuple(sequence))
        found = found if copy is None else copy
        near = {"nearest": "", "similarity": value, "identity": np.nan}
        if found >= 0:
            identity = near_duplicates.identity(sequence, train[names[found]])
            near |= {"nearest": names[found], "identity": identity}
        rows.append({"id": name, **near, "duplicate": copy is not None})
    return pd.DataFrame(rows)


def overlaps(test: Sequence[Symbols], train: Sequence[Symbols], run: int) -> pd.DataFrame:
    """Of each test series: overlap, the highest Jaccard similarity in [0, 1] of its set of runs of
    `run` numbers, as they were written, with that of a training series."""
    return pd.DataFrame({"overlap": near_duplicates.nearest(test, train, run)[0]})


def distances(test: Series, train: Series, limit: float) -> pd.DataFrame:
    """Of each test series: distance to the nearest training series, in standard deviations; and
    relative_distance, that over `limit`: a series is near below 1. Missing where the limit is."""
    distance, _ = series_neighbours.nearest(test, train)
    return pd.DataFrame({"distance": distance, "relative_distance": distance / limit})


def by_numbers(
    originals: Sequence[Example],
    splits: Mapping[str, Mapping[str, Sequence[str]]],
    units: np.ndarray,
    own_scale: bool,
    generator: np.random.Generator,
) -> tuple[dict[str, float], dict[tuple[str, str], pd.DataFrame]]:
    """What series add to the audit: measures that are the same at every stage, and by part (test or
    dev) and stage the columns of `overlaps` and `distances`.

    originals: the series as they were written; splits: names by stage and part; units: (n,) str of
    the study's training part, in its order; own_scale: as in `series_neighbours.numbers`.
    """
    scaled = {
        stage: series_neighbours.numbers(names, originals, own_scale)
        for stage, names in splits.items()
    }
    limit, looked_at = series_neighbours.limit(scaled["after"]["train"], units, generator)
    written = {example.id: example.symbols for example in originals}
    digits = {
        stage: {part: [written[name] for name in own] for part, own in names.items()}
        for stage, names in splits.items()
    }
    run = kmer_for(digits["after"]["train"])
    columns = {}
    for part, stage in itertools.product(("test", "dev"), splits):
        own = scaled[stage]
        columns[part, stage] = overlaps(digits[stage][part], digits[stage]["train"], run).join(
            distances(own[part], own["train"], limit)
        )
    settings = {"distance_limit": limit, "distance_limit_units": looked_at, "overlap_run": run}
    return settings, columns


def table(
    task: str, part: str, stages: Mapping[str, pd.DataFrame], settings: Mapping[str, float]
) -> pd.DataFrame:
    """The audit of one part (test or dev) of a task: tidy rows of task, part, stage, measure, value
    and n (sequences of the part).

    stages: `nearest` tables by stage (before, after); of series with the columns of `overlaps` and
    `distances`. settings: measures that are the same at every stage, such as `kmer`. Others:
    `duplicates`, the number of sequences that train holds, too; for similarity, identity and
    overlap the quantiles (`_q05` ...) and the share of the part's sequences at or above each
    threshold (`_share_0.5` ...), where a missing identity counts as 0; `distance_q05` ...;
    `distance_duplicates`, the number of series at distance 0; `distance_near`, the share of series
    that are near, without these.
    """
    rows = []
    for stage, near in stages.items():
        values = {**settings, "duplicates": near["duplicate"].sum()}
        for name in [name for name in SIMILARITIES if name in near]:
            measured = near[name].fillna(0).to_numpy()
            values |= _quantiles(name, measured)
            for threshold in THRESHOLDS:
                values[f"{name}_share_{threshold}"] = (measured >= threshold).mean()
        if "distance" in near:
            distance, relative = (near[c].to_numpy() for c in ("distance", "relative_distance"))
            share = ((distance > 0) & (relative < 1)).mean()
            values |= _quantiles("distance", distance)
            values["distance_duplicates"] = (distance == 0).sum()
            values["distance_near"] = np.nan if np.isnan(relative).any() else share
        rows += [
            (task, part, stage, measure, float(value), len(near))
            for measure, value in values.items()
        ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _quantiles(name: str, measured: np.ndarray) -> dict[str, float]:
    return {f"{name}_q{round(100 * q):02d}": np.quantile(measured, q) for q in QUANTILES}
