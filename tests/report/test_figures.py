"""Every figure is drawn whole, from the tables alone, and the same each time."""

import re

import matplotlib
import numpy as np
import pandas as pd
import pytest

import plot
import synthetic
from seqtransfer.report import cost, gains_over_steps, generalization, power, register
from seqtransfer.report.figures import (
    analysis_figures,
    association_figures,
    claim_figures,
    panels,
    run_figures,
    style,
)

FIGURES = {  # those of the made-up study
    name: register.figure_functions()[name]
    for name in register.figures_of(synthetic.CONFIG, swept=True)
}
TASKS, SEEDS = synthetic.FEW_TASKS, synthetic.FEW_SEEDS
SUFFIXES = (".svg", ".pdf", ".png")


@pytest.mark.parametrize("name", FIGURES)
def test_two_renders_are_the_same_bytes(name, drawn, tmp_path):
    sources = [path for path in drawn.values() if path.suffix == ".csv"]
    for folder in ("first", "second"):
        outputs = [tmp_path / folder / f"{name}{suffix}" for suffix in SUFFIXES]
        plot.main(
            figure=name, width="page", sources=sources, claims=drawn["claims"], outputs=outputs
        )
    for suffix in SUFFIXES:
        first, second = (tmp_path / folder / f"{name}{suffix}" for folder in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()
        assert first.stat().st_size > 5000


@pytest.mark.parametrize("width", style.WIDTHS)
def test_a_figure_is_as_wide_as_its_place_with_type_of_its_size(width, frames, records):
    inches, _, points = style.WIDTHS[width]
    with matplotlib.rc_context(style.preset(width)):
        figure = run_figures.scores(frames, records)
        figure.draw_without_rendering()
    assert figure.get_figwidth() == inches
    titles = [axis.title for axis in figure.axes]
    assert {title.get_fontsize() for title in titles} == {points}
    labels = [text for axis in figure.axes for text in axis.get_xticklabels()]
    assert {text.get_fontsize() for text in labels} == {0.833 * points}  # small


def test_scores_show_a_panel_per_task_and_a_line_per_seed_through_all_arms(frames, records):
    figure = run_figures.scores(frames, records)
    assert [axis.get_title() for axis in figure.axes] == ["sentiment (text)", "splice (DNA)"]
    arms, run = style.ordered(synthetic.ARMS), frames["runs"]
    for axis, task in zip(figure.axes, TASKS, strict=True):
        lines = [line for line in axis.lines if len(line.get_xdata()) == len(arms)]
        for line, seed in zip(lines, SEEDS, strict=True):
            mine = run[(run["task"] == task) & (run["seed"] == seed)].set_index("initialization")
            assert line.get_xdata() == pytest.approx(mine.loc[arms, "test_score"].to_numpy())
        low, high = axis.get_xlim()
        scores = run.loc[run["task"] == task, "test_score"]
        assert low < scores.min() and scores.max() < high
    labels = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert labels == panels.arm_labels(arms)
    assert {text.get_text() for text in figure.axes[1].get_yticklabels()} == {""}
    assert {axis.get_xlabel() for axis in figure.axes} == {"test MCC"}
    assert "2 seeds; test examples: sentiment 305, splice 305" in figure.get_suptitle()


def test_the_legend_names_the_baselines_that_some_panel_shows_and_no_other(frames, records):
    figure = run_figures.scores(frames, records)
    named = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "n-gram regression" in named
    inside = any(axis.get_xlim()[0] < 0 for axis in figure.axes)  # an MCC of 0
    assert ("the majority class" in named) == inside


def test_convergence_shows_the_mean_curve_of_every_arm_from_the_first_evaluation_on(
    frames, records
):
    figure = run_figures.convergence(frames, records)
    assert len(figure.axes) == len(TASKS)
    history = frames["histories"]
    rows = history[(history["task"] == "splice") & (history["initialization"] == "text")]
    rows = rows[rows["step"] > 0]
    (line,) = [line for line in figure.axes[1].lines if line.get_label() == "text"]
    assert line.get_xdata().tolist() == sorted(rows["step"].unique())
    assert line.get_ydata() == pytest.approx(rows.groupby("step")["dev_score"].mean().to_numpy())
    assert "mean of 2 seeds, band = both seeds" in figure.get_suptitle().replace("\n", " ")


@pytest.mark.parametrize("name", run_figures.REGRESSIONS)
def test_convergence_has_room_for_the_regression_that_the_task_has(name, frames, records):
    scores = frames["scores"].replace({"initialization": {"ngram": name}})
    chosen = (scores["initialization"] == name) & (scores["task"] == "splice")
    scores.loc[chosen, "mean"] = 0.99
    axis = run_figures.convergence({**frames, "scores": scores}, records).axes[1]
    assert any(set(line.get_ydata()) == {0.99} for line in axis.lines)


def test_profiles_show_the_share_of_each_arms_runs_above_every_threshold(frames, records):
    (axis,) = run_figures.profiles(frames, records).axes
    assert axis.get_xlabel() == "test MCC"
    for arm, line in zip(style.ordered(synthetic.ARMS), axis.lines, strict=True):
        run = frames["runs"]
        scores = run.loc[run["initialization"] == arm, "test_score"].to_numpy()
        expected = [(scores > threshold).mean() for threshold in line.get_xdata()]
        assert line.get_ydata() == pytest.approx(expected)


def test_sensitivity_shows_every_rate_of_the_best_warm_up_and_rings_the_chosen_one(frames, records):
    figure = run_figures.sensitivity(frames, records)
    assert [axis.get_title() for axis in figure.axes] == ["sentiment (text)", "splice (DNA)"]
    for axis in figure.axes:
        assert axis.get_xscale() == "log" and len(axis.collections) == 4
        lines, rings = axis.lines[0::2], axis.lines[1::2]
        assert [line.get_xdata().tolist() for line in lines] == [[1e-4, 3e-4, 1e-3, 3e-3]] * 4
        assert [ring.get_xdata().tolist() for ring in rings] == [[3e-4]] * 4
    # By hand: 0.4 + 0.12 (text) + 0.1 x 0.1 (warm-up) + 0.02 x 0.5 (mean of two seeds).
    assert figure.axes[0].lines[2 * style.ordered(synthetic.ARMS).index("text")].get_ydata()[
        1
    ] == pytest.approx(0.54)
    assert "mean of 2 seeds" in figure.get_suptitle().replace("\n", " ")
    assert figure.axes[0].get_xlabel() == "learning rate"


def test_similarity_and_gain_have_a_panel_per_layer_and_a_dot_per_task_arm_and_seed(
    frames, records
):
    figure = association_figures.similarity_gain(frames, records)
    shown = [axis for axis in figure.axes if axis.axison]
    assert [axis.get_title().split("\n")[0] for axis in shown] == [f"layer {i}" for i in range(5)]
    for axis in shown:
        dots = [line for line in axis.lines if line.get_linestyle() == "None"]
        assert sum(len(line.get_xdata()) for line in dots) == len(TASKS) * len(SEEDS)


@pytest.mark.parametrize(
    "draw", [association_figures.similarity_gain, analysis_figures.association]
)
def test_arms_differ_in_shape_and_tasks_in_filling_and_the_legend_has_both(frames, records, draw):
    copies = [frames["similarity_gain"].assign(initialization=arm) for arm in ("text", "shuffled")]
    tables = frames | {"similarity_gain": pd.concat(copies)}
    figure = draw(tables, records)
    dots = [line for line in figure.axes[0].lines if line.get_linestyle() == "None"]
    looks = {(line.get_marker(), line.get_color()) for line in dots}
    markers = {marker for marker, _ in looks}
    assert len(looks) == len(markers) >= 2
    assert {line.get_fillstyle() for line in dots} == {"full", "none"}
    told = [(line.get_marker(), line.get_color()) for line in figure.legends[0].get_lines()]
    assert looks <= set(told) and len(told) == len(looks) + len(TASKS)


def test_gains_over_steps_are_of_the_best_score_so_far_and_paired(frames, records):
    figure = gains_over_steps.figure(frames, records)
    (line,) = [line for line in figure.axes[1].lines if line.get_label() == "text"]
    history = frames["histories"].query("task == 'splice'")
    best = history.pivot(index="step", columns=["initialization", "seed"], values="dev_score")
    best = best.cummax().loc[1:]
    expected = (best["text"] - best["random"]).mean(axis=1)
    assert line.get_ydata() == pytest.approx(expected.to_numpy(), abs=1e-5)


@pytest.mark.parametrize(
    ("draw", "named"), [(gains_over_steps.figure, "no gain"), (generalization.figure, "no gap")]
)
def test_the_line_at_0_is_named_in_the_legend(frames, records, draw, named):
    figure = draw(frames, records)
    (legend,) = figure.legends
    at = [text.get_text() for text in legend.get_texts()].index(named)
    look = {(legend.get_lines()[at].get_color(), legend.get_lines()[at].get_linewidth())}
    for axis in figure.axes:
        at_0 = [line for line in axis.lines if set(line.get_ydata()) == {0}]
        assert {(line.get_color(), line.get_linewidth()) for line in at_0} == look


def test_power_marks_the_studys_own_seeds_on_a_falling_curve(frames, records):
    figure = power.figure(frames, records)
    for axis in figure.axes:
        curves = [line for line in axis.lines if len(line.get_xdata()) == len(power.SEEDS)]
        dots = [line for line in axis.lines if line.get_marker() == "o"]
        assert len(curves) == len(dots) == 1  # text against random
        for curve, dot in zip(curves, dots, strict=True):
            assert (np.diff(curve.get_ydata()) < 0).all()
            assert dot.get_xdata().tolist() == [len(SEEDS)]
            assert dot.get_ydata()[0] in curve.get_ydata()


def test_the_legend_of_power_has_the_colours_of_its_panels(frames, records):
    figure = power.figure(frames, records)
    drawn = {line.get_color() for axis in figure.axes for line in axis.lines}
    assert {line.get_color() for line in figure.legends[0].get_lines()} == drawn


def test_a_difference_that_no_two_scores_have_is_not_shown(frames, records):
    wide = frames | {"power": frames["power"].assign(smallest=frames["power"]["smallest"] * 100)}
    assert all(axis.get_ylim()[1] <= power.MOST for axis in power.figure(wide, records).axes)


def test_a_study_of_one_task_has_no_row_of_all_tasks(frames, records):
    tables = {
        name: table[table["task"] == TASKS[0]] if "task" in table else table
        for name, table in frames.items()
    }
    short = [record | {"effects": record["effects"][:1]} for record in records]
    for draw in (claim_figures.claims, claim_figures.summary):
        axis = draw(tables, short).axes[0]
        assert [label.get_text() for label in axis.get_yticklabels()] == [TASKS[0]]


def test_cost_has_a_mark_per_arm_and_task_and_of_energy_where_it_was_counted(frames, records):
    counted = frames["timings"].assign(energy=6.0 * frames["timings"]["jobs"])
    axes = cost.figure(frames | {"timings": counted}, records).axes
    for axis, value in zip(axes, (20.0, 512 * 32, 8.0, 1.0, 6.0), strict=True):
        for line in axis.lines:
            assert line.get_xdata().tolist() == [value] * len(TASKS)
    assert len(cost.figure(frames, records).axes) == 4
    for axis in axes:
        ends = [line.get_xdata().max() for line in axis.get_lines()]
        assert axis.get_xlim()[0] == 0 and max(ends) < 0.97 * axis.get_xlim()[1]  # none is cut
    caption = register.FIGURES["cost"].caption
    for word in ("seconds", "examples", "operations", "memory", "energy", "no interval"):
        assert word in caption


def test_the_forest_has_a_panel_per_tested_claim_and_a_margin_only_for_the_third(frames, records):
    figure = claim_figures.claims(frames, records)
    panels = [axis for axis in figure.axes if axis.axison]
    assert len(panels) == len(records)
    with_margin = [
        axis.get_title() for axis in panels
        if any(list(line.get_xdata()) == [-0.05, -0.05] for line in axis.lines)
    ]  # fmt: skip
    assert len(with_margin) == 1 and with_margin[0].startswith("(c)")
    named = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "margin of \N{MINUS SIGN}0.05" in named
    assert not any(axis.texts for axis in panels)  # nothing lies over a mark or an axis
    assert [t.get_text() for t in panels[0].get_yticklabels()] == ["all tasks", *TASKS]


def test_panels_of_the_forest_are_in_words_and_state_an_interval_only_where_there_is_one(
    frames, records
):
    text = "".join(
        f"{axis.get_title()} {axis.get_xlabel()} "
        for axis in claim_figures.claims(frames, records).axes
    ).replace("\n", " ")
    assert not re.search(r"-vs-|pwcca|text - |\(d[12]-", text)
    assert "shared structure, PWCCA, weighted by the left representation" in text
    shown = sorted(records, key=lambda record: not record["headline"])
    for axis, record in zip(claim_figures.claims(frames, records).axes, shown, strict=True):
        assert axis.get_title().startswith("beside: ") == (not record["headline"])
        assert (axis.title.get_fontweight() == "bold") == record["headline"]
        assert "2\N{NO-BREAK SPACE}seeds" in axis.get_xlabel()
        level = f"{100 * record['level']:.0f} % interval"
        known = record["overall"]["low"] is not None
        said = axis.get_xlabel().replace("\N{NO-BREAK SPACE}", " ").replace("\n", " ")
        assert (level in said, "no interval" in said) == (known, not known)


def test_a_margin_of_0_is_the_line_of_no_difference_and_not_in_the_legend(frames, records):
    share = [record | {"margin": 0.0} for record in records if record["id"] == "c"]
    named = [text.get_text() for text in claim_figures.claims(frames, share).legends[0].get_texts()]
    assert not [text for text in named if "margin" in text]


def test_the_summary_has_no_mark_of_a_baseline_that_answers_all_alike(frames, records):
    axis = claim_figures.summary(frames, records).axes[0]
    shown = [line.get_xdata()[0] for line in axis.lines if line.get_marker() != "None"]
    table = frames["scores"].query("split == 'test' and headline").set_index("initialization")
    assert not set(shown) & set(table.loc["majority", "mean"])
    assert set(table.loc["ngram", "mean"]) <= set(shown)


def test_a_task_without_a_number_keeps_its_place_in_the_forest(frames, records):
    short = [record | {"effects": record["effects"][1:]} for record in records]
    for axis, record in zip(claim_figures.claims(frames, short).axes, short, strict=False):
        places = [line.get_ydata()[0] for line in axis.lines if line.get_marker() in ("D", "o")]
        assert places == [0, *(1 + TASKS.index(effect["task"]) for effect in record["effects"])]


def test_marks_are_open_where_the_verdict_is_not_decided_wherever_their_interval_lies(
    frames, records
):
    verdicts = ["supported", "undecided"]
    shown = [
        record
        | {"verdict": "contradicted", "effects": [
            effect | {"verdict": verdict, "low": 0.1, "mean": 0.2, "high": 0.3}
            for effect, verdict in zip(record["effects"], verdicts, strict=True)
        ]}
        for record in records if record["id"] == "b"
    ]  # fmt: skip
    figure = claim_figures.summary(frames, shown)
    marks = [line for line in figure.axes[1].lines if line.get_marker() in ("D", "o")]
    assert [mark.get_markerfacecolor() == "white" for mark in marks] == [False, False, True]
    said = [text.get_text() for text in figure.legends[0].get_texts()]
    assert said[-3:] == [
        "all tasks: supported or contradicted", "a task: supported or contradicted",
        "a task: undecided (adjusted for number of tasks)",
    ]  # fmt: skip


@pytest.mark.parametrize("draw", [claim_figures.claims, claim_figures.summary])
@pytest.mark.parametrize(
    ("overall", "of_task", "number"),
    [
        ("supported", "undecided", 0.2),
        ("undecided", "contradicted", 0.2),
        ("mixed", "supported", 0.2),
        ("not testable here", "not testable here", 0.2),
        ("undecided", "undecided", None),
    ],
)
def test_the_legend_of_a_forest_names_every_kind_of_mark_that_is_drawn_and_no_other(
    frames, records, draw, overall, of_task, number
):
    shown = [
        record
        | {"verdict": overall, "overall": record["overall"] | {"mean": number, "low": None}}
        | {"effects": [effect | {"verdict": of_task} for effect in record["effects"]]}
        for record in records
    ]
    figure = draw(frames, shown)
    greys = {look["color"] for look in (claim_figures.OVERALL, claim_figures.OF_TASK)}
    greys |= {claim_figures.UNTESTED["color"]}

    def kinds(lines):
        looks = {(one.get_marker(), one.get_color(), one.get_markerfacecolor()) for one in lines}
        return {look for look in looks if look[0] in ("D", "o") and look[1] in greys}

    drawn = kinds(line for axis in figure.axes for line in axis.lines)
    handles = [line for line in figure.legends[0].get_lines() if kinds([line])]
    assert kinds(handles) == drawn and len(handles) == len(drawn) == 1 + (number is not None)
    named = " ".join(text.get_text() for text in figure.legends[0].get_texts())
    assert of_task.removesuffix(" here") in named
    assert (f"all tasks: {overall.removesuffix(' here')}" in named) == (number is not None)


def test_the_summary_joins_scores_and_the_papers_four_claims(frames, records):
    figure = claim_figures.summary(frames, records)
    titles = [axis.get_title() for axis in figure.axes if axis.axison]
    assert [title[:3] for title in titles] == ["tes", "(a)", "(b)", "(c)", "(d2"]
    named = [text.get_text() for text in figure.legends[0].get_texts()]
    # Of these arms the claims are.
    assert named[:3] == ["random weights", "text pretraining", "domain pretraining"]


def test_every_figure_is_drawn_of_a_study_with_lost_runs_and_similarities(
    frames, records, tmp_path
):
    lost = {name: table.copy() for name, table in frames.items()}
    for table in lost.values():  # of the arm text, all that may be missing
        for column in ("initialization", "left"):
            if column in table:
                rows = table[column].str.startswith("text")
                known = ["layer", "step", "threshold", "learning_rate", "warmup", "seeds"]
                known.append("study_seeds")
                numbers = table.select_dtypes("float").columns.difference(known)
                table.loc[rows, numbers] = float("nan")
    for name, draw in FIGURES.items():
        style.save(draw(lost, records), tmp_path / f"{name}.svg", name, "")


def test_differences_of_rounding_do_not_fill_a_panel(frames, records):
    tiny = {"mean": 1e-17, "low": -1e-16, "high": 1e-16}
    equal = [
        record
        | {"overall": record["overall"] | tiny, "effects": [e | tiny for e in record["effects"]]}
        | {"margin": None}
        for record in records
    ]
    nothing = [record | {"overall": record["overall"] | {"mean": None, "low": None, "high": None}}
               for record in records]  # fmt: skip
    for axis in filter(lambda axis: axis.axison, claim_figures.claims(frames, equal).axes):
        assert axis.get_xlim() == (-0.001, 0.001)
        axis.figure.canvas.draw()
        assert axis.xaxis.get_offset_text().get_text() == ""
    assert claim_figures.claims(frames, nothing).axes


def test_the_summary_marks_the_best_fitted_baseline_of_a_task(frames, records):
    table = frames["scores"]
    row = table[(table["initialization"] == "ngram") & (table["task"] == "splice")]
    better = row.assign(initialization="minirocket", mean=row["mean"] + 0.2)
    tables = frames | {"scores": pd.concat([table, better])}
    figure = claim_figures.summary(tables, records)
    marks = [line for line in figure.axes[0].lines if line.get_marker() == "|"]
    best = better.loc[better["headline"] & (better["split"] == "test"), "mean"].item()
    assert len(marks) == len(TASKS) and best in [line.get_xdata()[0] for line in marks]
    named = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "best baseline on test" in named and "n-gram regression" not in named
