"""Refuses a cut that takes whole channels of a series.

Its tokens stand channel after channel (`series_tokens`), and `views.cut` knows of no channels: the
baselines that read numbers would see channels of which no encoder sees anything.
"""

from collections.abc import Iterable, Mapping, Sequence

from seqtransfer.corpora.examples import Example
from seqtransfer.corpora.series import CHANNEL
from seqtransfer.tokens import series_tokens, views


def check(examples: Iterable[Example], settings: views.Settings) -> None:
    """Raise ValueError if nothing would be left of a channel of a series, naming the longest such
    series and what would leave all of it."""
    tokens, truncate, max_length = settings.tokens, settings.truncate, settings.max_length
    room, count, worst = max_length - 2, 0, None
    for example in examples:
        points = [len(values) for values in series_tokens.channels(example.symbols)]
        lengths = _lengths(points, tokens, tokens["window"])
        # One that is too short for its lag has no tokens at all: `encode` says so.
        found = lost(lengths, room, truncate) if min(lengths) > 0 else []
        count += bool(found)
        if found and (worst is None or sum(points) > sum(worst[1])):
            worst = example.id, points, found
    if worst is None:
        return
    name, points, found = worst
    total = _total(_lengths(points, tokens, tokens["window"]))
    window = _window(points, tokens, room)
    wider = f", or `window` of its tokens to {window}" if window else ""
    raise ValueError(
        f"series {name!r} has {len(points)} channels, one after another {total}"
        f" tokens; `max_length: {max_length}` and `truncate: {truncate}` leave {room}, and nothing"
        f" of channel {', '.join(map(str, found))} ({count} such series). Set `max_length` to"
        f" {total + 2}{wider}; or leave out channels"
    )


def lost(lengths: Sequence[int], room: int, truncate: str) -> list[int]:
    """The channels, from 1, of which no token is left. lengths: tokens of each; room: how many of
    all, with those between channels, are kept."""
    row: tuple[str, ...] = ()
    for channel, length in enumerate(lengths, start=1):
        row += (CHANNEL,) * bool(row) + (str(channel),) * length
    kept = set(views.cut(row, room, truncate))
    return [channel for channel in range(1, len(lengths) + 1) if str(channel) not in kept]


def _lengths(points: Sequence[int], tokens: Mapping, window: int) -> list[int]:
    """Tokens of channels of so many points."""
    return [-(-n // window) - tokens.get("lag", 0) for n in points]


def _total(lengths: Sequence[int]) -> int:
    """Tokens of a series, with one between two channels."""
    return sum(lengths) + len(lengths) - 1


def _window(points: Sequence[int], tokens: Mapping, room: int) -> int | None:
    """The narrowest window, wider than that of the task, by which a series fits whole, if any."""
    for window in range(tokens["window"] + 1, max(points) + 1):
        lengths = _lengths(points, tokens, window)
        if min(lengths) > 0 and _total(lengths) <= room:
            return window
    return None
