"""What of (a) may come from the arms' learning rates: the same at one rate for both, in sentences.

A score rises sooner at a higher rate. The paper trains all arms at one.
"""

import math

import pandas as pd

from seqtransfer.report import names
from seqtransfer.report.tables.sensitivity import best

ARMS = ("text", "random")
LEARNED = 0.5  # share of its best dev score that an arm must reach at a rate for its speed to count


def of_unlike_rates(run: pd.DataFrame, sensitivity: pd.DataFrame) -> list[str]:
    """One sentence or two for each task whose arms `text` and `random` have unlike rates.

    run, sensitivity: the tables `runs` and `sensitivity`.
    """
    lines = []
    for task, rows in run.groupby("task", sort=False):
        rates = rows.drop_duplicates("initialization").set_index("initialization")["learning_rate"]
        if not set(ARMS) <= set(rates.index) or math.isclose(*rates[list(ARMS)]):
            continue
        each = " and ".join(f"{rates[arm]:g} for {names.arm(arm)}" for arm in ARMS)
        lines.append(
            f"{task}: the learning rates are unlike, {each}, and at a higher rate scores may rise"
            f" sooner for that alone. {_at_one_rate(sensitivity[sensitivity['task'] == task])}"
        )
    return lines


def _at_one_rate(candidates: pd.DataFrame) -> str:
    known = candidates[candidates["initialization"].isin(ARMS)]
    if known["relative"].isna().all():
        return "No sweep of this study tells what one rate for both would show."
    lines = pd.concat(best(part) for _, part in known.groupby("initialization"))
    # A diverged run is held at its best, and so counts as soon.
    known = lines[lines["relative"].notna() & (lines["diverged"] == 0)]
    height, speed = (
        known.pivot(index="learning_rate", columns="initialization", values=name)
        .reindex(columns=ARMS)
        .astype(float)
        for name in ("best", "relative")
    )
    both = (height >= LEARNED * height.max()).all(axis=1)
    found = (speed["text"] - speed["random"])[both]
    if found.empty:
        return "In the sweep, both learn the task at no one rate."
    each = ", ".join(f"{names.signed(value)} at {rate:g}" for rate, value in found.items())
    seeds = int(known["seeds"].max())
    return (
        f"At one rate for both, in the sweep ({seeds} seed{'s' * (seeds != 1)}, each arm's best"
        f" pooling and warm-up), the difference is {each}: these are all rates at which no run"
        " diverged and both arms reach at least half of the highest point of their own curves."
    )
