"""How all figures look: matplotlib set up once, colours and lines of arms, sizes, files.

An arm has the same colour, line and marker in all figures of a study.
"""

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import count, cycle
from pathlib import Path
from xml.sax.saxutils import escape

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import Collection, PathCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from seqtransfer.encoders import arm_descriptions, initializations
from seqtransfer.encoders.controls import CONTROLS
from seqtransfer.files import atomic

# Where a figure is read -> its width and its height at most, in inches, and its type in points.
WIDTHS = {"column": (3.5, 9.0, 7), "page": (7.0, 9.0, 8), "slide": (13.33, 7.5, 16)}
PAGE_EM = WIDTHS["page"][-1] / 72  # size of the type of a page, in inches
PANEL_EMS = 14.5  # least width of a panel, in sizes of the type
LOWEST_EMS = 7.0  # height of a panel that is made lower so that its figure fits its place
LETTER_EMS = 0.55  # width of a letter, on average
TOLD = "told: "  # before what a mark says, in its id of matplotlib
LINE = 1.4  # distance of lines of text, in sizes of the type


def preset(width: str) -> dict[str, object]:
    """matplotlib's rcParams of a figure of one of WIDTHS; nothing else in a figure knows it."""
    inches, height, points = WIDTHS[width]
    return {
        "figure.figsize": (inches, height),
        "font.size": points,
        "axes.titlesize": "medium",
        "figure.titlesize": "medium",
        "xtick.labelsize": "small",
        "ytick.labelsize": "small",
    }


matplotlib.rcParams.update(
    {
        "lines.linewidth": WIDTHS["page"][-1] / 6,  # at other widths as `title` makes them
        "lines.markersize": WIDTHS["page"][-1] / 2.2,
        "svg.hashsalt": "seqtransfer",  # else matplotlib names SVG elements at random
        "svg.fonttype": "none",  # text stays text: sharp, searchable
        "pdf.fonttype": 42,  # TrueType, which journals and editors of drawings take
        "figure.constrained_layout.use": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "savefig.dpi": 200,
    }
    | preset("page")
)

LEAST_CONTRAST = 3.0  # of a line with white: WCAG 2's for graphics


def luminance(colour: Sequence[float]) -> float:
    """Relative luminance of an sRGB triple, in [0, 1] (WCAG 2)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return float(np.dot((0.2126, 0.7152, 0.0722), linear))


def contrast(colour: Sequence[float]) -> float:
    """Contrast of an sRGB triple with white, 1 to 21 (WCAG 2)."""
    return 1.05 / (luminance(colour) + 0.05)


# seaborn's palette "colorblind"; where that is too light for lines, darker at the same hue.
PALETTE = [
    to_rgb(f"#{code}")
    for code in "0173b2 cb8000 028a64 d55e00 c566b4 a8703f e0479e 8a8a8a 8f8600 2b97d3".split()
]
# Of the arms with a colour of their own; the others get shades, see `colours`.
COLOURS = {
    kind: PALETTE[known.colour]
    for kind, known in arm_descriptions.DESCRIPTIONS.items()
    if known.colour is not None
}
CONTROL = (0.45, 0.45, 0.45)  # colour of controls, which no claim is about
# As with colours; the other arms take turns. In grey print, lines differ by these.
_LINES = {"text": "-", "random": (0, (4, 1.5)), "domain": (0, (6, 1.5, 1.2, 1.5))}
_MARKERS = {"text": "o", "random": "s", "domain": "D"}
_OTHER_MARKERS = "^vPX*<>dph8"


def ordered(names: Iterable[str]) -> list[str]:
    """Arms once each, in their order; then controls, in the order of theirs."""
    found = list(names)
    arms = initializations.ordered(name for name in found if name not in CONTROLS)
    return [*arms, *(name for name in CONTROLS if name in found)]


def colours(names: Iterable[str]) -> dict[str, tuple]:
    """Each arm's colour, a triple of floats in [0, 1], for all arms of a study together.

    Parts of the text encoder without a colour of their own are shades of text's, `checkpoint-*` of
    domain's, darker with their place and number, as are parts of domain; `from-*` and their parts
    go from dark to light, an order that every kind of sight keeps. Controls are grey.
    """
    found = ordered(names)
    parsed = {arm: initializations.parse(arm) for arm in found if arm not in CONTROLS}
    chosen = {
        name: COLOURS[arm.kind]
        for name, arm in parsed.items()
        if arm.kind in COLOURS and arm.part is None
    }
    chosen |= {name: CONTROL for name in found if name in CONTROLS}
    shades: dict[str | None, list[str]] = {}
    for arm in found:
        if arm not in chosen:
            kind = parsed[arm].kind
            whole = kind if kind in COLOURS else arm_descriptions.DESCRIPTIONS[kind].shade_of
            shades.setdefault(whole, []).append(arm)
    for whole, members in shades.items():
        chosen |= dict(zip(members, _shades(whole, len(members)), strict=True))
    return {arm: tuple(map(float, chosen[arm][:3])) for arm in found}


def _shades(whole: str | None, count: int) -> list[tuple]:
    import seaborn as sns  # here: it takes a second, and most studies have no such arms

    if whole is None:
        shades = sns.color_palette("rocket", 256)
    else:
        shades = sns.light_palette(COLOURS[whole], 256)
    legible = [colour for colour in shades if contrast(colour) >= LEAST_CONTRAST]
    return [legible[int((place + 0.5) / count * len(legible))] for place in range(count)]


def line_styles(names: Iterable[str]) -> dict[str, str | tuple]:
    """Each arm's line, as matplotlib's `linestyle` takes it; no two are the same."""
    others = _dashes()
    return {name: _LINES.get(name) or next(others) for name in ordered(names)}


def _dashes() -> Iterator[tuple]:
    """Lines without end, none of them of _LINES: dotted, then a dash and ever more dots."""
    yield (0, (1.2, 1.2))
    for dots in count():
        for dash in (2.4, 9, 14):
            yield (0, (dash, 1.2, *(1.2, 1.2) * dots))


def markers(names: Iterable[str]) -> dict[str, str]:
    """Each arm's marker."""
    others = cycle(_OTHER_MARKERS)
    return {name: _MARKERS.get(name) or next(others) for name in ordered(names)}


def ems() -> float:
    """Width of a figure in sizes of its type."""
    return 72 * matplotlib.rcParams["figure.figsize"][0] / matplotlib.rcParams["font.size"]


def most_ems() -> float:
    """Height of a figure at most, in sizes of its type."""
    return 72 * matplotlib.rcParams["figure.figsize"][1] / matplotlib.rcParams["font.size"]


def fitting(most: int, ems_each: float = PANEL_EMS, beside: float = 0.0) -> int:
    """How many columns of panels fit the width of a figure less `beside`: 1 to `most`."""
    return max(1, min(most, int((ems() - beside) // ems_each)))


def figure(rows: int, height: float) -> Figure:
    """An empty figure as wide as its place, for rows of panels.

    height: of a row, in inches of a figure as wide as a page.
    """
    size, page = matplotlib.rcParams["font.size"], WIDTHS["page"][-1]
    return Figure(figsize=(ems() * size / 72, height * rows * size / page), layout="constrained")


def title(drawn: Figure, text: str, lowest: float = LOWEST_EMS) -> None:
    """Write the title above all panels, in lines that fit, and end the figure: it grows by these
    lines; if it is then higher than its place, its panels become lower. Lines and marks, drawn in
    the sizes of a page, become those of its width.

    lowest: height of a panel at least, in sizes of the type; its y label has room in any case.
    """
    letters = int(ems() / LETTER_EMS)
    lines = [part for line in text.split("\n") for part in textwrap.wrap(line, letters)]
    drawn.suptitle("\n".join(lines))
    add_lines(drawn, len(lines))
    _scale_marks(drawn)
    most = matplotlib.rcParams["figure.figsize"][1]
    if drawn.get_figheight() > most:
        _lower(drawn, most, lowest * matplotlib.rcParams["font.size"] / 72)


def _scale_marks(drawn: Figure) -> None:
    """Make lines and marks larger or smaller as the type is, than that of a page."""
    scale = matplotlib.rcParams["font.size"] / WIDTHS["page"][-1]
    for line in drawn.findobj(Line2D):
        line.set_linewidth(scale * line.get_linewidth())
        line.set_markersize(scale * line.get_markersize())
        line.set_markeredgewidth(scale * line.get_markeredgewidth())
    for marks in drawn.findobj(Collection):
        marks.set_linewidth(scale * np.asarray(marks.get_linewidth()))
    for marks in drawn.findobj(PathCollection):
        marks.set_sizes(scale**2 * marks.get_sizes())


def _lower(drawn: Figure, most: float, lowest: float) -> None:
    """Make the rows of panels equally lower, so that the figure is `most` inches high, or as near
    to it as panels of `lowest` inches allow."""
    drawn.draw_without_rendering()
    heights: dict[int, float] = {}
    for axis in filter(Axes.get_subplotspec, drawn.axes):
        row = axis.get_subplotspec().rowspan.start
        heights[row] = max(heights.get(row, 0.0), axis.bbox.height / drawn.dpi)
        lowest = max(lowest, axis.yaxis.label.get_window_extent().height / drawn.dpi)
    beside = drawn.get_figheight() - sum(heights.values())
    height = max((most - beside) / len(heights), lowest)
    drawn.set_figheight(min(drawn.get_figheight(), beside + height * len(heights)))


def add_lines(drawn: Figure, count: int) -> None:
    """Make a figure higher by lines of text, so that they take no room from its panels."""
    added = count * LINE * matplotlib.rcParams["font.size"] / 72
    drawn.set_figheight(drawn.get_figheight() + added)


def tell(mark: Artist, said: str) -> None:
    """Let an SVG show what a mark stands for where a pointer rests on it."""
    mark.set_gid(TOLD + said)


def save(drawn: Figure, path: Path, title: str, description: str) -> None:
    """Write a figure as `.svg`, `.pdf` or `.png`, by the suffix of `path`.

    title and description say in the file what it shows, to screen readers and searches. Without a
    date or a version, so that bytes repeat.
    """
    known: dict[str, dict[str, str | None]] = {
        ".svg": {"Title": title, "Date": None, "Creator": None},
        ".pdf": {"Title": title, "Subject": description}
        | dict.fromkeys(("CreationDate", "Creator", "Producer")),
        ".png": {"Title": title, "Description": description, "Software": None},
    }
    with atomic.atomic(path) as temporary:
        drawn.savefig(temporary, metadata=known[path.suffix])
        if path.suffix == ".svg":
            drawing = temporary.read_text(encoding="utf-8")
            temporary.write_text(_with_words(drawing, description), encoding="utf-8")


def _with_words(svg: str, description: str) -> str:
    """An SVG with its description after its title, where screen readers look for it, and what
    marks stand for as their titles."""
    head, tail = svg.split("</title>", 1)
    tail = re.sub(f'<g id="{TOLD}([^"]*)">', r"<g><title>\1</title>", tail)
    return f"{head}</title>\n <desc>{escape(description)}</desc>{tail}"
