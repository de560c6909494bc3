"""How all figures look: matplotlib set up once, colours and lines of arms, sizes, files.

An arm has the same colour in all figures of a study.
"""

from collections.abc import Iterable
from pathlib import Path

import matplotlib
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure, SubFigure

from seqtransfer.encoders import initializations
from seqtransfer.encoders.controls import CONTROLS
from seqtransfer.files import atomic

PANEL_WIDTH = 2.9  # inches
matplotlib.rcParams.update(
    {
        "svg.hashsalt": "seqtransfer",  # else matplotlib names SVG elements at random
        "svg.fonttype": "none",  # text stays text: sharp, searchable
        "figure.constrained_layout.use": True,
        "font.size": 9,
        "axes.titlesize": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "savefig.dpi": 160,
    }
)

# seaborn's palette "colorblind".
_PALETTE = [
    to_rgb(f"#{code}")
    for code in "0173b2 de8f05 029e73 d55e00 cc78bc ca9161 fbafe4 949494 ece133 56b4e9".split()
]
# Of the arms with a colour of their own; the others get shades, see `colours`.
COLOURS = {
    kind: _PALETTE[known.colour]
    for kind, known in initializations.DESCRIPTIONS.items()
    if known.colour is not None
}
GREY = (0.45, 0.45, 0.45)  # of controls, which no claim is about
_DASHES = ((0, (4, 1.5)), (0, (1.2, 1.2)), (0, (5, 1.2, 1.2, 1.2)))


def ordered(names: Iterable[str]) -> list[str]:
    """Arms once each, in the order of the table of arms and by number; corpora as given; then
    controls, in the order of theirs."""
    kinds, controls = list(initializations.INITIALIZATIONS), list(CONTROLS)

    def place(name: str) -> tuple[int, int]:
        if name in CONTROLS:
            return len(kinds) + controls.index(name), 0
        arm = initializations.parse(name)
        return kinds.index(arm.kind), arm.number or 0

    return sorted(dict.fromkeys(names), key=place)


def colours(names: Iterable[str]) -> dict[str, tuple]:
    """Each arm's colour, a triple of floats in [0, 1], for all arms of a study together.

    Parts of the text encoder without a colour of their own are shades of text's, `checkpoint-*` of
    domain's, darker with their place and number; `from-*` go from dark to light, an order that
    every kind of sight keeps. Controls are grey.
    """
    found = ordered(names)
    kinds = {arm: initializations.parse(arm).kind for arm in found if arm not in CONTROLS}
    chosen = {arm: COLOURS[kind] for arm, kind in kinds.items() if kind in COLOURS}
    chosen |= {name: GREY for name in found if name in CONTROLS}
    shades: dict[str | None, list[str]] = {}
    for arm in found:
        if arm not in chosen:
            whole = initializations.DESCRIPTIONS[kinds[arm]].shade_of
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
    """Each arm's line: solid, but for `from-*`, which take turns in three kinds of dashes."""
    styles, turn = {}, 0
    for name in ordered(names):
        styles[name] = "-"
        if name not in CONTROLS and initializations.parse(name).kind == "from":
            styles[name], turn = _DASHES[turn % len(_DASHES)], turn + 1
    return styles


def figure(columns: int, rows: int, height: float) -> Figure:
    """An empty figure for a grid of panels; height: of a row, in inches."""
    return Figure(
        figsize=(PANEL_WIDTH * max(columns, 3), height * rows + 0.4), layout="constrained"
    )


def title(drawn: Figure | SubFigure, text: str) -> None:
    """Write the title above all panels."""
    drawn.suptitle(text, fontsize=10)


def save(drawn: Figure, path: Path) -> None:
    """Write a figure as `.svg` or `.png` without a date or a version, so that bytes repeat."""
    stamps = {".svg": {"Date": None, "Creator": None}, ".png": {"Software": None}}
    with atomic.atomic(path) as temporary:
        drawn.savefig(temporary, metadata=stamps[path.suffix])
