"""A curve of scores over training steps -> how fast a model learned."""

import math
from collections.abc import Mapping, Sequence

import numpy as np


def area_under_curve(steps: Sequence[int], scores: Sequence[float]) -> float:
    """Mean score over the run on the axis log2(step + 1), by trapezoids; in the score's own unit.

    steps: (k,) increasing, k >= 2; scores: (k,) finite. Equals c for a score of c throughout. The
    logarithm gives each doubling of the budget the same weight, as the grid of steps does; compare
    only runs of the same grid. Raises ValueError for other shapes, orders or values.
    """
    time, scores = _curve(steps, scores)
    if len(time) < 2:
        raise ValueError("a curve of one point has no area; evaluate at two steps or more")
    return float(np.trapezoid(scores, time) / (time[-1] - time[0]))


def relative_area(steps: Sequence[int], scores: Sequence[float] | np.ndarray) -> np.ndarray:
    """Areas under curves from their second point on, the first evaluation of a trained model, each
    as a share of its highest score: how soon a run is where it ends.

    steps: (k,); scores: (k,) or, of several curves, (k, n); the result is a number or (n,). NaN
    where a score is not finite, none is above 0, or k < 3.
    """
    scores = np.asarray(scores, dtype=np.float64)
    time, best = np.log2(np.asarray(steps, dtype=np.float64) + 1), scores.max(axis=0)
    usable = np.isfinite(scores).all(axis=0) & (best > 0) & (len(time) >= 3)
    if not usable.any():
        return np.full(best.shape, np.nan)
    height = np.trapezoid(scores[1:], time[1:], axis=0) / (time[-1] - time[1])
    return np.where(usable, height / np.where(usable, best, 1), np.nan)


def best_and_relative(history: Sequence[Mapping[str, float | None]]) -> tuple[float, float]:
    """`best` and `relative` of the table `convergence`: the highest dev score, of classes in MCC,
    in which a constant answer has 0, and `relative_area` of the best one so far. NaN as there, and
    both where the history does not begin before training.

    history: a run's evaluations, each with `step`, `dev_score` and of classes `dev_mcc`.
    """
    if history[0]["step"] != 0:
        return math.nan, math.nan
    scores = [row.get("dev_mcc", row["dev_score"]) for row in history]
    best = np.maximum.accumulate(np.array(scores, dtype=np.float64))
    return float(best[-1]), float(relative_area([row["step"] for row in history], best))


def steps_to(steps: Sequence[int], scores: Sequence[float], threshold: float) -> float | None:
    """Training steps until the curve (and so its running maximum) first reaches `threshold`.

    The curve is linear in log2(step + 1) between grid points, so the result need not be an integer.
    Returns None if the run never gets there: it is censored at its last step, not slow by a known
    amount. Raises ValueError as `area_under_curve` does.
    """
    time, scores = _curve(steps, scores)
    reached = np.flatnonzero(scores >= threshold)
    if len(reached) == 0:
        return None
    first = reached[0]
    if first == 0:
        return float(steps[0])
    crossing = np.interp(threshold, scores[first - 1 : first + 1], time[first - 1 : first + 1])
    return float(2**crossing - 1)


def _curve(steps: Sequence[int], scores: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """log2(steps + 1) and scores as float64 arrays, checked."""
    steps, scores = np.asarray(steps, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    if steps.shape != scores.shape or steps.ndim != 1 or len(steps) == 0:
        raise ValueError(f"{steps.shape} steps and {scores.shape} scores; need (k,) each, k >= 1")
    if steps[0] < 0 or (np.diff(steps) <= 0).any():
        raise ValueError(f"steps must increase from 0 or more, but are {steps.tolist()}")
    if not np.isfinite(scores).all():
        step = steps[~np.isfinite(scores)][0]
        raise ValueError(f"the score at step {step:g} is not finite; did the run diverge?")
    return np.log2(steps + 1), scores
