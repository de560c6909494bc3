"""Tables of attention heads -> their figure."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from seqtransfer.report import names
from seqtransfer.report.figures import panels, style
from seqtransfer.report.figures.panels import BEFORE_AND_AFTER, Tables
from seqtransfer.report.figures.similarity_figures import over_depth


def attention(tables: Tables, claims: Sequence[dict]) -> Figure:
    """Distance of matched heads to the reference's; entropy and distance of every arm's heads."""
    table, arms = panels.spread(tables["attention"]), panels.arms(tables)
    colours, marks = style.colours(arms), style.markers(arms)
    pairs = table[table["left"] != table["right"]]
    reference = pairs["right"].iloc[0] if len(pairs) else "the reference"
    pairs = pairs[pairs["right"] == reference]
    # A pair of an arm with itself: its left side is before fine-tuning, its right side after.
    own = table[table["stage"] == "change"]
    sides = dict(zip(("left", "right"), BEFORE_AND_AFTER, strict=True))
    labels = [
        f"matched heads' distance\nto {names.arm(reference)} (0 to 2)",
        "entropy (nats)",
        "distance (tokens)",
    ]
    figure, axes = panels.folded(len(labels), len(panels.tasks(tables)), 1.6)
    for (top, task), column in zip(panels.by_task(tables, axes[0]), axes.T, strict=True):
        at = pairs[pairs["task"] == task]
        for (left, stage), part in at.groupby(["left", "stage"], sort=False):
            said, line = f"{names.arm(left)} {stage} fine-tuning", BEFORE_AND_AFTER[stage]
            over_depth(top, part, said, colours[left], line, marks[left])
            [dots] = top.plot(part["layer"], part["repaired"], ":", color=colours[left], lw=1.2)
            said += ", with sequences paired anew"
            panels.tell_line(dots, said, "layer", part["layer"], part["repaired"])
        for arm, part in own[own["task"] == task].groupby("left", sort=False):
            look = {"color": colours[arm], "marker": marks[arm], "ms": 3}
            for side, stage in sides.items():
                for axis, name in zip(column[1:], ("entropy", "distance"), strict=True):
                    means = part[f"{side}_{name}"]
                    [line] = axis.plot(part["layer"], means, BEFORE_AND_AFTER[stage], **look)
                    said = f"{names.arm(arm)} {stage} fine-tuning, {name}"
                    panels.tell_line(line, said, "layer", part["layer"], means)
    axes[0, 0].set_xticks(sorted(table["layer"].unique()))
    panels.label_folded(axes, "layer", labels)
    for axis in axes[:, 0]:
        axis.set_ylim(0, 2 if axis is axes[0, 0] else None)
    handles = [panels.line(names.arm(arm), colours[arm], marker=marks[arm], lw=0) for arm in arms]
    handles += [
        panels.line("before fine-tuning"),
        panels.line("after", linestyle="--"),
        panels.line("with sequences paired anew", linestyle=":"),
    ]
    panels.legend(figure, handles)
    style.title(figure, f"Attention heads: {panels.over_seeds(table)}")
    return figure
