"""Claims -> their figures: a forest of paired differences, and the whole study in one image."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seqtransfer.report.figures import panels, style
from seqtransfer.report.figures.panels import Tables
from seqtransfer.report.figures.run_figures import BASELINE, score_panels
from seqtransfer.report.verdicts import NOT_TESTABLE

COLUMNS = 4  # of panels side by side
LEAST_RANGE = 0.001  # of a panel: scores are read to three decimals


def claims(tables: Tables, claims: Sequence[dict]) -> Figure:
    """A panel per claim: per-task effects, overall effect, zero and margin lines."""
    tested = [record for record in claims if record["overall"]]
    columns = min(COLUMNS, max(len(tested), 1))
    figure, axes = panels.grid(-(-len(tested) // columns), columns, 2.9)
    for axis in axes.flat[len(tested) :]:
        axis.set_axis_off()
    _forest_panels(axes, tested, panels.tasks(tables))
    style.title(figure, _forest_title(tables))
    return figure


def summary(tables: Tables, claims: Sequence[dict]) -> Figure:
    """The study in one image: test scores per task above, the paper's claims below.

    Of (d) the second question is shown, by the measure that was named for it.
    """
    paper = [record for record in claims if record["paper"] and record["overall"]]
    shown = [one for one in paper if one["headline"] and not one["id"].startswith("d1")]
    figure = style.figure(max(len(panels.tasks(tables)), len(shown)), 1, 6.3)
    top, bottom = figure.subfigures(2, 1, height_ratios=(1.1, 1.0), hspace=0.03)
    score_panels(top, tables)
    axes = bottom.subplots(1, max(len(shown), 1), squeeze=False)
    _forest_panels(axes, shown, panels.tasks(tables))
    style.title(bottom, _forest_title(tables))
    return figure


def _forest_panels(axes, records: Sequence[dict], tasks: Sequence[str]) -> None:
    """A panel per record, row by row of (rows, columns) axes; the first column names the tasks."""
    columns = axes.shape[1]
    for number, (axis, record) in enumerate(zip(axes.flat, records, strict=False)):
        _forest(axis, record, ["all tasks", *tasks], named=number % columns == 0)


def _forest(axis: Axes, record: dict, names: Sequence[str], named: bool) -> None:
    """One claim: the overall effect on top, a row per task below, also those without a number."""
    colour = "0.1" if record["verdict"] != NOT_TESTABLE else "0.8"
    _effect(axis, 0, record["overall"], colour=colour, marker="D", size=6, width=2.6)
    for effect in record["effects"]:
        place, tested = names.index(effect["task"]), effect["verdict"] != NOT_TESTABLE
        colour = "0.45" if tested else "0.8"
        _effect(axis, place, effect, colour=colour, marker="o", size=4, width=1.4)
    axis.axvline(0, color="0.5", linewidth=0.9)
    if record["margin"]:
        _margin(axis, record["margin"], len(names) - 0.45)
    axis.set_yticks(range(len(names)), names if named else [])
    axis.set_ylim(len(names) - 0.2, -0.6)
    axis.axhline(0.5, color="0.85", linewidth=0.8)
    axis.locator_params(axis="x", nbins=5)
    low, high = axis.get_xlim()
    if high - low < LEAST_RANGE:  # else differences of rounding fill the panel, in powers of ten
        axis.set_xlim(-LEAST_RANGE, LEAST_RANGE)
    verdict = f"{record['verdict']} {record['qualifier']}".strip()
    axis.set_title(f"({record['id']}) {record['short']}\n{verdict}", fontweight="bold")
    axis.set_xlabel(
        f"{record['contrast']}\n({record['unit']}, {100 * record['level']:.0f} % interval)"
    )


def _effect(
    axis: Axes, place: int, effect: dict, *, colour: str, marker: str, size: float, width: float
) -> None:
    """A mark at the mean of an effect, and a line along its interval, if it has them."""
    if effect["mean"] is None:
        return
    if effect["low"] is not None:
        axis.hlines(place, effect["low"], effect["high"], color=colour, lw=width)
    axis.plot(effect["mean"], place, marker, color=colour, ms=size)


def _margin(axis: Axes, margin: float, place: float) -> None:
    """The line of a claim's margin, named at the height `place`."""
    axis.axvline(-margin, **BASELINE)
    axis.text(
        -margin, place, f"margin -{margin:g} ", ha="center", va="center", fontsize=7.5,
        color="0.25", bbox={"color": "white", "pad": 0.8},
    )  # fmt: skip


def _forest_title(tables: Tables) -> str:
    return (
        f"Claims as paired differences over {panels.seeds(tables)}: tasks (dots; light where not"
        " testable), all tasks (diamond)"
    )
