"""An SVG says what it shows: its text, its description, and what each mark stands for."""

import re
from xml.etree import ElementTree

import pytest

import synthetic
from seqtransfer.report import cost, power, register
from seqtransfer.report.claims import readings
from seqtransfer.report.figures import (
    analysis_figures,
    association_figures,
    claim_figures,
    panels,
    run_figures,
    similarity_figures,
    style,
)

TASKS = synthetic.FEW_TASKS


def test_svg_text_stays_text_with_a_title_and_a_description(frames, records, tmp_path):
    path = tmp_path / "scores.svg"
    style.save(run_figures.scores(frames, records), path, "scores", "MCC < 1 & > 0")
    root = ElementTree.parse(path).getroot()
    space = "{http://www.w3.org/2000/svg}"
    assert [part.tag for part in root][:2] == [f"{space}title", f"{space}desc"]
    assert [part.text for part in root][:2] == ["scores", "MCC < 1 & > 0"]
    assert "test MCC" in [part.text for part in root.iter(f"{space}text")]


def test_where_a_pointer_rests_an_svg_says_what_a_mark_stands_for(frames, records, tmp_path):
    style.save(claim_figures.summary(frames, records), tmp_path / "summary.svg", "summary", "")
    root = ElementTree.parse(tmp_path / "summary.svg").getroot()
    space = "{http://www.w3.org/2000/svg}"
    told = [
        title.text for group in root.iter(f"{space}g") for title in group.findall(f"{space}title")
    ]
    better = next(record for record in records if record["id"] == "b")
    for effect in better["effects"]:
        said = readings.interval(effect, better)
        assert f"{effect['task']}: {said} MCC, {effect['verdict']}" in told
    runs = frames["runs"].query("task == 'splice' and initialization == 'text'")
    row = {"mean": runs["test_score"].mean()}
    ends = f"both seeds {runs['test_score'].min():.3f} to {runs['test_score'].max():.3f}"
    assert f"text pretraining: {row['mean']:.3f} ({ends})" in told
    assert style.TOLD not in (tmp_path / "summary.svg").read_text()


def test_curves_say_their_means_and_intervals(frames, records):
    lines = run_figures.convergence(frames, records).axes[0].lines
    told = next(line.get_gid() for line in lines if "text pretraining" in str(line.get_gid()))
    history = frames["histories"].query("task == @synthetic.FEW_TASKS[0] and step > 0")
    rows = history.query("initialization == 'text'").groupby("step")["dev_score"]
    assert told.startswith(f"{style.TOLD}text pretraining (both seeds), step 1: ")
    assert re.findall(r"(\d+): (-?[\d.]+) \(", told) == [
        (str(step), f"{scores.mean():.3f}") for step, scores in rows
    ]
    lines = similarity_figures.similarities(frames, records).axes[0].lines
    said = [line.get_gid() for line in lines if line.get_gid()]
    row = panels.spread(frames["similarity"]).query(
        "task == @synthetic.FEW_TASKS[0] and left == 'text' and right == 'domain'"
        " and stage == 'after' and layer == 2 and measure == 'pwcca'"
    )
    [mean], [low], [high] = row["mean"], row["low"], row["high"]
    after = next(text for text in said if "text pretraining after fine-tuning" in text)
    assert f", 2: {mean:.3f} ({low:.3f} to {high:.3f}), 3: " in after


@pytest.mark.parametrize(
    ("draw", "said"),
    [
        (power.figure, r"this study, 2 seeds: [\d.]+$"),
        (power.figure, r"smallest difference seen, seeds 2: [\d.]+, 3: "),
        (cost.figure, r"text pretraining, seconds a run: sentiment 20, splice 20$"),
        # By hand: 0.4 + 0.12 (text) + 0.1 x 0.1 (warm-up) + 0.02 x 0.5 (mean of two seeds).
        (run_figures.sensitivity, r"text .*highest seed\), .*0.0003: 0.540 \(0.530 to 0.550\),"),
        (association_figures.similarity_gain, r"text pretraining in splice, seed 0: similarity 0"),
        (
            analysis_figures.isometry,
            r"text pretraining before fine-tuning, log10 of the median .*, layer 0: ",
        ),
        (analysis_figures.gradient_confusion, r"domain .* after fine-tuning, minimum cosine: -0"),
        (analysis_figures.gradients_along, r"text .* before and during fine-.*cosine .*, step 0: "),
        (analysis_figures.perturbation, r"text .* before fine-tuning, state change .*, size 1e-05"),
        (analysis_figures.lipschitz, r"text .* after fine-tuning, spectral norm .*, layer 1: "),
        (analysis_figures.mutation, r"text .* before .*, cosine distance .*, size 1: 0\.00\d{3,} "),
        (analysis_figures.association, r"text .* in splice: speed .*, LayerNorm gain -?0"),
    ],
)
def test_marks_with_values_say_them(frames, records, draw, said):
    lines = [line for axis in draw(frames, records).axes for line in axis.lines]
    told = [str(line.get_gid()).removeprefix(style.TOLD) for line in lines]
    assert any(re.match(said, text) for text in told), told[:4]


@pytest.mark.parametrize("name", ["perturbation", "lipschitz", "mutation", "gradients_along"])
def test_logarithmic_axes_are_named_so_and_every_panel_of_one_task_has_its_title(
    frames, records, name
):
    one = {
        key: table[table["task"] == TASKS[0]] if "task" in table else table
        for key, table in frames.items()
    }
    axes = register.figure_functions()[name](one, records).axes
    assert len({axis.get_title() for axis in axes}) == 1 and axes[0].get_title()
    for axis in axes:
        for side in (axis.xaxis, axis.yaxis):
            assert ("log" in side.get_label_text()) == (side.get_scale() != "linear")
