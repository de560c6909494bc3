"""What curves say of their means and seeds."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from seqtransfer.report.figures import claim_figures, panels, style
from seqtransfer.report.tables.intervals import interval_rows


def test_a_curve_without_intervals_or_numbers_says_so():
    [line] = Figure().subplots().plot([0, 1])
    rows = pd.DataFrame({"mean": [0.5, np.nan], "low": np.nan, "high": np.nan})
    panels.tell_curve(line, "text", "step", [1, 2], rows)
    assert line.get_gid() == f"{style.TOLD}text, step 1: 0.500, 2: no number"


def test_a_curve_says_how_many_seeds_it_is_of():
    table = pd.DataFrame({"seeds": [3, 3], "low": 0.1})
    interval = "95 % t interval over seeds"
    assert panels.over_seeds(table) == f"mean of 3 seeds, band = {interval}"
    assert panels.over_seeds(table.assign(seeds=2)) == "mean of 2 seeds, band = both seeds"
    assert panels.over_seeds(table.assign(seeds=1, low=np.nan)) == "1 seed"
    both = panels.over_seeds(table.assign(seeds=[3, 2]))
    assert both == f"mean of 2 to 3 seeds, band = {interval}, of two seeds both"
    unscored = table.assign(seeds=[3, 2], low=[0.1, np.nan])  # one of three runs has no score
    assert panels.over_seeds(unscored) == f"mean of 3 seeds, band = {interval}"
    assert panels.spread_name(unscored.assign(low=np.nan)) == f"{interval}, of two seeds both"


def test_the_spread_of_two_seeds_goes_from_one_to_the_other_and_of_more_is_their_interval():
    values = pd.DataFrame({"task": "x", "seed": [0, 1, 2], "score": [0.5, 0.4, 0.9]})
    three = interval_rows(values, ["task"], "score")
    assert panels.spread(three).equals(three)
    [two] = panels.spread(interval_rows(values[:2], ["task"], "score")).itertuples()
    assert (two.low, two.mean, two.high) == pytest.approx((0.4, 0.45, 0.5))


def test_each_row_is_spread_by_its_own_seeds():
    values = pd.DataFrame({"task": ["x"] * 3 + ["y"] * 2, "seed": [0, 1, 2, 0, 1]})
    values["score"] = [0.5, 0.4, 0.9, 0.5, 0.4]
    table = interval_rows(values, ["task"], "score")
    three, two = panels.spread(table).itertuples(index=False)
    assert three == next(table.itertuples(index=False))
    assert (two.low, two.mean, two.high) == pytest.approx((0.4, 0.45, 0.5))


def test_the_summary_says_of_each_arm_what_its_line_is(frames, records):
    table = frames["scores"].copy()
    table.loc[table["initialization"] == "text", "seeds"] = 3
    figure = claim_figures.summary(frames | {"scores": table}, records)
    told = [str(line.get_gid()) for axis in figure.axes for line in axis.lines]
    of_tasks = {
        arm: [text for text in told if text.startswith(f"{style.TOLD}{arm}: ")][1:]
        for arm in ("text pretraining", "random weights")
    }
    assert all("95 % t interval over seeds" in text for text in of_tasks["text pretraining"])
    assert all("both seeds" in text for text in of_tasks["random weights"])
    assert len(of_tasks["text pretraining"]) == len(of_tasks["random weights"]) == 2
    said = " ".join(text.get_text() for axis in figure.axes for text in axis.texts)
    said += " ".join(axis.get_xlabel() + axis.get_title() for axis in figure.axes)
    assert "(95 % t interval over seeds, of two seeds both)" in said.replace("\n", " ")


def test_the_title_of_a_task_with_a_long_name_is_in_lines_that_fit():
    long = "localization-shuffled"
    runs = pd.DataFrame({"task": [long, "b", "c", "d"], "metric": "mcc"})
    tables = {"runs": runs, "budget": runs.assign(domain="protein")}
    _, axes = panels.wrapped(4, 2.0)
    list(panels.by_task(tables, axes))
    assert axes[0].get_title() == f"{long}\n(protein)" and axes[1].get_title() == "b (protein)"
