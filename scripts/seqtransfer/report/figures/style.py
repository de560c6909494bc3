"""What figures share: the house style, a place and a colour for every arm, axes, titles, legends.

`tables` are the report's tables by name. An arm has the same colour in all figures of a study.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter

from seqtransfer.encoders import initializations
from seqtransfer.files import atomic

PANEL_WIDTH = 2.9  # inches
STYLE = {
    "svg.hashsalt": "seqtransfer",  # else matplotlib names SVG elements at random
    "svg.fonttype": "none",  # text stays text: sharp, searchable
    "figure.constrained_layout.use": True,
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "savefig.dpi": 160,
}
Tables = dict[str, pd.DataFrame]

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
_DASHES = ((0, (4, 1.5)), (0, (1.2, 1.2)), (0, (5, 1.2, 1.2, 1.2)))


def ordered(names: Iterable[str]) -> list[str]:
    """Arms once each, in the order of the table of arms and by number; corpora as given."""
    kinds = list(initializations.INITIALIZATIONS)

    def place(name: str) -> tuple[int, int]:
        arm = initializations.parse(name)
        return kinds.index(arm.kind), arm.number or 0

    return sorted(dict.fromkeys(names), key=place)


def colours(names: Iterable[str]) -> dict[str, tuple]:
    """Each arm's colour, a triple of floats in [0, 1], for all arms of a study together.

    Parts of the text encoder without a colour of their own are shades of text's, `checkpoint-*` of
    domain's, darker with their place and number; `from-*` go from dark to light, an order that
    every kind of sight keeps.
    """
    found = ordered(names)
    kinds = {arm: initializations.parse(arm).kind for arm in found}
    chosen = {arm: COLOURS[kind] for arm, kind in kinds.items() if kind in COLOURS}
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
        if initializations.parse(name).kind == "from":
            styles[name], turn = _DASHES[turn % len(_DASHES)], turn + 1
    return styles


def figure(columns: int, rows: int, height: float) -> Figure:
    """An empty figure for a grid of panels, in the house style; height of a row in inches."""
    plt.rcParams.update(STYLE)
    return Figure(
        figsize=(PANEL_WIDTH * max(columns, 3), height * rows + 0.4), layout="constrained"
    )


def save(figure: Figure, path: Path) -> None:
    """Write `figure` as `.svg` or `.png` without a date or a version, so that bytes repeat."""
    stamps = {".svg": {"Date": None, "Creator": None}, ".png": {"Software": None}}
    with plt.rc_context(STYLE), atomic.atomic(path) as temporary:
        figure.savefig(temporary, metadata=stamps[path.suffix])


def step_axis(axis: Axes, last: int) -> None:
    """Steps in doublings with step 0 visible: linear up to 1, then log2."""
    axis.set_xscale("symlog", base=2, linthresh=1, linscale=0.8)
    powers = [2**power for power in range(0, int(np.log2(max(last, 1))) + 1)]
    stride = 2 if len(powers) < 9 else 3
    axis.set_xticks([0, *powers[::-stride]])
    axis.set_xticks([], minor=True)
    axis.xaxis.set_major_formatter(ScalarFormatter())
    axis.set_xlim(-0.1, last * 1.15)


def limit(axes: Sequence[Axes], values: pd.Series) -> None:
    """The y range that holds every mark, and never less than 0 to 0.1."""
    low, high = min(values.min(), 0.0), max(values.max(), 0.1)
    pad = 0.06 * (high - low)
    axes[0].set_ylim(low - pad, high + pad)


def legend(drawn: Figure, handles: list) -> None:
    """One legend below all panels, in rows that fit the figure."""
    longest = max((len(handle.get_label()) for handle in handles), default=0)
    fitting = int(drawn.get_figwidth() / (0.075 * longest + 0.55))  # inches of letters and mark
    most = min(max(fitting, 2), 7 if drawn.get_figwidth() > 3 * PANEL_WIDTH else 3)
    drawn.legend(
        handles=handles, loc="outside lower center", ncols=min(len(handles), most), frameon=False
    )


def tasks(tables: Tables) -> list[str]:
    """The study's tasks, in its order."""
    return list(dict.fromkeys(tables["runs"]["task"]))


def study_arms(tables: Tables) -> list[str]:
    """The study's arms, in the order of figures."""
    return ordered(tables["runs"]["initialization"])


def seeds(tables: Tables) -> str:
    """How many seeds an arm has, such as `3 seeds`."""
    counts = tables["runs"].groupby(["task", "initialization"])["seed"].nunique()
    low, high = counts.min(), counts.max()
    return (f"{low}" if low == high else f"{low} to {high}") + (" seed" if high == 1 else " seeds")


def task_title(tables: Tables, task: str) -> str:
    """The task with its domain and, where tasks differ in it, its metric."""
    domain = tables["budget"].set_index("task").loc[task, "domain"]
    metrics = tables["runs"].drop_duplicates("task").set_index("task")["metric"]
    measured = f", {metrics[task]}" if metrics.nunique() > 1 else ""
    return f"{task} ({domain}{measured})"
