"""Finished studies of the same tasks -> one claim's effect in each, side by side, and their figure.

For studies that differ in one thing, such as learning rates, tokens or what fine-tuning may change.
"""

import textwrap
from collections.abc import Sequence
from types import SimpleNamespace

import pandas as pd
from matplotlib.figure import Figure

from seqtransfer.report import names
from seqtransfer.report.claims.verdicts import DECIDED
from seqtransfer.report.figures import panels, style
from seqtransfer.report.studies import finished_studies, meta_analysis
from seqtransfer.report.studies.finished_studies import Study

LETTERS = 24  # of a line of a study's name beside its row
ROW = 0.24  # inches of a row, in a figure as wide as a page
# Also sections that decide what a run starts from.
SECTIONS = (*finished_studies.SECTIONS, "encoder", "domain_encoders", "domain_corpora")
OF_DOMAIN = ("pretrain",)  # where `domain` is compared, too


def table(studies: Sequence[Study], claim: str) -> pd.DataFrame:
    """One row per task of several studies and study, tasks in the order in which they first come.

    effect, low, high: of the claim, in `unit`, with the study's own interval of `level`; seeds,
    verdict: of the task there. Of a claim on two arms' runs, a column of each arm before the effect
    has its mean test score: an effect may grow since one rises, or since the other falls.
    Raises ValueError if a study does not test the claim, or no task is in two studies.
    """
    found = meta_analysis.effects(studies, claim).rename(columns={"mean": "effect"})
    found = found[found["task"].duplicated(keep=False)]
    if found.empty:
        raise ValueError(
            f"no task has an effect of claim ({claim}) in two of these studies; give studies of the"
            " same tasks, or merge these by scripts/merge_studies.py"
        )
    by_name = {study.name: study for study in studies}
    arms = studies[0].claims[claim]["contrast"].split(" - ")
    columns = ["task", "study", *"unit effect low high level seeds verdict".split()]
    if all(arm in set(study.runs["initialization"]) for arm in arms for study in studies):
        for arm in arms:
            found[arm] = [_score(by_name[row.study], row.task, arm) for row in found.itertuples()]
        columns[3:3] = arms
    order = {task: place for place, task in enumerate(found["task"].unique())}
    found = found.sort_values("task", key=lambda tasks: tasks.map(order), kind="stable")
    return found[columns].reset_index(drop=True)


def _score(study: Study, task: str, arm: str) -> float:
    runs = study.runs
    return runs[(runs["task"] == task) & (runs["initialization"] == arm)]["test_score"].mean(
        skipna=False
    )


def differing(studies: Sequence[Study], contrast: str) -> dict[str, dict[str, list]]:
    """`finished_studies.settings`, of what the two arms of a contrast such as `text - random` start
    from and how they are trained."""
    return finished_studies.settings(studies, SECTIONS + OF_DOMAIN * ("domain" in contrast))


def caption(found: pd.DataFrame, settings: dict, contrast: str) -> str:
    """What the figure shows and what would mislead; found, settings: of `table`, `differing`."""
    levels = names.levels(found["level"])
    said = (
        f"{names.contrast(contrast)}, a panel per task and a row per study, with each study's own"
        f" {levels} interval; filled where the study's verdict on the task is supported or"
        " contradicted. No interval is of a difference between studies, whose runs may share"
        " examples and seeds, and verdicts are adjusted for the tasks of their study alone."
    )
    if not settings:
        return f"{said} The studies have the same settings."
    return f"{said} The studies differ in {finished_studies.listed(settings)}."


def figure(found: pd.DataFrame, contrast: str) -> Figure:
    """Every effect with its interval. found: of `table`."""
    tasks, studies = (list(dict.fromkeys(found[name])) for name in ("task", "study"))
    labels = [textwrap.fill(name, LETTERS) for name in studies]
    lines = sum(1 + label.count("\n") for label in labels)
    drawn, axes = panels.wrapped(len(tasks), 0.8 + ROW * lines)
    for axis, task in zip(axes, tasks, strict=True):
        rows = found[found["task"] == task]
        for row in rows.itertuples():
            place = studies.index(row.study)
            axis.hlines(place, row.low, row.high, color="0.2")
            fill = "0.2" if row.verdict in DECIDED else "white"
            [dot] = axis.plot(row.effect, place, "o", color="0.2", mfc=fill, ms=4.5)
            known = SimpleNamespace(mean=row.effect, low=row.low, high=row.high)
            style.tell(dot, f"{task}, {row.study}: {panels.value(known, names.signed)}")
        axis.axvline(0, color="0.5", lw=0.8, zorder=0)
        axis.set_yticks(range(len(studies)), labels if panels.first_of_row(axis) else [])
        axis.set_ylim(len(studies) - 0.5, -0.5)
        axis.set_xlim(
            panels.limits(rows["effect"], rows["low"], rows["high"], pd.Series([0.0]), least=0.02)
        )
        axis.locator_params(axis="x", nbins=4)
        axis.set_title(task)
        axis.set_xlabel(rows["unit"].iloc[0])
    decided = {"marker": "o", "ls": ""}
    panels.legend(
        drawn,
        [
            panels.line("supported or contradicted there", **decided),
            panels.line("any other verdict", **decided, mfc="white"),
        ],
    )
    style.title(drawn, f"{names.contrast(contrast)}, {names.levels(found['level'])} intervals")
    return drawn
