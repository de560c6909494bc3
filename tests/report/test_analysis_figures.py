"""Figures of analyses show what their tables hold."""

import numpy as np
import pandas as pd
import pytest

import synthetic
from seqtransfer.report import names
from seqtransfer.report.figures import analysis_figures, style

TASKS = synthetic.FEW_TASKS


def test_the_spectrum_shows_median_and_ends_of_every_arm_before_and_after(frames, records):
    figure = analysis_figures.isometry(frames, records)
    assert len(figure.axes) == 2 * len(TASKS)
    table = frames["isometry"][frames["isometry"]["task"] == TASKS[0]]
    for row, stage in enumerate(("before", "after")):
        lines = figure.axes[row * len(TASKS)].lines
        medians = [line.get_ydata()[0] for line in lines if line.get_marker() != "None"]
        upright = [line for line in lines if line.get_marker() == "None"]
        ends = [tuple(line.get_ydata()) for line in upright if len(set(line.get_xdata())) == 1]
        wide = table[table["stage"] == stage].pivot(
            index=["initialization", "layer"], columns="quantity", values="mean"
        )
        in_order = [wide.loc[arm] for arm in style.ordered(synthetic.ARMS)]
        wanted = pd.concat(in_order)
        assert medians == pytest.approx(wanted["log10_median"].tolist())
        assert np.array(ends) == pytest.approx(wanted[["log10_q05", "log10_q95"]].to_numpy())


def test_a_spectrum_of_many_layers_and_arms_is_drawn_of_every_second_layer(frames, records):
    deep = [frames["isometry"].assign(layer=layer) for layer in range(12)]
    deep = [part.drop_duplicates(["task", "initialization", "stage", "quantity"]) for part in deep]
    figure = analysis_figures.isometry(frames | {"isometry": pd.concat(deep)}, records)
    shown = [int(label.get_text()) for label in figure.axes[len(TASKS)].get_xticklabels()]
    apart = -(-12 * len(synthetic.ARMS) // analysis_figures.MOST_BARS)
    assert shown == list(range(0, 12, apart)) and apart > 1


def test_an_arm_of_fewer_layers_is_drawn_at_its_own(frames, records):
    table = frames["isometry"]
    arm, top = synthetic.ARMS[0], table["layer"].max()
    shallow = table[(table["initialization"] != arm) | (table["layer"] < top)]
    all_marks, marks = (
        sum(line.get_marker() != "None" for axis in figure.axes for line in axis.lines)
        for figure in (
            analysis_figures.isometry(frames | {"isometry": one}, records)
            for one in (table, shallow)
        )
    )
    assert marks == all_marks - 2 * len(TASKS)


def test_gradients_stand_part_by_part_before_above_after(frames, records):
    figure = analysis_figures.gradient_confusion(frames, records)
    table = frames["gradient_confusion"].query("quantity == 'minimum_cosine'")
    table = table[table["task"] == TASKS[0]]
    for row, stage in enumerate(("before", "after")):
        axis = figure.axes[row * len(TASKS)]
        marks = {line.get_xdata()[0]: line.get_ydata()[0] for line in axis.lines
                 if line.get_marker() != "None"}  # fmt: skip
        here = table[table["stage"] == stage]
        for place, part in enumerate(analysis_figures.PARTS):
            drawn = [marks[x] for x in sorted(marks) if abs(x - place) < 0.5]
            means = here[here["part"] == part].set_index("initialization")["mean"]
            assert drawn == pytest.approx(means[style.ordered(synthetic.ARMS)].tolist())


def test_perturbation_is_drawn_over_the_size_of_the_noise(frames, records):
    figure = analysis_figures.perturbation(frames, records)
    for axis in figure.axes:
        dotted = [line for line in axis.lines if line.get_linestyle() == ":"]
        assert len(dotted) == 2 * len(synthetic.ARMS)
        for line in dotted:  # a linear model is a horizontal line
            assert line.get_ydata() == pytest.approx(line.get_ydata()[0])
        assert axis.get_xscale() == axis.get_yscale() == "log"


def test_mutants_are_drawn_beside_counts_of_symbols_and_another_sequence(frames, records):
    figure = analysis_figures.mutation(frames, records)
    top, below = figure.axes[: len(TASKS)], figure.axes[len(TASKS) :]
    rows = frames["mutation"].query("quantity == 'pair_cosine_distance'")
    for task, axis in zip(TASKS, below, strict=True):
        pairs = [line.get_ydata()[0] for line in axis.lines if line.get_xdata()[0] == 2 * 62]
        assert sorted(pairs) == pytest.approx(sorted(rows[rows["task"] == task]["mean"]))
    for axis in figure.axes:
        (dotted,) = [line for line in axis.lines if line.get_linestyle() == ":"]
        assert list(dotted.get_xdata()) == [1, 2, 4, 8, 16, 32, 62]
    assert all(any(set(line.get_ydata()) == {1} for line in axis.lines) for axis in top)


def test_the_analyses_are_held_against_gain_and_speed_with_a_dot_per_task_and_arm(frames, records):
    figure = analysis_figures.association(frames, records)
    assert len(figure.axes) == 6 * 2
    within = frames["analysis_association"].query("scope == 'within'")
    for axis, row in zip(figure.axes, within.itertuples(), strict=True):
        dots = [line for line in axis.lines if line.get_linestyle() == "None"]
        assert len(dots) == row.tasks * row.arms == len(TASKS) * (len(synthetic.ARMS) - 1)
        assert axis.get_title() == f"within: rho {names.signed(row.rho, 2)}"
