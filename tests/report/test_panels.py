"""What curves say of their means and seeds."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from seqtransfer.report.figures import panels, style
from seqtransfer.report.tables.intervals import interval_rows


def test_a_curve_without_intervals_or_numbers_says_so():
    [line] = Figure().subplots().plot([0, 1])
    rows = pd.DataFrame({"mean": [0.5, np.nan], "low": np.nan, "high": np.nan})
    panels.tell_curve(line, "text", "step", [1, 2], rows)
    assert line.get_gid() == f"{style.TOLD}text, step 1: 0.500, 2: no number"


def test_a_curve_says_how_many_seeds_it_is_of():
    table = pd.DataFrame({"seeds": [3, 2]})
    assert panels.over_seeds(table) == "mean of 3 seeds, band = 95 % t interval over seeds"
    assert panels.over_seeds(table.assign(seeds=1)) == "1 seed"
    assert panels.over_seeds(table.assign(seeds=2)) == "mean of 2 seeds, band = both seeds"


def test_the_spread_of_two_seeds_goes_from_one_to_the_other_and_of_more_is_their_interval():
    values = pd.DataFrame({"task": "x", "seed": [0, 1, 2], "score": [0.5, 0.4, 0.9]})
    three = interval_rows(values, ["task"], "score")
    assert panels.spread(three).equals(three)
    [two] = panels.spread(interval_rows(values[:2], ["task"], "score")).itertuples()
    assert (two.low, two.mean, two.high) == pytest.approx((0.4, 0.45, 0.5))
