"""Scores of pretrained encoders before any fine-tuning -> a table beside the fine-tuned ones, and
the line of it that stands below the main table."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from seqtransfer.files import damage
from seqtransfer.report import names
from seqtransfer.report.tables.intervals import interval_rows
from seqtransfer.report.tables.table_cells import number
from seqtransfer.scoring.zero_shot import score

CHANCE = {"spearman": 0.0, "pearson": 0.0, "auc": 0.5}
FREQUENCIES = "frequencies"  # of symbols, in the column `initialization`
MUTATIONS = "zero-shot by mutations"
COLUMNS = (
    "task initialization kind pretrained_on seed metric positive score low high seeds n unknown"
    " log_likelihood"
).split()


def table(
    found: Sequence[pd.DataFrame],
    positives: Mapping[str, str | None],
    runs: Sequence[tuple[Mapping, pd.DataFrame]],
    scores: pd.DataFrame,
) -> pd.DataFrame:
    """One row per task and model: zero-shot, frequencies of symbols, fine-tuned arms, baselines.

    found: the tables of `zero_shot.py`, one a task; positives: its second class, None of a
    regression; runs: record and `answers` of every run of these tasks; scores: the table of this
    name, for baselines, which have no AUC.
    """
    parts = []
    for own in found:
        task, metric = own.loc[0, ["task", "metric"]]
        models = own[own["by"] == "likelihood"].assign(initialization="domain", kind="zero-shot")
        mutated = own[own["by"] == "mutations"].assign(initialization="domain", kind=MUTATIONS)
        # Beside another pretraining they are of the same sequences.
        counted = own[own["by"] == FREQUENCIES].iloc[:1].drop(columns=["pretrained_on", "seed"])
        counted = counted.assign(initialization=FREQUENCIES, kind="baseline")
        tuned = _fine_tuned(task, metric, positives[task], runs)
        chosen = (scores["task"] == task) & (scores["kind"] == "baseline")
        chosen &= (scores["split"] == "test") & (scores["metric"] == metric)
        others = scores[chosen].rename(columns={"mean": "score"}).drop(columns="seeds")
        for rows in (models, mutated, counted, tuned, others):
            rows = rows.assign(task=task, metric=metric, positive=positives[task] or "")
            parts += rows.to_dict("records")
    counts = dict.fromkeys(("seed", "seeds", "n", "unknown"), "Int64")
    return pd.DataFrame(parts, columns=COLUMNS).astype(counts)


def answers(path: Path) -> pd.DataFrame:
    """The predictions of a run, labels as they are written: the class "01" stays what it is."""
    with damage.named(path):
        return pd.read_csv(
            path, sep="\t", dtype={"label": str}, keep_default_na=False, na_values=[""]
        )


def _fine_tuned(task, metric, positive, runs) -> pd.DataFrame:
    """The arms' runs scored as the likelihoods are: mean over seeds, with a t interval."""
    rows = []
    for record, own in runs:
        if record["task"] == task:
            value = score(metric, *_columns(own, positive))
            rows.append({"initialization": record["initialization"], "value": value, "n": len(own)})
    tuned = interval_rows(pd.DataFrame(rows), ["initialization", "n"], "value")
    return tuned.rename(columns={"mean": "score"}).assign(kind="fine-tuned")


def _columns(run: pd.DataFrame, positive: str | None) -> tuple[np.ndarray, np.ndarray]:
    """Labels and predictions of a regression, or whether the label is `positive`, and its
    probability."""
    if positive is None:
        return run["label"].to_numpy(float), run["prediction"].to_numpy(float)
    return (run["label"] == positive).to_numpy(float), run[f"p_{positive}"].to_numpy(float)


def lines(found: pd.DataFrame, tasks: Mapping[str, str]) -> list[str]:
    """A sentence for each task of the table: what likelihoods say before any fine-tuning, beside
    the frequencies of symbols, the fine-tuned arms and baselines. tasks: what each is called."""
    said = []
    for task, rows in found.groupby("task", sort=False):
        own = rows[rows["kind"] == "zero-shot"].iloc[0]
        parts = {
            kind: ", ".join(
                f"{names.arm(row.initialization)} {_number(row.score)}" for row in of.itertuples()
            )
            for kind, of in rows.groupby("kind", sort=False)
        }
        score, low, high = (_number(own[name]) for name in ("score", "low", "high"))
        interval = "too few units for an interval" if pd.isna(own["low"]) else f"{low} to {high}"
        mutated = rows.loc[rows["kind"] == MUTATIONS, "score"]
        mutations = f" by its mutations {_number(mutated.iloc[0])};" if len(mutated) else ""
        n, unknown = own["n"], own["unknown"]
        if unknown > 0:
            interval += f"; on the {n:.0f} test sequences that it knows, {unknown:.0f} are left out"
        said.append(
            f"Before any fine-tuning, in {tasks.get(task, task)}: by the likelihoods of the"
            f" domain-pretrained encoder {names.metric(own['metric'])} {score} ({interval});"
            f"{mutations} {parts['baseline']}; fine-tuned: {parts['fine-tuned']}; chance"
            f" {CHANCE[own['metric']]:g}."
        )
    return said


def _number(value: float) -> str:
    return "none" if pd.isna(value) else number("score", value)
