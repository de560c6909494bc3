"""How well one number a sequence, made without labels, orders a task's examples.

The number is a likelihood, or, of mutants of one sequence, how much likelier their mutations are.

A regression is scored by its own metric, a correlation with the labels. A likelihood has no
threshold, so that no class follows from it: two classes are scored by the area under the ROC curve
(AUC), the share of pairs of one example of each class in which that of the second class has the
larger number.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from seqtransfer.scoring import metrics

if TYPE_CHECKING:
    from seqtransfer.files.arrow import Ragged
    from seqtransfer.scoring.task_kinds import Target

KINDS = ("regression", "classification")  # of tasks that one number a sequence can answer
METRICS = ("spearman", "pearson", "auc")
DRAWS = 1000  # of a bootstrap
MUTATED = 0.25  # share of places that mutants of one sequence differ at, on average, at most
LEAST_UNITS = 10  # that it can draw from: of fewer it says too little, of one nothing


def metric_of(target: "Target") -> str:
    """The metric that numbers are scored by: a regression's own, or `auc`."""
    return target.metric if target.kind == "regression" else "auc"


def score(metric: str, labels: np.ndarray, numbers: np.ndarray) -> float:
    """A correlation in [-1, 1] or the AUC in [0, 1] of (n,) numbers with (n,) labels.

    labels: of a regression, or 0 and 1. A number that is the same for all examples gives 0, or 0.5.
    NaN where a number is not finite, and where labels are all the same.
    Raises ValueError for another metric.
    """
    if metric not in METRICS:
        raise ValueError(f"metric {metric!r}: use one of {', '.join(METRICS)}")
    if not np.isfinite(numbers).all() or np.ptp(labels) == 0:
        return np.nan
    if metric != "auc":
        return metrics.regression_scores(labels, numbers)[metric]
    from scipy import stats  # when it is needed: planning reads this module's lists

    above = labels == 1
    rank = stats.rankdata(numbers)[above].mean()  # Mann-Whitney U over the number of pairs
    return float((rank - (above.sum() + 1) / 2) / (~above).sum())


def interval(
    metric: str,
    labels: np.ndarray,
    numbers: np.ndarray,
    units: Sequence[str],
    generator: np.random.Generator,
    level: float = 0.95,
) -> tuple[float, float]:
    """Low and high of `score`: percentiles of a bootstrap over test units, whose examples stay
    together; NaN where the score is, and where there are fewer than LEAST_UNITS units, or, of two
    classes, fewer than half as many with examples of one.

    units: (n,) str. Draws with one label alone have no score and do not count.
    """
    known, unit = np.unique(np.asarray(units), return_inverse=True)
    counts = [2 * len(np.unique(unit[labels == label])) for label in (0, 1)] * (metric == "auc")
    if np.isnan(score(metric, labels, numbers)) or min([len(known), *counts]) < LEAST_UNITS:
        return np.nan, np.nan
    order = np.argsort(unit, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(unit[order])) + 1)
    found = []
    for _ in range(DRAWS):
        drawn = generator.integers(0, len(members), len(members))
        rows = np.concatenate([members[one] for one in drawn])
        found.append(score(metric, labels[rows], numbers[rows]))
    tail = (1 - level) / 2
    low, high = np.nanquantile(found, [tail, 1 - tail])
    return float(low), float(high)


def symbol_frequencies(
    sequences: "Ragged", trained_on: "Ragged", symbols: np.ndarray
) -> np.ndarray:
    """(n,) float64: each sequence's mean log-frequency of its symbols in `trained_on`, in nats.

    The likelihood of a model that knows how frequent symbols are, and of no order: what a masked
    language model must beat. symbols: ids that count, all of `sequences` among them but special
    tokens; each is counted once more than it occurs (Laplace), so that none has frequency 0.
    """
    size = 1 + max(int(symbols.max()), int(sequences.ids.max()), int(trained_on.ids.max()))
    counts = np.bincount(trained_on.ids, minlength=size)[symbols] + 1
    logarithms = np.full(size, np.nan)
    logarithms[symbols] = np.log(counts / counts.sum())
    found = logarithms[sequences.ids]
    counted = np.isin(sequences.ids, symbols)
    owner = np.repeat(np.arange(len(sequences)), sequences.lengths)[counted]
    totals = np.bincount(owner, weights=found[counted], minlength=len(sequences))
    return totals / np.bincount(owner, minlength=len(sequences))


def wild_type(train: "Ragged", test: "Ragged", specials: int) -> np.ndarray | None:
    """(length,) ids: the most frequent at each place of train, the least of equals, which is the
    sequence that all are mutants of.

    None where sequences are of several lengths, or those of train or of test differ from it at more
    than MUTATED of the places on average, without those of special tokens, ids below `specials`.
    """
    if len({*train.lengths, *test.lengths}) > 1:
        return None
    first, second = (np.asarray(part.ids).reshape(len(part), -1) for part in (train, test))
    found = np.array([np.bincount(column).argmax() for column in first.T])
    symbols = found >= specials
    mutated = max(np.mean((ids != found)[:, symbols]) for ids in (first, second))
    return found if mutated <= MUTATED else None


def mutation_scores(
    sequences: "Ragged", wild_type: np.ndarray, log_probabilities: np.ndarray
) -> np.ndarray:
    """(n,) float64: the sum over a sequence's mutations of log p(its symbol) - log p(that of the
    wild type) at the place, in nats; 0 for the wild type.

    sequences: as long as `wild_type`; log_probabilities: (length, vocabulary), of `marginals`.
    """
    ids = np.asarray(sequences.ids).reshape(len(sequences), -1)
    gains = log_probabilities - np.take_along_axis(log_probabilities, wild_type[:, None], axis=1)
    taken = gains[np.arange(len(wild_type)), ids]
    return np.where(ids != wild_type, taken, 0.0).sum(axis=1)
