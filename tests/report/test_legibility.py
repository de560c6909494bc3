"""No text of a figure lies over another or leaves it, at any width, in a study of any size."""

import itertools
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.text import Text

import whole_study
from seqtransfer.report import register
from seqtransfer.report.figures import style
from seqtransfer.report.studies import mended, meta_analysis
from seqtransfer.report.tables import table_files
from whole_study import TASKS

NAMES = (
    "localization",
    "splice",
    "stability",
    "fluorescence",
    "H3K9ac",
    "composer",
    "sst-2",
    "rte",
)
CASES = [
    *itertools.product(register.FIGURES, ["small"], style.WIDTHS),
    *itertools.product(register.FIGURES, ["single", "large"], ["column"]),
    *itertools.product(("summary", "claims", "scores", "similarity"), ["large"], ["page", "slide"]),
]
PUBLISHED = Path(__file__).parents[2] / "workflow/report/published"
LEAST_TYPE = 0.83  # of the size of the figure's type


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    """As `small`, of 1 task and 2 seeds."""
    return whole_study.report(tmp_path_factory.mktemp("single"), TASKS[1:], (0, 1))


@pytest.fixture(scope="module")
def large(small):
    """As `small`, with the 16 tasks of a study as large as the paper's."""
    frames, claims = small
    names = [
        {task: f"{name}{part}" for task, part in zip(TASKS, ("", " b"), strict=True)}
        for name in NAMES
    ]

    def copies(table):
        column = "corpus" if "corpus" in table else "task"
        if column not in table:
            return table
        copied = [table.assign(**{column: table[column].replace(known)}) for known in names]
        return pd.concat(copied).drop_duplicates(ignore_index=True)  # rows of all tasks stay one

    records = [
        claim | {"effects": [e | {"task": known[e["task"]]} for known in names
                             for e in claim["effects"]]}
        for claim in claims
    ]  # fmt: skip
    return {name: copies(table) for name, table in frames.items()}, records


def texts(figure):
    """What is written in a figure, and visible."""
    figure.draw_without_rendering()
    undrawn = {label for axes in figure.axes for label in _undrawn(axes)}
    return [
        text for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and text not in undrawn
    ]  # fmt: skip


def _undrawn(axes):
    """All texts of a hidden panel, and the labels of ticks outside the limits of their axis."""
    if not axes.axison:
        return axes.findobj(Text)
    labels = []
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
            if not low <= tick.get_loc() <= high:
                labels += [tick.label1, tick.label2]
    return labels


@pytest.mark.parametrize(("name", "size", "width"), CASES)
def test_every_text_can_be_read_and_the_figure_fits_its_place(name, size, width, request):
    inches, height, points = style.WIDTHS[width]
    with matplotlib.rc_context(style.preset(width)):
        figure = register.figure_functions()[name](*request.getfixturevalue(size))
        found = check(figure)
    assert figure.get_figwidth() == pytest.approx(inches)
    assert min(text.get_fontsize() for text in found) >= LEAST_TYPE * points
    if size != "large":
        assert figure.get_figheight() <= 2.5 * height


def marks(axes):
    """Where the marks of a panel are drawn, in pixels: (n, 2)."""
    points = [np.empty((0, 2))]
    for line in axes.lines:
        if line.get_visible() and line.get_marker() not in ("None", None, "", " "):
            points.append(line.get_transform().transform(line.get_xydata()))
    for drawn in axes.collections:
        if isinstance(drawn, PathCollection) and drawn.get_visible():
            points.append(drawn.get_offset_transform().transform(drawn.get_offsets()))
    return np.concatenate(points)


def strokes(axes):
    """The visible curves and bars of error of a panel, in pixels."""
    for line in axes.lines:
        if line.get_visible() and line.get_linestyle() not in ("None", "", " "):
            yield line.get_transform().transform_path(line.get_path())
    for drawn in axes.collections:
        if isinstance(drawn, LineCollection) and drawn.get_visible():
            for path in drawn.get_paths():
                yield drawn.get_transform().transform_path(path)


def check(figure):
    """Assert that the texts of a figure, which are returned, lie apart and within it, and that no
    label in a panel lies over a mark, a curve or a bar of error."""
    found = texts(figure)
    for axes in figure.axes:
        points, lines = marks(axes), list(strokes(axes))
        for label in (text for text in axes.texts if text in found):
            box = label.get_window_extent()
            inside = (points > [box.x0, box.y0]) & (points < [box.x1, box.y1])
            assert not inside.all(axis=1).any(), label.get_text()
            crossed = any(line.intersects_bbox(box, filled=False) for line in lines)
            assert not crossed, f"{label.get_text()!r} over a line"
    boxes = [(text.get_text(), text.get_window_extent()) for text in found]
    for text, box in boxes:
        assert figure.bbox.x0 - 1 <= box.x0 and box.x1 <= figure.bbox.x1 + 1, text
        assert figure.bbox.y0 - 1 <= box.y0 and box.y1 <= figure.bbox.y1 + 1, text
    for (first, a), (second, b) in itertools.combinations(boxes, 2):
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        along = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert min(across, along) < 1.5, (first, second)
    return found


@pytest.mark.parametrize("width", style.WIDTHS)
@pytest.mark.parametrize("name", ["as-released-short", "as-released-short-rate", "four-seeds"])
def test_the_figure_of_mended_choices_can_be_read(name, width):
    with matplotlib.rc_context(style.preset(width)):
        check(mended.figure(table_files.read(PUBLISHED / f"{name}.csv")))


@pytest.mark.parametrize("width", style.WIDTHS)
def test_the_figure_of_merged_studies_can_be_read(width):
    table = table_files.read(PUBLISHED / "merged-b.csv")
    effects = table[table["study"] != "all"]
    with matplotlib.rc_context(style.preset(width)):
        check(meta_analysis.figure(effects, meta_analysis.pooled(effects), "text - random"))


@pytest.mark.parametrize("draw", ["plot", "scatter"])
def test_a_label_over_a_mark_is_found(draw):
    figure = style.figure(1, 2.0)
    axes = figure.subplots()
    getattr(axes, draw)([0, 1], [0, 1], marker="o")
    label = axes.text(0.2, 0.8, "beside")
    check(figure)
    label.set_position((0.98, 0.98))
    with pytest.raises(AssertionError, match="beside"):
        check(figure)
