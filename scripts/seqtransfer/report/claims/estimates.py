"""A difference of two arms -> an estimate with its two sources of chance, seeds and test examples.

A score depends on a seed (token map, head, batch order) and on the test examples that were drawn.
Scores of n seeds on one test set are crossed: every seed answers every example, as several
readers judge the same cases in the analysis of readings (Gallas 2006). The variance of the mean
difference is then seeds / n + examples + interaction / n. The spread over seeds estimates the first
and last term; the jackknife over groups of test units (`tokens.units`) estimates the last two; what
both hold is counted once. Degrees of freedom are Satterthwaite's (1946).
"""

import bisect
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import (
    fdtrc,
    nctdtrinc,
    stdtr,
    stdtrit,
)  # of scipy.stats, which takes a second to import

from seqtransfer.report.statistics import jackknife_error

ROUNDING = 1e-12  # of the difference of two equal scores
POWER = 0.8
# Numbers of seeds that are tried; what the most do not show, none would.
PLANNED = (*range(2, 65), *(round(2 ** (quarters / 4)) for quarters in range(25, 81)))
FEW_SEEDS = 3  # whose spread is often near 0 by chance
# Sources of chance that tasks may share -> the field of an estimate that names what they share.
SHARED = {"examples": "examples", "units": "examples", "reference": "reference"}


@dataclass(frozen=True)
class Estimate:
    """A mean, and each source's part of its variance with the degrees of freedom of that part.

    mean: in the unit of the difference; parts: source -> (variance of the mean, degrees of
    freedom), empty where one value leaves the spread unknown; seeds: values that it is a mean of;
    examples: the name of the set of test examples, where other tasks may have the same; reference:
    that of the corpus whose pretraining it is held against, likewise; few_examples: whether the
    spread is unknown since a score is not defined without one of the groups of examples; alone: of
    parts that `at_least_mean` replaced, what the task itself shows.
    """

    mean: float
    parts: Mapping[str, tuple[float, float]]
    seeds: int
    examples: str = ""
    reference: str = ""
    few_examples: bool = False
    alone: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def shared(self, source: str) -> str:
        """The name of what the task shares with others as a source of chance; empty for nothing."""
        return getattr(self, SHARED[source]) if source in SHARED else ""

    @property
    def error(self) -> float:
        """Standard error, NaN where the spread is unknown or where there is none at all."""
        variance = sum(part for part, _ in self.parts.values())
        return math.sqrt(variance) if variance > ROUNDING**2 else math.nan

    @property
    def degrees(self) -> float:
        """Satterthwaite's degrees of freedom of the error."""
        return math.nan if math.isnan(self.error) else _satterthwaite(self.parts.values())

    def interval(self, level: float) -> tuple[float, float]:
        """Two-sided t interval of this coverage; NaN where the error is."""
        half = float(stdtrit(self.degrees, (1 + level) / 2)) * self.error
        return self.mean - half, self.mean + half

    def p_greater(self, line: float = 0.0) -> float:
        """One-sided p-value of "the mean is at most `line`"; NaN where the error is."""
        return float(stdtr(self.degrees, -(self.mean - line) / self.error))

    def smallest_effect(self, level: float) -> float:
        """The distance from the line that an interval of `level` excludes it at in 80 % of trials,
        by the noncentral t distribution: the error is estimated anew in each."""
        least = stdtrit(self.degrees, (1 + level) / 2)
        return float(nctdtrinc(self.degrees, 1 - POWER, least)) * self.error

    def with_seeds(self, count: int) -> "Estimate":
        """The same with `count` seeds (at least 2) of the same spread, everything else as it is.

        Of a mean over tasks: every task has so many more or fewer as the one with the fewest. With
        more than FEW_SEEDS a task has the degrees of freedom of its own seeds alone.
        """
        own = self.alone if count > FEW_SEEDS else {}
        changed = {
            name: (part * self.seeds / count,
                   own.get(name, (part, free))[1] * (count - 1) / (self.seeds - 1))
            for name, (part, free) in self.parts.items()
            if name.startswith("seeds")
        }  # fmt: skip
        alone = {name: part for name, part in self.alone.items() if name not in changed}
        return replace(self, parts={**self.parts, **changed}, seeds=count, alone=alone)

    def seeds_needed(self, distance: float, level: float) -> float:
        """Seeds from which on an effect this far from the line would be seen in 80 % of trials.

        FEW_SEEDS may see what one more does not, since few share their spread. More seeds see no
        less: where the degrees of freedom fall to those of another source, seeds can be left out.
        Infinite where what is not seeds leaves too much to chance; NaN where the error is.
        """
        if math.isnan(self.error):
            return math.nan

        def enough(count: int) -> bool:
            counts = count, max(count, FEW_SEEDS + 1)
            seen = (self.with_seeds(one).smallest_effect(level) for one in counts)
            return max(seen) <= abs(distance)

        place = next((i for i, count in enumerate(PLANNED) if enough(count)), None)
        if place is None:
            return math.inf
        counts = range(PLANNED[place - 1] + 1 if place else PLANNED[0], PLANNED[place])
        return counts.start + bisect.bisect_left(counts, True, key=enough)


def crossed(differences: Sequence[float], without: np.ndarray | None = None) -> Estimate:
    """The estimate of a mean difference over n seeds on one test set.

    differences: (n,), one a seed. without: (n, g), the same without each of g groups of test units;
    None where there are none, and then the error covers seeds alone. A number that is not finite
    leaves the error unknown, and so do differences that are all equal: they do not show how seeds
    differ.
    """
    values = np.asarray(differences, dtype=float)
    count = len(values)
    finite = int(np.isfinite(values).sum())
    known = count > 1 and finite == count and bool(np.ptp(values) > ROUNDING)
    defined = without is None or bool(np.isfinite(without).all())
    if not known or not defined:
        return Estimate(float(values.mean()), {}, finite, few_examples=known and not defined)
    parts = {"seeds": (float(values.var(ddof=1)) / count, count - 1.0)}
    if without is not None:
        groups = np.asarray(without).shape[1]
        of_mean = jackknife_error(np.mean(without, axis=0)) ** 2
        of_each = np.mean([jackknife_error(row) ** 2 for row in without])
        # of_each: examples + interaction; of_mean: examples + interaction / n.
        interaction = max(0.0, of_each - of_mean) * count / (count - 1)
        parts["examples"] = max(0.0, of_mean - interaction / count), groups - 1.0
    return Estimate(float(values.mean()), parts, count)


def of_similarity(differences: Sequence[float], by_reference: np.ndarray) -> Estimate:
    """The estimate of a mean difference in similarity to a reference over n seeds.

    differences: (n,), one a seed, with the first of r pretrainings of the reference. by_reference:
    (r, 1 + g), the difference on one seed's rows with each of them: of all units of the probe, then
    without each of g groups. The mean is over seeds and references; its sources of chance are
    seeds, units and, if r > 1, the reference. What units and seeds share (a seed that suits some
    units) is of one seed here, and counts in both. A number that is not finite leaves the spread
    unknown.
    """
    one, values = crossed(differences), np.asarray(by_reference, dtype=float)
    if not (one.parts and np.isfinite(values).all()):
        of_groups = bool(one.parts) and bool(np.isfinite(values[:, 0]).all())
        return replace(one, parts={}, few_examples=of_groups)
    whole, without = values[:, 0], values[:, 1:]
    count, groups = without.shape
    parts = dict(one.parts)
    parts["units"] = jackknife_error(without.mean(axis=0)) ** 2, groups - 1.0
    if count > 1:
        parts["reference"] = float(whole.var(ddof=1)) / count, count - 1.0
    return Estimate(one.mean + float(whole.mean() - whole[0]), parts, one.seeds)


def at_least_mean(found: Mapping[str, Estimate], source: str) -> dict[str, Estimate]:
    """The tasks' estimates; a part of `source` below its mean over tasks is replaced by that mean.

    A part of one or two degrees of freedom is often near 0 by chance. Were it taken as it is, 95 %
    intervals would miss in up to 12 % where it dominates, and a quarter of studies of four tasks
    would err in one of them. The mean has the degrees of freedom of all tasks together; tasks that
    share this source count as one.
    """
    parts: dict[str, list[tuple[float, float]]] = {}
    for task, one in found.items():
        if source in one.parts:
            name = one.shared(source) or f"of the task {task}"
            parts.setdefault(name, []).append(one.parts[source])
    if not parts:
        return dict(found)
    mean = float(np.mean([np.mean([part for part, _ in same]) for same in parts.values()]))
    degrees = sum(min(free for _, free in same) for same in parts.values())
    return {
        task: replace(
            one,
            parts={**one.parts, source: (mean, degrees)},
            alone={**one.alone, source: one.parts[source]},
        )
        if source in one.parts and one.parts[source][0] < mean
        else one
        for task, one in found.items()
    }


def with_few_seeds(found: Mapping[str, Estimate]) -> dict[str, Estimate]:
    """The tasks' estimates; of those of at most FEW_SEEDS seeds, each has at least their mean
    spread over seeds."""
    few = {task: one for task, one in found.items() if one.seeds <= FEW_SEEDS}
    return {**found, **at_least_mean(few, "seeds")}


def with_seeds(found: Mapping[str, Estimate], count: int) -> dict[str, Estimate]:
    """The tasks' estimates in a study of `count` seeds, whose few seeds are treated alike."""
    planned = {task: one.with_seeds(count) for task, one in found.items()}
    treated = any(one.parts and one.seeds <= FEW_SEEDS for one in found.values())
    return planned if treated else with_few_seeds(planned)


def mean_over_tasks(estimates: Sequence[Estimate]) -> Estimate:
    """Mean of the tasks' means, each task counting alike; the tasks are fixed, their errors
    independent, but for those that one set of examples, or one pretraining of the reference, makes
    in several tasks: these are taken to be one error, which they are at most.

    Parts that several tasks have from their mean (`at_least_mean`) are one number, not as many
    independent ones: the mean has no more degrees of freedom than by the tasks' own parts.
    """
    parts = _of_mean([one.parts for one in estimates], estimates)
    alone = _of_mean([{**one.parts, **one.alone} for one in estimates], estimates)
    if any(one.alone for one in estimates):
        most = _satterthwaite(alone.values()) / _satterthwaite(parts.values())
        parts = {name: (part, free * min(1.0, most)) for name, (part, free) in parts.items()}
    known = all(not math.isnan(one.error) for one in estimates)
    return Estimate(
        float(np.mean([one.mean for one in estimates])),
        parts if known else {},
        min(one.seeds for one in estimates),
        alone={name: part for name, part in alone.items() if part[1] != parts[name][1]},
    )


def _of_mean(
    parts: Sequence[Mapping[str, tuple[float, float]]], estimates: Sequence[Estimate]
) -> dict[str, tuple[float, float]]:
    """The parts of the variance of a mean over tasks, from those of each task."""
    errors: dict[str, list[tuple[float, float]]] = {}
    for number, (one, own) in enumerate(zip(estimates, parts, strict=True)):
        for source, (variance, degrees) in own.items():
            shared = one.shared(source)
            name = f"{source} of {shared}" if shared else f"{source} {number}"
            errors.setdefault(name, []).append((math.sqrt(variance) / len(parts), degrees))
    return {
        name: (sum(error for error, _ in same) ** 2, min(degrees for _, degrees in same))
        for name, same in errors.items()
    }


def _satterthwaite(parts: Iterable[tuple[float, float]]) -> float:
    """Degrees of freedom of a sum of variances, each with its own; NaN of nothing."""
    parts = list(parts)
    least = sum(part**2 / free for part, free in parts if part)
    return sum(part for part, _ in parts) ** 2 / least if least else math.nan


def heterogeneity(estimates: Sequence[Estimate]) -> float:
    """Higgins and Thompson's (2002) I^2 in [0, 1]: the share of the spread of tasks' means that
    their errors do not explain. NaN for fewer than two tasks or an unknown error."""
    errors = np.array([one.error for one in estimates])
    if len(estimates) < 2 or np.isnan(errors).any():
        return math.nan
    means, weights = np.array([one.mean for one in estimates]), 1 / errors**2
    spread = float((weights * (means - np.average(means, weights=weights)) ** 2).sum())
    return max(0.0, 1 - (len(estimates) - 1) / spread) if spread > 0 else 0.0


def homogeneity_p(estimates: Sequence[Estimate]) -> float:
    """Welch's (1951) p-value of "all tasks have one mean", whose errors are estimated by as many
    degrees of freedom as each has. NaN for fewer than two tasks or an unknown error."""
    errors = np.array([one.error for one in estimates])
    count = len(estimates)
    if count < 2 or np.isnan(errors).any():
        return math.nan
    means, weights = np.array([one.mean for one in estimates]), 1 / errors**2
    degrees = np.array([one.degrees for one in estimates])
    spread = (weights * (means - np.average(means, weights=weights)) ** 2).sum() / (count - 1)
    lost = ((1 - weights / weights.sum()) ** 2 / degrees).sum() / (count**2 - 1)
    return float(fdtrc(count - 1, 1 / (3 * lost), spread / (1 + 2 * (count - 2) * lost)))


def holm(p_values: Sequence[float]) -> np.ndarray:
    """(n,) p-values adjusted for being read side by side (Holm 1979): the chance that any true
    null among them has an adjusted one below alpha is at most alpha. NaN stays NaN and counts."""
    p_values = np.asarray(p_values, dtype=float)
    order = np.argsort(np.where(np.isnan(p_values), np.inf, p_values), kind="stable")
    factors = np.arange(len(p_values), 0, -1)
    adjusted = np.maximum.accumulate(np.minimum(1, p_values[order] * factors))
    result = np.empty_like(p_values)
    result[order] = adjusted
    return result
