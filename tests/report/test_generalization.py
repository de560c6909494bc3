"""The generalization gap is the difference of two losses, and its figure shows every arm."""

import pandas as pd
import pytest
from torch import nn

from seqtransfer.report import generalization
from seqtransfer.training.finetuning import Outcome


def test_the_gap_is_dev_loss_minus_training_loss_averaged_over_seeds():
    curve = {"task": "x", "initialization": "text", "step": [0, 2], "train_loss": [None, 0.5]}
    runs = [pd.DataFrame(curve | {"seed": s, "dev_loss": [0.7, 0.6 + s]}) for s in (0, 1)]
    (row,) = generalization.table(pd.concat(runs)).to_dict("records")
    assert (row["step"], row["seeds"]) == (2, 2)
    assert row["mean"] == pytest.approx((0.1 + 1.1) / 2)
    assert row["low"] < row["mean"] < row["high"]


def test_there_is_no_mean_from_the_first_step_on_that_a_run_did_not_reach():
    """A run that ends keeps its best evaluation for the rest of the steps, but trains no more."""
    runs, grid = [], [0, 2, 4, 8]
    for seed, last in enumerate((4, 8)):
        outcome = Outcome()
        for step in (step for step in grid if step <= last):
            losses = [0.5] if step else []
            outcome.take(step, step, losses, {"score": step / 9, "loss": 0.6}, nn.Identity(), [])
        outcome.hold(grid, last)
        runs.append(
            pd.DataFrame(outcome.history).assign(task="x", initialization="text", seed=seed)
        )
    table = generalization.table(pd.concat(runs)).set_index("step")
    assert table["mean"].notna().to_dict() == {2: True, 4: True, 8: False}
    assert table["seeds"].to_dict() == {2: 2, 4: 2, 8: 1}
