"""Finished studies that mend one choice of another each -> what each choice changes, in a table."""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from seqtransfer.report import names
from seqtransfer.report.claims.verdicts import NOT_TESTABLE, NOT_TESTED
from seqtransfer.report.figures import panels, style
from seqtransfer.report.statistics import stratified_mean_interval
from seqtransfer.report.studies.finished_studies import (
    ABSENT,
    Study,
    configuration,
    differing,
    task_of,
)
from seqtransfer.report.tables.gain_tables import ALL_TASKS
from seqtransfer.report.tables.intervals import paired_differences

TITLE = "What each mended choice changes"
CAPTION = (
    "Mean test scores of text pretraining and random weights in each study, and their difference"
    " with its 95 % interval over seeds and test examples. The first study is the one whose choices"
    " the others mend. keys: what a study's configuration has otherwise than the first. change: the"
    " difference less that of the first study at the same seeds, with a 95 % interval over seeds"
    " alone. nearer: how much more alike text pretraining and domain pretraining are than random"
    " weights and domain pretraining, by PWCCA, claim (d2), with its 95 % interval. Then the"
    " verdict on each claim. turned: claims whose verdict is another than in the first study."
)
NUMBERS = ["text", "random", "difference", "low", "high", "change", "change_low", "change_high"]
NEARER = ["nearer", "nearer_low", "nearer_high"]
NEARER_CLAIM = "d2-pwcca"  # the paper compares representations by PWCCA
NEARER_TITLE = "text nearer than random to\ndomain pretraining (PWCCA)"
FIRST = "nothing changed"
ROW_LETTERS = 30  # of a line of a row's name
PANEL_EMS = 12.0  # least width of a panel: its label has room below it


def table(released: Study, mended: Sequence[Study]) -> pd.DataFrame:
    """One row per study and task, and one over all tasks; `released` first.

    keys: of the configuration, those whose values are others than in `released`. text, random:
    mean test scores over seeds; difference, low, high: claim (b)'s effect with its interval over
    seeds and test examples. change: the difference less that of `released` at the same seeds, with
    a 95 % t interval over seeds alone. nearer, nearer_low, nearer_high: the effect of claim (d2) by
    PWCCA. seeds: of an arm. One column for each claim that a study
    tests, of (a), (b), (c) and (d2) by each measure: its verdict and qualifier, such as "at this
    budget". turned: the claims whose verdict, whatever its qualifier, is another than in
    `released`. Missing numbers are NaN.
    A study of some of the tasks has no row over all.
    Raises ValueError, naming the study, if one lacks the arms text and random, or has a task or
    seeds that `released` has not.
    """
    studies = [released, *mended]
    for study in studies:
        _check(study, released)
    first = configuration(released.record)
    shown = [
        name
        for name in dict.fromkeys(name for study in studies for name in study.claims)
        if name in ("a", "b", "c", "c-share") or name.startswith("d2-")
        if any(_tested(study, name) for study in studies)
    ]
    before = {task: _verdicts(released, task, shown) for task in _tasks(released, released)}
    rows = []
    for study in studies:
        keys = ", ".join(_changed(first, study))
        for task in _tasks(study, released):
            verdicts = _verdicts(study, task, shown)
            # A claim that one of the two does not test has not turned.
            turned = [
                name
                for name in shown
                if verdicts[name] and before[task][name]
                if verdicts[name][0] != before[task][name][0]
            ]
            rows.append(
                {"study": study.name, "task": task, "keys": keys}
                | _scores(study, task)
                | _change(study, released, task)
                | _nearer(study, task)
                | {"seeds": _differences(study)["seed"].nunique()}
                | {name: " ".join(verdicts[name] or (NOT_TESTED,)) for name in shown}
                | {"turned": ", ".join(turned)}
            )
    columns = ["study", "task", "keys", *NUMBERS, *NEARER, "seeds", *shown, "turned"]
    return pd.DataFrame(rows, columns=columns)


def figure(table: pd.DataFrame) -> Figure:
    """Of every study the mean scores of text and random, their difference with its interval and,
    where a study tests it, how much nearer text is to domain pretraining. A row is named by the
    keys that its study changes, and by the study where these tell it from no other.

    table: as `table` makes it. Of several tasks, their mean.
    """
    several = ALL_TASKS in set(table["task"])
    rows = table[table["task"] == ALL_TASKS] if several else table
    words = [changed_words(keys) or FIRST for keys in rows["keys"].fillna("")]
    named = [
        _lines(said if words.count(said) == 1 else f"{study}; {said}")
        for study, said in zip(rows["study"], words, strict=True)
    ]
    lines = max(name.count("\n") + 1 for name in named)
    count = 2 + bool(rows["nearer"].notna().any())
    names_ems = style.LETTER_EMS * max(len(line) for name in named for line in name.split("\n"))
    columns = style.fitting(count, PANEL_EMS, names_ems)
    height = 0.9 + (0.14 + 0.12 * lines) * len(rows)
    drawn, axes = panels.grid(-(-count // columns), columns, height, sharey=True)
    for axis in axes.flat[count:]:
        axis.remove()
    scores, *effects = axes.flat[:count]
    places = np.arange(len(rows))
    scores.hlines(places, rows["random"], rows["text"], color="0.8", zorder=0)
    for arm, colour in style.colours(["text", "random"]).items():
        marker = style.markers(["text", "random"])[arm]
        scores.plot(rows[arm], places, marker, color=colour, ms=5, label=names.arm(arm))
    shown = [("difference", "low", "high"), NEARER]
    titles = [names.contrast("text - random").replace(" minus", "\nminus"), NEARER_TITLE]
    for axes, (mean, low, high), title in zip(effects, shown, titles, strict=False):
        axes.hlines(places, rows[low], rows[high], color="0.2")
        axes.plot(rows[mean], places, "o", color="0.2", ms=4)
        axes.axvline(0, color="0.5", lw=0.8, zorder=0)
        axes.set_xlabel(f"{title}\n(95 % interval)")
    scores.set_yticks(places, named)
    scores.set_ylim(len(rows) - 0.5, -0.5)
    scores.set_xlabel("mean test score")
    drawn.legend(*scores.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    of = "mean over tasks" if several else rows["task"].iloc[0]
    style.title(drawn, f"{TITLE} ({of}, {panels.counted(set(rows['seeds']))})")
    return drawn


def _lines(name: str) -> str:
    """A row's name, a section of its keys a line, or several where one is long."""
    return "\n".join(textwrap.fill(part, ROW_LETTERS) for part in name.split("; ") if part)


def changed_words(keys: str) -> str:
    """`sweep.poolings, finetune.steps, finetune.patience` as `sweep poolings; finetune steps,
    patience`: of a key its last two parts, and keys of one section together."""
    sections: dict[str, list[str]] = {}
    for key in filter(None, keys.split(", ")):
        *above, last = key.replace("_", " ").split(".")
        sections.setdefault(above[-1] if above else "", []).append(last)
    return "; ".join(f"{name} {', '.join(parts)}".strip() for name, parts in sections.items())


def _changed(first: Mapping[str, str], study: Study) -> list[str]:
    """The keys that a study has otherwise than the first, but for tasks that it lacks and their
    sources."""
    tasks = study.record["configuration"]["tasks"]
    return [
        key
        for key, _, value in differing(first, configuration(study.record))
        if key not in ("study", "tasks") and task_of(key) in (None, *tasks)
        if not (key.startswith("catalogue.sources.") and value == ABSENT)
    ]


def _check(study: Study, released: Study) -> None:
    if not _tested(study, "b"):
        raise ValueError(f"{study.name} has no runs of text or of random: (b) is not tested there")
    ours, theirs = (
        {(str(task), int(seed)) for task, seed in zip(one["task"], one["seed"], strict=True)}
        for one in (_differences(study), _differences(released))
    )
    theirs = {(task, seed) for task, seed in theirs if task in {task for task, _ in ours}}
    if ours != theirs:
        raise ValueError(
            f"{study.name} and {released.name} differ in tasks or seeds, the first in"
            f" {min(ours ^ theirs)}: compare studies of the same runs"
        )


def _differences(study: Study) -> pd.DataFrame:
    """text - random of the test score for each task and seed."""
    return paired_differences(study.runs, "test_score", "text", "random")


def _tested(study: Study, claim: str) -> bool:
    return bool(study.claims.get(claim, {}).get("effects"))


def _tasks(study: Study, released: Study) -> list[str]:
    """The study's tasks and, where they are several and those of `released`, all of them as one."""
    tasks, known = (
        [effect["task"] for effect in one.claims["b"]["effects"]] for one in (study, released)
    )
    return [*tasks, ALL_TASKS] if len(tasks) > 1 and set(tasks) == set(known) else tasks


def _verdicts(study: Study, task: str, names: Sequence[str]) -> dict[str, list[str]]:
    """Claim -> its verdict and qualifier in this task, or none where it is not tested."""
    return {
        name: _verdict(study.claims[name], task) if _tested(study, name) else [] for name in names
    }


def _verdict(claim: dict, task: str) -> list[str]:
    if task == ALL_TASKS:
        return [word for word in (claim["verdict"], claim["qualifier"]) if word]
    (effect,) = (effect for effect in claim["effects"] if effect["task"] == task)
    unsettled = effect["verdict"] != NOT_TESTABLE and any(
        check["task"] == task and check["passed"] is False and not check["blocks"]
        for check in claim["checks"]
    )
    return [effect["verdict"], *(["at this budget"] if unsettled else [])]


def _scores(study: Study, task: str) -> dict[str, float]:
    """Mean test scores of both arms, and claim (b)'s difference with its interval."""
    mean = study.runs.groupby(["initialization", "task"])["test_score"].mean(skipna=False)
    arms = {
        arm: float(mean[arm].mean(skipna=False) if task == ALL_TASKS else mean[arm, task])
        for arm in ("text", "random")
    }
    return arms | _effect(study, "b", task, ["difference", "low", "high"])


def _nearer(study: Study, task: str) -> dict[str, float]:
    return _effect(study, NEARER_CLAIM, task, NEARER) if _tested(study, NEARER_CLAIM) else {}


def _effect(study: Study, claim: str, task: str, columns: Sequence[str]) -> dict[str, float]:
    """A claim's effect in a task, or over all, and the ends of its interval; NaN without one."""
    record = study.claims[claim]
    effects = {ALL_TASKS: record["overall"]} | {one["task"]: one for one in record["effects"]}
    numbers = [effects[task][name] for name in ("mean", "low", "high")]
    found = zip(columns, numbers, strict=True)
    return {name: np.nan if value is None else value for name, value in found}


def _change(study: Study, released: Study, task: str) -> dict[str, float]:
    if study is released:
        return {}
    keys = ["task", "seed"]
    both = _differences(study).merge(_differences(released), on=keys, suffixes=("", "_before"))
    both["change"] = both["difference"] - both["difference_before"]
    groups = {str(name): rows["change"].to_numpy() for name, rows in both.groupby("task")}
    groups = groups if task == ALL_TASKS else {task: groups[task]}
    if not all(np.isfinite(values).all() for values in groups.values()):
        return {}
    return dict(zip(NUMBERS[-3:], stratified_mean_interval(groups)[:3], strict=True))
