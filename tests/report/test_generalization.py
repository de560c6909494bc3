"""The generalization gap is the difference of two losses, and its figure shows every arm."""

import pandas as pd
import pytest

from seqtransfer.report import generalization


def test_the_gap_is_dev_loss_minus_training_loss_averaged_over_seeds():
    curve = {"task": "x", "initialization": "text", "step": [0, 2], "train_loss": [None, 0.5]}
    runs = [pd.DataFrame(curve | {"seed": s, "dev_loss": [0.7, 0.6 + s]}) for s in (0, 1)]
    (row,) = generalization.table(pd.concat(runs)).to_dict("records")
    assert (row["step"], row["seeds"]) == (2, 2)
    assert row["mean"] == pytest.approx((0.1 + 1.1) / 2)
    assert row["low"] < row["mean"] < row["high"]
