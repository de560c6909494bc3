"""Draw the graph of rules: python docs/draw_rules.py

Writes images/rules.svg and images/rules.txt, one edge a line. A test compares the latter with what
Snakemake says.
"""

import re
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Patch, PathPatch
from matplotlib.path import Path as Curve

ROOT = Path(__file__).parents[1]
IMAGES = Path(__file__).parent / "images"
WIDTH, HEIGHT = 1.5, 0.42  # of a box, where layers are 1 apart
# Chapters of workflow/rules -> what the picture calls them, and a colour.
GROUPS = {
    "data": (("download", "corpora", "encoders", "tokenize"), "#cfe3f5"),
    "training": (("pretrain", "finetune"), "#fbe0b8"),
    "similarity": (("represent", "compare"), "#d5ecd0"),
    "scores and report": (("audit", "report"), "#e8d9ee"),
}
Edge = tuple[str, str]
Dummy = tuple[str, str, int]  # where a long edge crosses a layer


def rule_graph() -> list[Edge]:
    """(rule, rule that reads its files) of the packaged study, sorted."""
    study = ROOT / "workflow/studies/packaged.yaml"
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "snakemake", "-s", ROOT / "Snakefile", "--rulegraph"]
        command += ["--configfile", study]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return parse(done.stdout)


def parse(dot: str) -> list[Edge]:
    """The edges of a graph in dot's language, by label, sorted."""
    names = dict(re.findall(r'^\s*(\d+)\[label = "(\w+)"', dot, re.M))
    edges = re.findall(r"^\s*(\d+) -> (\d+)", dot, re.M)
    return sorted((names[a], names[b]) for a, b in edges)


def layers(edges: list[Edge]) -> dict[str, int]:
    """Rule -> its layer, 0 at the top: one below the lowest rule that it reads from."""
    above: dict[str, list[str]] = {b: [] for _, b in edges}
    for a, b in edges:
        above[b].append(a)

    def depth(rule: str) -> int:
        return 1 + max((depth(one) for one in above.get(rule, [])), default=-1)

    return {rule: depth(rule) for edge in edges for rule in edge}


def needed(edges: list[Edge]) -> set[Edge]:
    """The edges that no longer way through the graph implies."""
    below: dict[str, set[str]] = {a: set() for a, _ in edges}
    for a, b in edges:
        below[a].add(b)

    def reached(rule: str) -> set[str]:
        return below.get(rule, set()).union(*(reached(one) for one in below.get(rule, ())))

    return {(a, b) for a, b in edges if not any(b in reached(c) for c in below[a] - {b})}


def positions(edges: list[Edge]) -> tuple[dict, dict[Edge, list]]:
    """x of every rule and dummy, and each edge's way through the layers.

    Neighbours in a layer are ordered by the mean of what they are joined to, downwards and upwards
    in turn; then every point moves towards that mean as far as its neighbours let it.
    """
    layer = layers(edges)
    ways = {(a, b): [a, *((a, b, i) for i in range(layer[a] + 1, layer[b])), b] for a, b in edges}
    rows: list[list] = [[] for _ in range(max(layer.values()) + 1)]
    joined: dict = {}
    for (a, _), way in ways.items():
        for i, point in enumerate(way):
            row = rows[layer[a] + i]
            if point not in row:
                row.append(point)
        for one, other in pairwise(way):
            joined.setdefault(one, []).append(other)
            joined.setdefault(other, []).append(one)
    x = {point: float(i) for row in rows for i, point in enumerate(row)}
    for turn in range(60):
        for row in rows if turn % 2 == 0 else reversed(rows):
            wish = {p: sum(x[q] for q in joined[p]) / len(joined[p]) for p in row}
            if turn < 40:
                row.sort(key=wish.get)
            x.update(spread(row, wish))
    return x, ways


def spread(row: list, wish: dict) -> dict:
    """x of a row's points in their order, near their wishes and without overlap."""
    gaps = [0.0, *(size(a) + size(b) + 0.12 for a, b in pairwise(row))]
    offset = [sum(gaps[: i + 1]) for i in range(len(row))]
    wanted = [wish[point] - offset[i] for i, point in enumerate(row)]
    # The nearest rising sequence to the wishes: pool neighbours that are out of order.
    pools: list[list[float]] = []
    for value in wanted:
        pools.append([value])
        while len(pools) > 1 and mean(pools[-2]) > mean(pools[-1]):
            pools[-2:] = [pools[-2] + pools[-1]]
    places = [mean(pool) for pool in pools for _ in pool]
    return {p: place + start for p, place, start in zip(row, places, offset, strict=True)}


def size(point) -> float:
    return WIDTH / 2 if isinstance(point, str) else 0.12


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def colours() -> dict[str, str]:
    """Rule -> the colour of its chapter's group."""
    chapters = {name: colour for names, colour in GROUPS.values() for name in names}
    return {
        rule: chapters[path.stem]
        for path in (ROOT / "workflow/rules").glob("*.smk")
        if path.stem in chapters
        for rule in re.findall(r"^(?:rule|use rule \w+ as) (\w+)\b", path.read_text(), re.M)
    }


def draw(edges: list[Edge], path: Path) -> None:
    """The graph as SVG; edges that a longer way implies are pale."""
    x, ways = positions(edges)
    layer, direct, colour = layers(edges), needed(edges), colours()
    left, right = min(x.values()) - 1, max(x.values()) + 1
    figure = Figure(figsize=(0.75 * (right - left), 0.72 * (max(layer.values()) + 1.5)))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(left, right), ylim=(max(layer.values()) + 0.6, -0.9))
    axes.axis("off")
    for (a, b), way in sorted(ways.items(), key=lambda item: item[0] in direct):
        points = [(x[point], layer[a] + i) for i, point in enumerate(way)]
        curve = smooth(points)
        strong = (a, b) in direct
        look = {"color": "#444444" if strong else "#c9c9c9", "linewidth": 1.1 if strong else 0.8}
        axes.add_patch(PathPatch(curve, fill=False, zorder=2 if strong else 1, **look))
        end = curve.vertices[-1]
        tip = FancyArrowPatch(end - (0, 0.1), end, arrowstyle="-|>", mutation_scale=9, **look)
        axes.add_patch(tip)
    for rule, depth in layer.items():
        corner = (x[rule] - WIDTH / 2, depth - HEIGHT / 2)
        shape = "round,pad=0,rounding_size=0.1"
        face = colour.get(rule, "white")
        box = FancyBboxPatch(corner, WIDTH, HEIGHT, shape, facecolor=face, edgecolor="#666666")
        box.set_zorder(3)
        axes.add_patch(box)
        axes.text(x[rule], depth, rule, ha="center", va="center", fontsize=8.5, zorder=4)
    keys = [Patch(facecolor=tint, edgecolor="#666666", label=n) for n, (_, tint) in GROUPS.items()]
    axes.legend(handles=keys, loc="upper right", fontsize=8.5, frameon=False)
    with matplotlib.rc_context({"svg.hashsalt": "rules", "svg.fonttype": "path"}):
        figure.savefig(path, metadata={"Date": None})


def smooth(points: list[tuple[float, float]]) -> Curve:
    """A curve through the points that leaves and meets boxes vertically."""
    (x0, y0), (x1, y1) = points[0], points[-1]
    points = [(x0, y0 + HEIGHT / 2), *points[1:-1], (x1, y1 - HEIGHT / 2)]
    vertices, codes = [points[0]], [Curve.MOVETO]
    for (xa, ya), (xb, yb) in pairwise(points):
        middle = (ya + yb) / 2
        vertices += [(xa, middle), (xb, middle), (xb, yb)]
        codes += [Curve.CURVE4] * 3
    return Curve(vertices, codes)


if __name__ == "__main__":
    graph = rule_graph()
    (IMAGES / "rules.txt").write_text("".join(f"{a} -> {b}\n" for a, b in graph))
    draw(graph, IMAGES / "rules.svg")
