"""Result rows -> what the arms are for: sources and targets, pretraining steps, parts of encoders.

A gain is a score of the task's headline metric minus that of `random` at the same seed, test or
dev as `split` says; low and high bound a t interval over seeds and are empty for one seed. Where a
run has no score, the mean over its seeds is empty, too. A study without the arms that a table is
about has the table without rows.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from seqtransfer.encoders import arm_descriptions, initializations
from seqtransfer.report.statistics import stratified_mean_interval
from seqtransfer.report.tables.intervals import BOUNDS, bounds, paired_differences

ENCODER = "text encoder"  # the source of `text`; it has a space, so that no corpus has its name
ALL_TASKS = "all tasks"
OTHER_TASKS = "all but its own"
# What fine-tuning starts with of the text encoder.
LADDER = [kind for kind, known in arm_descriptions.DESCRIPTIONS.items() if known.rung]
SPLITS = ("test", "dev")


def transfer(run: pd.DataFrame, budget: pd.DataFrame) -> pd.DataFrame:
    """One row per source, task and split: gain of the encoder pretrained on that source; and its
    mean over tasks but the source itself (OTHER_TASKS), if there are several.

    run, budget: the tables of these names. Sources: the text encoder, the tasks in the study's
    order, other corpora. The source of the arm `domain` is what it was pretrained on, the task
    itself or a corpus; an encoder from elsewhere has no cell. Arms that are taken
    in part and soft starts have no cell.
    """
    pretrained = budget[budget["pretraining_steps"].notna()]
    own = dict(zip(pretrained["task"], pretrained["pretraining_corpus"], strict=True))
    found = {}
    for task, arm in run[["task", "initialization"]].drop_duplicates().itertuples(index=False):
        parsed = initializations.parse(arm)
        if parsed.part or arm_descriptions.soft_start(arm):
            continue
        if parsed.kind == "domain" and task in own:
            found[own[task], task] = arm
        elif parsed.kind == "from":
            found.setdefault((parsed.corpus, task), arm)
        elif parsed.kind == "text":
            found[ENCODER, task] = arm
    tasks = list(dict.fromkeys(run["task"]))
    sources = dict.fromkeys([ENCODER, *tasks, *(source for source, _ in found)])
    rows = []
    for source in sources:
        arms = {task: found[source, task] for task in tasks if (source, task) in found}
        groups = {split: _differences(run, arms, split) for split in SPLITS}
        for task in groups["test"]:
            named = {"source": source, "task": task, "initialization": arms[task]}
            rows += [
                named | {"split": split} | _bounded(values[task])
                for split, values in groups.items()
            ]
        others = [task for task in groups["test"] if task != source]
        if len(others) > 1:
            named = {"source": source, "task": OTHER_TASKS, "initialization": arms[others[0]]}
            for split, values in groups.items():
                apart = {task: values[task] for task in others}
                rows.append(named | {"split": split} | _mean_over_tasks(apart))
    return _framed(rows, ["source", "task", "initialization", "split", *BOUNDS])


def pretraining(score: pd.DataFrame, budget: pd.DataFrame) -> pd.DataFrame:
    """One row per task, pretraining step and split: the score of the arm that starts there.

    score, budget: the tables `scores` and `budget`. `random` has 0 steps, `checkpoint-k` k and
    `domain` the last, where it was pretrained here; `text` has none and stands for comparison.
    Sorted by steps within a task.
    """
    last = budget.set_index("task")["pretraining_steps"]
    chosen = score[(score["kind"] == "arm") & score["headline"]]
    rows = []
    for _, row in chosen.iterrows():
        arm = initializations.parse(row["initialization"])
        if arm.part:
            continue
        steps = {"random": 0, "checkpoint": arm.number, "domain": last[row["task"]]}.get(arm.kind)
        if arm.kind == "text" or not pd.isna(steps):
            named = {"task": row["task"], "initialization": row["initialization"]}
            named |= {"pretraining_steps": steps}
            rows.append(named | {"split": row["split"]} | row[BOUNDS].to_dict())
    table = _framed(rows, ["task", "initialization", "pretraining_steps", "split", *BOUNDS])
    column = "pretraining_steps"
    table[column] = pd.array(table[column].tolist(), dtype="Int64")
    tasks = {task: place for place, task in enumerate(dict.fromkeys(table["task"]))}
    order = table.assign(place=table["task"].map(tasks)).sort_values(
        ["place", column], kind="stable", na_position="last"
    )
    return table.loc[order.index].reset_index(drop=True)


def ladder(run: pd.DataFrame) -> pd.DataFrame:
    """One row per task (and all of them), arm and split: gain of a part of a pretrained encoder.

    Arms go from scratch to full: those of LADDER, then the parts of each arm pretrained on
    sequences and the arm itself. `all tasks` is the mean over tasks, which are held fixed; a study
    of one task has no such rows.
    """
    parsed = {arm: initializations.parse(arm) for arm in run["initialization"].unique()}
    in_part = {arm.whole for arm in parsed.values() if arm.part}
    rungs = [n for n, arm in parsed.items() if arm.kind in LADDER or arm.whole in in_part]
    rungs = initializations.ordered(rungs)
    table = _gains(run, rungs)
    tasks = list(dict.fromkeys([*run["task"], ALL_TASKS]))
    places = table["task"].map(tasks.index)
    return table.loc[places.sort_values(kind="stable").index].reset_index(drop=True)


def _gains(run: pd.DataFrame, chosen: Sequence[str]) -> pd.DataFrame:
    """One row per task, arm of `chosen` and split, and the mean over several tasks."""
    rows = []
    for arm in chosen:
        arms = dict.fromkeys(run.loc[run["initialization"] == arm, "task"], arm)
        for split in SPLITS:
            groups = _differences(run, arms, split)
            found = {task: _bounded(values) for task, values in groups.items()}
            if len(groups) > 1:
                found[ALL_TASKS] = _mean_over_tasks(groups)
            named = {"initialization": arm, "split": split}
            rows += [{"task": task} | named | row for task, row in found.items()]
    return _framed(rows, ["task", "initialization", "split", *BOUNDS])


def _differences(run: pd.DataFrame, arms: Mapping[str, str], split: str) -> dict[str, np.ndarray]:
    """Task -> (seeds,) score of its arm minus that of `random`, where both were run."""
    paired = {
        arm: paired_differences(run, f"{split}_score", arm, "random")
        for arm in dict.fromkeys(arms.values())
    }
    found = {
        task: paired[arm].loc[paired[arm]["task"] == task, "difference"].to_numpy(dtype=float)
        for task, arm in arms.items()
    }
    return {task: values for task, values in found.items() if len(values)}


def _bounded(values: np.ndarray) -> dict:
    return dict(zip(BOUNDS, bounds(values), strict=True))


def _mean_over_tasks(groups: Mapping[str, np.ndarray]) -> dict:
    """Mean over tasks, which are held fixed; empty where a run has no score."""
    interval = (np.nan, np.nan, np.nan)
    if all(np.isfinite(values).all() for values in groups.values()):
        interval = stratified_mean_interval(groups)[:3]
    seeds = min(np.isfinite(values).sum() for values in groups.values())
    return dict(zip(BOUNDS, (*interval, seeds), strict=True))


def _framed(rows: list[dict], columns: list[str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=columns)
    return table.astype({"mean": float, "low": float, "high": float, "seeds": np.int64})
