"""Gains step by step are of the best score so far, in runs that ended or diverged, too."""

import math

import pandas as pd
import pytest
from torch import nn

from seqtransfer.report import gains_over_steps
from seqtransfer.training.finetuning import Outcome

GRID = [0, 2, 4, 8]


def run(arm, scores, seed=0):
    """The history of a run with these dev scores, which takes no step after the last of them."""
    outcome = Outcome()
    for step, score in zip(GRID, scores, strict=False):
        outcome.take(step, step, [0.5], {"score": score, "loss": 0.6}, nn.Identity(), [])
    outcome.hold(GRID, 16)
    return pd.DataFrame(outcome.history).assign(task="x", initialization=arm, seed=seed)


def gains(*runs):
    return gains_over_steps.table(pd.concat(runs)).set_index("step")


def test_a_run_that_ended_has_its_best_score_at_all_later_steps():
    table = gains(run("text", [0.1, 0.7, 0.6]), run("random", [0.1, 0.2, 0.3, 0.5]))
    assert table["mean"].to_dict() == pytest.approx({0: 0, 2: 0.5, 4: 0.4, 8: 0.2})


def test_a_run_without_any_score_leaves_no_mean_over_its_arm():
    good = [run("text", [0.1, 0.7], 0), run("random", [0.1, 0.2], 0), run("random", [0.1], 1)]
    table = gains(*good, run("text", [math.nan], 1))
    assert table["mean"].isna().all() and (table["seeds"] == 1).all()
