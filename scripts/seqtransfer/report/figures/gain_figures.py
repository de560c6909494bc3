"""Tables of gains over `random` -> their figures, each named as its table is."""

import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from seqtransfer.report import names
from seqtransfer.report.figures import panels, style
from seqtransfer.report.figures.panels import Tables
from seqtransfer.report.figures.run_figures import each_score
from seqtransfer.report.tables.gain_tables import ALL_TASKS, OTHER_TASKS, SPLITS
from seqtransfer.report.tables.run_tables import score_unit

TEXT_LINE = (0, (4, 2))  # dashes
# Of the heat-map: whether cells hold their intervals -> width and height of one, in sizes of type.
CELLS = {True: (6.9, 2.6), False: (3.9, 1.6)}
NAMES_EMS = 8.0  # width of the names of sources, with their label
NAME_LETTERS = 12  # of a line of such a name
RUNG_EMS = 12.0  # least width of a panel of the ladder
HEAD_EMS = 8.0  # height of a map's title, names of tasks and label
PALE = 0.3  # of a colour's strength, where a gain's interval includes 0
FRAME = {"fill": False, "edgecolor": "black", "linewidth": 1.4}  # of a task's own source


def transfer(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Heat-maps of gains over `random`, test and dev: a row per source, a column per task.

    Side by side, or one below the other where they do not fit; where they are too large even so,
    the cells have no intervals, and further tasks follow below.
    """
    table = tables["transfer"]
    columns = [name for name in (*panels.tasks(tables), OTHER_TASKS) if name in set(table["task"])]
    sources = list(dict.fromkeys(table["source"]))
    spelled, across, beside = _layout(len(columns), len(sources))
    parts = [columns[first : first + across] for first in range(0, len(columns), across)]
    maps = [(split, part) for split in SPLITS for part in parts]
    ems = CELLS[spelled][1] * len(sources)
    figure, axes = panels.grid(len(maps) // beside, beside, (ems + HEAD_EMS) * style.PAGE_EM)
    furthest = max([0.01, *table["mean"].dropna().abs()])
    for axis, (split, part) in zip(axes.flat, maps, strict=True):
        rows = table[(table["split"] == split) & table["task"].isin(part)]
        _heat_map(axis, rows, sources, part, furthest, spelled=spelled)
        axis.set(title=f"{split} score", xlim=(-0.5, across - 0.5))
        if panels.first_of_row(axis):
            named = [textwrap.fill(source, NAME_LETTERS) for source in sources]
            axis.set_yticks(range(len(sources)), named)
            axis.set_ylabel("encoder pretrained on")
    panels.label(axes.flatten(), "task fine-tuned on")
    panels.legend(figure, _kinds_of_cells(table, sources))
    interval = "[95 % t interval over seeds]"
    style.title(
        figure,
        f"Transfer of pretraining: gain over random weights ({score_unit(tables['runs'])}), paired"
        f" by seed, mean of {panels.seeds(tables)}{' ' + interval if spelled else ''}",
        lowest=ems,
    )
    return figure


def _layout(tasks: int, sources: int) -> tuple[bool, int, int]:
    """Whether cells have room for their intervals, how many tasks a map has, and how many maps
    stand side by side."""
    wide, high = CELLS[True]
    beside = style.fitting(len(SPLITS), tasks * wide + 1, NAMES_EMS)
    height = (sources * high + HEAD_EMS) * len(SPLITS) // beside
    if tasks == style.fitting(tasks, wide, NAMES_EMS) and height < style.most_ems():
        return True, tasks, beside
    wide, _ = CELLS[False]
    across = style.fitting(tasks, wide, NAMES_EMS)
    return False, across, style.fitting(len(SPLITS), tasks * wide + 1, NAMES_EMS)


def _heat_map(
    axis: Axes, rows: pd.DataFrame, sources: Sequence[str], tasks: Sequence[str], furthest: float,
    *, spelled: bool,
) -> None:  # fmt: skip
    """One split's gains over `random` in the tasks; furthest: the gain of the darkest cells;
    spelled: whether cells have their intervals."""
    known = rows.set_index(["source", "task"])
    grid = known["mean"].unstack().reindex(index=sources, columns=tasks)
    gains = np.ma.masked_invalid(grid.to_numpy(dtype=float))
    cells = colormaps["RdBu"](Normalize(-furthest, furthest)(gains))
    axis.add_patch(Rectangle((-0.5, -0.5), len(tasks), len(sources), color="0.9", zorder=-1))
    for (source, task), row in known[known["mean"].notna()].iterrows():
        place = (tasks.index(task), sources.index(source))
        pale = row["low"] <= 0 <= row["high"]
        if pale:
            colour = cells[place[::-1]][:3]
            cells[place[::-1]][:3] = 1 - PALE * (1 - colour)
        dark = not pale and abs(row["mean"]) > 0.62 * furthest
        _cell(axis, place, row, dark=dark, own=source == task, spelled=spelled)
    axis.imshow(cells, aspect="auto")
    if OTHER_TASKS in tasks:
        axis.axvline(len(tasks) - 1.5, color="white", linewidth=3)
    named = [textwrap.fill(task, NAME_LETTERS) for task in tasks]
    axis.set_xticks(range(len(tasks)), named, rotation=0 if spelled else 90)
    axis.set_yticks([])
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)


def _kinds_of_cells(table: pd.DataFrame, sources: Sequence[str]) -> list[Artist]:
    """The legend of a heat-map: what strong and pale colours, frames and grey cells are."""
    blue = np.array(colormaps["RdBu"](0.85)[:3])
    handles = []
    if table["low"].notna().any():
        handles += [
            Patch(color=blue, label="bold, strong colour: interval excludes 0"),
            Patch(color=1 - PALE * (1 - blue), label="pale: interval includes 0"),
        ]
    if set(table["task"]) & set(sources):
        handles.append(Patch(label="pretrained on the task itself", **FRAME))
    if len(table.dropna(subset="mean")) < len(SPLITS) * len(sources) * table["task"].nunique():
        handles.append(Patch(color="0.9", label="not run, or a run has no score"))
    return handles


def pretraining(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Test score against steps of domain pretraining, a panel per task."""
    run, table = tables["runs"], panels.spread(tables["pretraining"])
    table = table[table["split"] == "test"]
    colours, text = style.colours(panels.arms(tables)), style.COLOURS["text"]
    figure, axes = panels.task_panels(tables, 1.9)
    for axis, task in panels.by_task(tables, axes):
        rows = table[table["task"] == task]
        with_steps = rows[rows["pretraining_steps"].notna()]
        steps = with_steps["pretraining_steps"].to_numpy(dtype=float)
        line = panels.curve(axis, steps, with_steps, style.COLOURS["domain"], 0.18, linewidth=1.6)
        panels.tell_curve(line, "domain pretraining", "pretraining steps", steps, with_steps)
        for step, arm in zip(steps, with_steps["initialization"], strict=True):
            mine = run[(run["task"] == task) & (run["initialization"] == arm)]
            look = {"s": 8, "color": colours[arm], "lw": 0, "zorder": 3}
            dots = axis.scatter([step] * len(mine), mine["test_score"], **look)
            each = each_score((f"seed {seed}" for seed in mine["seed"]), mine["test_score"])
            style.tell(dots, f"{names.arm(arm)}, {each}")
        for row in rows[rows["pretraining_steps"].isna()].itertuples():
            axis.axhspan(row.low, row.high, color=text, alpha=0.10, lw=0)
            line = axis.axhline(row.mean, color=text, linewidth=1.2, linestyle=TEXT_LINE)
            style.tell(line, f"{names.arm('text')}: {panels.value(row, '{:.3f}'.format)}")
        _steps_of_pretraining(axis, steps)
    panels.label(axes, "pretraining steps", f"test {score_unit(run)}")
    named = "domain pretraining (0 = random weights)"
    handles = [panels.line(named, style.COLOURS["domain"], marker="o", ms=4)]
    if table["pretraining_steps"].isna().any():
        handles.append(panels.line(names.arm("text"), text, linestyle=TEXT_LINE))
    handles += [Patch(color="0.85", label=said) for said in panels.bounds_said(table)]
    panels.legend(figure, handles)
    style.title(
        figure,
        f"Test score by steps of domain pretraining: dots = {panels.seeds(tables)}, line = mean",
    )
    return figure


def ladder(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Gains over `random` of parts of encoders, from scratch to full: a panel per task."""
    drawn = tables["ladder"]
    single = drawn["task"] != ALL_TASKS
    # The mean's interval has degrees of freedom of its own: of two seeds, too, it can be drawn.
    table = pd.concat([panels.spread(drawn[single]), drawn[~single]])
    tasks = panels.tasks(tables)
    places = [*tasks, ALL_TASKS] if len(tasks) > 1 else tasks
    tasks = [name for name in places if name in set(table["task"])]
    rungs = list(dict.fromkeys(table["initialization"]))
    colours, random = style.colours(panels.arms(tables)), style.COLOURS["random"]
    height = 1.0 + (panels.row_height(rungs) + 0.11) * len(rungs)
    figure, axes = panels.folded(
        1, len(tasks), height, ems=RUNG_EMS, beside=panels.ARM_LETTERS * style.LETTER_EMS
    )
    for axis, task in zip(axes[0], tasks, strict=True):
        style.tell(axis.axvline(0, color=random, linewidth=1.2), names.arm("random"))
        for row in table[table["task"] == task].itertuples():
            _rung(axis, rungs.index(row.initialization), row, colours[row.initialization])
        title = f"mean over {len(tasks) - 1} tasks" if task == ALL_TASKS else None
        axis.set_title(title or panels.task_title(tables, task))
    axes[0, 0].locator_params(axis="x", nbins=3)
    panels.arm_rows(axes[0, 0], rungs)
    panels.label_folded(axes, f"gain over random\n({score_unit(tables['runs'])})", [""])
    handles = [
        panels.line("test score", marker="o", ms=3, lw=1.4),
        panels.line("dev score", marker="o", ms=3, lw=0.8, mfc="white"),
        panels.line(names.arm("random"), random, lw=1.2),
    ]
    panels.legend(figure, handles)
    style.title(
        figure,
        "What of a pretrained encoder is worth keeping: score minus that of random weights,"
        f" paired by seed,\n{panels.over_seeds(table, 'line')}" + _but_of_the_mean(table),
        lowest=len(rungs) * panels.row_ems(rungs),
    )
    return figure


def _but_of_the_mean(table: pd.DataFrame) -> str:
    """What the lines of the mean over tasks are where those of tasks are both seeds."""
    of_all = table["task"] == ALL_TASKS
    few = (table[~of_all & table["low"].notna()]["seeds"] == panels.FEW_SEEDS).any()
    return f", of the mean a {panels.INTERVAL}" * bool(few and of_all.any())


def _cell(
    axis: Axes, place: tuple[int, int], row: pd.Series, *, dark: bool, own: bool, spelled: bool
) -> None:
    """One cell's mean and, where `spelled`, interval; light text on `dark`; a frame around a task's
    own source."""
    text = names.signed(row["mean"])
    known = pd.notna(row["low"])
    sure = known and not row["low"] <= 0 <= row["high"]
    if spelled and known:
        text += f"\n[{names.bound(row['low'], 2)}, {names.bound(row['high'], 2)}]"
    written = axis.text(
        *place, text, ha="center", va="center", fontsize="small",
        color="white" if dark else "black", fontweight="bold" if sure else "normal",
    )  # fmt: skip
    ends = f" ({names.bound(row['low'])} to {names.bound(row['high'])})" if known else ""
    style.tell(written, f"{' to '.join(row.name)}: {names.signed(row['mean'])}{ends}")
    if own:
        corner = (place[0] - 0.47, place[1] - 0.46)
        axis.add_patch(Rectangle(corner, 0.94, 0.92, **FRAME))


def _rung(axis: Axes, place: int, row, colour: tuple) -> None:
    """One gain with its interval: test filled, and dev open below it."""
    is_test = row.split == "test"
    height, width, fill = (place - 0.14, 1.4, colour) if is_test else (place + 0.16, 0.8, "white")
    axis.plot([row.low, row.high], [height] * 2, "|-", color=colour, lw=width, ms=6)
    [mark] = axis.plot(row.mean, height, "o", color=colour, ms=3, markerfacecolor=fill)
    said = panels.value(row, names.signed)
    style.tell(mark, f"{names.arm(row.initialization)}, {row.split} score: {said}")


def _steps_of_pretraining(axis: Axes, steps: np.ndarray) -> None:
    """Linear from 0 to the first step, doublings after it; a tick at each step, where they fit."""
    positive = steps[steps > 0]
    first, last = (positive.min(), positive.max()) if len(positive) else (1.0, 1.0)
    stride = -(-len(positive) // 6)
    panels.doublings(axis, first, ticks=[0, *positive[::-1][::stride]])
    axis.set_xlim(-0.12 * first, last * 1.2)
