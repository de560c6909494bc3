"""How all figures look: matplotlib set up once, colours and lines of arms, sizes, files.

An arm has the same colour, line and marker in all figures of a study.
"""

import re
import textwrap
from collections.abc import Iterable, Sequence
from itertools import cycle
from pathlib import Path
from xml.sax.saxutils import escape

import matplotlib
from matplotlib.artist import Artist
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from seqtransfer.encoders import arm_descriptions, initializations
from seqtransfer.encoders.controls import CONTROLS
from seqtransfer.files import atomic

# Where a figure is read -> its width in inches, and the size of its type in points.
WIDTHS = {"column": (3.5, 7), "page": (7.0, 8), "slide": (13.33, 16)}
PANEL_EMS = 14.5  # least width of a panel, in sizes of the type
LETTER_EMS = 0.55  # width of a letter, on average
TOLD = "told: "  # before what a mark says, in its id of matplotlib
LINE = 1.4  # distance of lines of text, in sizes of the type


def preset(width: str) -> dict[str, object]:
    """matplotlib's rcParams of a figure of one of WIDTHS; nothing else in a figure knows it."""
    inches, points = WIDTHS[width]
    return {
        "figure.figsize": (inches, inches),
        "font.size": points,
        "axes.titlesize": "medium",
        "figure.titlesize": "medium",
        "xtick.labelsize": "small",
        "ytick.labelsize": "small",
        "lines.linewidth": points / 6,
        "lines.markersize": points / 2.2,
    }


matplotlib.rcParams.update(
    {
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

# seaborn's palette "colorblind".
PALETTE = [
    to_rgb(f"#{code}")
    for code in "0173b2 de8f05 029e73 d55e00 cc78bc ca9161 fbafe4 949494 ece133 56b4e9".split()
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
_DASHES = tuple(
    (0, dashes)
    for dashes in ((1.2, 1.2), (4, 1.5), (5, 1.2, 1.2, 1.2), (8, 1.5), (3, 1, 1, 1, 1, 1))
)
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
        return sns.color_palette("rocket", count)
    return sns.light_palette(COLOURS[whole], count + 2)[1:-1]


def line_styles(names: Iterable[str]) -> dict[str, str | tuple]:
    """Each arm's line, as matplotlib's `linestyle` takes it."""
    return _own_or_in_turn(names, _LINES, _DASHES)


def markers(names: Iterable[str]) -> dict[str, str]:
    """Each arm's marker."""
    return _own_or_in_turn(names, _MARKERS, _OTHER_MARKERS)


def _own_or_in_turn(names: Iterable[str], own: dict, others: Sequence) -> dict:
    turns = cycle(others)
    return {name: own.get(name) or next(turns) for name in ordered(names)}


def ems() -> float:
    """Width of a figure in sizes of its type."""
    return 72 * matplotlib.rcParams["figure.figsize"][0] / matplotlib.rcParams["font.size"]


def figure(columns: int, rows: int, height: float) -> Figure:
    """An empty figure for a grid of panels, wider than its place only if the columns do not fit.

    height: of a row, in inches of a figure as wide as a page.
    """
    size = matplotlib.rcParams["font.size"]
    width = max(ems(), PANEL_EMS * columns) * size / 72
    scale = size / WIDTHS["page"][1]
    return Figure(figsize=(width, height * rows * scale), layout="constrained")


def title(drawn: Figure, text: str) -> None:
    """Write the title above all panels, in lines that fit; the figure grows by them."""
    letters = drawn.get_figwidth() * 72 / (matplotlib.rcParams["font.size"] * LETTER_EMS)
    lines = [part for line in text.split("\n") for part in textwrap.wrap(line, int(letters))]
    drawn.suptitle("\n".join(lines))
    add_lines(drawn, len(lines))


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
            temporary.write_text(_with_words(temporary.read_text(), description))


def _with_words(svg: str, description: str) -> str:
    """An SVG with its description after its title, where screen readers look for it, and what
    marks stand for as their titles."""
    head, tail = svg.split("</title>", 1)
    tail = re.sub(f'<g id="{TOLD}([^"]*)">', r"<g><title>\1</title>", tail)
    return f"{head}</title>\n <desc>{escape(description)}</desc>{tail}"
