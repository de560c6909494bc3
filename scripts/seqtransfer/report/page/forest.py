"""A claim's effects -> places of marks and intervals on one axis, for a small plot in every row."""

from collections.abc import Callable, Mapping, Sequence

from seqtransfer.report.claims import readings
from seqtransfer.report.claims.verdicts import NOT_TESTABLE

WIDTH, HEIGHT, EDGE = 180, 22, 8  # of a plot, in its own units; EDGE stays free on both sides
LEAST_RANGE = 0.001  # of the axis: scores are read to three decimals


WHOLE = ("low", "mean", "high")  # of an effect with its interval


def plot(record: Mapping, of_tasks: Sequence[str] = WHOLE) -> dict:
    """Where the marks of a tested claim's effects lie, all on one axis.

    record: of `ledger.judge`, with `overall`; of_tasks: which numbers of a task are drawn. Returns
    `width` and `height`, `zero` and `line` (of the margin, or None), `overall` and `tasks`, one
    mark per effect. A mark
    has `low`, `mean` and `high`, in [0, WIDTH] or None, `testable`, and `said`: its numbers in
    words.
    """
    place = axis(record, of_tasks)
    line = None if record["margin"] is None else place(-record["margin"])
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "zero": place(0.0),
        "line": line,
        "overall": _mark(record["overall"], record, place, record["verdict"], WHOLE),
        "tasks": [_mark(one, record, place, one["verdict"], of_tasks) for one in record["effects"]],
    }


def axis(record: Mapping, of_tasks: Sequence[str] = WHOLE) -> Callable[[float], float]:
    """The linear map from effects to places that shows all that is drawn of a claim: the overall
    effect, of tasks the numbers `of_tasks`, 0 and the margin."""
    shown = [0.0, -(record["margin"] or 0.0), *_known(record["overall"], WHOLE)]
    for effect in record["effects"]:
        shown += _known(effect, of_tasks)
    middle, half = (min(shown) + max(shown)) / 2, max(max(shown) - min(shown), LEAST_RANGE) / 2
    return lambda value: round(WIDTH / 2 + (value - middle) / half * (WIDTH / 2 - EDGE), 1)


def _known(effect: Mapping, keys: Sequence[str]) -> list[float]:
    return [effect[key] for key in keys if effect[key] is not None]


def _mark(
    effect: Mapping, record: Mapping, place: Callable, verdict: str, keys: Sequence[str]
) -> dict:
    drawn = {key: effect[key] if key in keys else None for key in WHOLE}
    places = {key: None if value is None else place(value) for key, value in drawn.items()}
    said = f"{readings.interval(effect, record)} {record['unit']}, {verdict}"
    said = f"{effect.get('task', 'all tasks')}: {said}"
    return {**places, "testable": verdict != NOT_TESTABLE, "said": said}
