"""Every figure is drawn whole, from the tables alone, and the same each time."""

import re

import pandas as pd
import pytest

import plot
import synthetic
from seqtransfer.files import json_tsv
from seqtransfer.report import register
from seqtransfer.report.figures import (
    analysis_figures,
    claim_figures,
    panels,
    prediction_figures,
    run_figures,
    similarity_figures,
    style,
)
from seqtransfer.report.tables import table_files

FIGURES = {  # those of the made-up study
    name: register.figure_functions()[name]
    for name in register.figures_of(synthetic.CONFIG, swept=True)
}
TASKS, SEEDS = ("sentiment", "splice"), (0, 1)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    paths = synthetic.write_study(folder, tasks=TASKS, seeds=SEEDS)
    return synthetic.report(folder / "report", paths)


@pytest.fixture(scope="module")
def frames(drawn):
    return {path.stem: table_files.read(path) for path in drawn.values() if path.suffix == ".csv"}


@pytest.fixture(scope="module")
def records(drawn):
    return json_tsv.read_json(drawn["json"])["claims"]


@pytest.mark.parametrize("name", FIGURES)
def test_two_renders_are_the_same_bytes(name, drawn, tmp_path):
    sources = [path for path in drawn.values() if path.suffix == ".csv"]
    for folder in ("first", "second"):
        outputs = [tmp_path / folder / f"{name}{suffix}" for suffix in (".svg", ".png")]
        plot.main(figure=name, sources=sources, claims=drawn["json"], outputs=outputs)
    for suffix in (".svg", ".png"):
        first, second = (tmp_path / folder / f"{name}{suffix}" for folder in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()
        assert first.stat().st_size > 5000


def test_scores_show_a_panel_per_task_and_a_dot_per_seed(frames, records):
    figure = run_figures.scores(frames, records)
    assert [axis.get_title() for axis in figure.axes] == ["sentiment (text)", "splice (DNA)"]
    for axis in figure.axes:
        dots = [len(part.get_offsets()) for part in axis.collections if len(part.get_offsets()) > 1]
        assert dots == [len(SEEDS)] * 4
        assert [text.get_text() for text in axis.texts] == ["majority class", "n-gram"]
        assert [t.get_text() for t in axis.get_xticklabels()] == style.ordered(synthetic.ARMS)
    assert figure.axes[0].get_ylabel() == "test MCC"
    assert "2 seeds" in figure.get_suptitle()


def test_convergence_shows_the_mean_curve_of_every_arm_from_step_zero(frames, records):
    figure = run_figures.convergence(frames, records)
    assert len(figure.axes) == len(TASKS)
    history = frames["histories"]
    rows = history[(history["task"] == "splice") & (history["initialization"] == "text")]
    (line,) = [line for line in figure.axes[1].lines if line.get_label() == "text"]
    assert line.get_xdata()[0] == 0
    assert line.get_ydata() == pytest.approx(rows.groupby("step")["dev_score"].mean().to_numpy())
    assert "95 % t interval" in figure.get_suptitle()


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
    assert "of 2 seed(s)" in figure.get_suptitle()
    assert figure.axes[0].get_xlabel() == "learning rate (AdamW's peak)"


def test_similarity_has_a_row_per_measure_and_a_column_per_task_with_floor_and_ceiling(
    frames, records
):
    figure = similarity_figures.similarity(frames, records)
    assert len(figure.axes) == 2 * len(TASKS)
    assert figure.axes[0].get_ylabel().startswith("PWCCA")
    assert "n = 2000 rows, width 128" in figure.axes[0].get_title()
    for axis in figure.axes:
        # Floor and ceiling; text before and after, random after.
        floor, ceiling, *curves = axis.lines
        assert floor.get_ydata() == pytest.approx(0.3) and ceiling.get_ydata() == pytest.approx(0.9)
        assert len(curves) == 3


def test_too_few_rows_are_said_above_the_panel(frames, records):
    few = frames | {"similarity": frames["similarity"].assign(few_rows=True)}
    assert "(few)" in similarity_figures.similarity(few, records).axes[0].get_title()


def test_a_map_shows_every_cell_and_marks_what_is_not_above_its_null(frames, records):
    figure = similarity_figures.maps(frames, records)
    panels = [axis for axis in figure.axes if axis.images]
    assert len(panels) == 2 * len(TASKS)
    assert panels[0].images[0].get_array().shape == (5, 5)
    marked = {text.get_position() for text in panels[0].texts if text.get_text().endswith("x")}
    assert marked == {(0, 4), (4, 0)}


def test_prediction_has_a_panel_per_measure_and_layer_and_a_dot_per_task_arm_and_seed(
    frames, records
):
    figure = prediction_figures.prediction(frames, records)
    assert len(figure.axes) == 2 * 5
    for axis in figure.axes:
        assert sum(len(part.get_offsets()) for part in axis.collections) == len(TASKS) * len(SEEDS)
        assert "points" in axis.get_title()


def test_the_spectrum_shows_median_and_ends_of_every_arm_before_and_after(frames, records):
    figure = analysis_figures.isometry(frames, records)
    assert len(figure.axes) == 2 * len(TASKS)
    table = frames["isometry"]
    for row, stage in enumerate(("before", "after")):
        shown = [
            line.get_ydata() for line in figure.axes[row * len(TASKS)].lines
            if line.get_linestyle() == "-" and len(line.get_xdata()) == 3
        ]  # fmt: skip
        for arm, found in zip(style.ordered(synthetic.ARMS), shown, strict=True):
            rows = table[
                (table["task"] == TASKS[0]) & (table["initialization"] == arm)
                & (table["stage"] == stage) & (table["quantity"] == "log10_median")
            ]  # fmt: skip
            assert found == pytest.approx(rows["mean"].to_numpy())


def test_perturbation_is_drawn_over_the_size_of_the_noise(frames, records):
    figure = analysis_figures.perturbation(frames, records)
    for axis in figure.axes:
        dotted = [line for line in axis.lines if line.get_linestyle() == ":"]
        assert len(dotted) == 2 * len(synthetic.ARMS)
        for line in dotted:  # a linear model is a horizontal line
            assert line.get_ydata() == pytest.approx(line.get_ydata()[0])
        assert axis.get_xscale() == axis.get_yscale() == "log"


def test_the_analyses_are_held_against_gain_and_speed_with_a_dot_per_task_and_arm(frames, records):
    figure = analysis_figures.association(frames, records)
    assert len(figure.axes) == 2 * 5
    for axis in figure.axes:
        dots = sum(len(part.get_offsets()) for part in axis.collections)
        assert dots == len(TASKS) * (len(synthetic.ARMS) - 1)
        assert f"{dots} points" in axis.get_title() and "p >= 1/36" in axis.get_title()


def test_the_forest_has_a_panel_per_tested_claim_and_a_margin_only_for_the_third(frames, records):
    figure = claim_figures.claims(frames, records)
    panels = [axis for axis in figure.axes if axis.axison]
    assert len(panels) == len(records)
    with_margin = [axis.get_title() for axis in panels if axis.texts]
    assert len(with_margin) == 1 and with_margin[0].startswith("(c)")
    assert [t.get_text() for t in panels[0].get_yticklabels()] == ["all tasks", *TASKS]


def test_a_task_without_a_number_keeps_its_place_in_the_forest(frames, records):
    short = [record | {"effects": record["effects"][1:]} for record in records]
    for axis, record in zip(claim_figures.claims(frames, short).axes, short, strict=False):
        places = [line.get_ydata()[0] for line in axis.lines if line.get_marker() in ("D", "o")]
        assert places == [0, *(1 + TASKS.index(effect["task"]) for effect in record["effects"])]


def test_the_summary_joins_scores_and_the_papers_four_claims(frames, records):
    figure = claim_figures.summary(frames, records)
    assert len(figure.axes) == len(TASKS) + 4


def test_a_study_of_one_seed_and_two_arms_is_drawn_too(tmp_path):
    paths = synthetic.write_study(tmp_path, tasks=TASKS[:1], arms=("text", "random"), seeds=(0,))
    written = synthetic.report(tmp_path / "report", paths)
    frames = {
        path.stem: table_files.read(path) for path in written.values() if path.suffix == ".csv"
    }
    records = json_tsv.read_json(written["json"])["claims"]
    for name, draw in FIGURES.items():
        style.save(draw(frames, records), tmp_path / f"{name}.svg")


def test_every_figure_is_drawn_of_a_study_with_lost_runs_and_similarities(
    frames, records, tmp_path
):
    lost = {name: table.copy() for name, table in frames.items()}
    for table in lost.values():  # of the arm text, all that may be missing
        for names in ("initialization", "arm", "left", "pair", "contrast"):
            if names in table:
                rows = table[names].str.startswith("text")
                known = ["layer", "threshold", "learning_rate", "warmup"]
                numbers = table.select_dtypes("float").columns.difference(known)
                table.loc[rows, numbers] = float("nan")
    for name, draw in FIGURES.items():
        style.save(draw(lost, records), tmp_path / f"{name}.svg")


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


def test_svg_text_stays_text(frames, records, tmp_path):
    style.save(run_figures.scores(frames, records), tmp_path / "scores.svg")
    assert re.search(r"<text[^>]*>test MCC</text>", (tmp_path / "scores.svg").read_text())


def test_a_curve_says_how_many_seeds_it_is_of():
    table = pd.DataFrame({"seeds": [3, 2]})
    assert panels.over_seeds(table) == f"mean of 3 seeds, {panels.BAND}"
    assert panels.over_seeds(table.assign(seeds=1)) == "1 seed"
