"""The sweep's records -> the learning rate, warm-up and pooling chosen for every arm."""

import pandas as pd

from seqtransfer.scoring.learning_curves import best_and_relative

ARM = ["task", "initialization"]
# The choice is valid for runs of the same.
CHOSEN_FOR = [
    *("adaptation", "encoder", "layers", "train_n", "max_tokens"),
    *("steps", "batch_size", "patience", "cooldown"),
]


def swept(records: list[dict]) -> pd.DataFrame:
    """One row per sweep run: arm, seed, settings, what for, its steps, best dev score, code.

    best, relative: see `learning_curves.best_and_relative`.
    """
    names = [*ARM, "pooling", "learning_rate", "warmup", "seed", *CHOSEN_FOR]
    names += ["steps_taken", "plateau", "best_step", "diverged"]
    rows = [
        {n: r[n] for n in names}
        | {"dev_score": r["dev"]["score"]}
        | dict(zip(("best", "relative"), best_and_relative(r["history"]), strict=True))
        | {"code": r["provenance"]["code"]}
        for r in records
    ]
    return pd.DataFrame(rows).astype({"dev_score": float})  # None where a run has no score


def choose(sweep: pd.DataFrame) -> pd.DataFrame:
    """For each arm the settings of the best dev score, averaged over the sweep's seeds.

    All arms have the same candidates and the same budget. Candidates of which fewer runs diverged
    come first; `diverged` is how many of the chosen one did, 0 unless all candidates have some. Of
    equal scores the lower learning rate wins, then the shorter warm-up, then the pooling first in
    the alphabet. `edge` is true if the chosen learning rate is the lowest or highest candidate: a
    better one may lie outside the grid.
    The columns of CHOSEN_FOR and `code`, the digest of the sweep's code, are those of the sweep.
    """
    settings = ["learning_rate", "warmup", "pooling"]
    means = sweep.groupby([*ARM, *settings], as_index=False).agg(
        dev_score=("dev_score", lambda scores: scores.mean(skipna=False)),
        runs=("seed", "count"),
        diverged=("diverged", "sum"),
    )
    order = ["diverged", "dev_score", *settings]
    best = means.sort_values(order, ascending=[True, False, True, True, True])
    best = best.drop_duplicates(ARM).sort_values(ARM).reset_index(drop=True)
    ends = (sweep["learning_rate"].min(), sweep["learning_rate"].max())
    best["edge"] = best["learning_rate"].isin(ends)
    return best.merge(sweep.groupby(ARM)[[*CHOSEN_FOR, "code"]].first().reset_index(), on=ARM)
