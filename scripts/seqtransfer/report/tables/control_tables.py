"""Runs of arms and of controls -> how far each arm is above each control."""

import pandas as pd

from seqtransfer.report.tables.intervals import interval_rows, paired_differences


def differences(run: pd.DataFrame, control_run: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """One row per task, arm and control: mean difference arm - control of the test score over
    seeds, paired, with its t interval.

    run, control_run: the tables `runs` and `control_runs`. A seed fixes split and batch order of
    both; an arm's token map is drawn by it, too, and a control has none.
    """
    both = pd.concat([run, control_run], ignore_index=True)
    pairs = [
        paired_differences(both[both["task"] == task], "test_score", arm, control).assign(
            initialization=arm, control=control
        )
        for task in run["task"].unique()
        for arm in run["initialization"].unique()
        for control in control_run["initialization"].unique()
    ]
    keys = ["task", "initialization", "control"]
    return interval_rows(pd.concat(pairs, ignore_index=True), keys, "difference", level)
