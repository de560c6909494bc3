"""Figures of similarity: what each shows, and where it says nothing."""

import numpy as np
import pytest
from scipy import stats

import synthetic
from seqtransfer.report import register
from seqtransfer.report.figures import similarity_figures, style

TASKS = synthetic.FEW_TASKS
PAIR = ("left", "right")


def test_similarity_shows_the_difference_to_random_weights_by_the_measure_of_the_claim(
    frames, records
):
    figure = similarity_figures.similarity(frames, records)
    assert len(figure.axes) == len(TASKS) and "PWCCA" in figure.axes[0].get_ylabel()
    table = frames["similarity"].query("left == 'text' and right == 'domain' and stage == 'before'")
    table = table[table["measure"] == "pwcca"]
    for axis, task in zip(figure.axes, TASKS, strict=True):
        floor, ceiling, *of_text, interval, mean = axis.lines
        seeds, (text, *dots) = of_text[: len(synthetic.FEW_SEEDS)], of_text[2:]
        assert [dot.get_ydata()[0] for dot in dots] == pytest.approx(list(text.get_ydata()))
        assert floor.get_ydata() == [0, 0] and ceiling.get_ydata() == pytest.approx(0.6)
        rows = table[table["task"] == task].sort_values("layer")
        assert text.get_ydata() == pytest.approx(
            (rows["mean"] - rows["floor"]).to_numpy(), abs=1e-5
        )
        assert np.mean([line.get_ydata() for line in seeds], axis=0) == pytest.approx(
            text.get_ydata(), abs=1e-5
        )
        assert "n = 2000 rows,\nwidth 128" in axis.get_title()
        [claim] = [record for record in records if record["id"] == "d2-pwcca"]
        [effect] = [effect for effect in claim["effects"] if effect["task"] == task]
        assert interval.get_ydata().tolist() == [effect["low"], effect["high"]]
        assert mean.get_ydata().tolist() == [effect["mean"]]


def test_similarity_says_how_many_seeds_it_is_of_and_what_its_grey_band_is(frames, records):
    figure = similarity_figures.similarity(frames, records)
    named = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "mean of 2 seeds" in figure.get_suptitle().replace("\n", " ")
    assert "range of random weights' seeds" in named and "text pretraining" in named


@pytest.mark.parametrize(
    ("arms", "reference", "drawn"),
    [
        (["text", "random"], "random", False),
        (["text", "random", "domain"], "random", False),
        (["text", "random", "domain"], "text", True),
        (["text", "random", "domain"], "domain", True),
        (["text", "random"], "text", False),
        (["random", "domain"], "domain", False),
        (["domain"], "domain", False),
    ],
)
def test_the_figure_of_claim_d_is_drawn_where_an_arm_has_a_floor(arms, reference, drawn):
    config = synthetic.CONFIG | {"initializations": arms, "compare": {"reference": reference}}
    assert ("similarity" in register.drawn_of(config, swept=False)) == drawn


def test_similarity_to_another_reference_than_domain_names_it_and_has_no_mean_of_the_claim(
    frames, records
):
    turned = {"text": "domain", "domain": "text"}
    tables = {
        name: frames[name].assign(**{side: frames[name][side].replace(turned) for side in PAIR})
        for name in ("similarity", "comparisons")
    }
    untested = [record | {"effects": []} for record in records]
    figure = similarity_figures.similarity(frames | tables, untested)
    assert figure.get_suptitle().startswith("Similarity to text pretraining before fine-tuning")
    named = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "domain pretraining" in named and "text pretraining" not in named
    assert not any("(d2)" in text for text in named)
    whole = similarity_figures.similarity(frames, records)
    for axis, known in zip(figure.axes, whole.axes, strict=True):  # the same numbers, but the mean
        ours, theirs = (
            [line.get_ydata().tolist() for line in one.lines if len(line.get_ydata()) > 2]
            for one in (axis, known)
        )
        assert ours and ours == theirs


def test_a_ceiling_that_is_not_valid_is_neither_drawn_nor_named(frames, records):
    lost = frames["similarity"].assign(calibrated=float("nan"))
    for draw in (similarity_figures.similarity, similarity_figures.similarities):
        figure = draw(frames | {"similarity": lost}, records)
        named = " ".join(text.get_text() for text in figure.legends[0].get_texts())
        assert "floor" in named and "ceiling" not in named
        for axis in figure.axes:
            assert np.isnan(np.asarray(axis.lines[1].get_ydata(), dtype=float)).all()


def test_similarities_to_random_weights_are_drawn_without_a_floor(frames, records):
    table = frames["similarity"].query("right == 'random' or left == right")
    bounds = [name for name in table if name.startswith(("floor", "ceiling", "calibrated"))]
    table = table.assign(**dict.fromkeys(bounds, float("nan")))
    figure = similarity_figures.similarities(frames | {"similarity": table}, records)
    named = [text.get_text() for text in figure.legends[0].get_texts()]
    assert named == [
        "text pretraining",
        "before fine-tuning",
        "after",
        similarity_figures.NULL_NAME,
    ]
    assert "Similarity to random weights" in figure.get_suptitle()
    for axis in figure.axes:
        curves = [line.get_ydata() for line in axis.lines if np.isfinite(line.get_ydata()).all()]
        assert len(curves) == 2 and len(axis.collections) > 0


def test_similarities_have_a_row_per_measure_and_a_column_per_task_with_floor_and_ceiling(
    frames, records
):
    figure = similarity_figures.similarities(frames, records)
    assert len(figure.axes) == 2 * len(TASKS)
    assert figure.axes[0].get_ylabel() == "PWCCA, weighted by\nthe left\nrepresentation"
    assert "n = 2000 rows,\nwidth 128" in figure.axes[0].get_title()
    for axis in figure.axes:
        # Floor and ceiling; text before and after, random after.
        floor, ceiling, *curves = axis.lines
        assert floor.get_ydata() == pytest.approx(0.3) and ceiling.get_ydata() == pytest.approx(0.9)
        assert len(curves) == 3
    shades = {
        str(drawn.get_facecolor()[0].round(3))
        for axis in figure.axes
        for drawn in axis.collections[:2]
    }
    named = {
        patch.get_label(): str(np.round(patch.get_facecolor(), 3))
        for patch in figure.legends[0].get_patches()
    }
    assert set(named.values()) == shades and "range of random weights' seeds" in named


def test_too_few_rows_are_said_above_the_panel(frames, records):
    few = frames | {"similarity": frames["similarity"].assign(few_rows=True)}
    assert "(few)" in similarity_figures.similarities(few, records).axes[0].get_title()


def test_a_measure_of_fewer_rows_says_how_many(frames, records):
    table = frames["similarity"]
    other = table["measure"] == table["measure"].unique()[1]
    table = table.assign(rows=table["rows"].where(~other, 1024), few_rows=other)
    figure = similarity_figures.similarities(frames | {"similarity": table}, records)
    assert "(few)" not in figure.axes[0].get_title()
    first, second = (axis.get_ylabel() for axis in figure.axes[:: len(TASKS)])
    assert "n = " not in first and second.endswith("\nn = 1024")


def test_few_rows_are_marked_for_canonical_correlations_alone(frames, records):
    """Debiased CKA of independent rows is 0, however few they are."""
    table = frames["similarity"].assign(few_rows=True)
    for measure, marked in (("pwcca", True), ("cka", False)):
        only = table[table["measure"] == table["measure"].iloc[0]].assign(measure=measure)
        figure = similarity_figures.similarities(frames | {"similarity": only}, records)
        assert ("(few)" in figure.axes[0].get_title()) == marked


def test_the_grey_of_similarities_holds_the_null_of_every_curve(frames, records):
    table = frames["similarity"]
    after = (table["stage"] == "after") & (table["right"] == "domain")
    table = table.assign(null_high=table["null_high"].where(~after, 0.77))
    figure = similarity_figures.similarities(frames | {"similarity": table}, records)
    tops = [axis.collections[0].get_paths()[0].vertices[:, 1].max() for axis in figure.axes]
    assert tops == pytest.approx([0.77] * len(tops))


def test_a_map_explains_its_mark_only_where_it_has_one(frames, records):
    sure = frames | {"maps": frames["maps"].assign(q=0.01)}
    assert "x = not above" in similarity_figures.maps(frames, records).get_suptitle()
    assert "x = not above" not in similarity_figures.maps(sure, records).get_suptitle()


def test_a_map_shows_every_cell_and_marks_what_is_not_above_its_null(frames, records):
    figure = similarity_figures.maps(frames, records)
    panels = [axis for axis in figure.axes if axis.patches]
    assert len(panels) == 2 * len(TASKS)
    cells = panels[0].patches
    assert sorted(cell.get_xy() for cell in cells) == [
        (x - 0.5, y - 0.5) for x in range(5) for y in range(5)
    ]
    table = frames["maps"].query("task == @TASKS[0] and measure == 'pwcca'")
    said = {
        f"{style.TOLD}layer {row.left_layer} with layer {row.right_layer}: {row.score:.3f},"
        f" re-paired {row.null_mean:.3f}, q {row.q:.2g}"
        for row in table.itertuples()
    }
    assert {cell.get_gid() for cell in cells} == said and len(said) == 25
    brightness = [sum(cell.get_facecolor()[:3]) for cell in cells]
    scores = [float(cell.get_gid().split(": ")[2].split(",")[0]) for cell in cells]
    assert stats.spearmanr(brightness, scores).statistic > 0.99
    marked = {tuple(line.get_xydata()[0]) for line in panels[0].lines}
    assert marked == {(0, 4), (4, 0)}
