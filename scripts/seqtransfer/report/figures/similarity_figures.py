"""Tables of similarity -> their figures: curves over depth, and maps of layers.

Curves: mean over seeds against depth, with a 95 % t interval over seeds. Maps: one score a cell.
"""

import textwrap
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator

from seqtransfer.report import names
from seqtransfer.report.claims import claim_records
from seqtransfer.report.figures import panels, style
from seqtransfer.report.figures.panels import Tables
from seqtransfer.similarity.measures import MEASURES

NULL = "0.85"
NULL_NAME = "re-paired null, least to greatest draw"
BOUND = "0.35"  # of floor and ceiling, which are no arms
FLOOR_LINE = (0, (1, 1.5))
FLOOR_RANGE = {"color": BOUND, "alpha": 0.4, "lw": 0}  # darker than NULL
# May be of one layer alone.
CEILING = {"linestyle": (0, (6, 1.5, 1.2, 1.5)), "marker": "_", "markersize": 12}
FLOOR, ITSELF = "random weights (floor)", "the reference itself (ceiling)"
SEED = {"linewidth": 0.5}
CLAIMED = {"marker": "D", "linewidth": 1.4}  # the effect of (d2)
MEASURE_LETTERS = 18  # of a line of its name
DEPTH = "layer (0 = embeddings)"
MAP = ["task", "left", "right", "stage", "seed"]
MAP_EMS = 13.5  # width of a map, in sizes of the type
BESIDE_MAPS = 8  # the measure's name and the colours', in the same
MOST_NUMBERS = 16  # cells of a map that has room for their scores
RELIABLE = 0.1  # q up to which a cell of a map is not marked; 19 draws reach p = 0.05 at best


def similarity(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Similarity to the reference less that of random weights, against depth: a panel per task, a
    thin line per seed; beside the layers their mean with its interval, where (d2) is tested."""
    measure = claim_records.judged_by(tables["similarity"], claims)
    table = _read(tables["similarity"])
    table = table[table["measure"] == measure]
    arms = [arm for arm in panels.arms(tables) if arm in set(table["left"]) - {"random"}]
    colours, marks = style.colours(panels.arms(tables)), style.markers(panels.arms(tables))
    seeds = _seed_by_seed(tables["comparisons"], table)
    judged = [one for one in claims if one["id"] == f"d2-{measure}"]
    effects = {effect["task"]: effect for one in judged for effect in one["effects"]}
    figure, axes = panels.task_panels(tables, 2.2)
    for axis, task in panels.by_task(tables, axes):
        rows = table[table["task"] == task]
        first = rows.drop_duplicates("layer").sort_values("layer")
        low, high = (first[name] - first["floor"] for name in ("floor_low", "floor_high"))
        axis.fill_between(first["layer"], low, high, color=NULL, lw=0)
        style.tell(axis.axhline(0, color=BOUND, linestyle=FLOOR_LINE), FLOOR)
        ceiling = (first["ceiling"] - first["floor"]).where(first["calibrated"].notna())
        look = {"number": names.signed, "color": BOUND, **CEILING}
        _line(axis, first["layer"], ceiling, ITSELF, **look)
        for arm in arms:
            part = rows[rows["left"] == arm].sort_values("layer")
            mine = seeds[(seeds["task"] == task) & (seeds["left"] == arm)]
            look = {"number": names.signed, "color": colours[arm]}
            for seed, one in mine.groupby("seed"):
                said = f"{names.arm(arm)}, seed {seed}"
                _line(axis, one["layer"], one["above_floor"], said, **look, **SEED)
            _line(axis, part["layer"], part["above_floor"], names.arm(arm), **look)
            for row in part.itertuples():
                [mark] = axis.plot(row.layer, row.above_floor, marks[arm], color=colours[arm])
                said = names.signed(row.above_floor)
                style.tell(mark, f"{names.arm(arm)}, layer {row.layer}: {said}")
        _layers_and_mean(axis, sorted(rows["layer"].unique()), effects.get(task), colours)
        axis.set_title(axis.get_title() + _size(rows))
    panels.label(axes, DEPTH, f"{measure_name(measure)},\nless that of random weights")
    handles = [panels.line(names.arm(arm), colours[arm], marker=marks[arm]) for arm in arms]
    handles.append(panels.line("a seed", **SEED))
    if effects:
        level = f"{100 * judged[0]['level']:.0f} % interval of (d2)"
        handles.append(panels.line(f"mean of layers 1 and up, {level}", **CLAIMED))
    handles += [panels.line(FLOOR, BOUND, linestyle=FLOOR_LINE)]
    if table["calibrated"].notna().any():
        handles += [panels.line(ITSELF, BOUND, **CEILING)]
    panels.legend(figure, [*handles, Patch(color=NULL, label="range of random weights' seeds")])
    style.title(
        figure,
        f"Similarity to {names.arm(_reference(table))} before fine-tuning, less that of random"
        f" weights: {panels.mean_over_seeds(table)}",
    )
    return figure


def _seed_by_seed(comparisons: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Each seed's score in the rows of `table`, with `above_floor`, less the row's floor."""
    keys = ["task", "left", "right", "stage", "layer", "measure"]
    found = comparisons.merge(table[[*keys, "floor"]], on=keys)
    return found.assign(above_floor=found["score"] - found["floor"]).sort_values("layer")


def _layers_and_mean(
    axis: Axes, layers: Sequence[int], effect: dict | None, colours: dict[str, tuple]
) -> None:
    """Ticks of layers, at most seven; beyond the last the effect of (d2), if it has a number."""
    ticks = dict(zip(layers, map(str, layers), strict=True))
    ticks = dict(list(ticks.items())[:: -(-len(ticks) // 7) or 1])
    if effect and effect["mean"] is not None:
        place = layers[-1] + max(1, len(layers) / 5)
        ticks[place] = "mean"
        look = CLAIMED | {"color": colours["text"]}
        if effect["low"] is not None:
            axis.plot([place] * 2, [effect["low"], effect["high"]], **look | {"marker": "_"})
        [mark] = axis.plot(place, effect["mean"], **look)
        style.tell(mark, f"mean of layers 1 and up: {names.signed(effect['mean'])}")
    axis.set_xticks(list(ticks), list(ticks.values()))


def similarities(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Similarity to the reference by every measure, before and after: a row per measure."""
    table = panels.spread(tables["similarity"])
    before = _read(table)
    reference, lefts = _reference(before), list(dict.fromkeys(before["left"]))
    pairs = table[table["left"].isin(lefts) & (table["right"] == reference)]
    pairs = pairs[pairs["left"] != pairs["right"]]
    colours, marks = style.colours(panels.arms(tables)), style.markers(panels.arms(tables))

    def draw(axis: Axes, part: pd.DataFrame) -> None:
        mine = part[part.index.isin(pairs.index)]
        bounds = before.loc[before.index.intersection(part.index)]
        bounds = bounds.drop_duplicates("layer").sort_values("layer")
        # Every curve has a null of its own: what is drawn holds all of them.
        null = mine.groupby("layer").agg({"null_low": "min", "null_high": "max"})
        _bounds(axis, bounds.drop(columns=[*null]).merge(null.reset_index(), on="layer"))
        for (arm, stage), rows in mine.groupby(["left", "stage"], sort=False):
            if (arm, stage) != ("random", "before"):  # the floor shows it, with more draws
                line, said = panels.BEFORE_AND_AFTER[stage], f"{names.arm(arm)} {stage} fine-tuning"
                over_depth(axis, rows, said, colours[arm], line, marks[arm])

    figure = _by_measure_and_task(tables, table, draw)
    handles = [panels.line(names.arm(arm), colours[arm], marker=marks[arm], lw=0) for arm in lefts]
    handles += [
        panels.line("before fine-tuning"),
        panels.line("after", linestyle=panels.BEFORE_AND_AFTER["after"]),
    ]
    if before["floor"].notna().any():
        handles.append(panels.line("floor, before: random weights", BOUND, linestyle=FLOOR_LINE))
        handles.append(Patch(label="range of random weights' seeds", **FLOOR_RANGE))
    if before["calibrated"].notna().any():
        handles.append(panels.line("ceiling: the reference itself", BOUND, **CEILING))
    panels.legend(figure, [*handles, Patch(color=NULL, label=NULL_NAME)])
    style.title(
        figure,
        f"Similarity to {names.arm(reference)} by every measure: {panels.over_seeds(table)}",
    )
    return figure


def change(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Similarity of each arm to itself before fine-tuning, against depth."""
    table = panels.spread(tables["similarity"])
    changed = set(table.loc[table["stage"] == "change", "left"])
    arms = [arm for arm in panels.arms(tables) if arm in changed]
    colours, marks = style.colours(panels.arms(tables)), style.markers(panels.arms(tables))

    def draw(axis: Axes, part: pd.DataFrame) -> None:
        own = part[part["stage"] == "change"]
        null = own.groupby("layer").agg({"null_low": "min", "null_high": "max"})
        axis.fill_between(null.index, null["null_low"], null["null_high"], color=NULL, lw=1)
        for arm in arms:
            rows = own[own["left"] == arm]
            over_depth(axis, rows, names.arm(arm), colours[arm], "-", marks[arm])

    figure = _by_measure_and_task(tables, table, draw)
    handles = [panels.line(names.arm(arm), colours[arm], marker=marks[arm]) for arm in arms]
    panels.legend(figure, [*handles, Patch(color=NULL, label=NULL_NAME)])
    style.title(
        figure,
        "What fine-tuning leaves: similarity of each arm after it to itself before it,"
        f" {panels.over_seeds(table)}",
    )
    return figure


def maps(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Every layer of the left encoder with every layer of the right: a row of panels per measure, a
    column per task, pair, stage and seed."""
    table = tables["maps"]
    measures = list(dict.fromkeys(table["measure"]))
    columns = list(dict.fromkeys(table[list(MAP)].itertuples(index=False, name=None)))
    across = style.fitting(len(columns), MAP_EMS, BESIDE_MAPS)
    height = len(measures) * -(-len(columns) // across)
    figure, axes = panels.grid(height, across, 2.1)
    shades = ScalarMappable(Normalize(0, 1), "cividis")
    for (measure, *column), part in table.groupby(["measure", *MAP], sort=False):
        down, right = divmod(columns.index(tuple(column)), across)
        axis = axes[down * len(measures) + measures.index(measure), right]
        _map(axis, part, shades)
        _name_map(axis, panels.task_title(tables, column[0]), *column[1:])
        if not right:
            axis.set_ylabel(f"{measure_name(measure)}\n\n{axis.get_ylabel()}")
    drawn = panels.without_empty(axes)
    if drawn:
        figure.colorbar(shades, ax=drawn, label="similarity", fraction=0.03, aspect=40)
    style.add_lines(figure, 2 * height)  # of titles and labels
    marked = (table["q"] > RELIABLE).any()
    said = f"\nx = not above the re-paired null at a false discovery rate of {RELIABLE:g}"
    title = "Similarity of every pair of layers (0 = embeddings)" + said * bool(marked)
    style.title(figure, title, MAP_EMS)  # as high as wide: lower maps would be narrower
    return figure


def _name_map(axis: Axes, task: str, left: str, right: str, stage: str, seed: int) -> None:
    """Title and labels of a panel: the task, and whose layers are compared."""
    across, up = panels.arm_labels((right, left))
    axis.set(xlabel=f"{across},\nlayer", ylabel=f"{up},\nlayer")
    axis.set_title(f"{task}\n{stage} fine-tuning,\nseed {seed}")


def over_depth(
    axis: Axes, rows: pd.DataFrame, said: str, colour: tuple, line: str, marker: str
) -> None:
    """A line of means over `layer` with the band of their interval. said: what it is of."""
    rows = rows.sort_values("layer")
    look = {"linestyle": line, "marker": marker, "ms": 3}
    drawn = panels.curve(axis, rows["layer"], rows, colour, 0.15, **look)
    panels.tell_curve(drawn, said, "layer", rows["layer"], rows)


def measure_name(measure: str) -> str:
    """A measure in words, in lines that fit beside a panel."""
    return textwrap.fill(names.measure(measure), MEASURE_LETTERS)


def _read(table: pd.DataFrame) -> pd.DataFrame:
    """The rows before fine-tuning with the reference, which have a floor, but where random weights
    are the reference themselves."""
    calibrated = table["floor"].notna()
    with_random = (table["right"] == "random") & (table["stage"] == "before")
    return table[calibrated if calibrated.any() else with_random]


def _reference(read: pd.DataFrame) -> str:
    return next(iter(read["right"]), "reference")


def _by_measure_and_task(
    tables: Tables, table: pd.DataFrame, draw: Callable[[Axes, pd.DataFrame], None]
) -> Figure:
    """A grid of panels, a row per measure and a task a column, each drawn from its rows."""
    measures = list(dict.fromkeys(table["measure"]))
    figure, axes = panels.folded(len(measures), len(panels.tasks(tables)), 1.6)
    for row, measure in zip(axes, measures, strict=False):
        part = table[table["measure"] == measure]
        for axis, task in zip(row, panels.tasks(tables), strict=True):
            draw(axis, part[part["task"] == task])
        row[0].set_ylim(min(-0.04, row[0].get_ylim()[0]), 1.04)
    first = table[table["measure"].isin(measures[:1])]
    for axis, task in panels.by_task(tables, axes[0]):
        axis.set_title(axis.get_title() + _size(first[first["task"] == task]))
    axes[0, 0].xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    named = [measure_name(m) + _other_rows(table[table["measure"] == m], first) for m in measures]
    panels.label_folded(axes, DEPTH, named)
    style.add_lines(figure, 4)  # of titles and depth, which one row of panels has
    return figure


def _other_rows(rows: pd.DataFrame, titled: pd.DataFrame) -> str:
    """How many rows a measure compares where these are not those that the titles say."""
    said = set(zip(titled["task"], titled["rows"], strict=True))
    if said.issuperset(zip(rows["task"], rows["rows"], strict=True)):
        return ""
    return f"\nn = {names.span(rows['rows'])}" + _few(rows)


def _bounds(axis: Axes, rows: pd.DataFrame) -> None:
    """What a score is read against, a row a layer: the null, the floor and a valid ceiling."""
    layer, valid = rows["layer"], rows["calibrated"].notna()
    axis.fill_between(layer, rows["null_low"], rows["null_high"], color=NULL, lw=1)
    axis.fill_between(layer, rows["floor_low"], rows["floor_high"], **FLOOR_RANGE)
    _line(axis, layer, rows["floor"], FLOOR, color=BOUND, linestyle=FLOOR_LINE)
    _line(axis, layer, rows["ceiling"].where(valid), ITSELF, color=BOUND, **CEILING)


def _line(
    axis: Axes, layers: pd.Series, values: pd.Series, said: str,
    number: Callable[[float], str] = "{:.3f}".format, **look: object,
) -> None:  # fmt: skip
    """A line over layers that says its numbers. said: what it is of."""
    [line] = axis.plot(layers, values, **look)
    panels.tell_line(line, said, "layer", layers, values, number)


def _map(axis: Axes, part: pd.DataFrame, shades: ScalarMappable) -> None:
    """One map, the left encoder's layers upwards; numbers where there is room for them. A cell is a
    mark of its own, which says its score."""
    grids = part.pivot(index="left_layer", columns="right_layer")
    size = grids["score"].shape
    axis.set(xlim=(-0.5, size[1] - 0.5), ylim=(-0.5, size[0] - 0.5), aspect="equal")
    for (i, j), score in np.ndenumerate(grids["score"].to_numpy()):
        if np.isnan(score):
            continue
        cell = Rectangle((j - 0.5, i - 0.5), 1, 1, color=shades.to_rgba(score), lw=0.3)
        null, q = (grids[name].iloc[i, j] for name in ("null_mean", "q"))
        layers = f"layer {grids['score'].index[i]} with layer {grids['score'].columns[j]}"
        said = f"{layers}: {score:.3f}, re-paired {null:.3f}, q {q:.2g}"
        style.tell(axis.add_patch(cell), said)
        ink, mark = "k" if score > 0.55 else "w", "x" * bool(q > RELIABLE)
        if grids["score"].size <= MOST_NUMBERS:
            text = f"{score:.2f}{mark}"
            axis.text(j, i, text, ha="center", va="center", fontsize="small", color=ink)
        elif mark:
            style.tell(axis.plot(j, i, mark, color=ink, ms=3)[0], said)
    axis.set_xticks(range(size[1]), grids["score"].columns)
    axis.set_yticks(range(size[0]), grids["score"].index)
    axis.spines[:].set_visible(False)


def _size(rows: pd.DataFrame) -> str:
    """Rows and width of a task's representations, below its title; `(few)` marks too few rows."""
    if rows.empty:
        return ""
    shape = rows.iloc[0]
    return f"\nn = {shape['rows']} rows{_few(rows)},\nwidth {shape['width']}"


def _few(rows: pd.DataFrame) -> str:
    """A mark of too few rows for the measure, which those of canonical correlations alone heed."""
    heeds = all(MEASURES[measure].saturates for measure in rows["measure"])
    return " (few)" * bool(heeds and rows["few_rows"].any())
