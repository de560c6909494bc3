"""Runs of arms and of controls -> how far each arm is above each control."""

from itertools import product

import pandas as pd

from seqtransfer.report.claims.arm_estimates import of_difference
from seqtransfer.report.claims.estimates import with_few_seeds
from seqtransfer.report.statistics import LEVEL

COLUMNS = "task initialization control mean low high seeds".split()


def differences(
    run: pd.DataFrame, control_run: pd.DataFrame, left_out: pd.DataFrame
) -> pd.DataFrame:
    """One row per task, arm and control: mean difference arm - control of the test score over
    seeds, paired, with its interval over seeds and test examples.

    run, control_run, left_out: the tables of these names. A seed fixes split and batch order of
    both; an arm's token map is drawn by it, too, and a control has none.
    """
    both = pd.concat([run, control_run], ignore_index=True)
    arms, controls = (table["initialization"].unique() for table in (run, control_run))
    found = {
        pair: with_few_seeds(of_difference(both, "test_score", *pair, left_out))
        for pair in product(arms, controls)
    }
    rows = [
        [task, arm, control, one.mean, *one.interval(LEVEL), one.seeds]
        for task in run["task"].unique()
        for (arm, control), tasks in found.items()
        for name, one in tasks.items()
        if name == task
    ]
    return pd.DataFrame(rows, columns=COLUMNS)
