"""A claim's effects -> places of marks and intervals on one axis, for a small plot in every row."""

from collections.abc import Callable, Mapping

from seqtransfer.report import readings
from seqtransfer.report.verdicts import NOT_TESTABLE

WIDTH, HEIGHT, EDGE = 180, 22, 8  # of a plot, in its own units; EDGE stays free on both sides
LEAST_RANGE = 0.001  # of the axis: scores are read to three decimals


def plot(record: Mapping) -> dict:
    """Where the marks of a tested claim's effects lie, all on one axis.

    record: of `claims.judge`, with `overall`. Returns `zero` and `line` (of the margin, or None),
    `overall` and `tasks`, one mark per effect. A mark has `low`, `mean` and `high`, in [0, WIDTH]
    or None, `testable`, and `said`: its numbers in words.
    """
    place = axis(record)
    line = None if record["margin"] is None else place(-record["margin"])
    return {
        "zero": place(0.0),
        "line": line,
        "overall": _mark(record["overall"], record, place, record["verdict"]),
        "tasks": [_mark(one, record, place, one["verdict"]) for one in record["effects"]],
    }


def axis(record: Mapping) -> Callable[[float], float]:
    """The linear map from effects to places that shows all of a claim's numbers, 0 and margin."""
    shown = [0.0, -(record["margin"] or 0.0)]
    for effect in (record["overall"], *record["effects"]):
        shown += [effect[key] for key in ("low", "mean", "high") if effect[key] is not None]
    middle, half = (min(shown) + max(shown)) / 2, max(max(shown) - min(shown), LEAST_RANGE) / 2
    return lambda value: round(WIDTH / 2 + (value - middle) / half * (WIDTH / 2 - EDGE), 1)


def _mark(effect: Mapping, record: Mapping, place: Callable, verdict: str) -> dict:
    numbers = {key: effect[key] for key in ("low", "mean", "high")}
    places = {key: None if value is None else place(value) for key, value in numbers.items()}
    said = f"{readings.interval(effect, record['level'])} {record['unit']}, {verdict}"
    return {**places, "testable": verdict != NOT_TESTABLE, "said": said}
