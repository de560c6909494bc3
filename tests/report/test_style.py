"""Every arm has a place, a colour and a line in figures, whatever the study."""

import colorsys
import itertools

import matplotlib
import numpy as np
import pytest
import seaborn as sns

from seqtransfer.encoders import arm_descriptions, initializations
from seqtransfer.encoders.arm_descriptions import DESCRIPTIONS
from seqtransfer.encoders.controls import CONTROLS
from seqtransfer.encoders.initializations import INITIALIZATIONS
from seqtransfer.report.figures import style

MANY = [
    *(kind for kind, known in INITIALIZATIONS.items() if not known.parameter and kind != "text"),
    *("first-12", "from-splice", "checkpoint-256", "from-zipf", "text", "first-2", "checkpoint-64"),
    *("from-flat", "from-nested", "from-splice-attention-only", "domain-layernorm-only"),
]


def test_a_new_part_of_the_text_encoder_needs_no_colour_of_its_own(monkeypatch):
    new = arm_descriptions.Description("new", "some of it", "the rest", shade_of="text")
    places = {"random": None, "new": None, "text": None}
    monkeypatch.setattr(arm_descriptions, "DESCRIPTIONS", DESCRIPTIONS | {"new": new})
    monkeypatch.setattr(
        initializations,
        "INITIALIZATIONS",
        {kind: initializations.Initialization() for kind in places},
    )
    chosen = style.colours(["text", "new", "random"])
    assert list(chosen) == list(places) and len(set(chosen.values())) == 3
    assert style.luminance(chosen["new"]) > style.luminance(chosen["text"])


def test_arms_go_from_nothing_to_everything_by_number_and_corpora_as_given():
    found = style.ordered([*MANY, *MANY])
    assert sorted(found) == sorted(MANY)
    assert [name for name in found if name.startswith("first")] == ["first-2", "first-12"]
    assert [name for name in found if name.startswith("checkpoint")] == [
        "checkpoint-64", "checkpoint-256",
    ]  # fmt: skip
    corpora = [name.removeprefix("from-") for name in found if name.startswith("from")]
    assert corpora == ["splice-attention-only", "splice", "zipf", "flat", "nested"]
    assert (found[0], found[-1]) == ("random", "domain")


def test_every_arm_has_its_own_colour_that_other_arms_do_not_change():
    chosen = style.colours(MANY)
    pairs = itertools.combinations(chosen.values(), 2)
    assert min(np.abs(np.subtract(a, b)).max() for a, b in pairs) > 0.02
    assert chosen["random"] == style.colours(["random", "text"])["random"] == style.PALETTE[1]


@pytest.mark.parametrize("names", [MANY, [f"from-{letter}" for letter in "abcdefghi"]])
def test_every_line_stands_out_from_white_as_graphics_must(names):
    for name, colour in style.colours(names).items():
        assert style.contrast(colour) >= style.LEAST_CONTRAST, name
    assert style.contrast((1, 1, 1)) == 1 and style.contrast((0, 0, 0)) == pytest.approx(21)


def test_darker_colours_of_the_palette_keep_their_hue():
    for mine, theirs in zip(style.PALETTE, sns.color_palette("colorblind"), strict=True):
        (hue, saturation, _), (other, _, _) = (colorsys.rgb_to_hsv(*c) for c in (mine, theirs))
        assert saturation < 0.1 or abs((hue - other + 0.5) % 1 - 0.5) < 0.04


def test_no_two_arms_of_a_figure_have_the_same_line():
    lines = style.line_styles([*MANY, *CONTROLS])
    assert len(set(map(str, lines.values()))) == len(lines)


@pytest.mark.parametrize("kind", ["first", "checkpoint"])
def test_more_layers_or_steps_are_darker_up_to_the_whole(kind):
    whole = {"first": "text", "checkpoint": "domain"}[kind]
    names = [f"{kind}-{number}" for number in (8, 1, 64)]
    chosen = style.colours([*names, whole])
    light = [
        style.luminance(chosen[name]) for name in (f"{kind}-1", f"{kind}-8", f"{kind}-64", whole)
    ]
    assert light == sorted(light, reverse=True) and len(set(light)) == 4


def test_sources_differ_in_lightness_so_that_every_kind_of_sight_keeps_them_apart():
    chosen = style.colours([f"from-{letter}" for letter in "abcdefghi"])
    light = [style.luminance(colour) for colour in chosen.values()]
    assert light == sorted(light) and min(np.diff(light)) > 0.003


def test_neighbouring_arms_differ_in_line_and_marker_where_their_colour_is_a_shade():
    for looks in (style.line_styles(MANY), style.markers(MANY)):
        shades = [name for name in style.ordered(MANY) if name not in ("text", "random", "domain")]
        assert all(looks[a] != looks[b] for a, b in itertools.pairwise(shades))
        assert len({str(looks[name]) for name in ("text", "random", "domain")}) == 3


@pytest.mark.parametrize("width", style.WIDTHS)
def test_marks_and_lines_are_as_large_beside_the_type_at_every_width(width):
    with matplotlib.rc_context(style.preset(width)):
        drawn = style.figure(1, 2.0)
        axis = drawn.subplots()
        [mark] = axis.plot([0, 1], [0, 1], "o-", ms=3, lw=1, mew=0.5)
        [own] = axis.plot([0, 1], [1, 0], "o-")
        line = axis.hlines(0.5, 0, 1, lw=1.5)
        dots = axis.scatter([0], [0], s=9)
        style.title(drawn, "marks")
    scale = style.WIDTHS[width][-1] / style.WIDTHS["page"][-1]
    found = (mark.get_markersize(), mark.get_linewidth(), mark.get_markeredgewidth())
    assert found == pytest.approx((3 * scale, scale, 0.5 * scale))
    assert own.get_linewidth() == pytest.approx(style.WIDTHS[width][-1] / 6)
    assert line.get_linewidth() == pytest.approx(1.5 * scale)
    assert dots.get_sizes() == pytest.approx(9 * scale**2)
