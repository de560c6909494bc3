"""Tables of the analyses of every run -> their figures."""

import textwrap
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, StrMethodFormatter

from seqtransfer.report import names
from seqtransfer.report.figures import panels, style
from seqtransfer.report.figures.association_figures import found, scopes
from seqtransfer.report.figures.panels import BEFORE_AND_AFTER, Tables
from seqtransfer.report.tables.run_tables import score_unit
from seqtransfer.report.tables.table_cells import of_any_size

PARTS = {"embeddings": "emb.", "encoder": "layers", "head": "head", "all": "all"}
ORTHOGONAL, INDEPENDENT = "an orthogonal map", "independent directions"
SHARES, ANOTHER = "shares of symbols", "another sequence"
KEPT = "lengths are kept"  # where a gain is 1
MOST_BARS = 32  # of arms and layers that stand side by side in a panel
# Up to which ratio of an axis' ends -> its ticks within a decade.
SUBS = {10: (1, 1.5, 2, 3, 5, 7), 100: (1, 3), np.inf: (1,)}


def isometry(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Quantiles of log10 of the singular values from layers to the last, before and after."""
    table = panels.spread(tables["isometry"])
    layers = _some_layers(table, len(panels.arms(tables)))
    figure, axes = panels.folded(2, len(panels.tasks(tables)), 2.5, sharey="all")
    for row, stage in zip(axes, BEFORE_AND_AFTER, strict=True):
        _level(row, 0, ORTHOGONAL)
        chosen = table[table["stage"] == stage]
        for axis, part, colour, mark in _arms(tables, chosen, row, axes[0]):
            beside = _beside(tables, part)
            for place, layer in enumerate(layers):
                here = part[part["layer"] == layer].set_index("quantity")
                if here.empty:  # an encoder of fewer layers
                    continue
                ends = here.loc[["log10_q05", "log10_q95"], "mean"]
                [bar] = axis.plot([place + beside] * 2, ends, color=colour, lw=1.2)
                median = here.loc[["log10_median"]].reset_index()
                [dot] = axis.plot(place + beside, median["mean"], mark, color=colour, ms=3)
                _tell(dot, median, median["layer"])
                low, high = map(of_any_size, ends)
                style.tell(
                    bar, f"{_subject(median)}, layer {layer:g}, 5 % to 95 %: {low} to {high}"
                )
    axes[0, 0].set_xticks(range(len(layers)), [f"{layer:g}" for layer in layers])
    ylabels = [f"{stage} fine-tuning\nlog10 singular value" for stage in BEFORE_AND_AFTER]
    panels.label_folded(axes, "from the states of layer", ylabels)
    look = [panels.line("5 % to 95 %, median marked", lw=1.2, marker="o", ms=3)]
    look.append(panels.line(ORTHOGONAL, "0.6", lw=0.8))
    panels.legend(figure, _handles(tables) + look)
    said = panels.mean_over_seeds(table)
    style.title(figure, f"Dynamical isometry of the last layer's state: {said}")
    return figure


def _some_layers(table: pd.DataFrame, arms: int) -> list[float]:
    """The lowest layer and every k-th after it, with the least k that leaves room for each arm."""
    layers = sorted(table["layer"].unique())
    return layers[:: max(1, -(-len(layers) * arms // MOST_BARS))]


def gradient_confusion(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Minimum cosine of the gradients of pairs of batches, part by part, before and after."""
    table = panels.spread(tables["gradient_confusion"])
    table[["low", "high"]] = table[["low", "high"]].clip(-1, 1)
    table = table[table["quantity"] == "minimum_cosine"]
    figure, axes = panels.folded(2, len(panels.tasks(tables)), 2.4, sharey="all")
    for row, stage in zip(axes, BEFORE_AND_AFTER, strict=True):
        chosen = table[table["stage"] == stage]
        for axis, part, colour, mark in _arms(tables, chosen, row, axes[0]):
            beside = _beside(tables, part)
            for place, name in enumerate(PARTS):
                at = part[part["part"] == name]
                chance = [at["reference"].mean()] * 2
                [line] = axis.plot([place - 0.4, place + 0.4], chance, "0.6", lw=0.8)
                style.tell(line, f"{INDEPENDENT}: {of_any_size(chance[0])}")
                ends = at[["low", "high"]].to_numpy().ravel()
                axis.plot([place + beside] * 2, ends, color=colour, lw=1.2)
                [dot] = axis.plot(place + beside, at["mean"], mark, color=colour, ms=3)
                _tell(dot, at)
    axes[0, 0].set_xticks(range(len(PARTS)), list(PARTS.values()))
    ylabels = [f"{stage} fine-tuning\nminimum cosine" for stage in BEFORE_AND_AFTER]
    panels.label_folded(axes, "gradient of", ylabels)
    look = [panels.line(INDEPENDENT, "0.6", lw=0.8)]
    panels.legend(figure, _handles(tables) + look)
    said = panels.over_seeds(table, "line")
    style.title(figure, f"Gradients of pairs of training batches: {said}")
    return figure


def _beside(tables: Tables, part: pd.DataFrame) -> float:
    """Where an arm stands beside the tick that all arms share, whose ticks are 1 apart."""
    arms = panels.arms(tables)
    return 0.8 * ((arms.index(part["initialization"].iloc[0]) + 0.5) / len(arms) - 0.5)


def gradients_along(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Minimum and mean cosine of the gradients of all weights over the training steps taken."""
    table = panels.spread(tables["gradient_confusion"])
    table = table[table["part"] == "all"]
    table[["low", "high"]] = table[["low", "high"]].clip(-1, 1)
    steps = [int(step) for step in sorted(table.loc[table["stage"] == "during", "step"].unique())]
    best = 4 * max(steps, default=1)
    arms = panels.arms(tables)
    beside = dict(zip(arms, best * 2 ** np.linspace(-0.5, 0.5, len(arms)), strict=True))
    labels = {"minimum_cosine": "minimum cosine", "mean_cosine": "mean cosine"}
    figure, axes = panels.folded(len(labels), len(panels.tasks(tables)), 2.2)
    for row, quantity in zip(axes, labels, strict=True):
        chosen = table[table["quantity"] == quantity]
        chance = chosen["reference"].mean()
        _level(row, chance, f"{INDEPENDENT}: {of_any_size(chance)}")
        for axis, part, colour, mark in _arms(tables, chosen, row, axes[0]):
            known = part[part["step"].notna()].sort_values("step")
            taken = known["step"].astype(int)
            line = panels.curve(axis, taken, known, colour, 0.15, marker=mark, ms=3)
            _tell(line, known, taken)
            after, x = part[part["step"].isna()], beside[part["initialization"].iloc[0]]
            axis.plot([x, x], after[["low", "high"]].to_numpy().ravel(), color=colour, lw=1.2)
            [dot] = axis.plot([x], after["mean"], mark, color=colour, ms=3, mfc="white")
            _tell(dot, after)
    first = min(steps, default=1)
    panels.doublings(axes[0, 0], first, [])
    axes[0, 0].set_xticks([0, *_apart(steps), best], ["0", *map(str, _apart(steps)), "best"])
    panels.label_folded(axes, f"training steps (log from {first})", list(labels.values()))
    look = [panels.line("after fine-tuning", marker="o", ls="", mfc="white")]
    look.append(panels.line(INDEPENDENT, "0.6", lw=0.8))
    panels.legend(figure, _handles(tables) + look)
    style.title(figure, f"Gradients of pairs of training batches: {panels.over_seeds(table)}")
    return figure


def perturbation(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Change of pooled state and loss by the least noise in the weights, over the noise, before and
    after; and, where it is another, by the most."""
    table = panels.spread(tables["perturbation"])
    over = table[["mean", "low", "high"]].div(table["size"], axis=0)
    table = table.assign(**over)
    labels = {"state_change": "pooled state", "loss_change": "loss"}
    figure, axes = panels.folded(len(labels), len(panels.tasks(tables)), 2.4)
    for row, quantity in zip(axes, labels, strict=True):
        chosen = table[table["quantity"] == quantity]
        for axis, part, colour, mark in _arms(tables, chosen, row, axes[0]):
            beside = _beside(tables, part)
            for place, stage in enumerate(BEFORE_AND_AFTER):
                at = part[part["stage"] == stage].sort_values("size")
                x, least, most = place + beside, at.head(1), at.tail(1)
                _bar(axis, x, least, colour)
                ends = [*least["mean"], *most["mean"]]
                axis.plot([x, x], ends, color=colour, lw=0.6)
                marks = axis.plot([x], ends[-1:], "_", color=colour, ms=6)
                marks += axis.plot([x], ends[:1], mark, color=colour, ms=3)
                for one in marks:
                    _tell(one, at, at["size"])
        _log_scale(row[0])
    axes[0, 0].set_xticks(range(len(BEFORE_AND_AFTER)), list(BEFORE_AND_AFTER))
    ylabels = [f"change of {label}\n/ size of the noise (log)" for label in labels.values()]
    panels.label_folded(axes, "fine-tuning", ylabels)
    sizes = table["size"]
    look = [panels.line(f"by noise of {sizes.min():g} RMS", marker="o", ms=3)]
    look.append(panels.line(f"by noise of {sizes.max():g} RMS", marker="_", lw=0.6))
    panels.legend(figure, _handles(tables) + look)
    said = panels.over_seeds(table, "line")
    style.title(figure, f"Noise in the weights of the encoder: {said}")
    return figure


def lipschitz(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Gains of the LayerNorms and spectral norms of layers, layer by layer, before and after."""
    table = panels.spread(tables["lipschitz"])
    labels = {
        ("gain", "attention"): "LayerNorm gain,\nattention (log)",
        ("gain", "feed-forward"): "LayerNorm gain,\nfeed-forward (log)",
        ("spectral_norm", "layer"): "spectral norm\nof the layer (log)",
    }
    within = table[table["quantity"] == "spectral_norm"]
    layers = _some_layers(within, len(panels.arms(tables)))
    figure, axes = panels.folded(len(labels), len(panels.tasks(tables)), 2.2)
    for row, (quantity, name) in zip(axes, labels, strict=True):
        chosen = table[(table["quantity"] == quantity) & (table["part"] == name)]
        _level(row, 1, KEPT)
        for axis, part, colour, mark in _arms(tables, chosen, row, axes[0]):
            beside = _beside(tables, part)
            for place, layer in enumerate(layers):
                here = part[part["layer"] == layer].set_index("stage")
                ends = here["mean"].reindex(BEFORE_AND_AFTER)
                axis.plot([place + beside] * 2, ends, ":", color=colour, lw=0.8)
                for stage in here.index:
                    at = here.loc[[stage]].reset_index()
                    _bar(axis, place + beside, at, colour)
                    face = colour if stage == "before" else "white"
                    [dot] = axis.plot(
                        place + beside, at["mean"], mark, color=colour, mfc=face, ms=5, mew=0.7
                    )
                    _tell(dot, at, at["layer"])
        _log_scale(row[0])
    axes[0, 0].set_xticks(range(len(layers)), [f"{layer:g}" for layer in layers])
    panels.label_folded(axes, "layer", list(labels.values()))
    look = [*_stage_marks(), panels.line(KEPT, "0.6", lw=0.8)]
    panels.legend(figure, _handles(tables) + look)
    style.title(figure, f"Lipschitz constants: {panels.over_seeds(table, 'line')}")
    return figure


def mutation(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Distances of mutants from their sequence over the number of substitutions, before and
    after."""
    table = panels.spread(tables["mutation"])
    labels = {
        "relative_distance": "distance\n/ of another (log)",
        "cosine_distance": "1 - cosine\n(log)",
    }
    sizes = sorted(table["size"].dropna().unique())
    other = 2 * max(sizes, default=1)
    rows = [(quantity, stage) for quantity in labels for stage in BEFORE_AND_AFTER]
    figure, axes = panels.folded(len(rows), len(panels.tasks(tables)), 1.8)
    for row, (quantity, stage) in zip(axes, rows, strict=True):
        here = table["quantity"].isin([quantity, f"pair_{quantity}"]) & (table["stage"] == stage)
        for axis, part, colour, mark in _arms(tables, table[here], row, axes[0]):
            curve, pair = part[part["size"].notna()], part[part["size"].isna()]
            _curve(axis, curve["size"], curve, colour, mark, "-")
            [dot] = axis.plot([other] * len(pair), pair["mean"], mark, color=colour, ms=4)
            _tell(dot, pair)
        for axis, task in zip(row, panels.tasks(tables), strict=True):
            part = table[here & (table["task"] == task) & table["size"].notna()]
            counts = part.groupby("size")["reference"].first()
            [line] = axis.plot(counts.index, counts, ":", color="0.4", lw=1)
            panels.tell_line(line, SHARES, "size", counts.index, counts, of_any_size)
        if quantity == "relative_distance":
            _level(row, 1, ANOTHER)
    for first in range(0, len(rows), len(BEFORE_AND_AFTER)):
        stages = axes[first : first + len(BEFORE_AND_AFTER), 0]
        for axis in stages:
            axis.set_yscale("log")
        ends = [end for axis in stages for end in axis.get_ylim()]
        for axis in stages:
            axis.set_ylim(min(ends), max(ends))
            _log_scale(axis)
    ylabels = [f"{stage}: {labels[quantity]}" for quantity, stage in rows]
    panels.label_folded(axes, "substitutions (log)", ylabels)
    ticks = _apart(sizes)  # the longest sequences of two tasks may differ by one symbol
    axes[0, 0].set_xscale("log")
    axes[0, 0].set_xticks([*ticks, other], [*(f"{size:g}" for size in ticks), "other"])
    axes[0, 0].set_xticks([], minor=True)
    look = [panels.line(SHARES, "0.4", linestyle=":", lw=1)]
    look.append(panels.line(ANOTHER, "0.6", lw=0.8))
    panels.legend(figure, _handles(tables) + look)
    style.title(figure, f"Exchanged symbols and the pooled state: {panels.over_seeds(table)}")
    return figure


def association(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Each headline quantity against gain and speed over random; a dot a task and arm."""
    points, table = tables["analysis_points"], tables["analysis_association"]
    labels = list(dict.fromkeys(points["quantity"]))
    outcomes = {"gain": f"gain\n(test {score_unit(tables['runs'])})", "speed": "speed\n(claim (a))"}
    arms = panels.arms(tables)
    colours, marks = style.colours(arms), style.markers(arms)
    fills = panels.task_fills(tables)
    figure, axes = _pairs(len(labels))
    means = points.groupby(["quantity", "task", "initialization"], sort=False)[["value", *outcomes]]
    means = means.mean(skipna=False)
    for row, name in zip(axes, labels, strict=False):
        for axis, outcome in zip(row, outcomes, strict=True):
            axis.axhline(0, color="0.6", linewidth=0.8, zorder=0)
            axis.axvline(0, color="0.6", linewidth=0.8, zorder=0)
            for (task, arm), point in means.loc[name].iterrows():
                place = (point[outcome], point["value"])
                dot = panels.dot(axis, *place, colours[arm], marks[arm], fills[task])
                said = f"{outcome} {names.signed(place[0])}, {name} {of_any_size(place[1])}"
                style.tell(dot, f"{names.arm(arm)} in {task}: {said}")
            rows = table[(table["quantity"] == name) & (table["outcome"] == outcome)]
            axis.set_title(found(rows).strip() or "too few points for rho")
            axis.set_xlim(panels.limits(pd.Series([0.0]), means[outcome], least=0.01))
            axis.locator_params(nbins=4)
        row[0].set_ylabel("\n".join(textwrap.wrap(name.replace(" %", "\u00a0%"), 14)))
    for column, label in zip(axes.T, outcomes.values(), strict=True):
        panels.label(column, label)
    panels.legend(figure, panels.arms_and_tasks(set(points["initialization"]), tables))
    style.title(
        figure,
        "Do the analyses before fine-tuning go with gain and speed? All less those of random; rho:"
        f" Spearman's, {scopes(tables['analysis_association'])}",
    )
    return figure


def _pairs(count: int) -> tuple[Figure, np.ndarray]:
    """A figure and its (count, 2) panels, pairs side by side in rows that fit; the two of a pair
    share the y axis."""
    across = style.fitting(count, 2 * style.PANEL_EMS)
    figure, places = panels.grid(-(-count // across), 2 * across, 1.7)
    axes = places.reshape(-1, 2)
    for axis in axes[count:].flat:
        axis.remove()
    for left, right in axes[:count]:
        right.sharey(left)
        right.tick_params(labelleft=False)
    return figure, axes[:count]


def _arms(
    tables: Tables, table: pd.DataFrame, row: Sequence[Axes], top: Sequence[Axes]
) -> Iterator[tuple[Axes, pd.DataFrame, tuple, str]]:
    """Panel, rows, colour and marker of every task and arm; the top row gets tasks' titles."""
    arms = panels.arms(tables)
    colours, marks = style.colours(arms), style.markers(arms)
    for axis, (_, task) in zip(row, panels.by_task(tables, top), strict=True):
        for arm, colour in colours.items():
            part = table[(table["task"] == task) & (table["initialization"] == arm)]
            if len(part):
                yield axis, part, colour, marks[arm]


def _apart(numbers: Sequence[float]) -> list[float]:
    """Ticks of a log axis at rising numbers, less those that would touch the one before."""
    ticks: list[float] = []
    for number in numbers:
        if not ticks or number >= 1.5 * ticks[-1]:
            ticks.append(number)
    return ticks


def _level(row: Sequence[Axes], y: float, said: str) -> None:
    """A grey line across each panel. said: what it is."""
    for axis in row:
        style.tell(axis.axhline(y, color="0.6", linewidth=0.8), said)


def _bar(axis: Axes, x: float, row: pd.DataFrame, colour: tuple) -> None:
    """The bounds of a mark at x on a log axis; one below 0 ends at a tenth of the mean."""
    ends = [row["low"].clip(lower=row["mean"] / 10), row["high"]]
    axis.plot([x, x], np.ravel(ends), color=colour, lw=1.2)


def _curve(
    axis: Axes, x: pd.Series, rows: pd.DataFrame, colour: tuple, mark: str, line: str
) -> None:
    """A curve for a log axis; a band that reaches below 0 ends at a tenth of the mean."""
    shown = rows.assign(low=rows["low"].clip(lower=rows["mean"] / 10))
    drawn = panels.curve(axis, x, shown, colour, 0.15, linestyle=line, marker=mark, ms=3)
    _tell(drawn, rows, x)


def _tell(mark: Line2D, rows: pd.DataFrame, along: pd.Series | None = None) -> None:
    """Let a mark say the arm, stages and quantity of its rows, and their values: along a column of
    places, or of the one row."""
    if rows.empty:
        return
    said = f"{_subject(rows)}, {names.quantity(rows['quantity'].iloc[0])}"
    if along is None:
        style.tell(mark, f"{said}: {panels.value(next(rows.itertuples()), of_any_size)}")
    else:
        panels.tell_curve(mark, said, along.name, along, rows, number=of_any_size)


def _subject(rows: pd.DataFrame) -> str:
    """Arm and stages of rows, such as `text pretraining before fine-tuning`."""
    stages = " and ".join(dict.fromkeys(rows["stage"]))
    return f"{names.arm(rows['initialization'].iloc[0])} {stages} fine-tuning"


def _log_scale(axis: Axes) -> None:
    """A log y axis of a panel with all its curves, and of those that share it, with a few ticks."""
    axis.set_yscale("log")
    low, high = axis.get_ylim()
    narrow = high < 3 * low  # where the other locator would leave one tick, or none
    subs = next(subs for span, subs in SUBS.items() if high < span * low)
    locator = MaxNLocator(5) if narrow else LogLocator(subs=subs)
    axis.yaxis.set_major_locator(locator)
    axis.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.yaxis.set_minor_locator(NullLocator())


def _handles(tables: Tables) -> list:
    arms = panels.arms(tables)
    colours, marks = style.colours(arms), style.markers(arms)
    return [panels.line(names.arm(arm), colours[arm], marker=marks[arm], lw=0) for arm in arms]


def _stage_marks() -> list:
    faces = zip(BEFORE_AND_AFTER, ("0.2", "white"), strict=True)
    return [
        panels.line(f"{stage} fine-tuning", marker="o", ls="", mfc=face) for stage, face in faces
    ]
