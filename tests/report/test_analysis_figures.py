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


def test_perturbation_shows_the_least_noise_and_where_the_most_leads(frames, records):
    figure = analysis_figures.perturbation(frames, records)
    assert len(figure.axes) == 2 * len(TASKS)
    table = frames["perturbation"]
    table = table[(table["task"] == TASKS[0]) & (table["quantity"] == "state_change")]
    for stage, place in (("before", 0), ("after", 1)):
        here = table[table["stage"] == stage].set_index("initialization")
        for size, drawn in zip((here["size"].min(), here["size"].max()),
                               _marks(figure.axes[0], place), strict=True):  # fmt: skip
            means = here.loc[here["size"] == size, "mean"] / size
            assert drawn == pytest.approx(means[style.ordered(synthetic.ARMS)].tolist())
    assert all(axis.get_yscale() == "log" for axis in figure.axes)


def _marks(axis, place):
    """Heights around a tick, from left to right: of marks, and of the short lines beside them."""
    near = [line for line in axis.lines if abs(line.get_xdata()[0] - place) < 0.5]
    near.sort(key=lambda line: line.get_xdata()[0])
    short = [line.get_ydata()[0] for line in near if line.get_marker() == "_"]
    return [line.get_ydata()[0] for line in near if line.get_marker() not in ("None", "_")], short


def test_lipschitz_constants_stand_layer_by_layer_before_and_after(frames, records):
    figure = analysis_figures.lipschitz(frames, records)
    table = frames["lipschitz"]
    for row, part in enumerate(("attention", "feed-forward", "layer")):
        axis = figure.axes[row * len(TASKS)]
        quantity = "spectral_norm" if part == "layer" else "gain"
        mine = (table["task"] == TASKS[0]) & (table["quantity"] == quantity)
        wanted = table[mine & (table["part"] == part)]
        marks = [line for line in axis.lines if line.get_marker() != "None"]
        for stage, hollow in (("before", False), ("after", True)):
            drawn = [m.get_ydata()[0] for m in marks
                     if (m.get_markerfacecolor() == "white") == hollow]  # fmt: skip
            means = wanted.loc[wanted["stage"] == stage, "mean"]
            assert sorted(drawn) == pytest.approx(sorted(means))


def test_mutants_are_drawn_beside_counts_of_symbols_and_another_sequence(frames, records):
    figure = analysis_figures.mutation(frames, records)
    rows = [figure.axes[k * len(TASKS) : (k + 1) * len(TASKS)] for k in range(4)]
    pairs = frames["mutation"].query("quantity == 'pair_cosine_distance'")
    for stage, row in zip(("before", "after"), rows[2:], strict=True):
        for task, axis in zip(TASKS, row, strict=True):
            drawn = [line.get_ydata()[0] for line in axis.lines if line.get_xdata()[0] == 2 * 62]
            wanted = pairs[(pairs["task"] == task) & (pairs["stage"] == stage)]["mean"]
            assert sorted(drawn) == pytest.approx(sorted(wanted))
    for axis in figure.axes:
        (dotted,) = [line for line in axis.lines if line.get_linestyle() == ":"]
        assert list(dotted.get_xdata()) == [1, 2, 4, 8, 16, 32, 62]
    for axis in (*rows[0], *rows[1]):
        assert any(set(line.get_ydata()) == {1} for line in axis.lines)
    for above, below in (rows[:2], rows[2:]):  # before and after can be compared
        assert above[0].get_ylim() == below[0].get_ylim()


def test_the_analyses_are_held_against_gain_and_speed_with_a_dot_per_task_and_arm(frames, records):
    figure = analysis_figures.association(frames, records)
    assert len(figure.axes) == 6 * 2
    within = frames["analysis_association"].query("scope == 'within'")
    for axis, row in zip(figure.axes, within.itertuples(), strict=True):
        dots = [line for line in axis.lines if line.get_linestyle() == "None"]
        assert len(dots) == row.tasks * row.arms == len(TASKS) * (len(synthetic.ARMS) - 1)
        assert axis.get_title() == f"within: rho {names.signed(row.rho, 2)}"
