"""Effects of finished studies, task by task -> their mean over tasks like these, and its spread.

A study's own mean is over its tasks, taken as fixed. Here tasks are a sample: the effect of a task
is drawn around a mean with a standard deviation tau, and estimated with an error that is taken as
known (random effects). tau is Paule and Mandel's (1982), the interval of the mean Hartung and
Knapp's (2001), not smaller than by the errors alone (Roever et al. 2015), and the interval for the
effect of one more task that of Higgins et al. (2009).
"""

import math
import textwrap
from collections.abc import Mapping, Sequence
from types import SimpleNamespace

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.optimize import brentq
from scipy.special import stdtrit  # of scipy.stats, which takes a second to import

from seqtransfer.report import names
from seqtransfer.report.claims.verdicts import NOT_TESTABLE
from seqtransfer.report.figures import panels, style
from seqtransfer.report.statistics import LEVEL
from seqtransfer.report.studies import finished_studies
from seqtransfer.report.studies.finished_studies import Study
from seqtransfer.report.tables.run_tables import score_unit

COLUMNS = "study task unit mean low high error level seeds verdict pooled".split()
LEAST = 3  # effects that a mean over tasks is made of
OVER_TASKS, ONE_MORE, MIXED = "mean over tasks", "one more task", "each task's metric"
NAMED = 0.45  # of a figure's width at most, for the names of rows, in small type
LABELLED = 0.6  # of it, for the label below the panel
SCORE = "score"  # the unit of a claim whose tasks have different metrics


def effects(studies: Sequence[Study], claim: str) -> pd.DataFrame:
    """One row per study and task with an effect of the claim, in the order of the studies.

    mean, error, low, high: of the effect, in `unit`, with the study's interval of `level`; the unit
    of a study whose tasks have different metrics is each task's own. pooled:
    whether the mean over tasks is of it: not if the task is not testable there, has no error (of
    one seed, or a run without a score), or stands before it under its name or with the same
    examples in other tokens, since one task counts once.
    Raises ValueError if a study does not test the claim.
    """
    rows, seen = [], set()
    examples = finished_studies.examples(studies)
    for study in studies:
        record = study.claims.get(claim)
        if record is None or not record["effects"]:
            raise ValueError(f"{study.name} does not test claim ({claim}); leave it out")
        for effect in record["effects"]:
            usable = effect["verdict"] != NOT_TESTABLE and effect["error"] is not None
            of_task = study.runs[study.runs["task"] == effect["task"]]
            unit = score_unit(of_task) if record["unit"] == SCORE else record["unit"]
            same = {effect["task"], examples[study.name, effect["task"]]}
            rows.append(
                {"study": study.name, "unit": unit, "level": record["level"]}
                | {name: effect[name] for name in COLUMNS if name in effect}
                | {"pooled": usable and not same & seen}
            )
            seen |= same if usable else set()
    return pd.DataFrame(rows, columns=COLUMNS)


def pooled(table: pd.DataFrame) -> dict[str, float]:
    """The mean over tasks, of the rows of `effects` that are pooled.

    tasks; mean; error; low, high: its interval of LEVEL; tau: the standard deviation of tasks'
    effects; next_low, next_high: the interval for the effect of one more such task, as if its
    errors were 0.
    Raises ValueError for fewer than three tasks.
    """
    rows = table[table["pooled"]]
    if len(rows) < LEAST:
        unknown = table.loc[table["error"].isna(), "task"].unique()
        why = "of one seed, with a run that has no score, or of a claim without intervals, as (d1)"
        without = f"; {', '.join(unknown)} without one: {why}" if len(unknown) else ""
        raise ValueError(
            f"{len(rows)} tasks have an effect with an error{without}; a mean over tasks needs"
            f" {LEAST}"
        )
    means, variances = rows["mean"].to_numpy(float), rows["error"].to_numpy(float) ** 2
    between = variance_between(means, variances)
    weights = 1 / (between + variances)
    mean, free = float(np.average(means, weights=weights)), len(rows) - 1
    spread = (weights * (means - mean) ** 2).sum() / free
    # By chance a few effects lie nearer to each other than their errors allow.
    error = math.sqrt(max(1.0, spread) / weights.sum())
    half = float(stdtrit(free, (1 + LEVEL) / 2)) * error
    wide = float(stdtrit(free - 1, (1 + LEVEL) / 2)) * math.sqrt(between + error**2)
    return {
        "tasks": len(rows), "mean": mean, "error": error, "low": mean - half, "high": mean + half,
        "tau": math.sqrt(between), "next_low": mean - wide, "next_high": mean + wide,
    }  # fmt: skip


def with_mean(table: pd.DataFrame, mean: Mapping[str, float]) -> pd.DataFrame:
    """The rows of `effects`, and two below them, of all studies: the mean over tasks as `pooled`
    gives it, with `tau` in a column of its own, and the interval for one more task."""
    units = table.loc[table["pooled"], "unit"].unique()
    both = {"study": "all", "unit": units[0] if len(units) == 1 else MIXED, "level": LEVEL}
    both |= {"mean": mean["mean"], "pooled": False}
    own = {name: mean[name] for name in ("error", "low", "high", "tau")}
    more = {"low": mean["next_low"], "high": mean["next_high"]}
    below = [{"task": OVER_TASKS} | both | own, {"task": ONE_MORE} | both | more]
    rows = [*table.to_dict("records"), *below]
    return pd.DataFrame(rows, columns=[*COLUMNS, "tau"]).astype({"seeds": "Int64"})


def variance_between(means: np.ndarray, variances: np.ndarray) -> float:
    """Paule and Mandel's variance of the true effects: where the weighted sum of squares equals its
    expectation, the number of effects less 1; 0 where it is smaller without any.

    means: (n,) float64 effects; variances: (n,) float64 squares of their errors, above 0.
    """

    def excess(between: float) -> float:
        weights = 1 / (between + variances)
        spread = (weights * (means - np.average(means, weights=weights)) ** 2).sum()
        return float(spread) - (len(means) - 1)

    if excess(0.0) <= 0:
        return 0.0
    # With this much between tasks no weighted sum of squares exceeds the number of effects less 1.
    return float(brentq(excess, 0.0, float(((means - means.mean()) ** 2).sum())))


def figure(table: pd.DataFrame, mean: dict[str, float], contrast: str) -> Figure:
    """Every effect with its study's interval, and below them the mean and one more task. Of several
    units the most frequent is named at the axis, any other after its task."""
    units = table["unit"].value_counts().index
    rows = [
        f"{row.task}{f', {row.unit}' * (row.unit != units[0])} ({row.study})"
        for row in table.itertuples()
    ]
    rows += [OVER_TASKS, f"{ONE_MORE} (prediction)"]
    letters = int(NAMED * style.ems() / style.LETTER_EMS)
    rows = [textwrap.fill(row, letters, break_on_hyphens=False) for row in rows]
    lines = 1 + max(row.count("\n") for row in rows)
    drawn = style.figure(1, 0.8 + (0.11 + 0.11 * lines) * len(rows))
    axis = drawn.subplots()
    for place, row in enumerate(table.itertuples()):
        colour = "0.2" if row.pooled else "0.7"
        axis.hlines(place, row.low, row.high, color=colour)
        [dot] = axis.plot(row.mean, place, "o", color=colour, ms=4)
        said = f"{panels.value(row, names.signed)} {row.unit}, {row.verdict}"
        style.tell(dot, f"{row.task} ({row.study}): {said}")
    below = len(table)
    axis.hlines(below, mean["low"], mean["high"], color="0.1", lw=2)
    [dot] = axis.plot(mean["mean"], below, "D", color="0.1", ms=5)
    said = panels.value(SimpleNamespace(**mean), names.signed)
    style.tell(dot, f"{OVER_TASKS}: {said}")
    axis.hlines(below + 1, mean["next_low"], mean["next_high"], color="0.1", linestyle=(0, (4, 2)))
    axis.axhline(below - 0.5, color="0.85", lw=0.8)
    axis.axvline(0, color="0.5", lw=0.8, zorder=0)
    axis.set_yticks(range(len(rows)), rows)
    axis.set_ylim(len(rows) - 0.5, -0.5)
    unit = units[0] + ", or the metric named" * (len(units) > 1)
    levels = names.levels(table["level"])
    own = "" if levels == "95 %" else f"; of tasks {levels}"
    said = f"{names.contrast(contrast)}\n({unit}; 95 % intervals{own})".split("\n")
    letters = int(LABELLED * style.ems() / style.LETTER_EMS)
    axis.set_xlabel("\n".join(line for part in said for line in textwrap.wrap(part, letters)))
    style.title(drawn, f"Effects of {table['study'].nunique()} studies, and their mean over tasks")
    return drawn
