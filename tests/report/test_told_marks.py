"""Whatever a figure draws of its data says what it is where a pointer rests on it."""

import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection
from matplotlib.lines import Line2D

import whole_study
from project import ROOT
from seqtransfer.report import register
from seqtransfer.report.figures import (
    attention_figures,
    gain_figures,
    ratio_figures,
    run_figures,
    style,
)
from seqtransfer.report.studies import data_ratio, meta_analysis
from seqtransfer.report.tables import table_files

ENDS = ("|", "_")  # of bars around a mark that says its interval
NOTHING = ("None", "", " ", None)


def told(figure):
    """What its marks say."""
    said = [str(mark.get_gid()) for mark in figure.findobj() if mark.get_gid()]
    return [text.removeprefix(style.TOLD) for text in said if text.startswith(style.TOLD)]


def untold(figure):
    """Marks, curves, and lines that the legend names, none of which says what it is. A line at 0 is
    no data."""
    named = {_look(line) for legend in figure.legends for line in legend.get_lines()}
    drawn = [mark for axis in figure.axes for mark in axis.collections + axis.lines]
    data = [one for one in drawn if isinstance(one, PathCollection) or _is_data(one, named)]
    return [mark for mark in data if not str(mark.get_gid()).startswith(style.TOLD)]


def _is_data(line, named):
    if not isinstance(line, Line2D):
        return False
    places = np.array(line.get_data(orig=False), dtype=float)
    if places.size == 0 or (places == 0).all(axis=1).any():
        return False
    marked = line.get_marker() not in (*NOTHING, *ENDS)
    return marked or places.shape[1] > 2 or _look(line) in named


def _look(line):
    """Colour, dashes and marker; of a mark without a line, colour and marker."""
    lined = line.get_linestyle() not in NOTHING and line.get_linewidth() > 0
    return line.get_color(), lined and str(line._unscaled_dash_pattern), line.get_marker()


@pytest.mark.parametrize("name", register.FIGURES)
def test_every_mark_of_every_figure_says_what_it_is(name, small):
    figure = register.figure_functions()[name](*small)
    assert untold(figure) == []
    assert bool(told(figure)) == (name != "change")  # that study has no arm against itself


def test_a_mark_that_says_nothing_is_found():
    figure = style.figure(1, 2.0)
    axis = figure.subplots()
    axis.axhline(0, color="0.5")
    axis.plot([1, 1], [0.2, 0.4], "|-")
    assert untold(figure) == []
    [curve] = axis.plot([0, 1, 2], [1, 2, 3])
    dots = axis.scatter([1], [1])
    level = axis.axhline(0.3, color="0.3", ls="--")
    assert untold(figure) == [dots, curve]
    figure.legend(handles=[Line2D([], [], color="0.3", ls="--", label="the best")])
    assert untold(figure) == [dots, curve, level]
    for mark in (dots, curve, level):
        style.tell(mark, "a")
    assert untold(figure) == []


def test_marks_of_figures_of_several_studies_say_what_they_are():
    published = ROOT / "workflow/report/published"
    effects = table_files.read(published / "merged-b.csv").query("study != 'all'")
    mean = meta_analysis.pooled(effects)
    merged = meta_analysis.figure(effects, mean, "text - random")
    run = pd.DataFrame(
        {"task": "x", "initialization": arm, "seed": seed, "n": n, "metric": "mcc"}
        | {"fraction": n / 400, "test_score": score + n / 1000 + seed / 100}
        for arm, score in (("text", 0.4), ("random", 0.3))
        for n in (100, 200, 400)
        for seed in (0, 1, 2)
    )
    ratio = ratio_figures.learning_curves(data_ratio.curves(run), "MCC")
    for figure in (merged, ratio):
        assert untold(figure) == []
    assert f"{meta_analysis.OVER_TASKS}: {mean['mean']:+.3f}" in "".join(told(merged))
    row = effects.iloc[0]
    assert any(text.startswith(f"{row['task']} ({row['study']}): ") for text in told(merged))
    # By hand: 0.4 + 0.1, and the mean of seeds 0 to 2, 0.01.
    assert any(re.match(r"text .*, training examples 100: 0\.510 \(", text) for text in told(ratio))


def test_lines_and_dots_say_the_numbers_of_the_tables(small):
    frames, claims = small
    heads = frames["attention"].query("task == 'splice' and left == 'text' and layer == 2")
    after = heads.query("stage == 'change'")["right_entropy"].item()
    anew = heads.query("stage == 'before' and right == 'domain'")["repaired"].item()
    said = told(attention_figures.attention(frames, claims))
    entropy = r"text pretraining after fine-tuning, entropy, layer 1: .*, 2: "
    assert any(re.match(f"{entropy}{after:.3f}", text) for text in said)
    paired = r"text pretraining before fine-tuning, with sequences paired anew, layer 1: .*, 2: "
    assert any(re.match(f"{paired}{anew:.3f}", text) for text in said)
    run = frames["runs"].query("task == 'splice'").set_index(["initialization", "seed"])
    scores = run["test_score"]
    each = ", ".join(f"seed {seed}: {score:.3f}" for seed, score in scores["checkpoint-8"].items())
    assert f"domain pretraining, 8 steps, {each}" in told(gain_figures.pretraining(frames, claims))
    shown = told(run_figures.scores(frames, claims))
    assert any(
        text.startswith("seed 1, ") and f"text pretraining: {scores['text', 1]:.3f}" in text
        for text in shown
    )
    baseline = frames["scores"].query("task == 'splice' and headline and initialization == 'ngram'")
    means = baseline.set_index("split")["mean"]
    assert f"n-gram regression: {means['test']:.3f}" in shown
    assert f"n-gram regression: {means['dev']:.3f}" in told(run_figures.convergence(frames, claims))
    rows = frames["profiles"].query("initialization == 'text'").iloc[::10]
    share = f"{rows.iloc[1]['threshold']:g}: {rows.iloc[1]['mean']:.3f}"
    assert any(
        text.startswith("text pretraining (95 % bootstrap interval), threshold ") and share in text
        for text in told(run_figures.profiles(frames, claims))
    )


def test_a_line_of_scores_says_where_a_run_has_none(small):
    frames, claims = small
    runs = frames["runs"].copy()
    runs.loc[(runs["initialization"] == "text") & (runs["seed"] == 0), "test_score"] = np.nan
    said = told(run_figures.scores(frames | {"runs": runs}, claims))
    assert any(t.startswith("seed 0, ") and "text pretraining: no score" in t for t in said)
    assert len(whole_study.TASKS) == sum(t.startswith("text pretraining, seed 0: no") for t in said)
