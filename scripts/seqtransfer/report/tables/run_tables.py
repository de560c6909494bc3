"""Result records and tidy rows -> the report's tables: frames in, frames out.

Names used throughout: an arm is an initialization (text, random, shuffled, domain); `score` columns
are in the task's headline metric, which `metric` names (by default Matthews correlation, MCC, or
Spearman correlation, both -1 to 1 with 0 for a constant answer);
`low` and `high` bound a t interval over seeds and are empty where one seed leaves it undefined.
A run without a finite score has empty ones; a mean over seeds is then empty, and `seeds` counts
those that have a score.
Rows keep the order of the study: tasks and arms appear as they were given.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from seqtransfer.corpora.examples import SPLITS
from seqtransfer.files import damage
from seqtransfer.report import names
from seqtransfer.report.tables.intervals import interval_rows, paired_differences
from seqtransfer.scoring.learning_curves import area_under_curve, relative_area, steps_to
from seqtransfer.training.settings_choice import CHOSEN_FOR

RUN = ["task", "initialization", "seed"]
SETTINGS = ["learning_rate", "warmup", "pooling", *CHOSEN_FOR]
ENDED = ["steps_taken", "plateau", "best_step", "diverged"]
CONTRASTS = (
    ("text", "random"),
    ("text", "domain"),
    ("domain", "random"),
    ("shuffled", "random"),
    ("text", "shuffled"),
    ("from-aligned", "text"),
    ("from-aligned", "random"),
)


HEADLINE = ("dev area", "test score")  # quantities that every task has


def runs(metrics: Sequence[dict]) -> pd.DataFrame:
    """One row per run from the records of `metrics.json`; `code` is the digest of its code."""
    return pd.DataFrame(
        {
            **{name: record[name] for name in RUN},
            **{name: record[name] for name in SETTINGS},
            **{name: record[name] for name in (*ENDED, "metric")},
            "dev_n": record["dev"]["n"],
            "dev_score": record["dev"]["score"],
            "test_n": record["test"]["n"],
            "test_score": record["test"]["score"],
            **{f"test_{name}": record["test"][name] for name in measured(record["test"])},
            "code": record["provenance"]["code"],
        }
        for record in metrics
    )


def measured(record: dict) -> list[str]:
    """The metrics of a score record, without its size, its loss and the headline's second name."""
    return [name for name in record if name not in ("n", "loss", "score")]


def histories(metrics: Sequence[dict], curves: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Every run's learning curve, long: its names, step, examples seen, losses and scores.

    curves[i] is the history of the run of metrics[i].
    """
    named = [
        curve.assign(**{name: record[name] for name in RUN})
        for record, curve in zip(metrics, curves, strict=True)
    ]
    long = pd.concat(named, ignore_index=True).rename(columns={"examples": "examples_seen"})
    return long[RUN + [name for name in long.columns if name not in RUN]]


def scores(
    metrics: Sequence[dict],
    baselines: Sequence[dict],
    controls: Sequence[dict] = (),
) -> pd.DataFrame:
    """One row per task, arm, control or baseline, split and metric: mean over seeds with a t
    interval.

    kind is "arm", "control" or "baseline"; baselines are deterministic, so they have one value, no
    interval. headline marks the task's own metric. diverged counts the arm's runs that did, of
    `seeds`.
    """
    rows = [
        {
            "task": r["task"],
            "initialization": r[key],
            "kind": kind,
            "split": split,
            "metric": metric,
        }
        | {"headline": metric == r["metric"], "n": r[split]["n"], "value": r[split][metric]}
        for kind, key, records in (
            ("arm", "initialization", metrics),
            ("control", "initialization", controls),
            ("baseline", "baseline", baselines),
        )
        for r in records
        for split in ("dev", "test")
        for metric in measured(r[split])
    ]
    keys = ["task", "initialization", "kind", "split", "metric", "headline", "n"]
    table = interval_rows(pd.DataFrame(rows), keys, "value")
    diverged = Counter(
        (r["task"], r["initialization"]) for r in (*metrics, *controls) if r["diverged"]
    )
    table["diverged"] = [diverged[row.task, row.initialization] for row in table.itertuples()]
    table.loc[table["kind"] == "baseline", ["low", "high"]] = np.nan
    return table


def convergence(history: pd.DataFrame, fraction: float = 0.9) -> pd.DataFrame:
    """One row per run: how fast its dev score rises. The curve is that of the best score so far, of
    classes in MCC, whatever a task's metric: of accuracy and F1 a constant answer has a share, too.

    area: area under the curve over log2(step + 1), divided by the length of that axis:
    the mean height of the curve. best: its highest dev score. relative: the mean height from the
    first evaluation on, as a share of best; empty where best is not above 0, since such a run
    learned nothing. threshold: `fraction` of the task's common best, which is the larger of the
    means over seeds of `best` of `text` and `random`, or the largest of all arms where these are
    not there: a reference far above both leaves their speed to be seen; empty where none is above
    0, and so are the steps to it. steps_to_threshold: where the curve, linear in log2(step + 1),
    first reaches the threshold; where the run never gets there, `censored` is true and it is the
    study's last step, also of a run that ended before for want of a better score: by the study's
    rule it would not get there. A run with scores that are not finite has no area, best or such
    step, and its arm no part in the common best.
    """
    curves = {
        key: (curve["step"].to_numpy(), np.maximum.accumulate(_from_zero(curve)))
        for key, curve in history.groupby(RUN, sort=False)
    }
    scored = {key: bool(np.isfinite(scores).all()) for key, (_, scores) in curves.items()}
    table = pd.DataFrame(
        dict(zip(RUN, key, strict=True))
        | {"area": area_under_curve(*curve) if scored[key] else np.nan}
        | {"best": curve[1].max() if scored[key] else np.nan}
        | {"relative": float(relative_area(*curve))}
        for key, curve in curves.items()
    )
    arms = table.groupby(["task", "initialization"], sort=False)["best"]
    means = arms.mean(skipna=False)
    raced = means[means.index.isin(["text", "random"], level="initialization")]
    common = raced.groupby("task").max().combine_first(means.groupby("task").max())
    table["threshold"] = fraction * table["task"].map(common.where(common > 0))
    reached = [
        steps_to(*curve, threshold) if scored[key] and threshold > 0 else None
        for (key, curve), threshold in zip(curves.items(), table["threshold"], strict=True)
    ]
    table["censored"] = [steps is None for steps in reached]
    last = [
        steps[-1] if scored[key] and threshold > 0 else np.nan
        for (key, (steps, _)), threshold in zip(curves.items(), table["threshold"], strict=True)
    ]
    table["steps_to_threshold"] = pd.Series(reached, dtype=float).fillna(
        pd.Series(last, dtype=float)
    )
    return table


def curves_left_out(metrics: Sequence[dict], scores: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """One row per run and group of dev examples: `relative` of `convergence` without the group.

    scores[i]: step, group, score of the run of metrics[i], step by step all groups; without rows
    where all dev examples are of one unit.
    """
    parts = []
    for record, table in zip(metrics, scores, strict=True):
        steps = table["step"].unique()
        curves = table["score"].to_numpy(float).reshape(max(len(steps), 1), -1)
        found = relative_area(steps, np.maximum.accumulate(curves, axis=0))
        own = pd.DataFrame({"group": range(len(found)), "score": found})
        parts.append(own.assign(**{name: record[name] for name in RUN}))
    return pd.concat(parts, ignore_index=True)[[*RUN, "group", "score"]]


def _from_zero(curve: pd.DataFrame) -> np.ndarray:
    """Dev scores of a run by a metric in which a constant answer has 0: MCC or a correlation."""
    scores = curve["dev_score"]
    if "dev_mcc" in curve:
        scores = curve["dev_mcc"].where(curve["dev_mcc"].notna() & scores.notna(), scores)
    return scores.to_numpy(float)


def score_unit(run: pd.DataFrame) -> str:
    """What scores are called: `MCC`, or `score` where tasks have different headline metrics."""
    metrics = run["metric"].unique()
    return names.unit(metrics[0]) if len(metrics) == 1 else "score"


def differences(run: pd.DataFrame, speed: pd.DataFrame) -> pd.DataFrame:
    """One row per task, two arms and quantity: mean of left - right paired by seed, t interval.

    A study without any of CONTRASTS has no rows.
    """
    tested = [name.removeprefix("test_") for name in run if name.startswith("test_")]
    sources = [("dev area", speed, "area")]
    sources += [(f"test {name}", run, f"test_{name}") for name in tested if name != "n"]
    parts = [
        paired_differences(table, value, left, right).assign(
            left=left, right=right, quantity=quantity
        )
        for quantity, table, value in sources
        for left, right in CONTRASTS
    ]
    rows = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
    keys = ["task", "left", "right", "quantity"]
    # A task has neither the metrics of another kind nor, if all of its runs failed, its own.
    has = rows.groupby(keys)["difference"].transform("count") > 0
    return interval_rows(rows[has | rows["quantity"].isin(HEADLINE)], keys, "difference")


def joined(files: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The rows of several tables with the same columns, in the order of the study."""
    return pd.concat(files, ignore_index=True)


def leaks(audits: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The rows of the audits; split: test or dev; splitting: before or after this study's split."""
    return joined(audits).rename(columns={"part": "split", "stage": "splitting"})


def budget(tasks: Sequence[dict], run: pd.DataFrame, summaries: Sequence[dict]) -> pd.DataFrame:
    """One row per task: data after cleaning, fine-tuning and domain pretraining, all in counts.

    steps are optimizer updates at most, steps_taken their mean over runs, examples_seen the
    mean number of examples in these; max_length is in tokens; cut_share is
    the share of training sequences cut to it; test_majority is the share of the test
    set's most frequent class (empty for regression); pretraining columns are empty without a
    domain-pretrained encoder.
    """
    pretrained = {task: record for record in summaries for task in record["tasks"]}
    tasks_runs = run.groupby("task", sort=False)
    spent = tasks_runs[["steps", "batch_size"]].first()
    spent["steps_taken"] = tasks_runs["steps_taken"].mean()
    spent["at_once"] = tasks_runs[["batch_size", "train_n"]].first().min(axis=1)
    rows = []
    for task in tasks:
        name, counts = task["task"], task["counts"]
        domain = pretrained.get(name, {})
        rows.append(
            {"task": name, "domain": task["domain"], "classes": len(task.get("classes", ()))}
            | {"test_majority": task.get("majority")}
            | {split: counts[split] for split in SPLITS}
            | {"test_units": task["units"]["test"]}
            | {
                f"{kind}_dropped": counts[f"{kind}_dropped"]
                for kind in ("repeats", "conflicts", "given_test", "neighbours")
            }
            | {name: counts[name] for name in ("cut_conflicts", "other_labels")}
            | {"cut_share": task["cut"]["train"]["share"], "max_length": task["max_length"]}
            | {"steps": int(spent.loc[name, "steps"])}
            | {"steps_taken": float(spent.loc[name, "steps_taken"])}
            | {"examples_seen": round(spent.loc[name, ["steps_taken", "at_once"]].prod())}
            | {"pretraining_corpus": domain.get("task", "")}
            | {
                f"pretraining_{key}": domain.get(key)
                for key in (
                    "sequences", "steps", "plateau", "tokens_seen", "masked_accuracy",
                    "unigram_accuracy",
                )
            }
        )  # fmt: skip
    counted = [f"pretraining_{key}" for key in ("sequences", "steps", "tokens_seen")]
    kinds = dict.fromkeys(counted, "Int64") | {"pretraining_plateau": "boolean"}
    return pd.DataFrame(rows).astype(kinds)


SUMMED = ["seconds_total", "seconds_training", "operations", "energy"]
LARGEST = ["peak_memory", "peak_gpu_memory"]


def timings(
    finetuning: Sequence[dict],
    pretraining: Sequence[dict],
    sweep: Sequence[dict],
    alignment: Sequence[dict] = (),
) -> pd.DataFrame:
    """One row per kind of job, corpus and arm, then one for the kind, and one for all: seconds,
    operations and energy summed over jobs, and the most memory of a job.

    sweep, alignment: as `benchmark` gives them. corpus: of a task, or what is pretrained on; a
    pretraining job belongs to no one arm (empty).

    training_share: seconds inside training steps / wall seconds; operations: in 1e12; energy: in
    watt-hours; memory: in GiB. What a job did not record is empty. Not reproducible byte by byte.
    """
    measured = [*SUMMED, *LARGEST]
    table = pd.DataFrame(
        [
            *({"job": "fine-tuning", **record} for record in finetuning),
            *({"job": "pretraining", "initialization": "", **record} for record in pretraining),
            *({"job": "alignment", **record} for record in alignment),
            *({"job": "sweep", **record} for record in sweep),
        ],
        columns=["job", "task", "initialization", *measured],
    ).rename(columns={"task": "corpus"})
    table[measured] = table[measured].astype(float)
    keys = ["job", "corpus", "initialization"]
    kinds = [
        pd.concat([kind, kind.assign(**dict.fromkeys(keys[1:], "all"))])
        for _, kind in table.groupby("job", sort=False)
    ]
    everything = table.assign(**dict.fromkeys(keys, "all"))
    grouped = pd.concat([*kinds, everything]).groupby(keys, sort=False)
    found = grouped[SUMMED].sum(skipna=False)
    found = found.join(grouped[LARGEST].max(skipna=False))
    found = found.assign(jobs=grouped.size()).reset_index()
    found["training_share"] = found["seconds_training"] / found["seconds_total"]
    found["operations"] /= 1e12
    found[LARGEST] /= 2**30
    seconds = ["seconds_total", "seconds_training", "training_share"]
    return found[[*keys, "jobs", *seconds, "operations", "energy", *LARGEST]]


def benchmark(path: Path, task: str, initialization: str) -> dict:
    """`task` and `initialization` of a job, its `seconds_total` and `peak_memory` in bytes, as
    Snakemake measured them in the file `path`; without what it did not measure, or if the file is
    gone.
    """
    record = {"task": task, "initialization": initialization}
    if not path.exists():
        return record
    with damage.named(path):
        spent = pd.read_csv(path, sep="\t", na_values=["-"])[["s", "max_rss"]].astype(float)
        seconds, mebibytes = spent.iloc[0]
    return record | {"seconds_total": seconds, "peak_memory": mebibytes * 2**20}
