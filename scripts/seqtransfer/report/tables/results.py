"""Everything that the report's tables are made of, from the study's result files: tables are read
once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from seqtransfer.files import damage, json_tsv
from seqtransfer.report import zero_shot
from seqtransfer.report.tables import (
    analysis_tables,
    association_tables,
    class_tables,
    run_tables,
    sensitivity,
    similarity_tables,
)

SWEPT = [*sensitivity.ARM, *sensitivity.SETTINGS, "dev_score", "diverged"]


@dataclass(frozen=True)
class Results:
    """The files of a study by kind, in the order of its grid, and what several tables share.

    files: `metrics`, `histories`, `dev_left_out`, `predictions`, `controls` (metrics of the
    controls' runs, perhaps none), `timings`, `baselines`, `tasks`, `pretrained`,
    `pretraining_timings`, `sweep_timings` and `alignment_timings` (Snakemake's benchmarks, some of
    which may be gone), `similarities`, `references`, `paper`, `attention`, `analyses`, `zero_shot`,
    `audits`, `rescored`, `left_out`, `baselines_left_out` and `sweep`, a table of arms, of
    controls, of both or none.
    reference: the arm that similarities are calibrated against.
    """

    files: Mapping[str, Sequence[Path]]
    reference: str

    def records(self, kind: str) -> list:
        """The JSON records of a kind of files."""
        return [json_tsv.read_json(path) for path in self.files[kind]]

    def tables(self, kind: str) -> list[pd.DataFrame]:
        """The tables of a kind of files."""
        return [json_tsv.read_table(path) for path in self.files[kind]]

    @cached_property
    def metrics(self) -> list[dict]:
        """The record of every run."""
        return self.records("metrics")

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row per run of an arm: settings, how it ended, and scores on dev and test."""
        return run_tables.runs(self.metrics)

    @cached_property
    def control_runs(self) -> pd.DataFrame:
        """The same of every run of a control; no rows without controls."""
        return run_tables.runs(self.records("controls"))

    @property
    def trained(self) -> pd.DataFrame:
        """`runs` and then `control_runs`."""
        return pd.concat([self.runs, self.control_runs], ignore_index=True)

    @cached_property
    def histories(self) -> pd.DataFrame:
        """Every run's learning curve: a row per evaluation, with losses and scores."""
        return run_tables.histories(self.metrics, self.tables("histories"))

    @cached_property
    def convergence(self) -> pd.DataFrame:
        """One row per run: how fast its dev score rises."""
        return run_tables.convergence(self.histories)

    @cached_property
    def curves_left_out(self) -> pd.DataFrame:
        """Every run's `relative` of `convergence` without each group of dev examples."""
        return run_tables.curves_left_out(self.metrics, self.tables("dev_left_out"))

    @cached_property
    def scores(self) -> pd.DataFrame:
        """Mean over seeds of every metric, of arms, controls and baselines, on dev and test."""
        baselines = [record for file in self.records("baselines") for record in file]
        return run_tables.scores(self.metrics, baselines, self.records("controls"))

    @cached_property
    def budget(self) -> pd.DataFrame:
        """One row per task: data after cleaning, fine-tuning and domain pretraining, in counts."""
        return run_tables.budget(self.records("tasks"), self.runs, self.records("pretrained"))

    @cached_property
    def confusion(self) -> pd.DataFrame:
        """Test examples of every run by class and predicted class; none of regressions."""
        records = self.records("tasks")
        classes = {record["task"]: record.get("classes", ()) for record in records}
        kinds = {record["task"]: record.get("kind") for record in records}
        tokens = [task for task, kind in kinds.items() if kind == "token_classification"]
        answers = map(_answers, self.files["predictions"])
        return class_tables.confusion(self.metrics, answers, classes, tokens)

    @cached_property
    def comparisons(self) -> pd.DataFrame:
        """Every similarity of two arms' states, by seed, stage, layers and measure."""
        return similarity_tables.gather(self.tables("similarities"), similarity_tables.SCORED)

    @cached_property
    def similarity_gain(self) -> pd.DataFrame:
        """Each arm's similarity to the reference, and its gain in test score over random."""
        return association_tables.similarity_gain(self.runs, self.comparisons, self.reference)

    @cached_property
    def left_out(self) -> pd.DataFrame:
        """Test scores of every run without each group of test examples."""
        return run_tables.joined(self.tables("left_out"))

    @cached_property
    def baselines_left_out(self) -> pd.DataFrame:
        """The same of every baseline."""
        return run_tables.joined(self.tables("baselines_left_out"))

    @cached_property
    def references(self) -> pd.DataFrame:
        """Scores of floor and ceiling."""
        return similarity_tables.gather(self.tables("references"), similarity_tables.REFERENCE)

    @cached_property
    def paper(self) -> pd.DataFrame:
        """Scores in the paper's setting."""
        return similarity_tables.gather(self.tables("paper"), similarity_tables.PAPER)

    @cached_property
    def heads(self) -> pd.DataFrame:
        """Every attention head with its partner."""
        return similarity_tables.gather(self.tables("attention"), similarity_tables.ATTENTION)

    @cached_property
    def analyses(self) -> pd.DataFrame:
        """Every result of the optimisation analyses."""
        return similarity_tables.gather(self.tables("analyses"), analysis_tables.VALUES)

    @cached_property
    def analysis_points(self) -> pd.DataFrame:
        """Each arm's analyses before fine-tuning, gain and speed, less those of random."""
        return analysis_tables.points(self.analyses, self.runs, self.convergence)

    @cached_property
    def zero_shot(self) -> pd.DataFrame:
        """One row per task and model: zero-shot scores beside those of arms and baselines."""
        found = self.tables("zero_shot")
        classes = {one["task"]: one.get("classes") for one in self.records("tasks")}
        scored = {task for own in found for task in own["task"]}
        runs = [
            (record, zero_shot.answers(path))
            for record, path in zip(self.metrics, self.files["predictions"], strict=True)
            if record["task"] in scored
        ]
        positives = {task: classes[task][1] if classes[task] else None for task in scored}
        return zero_shot.table(found, positives, runs, self.scores)

    @cached_property
    def sweep(self) -> pd.DataFrame | None:
        """Every run of the sweeps that chose the settings, if there are any."""
        files = [json_tsv.read_table(path, SWEPT) for path in self.files["sweep"]]
        return pd.concat(files, ignore_index=True) if files else None


def _answers(path: Path) -> pd.DataFrame:
    """Labels and predictions of a run, as strings: the class "01" stays what it is."""
    columns = ["label", "prediction"]
    with damage.named(path):
        return pd.read_csv(path, sep="\t", usecols=columns, dtype=str, keep_default_na=False)
