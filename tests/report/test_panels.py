"""What curves say of their means and seeds."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from seqtransfer.report.figures import panels, style


def test_a_curve_without_intervals_or_numbers_says_so():
    [line] = Figure().subplots().plot([0, 1])
    rows = pd.DataFrame({"mean": [0.5, np.nan], "low": np.nan, "high": np.nan})
    panels.tell_curve(line, "text", "step", [1, 2], rows)
    assert line.get_gid() == f"{style.TOLD}text, step 1: 0.500, 2: no number"


def test_a_curve_says_how_many_seeds_it_is_of():
    table = pd.DataFrame({"seeds": [3, 2]})
    assert panels.over_seeds(table) == f"mean of 3 seeds, {panels.BAND}"
    assert panels.over_seeds(table.assign(seeds=1)) == "1 seed"
