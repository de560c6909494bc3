"""Finished studies that mend one choice of another each -> what each choice changes, in a table."""

import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from seqtransfer.report import names
from seqtransfer.report.figures import panels, style
from seqtransfer.report.finished_studies import Study, configuration, differing
from seqtransfer.report.statistics import stratified_mean_interval
from seqtransfer.report.tables.gain_tables import ALL_TASKS
from seqtransfer.report.tables.intervals import paired_differences
from seqtransfer.report.verdicts import NOT_TESTABLE, NOT_TESTED

TITLE = "What each mended choice changes"
CAPTION = (
    "Mean test scores of text pretraining and random weights in each study, and their difference"
    " with its 95 % interval over seeds and test examples. The first study is the one whose choices"
    " the others mend. keys: what a study's configuration has otherwise than the first. change: the"
    " difference less that of the first study at the same seeds, with a 95 % interval over seeds"
    " alone. Then the verdict on each claim. turned: claims whose verdict is another than in the"
    " first study."
)
NUMBERS = ["text", "random", "difference", "low", "high", "change", "change_low", "change_high"]
ROW_LETTERS = 30  # of a line of a row's name


def table(released: Study, mended: Sequence[Study]) -> pd.DataFrame:
    """One row per study and task, and one over all tasks; `released` first.

    keys: of the configuration, those whose values are others than in `released`. text, random:
    mean test scores over seeds; difference, low, high: claim (b)'s effect with its interval over
    seeds and test examples. change: the difference less that of `released` at the same seeds, with
    a 95 % t interval over seeds alone. seeds: of an arm. One column for each claim that a study
    tests, of (a), (b), (c) and (d2) by each measure: its verdict and qualifier, such as "at this
    budget". turned: the claims whose verdict, whatever its qualifier, is another than in
    `released`. Missing
    numbers are NaN.
    Raises ValueError, naming the study, if one lacks the arms text and random, or has other tasks
    or seeds than `released`.
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
    before = {task: _verdicts(released, task, shown) for task in _tasks(released)}
    rows = []
    for study in studies:
        changed = differing(first, configuration(study.record))
        keys = ", ".join(key for key, *_ in changed if key != "study")
        for task in _tasks(study):
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
                | {"seeds": _differences(study)["seed"].nunique()}
                | {name: " ".join(verdicts[name] or (NOT_TESTED,)) for name in shown}
                | {"turned": ", ".join(turned)}
            )
    return pd.DataFrame(
        rows, columns=["study", "task", "keys", *NUMBERS, "seeds", *shown, "turned"]
    )


def figure(table: pd.DataFrame) -> Figure:
    """Of every study the mean scores of text and random, and their difference with its interval.
    A row is named by the keys that its study changes, and by the study where these tell it from no
    other, or are none.

    table: as `table` makes it. Of several tasks, their mean.
    """
    several = ALL_TASKS in set(table["task"])
    rows = table[table["task"] == ALL_TASKS] if several else table
    words = [changed_words(keys) for keys in rows["keys"].fillna("")]
    named = [
        _lines(said if said and words.count(said) == 1 else f"{study}; {said}")
        for study, said in zip(rows["study"], words, strict=True)
    ]
    lines = max(name.count("\n") + 1 for name in named)
    drawn = style.figure(1, 0.9 + (0.14 + 0.12 * lines) * len(rows))
    scores, differences = drawn.subplots(1, 2, sharey=True)
    places = np.arange(len(rows))
    scores.hlines(places, rows["random"], rows["text"], color="0.8", zorder=0)
    for arm, colour in style.colours(["text", "random"]).items():
        marker = style.markers(["text", "random"])[arm]
        scores.plot(rows[arm], places, marker, color=colour, ms=5, label=names.arm(arm))
    differences.hlines(places, rows["low"], rows["high"], color="0.2")
    differences.plot(rows["difference"], places, "o", color="0.2", ms=4)
    differences.axvline(0, color="0.5", lw=0.8, zorder=0)
    scores.set_yticks(places, named)
    scores.set_ylim(len(rows) - 0.5, -0.5)
    scores.set_xlabel("mean test score")
    differences.set_xlabel(f"{names.contrast('text - random')}\n(95 % interval)")
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


def _check(study: Study, released: Study) -> None:
    if not _tested(study, "b"):
        raise ValueError(f"{study.name} has no runs of text or of random: (b) is not tested there")
    ours, theirs = (
        {(str(task), int(seed)) for task, seed in zip(one["task"], one["seed"], strict=True)}
        for one in (_differences(study), _differences(released))
    )
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


def _tasks(study: Study) -> list[str]:
    tasks = [effect["task"] for effect in study.claims["b"]["effects"]]
    return [*tasks, ALL_TASKS] if len(tasks) > 1 else tasks


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
    claim = study.claims["b"]
    effects = {ALL_TASKS: claim["overall"]} | {one["task"]: one for one in claim["effects"]}
    arms = {
        arm: float(mean[arm].mean(skipna=False) if task == ALL_TASKS else mean[arm, task])
        for arm in ("text", "random")
    }
    found = {"difference": "mean", "low": "low", "high": "high"}
    numbers = {name: effects[task][key] for name, key in found.items()}
    return arms | {name: np.nan if value is None else value for name, value in numbers.items()}


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
