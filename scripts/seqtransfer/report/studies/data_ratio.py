"""Runs of studies that differ in the amount of training data alone -> what an example is worth.

`gather` joins the runs of the studies; `curves` are scores against n, the number of training
examples; `power_laws` says how an arm's error falls with n; `multipliers` how many times as many
examples random weights need for the score of another arm. All seeds share one draw of the smaller
parts and one test set, so that no interval here covers these.
"""

import math
from collections.abc import Collection, Mapping
from itertools import pairwise

import numpy as np
import pandas as pd

from seqtransfer.corpora.examples import SPLITS
from seqtransfer.report.statistics import LEVEL, t_interval
from seqtransfer.report.studies.finished_studies import ABSENT, configuration, differing, task_of
from seqtransfer.report.tables.intervals import interval_rows

AGAINST = "random"  # the arm whose examples are counted
DRAWS = 2000  # of the bootstrap over seeds
SAME = (
    "metric test_n encoder layers adaptation batch_size steps patience cooldown"
).split()  # in all studies
# Sections of a configuration that decide what a run reads and how it is trained, and what of them
# may differ: the share of the examples, and the file of the same settings.
SECTIONS = (
    "encoder. examples. max_length. pieces. pretrain. domain_corpora. domain_encoders. align."
    " finetune. catalogue.tasks."
).split()
# What encoders and corpora of one name are. Other tasks may need further ones.
NAMED = ("catalogue.encoders.", "catalogue.corpora.", "catalogue.artificial.")
SAID = (".title", ".licence")
MAY_DIFFER = ("examples.train_fraction", "finetune.settings")


def gather(studies: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The runs of all studies, with a column `n`, the training examples of each.

    studies: name -> table `runs`, perhaps with the rows of `control_runs`. Raises ValueError for a
    study that has the same n of a task as another one or differs from it in more than n, and for an
    arm that lacks a seed somewhere.
    """
    named = [table.assign(study=name, n=table["train_n"]) for name, table in studies.items()]
    run = pd.concat(named, ignore_index=True)
    for task, rows in run.groupby("task", sort=False):
        sizes = rows.groupby("study", sort=False)["n"].first()
        twice = sizes[sizes.duplicated(keep=False)]
        if len(twice):
            raise ValueError(
                f"{' and '.join(twice.index)}: both have {twice.iloc[0]} training examples of"
                f" {task}; give them different examples.train_fraction"
            )
        for column in SAME:
            for _, own in rows.groupby("initialization", sort=False):
                values = own.groupby("study", sort=False)[column].first()
                if values.nunique() > 1:
                    each = ", ".join(f"{name} {value}" for name, value in values.items())
                    raise ValueError(
                        f"{column} of {task} differs ({each}): only the number of training examples"
                        " may"
                    )
        seeds = rows.groupby(["initialization", "study"], sort=False)["seed"].agg(frozenset)
        for arm, found in seeds.groupby(level=0, sort=False):
            if len(found) < len(sizes) or found.nunique() > 1:
                each = ", ".join(f"{name} {sorted(its)}" for (_, name), its in found.items())
                raise ValueError(
                    f"{arm} of {task} has seeds {each}, not the same in each of {len(sizes)}"
                    " studies: run it with the same seeds in all"
                )
    return run


def check_settings(tasks: Collection[str], records: Mapping[str, Mapping]) -> None:
    """Raise ValueError unless studies have the same settings, but for the share of the examples.

    tasks: those that are joined; records: study -> its `study.json`.
    """
    (first, one), *others = (
        (
            name,
            {key: value for key, value in configuration(record).items() if _compared(key, tasks)},
        )
        for name, record in records.items()
    )
    for name, other in others:
        for key, left, right in differing(one, other):
            if key.startswith(NAMED) and ABSENT in (left, right):
                continue
            raise ValueError(
                f"{key} differs ({first} {left}, {name} {right}): only the number of training"
                " examples may"
            )


def _compared(key: str, tasks: Collection[str]) -> bool:
    if not key.startswith((*SECTIONS, *NAMED)) or key in MAY_DIFFER or key.endswith(SAID):
        return False
    return task_of(key) is None or task_of(key) in tasks


def check_parts(task: str, manifests: Mapping[str, pd.DataFrame]) -> None:
    """Raise ValueError unless all studies have the same dev and test examples of the task, by name,
    label and content, and each training part lies within every larger one.

    manifests: study -> table of `manifests`.
    """
    parts = {}
    for name, table in manifests.items():
        rows = list(table[["id", "label", "sha256"]].itertuples(index=False, name=None))
        of_part = table["part"].to_numpy()
        parts[name] = {
            part: frozenset(row for row, its in zip(rows, of_part, strict=True) if its == part)
            for part in SPLITS
        }
    order = sorted(parts, key=lambda name: len(parts[name]["train"]))
    for small, large in pairwise(order):
        for part, agrees in (
            ("dev", parts[small]["dev"] == parts[large]["dev"]),
            ("test", parts[small]["test"] == parts[large]["test"]),
            ("train", parts[small]["train"] <= parts[large]["train"]),
        ):
            if not agrees:
                raise ValueError(
                    f"{task}: the {part} part of {small} does not fit that of {large}; the studies"
                    " need the same examples, but for train_fraction, and the same split_seed"
                )


def curves(run: pd.DataFrame) -> pd.DataFrame:
    """One row per task, arm and n, from the fewest examples on: mean test score over seeds with its
    t interval.

    fraction: n as a share of the task's largest.
    """
    arms = [
        rows.sort_values("n", kind="stable")
        for _, rows in run.groupby(["task", "initialization"], sort=False)
    ]
    table = interval_rows(pd.concat(arms), ["task", "initialization", "n"], "test_score")
    largest = table.groupby("task")["n"].transform("max")
    table.insert(2, "fraction", table["n"] / largest)
    return table


def power_laws(run: pd.DataFrame) -> pd.DataFrame:
    """One row per task and arm: the power law error = scale n^-exponent, and whether it fits.

    The error is 1 - test score. The law is a line of log error on log n. Each seed gives an
    exponent and a curvature, the coefficient of (log n)^2 in a parabola; both have t intervals.
    ASSUME: no floor, an error that stays however large n is: it takes more than three sizes to tell
    one from a small exponent. A curvature above 0 may be one.
    All numbers are empty where a run has no score, or the perfect one.
    """
    rows = []
    for (task, arm), table in run.groupby(["task", "initialization"], sort=False):
        sizes, scores = _by_seed(table)
        names = ("exponent", "curvature")
        found = {"sizes": len(sizes), "seeds": len(scores), "scale": math.nan}
        found |= {f"{name}{end}": math.nan for name in names for end in ("", "_low", "_high")}
        if np.isfinite(scores).all() and (scores < 1).all() and len(sizes) > 1:
            x, y = np.log(sizes), np.log(1 - scores)
            slope, height = np.polyfit(x, y.T, 1)
            found["scale"] = float(np.exp(height.mean()))
            values = {"exponent": -slope}
            if len(sizes) > 2:
                values["curvature"] = np.polyfit(x - x.mean(), y.T, 2)[0]
            for name, of_seeds in values.items():
                ends = t_interval(of_seeds)
                found |= dict(zip((name, f"{name}_low", f"{name}_high"), ends, strict=True))
        rows.append({"task": task, "initialization": arm, **found, "reading": reading(found)})
    return pd.DataFrame(rows)


def reading(law: Mapping) -> str:
    """What the numbers of a power law allow to say."""
    if math.isnan(law["exponent"]):
        return "no law: a run has no score, or a perfect one"
    if law["sizes"] < 3:
        return "not tested: any law goes through two sizes"
    if law["seeds"] < 2:
        return "not tested: one seed shows no spread"
    if math.isnan(law["exponent_low"]) or math.isnan(law["curvature_low"]):
        return "not tested: equal seeds show no spread"
    if law["curvature_low"] > 0 or law["curvature_high"] < 0:
        return "a power law does not fit these subsets"
    if law["exponent_low"] <= 0:
        return "the error is not shown to fall with n"
    return "a power law is not excluded"


def needed(sizes: np.ndarray, scores: np.ndarray, wanted: float) -> float:
    """How many examples a curve needs to reach a score: linear in log n between the sizes, where it
    first does; infinite if it never does, 0 if it is above it at the smallest size already.

    sizes, scores: (k,), sizes rising. NaN where a score is.
    """
    if math.isnan(wanted) or np.isnan(scores).any():
        return math.nan
    reached = np.flatnonzero(scores >= wanted)
    if not len(reached):
        return math.inf
    first = reached[0]
    if first == 0:
        return float(sizes[0]) if scores[0] == wanted else 0.0
    place = np.interp(wanted, scores[[first - 1, first]], np.log(sizes[[first - 1, first]]))
    return float(np.exp(place))


def multipliers(run: pd.DataFrame) -> pd.DataFrame:
    """One row per task, arm other than AGAINST, and n: the examples that AGAINST needs for the mean
    score of the arm, as a multiple of n.

    multiplier: 1 where both arms need as many. Where the curve of AGAINST does not reach the score,
    or is above it from its smallest size on, `bound` is "at least" or "at most", and the multiplier
    that bound. low, high: percentile interval of a bootstrap over seeds, which both arms share;
    empty where the bound is not within the sizes, for one seed, and where a run has no score.
    """
    rows = []
    for task, table in run.groupby("task", sort=False):
        arms = {arm: _by_seed(part) for arm, part in table.groupby("initialization", sort=False)}
        if AGAINST not in arms:
            continue
        sizes, base = arms.pop(AGAINST)
        for arm, (_, scores) in arms.items():
            for place, n in enumerate(sizes):
                found = _multiplier(sizes, base, scores[:, place], n)
                rows.append({"task": task, "initialization": arm, "n": n} | found)
    columns = "task initialization n score multiplier bound low high".split()
    return pd.DataFrame(rows, columns=columns)


def _multiplier(sizes: np.ndarray, base: np.ndarray, scores: np.ndarray, n: int) -> dict:
    """base: (seeds, k) scores of AGAINST; scores: (seeds,) of the arm at n."""
    wanted = float(scores.mean())
    value = needed(sizes, base.mean(axis=0), wanted)
    bound = {0.0: "at most", math.inf: "at least"}.get(value, "")
    limit = {0.0: sizes[0], math.inf: sizes[-1]}.get(value, value)
    low = high = math.nan
    if len(scores) > 1 and not math.isnan(value):
        drawn = np.random.default_rng(0).integers(len(scores), size=(DRAWS, len(scores)))
        resampled = np.sort([needed(sizes, base[i].mean(axis=0), scores[i].mean()) for i in drawn])
        ends = [math.ceil(DRAWS * share) - 1 for share in ((1 - LEVEL) / 2, (1 + LEVEL) / 2)]
        low, high = (x if 0 < x < math.inf else math.nan for x in resampled[ends] / n)
    return {"score": wanted, "multiplier": limit / n, "bound": bound, "low": low, "high": high}


def _by_seed(run: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """(k,) sizes, rising, and (seeds, k) test scores of one arm of one task."""
    wide = run.pivot(index="seed", columns="n", values="test_score").sort_index(axis=1)
    return wide.columns.to_numpy(), wide.to_numpy(dtype=float)
