"""Table of scores -> where no encoder is needed: what baselines and controls score beside arms."""

from collections.abc import Iterable, Iterator

import pandas as pd

from seqtransfer.report import names
from seqtransfer.report.tables.run_tables import score_unit


def before_all(score: pd.DataFrame) -> list[str]:
    """What a reader must know before any verdict: the tasks in which a baseline without an encoder
    scores at least as high as every arm, from the table `scores`; one sentence or two, or none."""
    won = [
        f"{task} ({best} against at most {arms.max():.3f}, {names.arm(arms.idxmax())})"
        for task, best, arms, behind in _baselines(score)
        if len(behind) == len(arms)
    ]
    if not won:
        return []
    tasks = score["task"].nunique()
    return [
        f"In {len(won)} of {tasks} task{'s' * (tasks > 1)} a baseline without an encoder scores at"
        f" least as high as every arm: {'; '.join(won)}. Differences between arms say little about"
        " encoders there."
    ]


def of_baselines(score: pd.DataFrame) -> list[str]:
    """The tasks in which a baseline without an encoder scores as high as some arms, not all."""
    won = [
        f"{task} ({best} against {_scored(behind.items())})"
        for task, best, arms, behind in _baselines(score)
        if 0 < len(behind) < len(arms)
    ]
    line = "A baseline without an encoder scores at least as high as some arms:"
    return [f"{line} {'; '.join(won)}."] if won else []


def _scored(means: Iterable[tuple[str, float]]) -> str:
    """`random weights 0.888 and text attention only 0.900`."""
    return names.listed(f"{names.arm(name)} {mean:.3f}" for name, mean in means)


def of_controls(score: pd.DataFrame) -> list[str]:
    """The tasks in which a control scores at least as high as `text`, from the table `scores`."""
    tested = score[(score["split"] == "test") & score["headline"]]
    won, tasks = [], 0
    for task, rows in tested.groupby("task", sort=False):
        text = rows.loc[rows["initialization"] == "text", "mean"]
        controls = rows[rows["kind"] == "control"]
        tasks += not (text.empty or controls.empty)
        high = controls[controls["mean"].ge(text.max())].sort_values("mean", ascending=False)
        if len(high):
            each = _scored(zip(high["initialization"], high["mean"], strict=True))
            won.append(f"{task} ({each} against {text.max():.3f} {score_unit(rows)})")
    if not won:
        return []
    return [
        f"In {len(won)} of {tasks} task{'s' * (tasks > 1)} a control, a small network without an"
        f" encoder, scores on average at least as high as text pretraining: {'; '.join(won)}. Text"
        " pretraining is not shown to bring anything there that the examples alone do not teach; a"
        " control's settings always come from a sweep."
    ]


def _baselines(score: pd.DataFrame) -> Iterator[tuple[str, str, pd.Series, pd.Series]]:
    """Task, its best baseline on test with its score, the means of all arms, and of those that are
    not above it; an arm without a mean is not among these."""
    tested = score[(score["split"] == "test") & score["headline"]]
    for task, rows in tested.groupby("task", sort=False):
        kinds = {
            kind: part.set_index("initialization")["mean"] for kind, part in rows.groupby("kind")
        }
        arms, best = kinds["arm"], kinds["baseline"].idxmax()
        height = kinds["baseline"][best]
        said = f"{names.BASELINES[best]} {height:.3f} {score_unit(rows)}"
        yield str(task), said, arms, arms[arms <= height]
