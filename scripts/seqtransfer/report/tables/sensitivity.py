"""The sweep of settings -> how much each arm's dev score depends on them."""

import pandas as pd

from seqtransfer.training.settings_choice import ARM

SETTINGS = ["learning_rate", "warmup", "pooling"]
SCORE, SPEED = ["mean", "low", "high"], ["relative", "relative_low", "relative_high"]
COLUMNS = [*ARM, *SETTINGS, *SCORE, "best", *SPEED, "seeds", "diverged", "chosen"]


def table(sweep: pd.DataFrame | None, run: pd.DataFrame) -> pd.DataFrame:
    """One row per arm or control of the study and candidate; empty without a sweep.

    sweep: one row a sweep run (`settings_choice.swept`); run: the study's runs
    (`run_tables.runs`). mean, low and high are of the dev score over the sweep's seeds: its mean,
    its lowest and highest value (no interval: a sweep has two seeds or so), all empty where a run
    has no score. best, relative and its bounds are the same of these columns of the table
    `convergence`: how high a run's curve rises and how soon. They are empty, too, where an older
    sweep did not note them; relative also where a run learned nothing. seeds and diverged count;
    chosen marks the settings that the study's runs have, which a table written by hand may take
    from elsewhere.
    """
    if sweep is None:
        return pd.DataFrame(columns=COLUMNS)
    arms = run.drop_duplicates(ARM)[[*ARM, *SETTINGS]]
    sweep = sweep.reindex(columns=sweep.columns.union(["best", "relative"], sort=False))
    grouped = sweep.groupby([*ARM, *SETTINGS])
    candidates = pd.concat(
        [
            _spread(grouped["dev_score"]).set_axis(SCORE, axis=1),
            _spread(grouped["best"])["mean"].rename("best"),
            _spread(grouped["relative"]).set_axis(SPEED, axis=1),
            grouped.agg(seeds=("dev_score", "size"), diverged=("diverged", "sum")),
        ],
        axis=1,
    ).reset_index()
    rows = arms[ARM].merge(candidates, on=ARM)  # the order of the study
    had = {_key(row) for row in arms.itertuples(index=False)}
    return rows.assign(chosen=[_key(row) in had for row in rows.itertuples(index=False)])


def _spread(values) -> pd.DataFrame:
    """Mean, lowest and highest of each group; empty where a value is missing."""
    found = values.agg(["mean", "min", "max"])
    return found.where(~values.agg(lambda group: group.isna().any()))


def best(candidates: pd.DataFrame) -> pd.DataFrame:
    """Of one arm's rows of `table` those of one pooling and warm-up, by rising learning rate.

    These are the chosen ones, or where none is chosen those of the highest mean.
    """
    first = candidates.sort_values(["chosen", "mean"], ascending=False, kind="stable").iloc[0]
    same = (candidates["pooling"] == first["pooling"]) & (candidates["warmup"] == first["warmup"])
    return candidates[same].sort_values("learning_rate")


def _key(row) -> tuple:
    # Written by hand, 3e-4 may differ in a last bit.
    return (*row[:2], f"{row.learning_rate:.12g}", f"{row.warmup:.12g}", row.pooling)
